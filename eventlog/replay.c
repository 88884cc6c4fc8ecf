/* SPDX-License-Identifier: BSD-3-Clause */
#include "eventlog/replay.h"

#include <inttypes.h>
#include <string.h>

#include "eventlog/text.h"
#include "eventlog/types.h"

/* Registers a dynamic launch resets: PC Client Platform TPM Profile, "PCR Attributes". */
#define DRTM_FIRST 17u
#define DRTM_LAST  22u
/* The firmware's own registers, each closed by one separator. */
#define FIRMWARE_PCRS  8u
#define HCRTM_LOCALITY 4

/* Data of a separator that ends pre-boot measurement, then those that report an error instead (the
 * last one is TPM 1.2's). */
static const uint8_t separators[][4] = { { 0x00 }, { 0xff, 0xff, 0xff, 0xff }, { 0x01 } };

/** State of one pass. */
struct pass {
    struct hasher *hasher;
    const struct eventlog_replay_options *options;
    struct eventlog_replay *out;
    bool seen_locality;
    /* Registers that had an extending event, be it in a bank that is not replayed: what starts
     * where must not depend on the banks asked for. */
    uint32_t seen;
    /* Digest of each separator in each replayed bank. */
    uint8_t separator[DIGEST_ALG_COUNT][ARRAY_LEN(separators)][DIGEST_SIZE_MAX];
};

static void note(struct eventlog_replay *out, struct eventlog_note n)
{
    n.count = 1;
    for (size_t i = 0; i < out->note_count; i++) {
        struct eventlog_note *old = &out->note[i];

        if (old->kind == n.kind && old->pcr == n.pcr && old->alg == n.alg &&
                old->value == n.value) {
            old->count++;
            return;
        }
    }
    if (out->note_count == EVENTLOG_NOTES_MAX) {
        out->notes_omitted++;
        return;
    }
    out->note[out->note_count++] = n;
}

static void note_pcr(struct eventlog_replay *out, enum eventlog_note_kind kind, size_t event,
        unsigned int pcr)
{
    note(out, (struct eventlog_note){ .kind = kind, .event = event, .pcr = pcr });
}

static void note_value(struct eventlog_replay *out, enum eventlog_note_kind kind, size_t event,
        uint32_t value)
{
    note(out, (struct eventlog_note){ .kind = kind, .event = event, .value = value });
}

static bool has_bank(const struct eventlog_replay *out, size_t alg)
{
    return (out->banks >> alg & 1) != 0;
}

static bool was_seen(const struct pass *p, unsigned int pcr)
{
    return (p->seen >> pcr & 1) != 0;
}

static void set_start_values(struct pass *p)
{
    unsigned int registers = eventlog_register_count(p->options->registers);
    struct eventlog_replay *out = p->out;

    for (size_t alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        for (unsigned int pcr = 0; has_bank(out, alg) && pcr < registers; pcr++) {
            const struct pcr_values *start = p->options->start;
            uint8_t value[DIGEST_SIZE_MAX];
            struct bytes given;

            pcr_reset_value(pcr, digest_size((enum digest_alg)alg), value);
            if (start != NULL && pcr_values_get(start, (enum digest_alg)alg, pcr, &given)) {
                memcpy(value, given.ptr, given.len);
            }
            pcr_values_set(&out->values, (enum digest_alg)alg, pcr, value);
        }
    }
}

static bool start_is_given(const struct pass *p, size_t alg, unsigned int pcr)
{
    return p->options->start != NULL && (p->options->start->known[alg] >> pcr & 1) != 0;
}

static void set_start_locality(struct pass *p, uint8_t locality)
{
    p->out->start_locality = locality;
    for (size_t alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        if (has_bank(p->out, alg) && !start_is_given(p, alg, 0)) {
            p->out->values.value[alg][0][digest_size((enum digest_alg)alg) - 1] = locality;
        }
    }
}

