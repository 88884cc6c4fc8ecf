/* SPDX-License-Identifier: BSD-3-Clause */
#include "tpm/quote.h"

#include <inttypes.h>

#include "common/reader.h"
#include "tpm/algorithm.h"

/* sizeof(TPMU_NAME) and sizeof(TPMT_HA) with SHA-512: an algorithm and a digest. */
#define NAME_MAX_SIZE (2 + DIGEST_SIZE_MAX)
#define DATA_MAX_SIZE (2 + DIGEST_SIZE_MAX)

static bool truncated(const struct reader *r, const char *what, struct error *err)
{
    return error_set(err, ERROR_TRUNCATED, "attest ends at offset %zu, inside %s", reader_offset(r),
            what);
}

static bool read_clock(struct reader *r, struct tpm_clock *out, struct error *err)
{
    uint8_t safe;

    if (!reader_u64be(r, &out->clock_ms) || !reader_u32be(r, &out->reset) ||
            !reader_u32be(r, &out->restart) || !reader_u8(r, &safe)) {
        return truncated(r, "clockInfo", err);
    }
    if (safe > 1) {
        return error_set(err, ERROR_MALFORMED, "clockInfo.safe is %u, want 0 or 1", safe);
    }
    out->safe = safe == 1;
    return true;
}

/* What attestations of every type start with, after the magic. */
static bool read_header(struct reader *r, struct tpm_attest *a, struct error *err)
{
    if (!reader_u16be(r, &a->type) || !reader_take_u16be(r, &a->qualified_signer)) {
        return truncated(r, "qualifiedSigner", err);
    }
    if (a->qualified_signer.len > NAME_MAX_SIZE) {
        return error_set(err, ERROR_LIMIT, "qualifiedSigner of %zu bytes, at most %d",
                a->qualified_signer.len, NAME_MAX_SIZE);
    }
    if (!reader_take_u16be(r, &a->extra_data)) {
        return truncated(r, "extraData", err);
    }
    if (a->extra_data.len > DATA_MAX_SIZE) {
        return error_set(err, ERROR_LIMIT, "extraData of %zu bytes, at most %d", a->extra_data.len,
                DATA_MAX_SIZE);
    }
    if (!read_clock(r, &a->clock, err)) {
        return false;
    }
    return reader_u64be(r, &a->firmware) || truncated(r, "firmwareVersion", err);
}

/* TPML_PCR_SELECTION. */
static bool read_selection(struct reader *r, struct tpm_selection *out, struct error *err)
{
    uint32_t count;

    if (!reader_u32be(r, &count)) {
        return truncated(r, "pcrSelect", err);
    }
    if (count > TPM_SELECTION_MAX) {
        return error_set(err, ERROR_LIMIT, "pcrSelect of %" PRIu32 " banks, at most %d", count,
                TPM_SELECTION_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint8_t size;

        if (!reader_u16be(r, &out->bank[i].alg) || !reader_u8(r, &size) ||
                !reader_take(r, size, &out->bank[i].bits)) {
            return truncated(r, "pcrSelect", err);
        }
    }
    out->count = count;
    return true;
}

/* TPMS_QUOTE_INFO, to the end of the attest. */
static bool read_quote(struct reader *r, struct tpm_attest *a, struct error *err)
{
    if (!read_selection(r, &a->selection, err)) {
        return false;
    }
    if (!reader_take_u16be(r, &a->pcr_digest)) {
        return truncated(r, "pcrDigest", err);
    }
    if (a->pcr_digest.len > DIGEST_SIZE_MAX) {
        return error_set(err, ERROR_LIMIT, "pcrDigest of %zu bytes, at most %d", a->pcr_digest.len,
                DIGEST_SIZE_MAX);
    }
    if (!reader_done(r)) {
        return error_set(err, ERROR_MALFORMED, "%zu bytes after the end of the quote",
                reader_left(r));
    }
    return true;
}

bool tpm_attest_read(struct bytes in, struct tpm_attest *out, struct error *err)
{
    struct reader r = reader_init(in);
    struct tpm_attest a = { 0 };

    if (!reader_u32be(&r, &a.magic)) {
        return truncated(&r, "magic", err);
    }
    if (a.magic == TPM_GENERATED && !read_header(&r, &a, err)) {
        return false;
    }
    if (a.type == TPM_ATTEST_QUOTE && !read_quote(&r, &a, err)) {
        return false;
    }
    *out = a;
    return true;
}

const char *tpm_attest_type_name(uint16_t type)
{
    switch (type) {
    case TPM_ATTEST_NV:
        return "nv";
    case TPM_ATTEST_COMMAND_AUDIT:
        return "command audit";
    case TPM_ATTEST_SESSION_AUDIT:
        return "session audit";
    case TPM_ATTEST_CERTIFY:
        return "certify";
    case TPM_ATTEST_QUOTE:
        return "quote";
    case TPM_ATTEST_TIME:
        return "time";
    case TPM_ATTEST_CREATION:
        return "creation";
    case TPM_ATTEST_NV_DIGEST:
        return "nv digest";
    default:
        return "unknown";
    }
}

/* A longer or shorter list of bits says the same as long as what is left out is zero. */
static bool read_mask(struct bytes bits, uint32_t *out)
{
    uint32_t mask = 0;

    for (size_t i = 0; i < bits.len; i++) {
        if (i >= PCR_COUNT / 8 && bits.ptr[i] != 0) {
            return false;
        }
        if (i < PCR_COUNT / 8) {
            mask |= (uint32_t)bits.ptr[i] << 8 * i;
        }
    }
    *out = mask;
    return true;
}

static bool selects_bank(const struct pcr_selection *s, enum digest_alg alg)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->bank[i].alg == alg) {
            return true;
        }
    }
    return false;
}

