/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect.h"
#include "agent/commands.h"

/* Firmware, boot loader, IMA and systemd; above are DRTM and debugging. */
#define DEFAULT_PCRS 0xffffu

struct options {
    uint8_t challenge[MESSAGE_CHALLENGE_MAX];
    size_t challenge_len;
    const char *output;
    const char *config;
    struct pcr_selection banks;
    uint32_t pcrs;
};

static void print_help(FILE *to)
{
    (void)fprintf(to,
            "Usage: tally-agent collect --challenge HEX -o FILE [OPTION...]\n\n"
            "Quotes the TPM, reads the boot log and IMA's list to its end, and writes both to FILE,\n"
            "for \"tally appraise --evidence FILE --challenge HEX\". Usually needs root.\n\n"
            "  --challenge HEX    the verifier's fresh random bytes, %d to %d of them\n"
            "  -o, --output FILE  the evidence file (mode 0600; replaced if it exists)\n"
            "  --config FILE      settings, instead of %s\n"
            "  --banks LIST       PCR banks to quote, as sha256,sha384 (default: sha256 where the TPM\n"
            "                     has it, else its strongest)\n"
            "  --pcrs LIST        PCRs to quote in each bank, as 0-9,14 (default: 0-15)\n",
            MESSAGE_CHALLENGE_MIN, MESSAGE_CHALLENGE_MAX, AGENT_CONFIG_PATH);
}

static bool parse_challenge(const char *text, struct options *o)
{
    return bytes_from_hex(bytes_of_text(text), o->challenge, sizeof(o->challenge),
                   &o->challenge_len) &&
            o->challenge_len >= MESSAGE_CHALLENGE_MIN;
}

/* Names separated by commas, none twice. */
static bool parse_banks(const char *text, struct options *o)
{
    struct pcr_selection s = { 0 };

    for (;;) {
        size_t len = strcspn(text, ",");
        enum digest_alg alg;

        if (!digest_from_name((struct bytes){ (const uint8_t *)text, len }, &alg)) {
            return false;
        }
        for (size_t i = 0; i < s.count; i++) {
            if (s.bank[i].alg == alg) {
                return false;
            }
        }
        s.bank[s.count++].alg = alg;
        if (text[len] == '\0') {
            o->banks = s;
            return true;
        }
        text += len + 1;
    }
}

static bool parse_pcr(const char **text, unsigned int *out)
{
    unsigned int n = 0;
    size_t digits = strspn(*text, "0123456789");

    if (digits < 1 || digits > 2) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        n = 10 * n + (unsigned int)((*text)[i] - '0');
    }
    *text += digits;
    *out = n;
    return n < PCR_COUNT;
}

/* Numbers and ranges separated by commas. */
static bool parse_pcrs(const char *text, struct options *o)
{
    uint32_t mask = 0;

    for (;;) {
        unsigned int first;
        unsigned int last;

        if (!parse_pcr(&text, &first)) {
            return false;
        }
        last = first;
        if (*text == '-') {
            text++;
            if (!parse_pcr(&text, &last)) {
                return false;
            }
        }
        for (unsigned int pcr = first; pcr <= last; pcr++) {
            mask |= 1u << pcr;
        }
        if (last < first || (*text != ',' && *text != '\0')) {
            return false;
        }
        if (*text == '\0') {
            o->pcrs = mask;
            return true;
        }
        text++;
    }
}

static bool parse_option(int option, const char *value, struct options *o)
{
    switch (option) {
    case 'c':
        return parse_challenge(value, o);
    case 'o':
        o->output = value;
        return *value != '\0';
    case 'f':
        o->config = value;
        return true;
    case 'b':
        return parse_banks(value, o);
    case 'p':
        return parse_pcrs(value, o);
    default:
        return false;
    }
}

/* Returns an exit status, or -1 to go on. */
static int parse_command_line(int argc, char *argv[], struct options *o)
{
    static const struct option names[] = {
        { "challenge", required_argument, NULL, 'c' },
        { "output", required_argument, NULL, 'o' },
        { "config", required_argument, NULL, 'f' },
        { "banks", required_argument, NULL, 'b' },
        { "pcrs", required_argument, NULL, 'p' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "o:", names, NULL)) != -1) {
        if (option == 'h') {
            print_help(stdout);
            return EXIT_SUCCESS;
        }
        if (option == '?') {
            return EXIT_USAGE;
        }
        if (!parse_option(option, optarg, o)) {
            (void)fprintf(stderr, "tally-agent: \"%s\" is no value for that option; see --help\n",
                    optarg);
            return EXIT_USAGE;
        }
    }
    if (optind != argc || o->challenge_len == 0 || o->output == NULL) {
        (void)fprintf(stderr,
                "tally-agent: collect needs --challenge and -o, and no other words; "
                "see --help\n");
        return EXIT_USAGE;
    }
    return -1;
}

/* systemd's log is there on few machines; the other two are missed. */
static void warn_of_missing(const char *what, const char *path, bool there)
{
    if (!there) {
        (void)fprintf(stderr, "tally-agent: no %s: %s does not exist; the evidence says so\n", what,
                path);
    }
}

static void print_summary(const struct options *o, const struct agent_config *config,
        const struct collect_summary *s)
{
    char pcrs[128];
    char name[2 * sizeof(s->ak_name.data) + 1];

    warn_of_missing(log_kind_name(LOG_KIND_BOOT), config->boot_log, s->has_log[LOG_KIND_BOOT]);
    warn_of_missing(log_kind_name(LOG_KIND_IMA), config->ima_log, s->has_log[LOG_KIND_IMA]);
    (void)printf("%s: quote over %s", o->output,
            pcr_selection_print(pcrs, sizeof(pcrs), &s->selection));
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        if (s->has_log[kind]) {
            (void)printf(", %s of %" PRIu64 " bytes", log_kind_name(kind), s->log_size[kind]);
        }
    }
    (void)printf("\nattestation key%s: --ak-name %s\n", s->ak_created ? " (new)" : "",
            bytes_hex(name, sizeof(name), tpm_name_view(&s->ak_name)));
}

int command_collect(int argc, char *argv[])
{
    struct options o = { .pcrs = DEFAULT_PCRS };
    struct collect_summary summary;
    struct agent_config config;
    struct error err = { 0 };
    int status = parse_command_line(argc, argv, &o);

    if (status >= 0) {
        return status;
    }
    struct collect_request request = {
        .challenge = { o.challenge, o.challenge_len },
        .banks = o.banks,
        .pcrs = o.pcrs,
    };

    if (!agent_config_read(o.config, &config, &err) ||
            !collect_to_file(&config, &request, o.output, &summary, &err)) {
        (void)fprintf(stderr, "tally-agent: %s (%s)\n", err.text, error_code_name(err.code));
        return EXIT_FAILURE;
    }
    print_summary(&o, &config, &summary);
    return EXIT_SUCCESS;
}
