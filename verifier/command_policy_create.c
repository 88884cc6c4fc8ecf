/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eventlog/event.h"
#include "host/file.h"
#include "protocol/uri.h"
#include "tpm/quote.h"
#include "verifier/case.h"
#include "verifier/command_policy.h"
#include "verifier/commands.h"
#include "verifier/evidence_file.h"
#include "verifier/fetched_file.h"
#include "verifier/ima_input.h"
#include "verifier/options.h"
#include "verifier/policy.h"
#include "verifier/policy_draft.h"
#include "verifier/policy_scan.h"

#define POLICY_NAME "policy.yaml"
#define BAR_WIDTH   40

struct options {
    const char *ima_log;
    const char *ima_digest;
    const char *boot_log;
    const char *root;
    const char *evidence;
    struct fetch_options fetch; /* with a URI when the evidence is to be asked for */
    const char *out;
};

/* A file that is being made: gone again unless it was kept. */
struct output {
    char *path;
    FILE *to;
    bool kept;
};

static void output_clear(struct output *o)
{
    if (o->to != NULL) {
        (void)fclose(o->to);
    }
    if (o->path != NULL && !o->kept) {
        (void)unlink(o->path);
    }
    free(o->path);
    *o = (struct output){ 0 };
}

/* Everything that is made, and what it is made from. */
struct creation {
    const struct options *options;
    struct policy_draft draft;
    struct hasher hasher;
    struct output measured;
    struct output root;
    struct output policy;
    unsigned int drawn; /* per cent on the terminal, and 1 */
    bool refused;       /* the evidence, a log: not what they should be */
};

static void creation_clear(struct creation *c)
{
    hasher_clear(&c->hasher);
    output_clear(&c->measured);
    output_clear(&c->root);
    output_clear(&c->policy);
}

static void print_help(void)
{
    printf("Usage: tally policy create SOURCE... -o DIR\n\n"
           "Write a policy, and lists of digests, from what a machine shows. It accepts what was\n"
           "seen, good or bad: create it on a machine you know.\n\n"
           "  --ima-log FILE     files of a measurement list (binary_runtime_measurements)\n"
           "  --ima-digest D     its template digests: sha1|sha256|sha384|sha512|ALG:SIZE\n"
           "  --boot-log FILE    PCRs 0-7 of a boot log (binary_bios_measurements)\n"
           "  --from EVIDENCE    both, from what tally-agent collect wrote, after its quote and\n"
           "                     its logs have been verified; only what is attested is taken\n"
           "  --from URI         the same, from tally-agent at coap:// or coap+tcp://HOST[:PORT]\n"
           "  --banks LIST       of PCRs to have quoted there (default sha256)\n"
           "  --timeout SECONDS  without progress, until that host counts as silent\n"
           "  --root DIR         programs, libraries, kernel modules and scripts below DIR, on\n"
           "                     its file system\n"
           "  -o DIR             where to write " POLICY_NAME
           " and the lists; nothing is replaced\n\n"
           "Exit status: 0 done, 1 could not tell, 2 wrong command line, 3 a log or the evidence is\n"
           "not what it should be.\n");
}

static int check_options(const struct options *o)
{
    struct ima_digest_format format;
    struct error err = { 0 };
    struct uri uri;

    if (o->out == NULL) {
        return usage_error("policy create", "-o DIR is missing");
    }
    if (o->ima_log == NULL && o->boot_log == NULL && o->root == NULL && o->evidence == NULL) {
        return usage_error("policy create",
                "give at least one of --ima-log, --boot-log, --from and --root");
    }
    if (o->evidence != NULL && (o->ima_log != NULL || o->boot_log != NULL)) {
        return usage_error("policy create", "--from has its own logs: no --ima-log or --boot-log");
    }
    if (o->fetch.uri != NULL && !uri_read(bytes_of_text(o->fetch.uri), &uri, &err)) {
        return usage_error("policy create", "%s", err.text);
    }
    if (o->fetch.uri == NULL && (o->fetch.banks != 0 || o->fetch.timeout_ms != 0)) {
        return usage_error("policy create", "--banks and --timeout go with --from URI");
    }
    if (o->ima_digest != NULL && o->ima_log == NULL) {
        return usage_error("policy create", "--ima-digest goes with --ima-log");
    }
    if (o->ima_digest != NULL && !ima_digest_format_choose(o->ima_digest, "", &format, &err)) {
        return usage_error("policy create", "%s", err.text);
    }
    return EXIT_SUCCESS;
}

