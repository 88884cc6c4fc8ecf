/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tests/check.h"
#include "tests/round/scene.h"
#include "verifier/round.h"

static void first_contact_asks_for_everything(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK_UINT(s.round.way, ROUND_WHOLE);
    CHECK_UINT(s.round.new_entries, 6);
    CHECK_UINT(s.round.verdict.attested, 6);
    CHECK(!s.agent.last.has_cursor && s.agent.last.boot_log_id.len == 0);
    CHECK(s.round.quote_is_proven && !s.round.is_new_boot);
    CHECK_TEXT(bytes_of_text(s.round.agent), "0.0-fake");
    CHECK(bytes_equal(buffer_view(&s.round.ak_public), forge_key_public(attack_key())));
    scene_clear(&s);
}

static void a_round_with_nothing_new_is_one_quote(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    s.agent.asks = 0;
    s.agent.list_bytes = 0;
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK_UINT(s.round.way, ROUND_DELTA);
    CHECK_UINT(s.agent.asks, 1);
    CHECK_UINT(s.agent.list_bytes, 0);
    CHECK_UINT(s.round.new_entries, 0);
    CHECK_UINT(s.round.verdict.attested, 6);
    CHECK(s.agent.last.has_cursor && s.agent.last.boot_log_id.len > 0);
    scene_clear(&s);
}

static void only_new_records_are_fetched(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    for (uint64_t i = 1; i <= 5; i++) {
        size_t before = s.machine.list.len;

        for (uint64_t n = 0; n < i; n++) {
            scene_run_allowed(&s);
        }
        s.agent.list_bytes = 0;
        SCENE_EXPECT(&s, "TRUSTED");
        CHECK_UINT(s.round.new_entries, i);
        CHECK_UINT(s.agent.list_bytes, s.machine.list.len - before);
    }
    scene_clear(&s);
}

/* Of what runs after the quote; one of them is in no list. */
static void run_one_more(struct fake_agent *a)
{
    forge_file(a->machine, FORGE_BOTH, 10, forge_files[1]);
}

static void run_intruder(struct fake_agent *a)
{
    forge_file(a->machine, FORGE_BOTH, 10, "/tmp/intruder");
}

static void a_list_that_grows_during_the_quote_has_a_tail(void)
{
    struct scene s;

    scene_make(&s, NULL);
    for (uint64_t i = 0; i < 3; i++) {
        s.agent.after_quote = run_one_more;
        SCENE_EXPECT(&s, "TRUSTED");
        CHECK_UINT(s.round.verdict.attested, 6 + i);
        CHECK_UINT(s.round.verdict.entries, 7 + i);
    }
    s.agent.after_quote = run_intruder;
    SCENE_EXPECT(&s, "TRUSTED"); /* nothing attests it yet */
    s.agent.after_quote = NULL;
    SCENE_EXPECT(&s, "REFUSED unknown-file");
    CHECK_UINT((uint64_t)attack_entry(&s.round.verdict), 9);
    scene_clear(&s);
}

/* R28: the machine goes on, but what it shows is the TPM of the round before. */
static struct pcr_values old_registers;

static void quote_the_past(struct fake_agent *a)
{
    struct pcr_values now = a->machine->tpm;

    a->machine->tpm = old_registers;
    forge_quote_digest(a->machine);
    a->machine->tpm = now;
}

static void a_quote_that_stays_behind_the_list_refuses(void)
{
    struct scene s;

    scene_make(&s, NULL);
    old_registers = s.machine.tpm;
    s.agent.after_quote = run_intruder;
    SCENE_EXPECT(&s, "TRUSTED");
    s.agent.after_quote = NULL;
    s.agent.change_quote = quote_the_past;
    SCENE_EXPECT(&s, "REFUSED ima-replay");
    SCENE_EXPECT(&s, "REFUSED ima-replay");
    s.agent.change_quote = NULL;
    SCENE_EXPECT(&s, "REFUSED unknown-file");
    scene_clear(&s);
}

