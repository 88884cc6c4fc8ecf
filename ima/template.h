/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "ima/entry.h"

/* IMA_TEMPLATE_NUM_FIELDS_MAX in the kernel's security/integrity/ima/ima.h. */
#define IMA_FIELDS_MAX 15

/** Fields of the kernel's templates: supported_fields[] in security/integrity/ima/ima_template.c.
 */
enum ima_field {
    IMA_FIELD_UNKNOWN = 0, /* of a kernel newer than this build: opaque bytes */
    IMA_FIELD_D,
    IMA_FIELD_N,
    IMA_FIELD_D_NG,
    IMA_FIELD_D_NGV2,
    IMA_FIELD_N_NG,
    IMA_FIELD_SIG,
    IMA_FIELD_EVMSIG,
    IMA_FIELD_BUF,
    IMA_FIELD_D_MODSIG,
    IMA_FIELD_MODSIG,
    IMA_FIELD_IUID,
    IMA_FIELD_IGID,
    IMA_FIELD_IMODE,
    IMA_FIELD_XATTRNAMES,
    IMA_FIELD_XATTRLENGTHS,
    IMA_FIELD_XATTRVALUES,
    IMA_FIELD_COUNT,
};

/** One field of a record. Views into the record. */
struct ima_field_value {
    enum ima_field field;
    struct bytes id;    /* of an unknown field, from the format name; use ima_field_name() */
    struct bytes value; /* without its length */
};

/** The field id, "d-ng", of a known or an unknown field. */
struct bytes ima_field_name(const struct ima_field_value *f);

/** The fields of one record, in order. */
struct ima_fields {
    bool known;   /* false: a template we do not know; its data is opaque and count is 0 */
    size_t count; /* up to IMA_FIELDS_MAX */
    struct ima_field_value at[IMA_FIELDS_MAX];
};

/**
 * The fields a template name stands for, with empty values. known: it is in the kernel's table, or
 * at least one field id means something to us; else count is 0.
 *
 * @param err  ERROR_LIMIT: more than IMA_FIELDS_MAX fields
 */
MUST_USE bool ima_template_fields(struct bytes template_name, struct ima_fields *out,
        struct error *err);

/** A file digest as a record states it. */
struct ima_file_digest {
    struct bytes algorithm; /* kernel's name, "sha256" */
    bool verity;            /* of the fs-verity descriptor, not of the content (d-ngv2) */
    struct bytes digest;
};

/** The fields that name what was measured. Views into the entry. */
struct ima_file {
    struct ima_file_digest digest;
    struct bytes path; /* as the opener called it, spaces are underscores; attacker-chosen text */
    bool has_buf;      /* the template has a buffer that is not empty: no file but data ... */
    struct bytes buf;  /* ... which are here */
};

/**
 * Cut the template data into fields and check each field's form. The fields must consume the data
 * exactly. A template is known when it is in the kernel's table or when its name is a list of field
 * ids with bars between, at least one of them known to us.
 *
 * Template names are covered by no digest: an attacker can rename a record, so that what comes out
 * must not be believed unless the policy allows that very name.
 *
 * @param out  borrows from entry
 * @param err  ERROR_MALFORMED, ERROR_TRUNCATED, ERROR_LIMIT (more than IMA_FIELDS_MAX fields)
 */
MUST_USE bool ima_fields_read(const struct ima_entry *entry, struct ima_fields *out,
        struct error *err);

/** Digest and name of what was measured; false when the template states not both. */
MUST_USE bool ima_fields_file(const struct ima_fields *fields, struct ima_file *out);

/** Take a d-ng or d-ngv2 field apart: [type ":"] algorithm ":" NUL digest. False: not of that form.
 */
MUST_USE bool ima_file_digest_read(enum ima_field field, struct bytes value,
        struct ima_file_digest *out);
