/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/forge.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/writer.h"
#include "eventlog/types.h"
#include "tests/forge_internal.h"

#define SHA1_SIZE  20
#define CHUNK_SIZE 4096

const char *const forge_files[FORGE_FILE_COUNT] = {
    "/usr/lib/systemd/systemd",
    "/usr/lib/libc.so.6",
    "/usr/bin/bash",
    "/usr/bin/a_name_with_underscores",
    "/usr/bin/true",
};

void forge_require(bool holds, const char *what, int line)
{
    if (!holds) {
        fprintf(stderr, "forge: line %d: %s\n", line, what);
        abort();
    }
}

void forge_add(struct forge_bytes *b, struct bytes more)
{
    if (b->len + more.len > b->room) {
        b->room = 2 * (b->len + more.len);
        b->data = realloc(b->data, b->room);
        REQUIRE(b->data != NULL);
    }
    if (more.len > 0) {
        memcpy(b->data + b->len, more.ptr, more.len);
    }
    b->len += more.len;
}

void forge_bytes_clear(struct forge_bytes *b)
{
    free(b->data);
    *b = (struct forge_bytes){ 0 };
}

void forge_digest(enum digest_alg alg, struct bytes in, uint8_t *out)
{
    REQUIRE(EVP_Q_digest(NULL, digest_name(alg), NULL, in.ptr, in.len, out, NULL) == 1);
}

static void add_u32le(struct forge_bytes *b, uint32_t v)
{
    uint8_t le[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

    forge_add(b, (struct bytes){ le, sizeof(le) });
}

static void add_u16le(struct forge_bytes *b, unsigned int v)
{
    uint8_t le[2] = { (uint8_t)v, (uint8_t)(v >> 8) };

    forge_add(b, (struct bytes){ le, sizeof(le) });
}

/* The SHA-1 record that every log starts with. */
static void add_spec(struct forge *f)
{
    static const uint8_t header[] = "Spec ID Event03";
    static const uint8_t version[] = { 0, 0, 0, 0, 0, 2, 0, 2 };
    static const uint8_t zeros[SHA1_SIZE];
    struct forge_bytes spec = { 0 };

    forge_add(&spec, (struct bytes){ header, sizeof(header) });
    forge_add(&spec, (struct bytes){ version, sizeof(version) });
    add_u32le(&spec, (uint32_t)__builtin_popcount(f->banks));
    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        if ((f->banks & 1u << alg) != 0) {
            add_u16le(&spec, digest_tpm_id((enum digest_alg)alg));
            add_u16le(&spec, (unsigned int)digest_size((enum digest_alg)alg));
        }
    }
    forge_add(&spec, (struct bytes){ zeros, 1 });
    add_u32le(&f->boot_log, 0);
    add_u32le(&f->boot_log, EV_NO_ACTION);
    forge_add(&f->boot_log, (struct bytes){ zeros, sizeof(zeros) });
    add_u32le(&f->boot_log, (uint32_t)spec.len);
    forge_add(&f->boot_log, forge_view(&spec));
    forge_bytes_clear(&spec);
}

void forge_init(struct forge *f, uint32_t banks, const struct forge_key *key)
{
    *f = (struct forge){
        .banks = banks,
        .format = { DIGEST_SHA1, SHA1_SIZE },
        .key = *key,
        .send_boot_log = true,
        .send_list = true,
    };
    memset(f->nonce, 0x5a, sizeof(f->nonce));
    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        for (unsigned int pcr = 0; (banks & 1u << alg) != 0 && pcr < PCR_COUNT; pcr++) {
            uint8_t value[DIGEST_SIZE_MAX];

            memset(value, pcr >= 17 && pcr <= 22 ? 0xff : 0, sizeof(value));
            pcr_values_set(&f->tpm, (enum digest_alg)alg, pcr, value);
        }
    }
    add_spec(f);
}

void forge_clear(struct forge *f)
{
    forge_bytes_clear(&f->boot_log);
    forge_bytes_clear(&f->list);
    forge_bytes_clear(&f->attest);
    forge_bytes_clear(&f->signature);
}

