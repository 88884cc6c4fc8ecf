/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Quotes of real TPMs and of our own boots: all are read as an independent reader did, and all that
 * come with a key verify. Both folders lie beside the project and may be absent.
 */
#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <openssl/pem.h>

#include "common/writer.h"
#include "host/file.h"
#include "tests/check.h"
#include "tpm/ak.h"
#include "tpm/quote.h"

#define FILE_MAX ((size_t)1 << 20)
#define SKIPPED  77

static struct hasher h;
static char corpus[4096];
static char captures[4200];

static bool is_folder(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool read_in(const char *dir, const char *name, struct buffer *out)
{
    struct error err = { 0 };
    char path[4500];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return CHECKF(file_read(path, FILE_MAX, out, &err), "%s", err.text);
}

static bool exists_in(const char *dir, const char *name)
{
    struct stat st;
    char path[4500];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    return stat(path, &st) == 0;
}

static bool hex_is(struct bytes got, const char *want)
{
    char hex[2 * 256 + 1];

    return CHECK_TEXT(bytes_of_text(bytes_hex(hex, sizeof(hex), got)), want);
}

/* quote.rsapss.msg was made by ak.rsapss, the others by the only key or the ECC one. */
static const char *key_of_quote(const char *dir, const char *quote)
{
    if (exists_in(dir, "ak.pub")) {
        return "ak";
    }
    return strstr(quote, ".rsapss.") != NULL    ? "ak.rsapss"
            : strstr(quote, ".rsassa.") != NULL ? "ak.rsassa"
                                                : "ak.ecc";
}

static void verify_with(const char *dir, const char *key, bool pss, struct bytes quote,
        const struct tpm_signature *sig)
{
    struct tpm_scheme scheme = { TPM_ALG_RSAPSS, 0x000b };
    struct buffer key_bytes CLEANUP(buffer_clear) = { 0 };
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
    struct error err = { 0 };

    if (read_in(dir, key, &key_bytes) &&
            CHECKF(tpm_ak_read(&h, buffer_view(&key_bytes), pss ? &scheme : NULL, &ak, &err), "%s",
                    err.text)) {
        CHECKF(tpm_check_signature(&ak, &h, quote, sig, &err), "%s: %s", key, err.text);
        CHECKF(!ak.has_public || tpm_check_attributes(&ak, &err), "%s", err.text);
    }
}

static void verify_signer(const char *dir, const char *key, const struct tpm_attest *a)
{
    struct buffer ak_bytes CLEANUP(buffer_clear) = { 0 };
    struct buffer ek_bytes CLEANUP(buffer_clear) = { 0 };
    struct tpm_public ak;
    struct tpm_public ek;
    struct tpm_name name;
    struct error err = { 0 };

    CHECKF(read_in(dir, key, &ak_bytes) && read_in(dir, "ek.pub", &ek_bytes) &&
                    tpm_public_read(buffer_view(&ak_bytes), &ak, &err) &&
                    tpm_public_read(buffer_view(&ek_bytes), &ek, &err) &&
                    tpm_qualified_name(&h, &ek, &ak, &name, &err) &&
                    tpm_check_signer(a, tpm_name_view(&name), &err),
            "%s", err.text);
}

static void check_capture(const char *dir, const char *quote_name)
{
    struct buffer quote CLEANUP(buffer_clear) = { 0 };
    struct buffer sig_bytes CLEANUP(buffer_clear) = { 0 };
    struct buffer nonce_hex CLEANUP(buffer_clear) = { 0 };
    struct tpm_attest a;
    struct tpm_signature sig;
    struct pcr_selection s;
    struct error err = { 0 };
    char name[300];
    const char *key = key_of_quote(dir, quote_name);
    uint8_t nonce[64];
    size_t nonce_len;

    (void)snprintf(name, sizeof(name), "%.*s.sig", (int)strlen(quote_name) - 4, quote_name);
    if (!read_in(dir, quote_name, &quote) || !read_in(dir, name, &sig_bytes) ||
            !read_in(dir, "nonce.hex", &nonce_hex) ||
            !CHECKF(tpm_attest_read(buffer_view(&quote), &a, &err) &&
                            tpm_signature_read(buffer_view(&sig_bytes), &sig, &err),
                    "%s", err.text)) {
        return;
    }
    while (nonce_hex.len > 0 && nonce_hex.data[nonce_hex.len - 1] == '\n') {
        nonce_hex.len--;
    }
    CHECK(bytes_from_hex(buffer_view(&nonce_hex), nonce, sizeof(nonce), &nonce_len));
    CHECKF(tpm_check_magic(&a, &err) && tpm_check_type(&a, &err) &&
                    tpm_check_nonce(&a, (struct bytes){ nonce, nonce_len }, &err),
            "%s", err.text);
    /* Its TPM has no SHA-256 bank: R70. */
    CHECK(tpm_selection_read(&a.selection, &s, &err) == (strstr(dir, "ima-sig-bank1only") == NULL));
    (void)snprintf(name, sizeof(name), "%s.pub", key);
    verify_with(dir, name, false, buffer_view(&quote), &sig);
    verify_signer(dir, name, &a);
    (void)snprintf(name, sizeof(name), "%s.pem", key);
    verify_with(dir, name, strstr(key, "rsapss") != NULL, buffer_view(&quote), &sig);
}

static void quotes_of_our_own_boots_verify(void)
{
    DIR *top = opendir(captures);
    size_t count = 0;

    if (top == NULL) {
        printf("skipped: no captures at %s\n", captures);
        return;
    }
    for (struct dirent *d; (d = readdir(top)) != NULL;) {
        char dir[4500];
        DIR *capture;

        (void)snprintf(dir, sizeof(dir), "%s/%s", captures, d->d_name);
        capture = d->d_name[0] != '.' && is_folder(dir) ? opendir(dir) : NULL;
        for (struct dirent *f; capture != NULL && (f = readdir(capture)) != NULL;) {
            size_t len = strlen(f->d_name);

            if (strncmp(f->d_name, "quote", 5) == 0 && strcmp(f->d_name + len - 4, ".msg") == 0) {
                char row[600];

                (void)snprintf(row, sizeof(row), "%s/%s", d->d_name, f->d_name);
                check_case = row;
                check_capture(dir, f->d_name);
                check_case = "";
                count++;
            }
        }
        if (capture != NULL) {
            (void)closedir(capture);
        }
    }
    (void)closedir(top);
    CHECK(count > 30);
    printf("%zu captured quotes\n", count);
}

static void compare_fields(const struct tpm_attest *a, const json_t *want)
{
    json_t *clock = json_object_get(want, "clock");
    json_t *sel = json_object_get(want, "sel");
    char text[32];

    CHECK_UINT(a->magic, TPM_GENERATED);
    (void)snprintf(text, sizeof(text), "0x%x", a->type);
    CHECK_TEXT(bytes_of_text(text), json_string_value(json_object_get(want, "type")));
    hex_is(a->qualified_signer, json_string_value(json_object_get(want, "qs")));
    hex_is(a->extra_data, json_string_value(json_object_get(want, "extra")));
    hex_is(a->pcr_digest, json_string_value(json_object_get(want, "digest")));
    CHECK_UINT(a->clock.clock_ms, (uint64_t)json_integer_value(json_array_get(clock, 0)));
    CHECK_UINT(a->clock.reset, (uint64_t)json_integer_value(json_array_get(clock, 1)));
    CHECK_UINT(a->clock.restart, (uint64_t)json_integer_value(json_array_get(clock, 2)));
    CHECK_UINT(a->clock.safe, (uint64_t)json_integer_value(json_array_get(clock, 3)));
    (void)snprintf(text, sizeof(text), "0x%jx", (uintmax_t)a->firmware);
    CHECK_TEXT(bytes_of_text(text), json_string_value(json_object_get(want, "fw")));
    CHECK_UINT(a->selection.count, json_array_size(sel));
}

static void compare_selection(const struct tpm_attest *a, const json_t *want)
{
    json_t *sel = json_object_get(want, "sel");
    struct pcr_selection s;
    struct error err = { 0 };

    if (json_array_size(sel) == 0) {
        CHECK(!tpm_selection_read(&a->selection, &s, &err));
        return;
    }
    if (!CHECKF(tpm_selection_read(&a->selection, &s, &err), "%s", err.text)) {
        return;
    }
    for (size_t i = 0; i < json_array_size(sel); i++) {
        json_t *bank = json_array_get(sel, i);
        json_t *pcrs = json_array_get(bank, 1);
        uint32_t mask = 0;

        for (size_t k = 0; k < json_array_size(pcrs); k++) {
            mask |= 1u << json_integer_value(json_array_get(pcrs, k));
        }
        CHECK_TEXT(bytes_of_text(digest_name(s.bank[i].alg)),
                json_string_value(json_array_get(bank, 0)));
        CHECK_UINT(s.bank[i].mask, mask);
    }
}

/* Some come as bare RSA bytes: put the two algorithms and the size in front. */
static void wrap_rsa(struct buffer *sig)
{
    uint8_t head[6];
    struct writer w = writer_init(head, sizeof(head));
    uint8_t *whole = malloc(sig->len + sizeof(head));

    writer_u16be(&w, TPM_ALG_RSASSA);
    writer_u16be(&w, 0x000b);
    writer_u16be(&w, (uint16_t)sig->len);
    memcpy(whole, head, sizeof(head));
    memcpy(whole + sizeof(head), sig->data, sig->len);
    free(sig->data);
    *sig = (struct buffer){ whole, sig->len + sizeof(head) };
}

/* go-attestation's keys lack the size of a TPM2B_PUBLIC. */
static void wrap_public(struct buffer *key)
{
    uint8_t *whole = malloc(key->len + 2);

    whole[0] = (uint8_t)(key->len >> 8);
    whole[1] = (uint8_t)key->len;
    memcpy(whole + 2, key->data, key->len);
    free(key->data);
    *key = (struct buffer){ whole, key->len + 2 };
}

static void der_to_pem(struct buffer *key)
{
    const uint8_t *at = key->data;
    EVP_PKEY *parsed = d2i_PUBKEY(NULL, &at, (long)key->len);
    BIO *bio = BIO_new(BIO_s_mem());
    uint8_t *text;

    CHECK(PEM_write_bio_PUBKEY(bio, parsed) == 1);
    key->len = (size_t)BIO_get_mem_data(bio, &text);
    free(key->data);
    key->data = memcpy(malloc(key->len), text, key->len);
    (void)BIO_free(bio);
    EVP_PKEY_free(parsed);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);

    return len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0;
}

