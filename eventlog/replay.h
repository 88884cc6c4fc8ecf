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
#include "eventlog/event.h"

/** Every bank we know: a mask over enum digest_alg. */
#define EVENTLOG_BANKS_ALL ((1u << DIGEST_ALG_COUNT) - 1u)

/** Things about a log that a person should know. None of them is a verdict. */
enum eventlog_note_kind {
    EVENTLOG_NOTE_START_LOCALITY,       /* value: 3 or 4; PCR 0 starts with it */
    EVENTLOG_NOTE_LATE_LOCALITY,        /* StartupLocality after the first extend of PCR 0 */
    EVENTLOG_NOTE_SECOND_LOCALITY,      /* StartupLocality after another one */
    EVENTLOG_NOTE_BAD_LOCALITY,         /* StartupLocality of a wrong PCR, size or value */
    EVENTLOG_NOTE_HCRTM,                /* PCR 0 starts at locality 4, for the H-CRTM event */
    EVENTLOG_NOTE_LATE_HCRTM,           /* H-CRTM event that is not the first in PCR 0 */
    EVENTLOG_NOTE_DRTM,                 /* pcr: 17-22, starts at zeros */
    EVENTLOG_NOTE_MISSING_DIGEST,       /* alg: events without a digest of this bank */
    EVENTLOG_NOTE_UNKNOWN_BANK,         /* value: TPM_ALG_ID we cannot replay */
    EVENTLOG_NOTE_NO_ACTION_DIGEST,     /* EV_NO_ACTION with a digest that is not zero */
    EVENTLOG_NOTE_UNKNOWN_TYPE,         /* value: event type, extended like any other */
    EVENTLOG_NOTE_MISSING_SEPARATOR,    /* pcr: below 8, extended and without a separator */
    EVENTLOG_NOTE_DUPLICATE_SEPARATOR,  /* pcr */
    EVENTLOG_NOTE_ERROR_SEPARATOR,      /* pcr: the firmware reported an error */
    EVENTLOG_NOTE_UNPROVEN_SEPARATOR,   /* pcr: EV_SEPARATOR whose digest is not of its data */
    EVENTLOG_NOTE_UNLABELLED_SEPARATOR, /* pcr: digest of a separator under another type */
    EVENTLOG_NOTE_VENDOR_INFO_OUTSIDE,  /* of the Spec ID header's event size */
    EVENTLOG_NOTE_PADDING,              /* value: bytes after the last event */
    EVENTLOG_NOTE_KIND_COUNT,
};

struct eventlog_note {
    enum eventlog_note_kind kind;
    unsigned int pcr;
    enum digest_alg alg;
    uint32_t value;
    size_t event; /* the first one */
    size_t count; /* of events it is true for; notes that differ only in the event are one */
};

#define EVENTLOG_NOTES_MAX 64u
/* Longest sentence with its NUL. */
#define EVENTLOG_NOTE_TEXT_MAX 160

struct eventlog_separator {
    size_t count; /* events of type EV_SEPARATOR */
    /* Index of the first event of that type, or with a separator's digest under any type (types are
     * not measured); SIZE_MAX if there is none. Nothing after it speaks for the firmware. */
    size_t first;
};

struct eventlog_replay_options {
    enum eventlog_registers registers;
    uint32_t banks; /* mask over enum digest_alg; those the log lacks are left out */
    /* Values to start from instead of the reset values where known, for a log that continues
     * another one; NULL for a boot log. A given PCR 0 takes no startup locality. */
    const struct pcr_values *start;
};

/** What a log says the registers hold. */
struct eventlog_replay {
    bool crypto_agile;
    uint32_t log_banks; /* mask: the log has them */
    uint32_t banks;     /* mask: replayed, that is asked for, in the log and known to the hasher */
    size_t events;      /* with the Spec ID header */
    size_t padding;     /* bytes after the last event */
    uint8_t start_locality; /* value PCR 0 started with: 0, 3 or 4 */
    bool hcrtm;             /* because of an H-CRTM event */
    /* Every register of every replayed bank: extended ones, and what others start with. */
    struct pcr_values values;
    /* Mask of registers per bank that have at least one digest in the log. */
    uint32_t extended[DIGEST_ALG_COUNT];
    struct eventlog_separator separator[PCR_COUNT];
    size_t note_count;
    struct eventlog_note note[EVENTLOG_NOTES_MAX];
    size_t notes_omitted; /* that had no room */
};

/**
 * Replay a whole log: PCR := H(PCR || digest) for every event but EV_NO_ACTION, of known type or
 * not.
 *
 * Start values: zeros. PCR 0 ends in the startup locality (profile, "Startup Locality Event"): 4
 * when the first event of PCR 0 is EV_EFI_HCRTM_EVENT, else the 0, 3 or 4 of one StartupLocality
 * event before the first extend; a late or second one changes nothing and is noted. 17-22 hold 0xff
 * until a dynamic launch resets them to zeros, and no software can extend them before that
 * (locality 0 may not): so one that has events starts at zeros, one that has none is shown with
 * 0xff.
 *
 * @param log  borrowed for the call
 * @param out  set on success only
 * @param err  as eventlog_open() and eventlog_next(); ERROR_CRYPTO
 */
MUST_USE bool eventlog_replay(struct bytes log, const struct eventlog_replay_options *options,
        struct hasher *h, struct eventlog_replay *out, struct error *err);

/** Write a note as one sentence without a full stop. dst: EVENTLOG_NOTE_TEXT_MAX bytes hold any.
 * Returns dst. */
const char *eventlog_note_text(const struct eventlog_note *note, char *dst, size_t size);
