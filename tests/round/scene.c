/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/round/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

static void enroll(struct scene *s)
{
    struct error err = { 0 };

    CHECKF(tpm_ak_read(&s->hasher, forge_key_public(&s->machine.key), NULL, &s->who.ak, &err), "%s",
            err.text);
}

void scene_set_policy(struct scene *s, const char *text)
{
    struct error err = { 0 };
    const char *path = forge_dir_write(attack_dir(), "policy.yaml",
            bytes_of_text(text != NULL ? text : POLICY_DEFAULT));

    policy_clear(&s->policy);
    CHECKF(policy_load(path, &s->policy, &err), "%s", err.text);
}

void scene_make(struct scene *s, const char *policy)
{
    struct error err = { 0 };

    *s = (struct scene){ 0 };
    forge_init(&s->machine, FORGE_SHA1 | FORGE_SHA256, attack_key());
    forge_honest(&s->machine);
    s->machine.send_hints = true;
    fake_agent_init(&s->agent, &s->machine);
    s->link = fake_agent_link(&s->agent);
    CHECKF(hasher_init(&s->hasher, &err), "%s", err.text);
    enroll(s);
    scene_set_policy(s, policy);
    s->host = (struct host){
        .link = &s->link,
        .hasher = &s->hasher,
        .who = &s->who,
        .identity_mode = "pinned",
        .state = &s->state,
    };
}

void scene_clear(struct scene *s)
{
    round_clear(&s->round);
    host_state_clear(&s->state);
    policy_clear(&s->policy);
    identity_clear(&s->who);
    hasher_clear(&s->hasher);
    fake_agent_clear(&s->agent);
    forge_clear(&s->machine);
}

const char *scene_round(struct scene *s)
{
    static char text[600];
    char kinds[512];

    round_clear(&s->round);
    s->err = (struct error){ 0 };
    s->link = fake_agent_link(&s->agent);
    if (!round_run(&s->host, &s->policy, &s->round, &s->err)) {
        return s->err.code == ERROR_NO_ANSWER ? "silence" : "internal";
    }
    attack_kinds(&s->round.verdict, kinds);
    (void)snprintf(text, sizeof(text), "%s%s%s",
            verdict_result_name(verdict_result(&s->round.verdict)), *kinds != '\0' ? " " : "",
            kinds);
    return text;
}

static void print(const struct scene *s)
{
    const struct verdict *v = &s->round.verdict;

    printf("    %s\n", s->err.text);
    for (size_t i = 0; i < v->findings.count && i < 10; i++) {
        printf("    %s %s: %s\n", severity_name(v->findings.at[i].severity), v->findings.at[i].kind,
                v->findings.at[i].text);
    }
    for (int c = 0; c < CHECK_COUNT; c++) {
        printf("    %s %s: %s\n", check_name((enum check)c), outcome_name(v->checks[c].outcome),
                v->checks[c].detail);
    }
}

bool scene_expect_at(unsigned int line, const char *file, struct scene *s, const char *want)
{
    bool ok = check_text_at(line, file, "round", bytes_of_text(scene_round(s)), want);

    if (!ok) {
        print(s);
    }
    return ok;
}

static void power_on(struct scene *s)
{
    struct forge fresh;

    forge_init(&fresh, s->machine.banks, &s->machine.key);
    fresh.send_hints = s->machine.send_hints;
    forge_clear(&s->machine);
    s->machine = fresh;
    forge_honest(&s->machine);
}

void scene_boot(struct scene *s)
{
    power_on(s);
    s->agent.clock.reset++;
    s->agent.clock.restart = 0;
}

void scene_restart(struct scene *s)
{
    power_on(s);
    s->agent.clock.restart++;
}

void scene_resume(struct scene *s)
{
    s->agent.clock.restart++;
}

void scene_kexec(struct scene *s)
{
    s->machine.list.len = 0;
    s->machine.records = 0;
    forge_aggregate(&s->machine, DIGEST_SHA256, 9);
    scene_run_allowed(s);
}

void scene_trim(struct scene *s, size_t records)
{
    struct forge *f = &s->machine;
    size_t bytes = f->record_at[records];

    memmove(f->list.data, f->list.data + bytes, f->list.len - bytes);
    f->list.len -= bytes;
    f->records -= records;
    for (size_t i = 0; i < f->records; i++) {
        f->record_at[i] = f->record_at[i + records] - bytes;
    }
}

void scene_run_allowed(struct scene *s)
{
    forge_file(&s->machine, FORGE_BOTH, 10, forge_files[2]);
}

void scene_run_unknown(struct scene *s, const char *path)
{
    forge_file(&s->machine, FORGE_BOTH, 10, path);
}