/* True when the quote came with a key we can read, and so was verified. */
static bool compare_signature(const char *dir, struct bytes quote, const json_t *want)
{
    const char *key_name = json_string_value(json_object_get(want, "ak"));
    const char *sig_name = json_string_value(json_object_get(want, "sigfile"));
    const char *hash_name = json_string_value(json_array_get(json_object_get(want, "sig"), 1));
    struct buffer sig_bytes CLEANUP(buffer_clear) = { 0 };
    struct buffer key_bytes CLEANUP(buffer_clear) = { 0 };
    struct tpm_ak ak CLEANUP(tpm_ak_clear) = { 0 };
    struct tpm_signature sig;
    struct error err = { 0 };

    if (!read_in(dir, sig_name, &sig_bytes)) {
        return false;
    }
    if (ends_with(sig_name, "rawrsa.bin")) {
        wrap_rsa(&sig_bytes);
    }
    if (!CHECKF(tpm_signature_read(buffer_view(&sig_bytes), &sig, &err), "%s", err.text)) {
        return false;
    }
    CHECK_TEXT(bytes_of_text(tpm_alg_name(sig.hash)), hash_name);
    /* The key of hcl_report.bin is inside a report of another kind. */
    if (key_name == NULL || ends_with(key_name, "report.bin") ||
            !read_in(dir, key_name, &key_bytes)) {
        return false;
    }
    if (ends_with(key_name, "tpmt_public.bin")) {
        wrap_public(&key_bytes);
    } else if (ends_with(key_name, ".der")) {
        der_to_pem(&key_bytes);
    }
    if (!CHECKF(tpm_ak_read(&h, buffer_view(&key_bytes), NULL, &ak, &err), "%s", err.text)) {
        return false;
    }
    bool good = tpm_check_signature(&ak, &h, quote, &sig, &err);

    /* The one SHA-1 signature is genuine and refused all the same: R10. */
    CHECKF(good == (strcmp(hash_name, "sha1") != 0), "%s", err.text);
    if (exists_in(dir, "sig_invalid.raw.bin")) {
        struct buffer bad CLEANUP(buffer_clear) = { 0 };

        CHECK(read_in(dir, "sig_invalid.raw.bin", &bad));
        CHECK(tpm_signature_read(buffer_view(&bad), &sig, &err) &&
                !tpm_check_signature(&ak, &h, quote, &sig, &err));
    }
    return true;
}

