/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/host_state.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/digest.h"
#include "verifier/json_code.h"

#define STATE_VERSION 1

/* Every alert kind that an open finding can have; verdict.c and judge.c give them. */
static const char *const kinds[] = {
    "malformed",
    "identity",
    "quote",
    "boot-replay",
    "boot-policy",
    "ima-replay",
    "violation",
    "unknown-file",
    "denied-file",
    "kexec",
};

static const char *kind_name(size_t i)
{
    return kinds[i];
}

static const char *severity_of(size_t i)
{
    return severity_name((enum severity)i);
}

static const char *check_of(size_t i)
{
    return check_name((enum check)i);
}

static const char *result_of(size_t i)
{
    return verdict_result_name((enum verdict_result)i);
}

static const char *bank_of(size_t i)
{
    return digest_name((enum digest_alg)i);
}

static const char *aggregate_of(size_t i)
{
    static const char *const names[] = {
        [AGGREGATE_NONE] = "none",
        [AGGREGATE_UNJUDGED] = "unjudged",
        [AGGREGATE_GOOD] = "good",
        [AGGREGATE_BAD] = "bad",
    };

    return names[i];
}

void host_state_clear(struct host_state *s)
{
    findings_clear(&s->open);
    *s = (struct host_state){ 0 };
}

static bool code_bank(struct json_code *c, const char *key, enum digest_alg *alg, struct error *err)
{
    size_t i = *alg;

    if (!json_code_name(c, key, bank_of, DIGEST_ALG_COUNT, &i, err)) {
        return false;
    }
    *alg = (enum digest_alg)i;
    return true;
}

static bool code_kind(struct json_code *c, const char *key, const char **kind, struct error *err)
{
    size_t i = 0;

    while (!c->reading && i < ARRAY_LEN(kinds) && strcmp(kinds[i], *kind) != 0) {
        i++;
    }
    if (i == ARRAY_LEN(kinds)) {
        return error_set(err, ERROR_UNSUPPORTED, "finding of kind %s", *kind);
    }
    if (!json_code_name(c, key, kind_name, ARRAY_LEN(kinds), &i, err)) {
        return false;
    }
    *kind = kinds[i];
    return true;
}

/* Registers of one bank that are known, by their numbers. */
static bool code_registers(struct json_code *c, enum digest_alg alg, struct pcr_values *v,
        struct error *err)
{
    struct json_code bank;

    if (!json_code_object(c, digest_name(alg), &bank, err)) {
        return false;
    }
    for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
        char key[12];

        (void)snprintf(key, sizeof(key), "%u", pcr);
        if (!json_code_present(&bank, key, (v->known[alg] & 1u << pcr) != 0)) {
            continue;
        }
        v->known[alg] |= 1u << pcr;
        if (!json_code_bytes(&bank, key, v->value[alg][pcr], digest_size(alg), err)) {
            return false;
        }
    }
    return json_code_end(&bank, err);
}

static bool code_values(struct json_code *c, const char *key, struct pcr_values *v,
        struct error *err)
{
    struct json_code banks;

    if (!json_code_object(c, key, &banks, err)) {
        return false;
    }
    for (size_t i = 0; i < DIGEST_ALG_COUNT; i++) {
        if (json_code_present(&banks, bank_of(i), v->known[i] != 0) &&
                !code_registers(&banks, (enum digest_alg)i, v, err)) {
            return false;
        }
    }
    return json_code_end(&banks, err);
}

static bool code_selection(struct json_code *c, struct pcr_selection *s, struct error *err)
{
    json_t *banks;

    if (!json_code_array(c, "selection", &banks, err)) {
        return false;
    }
    if (c->reading) {
        s->count = json_array_size(banks);
    }
    if (s->count > DIGEST_ALG_COUNT) {
        return error_set(err, ERROR_MALFORMED, "selection: %zu banks", s->count);
    }
    for (size_t i = 0; i < s->count; i++) {
        struct json_code bank;

        if (!json_code_element(c, banks, i, &bank, err) ||
                !code_bank(&bank, "bank", &s->bank[i].alg, err) ||
                !json_code_u32(&bank, "pcrs", PCR_ALL, &s->bank[i].mask, err) ||
                !json_code_end(&bank, err)) {
            return false;
        }
    }
    return true;
}

static bool code_clock(struct json_code *c, struct appraise_clock *clock, struct error *err)
{
    struct json_code o;

    return json_code_object(c, "clock", &o, err) &&
            json_code_u32(&o, "reset", UINT32_MAX, &clock->reset, err) &&
            json_code_u32(&o, "restart", UINT32_MAX, &clock->restart, err) &&
            json_code_u64(&o, "ms", INT64_MAX, &clock->clock_ms, err) && json_code_end(&o, err);
}