static void startup_locality(struct pass *p, const struct event *e)
{
    static const uint8_t signature[16] = "StartupLocality";
    struct eventlog_replay *out = p->out;
    uint8_t locality;

    if (e->data.len < sizeof(signature) || memcmp(e->data.ptr, signature, sizeof(signature)) != 0) {
        return;
    }
    locality = e->data.len > sizeof(signature) ? e->data.ptr[sizeof(signature)] : UINT8_MAX;
    if (e->pcr != 0 || e->data.len != sizeof(signature) + 1 ||
            (locality != 0 && locality != 3 && locality != 4)) {
        note_value(out, EVENTLOG_NOTE_BAD_LOCALITY, e->index, 0);
    } else if (was_seen(p, 0)) {
        note_value(out, EVENTLOG_NOTE_LATE_LOCALITY, e->index, 0);
    } else if (p->seen_locality) {
        note_value(out, EVENTLOG_NOTE_SECOND_LOCALITY, e->index, 0);
    } else {
        p->seen_locality = true;
        set_start_locality(p, locality);
        if (locality != 0) {
            note_value(out, EVENTLOG_NOTE_START_LOCALITY, e->index, locality);
        }
    }
}

static void hcrtm(struct pass *p, const struct event *e)
{
    if (e->type != EV_EFI_HCRTM_EVENT || e->pcr != 0) {
        return;
    }
    if (was_seen(p, 0)) {
        note_value(p->out, EVENTLOG_NOTE_LATE_HCRTM, e->index, 0);
        return;
    }
    p->out->hcrtm = true;
    set_start_locality(p, HCRTM_LOCALITY);
    note_value(p->out, EVENTLOG_NOTE_HCRTM, e->index, 0);
}

static void start_of_drtm(struct pass *p, const struct event *e)
{
    if (e->pcr < DRTM_FIRST || e->pcr > DRTM_LAST || was_seen(p, e->pcr)) {
        return;
    }
    note_pcr(p->out, EVENTLOG_NOTE_DRTM, e->index, e->pcr);
    for (size_t alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        if (!start_is_given(p, alg, e->pcr)) {
            memset(p->out->values.value[alg][e->pcr], 0, DIGEST_SIZE_MAX);
        }
    }
}

static void no_action(struct pass *p, const struct event *e)
{
    for (size_t i = 0; i < e->digest_count; i++) {
        if (!bytes_are_zero(e->digest[i].value)) {
            note_value(p->out, EVENTLOG_NOTE_NO_ACTION_DIGEST, e->index, 0);
            break;
        }
    }
    if (p->options->registers == EVENTLOG_PCR) {
        startup_locality(p, e);
    }
}

/* True when every replayed bank that the event has a digest for holds that of this separator. */
static bool has_separator_digest(const struct pass *p, const struct event *e, size_t which)
{
    bool any = false;

    for (size_t alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        struct bytes digest;

        if (!has_bank(p->out, alg) || !event_digest_get(e, (enum digest_alg)alg, &digest)) {
            continue;
        }
        if (memcmp(digest.ptr, p->separator[alg][which], digest.len) != 0) {
            return false;
        }
        any = true;
    }
    return any;
}

static size_t find_separator(const struct pass *p, const struct event *e)
{
    size_t which = 0;

    while (which < ARRAY_LEN(separators) && !has_separator_digest(p, e, which)) {
        which++;
    }
    return which;
}

/* Windows closes 12-14 with data of its own, "WBCL"; proof.h checks such data like any other. */
static bool is_windows_separator(const struct event *e)
{
    return e->pcr >= 12 && e->pcr <= 14 && bytes_equal_text(e->data, "WBCL");
}

static void separator(struct pass *p, const struct event *e)
{
    struct eventlog_separator *s = &p->out->separator[e->pcr];
    size_t found = find_separator(p, e);

    if (e->type != EV_SEPARATOR) {
        /* The digest of 00000001 is common: the value of a variable such as BootOrder. */
        if (found < 2 && e->pcr < FIRMWARE_PCRS) {
            note_pcr(p->out, EVENTLOG_NOTE_UNLABELLED_SEPARATOR, e->index, e->pcr);
            s->first = s->first == SIZE_MAX ? e->index : s->first;
        }
        return;
    }
    s->first = s->first == SIZE_MAX ? e->index : s->first;
    /* Several PCRs share a register of a trust domain, and each has its separator there. */
    if (s->count++ > 0 && p->options->registers == EVENTLOG_PCR) {
        note_pcr(p->out, EVENTLOG_NOTE_DUPLICATE_SEPARATOR, e->index, e->pcr);
    }
    if (is_windows_separator(e)) {
        return;
    }
    if (found == ARRAY_LEN(separators) ||
            !bytes_equal(e->data, (struct bytes){ separators[found], sizeof(separators[found]) })) {
        note_pcr(p->out, EVENTLOG_NOTE_UNPROVEN_SEPARATOR, e->index, e->pcr);
    } else if (found > 0) {
        note_pcr(p->out, EVENTLOG_NOTE_ERROR_SEPARATOR, e->index, e->pcr);
    }
}

