/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/replay.h"

#include <stdio.h>
#include <string.h>

struct run {
    const struct replay_request *request;
    struct hasher *hasher;
    struct replay_result *out;
};

static void add_note(struct replay_result *out, const char *text)
{
    if (out->note_count < REPLAY_NOTES_MAX) {
        (void)snprintf(out->notes[out->note_count++], sizeof(out->notes[0]), "%s", text);
    }
}

static uint32_t banks_with_values(const struct pcr_values *values)
{
    uint32_t banks = 0;

    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        banks |= values->known[alg] != 0 ? 1u << alg : 0;
    }
    return banks;
}

static const struct pcr_values *expected_values(const struct replay_request *request)
{
    if (request->pcrs == NULL) {
        return NULL;
    }
    return request->registers == EVENTLOG_CC ? &request->pcrs->registers : &request->pcrs->pcrs;
}

/* Those asked for; else those there are values of; else SHA-256, or what the log has. */
static uint32_t choose_banks(const struct replay_request *request, uint32_t log_banks)
{
    if (request->banks != 0) {
        return request->banks;
    }
    const struct pcr_values *values = expected_values(request);

    if (values != NULL && banks_with_values(values) != 0) {
        return banks_with_values(values);
    }
    if (log_banks == 0 || (log_banks & 1u << DIGEST_SHA256) != 0) {
        return 1u << DIGEST_SHA256;
    }
    return log_banks;
}

static bool run_boot_log(struct run *run, struct error *err)
{
    struct buffer log CLEANUP(buffer_clear) = { 0 };
    struct eventlog_replay_options options = {
        .registers = run->request->registers,
        .banks = EVENTLOG_BANKS_ALL,
    };

    if (!file_read(run->request->boot_log, EVENTLOG_SIZE_MAX, &log, err)) {
        return false;
    }
    if (!eventlog_replay(buffer_view(&log), &options, run->hasher, &run->out->boot, err)) {
        return error_wrap(err, "%s", run->request->boot_log);
    }
    run->out->has_boot_log = true;
    return true;
}

static void count_template(struct replay_result *out, struct bytes name)
{
    char text[sizeof(out->templates[0].name)];
    size_t i = 0;

    bytes_escape(text, sizeof(text), name);
    while (i < out->template_count && i < REPLAY_TEMPLATES_MAX &&
            strcmp(out->templates[i].name, text) != 0) {
        i++;
    }
    if (i == REPLAY_TEMPLATES_MAX) {
        out->template_count = REPLAY_TEMPLATES_MAX + 1;
        (void)snprintf(out->templates[i].name, sizeof(text), "(others)");
    } else if (i == out->template_count) {
        memcpy(out->templates[i].name, text, sizeof(text));
        out->template_count++;
    }
    out->last_template = i;
}

/* Runs of one template are the rule: the name is looked up only when it changes. */
static bool is_last_template(const struct replay_result *out, struct bytes name)
{
    return out->template_count > 0 &&
            bytes_equal_text(name, out->templates[out->last_template].name);
}

static bool on_record(void *ctx, const struct ima_record *record, struct error *err)
{
    struct replay_result *out = ctx;

    (void)err;
    if (!is_last_template(out, record->entry->template_name)) {
        count_template(out, record->entry->template_name);
    }
    out->templates[out->last_template].count++;
    if (!record->measured->digest_ok) {
        if (out->wrong_count == 0) {
            out->first_wrong = (struct ima_entry){
                .index = record->entry->index,
                .offset = record->entry->offset,
            };
        }
        if (out->wrong_count < REPLAY_WRONG_MAX) {
            out->wrong[out->wrong_count++] = record->entry->index;
        }
    }
    return true;
}

/* What the registers of the list must be, as far as it is known; false when nothing is. */
static bool make_target(const struct run *run, struct ima_target *target)
{
    const struct pcr_values *values = expected_values(run->request);
    bool any = false;

    if (values == NULL || run->request->registers == EVENTLOG_CC) {
        return false;
    }
    *target = (struct ima_target){
        .by_value = true,
        .pcrs = 1u << PCR_IMA,
        .follow = true,
        .values = *values,
    };
    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        any = any ||
                ((run->out->banks & 1u << alg) != 0 && (values->known[alg] & ~PCR_MASK_BOOT) != 0);
    }
    return any;
}

