/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/evidence_input.h"

#include <string.h>

#include "host/file.h"
#include "ima/walk.h"

/* Limit of what is read from a file: a key is far smaller. */
#define KEY_FILE_MAX ((size_t)64 * 1024)

bool identity_read(const char *path, const char *scheme, struct hasher *h, struct identity *out,
        struct error *err)
{
    struct buffer file CLEANUP(buffer_clear) = { 0 };
    struct tpm_scheme wanted;

    if (scheme != NULL && !tpm_scheme_from_text(scheme, &wanted, err)) {
        return error_wrap(err, "--ak-scheme");
    }
    if (!file_read(path, KEY_FILE_MAX, &file, err)) {
        return false;
    }
    return tpm_ak_read(h, buffer_view(&file), scheme != NULL ? &wanted : NULL, &out->ak, err) ||
            error_wrap(err, "%s", path);
}

struct bytes identity_name(const struct identity *who)
{
    return tpm_name_view(who->ak.has_public ? &who->ak.name : &who->name);
}

void identity_clear(struct identity *who)
{
    tpm_ak_clear(&who->ak);
    *who = (struct identity){ 0 };
}

bool evidence_qualified_name(struct hasher *h, struct bytes ek_public, struct bytes ak_public,
        struct tpm_name *out, struct error *err)
{
    struct tpm_public ek;
    struct tpm_public ak;

    return (tpm_public_read(ek_public, &ek, err) || error_wrap(err, "EK")) &&
            tpm_public_read(ak_public, &ak, err) && tpm_qualified_name(h, &ek, &ak, out, err);
}

bool evidence_refuse_garbage(struct verdict *v, const struct error *why, struct error *err)
{
    if (!error_is_about_input(why)) {
        *err = *why;
        return false;
    }
    return check_refuse(v, CHECK_EVIDENCE_FORMAT, NULL, err, "%s", why->text);
}

void evidence_show_name(struct verdict *v, const struct tpm_ak *ak)
{
    if (ak->has_public) {
        bytes_hex(v->ak_name, sizeof(v->ak_name), tpm_name_view(&ak->name));
    }
}

/* Is the key in the evidence the one that was enrolled? */
static bool check_identity(struct evidence_input *e, struct identity *who, struct verdict *v,
        struct error *err)
{
    bool same = true;

    e->in.ak = &e->sent;
    if (v->profile == PROFILE_INSPECT) {
        check_not_applicable(v, CHECK_AK_IDENTITY, "no key was enrolled: nothing vouches for it");
        return true;
    }
    if (who->ak.key != NULL) {
        e->in.ak = &who->ak;
        same = who->ak.has_public
                ? bytes_equal(tpm_name_view(&who->ak.name), tpm_name_view(&e->sent.name))
                : EVP_PKEY_eq(who->ak.key, e->sent.key) == 1;
    } else if (who->name.len > 0) {
        same = bytes_equal(tpm_name_view(&who->name), tpm_name_view(&e->sent.name));
    } else {
        check_pass(v, CHECK_AK_IDENTITY, "first use: nothing but this quote vouches for the key");
        return true;
    }
    if (!same) {
        return check_refuse(v, CHECK_AK_IDENTITY, NULL, err,
                "the evidence is by another attestation key than the enrolled one");
    }
    check_pass(v, CHECK_AK_IDENTITY, "the enrolled key");
    return true;
}

static bool has_hints(const struct pcr_values *hints)
{
    for (size_t i = 0; i < DIGEST_ALG_COUNT; i++) {
        if (hints->known[i] != 0) {
            return true;
        }
    }
    return false;
}

static bool set_nonce(struct evidence_input *out, const struct message_evidence *e,
        struct bytes challenge, struct hasher *h, struct error *err)
{
    struct binding binding = {
        .challenge = challenge,
        .ak_name = tpm_name_view(&out->sent.name),
        .host_claims = e->host_claims,
    };