static void an_agent_that_was_restarted_goes_on(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    struct tpm_clock clock = s.agent.clock;

    fake_agent_clear(&s.agent);
    fake_agent_init(&s.agent, &s.machine);
    s.agent.clock = clock;
    s.agent.version = "0.1-fake";
    scene_run_allowed(&s);
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK_UINT(s.round.way, ROUND_DELTA);
    CHECK_UINT(s.round.new_entries, 1);
    CHECK_TEXT(bytes_of_text(s.round.agent), "0.1-fake");
    scene_clear(&s);
}

static void a_reboot_starts_anew(void)
{
    struct scene s;

    scene_make(&s, NULL);
    scene_run_unknown(&s, "/tmp/intruder");
    SCENE_EXPECT(&s, "REFUSED unknown-file");
    scene_boot(&s);
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK(s.round.is_new_boot);
    CHECK_UINT(s.round.way, ROUND_DELTA);
    CHECK_UINT(s.agent.quotes, 2);
    CHECK_UINT(s.round.new_entries, 6);
    CHECK_UINT(s.state.open.count, 0);
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK(!s.round.is_new_boot);
    scene_clear(&s);
}

static void a_new_boot_that_does_not_replay_keeps_what_is_known_of_the_old_one(void)
{
    struct scene s;

    scene_make(&s, NULL);
    scene_run_unknown(&s, "/tmp/intruder");
    SCENE_EXPECT(&s, "REFUSED unknown-file");
    scene_boot(&s);
    forge_file(&s.machine, FORGE_EXTEND, 10, "/tmp/hidden");
    SCENE_EXPECT(&s, "REFUSED ima-replay"); /* not the old boot's findings */
    CHECK_UINT(s.state.open.count, 1);
    CHECK_UINT(s.state.clock.reset, 7);
    scene_clear(&s);
}

static void a_resume_goes_on(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    scene_resume(&s);
    scene_run_allowed(&s);
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK_UINT(s.agent.quotes, 2);
    CHECK_UINT(s.round.new_entries, 1);
    CHECK(!s.round.is_new_boot);
    scene_clear(&s);
}

/* Registers cleared, resetCount not counted up. The list is shorter than before, or longer. */
static void a_restart_with_cleared_registers_is_a_new_boot(void)
{
    for (int longer = 0; longer <= 1; longer++) {
        struct scene s;

        scene_make(&s, NULL);
        scene_run_unknown(&s, "/tmp/intruder");
        SCENE_EXPECT(&s, "REFUSED unknown-file");
        scene_restart(&s);
        for (int i = 0; i < 5 * longer; i++) {
            scene_run_allowed(&s);
        }
        SCENE_EXPECT(&s, "TRUSTED");
        CHECK(s.round.is_new_boot);
        CHECK_UINT(s.state.open.count, 0);
        SCENE_EXPECT(&s, "TRUSTED");
        CHECK_UINT(s.round.way, ROUND_DELTA);
        scene_clear(&s);
    }
}

static void a_cleared_tpm_is_another_identity(void)
{
    struct scene s;
    struct forge_key other;

    forge_key_make(&other, FORGE_P256, FORGE_AK_ATTRIBUTES);
    for (int pinned = 0; pinned <= 1; pinned++) {
        scene_make(&s, NULL);
        if (pinned == 0) {
            identity_clear(&s.who); /* whoever it is, and then the same one */
        }
        SCENE_EXPECT(&s, "TRUSTED");
        scene_boot(&s);
        s.machine.key = other;
        s.agent.clock = (struct tpm_clock){ 1000, 0, 0, true };
        s.host.no_resync_till = 0;
        scene_round(&s);
        CHECK_UINT(verdict_result(&s.round.verdict), VERDICT_REFUSED);
        CHECK(verdict_has_kind(&s.round.verdict, "identity"));
        CHECK_UINT(s.state.clock.reset, 7);
        CHECK_UINT(s.agent.quotes, 2);
        scene_clear(&s);
    }
    forge_key_clear(&other);
}

