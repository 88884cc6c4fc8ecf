/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "agent/ima_rule.h"
#include "tests/check.h"

#define KERNEL_6_1  0x0601u
#define KERNEL_6_12 0x060cu
#define KERNEL_7_2  0x0702u

static bool takes(const char *line, unsigned int kernel, struct error *err)
{
    return ima_rule_check(bytes_of_text(line), kernel, err);
}

static void the_kernels_own_rules_are_taken(void)
{
    static const char *const lines[] = {
        "",
        "   # a comment",
        "measure func=FILE_CHECK mask=^MAY_READ euid=0",
        "measure func=MMAP_CHECK mask=MAY_EXEC",
        "dont_measure fsmagic=0x9fa0",
        "dont_measure fsmagic=1cd1",
        "dont_measure func=FILE_CHECK\tfsmagic=0x01021994",
        "measure func=KEY_CHECK keyrings=.ima|.evm template=ima-buf pcr=11",
        "measure func=CRITICAL_DATA label=selinux|device-mapper uid>1000",
        "measure func=KEXEC_CMDLINE fsuuid=6DA0EE50-4F8F-4C8A-9B3C-0123456789ab",
        "measure func=FILE_CHECK digest_type=verity template=ima-ngv2",
        "measure func=MODULE_CHECK template=ima-modsig",
        "appraise func=MODULE_CHECK appraise_type=imasig|modsig",
        "appraise func=SETXATTR_CHECK appraise_algos=sha256,sha512",
        "audit func=BPRM_CHECK fowner<1000 fgroup=0 egid=5",
        "dont_appraise obj_type=var_log_t subj_user=x",
        "dont_measure fsname=fuse permit_directio",
        "hash func=FIRMWARE_CHECK",
        "measure",
        "measure fsmagic=0 pcr=63 uid=+5",
        "measure template=d-ng|n-ng",
    };
    struct error err = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        check_case = lines[i];
        CHECKF(takes(lines[i], KERNEL_6_1, &err), "%s", err.text);
    }
}

static void wrong_rules_are_refused_with_the_reason(void)
{
    static const struct {
        const char *line;
        const char *why;
    } cases[] = {
        { "func=BPRM_CHECK", "no action" },
        { "measure dont_measure", "a second action, \"dont_measure\"" },
        { "measure func=BPRM", "no hook is called \"BPRM\"" },
        { "measure func=BPRM_CHECK func=BPRM_CHECK", "a second func=" },
        { "measure func=BPRM_CHECK mask=MAY_RUN", "no value for mask: \"MAY_RUN\"" },
        { "measure mask=MAY_EXEC mask=MAY_READ", "mask repeats" },
        { "measure fsmagic=0xg", "no value for fsmagic" },
        { "measure fsmagic=0x11111111111111111", "no value for fsmagic" },
        { "measure uid=0 euid=0", "euid repeats or contradicts" },
        { "measure uid=4294967295", "no value for uid" },
        { "measure uid=-1", "no value for uid" },
        { "measure uid!0", "unknown word \"uid!0\"" },
        { "measure mask>MAY_EXEC", "unknown word" },
        { "measure uid", "unknown word \"uid\"" },
        { "measure fsuuid=6da0ee50", "no value for fsuuid" },
        { "measure pcr=64", "no value for pcr" },
        { "measure fsuuid=6da0ee50-4f8f-4c8a-9b3c-0123456789a", "no value for fsuuid" },
        { "appraise digest_type=verity", "digest_type=verity needs" },
        { "appraise appraise_algos=sha256,sha999", "no value for appraise_algos" },
        { "dont_measure pcr=11", "dont_measure does not go with" },
        { "measure template=ima-sigv3", "no value for template" },
        { "dont_measure template=ima-ng", "template= is for measure only" },
        { "template=ima-ng measure", "template= is for measure only" },
        { "measure func=KEY_CHECK keyrings=.ima||.evm", "no value for keyrings" },
        { "measure func=KEY_CHECK mask=MAY_READ", "KEY_CHECK does not take" },
        { "measure func=FILE_CHECK keyrings=.ima", "FILE_CHECK does not take" },
        { "measure label=selinux", "FILE_CHECK does not take" },
        { "appraise func=KEXEC_CMDLINE", "KEXEC_CMDLINE cannot appraise" },
        { "audit func=CRITICAL_DATA", "CRITICAL_DATA cannot audit" },
        { "measure func=MODULE_CHECK digest_type=verity", "MODULE_CHECK does not take" },
        { "measure appraise_type=imasig", "measure does not go with" },
        { "measure func=SETXATTR_CHECK", "SETXATTR_CHECK is for appraise" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = { 0 };

        check_case = cases[i].line;
        CHECK(!takes(cases[i].line, 0, &err));
        CHECK_UINT(err.code, ERROR_MALFORMED);
        CHECKF(strstr(err.text, cases[i].why) != NULL, "%s", err.text);
    }
}

static void what_a_kernel_does_not_know_yet_is_told(void)
{
    static const struct {
        const char *line;
        bool taken[3]; /* 6.1, 6.12, 7.2 */
    } cases[] = {
        { "dont_audit func=BPRM_CHECK", { false, false, true } },
        { "measure func=MMAP_CHECK_REQPROT", { false, true, true } },
        { "measure fs_subtype=sshfs", { false, false, true } },
    };
    static const unsigned int kernels[] = { KERNEL_6_1, KERNEL_6_12, KERNEL_7_2 };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (size_t k = 0; k < ARRAY_LEN(kernels); k++) {
            struct error err = { 0 };

            check_case = cases[i].line;
            CHECK(takes(cases[i].line, kernels[k], &err) == cases[i].taken[k]);
            CHECK(cases[i].taken[k] || err.code == ERROR_UNSUPPORTED);
        }
        struct error err = { 0 };

        CHECKF(takes(cases[i].line, 0, &err), "%s", err.text);
    }
}

