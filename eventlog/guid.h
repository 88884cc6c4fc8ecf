/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define GUID_SIZE 16
/* "8be4df61-93ca-11d2-aa0d-00e098032b8c" and its NUL. */
#define GUID_TEXT_SIZE 37

/**
 * Write an EFI_GUID as text, lower case: the first three groups are little-endian in memory (UEFI
 * specification, appendix A).
 *
 * @param guid  GUID_SIZE bytes
 * @param dst   GUID_TEXT_SIZE bytes
 * @return dst
 */
const char *guid_text(const uint8_t *guid, char *dst);

/** Short name of a well-known GUID: variable vendors, signature types, partition types, tables; or
 * NULL. */
const char *guid_name(const uint8_t *guid);