static int parse(int argc, char *argv[], struct options *o)
{
    static const struct option longs[] = {
        { "ima-log", required_argument, NULL, 'i' },
        { "ima-digest", required_argument, NULL, 'd' },
        { "boot-log", required_argument, NULL, 'b' },
        { "root", required_argument, NULL, 'r' },
        { "from", required_argument, NULL, 'f' },
        { "banks", required_argument, NULL, 'B' },
        { "timeout", required_argument, NULL, 't' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };

    struct error err = { 0 };

    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "o:", longs, NULL)) != -1;) {
        switch (c) {
        case 'i':
            o->ima_log = optarg;
            break;
        case 'd':
            o->ima_digest = optarg;
            break;
        case 'b':
            o->boot_log = optarg;
            break;
        case 'r':
            o->root = optarg;
            break;
        case 'f':
            o->evidence = optarg;
            o->fetch.uri = strstr(optarg, "://") != NULL ? optarg : NULL;
            break;
        case 'B':
            if (!option_banks(optarg, &o->fetch.banks, &err)) {
                return usage_error("policy create", "%s", err.text);
            }
            break;
        case 't':
            if (!option_timeout(optarg, &o->fetch.timeout_ms, &err)) {
                return usage_error("policy create", "%s", err.text);
            }
            break;
        case 'o':
            o->out = optarg;
            break;
        case 'h':
            print_help();
            return -1;
        default:
            return usage_error("policy create", "wrong command line");
        }
    }
    if (optind != argc) {
        return usage_error("policy create", "unexpected argument \"%s\"", argv[optind]);
    }
    return check_options(o);
}

/* Never replaces a file. */
static bool output_open(struct output *o, const char *folder, const char *name, struct error *err)
{
    if (asprintf(&o->path, "%s/%s", folder, name) < 0) {
        o->path = NULL;
        return error_set(err, ERROR_NOMEM, "%s", name);
    }
    o->to = fopen(o->path, "wxe");
    if (o->to == NULL) {
        (void)error_set(err, ERROR_IO, "%s: %s", o->path, strerror(errno));
        o->kept = true; /* not ours */
        return false;
    }
    return true;
}

static bool output_finish(struct output *o, struct error *err)
{
    bool ok = ferror(o->to) == 0 && fflush(o->to) == 0 && fsync(fileno(o->to)) == 0;

    ok = fclose(o->to) == 0 && ok;
    o->to = NULL;
    return ok || error_set(err, ERROR_IO, "%s: %s", o->path, strerror(errno));
}

/* What is wrong with a log is not the caller's fault. */
static bool about_input(struct creation *c, const char *name, struct error *err)
{
    c->refused = error_is_about_input(err);
    return error_wrap(err, "%s", name);
}

static bool open_measured(struct creation *c, struct error *err)
{
    static const char head[] = "# What the kernel measured, by path; made by tally policy create\n";

    if (!output_open(&c->measured, c->options->out, DRAFT_MEASURED_LIST, err)) {
        return false;
    }
    (void)fputs(head, c->measured.to);
    return true;
}

