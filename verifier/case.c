/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/case.h"

#include <string.h>

#include "eventlog/event.h"
#include "host/file.h"
#include "protocol/binding.h"
#include "tpm/ak.h"
#include "verifier/appraise.h"
#include "verifier/evidence_file.h"
#include "verifier/pcr_file.h"

/* Everything a case holds while it is judged. */
struct files {
    struct buffer quote;
    struct buffer signature;
    struct buffer boot_log;
    struct tpm_ak enrolled; /* of --ak; empty with --ak-name and for inspect */
    struct tpm_ak sent;     /* of the evidence */
    struct tpm_name qualified_signer;
    struct pcr_file pcrs;
    struct ima_input list;
    struct evidence_file evidence;
    struct source list_source;
    uint8_t nonce[BINDING_SIZE];
    struct error unread; /* a log of the caller's that cannot be read */
};

static void files_clear(struct files *f)
{
    buffer_clear(&f->quote);
    buffer_clear(&f->signature);
    buffer_clear(&f->boot_log);
    tpm_ak_clear(&f->enrolled);
    tpm_ak_clear(&f->sent);
    ima_input_clear(&f->list);
    evidence_file_close(&f->evidence);
}

/* What the attester sent and cannot be read refuses; a file that cannot be opened is the caller's.
 */
static bool sent_garbage(struct verdict *v, const struct error *why, struct error *err)
{
    if (!error_is_about_input(why)) {
        *err = *why;
        return false;
    }
    return check_refuse(v, CHECK_EVIDENCE_FORMAT, NULL, err, "%s", why->text);
}

static bool read_sent(const char *path, size_t max, struct buffer *out, struct verdict *v,
        struct error *err)
{
    struct error why = { 0 };

    return file_read(path, max, out, &why) || sent_garbage(v, &why, err);
}

static bool read_ak(const struct case_request *r, struct hasher *h, struct tpm_ak *out,
        struct error *err)
{
    struct buffer file CLEANUP(buffer_clear) = { 0 };
    struct tpm_scheme scheme;

    if (r->ak_scheme != NULL && !tpm_scheme_from_text(r->ak_scheme, &scheme, err)) {
        return error_wrap(err, "--ak-scheme");
    }
    if (!file_read(r->ak, CASE_TPM_FILE_MAX, &file, err)) {
        return false;
    }
    return tpm_ak_read(h, buffer_view(&file), r->ak_scheme != NULL ? &scheme : NULL, out, err) ||
            error_wrap(err, "%s", r->ak);
}

static bool qualified_name(struct hasher *h, struct bytes ek_public, struct bytes ak_public,
        struct tpm_name *out, struct error *err)
{
    struct tpm_public ek;
    struct tpm_public ak;

    return (tpm_public_read(ek_public, &ek, err) || error_wrap(err, "EK")) &&
            tpm_public_read(ak_public, &ak, err) && tpm_qualified_name(h, &ek, &ak, out, err);
}

/* The EK the operator named: an unreadable one is the caller's fault. */
static bool read_ek(const struct case_request *r, struct hasher *h, struct bytes ak_public,
        struct files *f, struct appraise_input *in, struct error *err)
{
    struct buffer ek CLEANUP(buffer_clear) = { 0 };

    if (r->ek == NULL) {
        return true;
    }
    if (!file_read(r->ek, CASE_TPM_FILE_MAX, &ek, err) ||
            !qualified_name(h, buffer_view(&ek), ak_public, &f->qualified_signer, err)) {
        return error_wrap(err, "--ek %s", r->ek);
    }
    in->qualified_signer = &f->qualified_signer;
    return true;
}

static void show_name(struct verdict *v, const struct tpm_ak *ak)
{
    if (ak->has_public) {
        bytes_hex(v->ak_name, sizeof(v->ak_name), tpm_name_view(&ak->name));
    }
}

/* False with f->unread set: what was read until then is in in. */
static bool read_logs(const struct case_request *r, struct files *f, struct appraise_input *in,
        struct verdict *v)
{
    struct error why = { 0 };

