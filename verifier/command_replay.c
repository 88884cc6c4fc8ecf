/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "verifier/commands.h"
#include "verifier/json.h"
#include "verifier/options.h"
#include "verifier/replay.h"

struct options {
    struct replay_request request;
    const char *pcrs;
    bool strict;
    bool json;
};

static void print_help(void)
{
    printf("Usage: tally replay [--boot-log FILE | --cc-log FILE] [--ima-log FILE] [OPTION...]\n\n"
           "Recompute the PCR values that logs lead to, and compare them with given ones.\n\n"
           "  --boot-log FILE    TCG boot event log (binary_bios_measurements)\n"
           "  --cc-log FILE      event log of a confidential VM (CCEL); registers are RTMRs\n"
           "  --ima-log FILE     IMA measurement list (binary_runtime_measurements)\n"
           "  --ima-digest D     its template digests: sha1|sha256|sha384|sha512|ALG:SIZE\n"
           "                     (default: by the suffix of the file name, else sha1)\n"
           "  --pcrs FILE        values to compare: output of tpm2_pcrread, or lines\n"
           "                     \"BANK INDEX HEX\" or \"BANK rtmrN HEX\"\n"
           "  --banks LIST       banks to replay (default: those in --pcrs, else sha256)\n"
           "  --strict           unexplained PCRs (11-13, 15-23) are mismatches\n"
           "  --json             answer in JSON (docs/schemas/replay.json)\n\n"
           "Exit status: 0 all that was compared matches, 1 could not tell, 3 mismatch.\n");
}

static int parse(int argc, char *argv[], struct options *o)
{
    static const struct option longs[] = {
        { "boot-log", required_argument, NULL, 'b' },
        { "cc-log", required_argument, NULL, 'c' },
        { "ima-log", required_argument, NULL, 'i' },
        { "ima-digest", required_argument, NULL, 'd' },
        { "pcrs", required_argument, NULL, 'p' },
        { "banks", required_argument, NULL, 'B' },
        { "strict", no_argument, NULL, 's' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    struct error err = { 0 };
    struct ima_digest_format format;

    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'b':
        case 'c':
            if (o->request.boot_log != NULL) {
                return usage_error("replay", "give one of --boot-log and --cc-log, once");
            }
            o->request.boot_log = optarg;
            o->request.registers = c == 'c' ? EVENTLOG_CC : EVENTLOG_PCR;
            break;
        case 'i':
            o->request.ima_log = optarg;
            break;
        case 'd':
            o->request.ima_digest = optarg;
            break;
        case 'p':
            o->pcrs = optarg;
            break;
        case 'B':
            if (!option_banks(optarg, &o->request.banks, &err)) {
                return usage_error("replay", "%s", err.text);
            }
            break;
        case 's':
            o->strict = true;
            break;
        case 'j':
            o->json = true;
            break;
        case 'h':
            print_help();
            return -1;
        default:
            return usage_error("replay", "wrong command line");
        }
    }
    if (optind != argc) {
        return usage_error("replay", "unexpected argument \"%s\"", argv[optind]);
    }
    if (o->request.boot_log == NULL && o->request.ima_log == NULL) {
        return usage_error("replay", "give at least one log");
    }
    if (o->request.ima_digest != NULL && o->request.ima_log == NULL) {
        return usage_error("replay", "--ima-digest goes with --ima-log");
    }
    if (o->request.ima_digest != NULL &&
            !ima_digest_format_choose(o->request.ima_digest, "", &format, &err)) {
        return usage_error("replay", "%s", err.text);
    }
    return EXIT_SUCCESS;
}

