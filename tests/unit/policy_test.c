/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <unistd.h>

#include "tests/check.h"
#include "verifier/policy.h"

#define H1 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define H2 "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define S1 "00112233445566778899aabbccddeeff00112233"

static const char full[] = "# every key\n"
                           "version: 1\n"
                           "quote:\n"
                           "  banks: [sha256, sha1]\n"
                           "  pcrs: [0, 4, 7, 10, 11]   # a few\n"
                           "  unsafe-clock: refuse\n"
                           "boot:\n"
                           "  pcrs:\n"
                           "    sha256: { 4: " H1 ", 7: [" H1 ", " H2 "] }\n"
                           "    sha1:\n"
                           "      0: \"" S1 "\"\n"
                           "ima:\n"
                           "  pcrs: [10, 11]\n"
                           "  templates: [ima-buf, 'd-ng|n-ng']\n"
                           "  violations: { limit: 5 }\n"
                           "  weak-digests: allow\n"
                           "  boot-aggregate: legacy\n"
                           "  kexec: allow\n"
                           "  deny: [ { file: /abs/bad.sha256 } ]\n"
                           "  allow:\n"
                           "    - file: base.sha256\n"
                           "    - { file: sub/any.sha256, match: anywhere }\n"
                           "  exclude: [ \"/var/log/**\", /opt/a b ]\n";

static bool parse(const char *text, struct policy *p, struct error *err)
{
    return policy_parse(bytes_of_text(text), "dir/p.yaml", p, err);
}

static void every_key_is_read(void)
{
    struct policy p CLEANUP(policy_clear) = { 0 };
    struct error err = { 0 };
    uint8_t value[32];
    size_t len;

    if (!CHECKF(parse(full, &p, &err), "%s", err.text)) {
        return;
    }
    CHECK_UINT(p.quote.count, 2);
    CHECK(p.quote.bank[0].alg == DIGEST_SHA256 && p.quote.bank[1].alg == DIGEST_SHA1);
    CHECK_UINT(p.quote.bank[0].mask, 1u << 0 | 1u << 4 | 1u << 7 | 1u << 10 | 1u << 11);
    CHECK_UINT(p.quote.bank[1].mask, p.quote.bank[0].mask);
    CHECK(p.refuse_unsafe_clock);
    CHECK(p.boot == POLICY_BOOT_REFERENCES);
    CHECK_UINT(p.reference_count, 3);
    const struct policy_reference *seven = policy_reference_find(&p, DIGEST_SHA256, 7);
    CHECK(seven != NULL && seven->allowed_count == 2 && seven->mark.line == 9);
    CHECK(policy_reference_find(&p, DIGEST_SHA1, 7) == NULL);
    CHECK(policy_reference_find(&p, DIGEST_SHA1, 0) != NULL);
    CHECK(bytes_from_hex(bytes_of_text(H2), value, sizeof(value), &len));
    CHECK(policy_reference_allows(seven, (struct bytes){ value, len }));
    CHECK(!policy_reference_allows(seven, (struct bytes){ value, len - 1 }));
    value[31] ^= 1;
    CHECK(!policy_reference_allows(seven, (struct bytes){ value, len }));

    CHECK(p.has_ima);
    CHECK_UINT(p.ima.pcrs, 1u << 10 | 1u << 11);
    CHECK(policy_allows_template(&p, bytes_of_text("d-ng|n-ng")));
    CHECK(!policy_allows_template(&p, bytes_of_text("ima-ng")));
    CHECK(p.ima.violations == POLICY_VIOLATIONS_LIMIT && p.ima.violation_limit == 5);
    CHECK(p.ima.weak_digests && p.ima.legacy_boot_aggregate && p.ima.kexec);
    CHECK_UINT(p.file_count, 3);
    CHECK_TEXT(bytes_of_text(p.files[0].path), "/abs/bad.sha256");
    CHECK_TEXT(bytes_of_text(p.files[1].path), "dir/base.sha256");
    CHECK_TEXT(bytes_of_text(p.files[2].path), "dir/sub/any.sha256");
    CHECK(p.files[0].deny && p.files[0].match == ALLOWLIST_ANYWHERE);
    CHECK(!p.files[1].deny && p.files[1].match == ALLOWLIST_PATH);
    CHECK(!p.files[2].deny && p.files[2].match == ALLOWLIST_ANYWHERE);
    CHECK_UINT(p.files[2].mark.line, 22);
    CHECK_UINT(p.ima.exclude_count, 2);
    CHECK(policy_exclusion(&p, bytes_of_text("/var/log/x/y")) == &p.ima.excludes[0]);
    CHECK(policy_exclusion(&p, bytes_of_text("/opt/a_b")) == &p.ima.excludes[1]);
    CHECK(policy_exclusion(&p, bytes_of_text("/var/logs")) == NULL);
}