static void extend(struct forge *f, enum digest_alg alg, unsigned int pcr, const uint8_t *digest)
{
    uint8_t both[2 * DIGEST_SIZE_MAX];
    size_t size = digest_size(alg);

    memcpy(both, f->tpm.value[alg][pcr], size);
    memcpy(both + size, digest, size);
    forge_digest(alg, (struct bytes){ both, 2 * size }, f->tpm.value[alg][pcr]);
}

void forge_extend(struct forge *f, enum digest_alg alg, unsigned int pcr, struct bytes data)
{
    uint8_t digest[DIGEST_SIZE_MAX];

    forge_digest(alg, data, digest);
    extend(f, alg, pcr, digest);
}

void forge_event_in(struct forge *f, uint32_t banks, enum forge_step step, uint32_t pcr,
        uint32_t type, struct bytes data)
{
    struct forge_bytes record = { 0 };

    add_u32le(&record, pcr);
    add_u32le(&record, type);
    add_u32le(&record, (uint32_t)__builtin_popcount(banks));
    for (unsigned int i = 0; i < DIGEST_ALG_COUNT; i++) {
        enum digest_alg alg = (enum digest_alg)i;
        uint8_t digest[DIGEST_SIZE_MAX] = { 0 };

        if ((banks & 1u << i) == 0) {
            continue;
        }
        if (type != EV_NO_ACTION) {
            forge_digest(alg, data, digest);
        }
        if (type != EV_NO_ACTION && (step & FORGE_EXTEND) != 0) {
            extend(f, alg, pcr, digest);
        }
        add_u16le(&record, digest_tpm_id(alg));
        forge_add(&record, (struct bytes){ digest, digest_size(alg) });
    }
    add_u32le(&record, (uint32_t)data.len);
    forge_add(&record, data);
    if ((step & FORGE_LOG) != 0) {
        forge_add(&f->boot_log, forge_view(&record));
    }
    forge_bytes_clear(&record);
}

void forge_event(struct forge *f, enum forge_step step, uint32_t pcr, uint32_t type,
        const char *text)
{
    forge_event_in(f, f->banks, step, pcr, type, bytes_of_text(text));
}

void forge_separator(struct forge *f, enum forge_step step, uint32_t pcr)
{
    static const uint8_t zeros[4];

    forge_event_in(f, f->banks, step, pcr, EV_SEPARATOR, (struct bytes){ zeros, sizeof(zeros) });
}

void forge_locality(struct forge *f, uint8_t locality)
{
    uint8_t data[17] = "StartupLocality";

    data[16] = locality;
    forge_event_in(f, f->banks, FORGE_LOG, 0, EV_NO_ACTION, (struct bytes){ data, sizeof(data) });
}

void forge_boot(struct forge *f)
{
    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        char text[32];

        (void)snprintf(text, sizeof(text), "firmware %u", (unsigned int)pcr);
        forge_event(f, FORGE_BOTH, pcr, EV_POST_CODE, text);
        forge_separator(f, FORGE_BOTH, pcr);
    }
    forge_event(f, FORGE_BOTH, 8, EV_IPL, "grub_cmd: linux /vmlinuz");
    forge_event(f, FORGE_BOTH, 9, EV_IPL, "/vmlinuz");
    forge_event(f, FORGE_BOTH, 14, EV_IPL, "MokList");
}

struct bytes forge_fields(uint8_t *dst, size_t size, const struct bytes *values, size_t count)
{
    struct writer w = writer_init(dst, size);
    struct bytes out = { 0 };

    for (size_t i = 0; i < count; i++) {
        writer_u32le(&w, (uint32_t)values[i].len);
        writer_bytes(&w, values[i]);
    }
    REQUIRE(writer_done(&w, &out));
    return out;
}

