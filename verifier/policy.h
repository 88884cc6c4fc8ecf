/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/digest.h"
#include "common/error.h"
#include "common/pcr.h"
#include "verifier/allowlist.h"
#include "verifier/policy_yaml.h"

/*
 * A policy file: what a host must prove to be trusted. The keys are described in docs/policy.md;
 * policies/ holds complete examples.
 */

#define POLICY_FILES_MAX     256
#define POLICY_EXCLUDES_MAX  1024
#define POLICY_TEMPLATES_MAX 64
#define POLICY_ALLOWED_MAX   256 /* values of one PCR in one bank */
/* 255 is what a kernel's reader accepts (struct ima_template_desc, restore path). */
#define POLICY_TEMPLATE_NAME_MAX 255

/** The key `boot`. */
enum policy_boot {
    POLICY_BOOT_UNCHECKED,
    POLICY_BOOT_ABSENT,
    POLICY_BOOT_REFERENCES,
};

/** The key `ima.violations`. */
enum policy_violations {
    POLICY_VIOLATIONS_FAIL,
    POLICY_VIOLATIONS_WARN,
    POLICY_VIOLATIONS_LIMIT, /* more than violation_limit refuse */
};

/** Values that a PCR may have. */
struct policy_reference {
    enum digest_alg bank;
    unsigned int pcr;
    uint8_t (*allowed)[DIGEST_SIZE_MAX]; /* digest_size(bank) bytes of each count */
    size_t allowed_count;
    struct yaml_mark mark;
};

/** Text of the policy and where it stands. Nothing to free: the policy's document owns it. */
struct policy_text {
    struct bytes text;
    struct yaml_mark mark;
};

/** A list that the policy names. */
struct policy_file {
    char *path; /* as it is opened: relative names start at the policy's folder */
    bool deny;
    enum allowlist_match match;
    uint8_t sha256[32]; /* of its bytes; set by policy_load() */
    struct yaml_mark mark;
};

/** The mapping `ima`. */
struct policy_ima {
    uint32_t pcrs; /* bit n: the list may extend PCR n */
    struct policy_text *templates;
    size_t template_count;
    enum policy_violations violations;
    uint64_t violation_limit;
    bool weak_digests;            /* allowed: SHA-1 and MD5 file digests, SHA-1 banks */
    bool legacy_boot_aggregate;   /* allowed: over PCRs 0-7, or in SHA-1 */
    bool kexec;                   /* allowed */
    struct policy_text *excludes; /* patterns, see verifier/pattern.h */
    size_t exclude_count;
};

/** All zero is a valid empty policy to clear, not one to appraise with. */
struct policy {
    char *path; /* as it was named */
    struct yaml_document document;
    struct pcr_selection quote;
    bool refuse_unsafe_clock;
    enum policy_boot boot;
    struct policy_reference *references;
    size_t reference_count;
    bool has_ima;
    struct policy_ima ima;
    struct policy_file *files; /* in the order of the document */
    size_t file_count;
    /* What policy_load() adds. */
    struct allowlist allow;
    struct allowlist deny;
    uint8_t digest[32]; /* SHA-256 over the policy's bytes and the SHA-256 of each file */
};

/**
 * Read a policy from memory, without the files that it names.
 *
 * @param path  of the policy: stands in messages, and its folder in front of the files' names
 * @param out   on success policy_clear() it
 * @param err  ERROR_CONFIG with "PATH:LINE:COLUMN: ", ERROR_LIMIT, ERROR_NOMEM
 */
MUST_USE bool policy_parse(struct bytes text, const char *path, struct policy *out,
        struct error *err);

/**
 * Read a policy and every list that it names.
 *
 * @param err  as policy_parse() and allowlist_load(), ERROR_IO, ERROR_CRYPTO
 */
MUST_USE bool policy_load(const char *path, struct policy *out, struct error *err);

/**
 * Load one of p->files into p->allow or p->deny, for who wants to go on after a bad one; the lists
 * need allowlist_index() after the last.
 */
MUST_USE bool policy_file_load(struct policy *p, struct policy_file *file, struct hasher *h,
        struct error *err);

/** Set p->digest; text is the policy file, and every list is loaded. @param err  ERROR_CRYPTO */
MUST_USE bool policy_set_digest(struct policy *p, struct bytes text, struct hasher *h,
        struct error *err);

/**
 * How a file is opened that a policy names: a relative name starts at the policy's folder.
 *
 * @param policy  path of the policy
 * @return to be freed; NULL: no memory
 */
char *policy_beside(const char *policy, struct bytes name);

/** Free everything and leave an empty policy; fits CLEANUP(). */
void policy_clear(struct policy *p);

/** The reference for a PCR, or NULL. */
const struct policy_reference *policy_reference_find(const struct policy *p, enum digest_alg bank,
        unsigned int pcr);

/** True when value, digest_size(ref->bank) bytes, is one of the allowed ones. */
bool policy_reference_allows(const struct policy_reference *ref, struct bytes value);

/** True when ima.templates has this name, verbatim. */
bool policy_allows_template(const struct policy *p, struct bytes name);

/** The pattern of ima.exclude that covers this path of a record, or NULL. */
const struct policy_text *policy_exclusion(const struct policy *p, struct bytes path);