static void quotes_of_real_tpms_are_read_as_an_independent_reader_did(void)
{
    json_error_t json_err;
    char path[4500];
    json_t *all;
    json_t *want;
    const char *name;
    size_t count = 0;
    size_t verified = 0;

    (void)snprintf(path, sizeof(path), "%s/expected_quotes.json", corpus);
    all = json_load_file(path, JSON_REJECT_DUPLICATES, &json_err);
    if (all == NULL) {
        printf("skipped: no corpus at %s\n", corpus);
        return;
    }
    json_object_foreach(all, name, want)
    {
        struct buffer quote CLEANUP(buffer_clear) = { 0 };
        struct tpm_attest a;
        struct error err = { 0 };
        char dir[4500];

        check_case = name;
        count++;
        (void)snprintf(dir, sizeof(dir), "%s/quote/%.*s", corpus, (int)strcspn(name, "/"), name);
        if (!read_in(dir, strchr(name, '/') + 1, &quote)) {
            continue;
        }
        if (!tpm_attest_read(buffer_view(&quote), &a, &err) || a.magic != TPM_GENERATED) {
            CHECKF(json_object_get(want, "err") != NULL, "%s", err.text); /* a quote of TPM 1.2 */
            continue;
        }
        compare_fields(&a, want);
        compare_selection(&a, want);
        verified += compare_signature(dir, buffer_view(&quote), want);
    }
    check_case = "";
    json_decref(all);
    CHECK(count >= 26 && verified >= 10);
    printf("%zu quotes of the corpus, %zu with a key\n", count, verified);
}

int main(void)
{
    static const struct test tests[] = {
        { "quotes of our own boots verify", quotes_of_our_own_boots_verify },
        { "quotes of real TPMs are read as an independent reader did",
                quotes_of_real_tpms_are_read_as_an_independent_reader_did },
    };
    const char *env = getenv("TALLY_CORPUS");
    struct error err = { 0 };

    (void)snprintf(corpus, sizeof(corpus), "%s", env != NULL ? env : TALLY_DEFAULT_CORPUS);
    (void)snprintf(captures, sizeof(captures), "%s/../captures", corpus);
    if (!is_folder(corpus) && !is_folder(captures)) {
        printf("skipped: neither %s nor %s is there\n", corpus, captures);
        return SKIPPED;
    }
    if (!hasher_init(&h, &err)) {
        return EXIT_FAILURE;
    }
    int status = run_tests("tpm_captures", tests, ARRAY_LEN(tests));

    hasher_clear(&h);
    return status;
}
