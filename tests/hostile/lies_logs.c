/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "eventlog/types.h"
#include "tests/forge_internal.h"
#include "tests/hostile/lies.h"

/* R25-R31, R43-R50, R71, R84-R96: logs that are not what was extended. Whoever owns the machine
 * changes them with a text editor, or extends what he likes. */

#define INTRUDER "/tmp/intruder"

/* Of a record of ima-ng: PCR, SHA-1 digest, length of the name, name; length of the data. */
#define RECORD_DIGEST    4
#define RECORD_DATA_SIZE (4 + 20 + 4 + 6)
#define RECORD_DATA      (RECORD_DATA_SIZE + 4)

static size_t record_end(const struct forge *f, size_t i)
{
    return i + 1 < f->records ? f->record_at[i + 1] : f->list.len;
}

static struct bytes record(const struct forge *f, size_t i)
{
    return (struct bytes){ f->list.data + f->record_at[i], record_end(f, i) - f->record_at[i] };
}

/* The list anew, from records in another order; -1 ends it. */
static void rearrange(struct machine *m, const int *order)
{
    struct forge *f = &m->f;
    struct forge_bytes list = { 0 };
    size_t at[FORGE_RECORDS_MAX];
    size_t count = 0;

    for (; *order >= 0; order++) {
        at[count++] = list.len;
        forge_add(&list, record(f, (size_t)*order));
    }
    forge_bytes_clear(&f->list);
    f->list = list;
    f->records = count;
    memcpy(f->record_at, at, sizeof(at));
}

static void drop_record(struct machine *m)
{
    rearrange(m, (const int[]){ 0, 1, 2, 4, 5, -1 });
}

static void drop_first_record(struct machine *m)
{
    rearrange(m, (const int[]){ 1, 2, 3, 4, 5, -1 });
}

static void repeat_record(struct machine *m)
{
    rearrange(m, (const int[]){ 0, 1, 2, 3, 3, 4, 5, -1 });
}

static void swap_records(struct machine *m)
{
    rearrange(m, (const int[]){ 0, 1, 3, 2, 4, 5, -1 });
}

static void list_twice(struct machine *m)
{
    rearrange(m, (const int[]){ 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, -1 });
}

static void insert_record(struct machine *m)
{
    forge_file(&m->f, FORGE_LOG, 10, machine_file(1));
    rearrange(m, (const int[]){ 0, 1, 2, 6, 3, 4, 5, -1 });
}

static uint8_t *find(struct forge_bytes *b, const char *text)
{
    uint8_t *at = memmem(b->data, b->len, text, strlen(text));

    REQUIRE(at != NULL);
    return at;
}

static void intrude(struct machine *m)
{
    forge_file(&m->f, FORGE_BOTH, 10, INTRUDER);
}

static void intrude_unseen(struct machine *m)
{
    forge_file(&m->f, FORGE_EXTEND, 10, INTRUDER);
}

/* Intruder first, clean records behind it. */
static void intrude_first(struct machine *m)
{
    forge_file(&m->f, FORGE_EXTEND, 10, INTRUDER);
    forge_file(&m->f, FORGE_BOTH, 10, machine_file(0));
}

static void disguise(struct machine *m)
{
    struct forge *f = &m->f;
    struct forge_bytes clean = { 0 };

    forge_add(&clean, record(f, 1));
    f->list.len = f->record_at[f->records - 1];
    forge_add(&f->list, forge_view(&clean));
    forge_bytes_clear(&clean);
}

static void edit_path(struct machine *m)
{
    find(&m->f.list, "/usr/bin/bash")[9] = 'd';
}

static void edit_template_digest(struct machine *m)
{
    m->f.list.data[m->f.record_at[2] + RECORD_DIGEST] ^= 1;
}

static void edit_file_digest(struct machine *m)
{
    find(&m->f.list, "/usr/bin/bash")[-6] ^= 1;
}

static void relabel_record(struct machine *m)
{
    m->f.list.data[m->f.record_at[3]] = 11;
}

static void record_of_no_pcr(struct machine *m)
{
    memset(m->f.list.data + m->f.record_at[3], 0xff, 4);
}

static void record_in_pcr_11(struct machine *m)
{
    forge_file(&m->f, FORGE_BOTH, 11, machine_file(1));
}