static json_t *json_of_boot(struct json_writer *w, const struct replay_result *r)
{
    json_t *boot = json_object();
    json_t *banks = json_object();

    json_put_uint(w, boot, "events", r->boot.events);
    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        if ((r->banks & r->boot.banks & 1u << alg) == 0) {
            continue;
        }
        json_t *pcrs = json_object();

        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            struct bytes value;
            char key[4];

            if ((r->boot.extended[alg] & 1u << pcr) != 0 &&
                    pcr_values_get(&r->boot.values, (enum digest_alg)alg, pcr, &value)) {
                (void)snprintf(key, sizeof(key), "%u", pcr);
                json_put_hex(w, pcrs, key, value);
            }
        }
        json_put(w, banks, digest_name((enum digest_alg)alg), pcrs);
    }
    json_put(w, boot, "banks", banks);
    return boot;
}

static json_t *json_of_ima_banks(struct json_writer *w, const struct replay_result *r)
{
    const struct ima_replay *replay = &r->walk.replay;
    json_t *banks = json_object();

    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        json_t *pcrs;

        if ((replay->banks & 1u << alg) == 0) {
            continue;
        }
        pcrs = json_object();
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            char key[4];

            if ((replay->pcrs & 1u << pcr) != 0) {
                (void)snprintf(key, sizeof(key), "%u", pcr);
                json_put_hex(w, pcrs, key,
                        ima_replay_value(replay, (enum digest_alg)alg, r->walk.rules.rule[alg],
                                pcr));
            }
        }
        json_put(w, banks, digest_name((enum digest_alg)alg), pcrs);
    }
    return banks;
}

static json_t *json_of_ima(struct json_writer *w, const struct replay_result *r)
{
    const struct ima_replay *replay = &r->walk.replay;
    json_t *ima = json_object();
    json_t *wrong = json_array();
    json_t *templates = json_object();

    json_put_uint(w, ima, "entries", replay->entries);
    json_put_uint(w, ima, "entries_attested", r->walk.attested);
    json_put_uint(w, ima, "violations", replay->violations);
    for (size_t i = 0; i < r->wrong_count; i++) {
        json_add(w, wrong, json_integer((json_int_t)r->wrong[i]));
    }
    json_put(w, ima, "wrong_template_digests", wrong);
    for (size_t i = 0; i < r->template_count; i++) {
        json_put_uint(w, templates, r->templates[i].name, r->templates[i].count);
    }
    json_put(w, ima, "templates", templates);
    json_put(w, ima, "banks", json_of_ima_banks(w, r));
    return ima;
}

/* "pcr" is a number, of a trust domain's log "rtmrN" or "mrtd". */
static json_t *json_of_register(const struct options *o, unsigned int pcr)
{
    if (o->request.registers == EVENTLOG_PCR) {
        return json_integer((json_int_t)pcr);
    }
    return pcr == 0 ? json_string("mrtd") : json_sprintf("rtmr%u", pcr - 1);
}

static json_t *json_of_compared(struct json_writer *w, const struct options *o,
        const struct replay_result *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->compared_count; i++) {
        const struct comparison *c = &r->compared[i];
        size_t size = digest_size(c->bank);
        json_t *item = json_object();

        json_put_text(w, item, "bank", digest_name(c->bank));
        json_put(w, item, "pcr", json_of_register(o, c->pcr));
        json_put_text(w, item, "rule", c->rule);
        json_put_hex(w, item, "replayed", (struct bytes){ c->replayed, size });
        json_put_hex(w, item, "expected", (struct bytes){ c->expected, size });
        json_put_bool(w, item, "match", c->match);
        json_add(w, list, item);
    }
    return list;
}

static json_t *json_of_omissions(struct json_writer *w, const struct options *o,
        const struct omission *list, size_t count)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *item = json_object();

        json_put_text(w, item, "bank", digest_name(list[i].bank));
        json_put(w, item, "pcr", json_of_register(o, list[i].pcr));
        if (list[i].reason != NULL) {
            json_put_text(w, item, "reason", list[i].reason);
        } else {
            json_put_hex(w, item, "expected",
                    (struct bytes){ list[i].expected, digest_size(list[i].bank) });
        }
        json_add(w, array, item);
    }
    return array;
}

