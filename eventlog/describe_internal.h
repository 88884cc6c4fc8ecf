/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What the decoders of event data share. Each reads its whole input or sets err; what it gave to
 * the sink before stays. */

#include "common/attributes.h"
#include "common/error.h"
#include "common/reader.h"
#include "eventlog/describe.h"

/* describe_value.c */
void put_text(const struct describe_sink *s, const char *key, const char *value);
void put_number(const struct describe_sink *s, const char *key, uint64_t value);
void put_address(const struct describe_sink *s, const char *key, uint64_t value);
void put_boolean(const struct describe_sink *s, const char *key, bool value);
void put_utf8(const struct describe_sink *s, const char *key, struct bytes value);
void put_utf16(const struct describe_sink *s, const char *key, struct bytes value);

/** "key": hex of the first DESCRIBE_HEX_MAX bytes, or none; "key_size" where there are more. */
void put_hex(const struct describe_sink *s, const char *key, struct bytes value);

/** "key": the GUID, and "key_name" where it is well known. guid: GUID_SIZE bytes. */
void put_guid(const struct describe_sink *s, const char *key, struct bytes guid);

/** Text where it is text (ASCII or UTF-16), else put_hex(). */
void put_guess(const struct describe_sink *s, const char *key, struct bytes value);

/** "key": one path as text; *r moves behind it. */
MUST_USE bool put_device_path(const struct describe_sink *s, const char *key, struct reader *r,
        struct error *err);

/** "trailing": what is left of *r, if anything. Old shim and Linux log more bytes than they
 * measure. */
void put_trailing(const struct describe_sink *s, struct reader *r);

/* describe_certificate.c: an object "key" with subject, issuer and serial of a DER certificate. */
MUST_USE bool put_certificate(const struct describe_sink *s, const char *key, struct bytes der,
        struct error *err);

/* describe_variable.c */
MUST_USE bool describe_variable(const struct describe_sink *s, struct bytes data,
        struct error *err);
MUST_USE bool describe_authority(const struct describe_sink *s, struct bytes data,
        struct error *err);

/* describe_firmware.c */
MUST_USE bool describe_image(const struct describe_sink *s, struct bytes data, struct error *err);
MUST_USE bool describe_gpt(const struct describe_sink *s, struct bytes data, struct error *err);
MUST_USE bool describe_blob(const struct describe_sink *s, struct bytes data, struct error *err);
MUST_USE bool describe_blob2(const struct describe_sink *s, struct bytes data, struct error *err);
MUST_USE bool describe_tables(const struct describe_sink *s, struct bytes data, struct error *err);
MUST_USE bool describe_tables2(const struct describe_sink *s, struct bytes data, struct error *err);
MUST_USE bool describe_spdm(const struct describe_sink *s, struct bytes data, struct error *err);

/* describe_no_action.c */
MUST_USE bool describe_no_action(const struct describe_sink *s, struct bytes data,
        struct error *err);