    if (challenge.len == 0) {
        return true;
    }
    if (!binding_digest(h, &binding, out->nonce, err)) {
        return false;
    }
    out->in.nonce = (struct bytes){ out->nonce, sizeof(out->nonce) };
    return true;
}

bool evidence_input_init(struct evidence_input *out, const struct message_evidence *e,
        struct identity *who, struct bytes challenge, struct hasher *h, struct verdict *v,
        struct error *err)
{
    struct error why = { 0 };

    out->in.attest = e->quote;
    out->in.signature = e->signature;
    out->in.hints = has_hints(&e->hints) ? &e->hints : NULL;
    if (!tpm_ak_from_public(h, e->ak_public, &out->sent, &why)) {
        (void)error_wrap(&why, "attestation key in the evidence");
        return evidence_refuse_garbage(v, &why, err);
    }
    if (!check_identity(out, who, v, err)) {
        return false;
    }
    evidence_show_name(v, out->in.ak);
    return set_nonce(out, e, challenge, h, err);
}

bool evidence_input_signer(struct evidence_input *out, const struct message_evidence *e,
        struct hasher *h, struct verdict *v, struct error *err)
{
    struct error why = { 0 };

    if (e->ek_public.len == 0 || v->checks[CHECK_EVIDENCE_FORMAT].outcome == OUTCOME_FAIL) {
        return true;
    }
    if (!evidence_qualified_name(h, e->ek_public, e->ak_public, &out->qualified_signer, &why)) {
        return evidence_refuse_garbage(v, &why, err);
    }
    out->in.qualified_signer = &out->qualified_signer;
    return true;
}

void evidence_input_clear(struct evidence_input *e)
{
    tpm_ak_clear(&e->sent);
    *e = (struct evidence_input){ 0 };
}

static bool boot_log_parses(const struct appraise_input *in, struct hasher *h, struct error *why)
{
    struct eventlog_replay_options options = { .registers = EVENTLOG_PCR };
    struct eventlog_replay replay;

    return !in->has_boot_log || eventlog_replay(in->boot_log, &options, h, &replay, why);
}

static bool list_parses(const struct appraise_input *in, struct hasher *h, struct error *why)
{
    struct ima_walk walk;

    if (in->list == NULL) {
        return true;
    }
    ima_walk_init(&walk, h, in->list_format, 0, false);
    bool ok = ima_walk_run(&walk, in->list, why);

    ima_walk_clear(&walk);
    return ok;
}

bool evidence_logs_are_malformed(const struct appraise_input *in, struct hasher *h,
        struct verdict *v)
{
    struct error why = { 0 };
    struct error own;

    if (v->checks[CHECK_EVIDENCE_FORMAT].outcome == OUTCOME_FAIL) {
        return true;
    }
    return (!boot_log_parses(in, h, &why) || !list_parses(in, h, &why)) &&
            evidence_refuse_garbage(v, &why, &own);
}

static bool fails(const struct verdict *v, int checks)
{
    for (int c = 0; c < checks; c++) {
        if (v->checks[c].outcome == OUTCOME_FAIL) {
            return true;
        }
    }
    return false;
}

bool evidence_quote_is_refused(const struct verdict *v)
{
    return fails(v, CHECK_BOOT_REPLAY);
}

bool evidence_is_refused(const struct verdict *v)
{
    return fails(v, CHECK_COUNT);
}

bool evidence_judge_quote(const struct appraise_input *in, const struct policy *policy,
        struct hasher *h, struct verdict *v)
{
    struct verdict nothing = { .profile = v->profile, .identity_mode = v->identity_mode };
    struct error own = { 0 };

    bool judged = appraise(in, policy, h, v, NULL, &own);

    if (judged && evidence_quote_is_refused(v)) {
        return true;
    }
    memcpy(nothing.ak_name, v->ak_name, sizeof(nothing.ak_name));
    verdict_clear(v);
    *v = nothing;
    return false;
}