static void defaults_are_those_of_the_contract(void)
{
    struct policy p CLEANUP(policy_clear) = { 0 };
    struct policy boot CLEANUP(policy_clear) = { 0 };
    struct policy pcr9 CLEANUP(policy_clear) = { 0 };
    struct error err = { 0 };

    CHECKF(parse("version: 1\nboot: unchecked\nima: {}\n", &p, &err), "%s", err.text);
    CHECK_UINT(p.quote.count, 1);
    CHECK(p.quote.bank[0].alg == DIGEST_SHA256);
    CHECK_UINT(p.quote.bank[0].mask, 0x3ff | 1u << 14 | 1u << 10);
    CHECK(!p.refuse_unsafe_clock);
    CHECK(p.boot == POLICY_BOOT_UNCHECKED);
    CHECK_UINT(p.ima.pcrs, 1u << 10);
    CHECK_UINT(p.ima.template_count, 2);
    CHECK(policy_allows_template(&p, bytes_of_text("ima-ng")));
    CHECK(policy_allows_template(&p, bytes_of_text("ima-sig")));
    CHECK(!policy_allows_template(&p, bytes_of_text("ima-ngv2")));
    CHECK(!policy_allows_template(&p, bytes_of_text("ima-n")));
    CHECK(p.ima.violations == POLICY_VIOLATIONS_FAIL);
    CHECK(!p.ima.weak_digests && !p.ima.legacy_boot_aggregate && !p.ima.kexec);
    CHECK(p.file_count == 0 && p.ima.exclude_count == 0 && p.reference_count == 0);

    CHECKF(parse("version: 1\nboot: absent\n", &boot, &err), "%s", err.text);
    CHECK(boot.boot == POLICY_BOOT_ABSENT && !boot.has_ima);
    CHECK_UINT(boot.quote.bank[0].mask, 0x3ff | 1u << 14);

    CHECKF(parse("version: 1\nboot: absent\nima: { pcrs: [11] }\nquote: { banks: [sha384] }\n",
                   &pcr9, &err),
            "%s", err.text);
    CHECK(pcr9.quote.bank[0].alg == DIGEST_SHA384);
    CHECK_UINT(pcr9.quote.bank[0].mask, 0x3ff | 1u << 14 | 1u << 11);
}

#define TOP "version: 1\nboot: unchecked\n"