static bool extend(struct pass *p, const struct event *e, struct error *err)
{
    for (size_t i = 0; i < DIGEST_ALG_COUNT; i++) {
        enum digest_alg alg = (enum digest_alg)i;
        struct bytes digest;

        if (!has_bank(p->out, i)) {
            continue;
        }
        if (!event_digest_get(e, alg, &digest)) {
            note(p->out,
                    (struct eventlog_note){ .kind = EVENTLOG_NOTE_MISSING_DIGEST,
                            .event = e->index,
                            .alg = alg });
            continue;
        }
        if (!pcr_extend(p->hasher, alg, p->out->values.value[i][e->pcr], digest, err)) {
            return false;
        }
        p->out->extended[i] |= 1u << e->pcr;
    }
    return true;
}

static bool replay_event(struct pass *p, const struct event *e, struct error *err)
{
    if (e->type == EV_NO_ACTION) {
        no_action(p, e);
        return true;
    }
    if (event_type_name(e->type) == NULL) {
        note_value(p->out, EVENTLOG_NOTE_UNKNOWN_TYPE, e->index, e->type);
    }
    if (p->options->registers == EVENTLOG_PCR) {
        hcrtm(p, e);
        start_of_drtm(p, e);
    }
    separator(p, e);
    p->seen |= 1u << e->pcr;
    return extend(p, e, err);
}

static bool prepare(struct pass *p, const struct eventlog *log, struct error *err)
{
    struct eventlog_replay *out = p->out;

    out->crypto_agile = log->crypto_agile;
    out->log_banks = eventlog_banks(log);
    for (size_t i = 0; i < log->spec.algorithm_count; i++) {
        uint16_t id = log->spec.algorithm[i].tpm_id;
        enum digest_alg alg;

        if (!digest_from_tpm_id(id, &alg) || !hasher_has(p->hasher, alg)) {
            note_value(out, EVENTLOG_NOTE_UNKNOWN_BANK, 0, id);
        } else if ((p->options->banks >> alg & 1) != 0) {
            out->banks |= 1u << alg;
        }
    }
    for (size_t i = 0; i < DIGEST_ALG_COUNT; i++) {
        for (size_t s = 0; has_bank(out, i) && s < ARRAY_LEN(separators); s++) {
            if (!hasher_digest(p->hasher, (enum digest_alg)i, (struct bytes){ separators[s], 4 },
                        p->separator[i][s], err)) {
                return false;
            }
        }
    }
    for (size_t pcr = 0; pcr < PCR_COUNT; pcr++) {
        out->separator[pcr].first = SIZE_MAX;
    }
    if (log->spec.vendor_info_outside) {
        note_value(out, EVENTLOG_NOTE_VENDOR_INFO_OUTSIDE, 0, 0);
    }
    set_start_values(p);
    return true;
}

static void note_end(struct pass *p, const struct eventlog *log)
{
    struct eventlog_replay *out = p->out;

    out->events = log->next_index;
    out->padding = log->padding;
    for (unsigned int pcr = 0; p->options->registers == EVENTLOG_PCR && pcr < FIRMWARE_PCRS;
            pcr++) {
        if (was_seen(p, pcr) && out->separator[pcr].count == 0) {
            note_pcr(out, EVENTLOG_NOTE_MISSING_SEPARATOR, 0, pcr);
        }
    }
    if (log->padding > 0) {
        note_value(out, EVENTLOG_NOTE_PADDING, log->next_index, (uint32_t)log->padding);
    }
}

bool eventlog_replay(struct bytes log, const struct eventlog_replay_options *options,
        struct hasher *h, struct eventlog_replay *out, struct error *err)
{
    struct eventlog_replay result = { 0 };
    struct pass p = { .hasher = h, .options = options, .out = &result };
    struct eventlog cursor;
    struct event e;
    bool end = false;