/* By bank: a mask of the registers that the log extends. */
static bool code_extended(struct json_code *c, struct eventlog_replay *boot, struct error *err)
{
    struct json_code o;

    if (!json_code_object(c, "extended", &o, err)) {
        return false;
    }
    for (size_t i = 0; i < DIGEST_ALG_COUNT; i++) {
        if (json_code_present(&o, bank_of(i), boot->extended[i] != 0) &&
                !json_code_u32(&o, bank_of(i), PCR_ALL, &boot->extended[i], err)) {
            return false;
        }
    }
    return json_code_end(&o, err);
}

static bool code_boot_log(struct json_code *c, struct host_state *s, struct error *err)
{
    struct eventlog_replay *boot = &s->boot;
    struct json_code o;

    return json_code_object(c, "boot_log", &o, err) &&
            json_code_bytes(&o, "sha256", s->boot_log_id, sizeof(s->boot_log_id), err) &&
            json_code_u64(&o, "size", MESSAGE_OFFSET_MAX, &s->boot_log_size, err) &&
            json_code_size(&o, "events", SIZE_MAX, &boot->events, err) &&
            json_code_u32(&o, "log_banks", EVENTLOG_BANKS_ALL, &boot->log_banks, err) &&
            json_code_u32(&o, "banks", EVENTLOG_BANKS_ALL, &boot->banks, err) &&
            code_extended(&o, boot, err) && code_values(&o, "values", &boot->values, err) &&
            json_code_end(&o, err);
}

static bool code_format(struct json_code *c, struct ima_digest_format *format, struct error *err)
{
    struct json_code o;

    return json_code_object(c, "format", &o, err) && code_bank(&o, "alg", &format->alg, err) &&
            json_code_size(&o, "size", DIGEST_SIZE_MAX, &format->size, err) &&
            json_code_end(&o, err);
}

static bool code_aggregate(struct json_code *c, struct list_judged *judged, struct error *err)
{
    struct json_code o;
    size_t state = judged->aggregate.state;

    if (!json_code_object(c, "boot_aggregate", &o, err) ||
            !json_code_name(&o, "state", aggregate_of, AGGREGATE_BAD + 1, &state, err) ||
            !json_code_u64(&o, "entry", MESSAGE_OFFSET_MAX, &judged->aggregate.entry, err) ||
            !code_bank(&o, "alg", &judged->aggregate.alg, err) ||
            !json_code_bytes(&o, "digest", judged->aggregate.digest,
                    sizeof(judged->aggregate.digest), err)) {
        return false;
    }
    judged->aggregate.state = (enum aggregate_state)state;
    return json_code_end(&o, err);
}

static bool code_list_state(struct json_code *c, const char *key, struct list_state *s,
        struct error *err)
{
    struct json_code o;

    return json_code_object(c, key, &o, err) && code_values(&o, "pcrs", &s->pcrs, err) &&
            json_code_u64(&o, "violations", INT64_MAX, &s->judged.violations, err) &&
            json_code_u64(&o, "excluded", INT64_MAX, &s->judged.excluded, err) &&
            json_code_u64(&o, "files", INT64_MAX, &s->judged.files, err) &&
            code_aggregate(&o, &s->judged, err) && json_code_end(&o, err);
}

static bool code_list(struct json_code *c, struct list_progress *p, struct error *err)
{
    struct json_code o;

    return json_code_object(c, "ima_list", &o, err) &&
            json_code_u32(&o, "reset", UINT32_MAX, &p->reset, err) &&
            json_code_u32(&o, "restart", UINT32_MAX, &p->restart, err) &&
            code_format(&o, &p->format, err) &&
            json_code_u64(&o, "entry", MESSAGE_OFFSET_MAX, &p->entry, err) &&
            json_code_u64(&o, "offset", MESSAGE_OFFSET_MAX, &p->offset, err) &&
            json_code_u64(&o, "seen", MESSAGE_OFFSET_MAX, &p->seen, err) &&
            json_code_bytes(&o, "tail", p->tail, sizeof(p->tail), err) &&
            code_list_state(&o, "start", &p->start, err) &&
            code_list_state(&o, "at", &p->at, err) &&
            json_code_u32(&o, "padded", EVENTLOG_BANKS_ALL, &p->padded, err) &&
            json_code_bool(&o, "kexec", &p->kexec, err) &&
            json_code_bytes(&o, "last_record", p->last_record, sizeof(p->last_record), err) &&
            json_code_u64(&o, "violations_behind", INT64_MAX, &p->violations_behind, err) &&
            json_code_end(&o, err);
}

static bool code_optional_text(struct json_code *c, const char *key, char **text, struct error *err)
{
    return !json_code_present(c, key, *text != NULL) || json_code_text(c, key, text, err);
}

