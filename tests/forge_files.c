/* SPDX-License-Identifier: BSD-3-Clause */

/* forge_files DIR: write forged evidence into DIR, for tests that run the programs. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "protocol/binding.h"
#include "protocol/message.h"
#include "tests/forge.h"
#include "tests/forge_internal.h"
#include "tpm/ak.h"

#define CHALLENGE_SIZE 32

static struct forge_key key;
static struct forge_dir dir;

static void write_file(const char *name, const struct forge_bytes *b)
{
    (void)forge_dir_write(&dir, name, forge_view(b));
}

static void write_text(const char *name, const char *text)
{
    (void)forge_dir_write(&dir, name, bytes_of_text(text));
}

/* Lines "BANK INDEX HEX" of the PCRs in mask. */
static void write_pcrs(const char *name, const struct pcr_values *v, enum digest_alg alg,
        uint32_t mask)
{
    struct forge_bytes text = { 0 };

    for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
        char hex[2 * DIGEST_SIZE_MAX + 1];
        char line[256];
        struct bytes value;

        if ((mask & 1u << pcr) != 0 && pcr_values_get(v, alg, pcr, &value)) {
            (void)snprintf(line, sizeof(line), "%s %u %s\n", digest_name(alg), pcr,
                    bytes_hex(hex, sizeof(hex), value));
            forge_add(&text, bytes_of_text(line));
        }
    }
    write_file(name, &text);
    forge_bytes_clear(&text);
}

static void add_chunk(struct forge_bytes *out, enum log_kind log, struct bytes data)
{
    struct message_chunk chunk = { .log = log, .last = true, .data = data };
    size_t size = data.len + 256;
    uint8_t *room = malloc(size);
    struct error err = { 0 };
    struct bytes b = { 0 };

    REQUIRE(room != NULL && message_chunk_encode(&chunk, room, size, &b, &err));
    forge_add(out, b);
    free(room);
}

static void write_evidence(const char *name, struct forge *f)
{
    static uint8_t room[MESSAGE_EVIDENCE_MAX];
    struct forge_bytes out = { 0 };
    struct error err = { 0 };
    struct bytes b;
    struct message_evidence m = {
        .quote = forge_view(&f->attest),
        .signature = forge_view(&f->signature),
        .ak_public = forge_key_public(&f->key),
        .hints = f->hints,
        .agent_version = bytes_of_text("forged"),
        .log[LOG_KIND_BOOT].follows = true,
    };

    if (f->send_list) {
        m.log[LOG_KIND_IMA] = (struct message_log){ true, 0, 0, f->format.alg, f->format.size };
    }

    REQUIRE(message_evidence_encode(&m, room, sizeof(room), &b, &err));
    forge_add(&out, b);
    add_chunk(&out, LOG_KIND_BOOT, forge_view(&f->boot_log));
    if (f->send_list) {
        add_chunk(&out, LOG_KIND_IMA, forge_view(&f->list));
    }
    write_file(name, &out);
    forge_bytes_clear(&out);
}

/* qualifyingData of evidence that was collected with this challenge. */
static void bind(struct forge *f, const uint8_t challenge[CHALLENGE_SIZE])
{
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
    struct error err = { 0 };

    REQUIRE(hasher_init(&h, &err) && tpm_ak_from_public(&h, forge_key_public(&key), &ak, &err));
    struct binding binding = {
        .challenge = { challenge, CHALLENGE_SIZE },
        .ak_name = tpm_name_view(&ak.name),
    };
    char hex[2 * CHALLENGE_SIZE + 1];
    char name[2 * sizeof(ak.name.data) + 1];

    REQUIRE(binding_digest(&h, &binding, f->quote.nonce, &err));
    write_text("challenge", bytes_hex(hex, sizeof(hex), binding.challenge));
    write_text("ak.name", bytes_hex(name, sizeof(name), binding.ak_name));
}

static void quote(struct forge *f, const char *attest, const char *signature)
{
    forge_sign(f);
    write_file(attest, &f->attest);
    write_file(signature, &f->signature);
}

static void write_list(void)
{
    struct forge_bytes list = { 0 };

    for (size_t i = 0; i < FORGE_FILE_COUNT; i++) {
        uint8_t digest[32];
        char hex[65];
        char line[512];

        forge_digest(DIGEST_SHA256, bytes_of_text(forge_files[i]), digest);
        (void)snprintf(line, sizeof(line), "%s  %s\n",
                bytes_hex(hex, sizeof(hex), (struct bytes){ digest, sizeof(digest) }),
                forge_files[i]);
        forge_add(&list, bytes_of_text(line));
    }
    write_file("allow.sha256", &list);
    forge_bytes_clear(&list);
}

