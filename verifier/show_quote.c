/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <stdio.h>

#include "host/file.h"
#include "tpm/public.h"
#include "tpm/quote.h"
#include "tpm/signature.h"
#include "verifier/evidence_file.h"
#include "verifier/json.h"
#include "verifier/show.h"

/* Far more than a TPM structure has. */
#define QUOTE_FILE_MAX ((size_t)64 * 1024)

static json_t *json_of_selection(struct json_writer *w, const struct tpm_selection *s)
{
    json_t *banks = json_array();

    for (size_t i = 0; i < s->count; i++) {
        json_t *bank = json_object();
        json_t *pcrs = json_array();
        enum digest_alg alg;

        if (digest_from_tpm_id(s->bank[i].alg, &alg)) {
            json_put_text(w, bank, "bank", digest_name(alg));
        } else {
            json_put(w, bank, "bank", json_sprintf("0x%04x", s->bank[i].alg));
        }
        for (size_t pcr = 0; pcr < 8 * s->bank[i].bits.len; pcr++) {
            if ((s->bank[i].bits.ptr[pcr / 8] & 1u << pcr % 8) != 0) {
                json_add(w, pcrs, json_integer((json_int_t)pcr));
            }
        }
        json_put(w, bank, "pcrs", pcrs);
        json_add(w, banks, bank);
    }
    return banks;
}

static json_t *json_of_attest(struct json_writer *w, const struct tpm_attest *a)
{
    json_t *quote = json_object();

    json_put(w, quote, "magic", json_sprintf("0x%08x", a->magic));
    json_put_text(w, quote, "type", tpm_attest_type_name(a->type));
    json_put_hex(w, quote, "qualified_signer", a->qualified_signer);
    json_put_hex(w, quote, "extra_data", a->extra_data);
    json_put_uint(w, quote, "clock", a->clock.clock_ms);
    json_put_uint(w, quote, "reset", a->clock.reset);
    json_put_uint(w, quote, "restart", a->clock.restart);
    json_put_bool(w, quote, "safe", a->clock.safe);
    json_put(w, quote, "firmware", json_sprintf("0x%016" PRIx64, a->firmware));
    json_put(w, quote, "selection", json_of_selection(w, &a->selection));
    json_put_hex(w, quote, "pcr_digest", a->pcr_digest);
    return quote;
}

static void print_selection(const struct tpm_selection *s)
{
    for (size_t i = 0; i < s->count; i++) {
        enum digest_alg alg;
        const char *separator = "";

        if (digest_from_tpm_id(s->bank[i].alg, &alg)) {
            printf("selection         %s:", digest_name(alg));
        } else {
            printf("selection         0x%04x:", s->bank[i].alg);
        }
        for (size_t pcr = 0; pcr < 8 * s->bank[i].bits.len; pcr++) {
            if ((s->bank[i].bits.ptr[pcr / 8] & 1u << pcr % 8) != 0) {
                printf("%s%zu", separator, pcr);
                separator = ",";
            }
        }
        printf("\n");
    }
}

/* Hexadecimal of a short value; these come in TPM2B structures, so that the room is enough. */
static void print_hex(const char *what, struct bytes b)
{
    char hex[1024];

    printf("%-17s %s\n", what, bytes_hex(hex, sizeof(hex), b));
}

static void print_attest(const struct tpm_attest *a)
{
    printf("magic             0x%08x\n", a->magic);
    printf("type              %s\n", tpm_attest_type_name(a->type));
    print_hex("qualified signer", a->qualified_signer);
    print_hex("extra data", a->extra_data);
    printf("clock             %" PRIu64 " ms%s\n", a->clock.clock_ms,
            a->clock.safe ? "" : " (not safe)");
    printf("reset             %" PRIu32 "\n", a->clock.reset);
    printf("restart           %" PRIu32 "\n", a->clock.restart);
    printf("firmware          0x%016" PRIx64 "\n", a->firmware);
    print_selection(&a->selection);
    print_hex("pcr digest", a->pcr_digest);
}

