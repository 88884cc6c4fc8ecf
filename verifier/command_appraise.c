/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tpm/ak.h"
#include "verifier/case.h"
#include "verifier/commands.h"
#include "verifier/options.h"
#include "verifier/report.h"

struct options {
    struct case_request request;
    const char *policy;
    const char *hook;
    bool json;
};

static void print_help(void)
{
    printf("Usage: tally appraise --quote FILE --signature FILE --ak FILE --nonce HEX --policy FILE\n"
           "           [--boot-log FILE] [--ima-log FILE] [--pcrs FILE] [OPTION...]\n"
           "       tally appraise --evidence FILE --challenge HEX (--ak FILE | --ak-name HEX)\n"
           "           --policy FILE [OPTION...]\n\n"
           "Judge a quote and its logs against a policy.\n\n"
           "  --quote FILE       TPMS_ATTEST\n"
           "  --signature FILE   TPMT_SIGNATURE\n"
           "  --ak FILE          the enrolled key: TPM2B_PUBLIC or PEM\n"
           "  --ak-scheme S      what a PEM key does not say: rsassa|rsapss|ecdsa[:HASH]\n"
           "  --ak-name HEX      the enrolled key by its Name (with --evidence)\n"
           "  --ek FILE          the EK (TPM2B_PUBLIC), to check the key's place in the TPM\n"
           "  --nonce HEX        the quote's exact extraData\n"
           "  --evidence FILE    as written by tally-agent collect\n"
           "  --challenge HEX    that it was collected with, 16 to 64 bytes\n"
           "  --policy FILE      what to accept (docs/policy.md)\n"
           "  --boot-log FILE    TCG boot event log\n"
           "  --ima-log FILE     IMA measurement list\n"
           "  --ima-digest D     its template digests: sha1|sha256|sha384|sha512|ALG:SIZE\n"
           "  --pcrs FILE        PCR values as hints: they speed up the search and tell which log\n"
           "                     is wrong; only the signed digest decides\n"
           "  --hook COMMAND     run it, with the verdict as JSON on standard input, unless trusted\n"
           "  --json             answer in JSON (docs/schemas/verdict.json)\n\n"
           "Exit status: 0 trusted, 1 could not tell, 2 wrong command line, 3 refused.\n");
}

static int take_hex(const char *name, const char *value, uint8_t *dst, size_t size, size_t *len)
{
    struct error err = { 0 };

    return option_hex(name, value, dst, size, len, &err) ? EXIT_SUCCESS
                                                         : usage_error("appraise", "%s", err.text);
}

static int take_option(int c, struct options *o)
{
    struct case_request *r = &o->request;

    switch (c) {
    case 'q':
        r->quote = optarg;
        break;
    case 's':
        r->signature = optarg;
        break;
    case 'a':
        r->ak = optarg;
        break;
    case 'S':
        r->ak_scheme = optarg;
        break;
    case 'e':
        r->ek = optarg;
        break;
    case 'N':
        return take_hex("--ak-name", optarg, r->ak_name.data, sizeof(r->ak_name.data),
                &r->ak_name.len);
    case 'n':
        return take_hex("--nonce", optarg, r->nonce, sizeof(r->nonce), &r->nonce_len);
    case 'C':
        return take_hex("--challenge", optarg, r->challenge, sizeof(r->challenge),
                &r->challenge_len);
    case 'E':
        r->evidence = optarg;
        break;
    case 'p':
        o->policy = optarg;
        break;
    case 'b':
        r->boot_log = optarg;
        break;
    case 'i':
        r->ima_log = optarg;
        break;
    case 'd':
        r->ima_digest = optarg;
        break;
    case 'P':
        r->pcrs = optarg;
        break;
    case 'H':
        o->hook = optarg;
        break;
    case 'j':
        o->json = true;
        break;
    default:
        return usage_error("appraise", "wrong command line");
    }
    return EXIT_SUCCESS;
}

