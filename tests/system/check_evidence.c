/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An evidence file, taken apart without the verifier: check_evidence FILE CHALLENGE BOOT-LOG
 * IMA-LOG USERSPACE-LOG ("-": must not be there). Prints the AK's Name, its scheme and whether its
 * EK is known.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/file.h"
#include "protocol/binding.h"
#include "protocol/message.h"
#include "protocol/stream.h"
#include "tpm/ak.h"
#include "tpm/quote.h"

static bool check_digest(struct hasher *h, const struct tpm_attest *a, const struct tpm_ak *ak,
        const struct message_evidence *m, struct error *err)
{
    uint8_t digest[DIGEST_SIZE_MAX];
    struct pcr_selection s;
    enum digest_alg hash;

    return digest_from_tpm_id(ak->scheme.hash, &hash) &&
            tpm_selection_read(&a->selection, &s, err) &&
            pcr_composite(h, hash, &s, &m->hints, digest, err) &&
            tpm_check_pcr_digest(a, (struct bytes){ digest, digest_size(hash) }, err);
}

static bool check_signer(struct hasher *h, const struct tpm_attest *a,
        const struct message_evidence *m, struct error *err)
{
    struct tpm_public ak;
    struct tpm_public ek;
    struct tpm_name name;

    return m->ek_public.len == 0 ||
            (tpm_public_read(m->ak_public, &ak, err) && tpm_public_read(m->ek_public, &ek, err) &&
                    tpm_qualified_name(h, &ek, &ak, &name, err) &&
                    tpm_check_signer(a, tpm_name_view(&name), err));
}

static bool check_proof(struct hasher *h, const struct message_evidence *m, const char *challenge,
        struct error *err)
{
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
    struct tpm_signature sig;
    struct tpm_attest a;
    uint8_t qualifying[BINDING_SIZE];
    uint8_t bytes[MESSAGE_CHALLENGE_MAX];
    struct binding b = { .challenge.ptr = bytes };
    char name[2 * sizeof(ak.name.data) + 1];

    if (!bytes_from_hex(bytes_of_text(challenge), bytes, sizeof(bytes), &b.challenge.len) ||
            !tpm_ak_from_public(h, m->ak_public, &ak, err)) {
        return false;
    }
    b.ak_name = tpm_name_view(&ak.name);
    printf("%s %s:%s %s\n", bytes_hex(name, sizeof(name), b.ak_name), tpm_alg_name(ak.scheme.alg),
            tpm_alg_name(ak.scheme.hash), m->ek_public.len > 0 ? "ek" : "no-ek");
    return binding_digest(h, &b, qualifying, err) && tpm_attest_read(m->quote, &a, err) &&
            tpm_signature_read(m->signature, &sig, err) && tpm_check_magic(&a, err) &&
            tpm_check_type(&a, err) && tpm_check_attributes(&ak, err) &&
            tpm_check_signature(&ak, h, m->quote, &sig, err) &&
            tpm_check_nonce(&a, (struct bytes){ qualifying, sizeof(qualifying) }, err) &&
            check_signer(h, &a, m, err) && check_digest(h, &a, &ak, m, err);
}

/* Every chunk is what the file has at its place, and the last one ends where the file does. */
static bool check_logs(struct message_stream *s, const struct message_evidence *m,
        char *const paths[LOG_KIND_COUNT], struct error *err)
{
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        struct buffer log CLEANUP(buffer_clear) = { 0 };
        struct message_chunk chunk = { 0 };
        uint64_t at = 0;

        if (m->log[kind].follows != (strcmp(paths[kind], "-") != 0)) {
            return error_set(err, ERROR_MALFORMED, "%s is there or not, and should not be",
                    log_kind_name(kind));
        }
        if (m->log[kind].follows && !file_read(paths[kind], (size_t)1 << 28, &log, err)) {
            return false;
        }
        while (m->log[kind].follows && !chunk.last) {
            struct bytes message;

            if (!message_stream_next(s, &message, err) ||
                    !message_chunk_decode(message, &chunk, err)) {
                return false;
            }
            if (chunk.log != kind || chunk.offset != at || chunk.data.len > log.len - at ||
                    memcmp(chunk.data.ptr, log.data + at, chunk.data.len) != 0) {
                return error_set(err, ERROR_MALFORMED, "%s differs at %" PRIu64,
                        log_kind_name(kind), at);
            }
            at += chunk.data.len;
        }
        if (at != log.len) {
            return error_set(err, ERROR_MALFORMED, "%s ends early", log_kind_name(kind));
        }
    }
    return true;
}

static bool check(char *argv[], struct error *err)
{
    char *const logs[LOG_KIND_COUNT] = { NULL, argv[3], argv[4], argv[5] };
    struct buffer file CLEANUP(buffer_clear) = { 0 };
    struct buffer whole CLEANUP(buffer_clear) = { 0 };
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct message_evidence m;
    struct message_stream s;
    struct bytes message;

    if (!hasher_init(&h, err) || !file_read(argv[1], (size_t)1 << 28, &file, err)) {
        return false;
    }
    /* The stream wants room for the longest message. */
    whole.data = calloc(1, file.len + MESSAGE_SIZE_MAX);
    if (whole.data == NULL) {
        return error_set(err, ERROR_NOMEM, "evidence");
    }
    memcpy(whole.data, file.data, file.len);
    s = message_stream_init(whole.data, file.len + MESSAGE_SIZE_MAX);
    message_stream_added(&s, file.len);
    return message_stream_next(&s, &message, err) && message_evidence_decode(message, &m, err) &&
            check_proof(&h, &m, argv[2], err) && check_logs(&s, &m, logs, err) &&
            message_stream_finish(&s, err);
}

int main(int argc, char *argv[])
{
    struct error err = { 0 };

    if (argc != 6 || !check(argv, &err)) {
        fprintf(stderr, "check_evidence: %s (%s)\n", err.text, error_code_name(err.code));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
