/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench-evidence FEED ENTRIES CHALLENGE EVIDENCE AK: an evidence file of any size, over the first
 * ENTRIES records of FEED, and the key that signed it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/evidence.h"
#include "host/file_writer.h"
#include "tests/bench/software_attester.h"

#define SELECTED 0x7ffu /* what bench.py's policies ask for */

/* Beside each other, as the list is written while the attester measures. */
struct paths {
    const char *evidence;
    char list[4096];
};

static bool add_evidence(struct software_attester *s, struct bytes challenge,
        struct file_writer *out, struct error *err)
{
    static uint8_t room[MESSAGE_EVIDENCE_MAX];
    static struct attester_proof proof;
    const struct message_log log[LOG_KIND_COUNT] = {
        [LOG_KIND_IMA] = { .follows = true, .template_alg = DIGEST_SHA1, .template_size = 20 },
    };
    const struct pcr_selection selection = { 1, { { DIGEST_SHA256, SELECTED } } };
    struct attester attester = software_attester(s);
    struct bytes message;

    return attester.prove(attester.ctx, challenge, &selection, &proof, err) &&
            evidence_encode(&proof, log, room, sizeof(room), &message, err) &&
            file_writer_add(out, message, err);
}

static bool add_chunks(FILE *list, struct file_writer *out, struct error *err)
{
    static uint8_t data[MESSAGE_CHUNK_DATA_MAX];
    static uint8_t room[MESSAGE_CHUNK_MAX];
    struct message_chunk chunk = { .log = LOG_KIND_IMA };

    while (!chunk.last) {
        struct bytes message;

        chunk.offset += chunk.data.len;
        chunk.data = (struct bytes){ data, fread(data, 1, sizeof(data), list) };
        chunk.last = chunk.data.len < sizeof(data);
        if (!message_chunk_encode(&chunk, room, sizeof(room), &message, err) ||
                !file_writer_add(out, message, err)) {
            return false;
        }
    }
    return true;
}

static bool write_evidence(struct software_attester *s, struct bytes challenge,
        const struct paths *paths, struct error *err)
{
    struct file_writer out CLEANUP(file_writer_clear) = { 0 };
    FILE *list = fopen(paths->list, "rbe");

    if (list == NULL) {
        return error_set(err, ERROR_IO, "%s", paths->list);
    }
    bool ok = file_writer_open(&out, paths->evidence, FILE_REPLACE, err) &&
            add_evidence(s, challenge, &out, err) && add_chunks(list, &out, err) &&
            file_writer_commit(&out, err);

    (void)fclose(list);
    return ok;
}

int main(int argc, char *argv[])
{
    struct software_attester s = { 0 };
    struct error err = { 0 };
    struct paths paths;
    uint8_t challenge[MESSAGE_CHALLENGE_MAX];
    size_t len;

    if (argc != 6 || !bytes_from_hex(bytes_of_text(argv[3]), challenge, sizeof(challenge), &len)) {
        fprintf(stderr, "usage: bench-evidence FEED ENTRIES CHALLENGE EVIDENCE AK\n");
        return EXIT_FAILURE;
    }
    paths.evidence = argv[4];
    (void)snprintf(paths.list, sizeof(paths.list), "%s.list", argv[4]);
    bool ok = software_attester_open(&s, FORGE_P256, argv[1], strtoull(argv[2], NULL, 10), 0,
                      paths.list, &err) &&
            write_evidence(&s, (struct bytes){ challenge, len }, &paths, &err) &&
            file_write(argv[5], FILE_REPLACE, forge_key_public(&s.key), &err);

    if (!ok) {
        fprintf(stderr, "bench-evidence: %s\n", err.text);
    }
    software_attester_close(&s);
    (void)remove(paths.list);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