static bool add_logs(struct creation *c, struct error *err)
{
    const struct options *o = c->options;
    struct ima_input list CLEANUP(ima_input_clear) = { 0 };
    struct buffer log CLEANUP(buffer_clear) = { 0 };

    if (o->boot_log != NULL) {
        if (!file_read(o->boot_log, EVENTLOG_SIZE_MAX, &log, err)) {
            return false;
        }
        if (!policy_draft_add_boot(&c->draft, buffer_view(&log), &c->hasher, err)) {
            return about_input(c, o->boot_log, err);
        }
    }
    if (o->ima_log == NULL) {
        return true;
    }
    if (!ima_input_open(&list, o->ima_log, o->ima_digest, err) || !open_measured(c, err)) {
        return false;
    }
    struct source source = ima_input_source(&list);
    return policy_draft_add_list(&c->draft, &source, list.format, UINT64_MAX, c->measured.to,
                   &c->hasher, err) ||
            about_input(c, o->ima_log, err);
}

static void file_close(FILE **file)
{
    if (*file != NULL) {
        (void)fclose(*file);
    }
}

/* Evidence is read more than once, and its file may change in between: what is judged and what is
 * taken are both a copy that has no name. */
static bool copy_file(const char *path, FILE *to, struct error *err)
{
    struct file_source from CLEANUP(file_source_clear) = { 0 };
    struct bytes chunk;

    if (!file_source_open(&from, path, err)) {
        return false;
    }
    struct source source = file_source(&from);

    do {
        if (!source.next(source.ctx, &chunk, err)) {
            return false;
        }
    } while (chunk.len > 0 && fwrite(chunk.ptr, 1, chunk.len, to) == chunk.len);
    if (chunk.len > 0 || fflush(to) != 0) {
        return error_set(err, ERROR_IO, "copy of %s: %s", path, strerror(errno));
    }
    return true;
}

/* The quote is by a TPM's key, and the logs are what that TPM measured. */
static bool verify_evidence(struct creation *c, const struct case_request *request,
        struct verdict *v, struct appraise_outcome *out, struct error *err)
{
    v->profile = PROFILE_INSPECT;
    v->identity_mode = "none";
    if (!case_judge(request, NULL, &c->hasher, v, out, err)) {
        return false;
    }
    if (verdict_is_genuine(v)) {
        return true;
    }
    c->refused = true;
    for (size_t i = 0; i < v->findings.count; i++) {
        if (v->findings.at[i].severity == SEVERITY_REFUSE) {
            return error_set(err, ERROR_MALFORMED, "%s: %s", c->options->evidence,
                    v->findings.at[i].text);
        }
    }
    return error_set(err, ERROR_MALFORMED, "%s: not genuine; see tally inspect",
            c->options->evidence);
}

/* What the judged quote covers. */
static bool set_quote(struct creation *c, struct bytes quote, struct error *err)
{
    struct tpm_attest attest;
    struct pcr_selection selection;

    if (!tpm_attest_read(quote, &attest, err) ||
            !tpm_selection_read(&attest.selection, &selection, err)) {
        return false;
    }
    policy_draft_set_quote(&c->draft, &selection);
    return true;
}

/* What is in evidence that was verified; path is what it is called. */
static bool take_evidence(struct creation *c, const char *copy, const struct verdict *v,
        const struct appraise_outcome *outcome, struct error *err)
{
    struct evidence_file f CLEANUP(evidence_file_close) = { 0 };
    const char *path = c->options->evidence;

    if (!evidence_file_open(&f, copy, err) || !set_quote(c, f.evidence.quote, err)) {
        return false;
    }
    const struct message_log *log = f.evidence.log;

    c->draft.padded = (outcome->progress.padded & 1u << c->draft.bank) != 0;
    if (log[LOG_KIND_BOOT].follows && f.boot_log.len > 0 &&
            !policy_draft_add_boot(&c->draft, buffer_view(&f.boot_log), &c->hasher, err)) {
        return about_input(c, path, err);
    }
    if (!log[LOG_KIND_IMA].follows || v->attested == 0) {
        return true;
    }
    struct source list = evidence_file_ima(&f);
    struct ima_digest_format format = { log[LOG_KIND_IMA].template_alg,
        log[LOG_KIND_IMA].template_size };

    return open_measured(c, err) && list.rewind(list.ctx, err) &&
            (policy_draft_add_list(&c->draft, &list, format, v->attested, c->measured.to,
                     &c->hasher, err) ||
                    about_input(c, path, err));
}