struct bytes forge_ng(uint8_t *dst, size_t size, const char *prefix, struct bytes digest,
        struct bytes name)
{
    uint8_t d_ng[64 + DIGEST_SIZE_MAX];
    size_t prefix_len = strlen(prefix) + 1;
    struct forge_bytes n_ng = { 0 };

    REQUIRE(prefix_len + digest.len <= sizeof(d_ng));
    memcpy(d_ng, prefix, prefix_len);
    memcpy(d_ng + prefix_len, digest.ptr, digest.len);
    forge_add(&n_ng, name);
    forge_add(&n_ng, (struct bytes){ (const uint8_t *)"", 1 });

    struct bytes values[] = { { d_ng, prefix_len + digest.len }, forge_view(&n_ng) };
    struct bytes out = forge_fields(dst, size, values, 2);

    forge_bytes_clear(&n_ng);
    return out;
}

static void add_record(struct forge *f, uint32_t pcr, struct bytes digest, const char *template,
        struct bytes data)
{
    if (f->records < FORGE_RECORDS_MAX) {
        f->record_at[f->records] = f->list.len;
    }
    f->records++;
    add_u32le(&f->list, pcr);
    forge_add(&f->list, digest);
    add_u32le(&f->list, (uint32_t)strlen(template));
    forge_add(&f->list, bytes_of_text(template));
    if (strcmp(template, "ima") != 0) {
        add_u32le(&f->list, (uint32_t)data.len);
    }
    forge_add(&f->list, data);
}

/* "ima" hashes the name with zeros up to 256 bytes and no lengths. */
static struct bytes hashed_part(const char *template, struct bytes data, uint8_t *room)
{
    if (strcmp(template, "ima") != 0) {
        return data;
    }
    memset(room, 0, SHA1_SIZE + 256);
    memcpy(room, data.ptr, SHA1_SIZE);
    memcpy(room + SHA1_SIZE, data.ptr + SHA1_SIZE + 4, data.len - SHA1_SIZE - 4);
    return (struct bytes){ room, SHA1_SIZE + 256 };
}

void forge_record(struct forge *f, enum forge_step step, uint32_t pcr, const char *template,
        struct bytes data)
{
    uint8_t room[SHA1_SIZE + 256];
    uint8_t logged[DIGEST_SIZE_MAX] = { 0 };
    struct bytes hashed = hashed_part(template, data, room);

    for (unsigned int i = 0; (step & FORGE_EXTEND) != 0 && i < DIGEST_ALG_COUNT; i++) {
        uint8_t digest[DIGEST_SIZE_MAX] = { 0 };
        enum digest_alg alg = (enum digest_alg)i;

        if ((f->banks & 1u << i) != 0) {
            forge_digest((f->padded & 1u << i) != 0 ? DIGEST_SHA1 : alg, hashed, digest);
            extend(f, alg, pcr, digest);
        }
    }
    if ((step & FORGE_LOG) != 0) {
        forge_digest(f->format.alg, hashed, logged);
        add_record(f, pcr, (struct bytes){ logged, f->format.size }, template, data);
    }
}

void forge_violation(struct forge *f, enum forge_step step, uint32_t pcr, const char *template,
        struct bytes data)
{
    static const uint8_t zeros[DIGEST_SIZE_MAX];

    for (unsigned int i = 0; (step & FORGE_EXTEND) != 0 && i < DIGEST_ALG_COUNT; i++) {
        uint8_t ones[DIGEST_SIZE_MAX] = { 0 };
        bool short_ones = f->ones20 && (f->padded & 1u << i) != 0;

        memset(ones, 0xff, short_ones ? SHA1_SIZE : sizeof(ones));
        if ((f->banks & 1u << i) != 0) {
            extend(f, (enum digest_alg)i, pcr, ones);
        }
    }
    if ((step & FORGE_LOG) != 0) {
        add_record(f, pcr, (struct bytes){ zeros, f->format.size }, template, data);
    }
}

struct bytes forge_digest_field(const char *prefix, struct bytes content, uint8_t *room)
{
    size_t n = strlen(prefix) + 1;

