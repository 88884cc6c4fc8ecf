/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <unistd.h>

#include "tests/check.h"
#include "verifier/policy_check.h"

#define H1   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define H2   "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define BOOT "version: 1\nboot: { pcrs: { sha256: { 4: " H1 " } } }\n"
/* A policy without anything to complain about, but for notes. */
#define GOOD BOOT "ima:\n  allow: [ { file: agent.sha256 } ]\n"

static const char *const lists[][2] = {
    { "agent.sha256", H1 "  /usr/bin/tally-agent\n" },
    { "empty.sha256", "# nothing\n" },
    { "odd.sha256",
            H2 "  /var/log/x\n" H2 "  ./x\n"
               "00112233445566778899aabbccddeeff00112233  /sha1\n"
               "0000000000000000000000000000000000000000000000000000000000000000  /z\n" H2
               "  /var/log/x\n" },
    { "deny.sha256", H1 "\n" },
    { "broken.sha256", "x\n" },
};

/* A folder with the lists and one policy. */
struct folder {
    char path[64];
};

static void write_file(const struct folder *f, const char *name, const char *text)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", f->path, name);
    FILE *out = fopen(path, "w");
    CHECK(out != NULL && fputs(text, out) >= 0 && fclose(out) == 0);
}

static void make_folder(struct folder *f)
{
    (void)snprintf(f->path, sizeof(f->path), "/tmp/tally-check-XXXXXX");
    CHECK(mkdtemp(f->path) != NULL);
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        write_file(f, lists[i][0], lists[i][1]);
    }
}

static void remove_folder(struct folder *f)
{
    char path[128];

    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", f->path, lists[i][0]);
        (void)unlink(path);
    }
    (void)snprintf(path, sizeof(path), "%s/p.yaml", f->path);
    (void)unlink(path);
    (void)rmdir(f->path);
}

static bool check(const struct folder *f, const char *text, struct policy_report *out,
        struct error *err)
{
    char path[128];

    write_file(f, "p.yaml", text);
    (void)snprintf(path, sizeof(path), "%s/p.yaml", f->path);
    return policy_check(path, out, err);
}

/* A finding of that severity whose place ends in where and whose text contains text. */
static bool has(const struct policy_report *r, enum policy_severity severity, const char *where,
        const char *text)
{
    for (size_t i = 0; i < r->count; i++) {
        size_t n = strlen(r->findings[i].where);
        size_t m = strlen(where);

        if (r->findings[i].severity == severity && n >= m &&
                strcmp(r->findings[i].where + n - m, where) == 0 &&
                strstr(r->findings[i].text, text) != NULL) {
            return true;
        }
    }
    return false;
}

