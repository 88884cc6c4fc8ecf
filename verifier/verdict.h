/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"

/* What one check found. Zero means it never ran, and that is not a pass. */
enum outcome {
    OUTCOME_NOT_RUN = 0,
    OUTCOME_PASS,
    OUTCOME_FAIL,
    OUTCOME_NOT_APPLICABLE, /* accepted only where the table in verdict.c allows it */
};

/** Every check, in the order it is run and shown in. */
enum check {
    CHECK_EVIDENCE_FORMAT,
    CHECK_QUOTE_MAGIC,
    CHECK_QUOTE_TYPE,
    CHECK_AK_IDENTITY,
    CHECK_QUOTE_ALGORITHM,
    CHECK_QUOTE_SIGNATURE,
    CHECK_AK_ATTRIBUTES,
    CHECK_NONCE,
    CHECK_PCR_SELECTION,
    CHECK_QUALIFIED_SIGNER,
    CHECK_CLOCK,
    CHECK_BOOT_REPLAY,
    CHECK_IMA_REPLAY,
    CHECK_PCR_DIGEST,
    CHECK_BOOT_AGGREGATE,
    CHECK_BOOT_POLICY,
    CHECK_VIOLATIONS,
    CHECK_FILES,
    CHECK_COUNT,
};

/** Which command asks: it decides what may be not-applicable. */
enum profile {
    PROFILE_APPRAISE, /* quote and logs against a policy */
    PROFILE_INSPECT,  /* without policy, nonce and enrolled key; is never trusted */
};

enum severity {
    SEVERITY_REFUSE,
    SEVERITY_WARN,
};

/* Findings of each severity that are kept; after that one that says how many more there were. */
#define FINDINGS_MAX 1000

/** One thing that is wrong. Text fields are escaped (bytes_escape()), on the heap, NULL when unset.
 */
struct finding {
    enum severity severity;
    enum check check;
    const char *kind; /* alert kind, static: "unknown-file", ... */
    const char *log;  /* "boot", "userspace", "ima"; NULL: no log; static */
    bool has_entry;
    uint64_t entry; /* index in the log */
    char *path;
    char *digest; /* "sha256:hex" */
    char *rule;
    char *expected;
    char *found;
    char *text; /* a sentence; never NULL */
};

/* More than there are alert kinds. */
#define FINDINGS_KINDS_MAX 16

/** Findings in the order they were made. All zero is empty. */
struct findings {
    struct finding *at;
    size_t count;
    size_t room;
    size_t kept[2]; /* by severity */
    uint64_t dropped[2];
    /* Kinds of dropped findings that refuse: a flood of one kind must not hide another. */
    const char *dropped_kind[FINDINGS_KINDS_MAX];
    size_t dropped_kind_count;
};

void finding_clear(struct finding *f);
void findings_clear(struct findings *f);

/** Format into *out; fails with ERROR_NOMEM. */
MUST_USE bool text_set(char **out, struct error *err, const char *fmt, ...) PRINTF(3, 4);

/* Bytes from outside that go into one field: PATH_MAX, more than any path or digest has. Records of
 * a list may be 2 MiB long, and a thousand of them are kept. */
#define TEXT_BYTES_MAX ((size_t)4096)

/** Escape bytes from outside, TEXT_BYTES_MAX of them at most, into *out. */
MUST_USE bool text_escape(char **out, struct bytes b, struct error *err);

/** Hexadecimal of bytes, TEXT_BYTES_MAX of them at most, into *out. */
MUST_USE bool text_hex(char **out, struct bytes b, struct error *err);

/** Move f into the list, or count it as dropped when the list is full. f is empty afterwards, on
 * failure, too. */
MUST_USE bool findings_add(struct findings *list, struct finding *f, struct error *err);

/** True when findings of this severity are only counted any more. */
bool findings_are_full(const struct findings *list, enum severity s);

/** Move all of from to the end of list. */
MUST_USE bool findings_move(struct findings *list, struct findings *from, struct error *err);

/** Add, for each severity that overflowed, the finding that says so. */
MUST_USE bool findings_finish(struct findings *list, struct error *err);

struct check_result {
    enum outcome outcome;
    char detail[200]; /* why, or what was found; escaped */
};

#define AK_NAME_HEX_MAX 133

/** What is answered about one attester. All zero is "could not tell". */
struct verdict {
    enum profile profile;
    struct check_result checks[CHECK_COUNT];
    struct findings findings;
    const char *identity_mode;     /* static: "pinned", "first-use", "none" */
    char ak_name[AK_NAME_HEX_MAX]; /* hexadecimal; empty: not known */
    const char *ima;               /* static: "anchored", "unanchored", "absent" */
    bool has_boot;                 /* the quote could be read: the four below are set */
    uint32_t reset_count;
    uint32_t restart_count;
    uint64_t clock_ms;
    bool clock_safe;
    uint64_t attested; /* records of the list up to the stop mark */
    uint64_t entries;  /* records in the list */
    uint64_t excluded; /* attested records that the policy excludes */
    uint64_t violations;
};

enum verdict_result {
    VERDICT_UNKNOWN = 0,
    VERDICT_TRUSTED,
    VERDICT_REFUSED,
};

/** TRUSTED only when every check passed, or did not apply where that is allowed, and nothing
 * refuses. UNKNOWN when no check ran. */
enum verdict_result verdict_result(const struct verdict *v);

/** For inspect: everything that ran passed, and all that had to run did. Trusts nothing. */
bool verdict_is_genuine(const struct verdict *v);

/** True when a finding that refuses, kept or dropped, is of this kind. */
bool verdict_has_kind(const struct verdict *v, const char *kind);

const char *verdict_result_name(enum verdict_result r);
const char *check_name(enum check check);
const char *outcome_name(enum outcome o);
const char *severity_name(enum severity s);

/** The alert kind a failure of this check raises when nothing more special is known. */
const char *check_kind(enum check check);

void verdict_clear(struct verdict *v);

/* Record an outcome. */
void check_pass(struct verdict *v, enum check check, const char *fmt, ...) PRINTF(3, 4);
void check_not_applicable(struct verdict *v, enum check check, const char *fmt, ...) PRINTF(3, 4);
void check_not_run(struct verdict *v, enum check check, const char *fmt, ...) PRINTF(3, 4);

/** Record a failure without a finding of its own (the caller adds more precise ones). */
void check_fail(struct verdict *v, enum check check, const char *fmt, ...) PRINTF(3, 4);

/** Record a failure and a finding that says the same, about log (may be NULL). */
MUST_USE bool check_refuse(struct verdict *v, enum check check, const char *log, struct error *err,
        const char *fmt, ...) PRINTF(5, 6);