/* Without a version it is the newest kernel's grammar. */
static void comments_behind_a_rule_are_for_new_kernels(void)
{
    static const char line[] = "measure func=BPRM_CHECK # programs";
    struct error err = { 0 };

    CHECK(!takes(line, KERNEL_6_1, &err));
    CHECK(!takes(line, KERNEL_6_12, &err));
    CHECK_TEXT(bytes_of_text(err.text), "unknown word \"#\"");
    CHECK(takes(line, KERNEL_7_2, &err));
    CHECK(takes(line, 0, &err));
    CHECK(!takes("func=BPRM_CHECK # measure", KERNEL_7_2, &err));
}

static void a_policy_names_the_line_that_is_wrong(void)
{
    static const char good[] = "# one\n\nmeasure func=BPRM_CHECK\nmeasure func=MODULE_CHECK";
    static const char bad[] = "# one\nmeasure func=BPRM_CHECK\n\nmesure func=MODULE_CHECK\n";
    struct error err = { 0 };

    CHECK(ima_rules_check(bytes_of_text(good), 0, &err));
    CHECK(!ima_rules_check(bytes_of_text(bad), 0, &err));
    CHECK_TEXT(bytes_of_text(err.text), "line 4: unknown word \"mesure\"");
    CHECK(!ima_rules_check(bytes_of_text("# nothing\n"), 0, &err));
    CHECK(!ima_rules_check((struct bytes){ NULL, 0 }, 0, &err));
}

static void odd_bytes_are_refused(void)
{
    static const char nul[] = "measure\0func=BPRM_CHECK";
    char *line = malloc(5000);
    struct error err = { 0 };

    memset(line, 'x', 5000);
    CHECK(!ima_rule_check((struct bytes){ (const uint8_t *)nul, sizeof(nul) - 1 }, 0, &err));
    CHECK_UINT(err.code, ERROR_MALFORMED);
    CHECK(!ima_rule_check((struct bytes){ (const uint8_t *)line, 5000 }, 0, &err));
    CHECK_UINT(err.code, ERROR_LIMIT);
    free(line);
}

static bool taken_or_explained(const char *text, size_t len)
{
    struct error err = { 0 };

    return ima_rules_check((struct bytes){ (const uint8_t *)text, len }, 0, &err) ||
            strncmp(err.text, "line ", 5) == 0;
}

static void cut_and_changed_policies_are_taken_or_explained(void)
{
    static const char good[] =
            "dont_measure fsmagic=0x9fa0\nmeasure func=KEY_CHECK keyrings=.ima|.evm pcr=11\n";

    for (size_t cut = 0; cut <= strlen(good); cut++) {
        char *copy = malloc(cut + 1);

        memcpy(copy, good, cut);
        CHECKF(taken_or_explained(copy, cut), "cut at %zu", cut);
        for (size_t at = 0; at < cut; at++) {
            copy[at] = (char)(copy[at] ^ 0x15);
            CHECKF(taken_or_explained(copy, cut), "cut at %zu, changed at %zu", cut, at);
            copy[at] = good[at];
        }
        free(copy);
    }
}

static void releases_become_versions(void)
{
    CHECK_UINT(ima_kernel_version("6.1.0-56-amd64"), KERNEL_6_1);
    CHECK_UINT(ima_kernel_version("7.2.13"), KERNEL_7_2);
    CHECK_UINT(ima_kernel_version("6.12"), KERNEL_6_12);
    CHECK_UINT(ima_kernel_version("?"), 0);
    CHECK_UINT(ima_kernel_version(""), 0);
    CHECK_UINT(ima_kernel_version("99999999999.1"), 0);
}

int main(void)
{
    static const struct test tests[] = {
        { "the kernel's own rules are taken", the_kernels_own_rules_are_taken },
        { "wrong rules are refused with the reason", wrong_rules_are_refused_with_the_reason },
        { "what a kernel does not know yet is told", what_a_kernel_does_not_know_yet_is_told },
        { "comments behind a rule are for new kernels",
                comments_behind_a_rule_are_for_new_kernels },
        { "a policy names the line that is wrong", a_policy_names_the_line_that_is_wrong },
        { "odd bytes are refused", odd_bytes_are_refused },
        { "cut and changed policies are taken or explained",
                cut_and_changed_policies_are_taken_or_explained },
        { "releases become versions", releases_become_versions },
    };

    return run_tests("ima_rule", tests, ARRAY_LEN(tests));
}