    if (r->pcrs != NULL) {
        if (pcr_file_read(r->pcrs, &f->pcrs, &why)) {
            in->hints = &f->pcrs.pcrs;
        } else if (!sent_garbage(v, &why, &f->unread)) {
            return false;
        }
    }
    if (r->boot_log != NULL) {
        if (!read_sent(r->boot_log, EVENTLOG_SIZE_MAX, &f->boot_log, v, &f->unread)) {
            return false;
        }
        in->has_boot_log = true;
        in->boot_log = buffer_view(&f->boot_log);
    }
    if (r->ima_log != NULL) {
        if (!ima_input_open(&f->list, r->ima_log, r->ima_digest, &f->unread)) {
            return false;
        }
        f->list_source = ima_input_source(&f->list);
        in->list = &f->list_source;
        in->list_format = f->list.format;
    }
    return true;
}

static bool prepare_files(const struct case_request *r, struct hasher *h, struct files *f,
        struct appraise_input *in, struct verdict *v, struct error *err)
{
    struct buffer ak CLEANUP(buffer_clear) = { 0 };

    /* What was sent comes first: garbage is refused even when the key cannot be read. */
    if (!read_sent(r->quote, CASE_TPM_FILE_MAX, &f->quote, v, err) ||
            !read_sent(r->signature, CASE_TPM_FILE_MAX, &f->signature, v, err)) {
        return false;
    }
    in->attest = buffer_view(&f->quote);
    in->signature = buffer_view(&f->signature);
    if (!appraise_format(in, v, err) || !read_ak(r, h, &f->enrolled, err)) {
        return false;
    }
    check_pass(v, CHECK_AK_IDENTITY, "the key that was given");
    show_name(v, &f->enrolled);
    if (r->ek != NULL) {
        if (!f->enrolled.has_public) {
            return error_set(err, ERROR_CONFIG, "--ek needs an --ak that is a TPM2B_PUBLIC");
        }
        if (!file_read(r->ak, CASE_TPM_FILE_MAX, &ak, err) ||
                !read_ek(r, h, buffer_view(&ak), f, in, err)) {
            return false;
        }
    }
    in->ak = &f->enrolled;
    in->nonce = (struct bytes){ r->nonce, r->nonce_len };
    (void)read_logs(r, f, in, v); /* case_judge() looks at f->unread */
    return true;
}

/* Is the key in the evidence the one that was enrolled? */
static bool check_identity(const struct case_request *r, struct files *f, struct appraise_input *in,
        struct verdict *v, struct error *err)
{
    in->ak = &f->sent;
    if (v->profile == PROFILE_INSPECT) {
        check_not_applicable(v, CHECK_AK_IDENTITY, "no key was enrolled: nothing vouches for it");
        return true;
    }
    bool same;

    if (r->ak == NULL) {
        same = bytes_equal(tpm_name_view(&r->ak_name), tpm_name_view(&f->sent.name));
    } else {
        in->ak = &f->enrolled;
        same = f->enrolled.has_public
                ? bytes_equal(tpm_name_view(&f->enrolled.name), tpm_name_view(&f->sent.name))
                : EVP_PKEY_eq(f->enrolled.key, f->sent.key) == 1;
    }
    if (!same) {
        return check_refuse(v, CHECK_AK_IDENTITY, NULL, err,
                "the evidence is by another attestation key than the enrolled one");
    }
    check_pass(v, CHECK_AK_IDENTITY, "the enrolled key");
    return true;
}

static bool use_evidence(const struct case_request *r, struct hasher *h, struct files *f,
        struct appraise_input *in, struct verdict *v, struct error *err)
{
    const struct message_evidence *e = &f->evidence.evidence;
    struct error why = { 0 };

    if (!tpm_ak_from_public(h, e->ak_public, &f->sent, &why)) {
        (void)error_wrap(&why, "attestation key in the evidence");
        return sent_garbage(v, &why, err);
    }
    if (!check_identity(r, f, in, v, err)) {
        return false;
    }
    show_name(v, in->ak);
    if (r->ek == NULL && e->ek_public.len > 0) {
        if (!qualified_name(h, e->ek_public, e->ak_public, &f->qualified_signer, &why)) {
            return sent_garbage(v, &why, err);
        }
        in->qualified_signer = &f->qualified_signer;
    } else if (!read_ek(r, h, e->ak_public, f, in, err)) {
        return false;
    }
    if (r->challenge_len > 0) {
        struct binding binding = {
            .challenge = { r->challenge, r->challenge_len },
            .ak_name = tpm_name_view(&f->sent.name),
            .host_claims = e->host_claims,
        };

        if (!binding_digest(h, &binding, f->nonce, err)) {
            return false;
        }
        in->nonce = (struct bytes){ f->nonce, sizeof(f->nonce) };
    }
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

static bool prepare_evidence(const struct case_request *r, struct hasher *h, struct files *f,
        struct appraise_input *in, struct verdict *v, struct error *err)
{
    const struct message_evidence *e = &f->evidence.evidence;
    struct error why = { 0 };

