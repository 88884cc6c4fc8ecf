/* SPDX-License-Identifier: BSD-3-Clause */
/* Plays firmware and kernel for the demo: extends what a real machine measured into another TPM,
 * and measures one more file as IMA would. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tss2/tss2_rc.h>

#include "common/writer.h"
#include "eventlog/event.h"
#include "eventlog/types.h"
#include "host/file.h"
#include "ima/list.h"
#include "ima/replay.h"
#include "tpm/device.h"

#define EXIT_USAGE    2
#define IMA_PCR       10
#define FILE_SIZE_MAX ((size_t)64 << 20)

/* What the kernel writes for a file by default: security/integrity/ima/ima_template.c. */
static const char template_name[] = "ima-sig";

struct machine {
    struct tpm_device tpm;
    struct pcr_selection banks;
    struct hasher hasher;
    struct ima_replay replay; /* computes what each bank is extended with */
    uint64_t extends;
};

static void machine_clear(struct machine *m)
{
    tpm_device_clear(&m->tpm);
    hasher_clear(&m->hasher);
}

static bool machine_open(struct machine *m, const char *tcti, struct error *err)
{
    struct ima_digest_format sha1 = { DIGEST_SHA1, digest_size(DIGEST_SHA1) };
    uint32_t banks = 0;

    if (!hasher_init(&m->hasher, err) || !tpm_device_open(&m->tpm, tcti, err) ||
            !tpm_device_banks(&m->tpm, &m->banks, err)) {
        return false;
    }
    for (size_t i = 0; i < m->banks.count; i++) {
        banks |= 1u << m->banks.bank[i].alg;
    }
    ima_replay_init(&m->replay, sha1, banks, false);
    return true;
}

static void add_digest(TPML_DIGEST_VALUES *list, enum digest_alg alg, const uint8_t *digest)
{
    TPMT_HA *next = &list->digests[list->count++];

    next->hashAlg = digest_tpm_id(alg);
    memcpy(&next->digest, digest, digest_size(alg));
}

static bool extend(struct machine *m, uint32_t pcr, const TPML_DIGEST_VALUES *digests,
        struct error *err)
{
    TSS2_RC rc = Esys_PCR_Extend(m->tpm.esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
            ESYS_TR_NONE, digests);

    if (rc != TSS2_RC_SUCCESS) {
        return error_set(err, ERROR_TPM, "PCR %u: %s", pcr, Tss2_RC_Decode(rc));
    }
    m->extends++;
    return true;
}

/* As the firmware did: every event but EV_NO_ACTION, into every bank. */
static bool measure_boot(struct machine *m, const char *path, struct error *err)
{
    struct buffer log CLEANUP(buffer_clear) = { 0 };
    struct eventlog cursor;
    struct event event;
    bool end = false;

    if (!file_read(path, EVENTLOG_SIZE_MAX, &log, err) ||
            !eventlog_open(buffer_view(&log), EVENTLOG_PCR, &cursor, err)) {
        return false;
    }
    while (eventlog_next(&cursor, &event, &end, err) && !end) {
        TPML_DIGEST_VALUES digests = { 0 };

        for (size_t i = 0; i < m->banks.count; i++) {
            struct bytes digest;

            if (event_digest_get(&event, m->banks.bank[i].alg, &digest)) {
                add_digest(&digests, m->banks.bank[i].alg, digest.ptr);
            }
        }
        if (event.type != EV_NO_ACTION && !extend(m, event.pcr, &digests, err)) {
            return false;
        }
    }
    return end;
}

/* As the kernel does for a record: each bank's own digest of the template data; 0xff for a
 * violation. */
static bool measure_record(void *ctx, const struct ima_entry *entry, struct error *err)
{
    struct machine *m = ctx;
    TPML_DIGEST_VALUES digests = { 0 };
    struct ima_measured measured;

    if (!ima_replay_add(&m->replay, &m->hasher, entry, &measured, err)) {
        return false;
    }
    for (size_t i = 0; i < m->banks.count; i++) {
        enum digest_alg alg = m->banks.bank[i].alg;

        if (measured.violation) {
            memset(measured.digest[alg], 0xff, digest_size(alg));
        }
        add_digest(&digests, alg, measured.digest[alg]);
    }
    return extend(m, entry->pcr, &digests, err);
}

static bool measure_list(struct machine *m, const char *path, struct error *err)
{
    struct file_source file CLEANUP(file_source_clear) = { 0 };
    struct ima_list list CLEANUP(ima_list_clear) = { 0 };
    struct bytes chunk;

    if (!file_source_open(&file, path, err)) {
        return false;
    }
    struct source source = file_source(&file);

    ima_list_init(&list, m->replay.format);
    do {
        if (!source.next(source.ctx, &chunk, err) ||
                !ima_list_feed(&list, chunk, measure_record, m, err)) {
            return false;
        }
    } while (chunk.len > 0);
    return ima_list_end(&list, err);
}