/* Which options belong together; the rest of the command line is right by itself. */
static int check_options(const struct options *o)
{
    const struct case_request *r = &o->request;
    struct error err = { 0 };
    struct ima_digest_format format;
    struct tpm_scheme scheme;

    if (o->policy == NULL) {
        return usage_error("appraise", "--policy is missing");
    }
    if (r->ak_scheme != NULL && !tpm_scheme_from_text(r->ak_scheme, &scheme, &err)) {
        return usage_error("appraise", "--ak-scheme: %s", err.text);
    }
    if (o->hook != NULL && *o->hook == '\0') {
        return usage_error("appraise", "--hook is empty");
    }
    if (r->ima_digest != NULL &&
            (r->ima_log == NULL || !ima_digest_format_choose(r->ima_digest, "", &format, &err))) {
        return usage_error("appraise", "%s",
                r->ima_log == NULL ? "--ima-digest goes with --ima-log" : err.text);
    }
    if (r->evidence != NULL) {
        if (r->quote != NULL || r->signature != NULL || r->boot_log != NULL || r->ima_log != NULL ||
                r->pcrs != NULL || r->nonce_len > 0) {
            return usage_error("appraise", "--evidence holds quote and logs: give no others");
        }
        if (r->challenge_len < MESSAGE_CHALLENGE_MIN) {
            return usage_error("appraise", "--challenge: want 16 to 64 bytes of hexadecimal");
        }
        if ((r->ak != NULL) == (r->ak_name.len > 0)) {
            return usage_error("appraise", "give one of --ak and --ak-name");
        }
        return EXIT_SUCCESS;
    }
    if (r->quote == NULL || r->signature == NULL || r->ak == NULL || r->nonce_len == 0) {
        return usage_error("appraise",
                "want --quote, --signature, --ak and --nonce, or --evidence");
    }
    if (r->challenge_len > 0 || r->ak_name.len > 0) {
        return usage_error("appraise", "--challenge and --ak-name go with --evidence");
    }
    return EXIT_SUCCESS;
}

static int parse(int argc, char *argv[], struct options *o)
{
    static const struct option longs[] = {
        { "quote", required_argument, NULL, 'q' },
        { "signature", required_argument, NULL, 's' },
        { "ak", required_argument, NULL, 'a' },
        { "ak-scheme", required_argument, NULL, 'S' },
        { "ak-name", required_argument, NULL, 'N' },
        { "ek", required_argument, NULL, 'e' },
        { "nonce", required_argument, NULL, 'n' },
        { "evidence", required_argument, NULL, 'E' },
        { "challenge", required_argument, NULL, 'C' },
        { "policy", required_argument, NULL, 'p' },
        { "boot-log", required_argument, NULL, 'b' },
        { "ima-log", required_argument, NULL, 'i' },
        { "ima-digest", required_argument, NULL, 'd' },
        { "pcrs", required_argument, NULL, 'P' },
        { "hook", required_argument, NULL, 'H' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };

    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        if (c == 'h') {
            print_help();
            return -1;
        }
        int status = take_option(c, o);

        if (status != EXIT_SUCCESS) {
            return status;
        }
    }
    if (optind != argc) {
        return usage_error("appraise", "unexpected argument \"%s\"", argv[optind]);
    }
    return check_options(o);
}

int command_appraise(int argc, char *argv[])
{
    struct options o = { 0 };
    int status = parse(argc, argv, &o);

    if (status != EXIT_SUCCESS) {
        return status < 0 ? EXIT_SUCCESS : status;
    }
    struct verdict verdict CLEANUP(verdict_clear) = { .profile = PROFILE_APPRAISE };
    struct policy policy CLEANUP(policy_clear) = { 0 };
    struct hasher hasher CLEANUP(hasher_clear) = { 0 };
    struct error err = { 0 };
    struct report report = {
        .verdict = &verdict,
        .target = o.request.evidence != NULL ? o.request.evidence : o.request.quote,
        .policy_path = o.policy,
    };

    verdict.identity_mode = "pinned";
    bool ok = hasher_init(&hasher, &err);

    if (ok && policy_load(o.policy, &policy, &err)) {
        report.policy = &policy;
        ok = case_judge(&o.request, &policy, &hasher, &verdict, NULL, &err);
    } else if (ok) {
        ok = case_is_refused(&o.request, &hasher, &verdict);
        if (ok) {
            print_error("appraise", &err); /* refused all the same */
        }
    }
    if (!ok) {
        report.failure = err.text;
        report.failure_kind = "internal";
    }
    return report_answer(&report, "appraise", o.hook, o.json);
}
