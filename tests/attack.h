/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tests/forge.h"
#include "tpm/public.h"
#include "verifier/verdict.h"

/*
 * Attacks in rows: an honest machine, one thing changed, and what must come out. Lines of the
 * checklist of threats are named by their R number (docs/threat-table.md).
 */

/* What every policy here starts with; the files of forge_files[] are in allow.sha256. */
#define POLICY_HEAD      "version: 1\n"
#define POLICY_UNCHECKED POLICY_HEAD "boot: unchecked\n"
#define POLICY_ABSENT    POLICY_HEAD "boot: absent\n"
#define POLICY_IMA       "ima:\n  allow: [ { file: allow.sha256 } ]\n"
#define POLICY_DEFAULT   POLICY_UNCHECKED POLICY_IMA
/* More rules under `ima:`, behind the default ones. */
#define WITH(rules) POLICY_DEFAULT rules

/** One row. NULL or 0: as an honest machine does it. */
struct attack {
    const char *name;
    const char *policy;            /* YAML; NULL: POLICY_DEFAULT */
    uint32_t banks;                /* of the TPM; 0: SHA-1 and SHA-256 */
    uint32_t quoted_banks;         /* 0: SHA-256 */
    uint32_t quoted_pcrs;          /* 0: FORGE_PCRS */
    void (*live)(struct forge *f); /* what happens before the quote; NULL: forge_honest() */
    void (*quote)(struct forge *f);
    void (*send)(struct forge *f); /* what is changed, added, left out after it */
    const char *fails;             /* failed checks in order, "a b"; NULL: TRUSTED */
    const char *kinds;             /* kinds of refusing findings, unique, in order */
    int64_t entry;                 /* of the first refusing finding that has one; -1: none has */
    bool hints;                    /* send hints, as they were at the quote */
};

/* The row fails in the list, or in the boot log, or in both; no entry is accused. */
#define LIST_ROW(what, ...)                                                                    \
    {                                                                                          \
        .name = (what), .fails = "ima-replay", .kinds = "ima-replay", .entry = -1, __VA_ARGS__ \
    }
#define BOOT_ROW(what, ...)                                                                      \
    {                                                                                            \
        .name = (what), .fails = "boot-replay", .kinds = "boot-replay", .entry = -1, __VA_ARGS__ \
    }
#define BOTH_ROW(what, ...)                                                                   \
    {                                                                                         \
        .name = (what), .fails = "boot-replay ima-replay", .kinds = "boot-replay ima-replay", \
        .entry = -1, __VA_ARGS__                                                              \
    }

/** Make the temporary folder, the lists in it and the key. Before the first row, in main(). */
void attack_setup(void);
void attack_teardown(void);

/** The key and folder of attack_setup(). */
const struct forge_key *attack_key(void);
const struct forge_dir *attack_dir(void);

/** Write a list of one line beside the policy: prefix, digest of content, path. */
void attack_write_list(const char *name, const char *prefix, enum digest_alg alg,
        const char *content, const char *path);

/** Let a row's machine live, be quoted and send; forge_clear() it. */
void attack_prepare(const struct attack *a, struct forge *f);

/** Appraise what f sends; out is cleared by verdict_clear(). The quote may be missing its key. */
void attack_judge(struct forge *f, const char *policy, struct verdict *out);

/** The same with another enrolled key (TPM2B_PUBLIC or PEM) and qualified signer. */
void attack_judge_key(struct forge *f, const char *policy, struct bytes ak,
        const struct tpm_name *qualified_signer, struct verdict *out);

/** Without a policy. */
void attack_inspect(struct forge *f, struct verdict *out);

/** Run the rows, and check each. */
void attack_rows(const struct attack *rows, size_t count);

/** "a b" of the checks with this outcome. dst: 512 bytes. */
const char *attack_checks(const struct verdict *v, enum outcome o, char *dst);
/** "a b" of the refusing kinds. dst: 512 bytes. */
const char *attack_kinds(const struct verdict *v, char *dst);
/** Entry of the first refusing finding that has one, or -1. */
int64_t attack_entry(const struct verdict *v);

/* What several rows do: to live, ... */

/** An honest start, and a file that is in no list: entry 6. */
void attack_newcomer(struct forge *f);

/* ... and to send. */

/** Where text starts in b; b's first byte, and a failed check, if it is not there. */
uint8_t *attack_find(struct forge_bytes *b, const char *text);

/** Leave out record i, which was extended. */
void attack_drop_record(struct forge *f, size_t i);
void attack_drop_one(struct forge *f);

/** Another digest for the event of PCR 4; the data stays. */
void attack_doctor_boot_log(struct forge *f);
void attack_without_boot_log(struct forge *f);

/** A hint that is not what was quoted: for PCR 10, for PCR 0. */
void attack_wrong_list_hint(struct forge *f);
void attack_wrong_boot_hint(struct forge *f);
