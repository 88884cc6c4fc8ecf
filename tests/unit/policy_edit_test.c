/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "tests/check.h"
#include "verifier/policy_edit.h"

#define TOP "version: 1\nboot: unchecked\n"

static void a_list_is_added_and_nothing_else_changes(void)
{
    static const struct {
        const char *name;
        const char *before;
        const char *after;
        const char *line;
    } cases[] = {
        { "block sequence, comments kept",
                TOP
                "ima: # files\n  allow: # by path\n    # base\n    - file: a  # x\n  kexec: allow\n",
                TOP "ima: # files\n  allow: # by path\n    - { file: l, match: path }\n    # base\n"
                    "    - file: a  # x\n  kexec: allow\n",
                "    - { file: l, match: path }" },
        { "block sequence that is not indented", TOP "ima:\n  allow:\n  - file: a\n",
                TOP "ima:\n  allow:\n  - { file: l, match: path }\n  - file: a\n",
                "  - { file: l, match: path }" },
        { "flow sequence", TOP "ima:\n  allow: [ { file: a } ]  # x\n",
                TOP "ima:\n  allow: [ { file: l, match: path }, { file: a } ]  # x\n",
                "  allow: [ { file: l, match: path }, { file: a } ]  # x" },
        { "empty flow sequence", TOP "ima:\n  allow: []\n",
                TOP "ima:\n  allow: [ { file: l, match: path } ]\n",
                "  allow: [ { file: l, match: path } ]" },
        { "flow sequence over lines", TOP "ima:\n  allow: [\n    { file: a },\n  ]\n",
                TOP "ima:\n  allow: [ { file: l, match: path },\n    { file: a },\n  ]\n",
                "  allow: [ { file: l, match: path }," },
        { "no allow", TOP "ima:\n    # first\n    kexec: allow\n",
                TOP
                "ima:\n    allow: [ { file: l, match: path } ]\n    # first\n    kexec: allow\n",
                "    allow: [ { file: l, match: path } ]" },
        { "flow ima", TOP "ima: { kexec: allow }\n",
                TOP "ima: { allow: [ { file: l, match: path } ], kexec: allow }\n",
                "ima: { allow: [ { file: l, match: path } ], kexec: allow }" },
        { "empty ima", TOP "ima: {}\n", TOP "ima: { allow: [ { file: l, match: path } ] }\n",
                "ima: { allow: [ { file: l, match: path } ] }" },
        { "no newline at the end", TOP "ima: {}",
                TOP "ima: { allow: [ { file: l, match: path } ] }",
                "ima: { allow: [ { file: l, match: path } ] }" },
        { "a deny list of that name", TOP "ima: { deny: [ { file: l } ] }\n",
                TOP "ima: { allow: [ { file: l, match: path } ], deny: [ { file: l } ] }\n",
                "ima: { allow: [ { file: l, match: path } ], deny: [ { file: l } ] }" },
        { "document start", "---\n" TOP "ima:\n  allow:\n    - { file: a }\n",
                "---\n" TOP "ima:\n  allow:\n    - { file: l, match: path }\n    - { file: a }\n",
                "    - { file: l, match: path }" },
        { "\u00e9 before it", TOP "ima: # \u00e9\n  allow: [ { file: '\u00e9' } ]\n",
                TOP "ima: # \u00e9\n  allow: [ { file: l, match: path }, { file: '\u00e9' } ]\n",
                "  allow: [ { file: l, match: path }, { file: '\u00e9' } ]" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct policy_edit e CLEANUP(policy_edit_clear) = { 0 };
        struct error err = { 0 };

        check_case = cases[i].name;
        if (CHECKF(policy_edit_add_list(bytes_of_text(cases[i].before), "d/p.yaml", "l", &e, &err),
                    "%s", err.text)) {
            CHECK(e.changed);
            if (!CHECK(bytes_equal_text(buffer_view(&e.text), cases[i].after))) {
                printf("%.*s", (int)e.text.len, (const char *)e.text.data);
            }
            CHECK_TEXT(bytes_of_text(e.line), cases[i].line);
        }
    }
    check_case = "";
}

static void a_list_that_is_named_already_changes_nothing(void)
{
    static const char text[] =
            TOP "ima: { allow: [ { file: a }, { file: l, match: anywhere } ] }\n";
    struct policy_edit e CLEANUP(policy_edit_clear) = { 0 };
    struct error err = { 0 };

    CHECK(policy_edit_add_list(bytes_of_text(text), "d/p.yaml", "l", &e, &err));
    CHECK(!e.changed && e.text.len == 0);
}

static void what_cannot_be_edited_is_refused(void)
{
    static const struct {
        const char *name;
        const char *text;
        const char *list;
    } cases[] = {
        { "no ima", TOP, "l" },
        { "no policy", "version: 1\n", "l" },
        { "explicit key", TOP "? ima\n: { kexec: allow }\n? quote\n: {}\n", "a b" },
        { "space in the name", TOP "ima: {}\n", "a b" },
        { "quote in the name", TOP "ima: {}\n", "a\"b" },
        { "newline in the name", TOP "ima: {}\n", "a\nb" },
        { "no name", TOP "ima: {}\n", "" },
        { "name like an item", TOP "ima: {}\n", "- a" },
        { "explicit block key", TOP "ima:\n  ? allow\n  : - file: a\n", "l" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct policy_edit e CLEANUP(policy_edit_clear) = { 0 };
        struct error err = { 0 };

        check_case = cases[i].name;
        CHECK(!policy_edit_add_list(bytes_of_text(cases[i].text), "d/p.yaml", cases[i].list, &e,
                &err));
        CHECK_UINT(err.code, ERROR_CONFIG);
    }
    check_case = "";
}

int main(void)
{
    static const struct test tests[] = {
        { "a list is added and nothing else changes", a_list_is_added_and_nothing_else_changes },
        { "a list that is named already changes nothing",
                a_list_that_is_named_already_changes_nothing },
        { "what cannot be edited is refused", what_cannot_be_edited_is_refused },
    };

    return run_tests("policy_edit", tests, ARRAY_LEN(tests));
}
