/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "common/attributes.h"
#include "common/error.h"
#include "verifier/verdict.h"

/*
 * What was found about attested records of the IMA list stays true as long as the machine runs: an
 * open finding is part of every verdict until the list is judged again from its first record, or
 * the machine boots. Everything else that a verdict says is made anew in each round.
 */

/** True for a finding about an attested record, about how many of them are violations, or about a
 * list that another kernel began: it is made once, and stays. */
bool finding_stays(const struct finding *f);

/**
 * Put open findings in front of those of v, which were made in this round and are finished
 * (findings_finish()), each of them once; a check that they fail fails in v.
 */
MUST_USE bool open_findings_show(const struct findings *open, struct verdict *v, struct error *err);

/** Let open be those findings of v that stay, and the count of those that were too many. */
MUST_USE bool open_findings_take(struct findings *open, const struct verdict *v, struct error *err);

/** Copy a finding; to is empty on entry. */
MUST_USE bool finding_copy(struct finding *to, const struct finding *from, struct error *err);