bool show_quote(const char *path, const struct show_style *style, struct error *err)
{
    struct buffer raw CLEANUP(buffer_clear) = { 0 };
    struct json_writer w = { 0 };
    struct tpm_attest attest;

    if (!file_read(path, QUOTE_FILE_MAX, &raw, err)) {
        return false;
    }
    if (!tpm_attest_read(buffer_view(&raw), &attest, err) || !tpm_check_magic(&attest, err) ||
            !tpm_check_type(&attest, err)) {
        return error_wrap(err, "%s", path);
    }
    if (style->json) {
        return json_print(&w, json_of_attest(&w, &attest), true, err);
    }
    print_attest(&attest);
    return true;
}

static json_t *json_of_hints(struct json_writer *w, const struct pcr_values *hints)
{
    json_t *banks = json_object();

    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        json_t *pcrs;

        if (hints->known[alg] == 0) {
            continue;
        }
        pcrs = json_object();
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            struct bytes value;
            char key[4];

            if (pcr_values_get(hints, (enum digest_alg)alg, pcr, &value)) {
                (void)snprintf(key, sizeof(key), "%u", pcr);
                json_put_hex(w, pcrs, key, value);
            }
        }
        json_put(w, banks, digest_name((enum digest_alg)alg), pcrs);
    }
    return banks;
}

static json_t *json_of_log(struct json_writer *w, const struct message_log *log, uint64_t size)
{
    json_t *item;

    if (!log->follows) {
        return json_null();
    }
    item = json_object();
    json_put_uint(w, item, "bytes", size);
    return item;
}

static bool print_evidence_json(const struct evidence_file *f, const struct tpm_name *ak_name,
        const struct tpm_attest *attest, struct error *err)
{
    const struct message_evidence *e = &f->evidence;
    struct json_writer w = { 0 };
    json_t *line = json_object();

    json_put_bytes(&w, line, "agent_version", e->agent_version);
    json_put_hex(&w, line, "ak_name", tpm_name_view(ak_name));
    json_put_hex(&w, line, "ak_public", e->ak_public);
    json_put(&w, line, "ek_public", e->ek_public.len > 0 ? json_of_hex(e->ek_public) : json_null());
    json_put(&w, line, "quote", json_of_attest(&w, attest));
    json_put_hex(&w, line, "signature", e->signature);
    json_put(&w, line, "pcrs", json_of_hints(&w, &e->hints));
    json_put(&w, line, "boot_log", json_of_log(&w, &e->log[LOG_KIND_BOOT], f->boot_log.len));
    json_put(&w, line, "ima_log", json_of_log(&w, &e->log[LOG_KIND_IMA], f->ima_bytes));
    return json_print(&w, line, true, err);
}

static void print_evidence_text(const struct evidence_file *f, const struct tpm_name *ak_name,
        const struct tpm_attest *attest)
{
    const struct message_evidence *e = &f->evidence;
    char text[4 * MESSAGE_AGENT_MAX + 1];

    printf("agent             %s\n", bytes_escape(text, sizeof(text), e->agent_version));
    print_hex("AK name", tpm_name_view(ak_name));
    printf("EK                %s\n", e->ek_public.len > 0 ? "sent along" : "not sent");
    if (e->log[LOG_KIND_BOOT].follows) {
        printf("boot log          %zu bytes\n", f->boot_log.len);
    } else {
        printf("boot log          none\n");
    }
    if (e->log[LOG_KIND_IMA].follows) {
        printf("IMA list          %" PRIu64 " bytes\n", f->ima_bytes);
    } else {
        printf("IMA list          none\n");
    }
    printf("\n");
    print_attest(attest);
}

bool show_evidence(const char *path, struct hasher *h, const struct show_style *style,
        struct error *err)
{
    struct evidence_file file CLEANUP(evidence_file_close) = { 0 };
    struct tpm_public ak;
    struct tpm_name ak_name;
    struct tpm_attest attest;

    if (!evidence_file_open(&file, path, err)) {
        return false;
    }
    if (!tpm_public_read(file.evidence.ak_public, &ak, err) ||
            !tpm_public_name(h, &ak, &ak_name, err) ||
            !tpm_attest_read(file.evidence.quote, &attest, err) || !tpm_check_magic(&attest, err)) {
        return error_wrap(err, "%s", path);
    }
    if (style->json) {
        return print_evidence_json(&file, &ak_name, &attest, err);
    }
    print_evidence_text(&file, &ak_name, &attest);
    return true;
}
