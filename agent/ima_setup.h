/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/bytes.h"
#include "common/error.h"
#include "host/buffer.h"

/*
 * Puts an IMA policy where systemd finds it at boot, or the kernel's own policy on the kernel's
 * command line, and takes it away again. What was there is kept and restored as it was.
 */

#define IMA_SETUP_FILE   "/etc/ima/ima-policy"
#define IMA_SETUP_BACKUP IMA_SETUP_FILE ".before-tally"
#define IMA_SETUP_GRUB   "/etc/default/grub.d/tally-ima.cfg"
/* Twice the parameter: in grub.cfg the bar of "tcb|critical_data" would end the command. */
#define IMA_SETUP_PARAMETERS "ima_policy=tcb ima_policy=critical_data"

/** What is at IMA_SETUP_FILE now. */
enum ima_setup_state {
    IMA_SETUP_NONE,
    IMA_SETUP_OURS,    /* a policy of this version, byte for byte */
    IMA_SETUP_EDITED,  /* one of ours that somebody changed, or of another version */
    IMA_SETUP_FOREIGN, /* somebody else's */
};

/** Words for people: "no policy", ... */
const char *ima_setup_state_words(enum ima_setup_state state);

bool ima_setup_has_policy(const char *name);

/**
 * The text of a policy by name.
 *
 * @param read_files  with the rules that measure what root reads
 * @param err         ERROR_CONFIG: no such policy; ERROR_NOMEM
 */
MUST_USE bool ima_setup_policy(const char *name, bool read_files, struct buffer *out,
        struct error *err);

/** Look at what is there. root: see agent/machine.h. @param err  ERROR_IO (also what is no file) */
MUST_USE bool ima_setup_look(const char *root, enum ima_setup_state *out, bool *out_backup,
        struct error *err);

/** Would the kernel that runs take the policy, as far as its version and configuration tell? */
MUST_USE bool ima_setup_check(const char *root, struct bytes policy, struct error *err);

/**
 * Install a policy. Applying it again changes nothing.
 *
 * @param force    replace an edited or foreign one, of which a backup is kept; without it such a
 *                 one is ERROR_CONFIG
 * @param changed  false: it was there already
 */
MUST_USE bool ima_setup_apply(const char *root, struct bytes policy, bool force, bool *changed,
        struct error *err);

/** What undoing did. */
enum ima_setup_undone {
    IMA_SETUP_NOTHING, /* there was nothing of ours */
    IMA_SETUP_REMOVED,
    IMA_SETUP_RESTORED, /* the backup is back */
};

/** Take our policy away and bring the backup back. @param force  even if somebody edited ours */
MUST_USE bool ima_setup_undo(const char *root, bool force, enum ima_setup_undone *out,
        struct error *err);

/** True when GRUB reads drop-ins on this machine, so that ours has an effect. */
bool ima_setup_has_grub(const char *root);

/** Write GRUB's drop-in that adds IMA_SETUP_PARAMETERS. Again changes nothing. */
MUST_USE bool ima_setup_apply_grub(const char *root, bool *changed, struct error *err);

/** Remove the drop-in if it is ours. */
MUST_USE bool ima_setup_undo_grub(const char *root, bool *changed, struct error *err);

/** Programs and libraries that are installed: about as many records a policy leads to. 0: none
 * found. Stops at a limit. */
size_t ima_setup_count_programs(const char *root);