static bool code_entry(struct json_code *c, struct finding *f, struct error *err)
{
    f->has_entry = json_code_present(c, "entry", f->has_entry);
    return !f->has_entry || json_code_u64(c, "entry", MESSAGE_OFFSET_MAX, &f->entry, err);
}

/* Those that stay are about the IMA list; the log is not written. */
static bool code_finding(struct json_code *c, struct finding *f, struct error *err)
{
    size_t severity = f->severity;
    size_t check = f->check;

    if (!json_code_name(c, "severity", severity_of, SEVERITY_WARN + 1, &severity, err) ||
            !json_code_name(c, "check", check_of, CHECK_COUNT, &check, err) ||
            !code_kind(c, "kind", &f->kind, err) || !code_entry(c, f, err) ||
            !code_optional_text(c, "path", &f->path, err) ||
            !code_optional_text(c, "digest", &f->digest, err) ||
            !code_optional_text(c, "rule", &f->rule, err) ||
            !code_optional_text(c, "expected", &f->expected, err) ||
            !code_optional_text(c, "found", &f->found, err) ||
            !json_code_text(c, "text", &f->text, err)) {
        return false;
    }
    f->severity = (enum severity)severity;
    f->check = (enum check)check;
    f->log = "ima";
    return json_code_end(c, err);
}

static bool read_finding(struct json_code *c, struct findings *list, struct error *err)
{
    struct finding f CLEANUP(finding_clear) = { 0 };

    if (!code_finding(c, &f, err)) {
        return false;
    }
    if (findings_are_full(list, f.severity)) {
        return error_set(err, ERROR_MALFORMED, "findings: more than are kept");
    }
    return findings_add(list, &f, err);
}

static bool code_kept(struct json_code *c, struct findings *list, struct error *err)
{
    json_t *kept;

    if (!json_code_array(c, "kept", &kept, err)) {
        return false;
    }
    size_t count = c->reading ? json_array_size(kept) : list->count;

    for (size_t i = 0; i < count; i++) {
        struct json_code element;

        if (!json_code_element(c, kept, i, &element, err) ||
                !(c->reading ? read_finding(&element, list, err)
                             : code_finding(&element, &list->at[i], err))) {
            return error_wrap(err, "finding %zu", i);
        }
    }
    return true;
}

static bool code_dropped_kinds(struct json_code *c, struct findings *list, struct error *err)
{
    json_t *names;

    if (!json_code_array(c, "dropped_kinds", &names, err)) {
        return false;
    }
    if (c->reading) {
        list->dropped_kind_count = json_array_size(names);
    }
    if (list->dropped_kind_count > FINDINGS_KINDS_MAX) {
        return error_set(err, ERROR_MALFORMED, "dropped_kinds: %zu", list->dropped_kind_count);
    }
    for (size_t i = 0; i < list->dropped_kind_count; i++) {
        struct json_code element;

        if (!json_code_element(c, names, i, &element, err) ||
                !code_kind(&element, "kind", &list->dropped_kind[i], err) ||
                !json_code_end(&element, err)) {
            return false;
        }
    }
    return true;
}

static bool code_findings(struct json_code *c, struct findings *list, struct error *err)
{
    struct json_code o;

    return json_code_object(c, "findings", &o, err) && code_kept(&o, list, err) &&
            json_code_u64(&o, "dropped", INT64_MAX, &list->dropped[SEVERITY_REFUSE], err) &&
            json_code_u64(&o, "dropped_warnings", INT64_MAX, &list->dropped[SEVERITY_WARN], err) &&
            code_dropped_kinds(&o, list, err) && json_code_end(&o, err);
}

static bool code_name(struct json_code *c, struct tpm_name *name, struct error *err)
{
    json_t *json = json_object_get(c->object, "ak_name");

    if (c->reading) {
        name->len = json_string_length(json) / 2;
        if (!json_is_string(json) || name->len == 0 || name->len > sizeof(name->data)) {
            return error_set(err, ERROR_MALFORMED, "ak_name: no Name");
        }
    }
    return json_code_bytes(c, "ak_name", name->data, name->len, err);
}

static bool code_host(struct json_code *c, struct host_state *s, struct error *err)
{
    struct json_code o;

    if (!json_code_object(c, "host", &o, err) || !code_name(&o, &s->ak_name, err) ||
            !json_code_bytes(&o, "policy", s->policy_digest, sizeof(s->policy_digest), err) ||
            !code_selection(&o, &s->selection, err) || !code_clock(&o, &s->clock, err)) {
        return false;
    }
    s->has_boot_log = json_code_present(&o, "boot_log", s->has_boot_log);
    s->has_list = json_code_present(&o, "ima_list", s->has_list);
    return (!s->has_boot_log || code_boot_log(&o, s, err)) &&
            (!s->has_list || code_list(&o, &s->list, err)) && code_findings(&o, &s->open, err) &&
            json_code_end(&o, err);
}