static void violate(struct machine *m)
{
    uint8_t room[256];

    forge_violation(&m->f, FORGE_BOTH, 10, "ima-ng",
            forge_file_data("/var/log/messages", room, sizeof(room)));
}

/* R85: nothing covers the bytes of a violation. */
static void edit_violation(struct machine *m)
{
    memcpy(find(&m->f.list, "/var/log/messages"), "/usr/bin/bash\0\0\0", 16);
}

static void violation_for_record(struct machine *m)
{
    struct forge *f = &m->f;

    memset(f->list.data + f->record_at[f->records - 1] + RECORD_DIGEST, 0, 20);
}

static void cut_list(struct machine *m)
{
    m->f.list.len -= 7;
}

static void short_list(struct machine *m)
{
    m->f.list.len = m->f.record_at[m->f.records - 1];
}

static void empty_list(struct machine *m)
{
    m->f.list.len = 0;
}

static void no_list(struct machine *m)
{
    m->f.send_list = false;
}

static void long_name(struct machine *m)
{
    memset(m->f.list.data + m->f.record_at[2] + 4 + 20, 0xff, 4);
}

static void long_data(struct machine *m)
{
    memset(m->f.list.data + m->f.record_at[2] + RECORD_DATA_SIZE, 0xff, 4);
}

static void garbage_list(struct machine *m)
{
    memset(m->f.list.data, 0xa5, m->f.list.len);
}

/* R28: a record that no quote ever attests. */
static void lasting_tail(struct machine *m)
{
    forge_file(&m->f, FORGE_LOG, 10, INTRUDER);
}

/* The tail of the first round is gone in the second. */
static void tail_once(struct machine *m)
{
    for (int i = 0; m->rounds == 1 && i < 3; i++) {
        forge_file(&m->f, FORGE_LOG, 10, INTRUDER);
    }
    if (m->rounds == 2) {
        rearrange(m, (const int[]){ 0, 1, 2, 3, 4, 5, 9, -1 });
    }
}

/* A record of the boot log: PCR, type, count, two digests with their algorithms, size, data. */
#define EVENT_PCR  (4 + 32 + 2 + 20 + 2 + 4 + 4 + 4)
#define EVENT_TYPE (EVENT_PCR - 4)
#define EVENT_SIZE 4

static uint8_t *event_data(struct machine *m)
{
    return find(&m->f.boot_log, "firmware 4");
}

static void relabel_event(struct machine *m)
{
    event_data(m)[-EVENT_PCR] = 5;
}

static void event_of_no_pcr(struct machine *m)
{
    event_data(m)[-EVENT_PCR] = 200;
}

/* The types are not measured: this changes nothing but what is shown. */
static void swap_event_types(struct machine *m)
{
    event_data(m)[-EVENT_TYPE] = EV_IPL;
}

/* ... but for the one type that is not extended. */
static void event_without_action(struct machine *m)
{
    event_data(m)[-EVENT_TYPE] = EV_NO_ACTION;
}

static void edit_event_digest(struct machine *m)
{
    event_data(m)[-EVENT_SIZE - 1] ^= 1;
}

static void big_event(struct machine *m)
{
    memset(event_data(m) - EVENT_SIZE, 0xff, 4);
}

static void drop_event(struct machine *m)
{
    struct forge_bytes *log = &m->f.boot_log;
    uint8_t *at = event_data(m) - EVENT_PCR;
    uint8_t *end = event_data(m) + strlen("firmware 4");

    memmove(at, end, (size_t)(log->data + log->len - end));
    log->len -= (size_t)(end - at);
}

static void insert_event(struct machine *m)
{
    forge_event(&m->f, FORGE_LOG, 4, EV_IPL, "never measured");
}

static void made_up_locality(struct machine *m)
{
    forge_locality(&m->f, 3);
}

static void event_in_list_pcr(struct machine *m)
{
    forge_event(&m->f, FORGE_LOG, 10, EV_IPL, "never measured");
}

static void cut_boot_log(struct machine *m)
{
    m->f.boot_log.len -= 3;
}

static void empty_boot_log(struct machine *m)
{
    m->f.boot_log.len = 0;
}

static void no_boot_log(struct machine *m)
{
    m->f.send_boot_log = false;
}