    memcpy(room, prefix, n);
    forge_digest(DIGEST_SHA256, content, room + n);
    return (struct bytes){ room, n + 32 };
}

struct bytes forge_file_data(const char *path, uint8_t *room, size_t size)
{
    uint8_t digest[32];

    forge_digest(DIGEST_SHA256, bytes_of_text(path), digest);
    return forge_ng(room, size, "sha256:", (struct bytes){ digest, sizeof(digest) },
            bytes_of_text(path));
}

void forge_file(struct forge *f, enum forge_step step, uint32_t pcr, const char *path)
{
    uint8_t data[8192];

    forge_record(f, step, pcr, "ima-ng", forge_file_data(path, data, sizeof(data)));
}

void forge_file_digest(struct forge *f, uint32_t pcr, const char *prefix, struct bytes digest,
        const char *path)
{
    uint8_t data[8192];

    forge_record(f, FORGE_BOTH, pcr, "ima-ng",
            forge_ng(data, sizeof(data), prefix, digest, bytes_of_text(path)));
}

void forge_aggregate(struct forge *f, enum digest_alg alg, unsigned int last_pcr)
{
    uint8_t values[PCR_COUNT * DIGEST_SIZE_MAX];
    uint8_t digest[DIGEST_SIZE_MAX];
    size_t size = digest_size(alg);
    char prefix[16];

    for (unsigned int pcr = 0; pcr <= last_pcr; pcr++) {
        memcpy(values + pcr * size, f->tpm.value[alg][pcr], size);
    }
    forge_digest(alg, (struct bytes){ values, (last_pcr + 1) * size }, digest);
    (void)snprintf(prefix, sizeof(prefix), "%s:", digest_name(alg));
    forge_file_digest(f, 10, prefix, (struct bytes){ digest, size }, "boot_aggregate");
}

void forge_honest(struct forge *f)
{
    forge_boot(f);
    forge_aggregate(f, DIGEST_SHA256, 9);
    for (size_t i = 0; i < FORGE_FILE_COUNT; i++) {
        forge_file(f, FORGE_BOTH, 10, forge_files[i]);
    }
}

static bool list_next(void *ctx, struct bytes *out, struct error *err)
{
    struct forge *f = ctx;
    size_t left = f->list.len - f->read_at;

    (void)err;
    *out = (struct bytes){ 0 };
    f->passes += f->read_at == 0 ? 1 : 0;
    if (left > 0) {
        *out = (struct bytes){ f->list.data + f->read_at, left < CHUNK_SIZE ? left : CHUNK_SIZE };
    }
    f->read_at += out->len;
    return true;
}

static bool list_rewind(void *ctx, struct error *err)
{
    struct forge *f = ctx;

    (void)err;
    f->read_at = 0;
    return true;
}

struct source forge_list_source(struct forge *f)
{
    f->read_at = 0;
    return (struct source){ list_next, list_rewind, f };
}

void forge_dir_make(struct forge_dir *d)
{
    const char *base = getenv("TMPDIR");

    (void)snprintf(d->path, sizeof(d->path), "%s/forge-XXXXXX", base != NULL ? base : "/tmp");
    REQUIRE(mkdtemp(d->path) != NULL);
}

void forge_dir_remove(const struct forge_dir *d)
{
    DIR *dir = opendir(d->path);

    REQUIRE(dir != NULL);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[512];

        (void)snprintf(path, sizeof(path), "%s/%s", d->path, e->d_name);
        if (e->d_name[0] != '.') {
            (void)unlink(path);
        }
    }
    (void)closedir(dir);
    (void)rmdir(d->path);
}

const char *forge_dir_write(const struct forge_dir *d, const char *name, struct bytes content)
{
    static char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", d->path, name);
    FILE *file = fopen(path, "wb");

    REQUIRE(file != NULL);
    REQUIRE(content.len == 0 || fwrite(content.ptr, 1, content.len, file) == content.len);
    REQUIRE(fclose(file) == 0);
    return path;
}
