/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/buffer.h"
#include "host/file.h"
#include "host/file_writer.h"
#include "ima/digest_format.h"
#include "protocol/binding.h"
#include "protocol/message.h"
#include "tpm/quote.h"

/* Everything that comes from the TPM. */
struct proof {
    struct tpm_key key;
    struct tpm_blob attest;
    struct tpm_blob signature;
    struct pcr_values hints;
};

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

static bool choose_selection(struct tpm_device *dev, const struct collect_request *request,
        struct pcr_selection *out, struct error *err)
{
    struct pcr_selection allocated;
    struct pcr_selection s = request->banks;
    char text[128];

    if (!tpm_device_banks(dev, &allocated, err)) {
        return false;
    }
    if (s.count == 0) {
        if (!choose_bank(&allocated, &s.bank[0].alg)) {
            return error_set(err, ERROR_TPM, "the TPM has no bank of PCRs that we know");
        }
        s.count = 1;
    }
    for (size_t i = 0; i < s.count; i++) {
        s.bank[i].mask = request->pcrs;
        if ((request->pcrs & ~pcr_selection_mask(&allocated, s.bank[i].alg)) != 0) {
            return error_set(err, ERROR_CONFIG,
                    "the TPM has not all of these PCRs in bank %s; it has %s (tpm2_pcrallocate "
                    "allocates banks)",
                    digest_name(s.bank[i].alg),
                    pcr_selection_print(text, sizeof(text), &allocated));
        }
    }
    *out = s;
    return true;
}

/* A TPM leaves out what it does not have: say so here, not only to the verifier. */
static bool check_quote(const struct proof *proof, struct bytes qualifying,
        const struct pcr_selection *want, struct error *err)
{
    struct pcr_selection got;
    struct tpm_attest a;

    return (tpm_attest_read(tpm_blob_view(&proof->attest), &a, err) && tpm_check_magic(&a, err) &&
                   tpm_check_type(&a, err) && tpm_check_nonce(&a, qualifying, err) &&
                   tpm_selection_read(&a.selection, &got, err) &&
                   tpm_check_selection(&got, want, err)) ||
            error_wrap(err, "the TPM made a quote of no use");
}

static bool prove(const struct agent_config *config, const struct collect_request *request,
        struct hasher *h, struct proof *out, struct collect_summary *summary, struct error *err)
{
    struct tpm_device dev CLEANUP(tpm_device_clear) = { 0 };
    uint8_t qualifying[BINDING_SIZE];
    struct binding binding = { .challenge = request->challenge };

    if (!tpm_device_open(&dev, config->tcti, err) ||
            !choose_selection(&dev, request, &summary->selection, err) ||
            !tpm_device_key(&dev, h, config->ak_handle, config->ak_kind, &out->key,
                    &summary->ak_created, err)) {
        return false;
    }
    summary->ak_name = out->key.name;
    binding.ak_name = tpm_name_view(&summary->ak_name);
    return binding_digest(h, &binding, qualifying, err) &&
            tpm_device_quote(&dev, &out->key, (struct bytes){ qualifying, sizeof(qualifying) },
                    &summary->selection, &out->attest, &out->signature, err) &&
            check_quote(out, (struct bytes){ qualifying, sizeof(qualifying) }, &summary->selection,
                    err) &&
            tpm_device_pcrs(&dev, &summary->selection, &out->hints, err);
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

/* A chunk that is not full reached the end: what is measured from now on belongs to the next quote.
 */
static bool write_log(struct file_writer *w, enum log_kind kind, struct file_source *file,
        struct buffer *scratch, uint64_t *out_size, struct error *err)
{
    struct source s = file_source(file);
    struct message_chunk chunk = { .log = kind };

    while (!chunk.last) {
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

static bool write_evidence(struct file_writer *w, const struct proof *proof,
        const struct agent_config *config, const struct logs *logs, struct buffer *scratch,
        struct error *err)
{
    struct message_evidence m = {
        .quote = tpm_blob_view(&proof->attest),
        .signature = tpm_blob_view(&proof->signature),
        .ak_public = tpm_blob_view(&proof->key.public),
        .ek_public = tpm_blob_view(&proof->key.ek),
        .hints = proof->hints,
        .agent_version = bytes_of_text("tally-agent " TALLY_VERSION),
    };
    struct ima_digest_format format = ima_digest_format_of_path(config->ima_log);
    struct bytes encoded;

    for (size_t i = 0; i < LOG_KIND_COUNT; i++) {
        m.log[i].follows = logs->there[i];
    }
    m.log[LOG_KIND_IMA].template_alg = format.alg;
    m.log[LOG_KIND_IMA].template_size = format.size;
    return message_evidence_encode(&m, scratch->data, scratch->len, &encoded, err) &&
            file_writer_add(w, encoded, err);
}

static bool write_file(const char *path, const struct agent_config *config,
        const struct proof *proof, struct logs *logs, struct collect_summary *summary,
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

bool collect_to_file(const struct agent_config *config, const struct collect_request *request,
        const char *path, struct collect_summary *out, struct error *err)
{
    const char *const paths[LOG_KIND_COUNT] = {
        [LOG_KIND_BOOT] = config->boot_log,
        [LOG_KIND_IMA] = config->ima_log,
        [LOG_KIND_USERSPACE] = config->userspace_log,
    };
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct logs logs CLEANUP(logs_clear) = { 0 };
    struct collect_summary summary = { 0 };
    struct proof proof = { 0 };

    if (!hasher_init(&h, err) || !prove(config, request, &h, &proof, &summary, err)) {
        return false;
    }
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
