/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/case.h"

#include <string.h>

#include "eventlog/event.h"
#include "host/file.h"
#include "verifier/evidence_file.h"
#include "verifier/evidence_input.h"
#include "verifier/pcr_file.h"

/* Everything a case holds while it is judged. */
struct files {
    struct buffer quote;
    struct buffer signature;
    struct buffer boot_log;
    struct identity who; /* of --ak or --ak-name; empty for inspect */
    struct evidence_input input;
    struct tpm_name qualified_signer; /* by --ek */
    struct pcr_file pcrs;
    struct ima_input list;
    struct evidence_file evidence;
    struct source list_source;
    struct error unread; /* a log of the caller's that cannot be read */
};

static void files_clear(struct files *f)
{
    buffer_clear(&f->quote);
    buffer_clear(&f->signature);
    buffer_clear(&f->boot_log);
    identity_clear(&f->who);
    evidence_input_clear(&f->input);
    ima_input_clear(&f->list);
    evidence_file_close(&f->evidence);
}

/* What the attester sent and cannot be read refuses; a file that cannot be opened is the caller's.
 */
static bool read_sent(const char *path, size_t max, struct buffer *out, struct verdict *v,
        struct error *err)
{
    struct error why = { 0 };

    return file_read(path, max, out, &why) || evidence_refuse_garbage(v, &why, err);
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
            !evidence_qualified_name(h, buffer_view(&ek), ak_public, &f->qualified_signer, err)) {
        return error_wrap(err, "--ek %s", r->ek);
    }
    in->qualified_signer = &f->qualified_signer;
    return true;
}

/* False with f->unread set: what was read until then is in in. */
static bool read_logs(const struct case_request *r, struct files *f, struct appraise_input *in,
        struct verdict *v)
{
    struct error why = { 0 };

    if (r->pcrs != NULL) {
        if (pcr_file_read(r->pcrs, &f->pcrs, &why)) {
            in->hints = &f->pcrs.pcrs;
        } else if (!evidence_refuse_garbage(v, &why, &f->unread)) {
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
        struct verdict *v, struct error *err)
{
    struct buffer ak CLEANUP(buffer_clear) = { 0 };
    struct appraise_input *in = &f->input.in;

    /* What was sent comes first: garbage is refused even when the key cannot be read. */
    if (!read_sent(r->quote, CASE_TPM_FILE_MAX, &f->quote, v, err) ||
            !read_sent(r->signature, CASE_TPM_FILE_MAX, &f->signature, v, err)) {
        return false;
    }
    in->attest = buffer_view(&f->quote);
    in->signature = buffer_view(&f->signature);
    if (!appraise_format(in, v, err)) {
        return false;
    }
    (void)read_logs(r, f, in, v); /* case_judge() looks at f->unread */
    if (!identity_read(r->ak, r->ak_scheme, h, &f->who, err)) {
        return evidence_logs_are_malformed(in, h, v); /* refused all the same */
    }
    check_pass(v, CHECK_AK_IDENTITY, "the key that was given");
    evidence_show_name(v, &f->who.ak);
    if (r->ek != NULL) {
        if (!f->who.ak.has_public) {
            return error_set(err, ERROR_CONFIG, "--ek needs an --ak that is a TPM2B_PUBLIC");
        }
        if (!file_read(r->ak, CASE_TPM_FILE_MAX, &ak, err) ||
                !read_ek(r, h, buffer_view(&ak), f, in, err)) {
            return false;
        }
    }
    in->ak = &f->who.ak;
    in->nonce = (struct bytes){ r->nonce, r->nonce_len };
    return true;
}

static bool use_list(struct files *f, struct hasher *h, struct verdict *v, struct error *err)
{
    const struct message_log *log = &f->evidence.evidence.log[LOG_KIND_IMA];
    struct appraise_input *in = &f->input.in;
    struct error why = { 0 };

    if (!log->follows) {
        return true;
    }
    f->list_source = evidence_file_ima(&f->evidence);
    in->list = &f->list_source;
    in->list_format = (struct ima_digest_format){ log->template_alg, log->template_size };
    if (!hasher_has(h, in->list_format.alg)) {
        (void)error_set(&why, ERROR_UNSUPPORTED,
                "this build cannot compute the list's template digests (%s)",
                digest_name(in->list_format.alg));
        return evidence_refuse_garbage(v, &why, err);
    }
    return f->list_source.rewind(f->list_source.ctx, err);
}

static bool prepare_evidence(const struct case_request *r, struct hasher *h, struct files *f,
        struct verdict *v, struct error *err)
{
    const struct message_evidence *e = &f->evidence.evidence;
    struct appraise_input *in = &f->input.in;
    struct bytes challenge = { r->challenge, r->challenge_len };
    struct error why = { 0 };

    /* What was sent comes first: garbage is refused even when the key cannot be read. */
    if (!evidence_file_open(&f->evidence, r->evidence, &why)) {
        return evidence_refuse_garbage(v, &why, err);
    }
    in->has_boot_log = e->log[LOG_KIND_BOOT].follows;
    in->boot_log = buffer_view(&f->evidence.boot_log);
    if (!use_list(f, h, v, err)) {
        return false;
    }
    f->who.name = r->ak_name;
    if (r->ak != NULL && !identity_read(r->ak, r->ak_scheme, h, &f->who, err)) {
        return evidence_logs_are_malformed(in, h, v); /* refused all the same */
    }
    if (!evidence_input_init(&f->input, e, &f->who, challenge, h, v, err)) {
        return false;
    }
    return r->ek == NULL ? evidence_input_signer(&f->input, e, h, v, err)
                         : read_ek(r, h, e->ak_public, f, in, err);
}

static bool prepare(const struct case_request *request, struct hasher *h, struct files *f,
        struct verdict *v, struct error *err)
{
    return request->evidence != NULL ? prepare_evidence(request, h, f, v, err)
                                     : prepare_files(request, h, f, v, err);
}

bool case_judge(const struct case_request *request, const struct policy *policy, struct hasher *h,
        struct verdict *v, struct appraise_outcome *out, struct error *err)
{
    struct files files CLEANUP(files_clear) = { 0 };

    if (!prepare(request, h, &files, v, err)) {
        return evidence_quote_is_refused(v);
    }
    if (files.unread.code != ERROR_NONE) {
        *err = files.unread;
        return evidence_judge_quote(&files.input.in, policy, h, v);
    }
    /* A refusal stays one, whatever fails afterwards. */
    return appraise(&files.input.in, policy, h, v, out, err) || evidence_is_refused(v);
}

bool case_is_refused(const struct case_request *request, struct hasher *h, struct verdict *v)
{
    struct files files CLEANUP(files_clear) = { 0 };
    struct error own = { 0 };

    return prepare(request, h, &files, v, &own) ? evidence_judge_quote(&files.input.in, NULL, h, v)
                                                : evidence_quote_is_refused(v);
}