static bool walk_once(struct run *run, const struct source *source,
        const struct ima_digest_format format, const struct ima_target *target, bool padded,
        struct error *err)
{
    struct replay_result *out = run->out;
    struct ima_walk *walk = &out->walk;

    ima_walk_init(walk, run->hasher, format, out->banks, padded);
    out->template_count = 0;
    out->wrong_count = 0;
    memset(out->templates, 0, sizeof(out->templates));
    if (out->has_boot_log) {
        ima_replay_start(&walk->replay, &out->boot.values);
    }
    walk->target = target;
    walk->whole = true;
    walk->visit = on_record;
    walk->ctx = out;
    out->has_ima_log = true;
    bool ok = ima_walk_run(walk, source, err);

    ima_walk_clear(walk);
    walk->target = NULL;
    return ok;
}

static bool run_ima_log(struct run *run, struct error *err)
{
    struct ima_input input CLEANUP(ima_input_clear) = { 0 };
    struct ima_target target;
    bool has_target = make_target(run, &target);

    if (!ima_input_open(&input, run->request->ima_log, run->request->ima_digest, err)) {
        return false;
    }
    struct source source = ima_input_source(&input);

    /* The common rule first; the others cost twice the hashing and are needed by few. */
    if (!walk_once(run, &source, input.format, has_target ? &target : NULL, false, err)) {
        return error_wrap(err, "%s", run->request->ima_log);
    }
    if (has_target && !run->out->walk.met && run->out->walk.replay.entries > 0 &&
            (!source.rewind(source.ctx, err) ||
                    !walk_once(run, &source, input.format, &target, true, err))) {
        return error_wrap(err, "%s", run->request->ima_log);
    }
    return true;
}

static void compare(struct replay_result *out, enum digest_alg bank, unsigned int pcr,
        const char *rule, struct bytes replayed, struct bytes expected)
{
    struct comparison *c = &out->compared[out->compared_count++];

    *c = (struct comparison){ .bank = bank, .pcr = pcr, .rule = rule };
    memcpy(c->replayed, replayed.ptr, replayed.len);
    memcpy(c->expected, expected.ptr, expected.len);
    c->match = bytes_equal(replayed, expected);
    out->mismatch = out->mismatch || !c->match;
}

static void omit(struct omission *list, size_t *count, enum digest_alg bank, unsigned int pcr,
        const char *reason, struct bytes expected)
{
    struct omission *o = &list[(*count)++];

    *o = (struct omission){ .bank = bank, .pcr = pcr, .reason = reason };
    if (expected.len > 0) {
        memcpy(o->expected, expected.ptr, expected.len);
    }
}

/* Registers that the list explains. */
static uint32_t ima_pcrs(const struct replay_result *out)
{
    return out->ima_is_whole ? 1u << PCR_IMA | out->walk.replay.pcrs : 0;
}

/* Registers that the boot log explains in any of its banks. */
static uint32_t boot_pcrs(const struct run *run)
{
    const struct replay_result *out = run->out;
    uint32_t pcrs = 0;

    if (!out->has_boot_log) {
        return 0;
    }
    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        pcrs |= out->boot.extended[alg];
    }
    return run->request->registers == EVENTLOG_CC ? pcrs : pcrs | PCR_MASK_BOOT;
}

static void compare_ima_pcr(struct replay_result *out, enum digest_alg bank, unsigned int pcr,
        struct bytes expected)
{
    enum ima_rule rule = out->walk.rules.rule[bank];
    const struct ima_replay *at = out->walk.met ? &out->walk.at_mark : &out->walk.replay;

    compare(out, bank, pcr, ima_rule_name(rule), ima_replay_value(at, bank, rule, pcr), expected);
}

static void compare_boot_pcr(struct run *run, enum digest_alg bank, unsigned int pcr,
        struct bytes expected)
{
    struct replay_result *out = run->out;
    bool extended = (out->boot.extended[bank] & 1u << pcr) != 0;
    struct bytes replayed;