static void garbage_boot_log(struct machine *m)
{
    memset(m->f.boot_log.data, 0xa5, m->f.boot_log.len);
}

/* R92: the intruder is in PCR 10. Root extends the clean records once more, and boot events that
 * are made up tell of the first time. */
static void hide_in_boot_log(struct machine *m)
{
    struct forge *f = &m->f;
    struct forge_bytes copy = { 0 };
    uint8_t room[512];

    forge_file(f, FORGE_EXTEND, 10, INTRUDER);
    for (size_t i = 0; i < f->records; i++) {
        copy.len = 0;
        forge_add(&copy, record(f, i));
        struct bytes data = { copy.data + RECORD_DATA, copy.len - RECORD_DATA };

        forge_event_in(f, f->banks, FORGE_LOG, 10, EV_IPL, data);
        forge_record(f, FORGE_EXTEND, 10, "ima-ng", data);
    }
    forge_event_in(f, f->banks, FORGE_LOG, 10, EV_IPL,
            forge_file_data(INTRUDER, room, sizeof(room)));
    forge_bytes_clear(&copy);
}

/* Most happen once: what a log says, and what a register holds, stays so. */
const struct lie lies_logs[] = {
    { "drop-record", .to = 1, .send = drop_record },
    { "drop-first-record", .to = 1, .send = drop_first_record },
    { "repeat-record", .to = 1, .send = repeat_record },
    { "swap-records", .to = 1, .send = swap_records },
    { "list-twice", .to = 1, .send = list_twice },
    { "insert-record", .to = 1, .send = insert_record },
    { "intruder", .to = 1, .live = intrude },
    { "intruder-later", .from = 2, .to = 2, .live = intrude },
    { "intruder-unseen", .to = 1, .live = intrude_unseen },
    { "intruder-unseen-later", .from = 2, .to = 2, .live = intrude_unseen },
    { "intruder-behind-clean-records", .to = 1, .live = intrude_first },
    { "intruder-disguised", .to = 1, .live = intrude, .send = disguise },
    { "edit-path", .to = 1, .send = edit_path },
    { "edit-template-digest", .to = 1, .send = edit_template_digest },
    { "edit-file-digest", .to = 1, .send = edit_file_digest },
    { "relabel-record", .to = 1, .send = relabel_record },
    { "record-of-no-pcr", .to = 1, .send = record_of_no_pcr },
    { "record-in-pcr-11", .to = 1, .live = record_in_pcr_11 },
    { "edit-violation", .to = 1, .live = violate, .send = edit_violation },
    { "violation-for-record", .to = 1, .live = intrude, .send = violation_for_record },
    { "cut-list", .to = 1, .send = cut_list },
    { "short-list", .to = 1, .send = short_list },
    { "empty-list", .to = 1, .send = empty_list },
    { "no-list", .to = 1, .send = no_list },
    { "long-template-name", .to = 1, .send = long_name },
    { "long-template-data", .to = 1, .send = long_data },
    { "garbage-list", .to = 1, .send = garbage_list },
    { "lasting-tail", .to = 1, .idle = true, .live = lasting_tail },
    { "vanishing-tail", .live = tail_once },
    { "relabel-event", .to = 1, .send = relabel_event },
    { "event-of-no-pcr", .to = 1, .send = event_of_no_pcr },
    { "swap-event-types", .to = 1, .send = swap_event_types },
    { "event-without-action", .to = 1, .send = event_without_action },
    { "edit-event-digest", .to = 1, .send = edit_event_digest },
    { "big-event", .to = 1, .send = big_event },
    { "drop-event", .to = 1, .send = drop_event },
    { "insert-event", .to = 1, .send = insert_event },
    { "made-up-locality", .to = 1, .send = made_up_locality },
    { "event-in-list-pcr", .to = 1, .send = event_in_list_pcr },
    { "cut-boot-log", .to = 1, .send = cut_boot_log },
    { "empty-boot-log", .to = 1, .send = empty_boot_log },
    { "no-boot-log", .to = 1, .send = no_boot_log },
    { "garbage-boot-log", .to = 1, .send = garbage_boot_log },
    { "hide-in-boot-log", .to = 1, .live = hide_in_boot_log },
};
const size_t lies_logs_count = ARRAY_LEN(lies_logs);