static void every_weakness_is_found(void)
{
    static const struct {
        const char *name;
        const char *text;
        enum policy_severity severity;
        const char *where;
        const char *want;
    } cases[] = {
        { "unknown key", BOOT "imma: {}\n", POLICY_ERROR, "/p.yaml:3:1", "unknown key" },
        { "missing list", BOOT "ima:\n  allow: [ { file: none.sha256 } ]\n", POLICY_ERROR,
                "/p.yaml:4:20", "No such file" },
        { "missing list beside another",
                BOOT "ima:\n  deny: [{ file: none }, { file: deny.sha256 }]\n  allow: "
                     "[ { file: agent.sha256 } ]\n",
                POLICY_WARNING, "/agent.sha256:1", "denied by" },
        { "list that cannot be read", BOOT "ima:\n  allow: [ { file: broken.sha256 } ]\n",
                POLICY_ERROR, "/p.yaml:4:20", "broken.sha256:1: " },
        { "SHA-1 bank only", GOOD "quote: { banks: [sha1] }\n", POLICY_ERROR, "/p.yaml:2:27",
                "bank sha256 is not in quote.banks" },
        { "SHA-1 bank only, unchecked", "version: 1\nboot: absent\nquote: { banks: [sha1] }\n",
                POLICY_ERROR, "/p.yaml:3:17", "no quote can pass" },
        { "SHA-1 bank beside", GOOD "quote: { banks: [sha1, sha256] }\n", POLICY_WARNING,
                "/p.yaml:5:17", "bank sha1" },
        { "nothing at all", "version: 1\nboot: unchecked\n", POLICY_ERROR, "/p.yaml:2:7",
                "nothing is checked" },
        { "boot unchecked", "version: 1\nboot: unchecked\nima: {}\n", POLICY_WARNING, "/p.yaml:2:7",
                "unchecked" },
        { "boot absent", "version: 1\nboot: absent\nima: {}\n", POLICY_NOTE, "/p.yaml:2:7",
                "absent" },
        { "boot absent, aggregate not quoted",
                "version: 1\nboot: absent\nquote: { pcrs: [0, 10] }\nima: {}\n", POLICY_ERROR,
                "/p.yaml:3:16", "boot_aggregate" },
        { "PCR without reference", GOOD, POLICY_NOTE, "/p.yaml:2:7", "PCR 7 is quoted" },
        { "violations: warn", GOOD "  violations: warn\n", POLICY_WARNING, "/p.yaml:5:15",
                "violations" },
        { "violations: limit", GOOD "  violations: { limit: 3 }\n", POLICY_NOTE, "/p.yaml:5:15",
                "up to 3" },
        { "weak digests", GOOD "  weak-digests: allow\n", POLICY_WARNING, "/p.yaml:5:17", "SHA-1" },
        { "legacy aggregate", GOOD "  boot-aggregate: legacy\n", POLICY_NOTE, "/p.yaml:5:19",
                "PCRs 8 and 9" },
        { "kexec", GOOD "  kexec: allow\n", POLICY_WARNING, "/p.yaml:5:10", "kexec" },
        { "template without names", GOOD "  templates: [ima-ng, 'sig|n-ng']\n", POLICY_WARNING,
                "/p.yaml:5:23", "sig|n-ng yields no" },
        { "exclude", GOOD "  exclude: [ /srv/data/** ]\n", POLICY_WARNING, "/p.yaml:5:14",
                "/srv/data/** is a hole" },
        { "exclude /tmp", GOOD "  exclude: [ /tmp/** ]\n", POLICY_WARNING, "/p.yaml:5:14",
                "DANGEROUS: /tmp/** reaches into /tmp, where users may write" },
        { "exclude below /home", GOOD "  exclude: [ /home/*/.cache/** ]\n", POLICY_WARNING,
                "/p.yaml:5:14", "/home, where users may write" },
        { "exclude everything", GOOD "  exclude: [ '/**' ]\n", POLICY_WARNING, "/p.yaml:5:14",
                "DANGEROUS: /** hides programs" },
        { "exclude programs", GOOD "  exclude: [ '/usr/*/x' ]\n", POLICY_WARNING, "/p.yaml:5:14",
                "where programs are" },
        { "nothing allowed", BOOT "ima: {}\n", POLICY_WARNING, "/p.yaml:3:6",
                "nothing is allowed" },
        { "empty list", BOOT "ima:\n  allow: [{ file: agent.sha256 }, { file: empty.sha256 }]\n",
                POLICY_WARNING, "/empty.sha256", "no rows" },
        { "allowed and denied", GOOD "  deny: [ { file: deny.sha256 } ]\n", POLICY_WARNING,
                "/agent.sha256:1", "deny.sha256:1, which wins" },
        { "no agent", BOOT "ima:\n  allow: [ { file: odd.sha256 } ]\n", POLICY_WARNING,
                "/p.yaml:4:10", "no row is the agent itself" },
        { "relative path", BOOT "ima:\n  allow: [ { file: odd.sha256 } ]\n", POLICY_NOTE,
                "/odd.sha256:2", "IMA logs a name without a slash only" },
        { "weak row", BOOT "ima:\n  allow: [ { file: odd.sha256 } ]\n", POLICY_WARNING,
                "/odd.sha256:3", "sha1 needs weak-digests" },
        { "row of zeros", BOOT "ima:\n  allow: [ { file: odd.sha256 } ]\n", POLICY_WARNING,
                "/odd.sha256", "zeros match nothing: 1" },
        { "duplicate", BOOT "ima:\n  allow: [ { file: odd.sha256 } ]\n", POLICY_NOTE,
                "/p.yaml:4:10", "what an earlier one says: 1" },
        { "row under an exclude",
                BOOT "ima:\n  allow: [ { file: odd.sha256 } ]\n  exclude: [ '/var/log/**' ]\n",
                POLICY_WARNING, "/odd.sha256:1", "its path is excluded" },
    };
    struct folder f CLEANUP(remove_folder);

    make_folder(&f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct policy_report r CLEANUP(policy_report_clear) = { 0 };
        struct error err = { 0 };

        check_case = cases[i].name;
        CHECKF(check(&f, cases[i].text, &r, &err), "%s", err.text);
        if (!CHECK(has(&r, cases[i].severity, cases[i].where, cases[i].want))) {
            for (size_t k = 0; k < r.count; k++) {
                fprintf(stderr, "  %s: %s: %s\n", r.findings[k].where,
                        policy_severity_name(r.findings[k].severity), r.findings[k].text);
            }
        }
    }
    check_case = "";
}

static void a_good_policy_has_notes_only(void)
{
    struct folder f CLEANUP(remove_folder);
    struct policy_report r CLEANUP(policy_report_clear) = { 0 };
    struct error err = { 0 };

    make_folder(&f);
    CHECK(check(&f, GOOD, &r, &err));
    CHECK_UINT(policy_report_count(&r, POLICY_WARNING), 0);
    CHECK_UINT(policy_report_count(&r, POLICY_NOTE), 7); /* PCRs without reference */
    CHECK(r.has_digest);
}

static void a_policy_whose_lists_are_missing_has_no_digest(void)
{
    struct folder f CLEANUP(remove_folder);
    struct policy_report r CLEANUP(policy_report_clear) = { 0 };
    struct error err = { 0 };

    make_folder(&f);
    CHECK(check(&f, GOOD "  deny: [ { file: none } ]\n", &r, &err));
    CHECK_UINT(policy_report_count(&r, POLICY_ERROR), 1);
    CHECK(!r.has_digest);
}

static void what_is_not_yaml_is_a_finding_and_what_cannot_be_read_is_none(void)
{
    struct folder f CLEANUP(remove_folder);
    struct policy_report r CLEANUP(policy_report_clear) = { 0 };
    struct error err = { 0 };

    make_folder(&f);
    CHECK(!policy_check("/nonexistent/p.yaml", &r, &err));
    CHECK_UINT(err.code, ERROR_IO);
    CHECK_UINT(r.count, 0);
    CHECKF(check(&f, "version: [\n", &r, &err), "%s", err.text);
    CHECK_UINT(r.count, 1);
    CHECK_UINT(policy_report_count(&r, POLICY_ERROR), 1);
}

int main(void)
{
    static const struct test tests[] = {
        { "every weakness is found", every_weakness_is_found },
        { "a good policy has notes only", a_good_policy_has_notes_only },
        { "a policy whose lists are missing has no digest",
                a_policy_whose_lists_are_missing_has_no_digest },
        { "what is not YAML is a finding, and what cannot be read is none",
                what_is_not_yaml_is_a_finding_and_what_cannot_be_read_is_none },
    };

    return run_tests("policy_check", tests, ARRAY_LEN(tests));
}