static bool use_evidence(struct creation *c, const struct case_request *request, struct error *err)
{
    struct verdict verdict CLEANUP(verdict_clear) = { 0 };
    struct appraise_outcome outcome = { 0 };

    return verify_evidence(c, request, &verdict, &outcome, err) &&
            take_evidence(c, request->evidence, &verdict, &outcome, err);
}

static bool add_fetched(struct creation *c, struct error *err)
{
    struct fetched_file fetched CLEANUP(fetched_file_close) = { 0 };
    struct case_request request = { .challenge_len = FETCH_CHALLENGE_SIZE };

    if (!fetched_file_get(&fetched, &c->options->fetch, err)) {
        return about_input(c, c->options->evidence, err);
    }
    request.evidence = fetched.path;
    memcpy(request.challenge, fetched.challenge, FETCH_CHALLENGE_SIZE);
    return use_evidence(c, &request, err);
}

static bool add_evidence(struct creation *c, struct error *err)
{
    FILE *copy CLEANUP(file_close) = tmpfile();
    struct case_request request = { 0 };
    char copied[32];

    if (copy == NULL) {
        return error_set(err, ERROR_IO, "temporary file: %s", strerror(errno));
    }
    (void)snprintf(copied, sizeof(copied), "/proc/self/fd/%d", fileno(copy));
    request.evidence = copied;
    return copy_file(c->options->evidence, copy, err) && use_evidence(c, &request, err);
}

/* One line on the terminal, drawn again when it would look different. */
static void draw_progress(void *ctx, uint64_t done, uint64_t all)
{
    static const char bar[] = "========================================";
    struct creation *c = ctx;
    unsigned int percent = all == 0 ? 100 : (unsigned int)(100 * (done < all ? done : all) / all);

    if (percent + 1 == c->drawn) {
        return;
    }
    c->drawn = percent + 1;
    fprintf(stderr, "\r%s [%-*.*s] %3u%%%s", c->options->root, BAR_WIDTH,
            (int)(percent * BAR_WIDTH / 100), bar, percent, percent == 100 ? "\n" : "");
}

static void saw_file(void *ctx, struct bytes path)
{
    struct creation *c = ctx;

    policy_draft_saw(&c->draft, path);
}

static bool add_root(struct creation *c, struct error *err)
{
    if (!output_open(&c->root, c->options->out, DRAFT_ROOT_LIST, err)) {
        return false;
    }
    struct policy_scan scan = {
        .root = c->options->root,
        .rows = c->root.to,
        .alg = c->draft.file_alg,
        .saw = saw_file,
        .progress = isatty(STDERR_FILENO) == 1 ? draw_progress : NULL,
        .ctx = c,
    };

    fprintf(c->root.to,
            "# Programs, libraries, modules and scripts of a file tree; made by tally policy "
            "create\n");
    if (!policy_scan_run(&scan, &c->hasher, err)) {
        return false;
    }
    c->draft.has_root = true;
    c->draft.root_files = scan.files;
    if (scan.failed > 0) {
        fprintf(stderr,
                "%" PRIu64 " files and folders could not be read: they are not in the list\n",
                scan.failed);
    }
    return true;
}

static bool make_folder(const char *path, struct error *err)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return error_set(err, ERROR_IO, "%s: %s", path, strerror(errno));
    }
    return true;
}