static void kexec_is_found_out_or_allowed(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    scene_kexec(&s);
    SCENE_EXPECT(&s, "REFUSED kexec");
    scene_run_allowed(&s);
    SCENE_EXPECT(&s, "REFUSED kexec"); /* it stays */
    CHECK_UINT(s.round.way, ROUND_DELTA);
    scene_boot(&s);
    SCENE_EXPECT(&s, "TRUSTED");
    scene_clear(&s);

    scene_make(&s, WITH("  kexec: allow\n"));
    SCENE_EXPECT(&s, "TRUSTED");
    scene_kexec(&s);
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK_UINT(s.round.verdict.findings.count, 1);
    scene_run_allowed(&s);
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK_UINT(s.round.way, ROUND_DELTA);
    CHECK_UINT(s.round.verdict.findings.count, 1); /* still shown */
    scene_run_unknown(&s, "/tmp/intruder");
    SCENE_EXPECT(&s, "REFUSED unknown-file");
    scene_clear(&s);
}

static void records_lost_with_a_kexec_refuse(void)
{
    struct scene s;

    scene_make(&s, WITH("  kexec: allow\n"));
    SCENE_EXPECT(&s, "TRUSTED");
    scene_run_unknown(&s, "/tmp/intruder"); /* nobody has seen it */
    scene_kexec(&s);
    SCENE_EXPECT(&s, "REFUSED ima-replay");
    scene_clear(&s);
}

static void a_list_trimmed_in_front_goes_on(void)
{
    struct scene s;

    for (size_t records = 1; records <= 5; records++) {
        scene_make(&s, NULL);
        SCENE_EXPECT(&s, "TRUSTED");
        scene_trim(&s, records);
        SCENE_EXPECT(&s, "TRUSTED");
        scene_run_allowed(&s);
        SCENE_EXPECT(&s, "TRUSTED");
        scene_run_unknown(&s, "/tmp/intruder");
        SCENE_EXPECT(&s, "REFUSED unknown-file");
        scene_clear(&s);
    }
}

static void a_list_trimmed_too_far_refuses(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    scene_run_unknown(&s, "/tmp/intruder");
    scene_run_allowed(&s);
    scene_trim(&s, 7); /* with the intruder, which nobody has seen */
    SCENE_EXPECT(&s, "REFUSED ima-replay");
    scene_clear(&s);
}

/* R73: the agent does not care for cursors and digests. */
static void send_everything(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    if (r->challenge.len == 0) {
        return;
    }
    answer->evidence.log[LOG_KIND_BOOT].offset = 0;
    answer->evidence.log[LOG_KIND_IMA].offset = 0;
    answer->evidence.log[LOG_KIND_IMA].entry = 0;
    answer->chunk[0] =
            (struct message_chunk){ LOG_KIND_BOOT, 0, true, forge_view(&a->machine->boot_log) };
    answer->chunk[1] =
            (struct message_chunk){ LOG_KIND_IMA, 0, true, forge_view(&a->machine->list) };
}

static void a_log_sent_whole_again_changes_nothing(void)
{
    struct scene s;

    scene_make(&s, NULL);
    s.agent.change = send_everything;
    for (int i = 0; i < 3; i++) {
        SCENE_EXPECT(&s, "TRUSTED");
        CHECK_UINT(s.round.verdict.attested, 6);
        CHECK_UINT(s.round.verdict.entries, 6);
        CHECK_UINT(s.state.list.at.judged.files, 5);
    }
    scene_run_unknown(&s, "/tmp/intruder");
    SCENE_EXPECT(&s, "REFUSED unknown-file");
    SCENE_EXPECT(&s, "REFUSED unknown-file");
    CHECK_UINT(s.round.verdict.findings.count, 1);
    scene_clear(&s);
}

/* R4, R5: evidence of another time, or of another host. */
static struct forge_bytes recorded;

static void record(struct fake_agent *a, struct forge_bytes *answer)
{
    (void)a;
    recorded.len = 0;
    forge_add(&recorded, forge_view(answer));
}

static void play(struct fake_agent *a, struct forge_bytes *answer)
{
    (void)a;
    answer->len = 0;
    forge_add(answer, forge_view(&recorded));
}

