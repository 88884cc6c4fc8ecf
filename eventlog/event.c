/* SPDX-License-Identifier: BSD-3-Clause */
#include "eventlog/event.h"

#include <inttypes.h>
#include <string.h>

#include "eventlog/types.h"

#define SHA1_SIZE 20

/* TCG_EfiSpecIDEvent.signature; "Spec ID Event02" is TPM 1.2's and has no list of algorithms. */
static const uint8_t spec_signature[16] = "Spec ID Event03";

unsigned int eventlog_register_count(enum eventlog_registers registers)
{
    return registers == EVENTLOG_CC ? EVENTLOG_CC_REGISTERS : PCR_COUNT;
}

uint32_t eventlog_banks(const struct eventlog *log)
{
    uint32_t banks = 0;
    enum digest_alg alg;

    for (size_t i = 0; i < log->spec.algorithm_count; i++) {
        if (digest_from_tpm_id(log->spec.algorithm[i].tpm_id, &alg)) {
            banks |= 1u << alg;
        }
    }
    return banks;
}

bool event_digest_get(const struct event *e, enum digest_alg alg, struct bytes *out)
{
    uint16_t id = digest_tpm_id(alg);

    for (size_t i = 0; i < e->digest_count; i++) {
        if (e->digest[i].tpm_id == id) {
            *out = e->digest[i].value;
            return true;
        }
    }
    return false;
}

static const struct eventlog_algorithm *spec_find(const struct eventlog_spec *spec, uint16_t id)
{
    for (size_t i = 0; i < spec->algorithm_count; i++) {
        if (spec->algorithm[i].tpm_id == id) {
            return &spec->algorithm[i];
        }
    }
    return NULL;
}

/* The header decides how every digest of the log is cut out, so a size that cannot be is refused
 * even where nobody asks for that bank. */
static bool read_algorithm(struct reader *r, struct eventlog_spec *spec, struct error *err)
{
    struct eventlog_algorithm a;
    enum digest_alg known;

    if (!reader_u16le(r, &a.tpm_id) || !reader_u16le(r, &a.size)) {
        return error_set(err, ERROR_TRUNCATED, "Spec ID header ends inside its algorithm list");
    }
    if (spec_find(spec, a.tpm_id) != NULL) {
        return error_set(err, ERROR_MALFORMED,
                "Spec ID header lists algorithm 0x%04" PRIx16 " twice", a.tpm_id);
    }
    if (digest_from_tpm_id(a.tpm_id, &known) ? a.size != digest_size(known)
                                             : a.size == 0 || a.size > DIGEST_SIZE_MAX) {
        return error_set(err, ERROR_UNSUPPORTED,
                "Spec ID header gives algorithm 0x%04" PRIx16 " digests of %" PRIu16 " bytes",
                a.tpm_id, a.size);
    }
    spec->algorithm[spec->algorithm_count++] = a;
    return true;
}

/**
 * TCG_EfiSpecIDEvent.
 *
 * @param data  of the event, behind the signature
 * @param log   at the byte after the event; moved over vendor info that the event does not count
 */
static bool read_spec(struct reader data, struct reader *log, struct eventlog_spec *out,
        struct error *err)
{
    struct eventlog_spec spec = { 0 };
    uint32_t count;
    uint8_t vendor_size = 0;