/* Fields of ima-sig: digest with the algorithm's name, path, signature (none here). */
static bool write_template_data(struct writer *w, const uint8_t *sha256, const char *name,
        struct bytes *out)
{
    static const char algorithm[] = "sha256:"; /* with its NUL */
    size_t size = digest_size(DIGEST_SHA256);

    writer_u32le(w, (uint32_t)(sizeof(algorithm) + size));
    writer_bytes(w, (struct bytes){ (const uint8_t *)algorithm, sizeof(algorithm) });
    writer_bytes(w, (struct bytes){ sha256, size });
    writer_u32le(w, (uint32_t)strlen(name) + 1);
    writer_bytes(w, bytes_of_text(name));
    writer_u8(w, 0);
    writer_u32le(w, 0);
    return writer_done(w, out);
}

static bool write_record(struct machine *m, const uint8_t *sha256, const char *name, uint8_t *dst,
        size_t size, struct bytes *out, struct error *err)
{
    uint8_t data_room[8192];
    uint8_t sha1[DIGEST_SIZE_MAX];
    struct writer data_writer = writer_init(data_room, sizeof(data_room));
    struct writer w = writer_init(dst, size);
    struct bytes data;

    if (!write_template_data(&data_writer, sha256, name, &data)) {
        return error_set(err, ERROR_LIMIT, "name too long");
    }
    if (!hasher_digest(&m->hasher, DIGEST_SHA1, data, sha1, err)) {
        return false;
    }
    writer_u32le(&w, IMA_PCR);
    writer_bytes(&w, (struct bytes){ sha1, digest_size(DIGEST_SHA1) });
    writer_u32le(&w, (uint32_t)strlen(template_name));
    writer_bytes(&w, bytes_of_text(template_name));
    writer_u32le(&w, (uint32_t)data.len);
    writer_bytes(&w, data);
    return writer_done(&w, out) || error_set(err, ERROR_LIMIT, "name too long");
}

static bool append(const char *path, struct bytes record, struct error *err)
{
    FILE *list = fopen(path, "ab");

    if (list == NULL) {
        return error_set(err, ERROR_IO, "%s: cannot open", path);
    }
    bool ok = fwrite(record.ptr, 1, record.len, list) == record.len;

    ok = fclose(list) == 0 && ok;
    return ok || error_set(err, ERROR_IO, "%s: cannot write", path);
}

/* As IMA does when a file is run: one record more, one extend more. */
static bool measure_file(struct machine *m, const char *list, const char *path, const char *name,
        struct error *err)
{
    struct buffer content CLEANUP(buffer_clear) = { 0 };
    uint8_t sha256[DIGEST_SIZE_MAX];
    uint8_t room[9000];
    struct bytes record;
    struct ima_entry entry;

    if (!file_read(path, FILE_SIZE_MAX, &content, err) ||
            !hasher_digest(&m->hasher, DIGEST_SHA256, buffer_view(&content), sha256, err) ||
            !write_record(m, sha256, name, room, sizeof(room), &record, err)) {
        return false;
    }
    struct reader in = reader_init(record);

    return ima_entry_read(&in, m->replay.format, &entry, err) && append(list, record, err) &&
            measure_record(m, &entry, err);
}

static bool run(struct machine *m, int argc, char *argv[], bool *out_usage, struct error *err)
{
    const char *what = argc > 2 ? argv[2] : "";

    if (argc == 4 && strcmp(what, "boot") == 0) {
        return machine_open(m, argv[1], err) && measure_boot(m, argv[3], err);
    }
    if (argc == 4 && strcmp(what, "list") == 0) {
        return machine_open(m, argv[1], err) && measure_list(m, argv[3], err);
    }
    if (argc == 6 && strcmp(what, "file") == 0) {
        return machine_open(m, argv[1], err) && measure_file(m, argv[3], argv[4], argv[5], err);
    }
    *out_usage = true;
    return false;
}

int main(int argc, char *argv[])
{
    struct machine m CLEANUP(machine_clear) = { 0 };
    struct error err = { 0 };
    bool usage = false;

    if (!run(&m, argc, argv, &usage, &err)) {
        if (usage) {
            fprintf(stderr,
                    "usage: tally-measure TCTI boot LOG | list LIST | file LIST FILE NAME\n");
            return EXIT_USAGE;
        }
        fprintf(stderr, "tally-measure: %s\n", err.text);
        return EXIT_FAILURE;
    }
    printf("%" PRIu64 " extended\n", m.extends);
    return EXIT_SUCCESS;
}