static json_t *json_of_notes(struct json_writer *w, const struct replay_result *r)
{
    json_t *notes = json_array();

    for (size_t i = 0; r->has_boot_log && i < r->boot.note_count; i++) {
        char text[EVENTLOG_NOTE_TEXT_MAX];

        json_add(w, notes, json_string(eventlog_note_text(&r->boot.note[i], text, sizeof(text))));
    }
    for (size_t i = 0; i < r->note_count; i++) {
        json_add(w, notes, json_string(r->notes[i]));
    }
    return notes;
}

static bool print_json(const struct options *o, const struct replay_result *r,
        const struct error *failure, struct error *err)
{
    struct json_writer w = { 0 };
    json_t *answer = json_object();

    if (r->has_boot_log) {
        json_put(&w, answer, o->request.registers == EVENTLOG_CC ? "cc_log" : "boot_log",
                json_of_boot(&w, r));
    }
    if (r->has_ima_log) {
        json_put(&w, answer, "ima_log", json_of_ima(&w, r));
    }
    json_put(&w, answer, "compared", json_of_compared(&w, o, r));
    json_put(&w, answer, "unexplained",
            json_of_omissions(&w, o, r->unexplained, r->unexplained_count));
    json_put(&w, answer, "not_compared",
            json_of_omissions(&w, o, r->not_compared, r->not_compared_count));
    json_put(&w, answer, "notes", json_of_notes(&w, r));
    if (failure != NULL) {
        json_put_bytes(&w, answer, "error", bytes_of_text(failure->text));
    }
    return json_print(&w, answer, false, err);
}

static void print_register(const struct options *o, enum digest_alg bank, unsigned int pcr)
{
    if (o->request.registers == EVENTLOG_PCR) {
        printf("  %-8s %5u  ", digest_name(bank), pcr);
    } else if (pcr == 0) {
        printf("  %-8s  mrtd  ", digest_name(bank));
    } else {
        printf("  %-8s rtmr%u  ", digest_name(bank), pcr - 1);
    }
}

static void print_value(const char *what, const uint8_t *value, enum digest_alg bank)
{
    char hex[2 * DIGEST_SIZE_MAX + 1];

    printf("%s%s", what, bytes_hex(hex, sizeof(hex), (struct bytes){ value, digest_size(bank) }));
}

static void print_logs(const struct options *o, const struct replay_result *r)
{
    if (r->has_boot_log) {
        printf("%s: %zu events\n",
                o->request.registers == EVENTLOG_CC ? "Confidential-VM log" : "Boot log",
                r->boot.events);
    }
    if (r->has_ima_log) {
        printf("IMA list: %" PRIu64 " records, %" PRIu64 " violations", r->walk.replay.entries,
                r->walk.replay.violations);
        if (r->walk.met) {
            printf("; the values stand for the first %" PRIu64, r->walk.attested);
        }
        printf("\n");
    }
    if (r->wrong_count > 0) {
        printf("%" PRIu64 " records whose template digest is not that of their data; the first is"
               " entry %" PRIu64 " at offset %" PRIu64 "\n",
                r->walk.replay.wrong_digests, r->first_wrong.index, r->first_wrong.offset);
    }
}

static void print_compared(const struct options *o, const struct replay_result *r)
{
    bool colour = output_has_colour();

    printf("\n  BANK       PCR  RULE         RESULT\n");
    for (size_t i = 0; i < r->compared_count; i++) {
        const struct comparison *c = &r->compared[i];

        print_register(o, c->bank, c->pcr);
        printf("%-12s ", c->rule);
        if (c->match) {
            printf("%smatch%s\n", colour ? "\033[32m" : "", colour ? "\033[0m" : "");
        } else {
            printf("%sMISMATCH%s", colour ? "\033[1;31m" : "", colour ? "\033[0m" : "");
            print_value("\n                   replayed ", c->replayed, c->bank);
            print_value("\n                   expected ", c->expected, c->bank);
            printf("\n");
        }
    }
    for (size_t i = 0; i < r->unexplained_count; i++) {
        print_register(o, r->unexplained[i].bank, r->unexplained[i].pcr);
        printf("%-12s unexplained: the boot log leads elsewhere, user space extends it, too\n",
                "boot-log");
    }
    for (size_t i = 0; i < r->not_compared_count; i++) {
        print_register(o, r->not_compared[i].bank, r->not_compared[i].pcr);
        printf("%-12s not compared: %s\n", "-", r->not_compared[i].reason);
    }
}