    if (!reader_u32le(&data, &spec.platform_class) || !reader_u8(&data, &spec.minor) ||
            !reader_u8(&data, &spec.major) || !reader_u8(&data, &spec.errata) ||
            !reader_u8(&data, &spec.uintn_size) || !reader_u32le(&data, &count)) {
        return error_set(err, ERROR_TRUNCATED, "Spec ID header of %zu bytes", reader_offset(&data));
    }
    if (count == 0 || count > EVENTLOG_ALGORITHMS_MAX) {
        return error_set(err, count == 0 ? ERROR_MALFORMED : ERROR_LIMIT,
                "Spec ID header lists %" PRIu32 " algorithms", count);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!read_algorithm(&data, &spec, err)) {
            return false;
        }
    }
    if (!reader_u8(&data, &vendor_size)) {
        return error_set(err, ERROR_TRUNCATED, "Spec ID header has no vendor info size");
    }
    /* Some firmware leaves the vendor info out of the event's size (tpm2-tools knows such a log).
     */
    if (reader_done(&data) && vendor_size > 0) {
        spec.vendor_info_outside = true;
        data = *log;
    }
    if (!reader_take(&data, vendor_size, &spec.vendor_info)) {
        return error_set(err, ERROR_TRUNCATED, "Spec ID header announces %u bytes of vendor info",
                (unsigned int)vendor_size);
    }
    if (spec.vendor_info_outside) {
        *log = data;
    } else if (!reader_done(&data)) {
        return error_set(err, ERROR_MALFORMED, "Spec ID header has %zu bytes too many",
                reader_left(&data));
    }
    *out = spec;
    return true;
}

/* Offset of the longest run of one byte, 0x00 or 0xff, that reaches to the end. Found once: looking
 * ahead at every event would be quadratic in a log of zero bytes. */
static size_t find_padding(struct bytes log)
{
    size_t at = log.len;
    uint8_t fill = log.ptr[log.len - 1];

    if (fill != 0x00 && fill != 0xff) {
        return log.len;
    }
    while (at > 0 && log.ptr[at - 1] == fill) {
        at--;
    }
    return at;
}

static bool register_allowed(const struct eventlog *log, const struct event *e)
{
    if (e->pcr < eventlog_register_count(log->registers)) {
        return true;
    }
    return e->type == EV_NO_ACTION &&
            (e->pcr == EVENT_PCR_NONE || e->pcr >> 24 == EVENT_PCR_NV_TOP);
}

static bool check_register(const struct eventlog *log, const struct event *e, struct error *err)
{
    if (!register_allowed(log, e)) {
        return error_set(err, ERROR_MALFORMED, "%s %" PRIu32 " in an event of type 0x%" PRIx32,
                log->registers == EVENTLOG_CC ? "register" : "PCR", e->pcr, e->type);
    }
    return true;
}

/* Fewer digests than the header lists are real (Windows and tboot extend one bank); an algorithm
 * that it does not list has no known size. */
static bool read_digests(const struct eventlog_spec *spec, struct reader *r, struct event *e,
        struct error *err)
{
    uint32_t count;

    if (!reader_u32le(r, &count)) {
        return error_set(err, ERROR_TRUNCATED, "header ends at offset %zu", reader_offset(r));
    }
    if (count > spec->algorithm_count || (count == 0 && e->type != EV_NO_ACTION)) {
        return error_set(err, ERROR_MALFORMED,
                "%" PRIu32 " digests, where the Spec ID header lists %zu algorithms", count,
                spec->algorithm_count);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct eventlog_algorithm *a;
        struct event_digest d;

        if (!reader_u16le(r, &d.tpm_id)) {
            return error_set(err, ERROR_TRUNCATED, "digests end at offset %zu", reader_offset(r));
        }
        a = spec_find(spec, d.tpm_id);
        if (a == NULL) {
            return error_set(err, ERROR_MALFORMED,
                    "digest of algorithm 0x%04" PRIx16 ", which the Spec ID header does not list",
                    d.tpm_id);
        }
        if (!reader_take(r, a->size, &d.value)) {
            return error_set(err, ERROR_TRUNCATED, "digests end at offset %zu", reader_offset(r));
        }
        for (size_t j = 0; j < e->digest_count; j++) {
            if (e->digest[j].tpm_id == d.tpm_id) {
                return error_set(err, ERROR_MALFORMED, "two digests of algorithm 0x%04" PRIx16,
                        d.tpm_id);
            }
        }
        e->digest[e->digest_count++] = d;
    }
    return true;
}

static bool read_data(struct reader *r, struct bytes *out, struct error *err)
{
    uint32_t size;

    if (!reader_u32le(r, &size)) {
        return error_set(err, ERROR_TRUNCATED, "header ends at offset %zu", reader_offset(r));
    }
    if (size > EVENTLOG_DATA_MAX) {
        return error_set(err, ERROR_LIMIT, "event data of %" PRIu32 " bytes", size);
    }
    if (!reader_take(r, size, out)) {
        return error_set(err, ERROR_TRUNCATED, "event data of %" PRIu32 " bytes, %zu are left",
                size, reader_left(r));
    }
    return true;
}

