/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tests/attack.h"
#include "tests/forge.h"
#include "tests/round/agent.h"
#include "verifier/host_state.h"
#include "verifier/policy.h"
#include "verifier/round.h"

/** A machine, its agent, and a verifier that attests it round by round. Needs attack_setup(). */
struct scene {
    struct forge machine;
    struct fake_agent agent;
    struct link link;
    struct hasher hasher;
    struct identity who; /* the machine's key, enrolled */
    struct policy policy;
    struct host_state state;
    struct host host;
    struct round round; /* the last one */
    struct error err;   /* of it */
};

/** An honest machine that has booted, and a policy (attack.h); nothing is attested yet. */
void scene_make(struct scene *s, const char *policy);
void scene_clear(struct scene *s);

/** Load this policy, and the lists as they are now, from now on. */
void scene_set_policy(struct scene *s, const char *policy);

/** Run a round; "TRUSTED", "REFUSED a b" with the refusing kinds, or "silence", "internal". The
 * text is overwritten by the next call. */
const char *scene_round(struct scene *s);

/** Run a round and check what comes of it. */
bool scene_expect_at(unsigned int line, const char *file, struct scene *s, const char *want);
#define SCENE_EXPECT(s, want) scene_expect_at(__LINE__, __FILE__, (s), (want))

/** The machine boots: a new forge_honest(), counters as a TPM Reset leaves them. */
void scene_boot(struct scene *s);
/** The same by a TPM Restart: orderly shutdown with state, power off, Startup(CLEAR). */
void scene_restart(struct scene *s);
/** Suspend to RAM and resume. */
void scene_resume(struct scene *s);
/** Another kernel by kexec, without the list of the one before. */
void scene_kexec(struct scene *s);
/** Take the first records away from the list, as a kernel that can be told to does. */
void scene_trim(struct scene *s, size_t records);
/** Run a file that is in the list of what is allowed, or one that is in none. */
void scene_run_allowed(struct scene *s);
void scene_run_unknown(struct scene *s, const char *path);