    /* What was sent comes first: garbage is refused even when the key cannot be read. */
    if (!evidence_file_open(&f->evidence, r->evidence, &why)) {
        return sent_garbage(v, &why, err);
    }
    if (r->ak != NULL && !read_ak(r, h, &f->enrolled, err)) {
        return false;
    }
    in->attest = e->quote;
    in->signature = e->signature;
    in->hints = has_hints(&e->hints) ? &e->hints : NULL;
    in->has_boot_log = e->log[LOG_KIND_BOOT].follows;
    in->boot_log = buffer_view(&f->evidence.boot_log);
    if (e->log[LOG_KIND_IMA].follows) {
        f->list_source = evidence_file_ima(&f->evidence);
        in->list = &f->list_source;
        in->list_format = (struct ima_digest_format){
            e->log[LOG_KIND_IMA].template_alg,
            e->log[LOG_KIND_IMA].template_size,
        };
        if (!hasher_has(h, in->list_format.alg)) {
            (void)error_set(&why, ERROR_UNSUPPORTED,
                    "this build cannot compute the list's template digests (%s)",
                    digest_name(in->list_format.alg));
            return sent_garbage(v, &why, err);
        }
        if (!f->list_source.rewind(f->list_source.ctx, err)) {
            return false;
        }
    }
    return use_evidence(r, h, f, in, v, err);
}

static bool is_refused(const struct verdict *v, int checks)
{
    for (int c = 0; c < checks; c++) {
        if (v->checks[c].outcome == OUTCOME_FAIL) {
            return true;
        }
    }
    return false;
}

/* By a check that needs no log. */
static bool quote_is_refused(const struct verdict *v)
{
    return is_refused(v, CHECK_BOOT_REPLAY);
}

/* A log or the policy could not be read; a quote that does not hold is refused all the same. False:
 * nothing can be said, and v says nothing. */
static bool judge_what_was_read(const struct appraise_input *in, const struct policy *policy,
        struct hasher *h, struct verdict *v)
{
    struct verdict nothing = { .profile = v->profile, .identity_mode = v->identity_mode };
    struct error own = { 0 };

    bool judged = appraise(in, policy, h, v, NULL, &own);

    if (judged && quote_is_refused(v)) {
        return true;
    }
    memcpy(nothing.ak_name, v->ak_name, sizeof(nothing.ak_name));
    verdict_clear(v);
    *v = nothing;
    return false;
}

static bool prepare(const struct case_request *request, struct hasher *h, struct files *f,
        struct appraise_input *in, struct verdict *v, struct error *err)
{
    return request->evidence != NULL ? prepare_evidence(request, h, f, in, v, err)
                                     : prepare_files(request, h, f, in, v, err);
}

bool case_judge(const struct case_request *request, const struct policy *policy, struct hasher *h,
        struct verdict *v, struct error *err)
{
    struct files files CLEANUP(files_clear) = { 0 };
    struct appraise_input in = { 0 };

    if (!prepare(request, h, &files, &in, v, err)) {
        return quote_is_refused(v);
    }
    if (files.unread.code != ERROR_NONE) {
        *err = files.unread;
        return judge_what_was_read(&in, policy, h, v);
    }
    /* A refusal stays one, whatever fails afterwards. */
    return appraise(&in, policy, h, v, NULL, err) || is_refused(v, CHECK_COUNT);
}

bool case_is_refused(const struct case_request *request, struct hasher *h, struct verdict *v)
{
    struct files files CLEANUP(files_clear) = { 0 };
    struct appraise_input in = { 0 };
    struct error own = { 0 };

    return prepare(request, h, &files, &in, v, &own) ? judge_what_was_read(&in, NULL, h, v)
                                                     : quote_is_refused(v);
}
