/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/rounds.h"

#include <inttypes.h>
#include <string.h>

#include "tests/attack.h"
#include "tests/check.h"

void rounds_begin(struct rounds *r, const char *policy, uint32_t machine_banks)
{
    struct error err = { 0 };
    const char *path = forge_dir_write(attack_dir(), "policy.yaml", bytes_of_text(policy));

    memset(r, 0, sizeof(*r));
    forge_init(&r->machine, machine_banks, attack_key());
    r->clock = (struct tpm_clock){ 1000000, 7, 3, true };
    r->banks = FORGE_SHA256;
    r->pcrs = FORGE_PCRS;
    r->nonce_len = sizeof(r->machine.nonce);
    CHECKF(hasher_init(&r->hasher, &err) && policy_load(path, &r->policy, &err) &&
                    tpm_ak_read(&r->hasher, forge_key_public(attack_key()), NULL, &r->ak, &err),
            "%s", err.text);
}

void rounds_end(struct rounds *r)
{
    verdict_clear(&r->verdict);
    forge_clear(&r->machine);
    policy_clear(&r->policy);
    tpm_ak_clear(&r->ak);
    hasher_clear(&r->hasher);
}

void rounds_mark(struct rounds *r)
{
    if (CHECK(r->moment_count < ROUNDS_MOMENTS_MAX)) {
        r->moment[r->moment_count].tpm = r->machine.tpm;
        r->moment[r->moment_count].list_len = r->machine.list.len;
        r->moment_count++;
    }
}

void rounds_quote(struct rounds *r)
{
    forge_ask(&r->machine, r->banks, r->pcrs);
    r->clock.clock_ms += 1000;
    r->machine.quote.clock = r->clock;
    forge_sign(&r->machine);
}

void rounds_quote_moment(struct rounds *r, size_t moment)
{
    const struct pcr_values now = r->machine.tpm;

    r->machine.tpm = r->moment[moment].tpm;
    rounds_quote(r);
    r->machine.tpm = now;
}

/* A list in memory, in chunks that cut records. */
struct cursor {
    struct bytes list;
    size_t at;
    size_t passes;
};

static bool next(void *ctx, struct bytes *out, struct error *err)
{
    struct cursor *c = ctx;
    size_t left = c->list.len - c->at;
    size_t n = left < 777 ? left : 777;

    (void)err;
    *out = n > 0 ? (struct bytes){ c->list.ptr + c->at, n } : (struct bytes){ 0 };
    c->at += n;
    return true;
}

static bool rewind_list(void *ctx, struct error *err)
{
    struct cursor *c = ctx;

    (void)err;
    c->at = 0;
    c->passes++;
    return true;
}

void rounds_judge(struct rounds *r, struct bytes list, bool delta)
{
    struct forge *f = &r->machine;
    struct cursor cursor = { list, 0, 1 };
    struct source source = { next, rewind_list, &cursor };
    struct error err = { 0 };
    bool held_boot = r->reuse_boot_log && r->has_boot;
    struct appraise_input in = {
        .attest = forge_view(&f->attest),
        .signature = forge_view(&f->signature),
        .ak = &r->ak,
        .nonce = { f->nonce, r->nonce_len },
        .hints = r->hints ? &f->hints : NULL,
        .has_boot_log = f->send_boot_log && !held_boot,
        .boot_log = forge_view(&f->boot_log),
        .list = f->send_list ? &source : NULL,
        .list_format = f->format,
        .held = r->is_held && !r->other_policy ? &r->held : NULL,
        .seen = r->is_held ? &r->held : NULL,
        .list_is_delta = delta,
        .held_boot = held_boot ? &r->boot : NULL,
        .last_clock = r->has_clock ? &r->last : NULL,
    };

    verdict_clear(&r->verdict);
    r->verdict.profile = PROFILE_APPRAISE;
    r->verdict.identity_mode = "pinned";
    check_pass(&r->verdict, CHECK_AK_IDENTITY, "the test's");
    CHECKF(appraise(&in, &r->policy, &r->hasher, &r->verdict, &r->out, &err), "%s", err.text);
    r->passes = cursor.passes;
}

void rounds_keep(struct rounds *r)
{
    if (r->out.has_progress) {
        r->held = r->out.progress;
        r->is_held = true;
    }
    if (r->out.has_boot) {
        r->boot = r->out.boot;
        r->has_boot = true;
    }
    if (r->verdict.checks[CHECK_CLOCK].outcome == OUTCOME_PASS) {
        r->last = (struct appraise_clock){ r->verdict.reset_count, r->verdict.restart_count,
            r->verdict.clock_ms };
        r->has_clock = true;
    }
}

void rounds_forget(struct rounds *r)
{
    r->is_held = false;
    r->has_boot = false;
    r->has_clock = false;
}

struct bytes rounds_rest(const struct rounds *r)
{
    const struct forge_bytes *list = &r->machine.list;
    size_t from = r->is_held ? (size_t)r->held.offset : 0;

    return (struct bytes){ list->data + from, list->len - from };
}

void rounds_whole(struct rounds *r)
{
    rounds_quote(r);
    rounds_judge(r, forge_view(&r->machine.list), false);
    rounds_keep(r);
}

void rounds_delta(struct rounds *r)
{
    rounds_quote(r);
    rounds_judge(r, rounds_rest(r), true);
    rounds_keep(r);
}

void rounds_expect(const struct rounds *r, const char *fails, uint64_t attested, uint64_t of)
{
    char failed[512];
    char rest[512];
    const struct verdict *v = &r->verdict;
    bool ok = CHECK_TEXT(bytes_of_text(attack_checks(v, OUTCOME_FAIL, failed)), fails);

    if (*fails == '\0') {
        ok = CHECKF(verdict_result(v) == VERDICT_TRUSTED, "not run: %s",
                     attack_checks(v, OUTCOME_NOT_RUN, rest)) &&
                ok;
    }
    ok = CHECK_UINT(v->attested, attested) && ok;
    ok = CHECK_UINT(v->entries, of) && ok;
    for (size_t i = 0; !ok && i < v->findings.count && i < 10; i++) {
        printf("    %s %s: %s\n", severity_name(v->findings.at[i].severity), v->findings.at[i].kind,
                v->findings.at[i].text);
    }
}

bool rounds_says(const struct rounds *r, const char *text)
{
    for (size_t i = 0; i < r->verdict.findings.count; i++) {
        if (strstr(r->verdict.findings.at[i].text, text) != NULL) {
            return true;
        }
    }
    return false;
}
