/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "common/attributes.h"
#include "common/error.h"
#include "common/reader.h"
#include "eventlog/text.h"

/**
 * Read one EFI device path and write it in the text form of the UEFI specification ("Text Device
 * Node Reference"), nodes joined by "/", instances by ",":
 * PciRoot(0x0)/Pci(0x1,0x1)/HD(1,GPT,...)/File(\EFI\a.efi). File names stand in File(), so that a
 * name cannot pass for nodes. A node that is unknown, or too short for its type, becomes
 * Path(type,subtype,hex).
 *
 * @param r    moves behind the end node; where firmware left that out, to the end
 * @param out  holds what was read even on failure
 * @param err  ERROR_MALFORMED: the length of a node is wrong
 */
MUST_USE bool device_path_text(struct reader *r, struct text *out, struct error *err);