    if (!pcr_values_get(&out->boot.values, bank, pcr, &replayed)) {
        omit(out->not_compared, &out->not_compared_count, bank, pcr,
                (out->boot.log_banks & 1u << bank) != 0 ? "this build cannot compute the bank"
                                                        : "the boot log has no such bank",
                expected);
        return;
    }
    if (run->request->registers == EVENTLOG_PCR && (PCR_MASK_SHARED & 1u << pcr) != 0 &&
            !bytes_equal(replayed, expected)) {
        omit(out->unexplained, &out->unexplained_count, bank, pcr, NULL, expected);
        return;
    }
    compare(out, bank, pcr, extended ? "boot-log" : "reset", replayed, expected);
}

static void compare_register(struct run *run, enum digest_alg bank, unsigned int pcr)
{
    struct replay_result *out = run->out;
    bool is_ima = (ima_pcrs(out) & 1u << pcr) != 0;
    bool is_boot = (boot_pcrs(run) & 1u << pcr) != 0;
    struct bytes expected = { 0 };

    if (!pcr_values_get(expected_values(run->request), bank, pcr, &expected)) {
        if (is_ima || is_boot) {
            omit(out->not_compared, &out->not_compared_count, bank, pcr, "no value was given",
                    expected);
        }
        return;
    }
    if (is_ima) {
        compare_ima_pcr(out, bank, pcr, expected);
    } else if (is_boot) {
        compare_boot_pcr(run, bank, pcr, expected);
    } else {
        omit(out->not_compared, &out->not_compared_count, bank, pcr, "no given log covers it",
                expected);
    }
}

/* Was one of these registers compared? An unexplained one was not: it has "this value". */
static bool log_was_compared(const struct replay_result *out, uint32_t pcrs)
{
    for (size_t i = 0; i < out->compared_count; i++) {
        if ((pcrs & 1u << out->compared[i].pcr) != 0) {
            return true;
        }
    }
    return false;
}

static void compare_all(struct run *run)
{
    struct replay_result *out = run->out;

    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        for (unsigned int pcr = 0; pcr < PCR_COUNT; pcr++) {
            if ((out->banks & 1u << alg) != 0) {
                compare_register(run, (enum digest_alg)alg, pcr);
            }
        }
    }
    out->uncompared_log =
            (out->has_boot_log && !log_was_compared(out, boot_pcrs(run) & ~ima_pcrs(out))) ||
            (out->ima_is_whole && !log_was_compared(out, ima_pcrs(out)));
}

static void note_oddities(const struct run *run)
{
    struct replay_result *out = run->out;
    char text[160];

    if (out->has_ima_log && out->has_boot_log) {
        uint32_t shared = 0;

        for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
            shared |= out->boot.extended[alg] & out->walk.replay.pcrs;
        }
        for (; shared != 0; shared &= shared - 1) {
            (void)snprintf(text, sizeof(text),
                    "PCR %d is in both logs: the list was replayed from the boot log's value",
                    __builtin_ctz(shared));
            add_note(out, text);
        }
    }
    if (out->has_ima_log && out->walk.replay.wrong_digests > out->wrong_count) {
        (void)snprintf(text, sizeof(text), "only the first %d wrong template digests are listed",
                REPLAY_WRONG_MAX);
        add_note(out, text);
    }
}

bool replay_run(const struct replay_request *request, struct hasher *h, struct replay_result *out,
        struct error *err)
{
    struct run run = { request, h, out };
    struct error ima_err = { 0 };
    bool boot_ok;
    bool ima_ok;

    memset(out, 0, sizeof(*out));
    boot_ok = request->boot_log == NULL || run_boot_log(&run, err);
    out->banks = choose_banks(request, out->has_boot_log ? out->boot.log_banks : 0);
    for (unsigned int alg = 0; alg < DIGEST_ALG_COUNT; alg++) {
        if (!hasher_has(h, (enum digest_alg)alg)) {
            out->banks &= ~(1u << alg);
        }
    }
    ima_ok = request->ima_log == NULL || run_ima_log(&run, &ima_err);
    out->ima_is_whole = out->has_ima_log && ima_ok;
    out->mismatch = out->walk.replay.wrong_digests > 0;
    note_oddities(&run);
    /* A log that cannot be read does not hide a mismatch of the other one. */
    if (expected_values(request) != NULL) {
        compare_all(&run);
    }
    if (boot_ok && !ima_ok) {
        *err = ima_err;
    }
    return boot_ok && ima_ok;
}