static bool code_verdict(struct json_code *c, struct host_state *s, struct error *err)
{
    struct json_code o;
    size_t result = s->verdict;
    char *time = s->time;
    bool ok;

    if (!json_code_object(c, "verdict", &o, err) ||
            !json_code_name(&o, "result", result_of, VERDICT_REFUSED + 1, &result, err)) {
        return false;
    }
    s->verdict = (enum verdict_result)result;
    if (!c->reading) {
        return json_code_text(&o, "time", &time, err) && json_code_end(&o, err);
    }
    time = NULL;
    if (!json_code_text(&o, "time", &time, err)) {
        return false;
    }
    ok = strlen(time) < sizeof(s->time);
    if (ok) {
        memcpy(s->time, time, strlen(time) + 1);
    }
    free(time);
    return ok ? json_code_end(&o, err) : error_set(err, ERROR_MALFORMED, "verdict.time: too long");
}

static bool code_content(struct json_code *c, struct host_state *s, struct error *err)
{
    bool known = json_code_present(c, "host", s->ak_name.len > 0);

    return code_verdict(c, s, err) && (!known || code_host(c, s, err)) && json_code_end(c, err);
}

/* SHA-256 of the content in its one shortest form. */
static bool checksum(const json_t *content, uint8_t out[32], struct error *err)
{
    struct hasher h CLEANUP(hasher_clear) = { 0 };
    char *text = json_dumps(content, JSON_COMPACT | JSON_SORT_KEYS);

    if (text == NULL) {
        return error_set(err, ERROR_NOMEM, "state");
    }
    bool ok =
            hasher_init(&h, err) && hasher_digest(&h, DIGEST_SHA256, bytes_of_text(text), out, err);

    free(text);
    return ok;
}

static void release(json_t **json)
{
    json_decref(*json);
}

/* The members around the content. */
static bool code_file(struct json_code *c, uint8_t sum[32], struct json_code *content,
        struct error *err)
{
    uint32_t version = STATE_VERSION;

    if (!json_code_u32(c, "tally_state", UINT32_MAX, &version, err)) {
        return false;
    }
    if (version != STATE_VERSION) {
        return error_set(err, ERROR_UNSUPPORTED, "version %u, want %d", version, STATE_VERSION);
    }
    return json_code_bytes(c, "sha256", sum, 32, err) &&
            json_code_object(c, "content", content, err) && json_code_end(c, err);
}

bool host_state_encode(const struct host_state *s, struct buffer *out, struct error *err)
{
    json_t *file CLEANUP(release) = json_object();
    struct json_code code = json_code_write(file, "state");
    struct json_code content;
    struct host_state writable = *s; /* the same description reads into one */
    uint8_t sum[32] = { 0 };

    if (!code_file(&code, sum, &content, err) || !code_content(&content, &writable, err) ||
            !checksum(content.object, sum, err) ||
            !json_code_bytes(&code, "sha256", sum, sizeof(sum), err)) {
        return false;
    }
    char *text = json_dumps(file, JSON_INDENT(1));

    if (text == NULL) {
        return error_set(err, ERROR_NOMEM, "state");
    }
    *out = (struct buffer){ (uint8_t *)text, strlen(text) };
    return true;
}

static bool read_file(json_t *file, struct host_state *out, struct error *err)
{
    struct json_code code = json_code_read(file, "state");
    struct json_code content;
    uint8_t want[32];
    uint8_t sum[32];

    if (!code_file(&code, want, &content, err) || !checksum(content.object, sum, err)) {
        return false;
    }
    if (memcmp(sum, want, sizeof(sum)) != 0) {
        return error_set(err, ERROR_MALFORMED, "the checksum is not that of the content");
    }
    return code_content(&content, out, err);
}

bool host_state_decode(struct bytes text, struct host_state *out, struct error *err)
{
    struct host_state state CLEANUP(host_state_clear) = { 0 };
    json_error_t why;
    json_t *file CLEANUP(release) =
            json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);

    if (file == NULL) {
        return error_set(err,
                json_error_code(&why) == json_error_out_of_memory ? ERROR_NOMEM : ERROR_MALFORMED,
                "line %d: %s", why.line, why.text);
    }
    if (!json_is_object(file)) {
        return error_set(err, ERROR_MALFORMED, "no JSON object");
    }
    if (!read_file(file, &state, err)) {
        return false;
    }
    *out = state;
    state = (struct host_state){ 0 };
    return true;
}