static void print_bank_values(const struct options *o, const struct replay_result *r)
{
    for (unsigned int i = 0; i < DIGEST_ALG_COUNT; i++) {
        enum digest_alg alg = (enum digest_alg)i;

        if ((r->banks & 1u << alg) == 0) {
            continue;
        }
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            struct bytes value = { 0 };

            if (r->has_ima_log && (r->walk.replay.pcrs & 1u << pcr) != 0) {
                value = ima_replay_value(&r->walk.replay, alg, r->walk.rules.rule[alg], pcr);
            } else if (!r->has_boot_log || (r->boot.extended[alg] & 1u << pcr) == 0 ||
                    !pcr_values_get(&r->boot.values, alg, pcr, &value)) {
                continue;
            }
            print_register(o, alg, pcr);
            print_value("", value.ptr, alg);
            printf("\n");
        }
    }
}

static void print_text(const struct options *o, const struct replay_result *r)
{
    char text[EVENTLOG_NOTE_TEXT_MAX];

    print_logs(o, r);
    if (o->pcrs != NULL) {
        print_compared(o, r);
    } else {
        printf("\n  BANK       PCR  VALUE\n");
        print_bank_values(o, r);
    }
    for (size_t i = 0; r->has_boot_log && i < r->boot.note_count; i++) {
        printf("Note: %s.\n", eventlog_note_text(&r->boot.note[i], text, sizeof(text)));
    }
    for (size_t i = 0; i < r->note_count; i++) {
        printf("Note: %s.\n", r->notes[i]);
    }
}

static int exit_status(const struct options *o, const struct replay_result *r, bool ok)
{
    if (r->mismatch || (o->strict && r->unexplained_count > 0)) {
        return EXIT_REFUSED;
    }
    return ok && !r->uncompared_log ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const struct options *o, struct replay_result *result)
{
    struct hasher hasher CLEANUP(hasher_clear) = { 0 };
    struct pcr_file pcrs;
    struct replay_request request = o->request;
    struct error err = { 0 };
    struct error print_err = { 0 };
    bool ok = hasher_init(&hasher, &err);

    if (ok && o->pcrs != NULL) {
        ok = pcr_file_read(o->pcrs, &pcrs, &err);
        request.pcrs = &pcrs;
    }
    ok = ok && replay_run(&request, &hasher, result, &err);
    if (ok && result->uncompared_log) {
        (void)error_set(&err, ERROR_CONFIG, "%s has no value for a log that was given", o->pcrs);
    }
    if (!ok || result->uncompared_log) {
        print_error("replay", &err);
    }
    if (o->json) {
        if (!print_json(o, result, err.code != ERROR_NONE ? &err : NULL, &print_err)) {
            print_error("replay", &print_err);
            return EXIT_FAILURE;
        }
    } else if (ok || result->mismatch) {
        print_text(o, result);
    }
    return exit_status(o, result, ok);
}

int command_replay(int argc, char *argv[])
{
    struct options o = { 0 };
    int status = parse(argc, argv, &o);

    if (status != EXIT_SUCCESS) {
        return status < 0 ? EXIT_SUCCESS : status;
    }
    struct replay_result *result = calloc(1, sizeof(*result));

    if (result == NULL) {
        fprintf(stderr, "tally replay: no memory\n");
        return EXIT_FAILURE;
    }
    status = run(&o, result);
    free(result);
    return status;
}
