/* SPDX-License-Identifier: BSD-3-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/commands.h"
#include "verifier/ima_input.h"
#include "verifier/json.h"
#include "verifier/options.h"
#include "verifier/show.h"

enum kind {
    KIND_BOOT_LOG,
    KIND_CC_LOG,
    KIND_IMA_LOG,
    KIND_QUOTE,
    KIND_EVIDENCE,
    KIND_COUNT,
};

static const char *const kind_names[KIND_COUNT] = {
    [KIND_BOOT_LOG] = "boot-log",
    [KIND_CC_LOG] = "cc-log",
    [KIND_IMA_LOG] = "ima-log",
    [KIND_QUOTE] = "quote",
    [KIND_EVIDENCE] = "evidence",
};

struct options {
    enum kind kind;
    const char *path;
    const char *ima_digest;
    bool json;
};

static void print_help(void)
{
    printf("Usage: tally show boot-log|cc-log|ima-log|quote|evidence FILE [OPTION...]\n\n"
           "Print what is in a file, one line per record. Nothing is verified against a TPM; what a\n"
           "record's own digest bears out is marked. Of a boot event: proven, the data is what was\n"
           "measured; stated, its digest is of something else; STATED, the digest should be of the\n"
           "data and is not.\n\n"
           "  --ima-digest D     template digests of an IMA list:\n"
           "                     sha1|sha256|sha384|sha512|ALG:SIZE (default: by the file name)\n"
           "  --json             a JSON object per line (docs/schemas/show.json)\n\n"
           "Exit status: 0 done, 1 could not read or parse, 2 wrong command line.\n");
}

static bool find_kind(const char *name, enum kind *out)
{
    for (int i = 0; i < KIND_COUNT; i++) {
        if (strcmp(name, kind_names[i]) == 0) {
            *out = (enum kind)i;
            return true;
        }
    }
    return false;
}

static int parse(int argc, char *argv[], struct options *o)
{
    static const struct option longs[] = {
        { "ima-digest", required_argument, NULL, 'd' },
        { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    struct ima_digest_format format;
    struct error err = { 0 };

    for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
        switch (c) {
        case 'd':
            o->ima_digest = optarg;
            break;
        case 'j':
            o->json = true;
            break;
        case 'h':
            print_help();
            return -1;
        default:
            return usage_error("show", "wrong command line");
        }
    }
    if (argc - optind != 2) {
        return usage_error("show", "want what to show, and a file");
    }
    if (!find_kind(argv[optind], &o->kind)) {
        return usage_error("show", "cannot show \"%s\"", argv[optind]);
    }
    o->path = argv[optind + 1];
    if (o->ima_digest != NULL &&
            (o->kind != KIND_IMA_LOG ||
                    !ima_digest_format_choose(o->ima_digest, "", &format, &err))) {
        return usage_error("show", "%s",
                o->kind != KIND_IMA_LOG ? "--ima-digest goes with ima-log" : err.text);
    }
    return EXIT_SUCCESS;
}

static bool show(const struct options *o, struct error *err)
{
    struct hasher hasher CLEANUP(hasher_clear) = { 0 };
    struct show_style style = { .json = o->json, .colour = !o->json && output_has_colour() };

    if (!hasher_init(&hasher, err)) {
        return false;
    }
    switch (o->kind) {
    case KIND_BOOT_LOG:
        return show_boot_log(o->path, EVENTLOG_PCR, &hasher, &style, err);
    case KIND_CC_LOG:
        return show_boot_log(o->path, EVENTLOG_CC, &hasher, &style, err);
    case KIND_IMA_LOG:
        return show_ima_log(o->path, o->ima_digest, &hasher, &style, err);
    case KIND_QUOTE:
        return show_quote(o->path, &style, err);
    case KIND_EVIDENCE:
        return show_evidence(o->path, &hasher, &style, err);
    case KIND_COUNT:
        break;
    }
    return error_set(err, ERROR_CONFIG, "nothing to show");
}

int command_show(int argc, char *argv[])
{
    struct options o = { 0 };
    struct error err = { 0 };
    int status = parse(argc, argv, &o);

    if (status != EXIT_SUCCESS) {
        return status < 0 ? EXIT_SUCCESS : status;
    }
    if (show(&o, &err)) {
        return EXIT_SUCCESS;
    }
    print_error("show", &err);
    if (o.json) {
        struct json_writer w = { 0 };
        json_t *last = json_object();

        json_put_bytes(&w, last, "error", bytes_of_text(err.text));
        if (!json_print(&w, last, true, &err)) {
            print_error("show", &err);
        }
    }
    return EXIT_FAILURE;
}