    if (!eventlog_open(log, options->registers, &cursor, err) || !prepare(&p, &cursor, err)) {
        return false;
    }
    while (true) {
        if (!eventlog_next(&cursor, &e, &end, err)) {
            return false;
        }
        if (end) {
            break;
        }
        if (!replay_event(&p, &e, err)) {
            return error_wrap(err, "event %zu at offset %zu", e.index, e.offset);
        }
    }
    note_end(&p, &cursor);
    *out = result;
    return true;
}

/* How a note is said: "event 3: TEXT VALUE, PCR 4 (2 events)", each part but the text at will. */
static const struct {
    const char *text;
    enum {
        VALUE_NONE,
        VALUE_DECIMAL,
        VALUE_HEX,
        VALUE_BANK
    } value;
    bool of_log; /* no event to name */
    bool pcr;
    bool count;
} sentences[EVENTLOG_NOTE_KIND_COUNT] = {
    [EVENTLOG_NOTE_START_LOCALITY] = { "PCR 0 starts at locality", VALUE_DECIMAL },
    [EVENTLOG_NOTE_LATE_LOCALITY] = { "StartupLocality after the first extend of PCR 0 changes nothing" },
    [EVENTLOG_NOTE_SECOND_LOCALITY] = { "a second StartupLocality changes nothing" },
    [EVENTLOG_NOTE_BAD_LOCALITY] = { "StartupLocality of a wrong PCR, size or value changes nothing" },
    [EVENTLOG_NOTE_HCRTM] = { "H-CRTM event, PCR 0 starts at locality 4" },
    [EVENTLOG_NOTE_LATE_HCRTM] = { "H-CRTM event after the first extend of PCR 0 sets no start value" },
    [EVENTLOG_NOTE_DRTM] = { "starts at zeros, as after a dynamic launch", .pcr = true },
    [EVENTLOG_NOTE_MISSING_DIGEST] = { "no digest for bank", VALUE_BANK, .count = true },
    [EVENTLOG_NOTE_UNKNOWN_BANK] = { "the log has a bank that cannot be replayed, of algorithm",
            VALUE_HEX, .of_log = true },
    [EVENTLOG_NOTE_NO_ACTION_DIGEST] = { "EV_NO_ACTION carries a digest, which is not extended",
            .count = true },
    [EVENTLOG_NOTE_UNKNOWN_TYPE] = { "unknown event type", VALUE_HEX, .count = true },
    [EVENTLOG_NOTE_MISSING_SEPARATOR] = { "events and no separator", .of_log = true, .pcr = true },
    [EVENTLOG_NOTE_DUPLICATE_SEPARATOR] = { "another separator", .pcr = true, .count = true },
    [EVENTLOG_NOTE_ERROR_SEPARATOR] = { "separator that reports a firmware error", .pcr = true,
            .count = true },
    [EVENTLOG_NOTE_UNPROVEN_SEPARATOR] = { "separator whose digest is not of its data", .pcr = true,
            .count = true },
    [EVENTLOG_NOTE_UNLABELLED_SEPARATOR] = { "digest of a separator under another event type",
            .pcr = true, .count = true },
    [EVENTLOG_NOTE_VENDOR_INFO_OUTSIDE] = { "vendor info stands behind the event instead of inside it" },
    [EVENTLOG_NOTE_PADDING] = { "bytes of padding after the last event:", VALUE_DECIMAL,
            .of_log = true },
};

const char *eventlog_note_text(const struct eventlog_note *note, char *dst, size_t size)
{
    struct text t = text_init(dst, size);

    if (!sentences[note->kind].of_log) {
        text_add(&t, "event %zu: ", note->event);
    }
    text_add(&t, "%s", sentences[note->kind].text);
    switch (sentences[note->kind].value) {
    case VALUE_NONE:
        break;
    case VALUE_DECIMAL:
        text_add(&t, " %" PRIu32, note->value);
        break;
    case VALUE_HEX:
        text_add(&t, " 0x%" PRIx32, note->value);
        break;
    case VALUE_BANK:
        text_add(&t, " %s", digest_name(note->alg));
        break;
    }
    if (sentences[note->kind].pcr) {
        text_add(&t, ", PCR %u", note->pcr);
    }
    if (sentences[note->kind].count && note->count > 1) {
        text_add(&t, " (%zu events)", note->count);
    }
    return dst;
}
