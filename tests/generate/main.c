/* SPDX-License-Identifier: BSD-3-Clause */
/* tally-generate: input of any size for tests and benchmarks. Not installed. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bytes.h"
#include "common/error.h"
#include "common/pcr.h"
#include "tests/generate/ima_list.h"
#include "tests/generate/quote.h"
#include "verifier/pcr_file.h"

#define EXIT_USAGE 2

static const char usage[] =
        "usage: tally-generate ima-list [--entries N] [--template ima-ng|ima-sig|mixed]\n"
        "           [--violation-every N] [--seed N] [--allowlist FILE] --output FILE\n"
        "       writes a list, prints the PCR values it leads to as BANK INDEX HEX\n"
        "   or: tally-generate quote [--kind rsa|ecdsa] [--bank NAME] --pcrs FILE --nonce HEX\n"
        "           --output PREFIX\n"
        "       writes PREFIX.quote, PREFIX.signature and PREFIX.pem\n";

struct options {
    struct list_plan plan;
    const char *output;
    const char *allowlist;
    const char *kind;
    const char *pcrs;
    enum digest_alg bank;
    uint8_t nonce[64];
    size_t nonce_len;
};

static bool parse_number(const char *text, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

static bool parse_template(const char *text, enum list_template *out)
{
    static const char *const names[] = { "ima-ng", "ima-sig", "mixed" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum list_template)i;
            return true;
        }
    }
    return false;
}

static bool set_option(struct options *o, int option, const char *value)
{
    switch (option) {
    case 'n':
        return parse_number(value, &o->plan.entries);
    case 't':
        return parse_template(value, &o->plan.template);
    case 'v':
        return parse_number(value, &o->plan.violation_every);
    case 's':
        return parse_number(value, &o->plan.seed);
    case 'a':
        o->allowlist = value;
        return true;
    case 'o':
        o->output = value;
        return true;
    case 'k':
        o->kind = value;
        return strcmp(value, "rsa") == 0 || strcmp(value, "ecdsa") == 0;
    case 'b':
        return digest_from_name(bytes_of_text(value), &o->bank);
    case 'p':
        o->pcrs = value;
        return true;
    case 'c':
        return bytes_from_hex(bytes_of_text(value), o->nonce, sizeof(o->nonce), &o->nonce_len);
    default:
        return false;
    }
}

static bool parse(int argc, char *argv[], struct options *out)
{
    static const struct option options[] = {
        { "entries", required_argument, NULL, 'n' },
        { "template", required_argument, NULL, 't' },
        { "violation-every", required_argument, NULL, 'v' },
        { "seed", required_argument, NULL, 's' },
        { "allowlist", required_argument, NULL, 'a' },
        { "output", required_argument, NULL, 'o' },
        { "kind", required_argument, NULL, 'k' },
        { "bank", required_argument, NULL, 'b' },
        { "pcrs", required_argument, NULL, 'p' },
        { "nonce", required_argument, NULL, 'c' },
        { 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!set_option(out, option, optarg)) {
            return false;
        }
    }
    return optind == argc && out->output != NULL;
}

static void print_pcrs(const struct pcr_values *pcrs)
{
    for (enum digest_alg alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        for (unsigned int i = 0; i < PCR_COUNT; i++) {
            char hex[2 * DIGEST_SIZE_MAX + 1];
            struct bytes value;

            if (pcr_values_get(pcrs, alg, i, &value)) {
                printf("%s %u %s\n", digest_name(alg), i, bytes_hex(hex, sizeof(hex), value));
            }
        }
    }
}

static bool close_file(FILE *file, const char *path, struct error *err)
{
    return file == NULL || fclose(file) == 0 || error_set(err, ERROR_IO, "%s", path);
}

static bool make_list(const struct options *o, struct error *err)
{
    FILE *list = fopen(o->output, "wb");
    FILE *allow = o->allowlist != NULL ? fopen(o->allowlist, "w") : NULL;
    struct pcr_values pcrs;
    bool done = false;

    if (list == NULL || (o->allowlist != NULL && allow == NULL)) {
        (void)error_set(err, ERROR_IO, "%s: %s", list == NULL ? o->output : o->allowlist,
                strerror(errno));
    } else {
        done = ima_list_write(&o->plan, list, allow, &pcrs, err);
    }
    done = close_file(list, o->output, err) && close_file(allow, o->allowlist, err) && done;
    if (done) {
        print_pcrs(&pcrs);
    }
    return done;
}

static bool make_quote(const struct options *o, struct error *err)
{
    struct pcr_file pcrs;

    return pcr_file_read(o->pcrs, &pcrs, err) &&
            quote_write(o->output, o->kind, o->bank, &pcrs.pcrs,
                    (struct bytes){ o->nonce, o->nonce_len }, err);
}

int main(int argc, char *argv[])
{
    struct options o = { .plan = { .entries = 1000, .seed = 1 },
        .kind = "rsa",
        .bank = DIGEST_SHA256 };
    struct error err = { 0 };
    bool list = argc > 1 && strcmp(argv[1], "ima-list") == 0;
    bool quote = argc > 1 && strcmp(argv[1], "quote") == 0;

    if ((!list && !quote) || !parse(argc - 1, argv + 1, &o) ||
            (quote && (o.pcrs == NULL || o.nonce_len == 0))) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (list ? !make_list(&o, &err) : !make_quote(&o, &err)) {
        fprintf(stderr, "tally-generate: %s\n", err.text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