bool tpm_selection_read(const struct tpm_selection *in, struct pcr_selection *out,
        struct error *err)
{
    struct pcr_selection s = { 0 };
    uint32_t any = 0;

    for (size_t i = 0; i < in->count; i++) {
        uint16_t id = in->bank[i].alg;
        enum digest_alg alg;
        uint32_t mask;

        if (!digest_from_tpm_id(id, &alg)) {
            return error_set(err, ERROR_UNSUPPORTED, "bank %s (0x%04x) is not supported",
                    tpm_alg_name(id), id);
        }
        /* No bank twice, so s.bank, which has a place for each, never overflows. */
        if (selects_bank(&s, alg)) {
            return error_set(err, ERROR_MALFORMED, "bank %s is selected twice", digest_name(alg));
        }
        if (!read_mask(in->bank[i].bits, &mask)) {
            return error_set(err, ERROR_MALFORMED, "a PCR of %d or more is selected in bank %s",
                    PCR_COUNT, digest_name(alg));
        }
        s.bank[s.count++] = (struct pcr_selection_bank){ .alg = alg, .mask = mask };
        any |= mask;
    }
    if (any == 0) {
        return error_set(err, ERROR_MALFORMED,
                "no PCR is selected (a TPM leaves out banks it has not allocated)");
    }
    *out = s;
    return true;
}

bool tpm_check_magic(const struct tpm_attest *a, struct error *why)
{
    if (a->magic != TPM_GENERATED) {
        return error_set(why, ERROR_MALFORMED, "magic is 0x%08" PRIx32 ", want 0x%08x", a->magic,
                TPM_GENERATED);
    }
    return true;
}

bool tpm_check_type(const struct tpm_attest *a, struct error *why)
{
    if (a->type != TPM_ATTEST_QUOTE) {
        return error_set(why, ERROR_MALFORMED, "type is %s (0x%04x), want quote (0x%04x)",
                tpm_attest_type_name(a->type), a->type, TPM_ATTEST_QUOTE);
    }
    return true;
}

static bool differs(const char *what, struct bytes got, struct bytes want, struct error *why)
{
    char got_hex[2 * NAME_MAX_SIZE + 1];
    char want_hex[2 * NAME_MAX_SIZE + 1];

    if (got.len == 0) {
        return error_set(why, ERROR_MALFORMED, "%s is empty, want %s", what,
                bytes_hex(want_hex, sizeof(want_hex), want));
    }
    return error_set(why, ERROR_MALFORMED, "%s is %s, want %s", what,
            bytes_hex(got_hex, sizeof(got_hex), got), bytes_hex(want_hex, sizeof(want_hex), want));
}

bool tpm_check_nonce(const struct tpm_attest *a, struct bytes nonce, struct error *why)
{
    if (nonce.len == 0) {
        return error_set(why, ERROR_MALFORMED, "an empty nonce proves nothing");
    }
    return bytes_equal_secret(a->extra_data, nonce) ||
            differs("extraData", a->extra_data, nonce, why);
}

bool tpm_check_signer(const struct tpm_attest *a, struct bytes name, struct error *why)
{
    if (name.len == 0) {
        return error_set(why, ERROR_MALFORMED, "an empty qualified name identifies no key");
    }
    return bytes_equal(a->qualified_signer, name) ||
            differs("qualifiedSigner", a->qualified_signer, name, why);
}

bool tpm_check_selection(const struct pcr_selection *got, const struct pcr_selection *want,
        struct error *why)
{
    char got_text[128];
    char want_text[128];
    bool same = got->count == want->count && want->count > 0;

    for (size_t i = 0; same && i < want->count; i++) {
        same = got->bank[i].alg == want->bank[i].alg && got->bank[i].mask == want->bank[i].mask;
    }
    if (!same) {
        return error_set(why, ERROR_MALFORMED, "the quote covers %s, want %s",
                pcr_selection_print(got_text, sizeof(got_text), got),
                pcr_selection_print(want_text, sizeof(want_text), want));
    }
    return true;
}

bool tpm_check_pcr_digest(const struct tpm_attest *a, struct bytes digest, struct error *why)
{
    if (digest.len == 0) {
        return error_set(why, ERROR_MALFORMED, "an empty digest proves nothing");
    }
    return bytes_equal(a->pcr_digest, digest) || differs("pcrDigest", a->pcr_digest, digest, why);
}
