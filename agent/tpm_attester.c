/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/tpm_attester.h"

#include <string.h>

#include "protocol/binding.h"
#include "tpm/quote.h"

struct tpm_place tpm_place_of(const struct agent_config *config)
{
    struct tpm_place place = { .key = { config->ak_handle, config->ak_kind } };

    memcpy(place.tcti, config->tcti, sizeof(place.tcti));
    return place;
}

bool tpm_attester_init(struct tpm_attester *out, const struct tpm_place *place, struct error *err)
{
    struct tpm_attester t = { .place = *place, .next = *place };

    if (!hasher_init(&t.hasher, err)) {
        return false;
    }
    *out = t;
    (void)pthread_mutex_init(&out->lock, NULL);
    return true;
}

static void rest(void *ctx)
{
    tpm_device_clear(&((struct tpm_attester *)ctx)->dev);
}

void tpm_attester_clear(struct tpm_attester *t)
{
    rest(t);
    hasher_clear(&t->hasher);
    (void)pthread_mutex_destroy(&t->lock);
}

static bool same_place(const struct tpm_place *a, const struct tpm_place *b)
{
    return strcmp(a->tcti, b->tcti) == 0 && a->key.handle == b->key.handle &&
            a->key.kind == b->key.kind;
}

bool tpm_attester_move(struct tpm_attester *t, const struct tpm_place *place)
{
    (void)pthread_mutex_lock(&t->lock);
    bool moved = !same_place(&t->next, place);

    t->next = *place;
    (void)pthread_mutex_unlock(&t->lock);
    return moved;
}

/* Open the TPM we are told to use, if it is not open. */
static bool arrive(struct tpm_attester *t, struct error *err)
{
    (void)pthread_mutex_lock(&t->lock);
    bool moved = !same_place(&t->place, &t->next);

    t->place = t->next;
    (void)pthread_mutex_unlock(&t->lock);
    if (moved) {
        rest(t);
        t->key.name.len = 0;
    }
    if (t->dev.esys == NULL && !tpm_device_open(&t->dev, t->place.tcti, err)) {
        err->code = ERROR_TPM; /* ERROR_CONFIG would blame the request */
        return false;
    }
    return true;
}

static bool open_key(struct tpm_attester *t, bool *out_created, struct error *err)
{
    const struct tpm_key *known = t->key.name.len > 0 ? &t->key : NULL;
    struct tpm_key key;

    if (!tpm_device_key(&t->dev, &t->hasher, &t->place.key, known, &key, out_created, err)) {
        return false;
    }
    t->key = key;
    return true;
}

static bool check_allocated(struct tpm_device *dev, const struct pcr_selection *want,
        struct error *err)
{
    struct pcr_selection allocated;
    char text[128];

    if (!tpm_device_banks(dev, &allocated, err)) {
        return false;
    }
    for (size_t i = 0; i < want->count; i++) {
        enum digest_alg alg = want->bank[i].alg;

        if ((want->bank[i].mask & ~pcr_selection_mask(&allocated, alg)) != 0) {
            return error_set(err, ERROR_CONFIG,
                    "the TPM has not all of these PCRs in bank %s; it has %s (tpm2_pcrallocate "
                    "allocates banks)",
                    digest_name(alg), pcr_selection_print(text, sizeof(text), &allocated));
        }
    }
    return true;
}

/* A TPM leaves out what it does not have: say so here, not only to the verifier. */
static bool check_quote(struct attester_proof *proof, struct bytes qualifying,
        const struct pcr_selection *want, struct error *err)
{
    struct pcr_selection got;
    struct tpm_attest a;

    if (!tpm_attest_read(tpm_blob_view(&proof->attest), &a, err) || !tpm_check_magic(&a, err) ||
            !tpm_check_type(&a, err) || !tpm_check_nonce(&a, qualifying, err) ||
            !tpm_selection_read(&a.selection, &got, err) || !tpm_check_selection(&got, want, err)) {
        err->code = ERROR_TPM;
        return error_wrap(err, "the TPM made a quote of no use");
    }
    proof->reset_count = a.clock.reset;
    proof->restart_count = a.clock.restart;
    return true;
}

static bool quote(struct tpm_attester *t, struct bytes challenge,
        const struct pcr_selection *selection, struct attester_proof *out, struct error *err)
{
    struct binding binding = { .challenge = challenge, .ak_name = tpm_name_view(&t->key.name) };
    uint8_t digest[BINDING_SIZE];
    struct bytes qualifying = { digest, sizeof(digest) };

    return binding_digest(&t->hasher, &binding, digest, err) &&
            tpm_device_quote(&t->dev, &t->key, qualifying, selection, &out->attest, &out->signature,
                    err) &&
            check_quote(out, qualifying, selection, err) &&
            tpm_device_pcrs(&t->dev, selection, &out->hints, err);
}

static bool prove_open(struct tpm_attester *t, struct bytes challenge,
        const struct pcr_selection *selection, struct attester_proof *out, struct error *err)
{
    if (!check_allocated(&t->dev, selection, err) || !open_key(t, &out->ak_created, err)) {
        return false;
    }
    bool ok = quote(t, challenge, selection, out, err);

    tpm_device_key_close(&t->dev, &t->key);
    out->ak_public = t->key.public;
    out->ek_public = t->key.ek;
    out->ak_name = t->key.name;
    return ok;
}

static bool prove(void *ctx, struct bytes challenge, const struct pcr_selection *selection,
        struct attester_proof *out, struct error *err)
{
    struct tpm_attester *t = ctx;
    bool ok = arrive(t, err) && prove_open(t, challenge, selection, out, err);

    /* After a fault the next one starts from the beginning. */
    if (!ok && err->code != ERROR_CONFIG) {
        rest(t);
    }
    return ok;
}

bool tpm_attester_prepare(struct tpm_attester *t, bool *out_created, struct error *err)
{
    struct pcr_selection ignored;

    /* The first question is one that a signal may interrupt: unlike the search for the key. */
    if (!tpm_attester_banks(t, &ignored, err) || !open_key(t, out_created, err)) {
        rest(t);
        return false;
    }
    tpm_device_key_close(&t->dev, &t->key);
    return true;
}

bool tpm_attester_banks(struct tpm_attester *t, struct pcr_selection *out, struct error *err)
{
    return arrive(t, err) && tpm_device_banks(&t->dev, out, err);
}

struct attester tpm_attester(struct tpm_attester *t)
{
    return (struct attester){ .prove = prove, .rest = rest, .ctx = t };
}