/* TCG_PCR_EVENT, the only form of an old log and of every log's first record; TCG_PCR_EVENT2. */
static bool read_event(const struct eventlog *log, bool legacy, struct reader *r, struct event *e,
        struct error *err)
{
    if (!reader_u32le(r, &e->pcr) || !reader_u32le(r, &e->type)) {
        return error_set(err, ERROR_TRUNCATED, "header ends at offset %zu", reader_offset(r));
    }
    if (!check_register(log, e, err)) {
        return false;
    }
    if (legacy) {
        e->digest_count = 1;
        e->digest[0].tpm_id = digest_tpm_id(DIGEST_SHA1);
        if (!reader_take(r, SHA1_SIZE, &e->digest[0].value)) {
            return error_set(err, ERROR_TRUNCATED, "digest ends at offset %zu", reader_offset(r));
        }
    } else if (!read_digests(&log->spec, r, e, err)) {
        return false;
    }
    return read_data(r, &e->data, err);
}

static bool is_spec_id(const struct event *e)
{
    return e->type == EV_NO_ACTION && e->data.len >= sizeof(spec_signature) &&
            memcmp(e->data.ptr, spec_signature, sizeof(spec_signature)) == 0;
}

bool eventlog_open(struct bytes log, enum eventlog_registers registers, struct eventlog *out,
        struct error *err)
{
    struct eventlog l = { .registers = registers };
    struct event first = { 0 };

    if (log.len == 0) {
        return error_set(err, ERROR_TRUNCATED, "event log is empty");
    }
    if (log.len > EVENTLOG_SIZE_MAX) {
        return error_set(err, ERROR_LIMIT, "event log of %zu bytes", log.len);
    }
    l.padding_at = find_padding(log);
    if (l.padding_at == 0) {
        return error_set(err, ERROR_MALFORMED, "event log is nothing but padding");
    }
    struct reader r = reader_init(log);

    if (!read_event(&l, true, &r, &first, err)) {
        return error_wrap(err, "event 0 at offset 0");
    }
    l.crypto_agile = is_spec_id(&first);
    if (l.crypto_agile) {
        struct reader data = reader_init(first.data);
        struct bytes signature;

        if (!reader_take(&data, sizeof(spec_signature), &signature) ||
                !read_spec(data, &r, &l.spec, err)) {
            return error_wrap(err, "event 0 at offset 0");
        }
    } else {
        l.spec.algorithm_count = 1;
        l.spec.algorithm[0] = (struct eventlog_algorithm){ digest_tpm_id(DIGEST_SHA1), SHA1_SIZE };
    }
    l.in = reader_init(log);
    *out = l;
    return true;
}

bool eventlog_next(struct eventlog *log, struct event *out, bool *out_end, struct error *err)
{
    struct reader r = log->in;
    size_t at = reader_offset(&r);

    if (at >= log->padding_at) {
        log->padding = reader_left(&r);
        *out_end = true;
        return true;
    }
    if (log->next_index >= EVENTLOG_EVENTS_MAX) {
        return error_set(err, ERROR_LIMIT, "event log of more than %u events", EVENTLOG_EVENTS_MAX);
    }
    struct event e = { .index = log->next_index, .offset = at };

    if (!read_event(log, !log->crypto_agile || e.index == 0, &r, &e, err)) {
        return error_wrap(err, "event %zu at offset %zu", e.index, at);
    }
    if (e.index == 0 && log->spec.vendor_info_outside) {
        struct bytes vendor_info;

        if (!reader_take(&r, log->spec.vendor_info.len, &vendor_info)) {
            return error_set(err, ERROR_TRUNCATED, "event 0 ends inside its vendor info");
        }
    }
    log->in = r;
    log->next_index++;
    *out = e;
    *out_end = false;
    return true;
}
