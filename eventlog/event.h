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
#include "common/reader.h"

/*
 * Boot logs as firmware leaves them and Linux exports them (binary_bios_measurements, CCEL): TCG PC
 * Client Platform Firmware Profile, "Event Logging". All integers are little-endian.
 *
 * Only record framing is read here. Neither type nor data of an event is covered by what is
 * extended into the register: see eventlog/proof.h before believing one.
 */

/* Limits: real logs hold below 300 events and 128 KiB, their largest event (dbx) some 60 KiB. */
#define EVENTLOG_SIZE_MAX       ((size_t)16 << 20)
#define EVENTLOG_EVENTS_MAX     65536u
#define EVENTLOG_DATA_MAX       ((size_t)1 << 20)
#define EVENTLOG_ALGORITHMS_MAX 16u

/* Register numbers that are none, allowed in EV_NO_ACTION only: Windows' boot counters, and events
 * about a TPM NV index, whose handle (TPM_HT_NV_INDEX, 0x01......) stands in the field. */
#define EVENT_PCR_NONE   0xffffffffu
#define EVENT_PCR_NV_TOP 0x01u

/* Confidential-computing logs: 0 is the build-time register (MRTD), 1-4 are RTMR0-RTMR3. */
#define EVENTLOG_CC_REGISTERS 5u

/** What the first field of a record counts. */
enum eventlog_registers {
    EVENTLOG_PCR, /* PCRs of a TPM */
    EVENTLOG_CC,  /* measurement registers of a trust domain: Intel TDX, Hygon CSV (CCEL) */
};

/** An algorithm the Spec ID header lists. */
struct eventlog_algorithm {
    uint16_t tpm_id; /* TPM_ALG_ID */
    uint16_t size;   /* bytes of a digest */
};

/** What the Spec ID header says. All zero in a log without one, but for the SHA-1 algorithm. */
struct eventlog_spec {
    uint32_t platform_class; /* 0 client, 1 server */
    uint8_t major;
    uint8_t minor;
    uint8_t errata;     /* 0, or 105, 106: profile 1.05, 1.06 */
    uint8_t uintn_size; /* 1: 32 bit, 2: 64 bit */
    size_t algorithm_count;
    struct eventlog_algorithm algorithm[EVENTLOG_ALGORITHMS_MAX];
    struct bytes vendor_info;
    bool vendor_info_outside; /* it follows the event, whose size does not count it */
};

struct event_digest {
    uint16_t tpm_id; /* TPM_ALG_ID; always one of the Spec ID header's, none twice */
    struct bytes value;
};

/** One record. Every view points into the log. */
struct event {
    size_t index;  /* from 0; the Spec ID header is event 0 */
    size_t offset; /* of the record in the log */
    uint32_t pcr;  /* register; below PCR_COUNT or EVENTLOG_CC_REGISTERS unless EV_NO_ACTION */
    uint32_t type; /* eventlog/types.h; not measured */
    size_t digest_count;
    struct event_digest digest[EVENTLOG_ALGORITHMS_MAX];
    struct bytes data; /* not measured */
};

/** Cursor over a log that somebody else owns. Copy it to look ahead. */
struct eventlog {
    struct reader in;
    enum eventlog_registers registers;
    bool crypto_agile; /* TCG_PCR_EVENT2 records; else SHA-1 alone, in TCG_PCR_EVENT records */
    struct eventlog_spec spec;
    size_t next_index;
    size_t padding_at; /* offset from which every byte is the same, 0x00 or 0xff */
    size_t padding;    /* bytes of padding after the last event; known at the end */
};

/**
 * Start reading a log: looks at the first record and, where that is a "Spec ID Event03", at the
 * list of algorithms it announces. eventlog_next() yields that record again as event 0.
 *
 * @param log  whole; borrowed, it must outlive the cursor and every event
 * @param err  ERROR_TRUNCATED (also an empty log), ERROR_MALFORMED, ERROR_UNSUPPORTED (an algorithm
 *             with a digest size that cannot be), ERROR_LIMIT
 */
MUST_USE bool eventlog_open(struct bytes log, enum eventlog_registers registers,
        struct eventlog *out, struct error *err);

/**
 * Read the next record.
 *
 * The log may end in padding, which must be all 0x00 or all 0xff; anything else after the last
 * whole event is an error that names event and offset.
 *
 * @param out      set only when *out_end is false
 * @param out_end  true at the end of the log
 */
MUST_USE bool eventlog_next(struct eventlog *log, struct event *out, bool *out_end,
        struct error *err);

/** Registers of this kind of log: PCR_COUNT or EVENTLOG_CC_REGISTERS. */
unsigned int eventlog_register_count(enum eventlog_registers registers);

/** Banks of the log among ours: bit n is enum digest_alg n. */
uint32_t eventlog_banks(const struct eventlog *log);

/** Digest of one bank; false when the event has none. */
MUST_USE bool event_digest_get(const struct event *e, enum digest_alg alg, struct bytes *out);