static void describe_origin(const struct options *o, char *dst, size_t size)
{
    const char *const sources[] = { o->evidence, o->boot_log, o->ima_log, o->root };
    size_t n = 0;

    dst[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(sources) && n + 3 < size; i++) {
        if (sources[i] == NULL) {
            continue;
        }
        if (n > 0) {
            memcpy(dst + n, ", ", 3);
            n += 2;
        }
        (void)bytes_escape(dst + n, size - n, bytes_of_text(sources[i]));
        n += strlen(dst + n);
    }
}

static bool add_sources(struct creation *c, struct error *err)
{
    if (c->options->fetch.uri != NULL) {
        return add_fetched(c, err);
    }
    return c->options->evidence != NULL ? add_evidence(c, err) : add_logs(c, err);
}

static bool gather(struct creation *c, struct error *err)
{
    if (!add_sources(c, err)) {
        return false;
    }
    if (c->options->root != NULL && !add_root(c, err)) {
        return false;
    }
    if (!c->draft.has_boot && !c->draft.has_list && !c->draft.has_root) {
        c->refused = true;
        return error_set(err, ERROR_MALFORMED, "%s: it holds no log", c->options->evidence);
    }
    return policy_draft_check(&c->draft, err) || about_input(c, c->options->evidence, err);
}

static bool write_policy(struct creation *c, struct error *err)
{
    char origin[1024];
    struct policy check CLEANUP(policy_clear) = { 0 };

    describe_origin(c->options, origin, sizeof(origin));
    policy_draft_print(&c->draft, origin, c->policy.to);
    if ((c->draft.has_list && !output_finish(&c->measured, err)) ||
            (c->draft.has_root && !output_finish(&c->root, err)) ||
            !output_finish(&c->policy, err)) {
        return false;
    }
    if (!policy_load(c->policy.path, &check, err)) {
        return error_wrap(err, "what was written cannot be read");
    }
    c->measured.kept = true;
    c->root.kept = true;
    c->policy.kept = true;
    return true;
}

static void say_what_cannot_pass(const struct policy_draft *d)
{
    if (d->zero > 0) {
        fprintf(stderr,
                "%" PRIu64 " records have a digest of zeros (the kernel could not hash the file): "
                "no list can allow them\n",
                d->zero);
    }
    if (d->nameless > 0) {
        fprintf(stderr, "%" PRIu64 " records yield no digest and name: no list can allow them\n",
                d->nameless);
    }
    if ((d->has_list || d->has_root) && !d->has_agent) {
        fprintf(stderr,
                "tally-agent is not among the files: if it runs on the host, it will be measured; "
                "add its digest\n");
    }
}

static void say_what_is_next(const struct creation *c)
{
    const struct policy_draft *d = &c->draft;

    printf("Wrote %s", c->policy.path);
    if (d->has_list) {
        printf(", %s (%" PRIu64 " files)", c->measured.path, d->files);
    }
    if (d->has_root) {
        printf(", %s (%" PRIu64 " files)", c->root.path, d->root_files);
    }
    printf("\nNext: tally policy check %s, read it, then give it to\n"
           "      tally appraise --policy %s ...\n",
            c->policy.path, c->policy.path);
}

int command_policy_create(int argc, char *argv[])
{
    struct options o = { 0 };
    struct error err = { 0 };
    int status = parse(argc, argv, &o);

    if (status != EXIT_SUCCESS) {
        return status < 0 ? EXIT_SUCCESS : status;
    }
    struct creation c CLEANUP(creation_clear) = {
        .options = &o,
        .draft = policy_draft_init(),
    };

    if (!hasher_init(&c.hasher, &err) || !make_folder(o.out, &err) ||
            !output_open(&c.policy, o.out, POLICY_NAME, &err) || !gather(&c, &err) ||
            !write_policy(&c, &err)) {
        print_error("policy create", &err);
        return c.refused ? EXIT_REFUSED : EXIT_FAILURE;
    }
    say_what_cannot_pass(&c.draft);
    say_what_is_next(&c);
    return EXIT_SUCCESS;
}
