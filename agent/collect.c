/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/collect.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/evidence.h"
#include "agent/tpm_attester.h"
#include "host/buffer.h"
#include "host/file.h"
#include "host/file_writer.h"
#include "ima/digest_format.h"
#include "protocol/message.h"

/* The logs that are there, while they are sent. */
struct logs {
    bool there[LOG_KIND_COUNT];
    struct file_source file[LOG_KIND_COUNT];
};

static void logs_clear(struct logs *logs)
{
    for (size_t i = 0; i < LOG_KIND_COUNT; i++) {
        file_source_clear(&logs->file[i]);
    }
}

/* What every verifier takes comes first, what hardly one takes comes last. */
static bool choose_bank(const struct pcr_selection *allocated, enum digest_alg *out)
{
    static const enum digest_alg order[] = { DIGEST_SHA256, DIGEST_SHA512, DIGEST_SHA384,
        DIGEST_SM3_256, DIGEST_SHA1 };

    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        if (pcr_selection_mask(allocated, order[i]) != 0) {
            *out = order[i];
            return true;
        }
    }
    return false;
}

static bool choose_selection(struct tpm_attester *tpm, const struct collect_request *request,
        struct pcr_selection *out, struct error *err)
{
    struct pcr_selection allocated;
    struct pcr_selection s = request->banks;

    if (s.count == 0) {
        if (!tpm_attester_banks(tpm, &allocated, err)) {
            return false;
        }
        if (!choose_bank(&allocated, &s.bank[0].alg)) {
            return error_set(err, ERROR_TPM, "the TPM has no bank of PCRs that we know");
        }
        s.count = 1;
    }
    for (size_t i = 0; i < s.count; i++) {
        s.bank[i].mask = request->pcrs;
    }
    *out = s;
    return true;
}

static bool prove(const struct agent_config *config, const struct collect_request *request,
        struct attester_proof *out, struct pcr_selection *selection, struct error *err)
{
    struct tpm_place place = tpm_place_of(config);
    struct tpm_attester tpm;

    if (!tpm_attester_init(&tpm, &place, err)) {
        return false;
    }
    struct attester attester = tpm_attester(&tpm);
    bool ok = choose_selection(&tpm, request, selection, err) &&
            attester.prove(attester.ctx, request->challenge, selection, out, err);

    tpm_attester_clear(&tpm);
    return ok;
}

static bool open_log(struct logs *logs, enum log_kind kind, const char *path, struct error *err)
{
    logs->there[kind] = access(path, F_OK) == 0 || errno != ENOENT;
    return !logs->there[kind] || file_source_open(&logs->file[kind], path, err);
}

static bool write_chunk(struct file_writer *w, const struct message_chunk *chunk,
        struct buffer *scratch, struct error *err)
{
    struct bytes encoded;

    return message_chunk_encode(chunk, scratch->data, scratch->len, &encoded, err) &&
            file_writer_add(w, encoded, err);
}

/* Those that an operator or a shell sends to end us. */
static sigset_t deadly_signals(void)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGQUIT);
    (void)sigaddset(&set, SIGTERM);
    return set;
}

static bool is_to_end(void)
{
    sigset_t deadly = deadly_signals();
    sigset_t pending;

    return sigpending(&pending) == 0 && sigandset(&pending, &pending, &deadly) == 0 &&
            sigisemptyset(&pending) == 0;
}

/* A chunk that is not full reached the end: what is measured from now on belongs to the next quote.
 */
static bool write_log(struct file_writer *w, enum log_kind kind, struct file_source *file,
        struct buffer *scratch, uint64_t *out_size, struct error *err)
{
    struct source s = file_source(file);
    struct message_chunk chunk = { .log = kind };

    while (!chunk.last) {
        if (is_to_end()) {
            return error_set(err, ERROR_IO, "interrupted");
        }
        if (!s.next(s.ctx, &chunk.data, err)) {
            return false;
        }
        chunk.last = chunk.data.len < FILE_CHUNK_SIZE;
        if (!write_chunk(w, &chunk, scratch, err)) {
            return error_wrap(err, "%s", log_kind_name(kind));
        }
        chunk.offset += chunk.data.len;
    }
    *out_size = chunk.offset;
    return true;
}

static bool write_evidence(struct file_writer *w, const struct attester_proof *proof,
        const struct agent_config *config, const struct logs *logs, struct buffer *scratch,
        struct error *err)
{
    struct ima_digest_format format = ima_digest_format_of_path(config->ima_log);
    struct message_log log[LOG_KIND_COUNT] = { 0 };
    struct bytes encoded;

    for (size_t i = 0; i < LOG_KIND_COUNT; i++) {
        log[i].follows = logs->there[i];
    }
    log[LOG_KIND_IMA].template_alg = format.alg;
    log[LOG_KIND_IMA].template_size = format.size;
    return evidence_encode(proof, log, scratch->data, scratch->len, &encoded, err) &&
            file_writer_add(w, encoded, err);
}

static bool write_all(const char *path, const struct agent_config *config,
        const struct attester_proof *proof, struct logs *logs, struct collect_summary *summary,
        struct error *err)
{
    struct file_writer w CLEANUP(file_writer_clear) = { 0 };
    struct buffer scratch CLEANUP(buffer_clear) = { malloc(MESSAGE_SIZE_MAX), MESSAGE_SIZE_MAX };

    if (scratch.data == NULL) {
        return error_set(err, ERROR_NOMEM, "evidence");
    }
    if (!file_writer_open(&w, path, FILE_REPLACE, err) ||
            !write_evidence(&w, proof, config, logs, &scratch, err)) {
        return false;
    }
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        summary->has_log[kind] = logs->there[kind];
        if (logs->there[kind] &&
                !write_log(&w, kind, &logs->file[kind], &scratch, &summary->log_size[kind], err)) {
            return false;
        }
    }
    return file_writer_commit(&w, err);
}

/* A signal that is to end us waits for the end of a chunk, so that no part of a file stays behind.
 */
static bool write_file(const char *path, const struct agent_config *config,
        const struct attester_proof *proof, struct logs *logs, struct collect_summary *summary,
        struct error *err)
{
    sigset_t deadly = deadly_signals();
    sigset_t before;

    (void)sigprocmask(SIG_BLOCK, &deadly, &before);
    bool ok = write_all(path, config, proof, logs, summary, err);

    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return ok;
}

bool collect_to_file(const struct agent_config *config, const struct collect_request *request,
        const char *path, struct collect_summary *out, struct error *err)
{
    const char *const paths[LOG_KIND_COUNT] = {
        [LOG_KIND_BOOT] = config->boot_log,
        [LOG_KIND_IMA] = config->ima_log,
        [LOG_KIND_USERSPACE] = config->userspace_log,
    };
    struct logs logs CLEANUP(logs_clear) = { 0 };
    struct collect_summary summary = { 0 };
    struct attester_proof proof = { 0 };

    if (!prove(config, request, &proof, &summary.selection, err)) {
        return false;
    }
    summary.ak_name = proof.ak_name;
    summary.ak_created = proof.ak_created;
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        if (!open_log(&logs, kind, paths[kind], err)) {
            return error_wrap(err, "%s", log_kind_name(kind));
        }
    }
    if (!write_file(path, config, &proof, &logs, &summary, err)) {
        return false;
    }
    *out = summary;
    return true;
}