static void recorded_evidence_is_refused(void)
{
    struct scene s;
    struct scene other;

    scene_make(&s, NULL);
    s.agent.change_bytes = record;
    SCENE_EXPECT(&s, "TRUSTED");
    s.agent.change_bytes = play;
    host_state_clear(&s.state); /* so that the same is asked for */
    SCENE_EXPECT(&s, "REFUSED quote");
    CHECK_UINT(s.round.verdict.checks[CHECK_NONCE].outcome, OUTCOME_FAIL);
    scene_clear(&s);

    scene_make(&other, NULL); /* the same key: only the challenge tells */
    other.agent.change_bytes = play;
    SCENE_EXPECT(&other, "REFUSED quote");
    scene_clear(&other);
    forge_bytes_clear(&recorded);
}

static enum error_code is_silent(struct fake_agent *a, const struct message_request *r)
{
    (void)a;
    (void)r;
    return ERROR_NO_ANSWER;
}

static enum error_code is_silent_after_evidence(struct fake_agent *a,
        const struct message_request *r)
{
    (void)a;
    return r->challenge.len > 0 ? ERROR_NONE : ERROR_NO_ANSWER;
}

static enum error_code is_garbled(struct fake_agent *a, const struct message_request *r)
{
    (void)a;
    (void)r;
    return ERROR_MALFORMED;
}

static enum error_code is_out_of_memory(struct fake_agent *a, const struct message_request *r)
{
    (void)a;
    (void)r;
    return ERROR_NOMEM;
}

static void break_signature(struct fake_agent *a)
{
    a->machine->quote.break_signature = true;
}

static void silence_and_faults_are_no_verdict_but_a_refusal_stays_one(void)
{
    struct scene s;

    scene_make(&s, NULL);
    s.agent.fault = is_silent;
    SCENE_EXPECT(&s, "silence");
    s.agent.fault = is_out_of_memory;
    SCENE_EXPECT(&s, "internal");
    s.agent.fault = is_garbled;
    SCENE_EXPECT(&s, "REFUSED malformed");
    s.agent.fault = is_silent_after_evidence;
    for (size_t chunk = 100; chunk <= 3000; chunk += 2900) { /* the boot log ends, or not */
        s.agent.chunk = chunk;
        s.agent.served = 200;
        s.agent.change_quote = NULL;
        SCENE_EXPECT(&s, "silence");
        s.agent.change_quote = break_signature;
        SCENE_EXPECT(&s, "REFUSED quote");
    }
    s.agent.fault = NULL;
    s.agent.change_quote = NULL;
    SCENE_EXPECT(&s, "TRUSTED");
    s.agent.fault = is_silent;
    SCENE_EXPECT(&s, "silence");
    CHECK_UINT(s.state.list.entry, 6);
    scene_clear(&s);
}

static void more_lies(struct fake_agent *a, const struct message_request *r,
        struct fake_answer *answer)
{
    (void)a;
    if (r->challenge.len == 0) {
        answer->chunk[0].offset++;
    }
}

static void a_lie_in_a_later_chunk_is_malformed(void)
{
    struct scene s;

    scene_make(&s, NULL);
    s.agent.chunk = 300;
    s.agent.change = more_lies;
    SCENE_EXPECT(&s, "REFUSED malformed");
    scene_clear(&s);
}

static void a_quote_of_other_registers_than_asked_for_refuses(void)
{
    struct scene s;

    scene_make(&s, NULL);
    s.policy.quote.bank[0].mask &= ~(1u << 14); /* the fake agent quotes what it is asked */
    SCENE_EXPECT(&s, "TRUSTED");
    s.policy.quote.bank[s.policy.quote.count++] = (struct pcr_selection_bank){ DIGEST_SHA1, 1 };
    SCENE_EXPECT(&s, "REFUSED quote"); /* the same PCRs in both banks: more than asked for */
    CHECK_UINT(s.round.verdict.checks[CHECK_PCR_SELECTION].outcome, OUTCOME_FAIL);
    scene_clear(&s);
}