static void write_honest(struct forge *f)
{
    static const uint8_t challenge[CHALLENGE_SIZE] = { 1, 2, 3 };
    struct forge_bytes pem = { 0 };
    char hex[65];

    forge_honest(f);
    forge_ask(f, FORGE_SHA256, FORGE_PCRS);
    quote(f, "quote", "signature");
    write_text("nonce", bytes_hex(hex, sizeof(hex), (struct bytes){ f->nonce, sizeof(f->nonce) }));
    (void)forge_dir_write(&dir, "ak.pub", forge_key_public(&f->key));
    forge_key_pem(&f->key, &pem);
    write_file("ak.pem", &pem);
    write_file("boot", &f->boot_log);
    write_file("list", &f->list);
    write_pcrs("pcrs", &f->tpm, DIGEST_SHA256, FORGE_PCRS);
    write_pcrs("pcrs.boot", &f->tpm, DIGEST_SHA256, 0x43ff);
    write_pcrs("pcrs.list", &f->tpm, DIGEST_SHA256, 1u << 10);
    write_pcrs("pcrs.16", &f->tpm, DIGEST_SHA256, 1u << 16);
    f->quote.clock.safe = false;
    quote(f, "unsafe.quote", "unsafe.signature");
    f->quote.clock.safe = true;
    f->quote.type = TPM_ATTEST_CERTIFY;
    quote(f, "certify.quote", "certify.signature");
    f->quote.type = TPM_ATTEST_QUOTE;
    bind(f, challenge);
    forge_sign(f);
    write_evidence("evidence", f);
    forge_bytes_clear(&pem);
}

/* An unknown file with a name that is hard to print, a changed one, a violation. */
static void write_bad(struct forge *f)
{
    static const uint8_t digest[32] = { 1 };
    uint8_t room[256];

    forge_file(f, FORGE_BOTH, 10, "/tmp/\x1b[2J\n\xff\\x41 \"quoted\" \xc3\xa4");
    forge_file_digest(f, 10, "sha256:", (struct bytes){ digest, sizeof(digest) }, "/usr/bin/bash");
    forge_violation(f, FORGE_BOTH, 10, "ima-ng",
            forge_ng(room, sizeof(room), "sha256:", (struct bytes){ digest, sizeof(digest) },
                    bytes_of_text("/var/log/\xfe")));
    forge_ask(f, FORGE_SHA256, FORGE_PCRS);
    quote(f, "bad.quote", "bad.signature");
    write_file("bad.list", &f->list);
    write_pcrs("bad.pcrs", &f->tpm, DIGEST_SHA256, FORGE_PCRS);
}

static void write_doctored(struct forge *f)
{
    struct forge_bytes list = { 0 };

    forge_add(&list, (struct bytes){ f->list.data, f->record_at[FORGE_FILE_COUNT] });
    list.data[f->record_at[2] + 4] ^= 1;
    write_file("digest.list", &list);
    list.data[f->record_at[2] + 4] ^= 1;
    list.len = f->record_at[2];
    write_file("short.list", &list);
    forge_bytes_clear(&list);
}

/* Evidence whose quote covers less than its logs tell of. */
static void write_partly_quoted(void)
{
    struct forge f;

    forge_init(&f, FORGE_SHA1 | FORGE_SHA256, &key);
    forge_honest(&f);
    forge_ask(&f, FORGE_SHA1, FORGE_PCRS);
    quote(&f, "sha1.quote", "sha1.signature");
    write_evidence("sha1.evidence", &f);
    forge_ask(&f, FORGE_SHA256, 1u << 10);
    forge_sign(&f);
    write_evidence("list.evidence", &f);
    forge_event(&f, FORGE_LOG, 0, 1, "never measured");
    f.send_list = false;
    forge_ask(&f, FORGE_SHA256, 1u << 8 | 1u << 9 | 1u << 14);
    forge_sign(&f);
    write_evidence("unquoted.evidence", &f);
    forge_ask(&f, FORGE_SHA256, 1u << 4 | 1u << 8 | 1u << 9 | 1u << 14);
    quote(&f, "part.quote", "part.signature");
    write_evidence("part.evidence", &f);
    write_file("part.boot", &f.boot_log);
    forge_clear(&f);
}

int main(int argc, char *argv[])
{
    struct forge f;
    struct forge_key other;

    if (argc != 2 || strlen(argv[1]) >= sizeof(dir.path)) {
        fprintf(stderr, "usage: forge_files DIR\n");
        return EXIT_FAILURE;
    }
    if (mkdir(argv[1], 0700) != 0 && errno != EEXIST) {
        perror(argv[1]);
        return EXIT_FAILURE;
    }
    strcpy(dir.path, argv[1]);
    forge_key_make(&key, FORGE_P256, FORGE_AK_ATTRIBUTES);
    forge_key_make(&other, FORGE_P256, FORGE_AK_ATTRIBUTES);
    (void)forge_dir_write(&dir, "other.pub", forge_key_public(&other));
    write_list();
    write_text("policy.yaml",
            "version: 1\nboot: unchecked\nima:\n  allow: [ { file: allow.sha256 } ]\n");
    forge_init(&f, FORGE_SHA1 | FORGE_SHA256, &key);
    write_honest(&f);
    write_bad(&f);
    write_doctored(&f);
    forge_clear(&f);
    write_partly_quoted();
    forge_key_clear(&key);
    forge_key_clear(&other);
    return EXIT_SUCCESS;
}