static void mistakes_are_named_with_line_and_column(void)
{
    static const struct {
        const char *name;
        const char *text;
        const char *want;
    } cases[] = {
        { "empty", "", "dir/p.yaml:1:1: an empty document" },
        { "only a comment", "# x\n", "dir/p.yaml:1:1: an empty document" },
        { "no mapping", "x\n", "dir/p.yaml:1:1: expected a mapping, found \"x\"" },
        { "syntax", TOP "ima: [\n", "dir/p.yaml:4:1: not YAML: " },
        { "tab", TOP "ima:\n\tpcrs: [10]\n", "dir/p.yaml:4:" },
        { "no version", "boot: unchecked\n", "dir/p.yaml:1:1: key \"version\" is missing" },
        { "no boot", "version: 1\n", "dir/p.yaml:1:1: key \"boot\" is missing" },
        { "version 2", "version: 2\nboot: unchecked\n", "dir/p.yaml:1:10: version 2" },
        { "version as text", "version: '1'\nboot: unchecked\n", "dir/p.yaml:1:10: expected" },
        { "version 01", "version: 01\nboot: unchecked\n", "dir/p.yaml:1:10: expected" },
        { "unknown key", TOP "imma: {}\n",
                "dir/p.yaml:3:1: unknown key \"imma\" (known here: version, quote, boot, ima)" },
        { "unknown inner key", TOP "ima:\n  kexec: allow\n  pcr: [10]\n",
                "dir/p.yaml:5:3: unknown key \"pcr\"" },
        { "key twice", TOP "boot: absent\n", "dir/p.yaml:3:1: key \"boot\" a second time" },
        { "inner key twice", TOP "ima: { kexec: allow, kexec: refuse }\n",
                "dir/p.yaml:3:22: key \"kexec\" a second time" },
        { "a mapping as key", TOP "? {a: b}\n: c\n", "dir/p.yaml:3:3: expected a key" },
        { "anchor", TOP "ima: &x {}\n", "anchors and aliases" },
        { "alias", "version: 1\nboot: *x\n", "dir/p.yaml:2:7: anchors and aliases" },
        { "merge key", TOP "<<: {}\n", "dir/p.yaml:3:1: unknown key \"<<\"" },
        { "tag", "version: !!int 1\nboot: unchecked\n", "tags are not allowed" },
        { "second document", TOP "---\n" TOP, "a second document" },
        { "directive", "%YAML 1.2\n---\n" TOP, "dir/p.yaml:1:1: directives are not allowed" },
        { "not UTF-8", TOP "# \xff\n", "dir/p.yaml:1:1: not UTF-8" },
        { "control character", TOP "#\x1b\n", "dir/p.yaml:3:2: a control character" },
        { "boot word", "version: 1\nboot: none\n",
                "dir/p.yaml:2:7: expected unchecked, absent or { pcrs: ... }, found \"none\"" },
        { "boot null", "version: 1\nboot:\n", "dir/p.yaml:" },
        { "boot empty", "version: 1\nboot: {}\n", "dir/p.yaml:2:7: expected unchecked" },
        { "boot key", "version: 1\nboot: { pcr: {} }\n", "dir/p.yaml:2:9: unknown key \"pcr\"" },
        { "no banks in boot", "version: 1\nboot: { pcrs: {} }\n", "dir/p.yaml:2:15: empty" },
        { "no PCRs in boot", "version: 1\nboot: { pcrs: { sha256: {} } }\n",
                "dir/p.yaml:2:25: empty" },
        { "no values in boot", "version: 1\nboot: { pcrs: { sha256: { 1: [] } } }\n",
                "dir/p.yaml:2:30: empty" },
        { "bank", "version: 1\nboot: { pcrs: { sha257: {} } }\n",
                "dir/p.yaml:2:17: expected a bank" },
        { "PCR 24", "version: 1\nboot: { pcrs: { sha256: { 24: " H1 " } } }\n",
                "dir/p.yaml:2:27: expected a number from 0 to 23, found \"24\"" },
        { "PCR twice", "version: 1\nboot: { pcrs: { sha256: { 4: " H1 ", 4: " H1 " } } }\n",
                "PCR 4 a second time" },
        { "PCR in hex", "version: 1\nboot: { pcrs: { sha256: { 0x4: " H1 " } } }\n",
                "dir/p.yaml:2:27: expected a number" },
        { "value of another size", "version: 1\nboot: { pcrs: { sha256: { 4: " S1 " } } }\n",
                "dir/p.yaml:2:30: expected 64 hexadecimal digits" },
        { "value that is no hex", "version: 1\nboot: { pcrs: { sha256: { 4: [ zz ] } } }\n",
                "dir/p.yaml:2:32: expected 64 hexadecimal digits" },
        { "value in a mapping", "version: 1\nboot: { pcrs: { sha256: { 4: { a: b } } } }\n",
                "dir/p.yaml:2:30: expected a value or a sequence of values, found a mapping" },
        { "reference to a bank not quoted", "version: 1\nboot: { pcrs: { sha1: { 4: " S1 " } } }\n",
                "dir/p.yaml:2:25: bank sha1 is not in quote.banks" },
        { "reference to a PCR not quoted",
                "version: 1\nboot: { pcrs: { sha256: { 15: " H1 " } } }\n",
                "dir/p.yaml:2:27: PCR 15 is not in quote.pcrs" },
        { "reference to an IMA PCR",
                "version: 1\nboot: { pcrs: { sha256: { 10: " H1 " } } }\nima: {}\n",
                "dir/p.yaml:2:27: PCR 10 is one of ima.pcrs" },
        { "reference to PCR 10 without ima",
                "version: 1\nboot: { pcrs: { sha256: { 10: " H1 " } } }\n",
                "dir/p.yaml:2:27: PCR 10 is not in quote.pcrs" },
        { "IMA PCR not quoted", TOP "quote: { pcrs: [0, 10] }\nima:\n  pcrs: [10, 11]\n",
                "dir/p.yaml:5:9: ima.pcrs: PCR 11 is not in quote.pcrs" },
        { "default IMA PCR not quoted", TOP "quote: { pcrs: [0] }\nima: {}\n",
                "dir/p.yaml:4:6: ima.pcrs: PCR 10 is not in quote.pcrs" },
        { "no banks", TOP "quote: { banks: [] }\n", "dir/p.yaml:3:17: empty" },
        { "bank twice", TOP "quote: { banks: [sha1, sha1] }\n",
                "dir/p.yaml:3:24: bank sha1 a second time" },
        { "banks as word", TOP "quote: { banks: sha256 }\n",
                "dir/p.yaml:3:17: expected a sequence of banks, found \"sha256\"" },
        { "no PCRs", TOP "quote: { pcrs: [] }\n", "dir/p.yaml:3:16: empty" },
        { "negative PCR", TOP "quote: { pcrs: [-1] }\n", "dir/p.yaml:3:17: expected a number" },
        { "huge PCR", TOP "quote: { pcrs: [4294967296] }\n", "dir/p.yaml:3:17: expected" },
        { "quoted PCR", TOP "quote: { pcrs: ['1'] }\n", "dir/p.yaml:3:17: expected" },
        { "PCR range", TOP "quote: { pcrs: [0-7] }\n", "dir/p.yaml:3:17: expected" },
        { "clock", TOP "quote: { unsafe-clock: yes }\n",
                "dir/p.yaml:3:24: expected warn or refuse, found \"yes\"" },
        { "ima null", TOP "ima:\n", "expected a mapping ({} for every default)" },
        { "no templates", TOP "ima: { templates: [] }\n", "dir/p.yaml:3:19: empty" },
        { "empty template", TOP "ima: { templates: [''] }\n", "dir/p.yaml:3:20: expected" },
        { "NUL in a template", TOP "ima: { templates: [\"a\\0b\"] }\n", "dir/p.yaml:3:20: a NUL" },
        { "violations", TOP "ima: { violations: 5 }\n", "dir/p.yaml:3:20: expected fail" },
        { "violations empty", TOP "ima: { violations: {} }\n", "dir/p.yaml:3:20: expected fail" },
        { "limit", TOP "ima: { violations: { limit: many } }\n", "dir/p.yaml:3:29: expected" },
        { "weak", TOP "ima: { weak-digests: true }\n",
                "dir/p.yaml:3:22: expected refuse or allow, found \"true\"" },
        { "aggregate", TOP "ima: { boot-aggregate: any }\n", "expected strict or legacy" },
        { "allow as name", TOP "ima: { allow: base }\n", "dir/p.yaml:3:15: expected a sequence" },
        { "allow item as name", TOP "ima: { allow: [ base ] }\n",
                "dir/p.yaml:3:17: expected a mapping, found \"base\"" },
        { "no file", TOP "ima: { allow: [ { match: path } ] }\n",
                "dir/p.yaml:3:17: key \"file\" is missing" },
        { "file twice", TOP "ima: { allow: [ { file: a, file: b } ] }\n", "a second time" },
        { "match", TOP "ima: { allow: [ { file: a, match: all } ] }\n",
                "dir/p.yaml:3:35: expected path or anywhere" },
        { "match in deny", TOP "ima: { deny: [ { file: a, match: path } ] }\n",
                "dir/p.yaml:3:27: unknown key \"match\" (known here: file)" },
        { "exclude as word", TOP "ima: { exclude: /tmp/** }\n", "expected a sequence" },
        { "relative pattern", TOP "ima: { exclude: [ tmp ] }\n",
                "dir/p.yaml:3:19: a pattern starts with a slash" },
        { "pattern with ..", TOP "ima: { exclude: [ /a, /a/../b ] }\n", "dir/p.yaml:3:23: a patt" },
        { "deep", TOP "ima: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]\n", "nested too deep" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct policy p;
        struct policy untouched;
        struct error err = { 0 };

        check_case = cases[i].name;
        memset(&p, 0xa5, sizeof(p));
        memset(&untouched, 0xa5, sizeof(untouched));
        CHECK(!parse(cases[i].text, &p, &err));
        CHECKF(strstr(err.text, cases[i].want) != NULL, "%s", err.text);
        CHECKF(strncmp(err.text, "dir/p.yaml:", 11) == 0, "%s", err.text);
        CHECK(memcmp(&p, &untouched, sizeof(p)) == 0);
    }
    check_case = "";
}

/* Cut anywhere it is a policy or a message, never a crash. */
static void a_policy_cut_after_every_byte_does_no_harm(void)
{
    for (size_t cut = 0; cut < sizeof(full) - 1; cut++) {
        struct policy p CLEANUP(policy_clear) = { 0 };
        struct error err = { 0 };
        uint8_t *copy = malloc(cut + 1);

        if (!policy_parse((struct bytes){ memcpy(copy, full, cut), cut }, "p", &p, &err)) {
            CHECKF(err.code != ERROR_NONE && err.code != ERROR_NOMEM, "cut at %zu: %s", cut,
                    err.text);
        }
        free(copy);
    }
}

static void mutations_of_a_policy_do_no_harm(void)
{
    static const uint8_t with[] = { 0, '\n', ':', '[', '}', '"', '*', '&', '!', '-', '0', 0x80 };
    uint8_t text[sizeof(full) - 1];

    for (size_t i = 0; i < sizeof(text); i++) {
        for (size_t k = 0; k < ARRAY_LEN(with); k++) {
            struct policy p CLEANUP(policy_clear) = { 0 };
            struct error err = { 0 };

            memcpy(text, full, sizeof(text));
            text[i] = with[k];
            CHECK(policy_parse((struct bytes){ text, sizeof(text) }, "p", &p, &err) ||
                    err.code != ERROR_NONE);
        }
    }
}

static void big_documents_are_refused(void)
{
    size_t size = YAML_TEXT_MAX + 1;
    char *text = malloc(size);
    struct policy p CLEANUP(policy_clear) = { 0 };
    struct error err = { 0 };

    memset(text, '#', size);
    CHECK(!policy_parse((struct bytes){ (uint8_t *)text, size }, "p", &p, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    CHECK(!policy_parse((struct bytes){ (uint8_t *)text, size - 1 }, "p", &p, &err));
    CHECK_UINT(err.code, ERROR_CONFIG);
    memset(text, ',', size);
    memcpy(text, "[a", 2);
    for (size_t i = 2; i + 1 < size - 1; i += 2) {
        memcpy(text + i, ",a", 2);
    }
    CHECK(!policy_parse((struct bytes){ (uint8_t *)text, size - 1 }, "p", &p, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    free(text);
}

/* A folder with a policy and its lists. */
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

static void remove_folder(struct folder *f)
{
    static const char *const names[] = { "p.yaml", "a.sha256", "b.sha256" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/%s", f->path, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(f->path);
}

static bool load(const struct folder *f, struct policy *p, struct error *err)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/p.yaml", f->path);
    return policy_load(path, p, err);
}

static void the_digest_covers_the_lists_in_their_order(void) /* R98 */
{
    static const char text[] = TOP "ima:\n  deny: [ { file: b.sha256 } ]\n"
                                   "  allow: [ { file: a.sha256 } ]\n";
    static const char a[] = H1 "  /usr/bin/one\n";
    static const char b[] = H2 "\n";
    struct folder f CLEANUP(remove_folder) = { "/tmp/tally-policy-XXXXXX" };
    struct policy p CLEANUP(policy_clear) = { 0 };
    struct policy changed CLEANUP(policy_clear) = { 0 };
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct error err = { 0 };
    uint8_t joined[sizeof(text) - 1 + 64];
    uint8_t want[32];

    CHECK(mkdtemp(f.path) != NULL);
    write_file(&f, "p.yaml", text);
    write_file(&f, "a.sha256", a);
    write_file(&f, "b.sha256", b);
    if (!CHECKF(load(&f, &p, &err), "%s", err.text)) {
        return;
    }
    CHECK(hasher_init(&h, &err));
    memcpy(joined, text, sizeof(text) - 1);
    CHECK(hasher_digest(&h, DIGEST_SHA256, bytes_of_text(b), joined + sizeof(text) - 1, &err));
    CHECK(hasher_digest(&h, DIGEST_SHA256, bytes_of_text(a), joined + sizeof(text) + 31, &err));
    CHECK(hasher_digest(&h, DIGEST_SHA256, (struct bytes){ joined, sizeof(joined) }, want, &err));
    CHECK(memcmp(p.digest, want, sizeof(want)) == 0);
    CHECK_UINT(p.allow.row_count, 1);
    CHECK_UINT(p.deny.row_count, 1);

    write_file(&f, "b.sha256", b + 1); /* shorter by a digit: no list any more */
    CHECK(!load(&f, &changed, &err));
    CHECKF(strstr(err.text, "p.yaml:4:19: ") != NULL && strstr(err.text, "b.sha256:1: ") != NULL,
            "%s", err.text);
    write_file(&f, "b.sha256", "# nothing\n");
    CHECK(load(&f, &changed, &err));
    CHECK(memcmp(p.digest, changed.digest, sizeof(want)) != 0);
}

static void a_list_that_is_missing_is_named(void)
{
    struct folder f CLEANUP(remove_folder) = { "/tmp/tally-policy-XXXXXX" };
    struct policy p CLEANUP(policy_clear) = { 0 };
    struct error err = { 0 };

    CHECK(mkdtemp(f.path) != NULL);
    CHECK(!load(&f, &p, &err));
    CHECK_UINT(err.code, ERROR_IO);
    write_file(&f, "p.yaml", TOP "ima:\n  allow: [ { file: a.sha256 } ]\n");
    CHECK(!load(&f, &p, &err));
    CHECK_UINT(err.code, ERROR_IO);
    CHECKF(strstr(err.text, "p.yaml:4:20: ") != NULL, "%s", err.text);
}

static void a_relative_name_starts_at_the_folder_of_the_policy(void)
{
    static const struct {
        const char *policy;
        const char *name;
        const char *path;
    } cases[] = {
        { "p.yaml", "l", "l" },
        { "d/p.yaml", "l", "d/l" },
        { "/p.yaml", "e/l", "/e/l" },
        { "d/p.yaml", "/l", "/l" },
        { "d/p.yaml", "../l", "d/../l" },
        { "d/p.yaml", "", "d/" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *path = policy_beside(cases[i].policy, bytes_of_text(cases[i].name));

        check_case = cases[i].policy;
        if (CHECK(path != NULL)) {
            CHECK_TEXT(bytes_of_text(path), cases[i].path);
        }
        free(path);
    }
    check_case = "";
}

int main(void)
{
    static const struct test tests[] = {
        { "a relative name starts at the folder of the policy",
                a_relative_name_starts_at_the_folder_of_the_policy },
        { "every key is read", every_key_is_read },
        { "defaults are those of the contract", defaults_are_those_of_the_contract },
        { "mistakes are named with line and column", mistakes_are_named_with_line_and_column },
        { "a policy cut after every byte does no harm",
                a_policy_cut_after_every_byte_does_no_harm },
        { "mutations of a policy do no harm", mutations_of_a_policy_do_no_harm },
        { "big documents are refused", big_documents_are_refused },
        { "the digest covers the lists in their order (R98)",
                the_digest_covers_the_lists_in_their_order },
        { "a list that is missing is named", a_list_that_is_missing_is_named },
    };

    return run_tests("policy", tests, ARRAY_LEN(tests));
}