static void only_what_the_policy_needs_is_asked_for(void)
{
    struct scene s;

    scene_make(&s, POLICY_ABSENT POLICY_IMA);
    for (int i = 0; i < 3; i++) {
        SCENE_EXPECT(&s, "TRUSTED");
        CHECK(!s.agent.last.want[LOG_KIND_BOOT].wanted && s.agent.last.want[LOG_KIND_IMA].wanted);
        CHECK_UINT(s.round.way, i == 0 ? ROUND_WHOLE : ROUND_DELTA);
        scene_run_allowed(&s);
    }
    scene_clear(&s);

    scene_make(&s, POLICY_UNCHECKED "quote: { pcrs: [0, 1, 2, 3, 4, 5, 6, 7] }\n");
    for (int i = 0; i < 3; i++) {
        SCENE_EXPECT(&s, "TRUSTED");
        CHECK(s.agent.last.want[LOG_KIND_BOOT].wanted && !s.agent.last.want[LOG_KIND_IMA].wanted);
        CHECK_UINT(s.agent.list_bytes, 0);
        CHECK_UINT(s.agent.last.boot_log_id.len, i == 0 ? 0 : 32);
    }
    scene_boot(&s);
    SCENE_EXPECT(&s, "TRUSTED");
    CHECK(s.round.is_new_boot);
    scene_clear(&s);
}

static void logs_that_are_not_sent_refuse(void)
{
    struct scene s;

    scene_make(&s, NULL);
    SCENE_EXPECT(&s, "TRUSTED");
    s.machine.send_list = false;
    SCENE_EXPECT(&s, "REFUSED ima-replay");
    s.machine.send_list = true;
    s.machine.send_boot_log = false;
    SCENE_EXPECT(&s, "REFUSED boot-replay");
    CHECK(s.state.has_list); /* by the hints the list still holds */
    s.machine.send_boot_log = true;
    SCENE_EXPECT(&s, "TRUSTED");
    scene_clear(&s);
}

int main(void)
{
    static const struct test tests[] = {
        { "first contact asks for everything", first_contact_asks_for_everything },
        { "a round with nothing new is one quote", a_round_with_nothing_new_is_one_quote },
        { "only new records are fetched", only_new_records_are_fetched },
        { "a list that grows during the quote has a tail",
                a_list_that_grows_during_the_quote_has_a_tail },
        { "R28: a quote that stays behind the list refuses",
                a_quote_that_stays_behind_the_list_refuses },
        { "an agent that was restarted goes on", an_agent_that_was_restarted_goes_on },
        { "R13: a reboot starts anew", a_reboot_starts_anew },
        { "a new boot that does not replay keeps what is known of the old one",
                a_new_boot_that_does_not_replay_keeps_what_is_known_of_the_old_one },
        { "R13: a resume goes on", a_resume_goes_on },
        { "R13: a restart with cleared registers is a new boot",
                a_restart_with_cleared_registers_is_a_new_boot },
        { "a cleared TPM is another identity", a_cleared_tpm_is_another_identity },
        { "kexec is found out, or allowed", kexec_is_found_out_or_allowed },
        { "records lost with a kexec refuse", records_lost_with_a_kexec_refuse },
        { "a list trimmed in front goes on", a_list_trimmed_in_front_goes_on },
        { "a list trimmed too far refuses", a_list_trimmed_too_far_refuses },
        { "R73: a log sent whole again changes nothing", a_log_sent_whole_again_changes_nothing },
        { "R4, R5: recorded evidence is refused", recorded_evidence_is_refused },
        { "silence and faults are no verdict, but a refusal stays one",
                silence_and_faults_are_no_verdict_but_a_refusal_stays_one },
        { "R39: a lie in a later chunk is malformed", a_lie_in_a_later_chunk_is_malformed },
        { "R6: a quote of other registers than asked for refuses",
                a_quote_of_other_registers_than_asked_for_refuses },
        { "only what the policy needs is asked for", only_what_the_policy_needs_is_asked_for },
        { "logs that are not sent refuse", logs_that_are_not_sent_refuse },
    };

    attack_setup();
    int status = run_tests("round", tests, ARRAY_LEN(tests));

    attack_teardown();
    return status;
}
