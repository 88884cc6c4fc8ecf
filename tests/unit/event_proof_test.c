/* SPDX-License-Identifier: BSD-3-Clause */
#include "eventlog/proof.h"
#include "tests/check.h"
#include "tests/unit/eventlog_build.h"

/* The second event of the log. */
static struct event second_event(struct log_builder *b)
{
    struct eventlog log;
    struct event e = { 0 };
    struct error err = { 0 };
    bool end;

    CHECKF(eventlog_open(build_done(b), EVENTLOG_PCR, &log, &err) &&
                    eventlog_next(&log, &e, &end, &err) && eventlog_next(&log, &e, &end, &err),
            "%s", err.text);
    return e;
}

static struct event_proof prove(struct log_builder *b, uint32_t banks)
{
    struct event e = second_event(b);
    struct event_proof proof = { 0 };
    struct error err = { 0 };

    CHECK(event_proof_check(&b->hasher, &e, banks, &proof, &err));
    CHECK(proof.state == EVENT_PROVEN || proof.measured.len == 0);
    return proof;
}

static void R43_R44_data_is_proven_only_by_its_digest_and_by_its_type(void)
{
    static const struct {
        const char *name;
        uint32_t type;
        const char *data;
        size_t data_len;
        const char *measured; /* text */
        enum event_proof_state want;
    } cases[] = {
        { "action", EV_EFI_ACTION, "abc", 3, "abc", EVENT_PROVEN },
        { "action of another text", EV_EFI_ACTION, "abc", 3, "abd", EVENT_DISPROVED },
        { "action with a NUL that was not measured", EV_EFI_ACTION, "abc\0", 4, "abc",
                EVENT_DISPROVED },
        { "version", EV_S_CRTM_VERSION, "v1", 2, "v1", EVENT_PROVEN },
        { "version of something else", EV_S_CRTM_VERSION, "v1", 2, "v2", EVENT_DISPROVED },
        { "variable", EV_EFI_VARIABLE_DRIVER_CONFIG, "abc", 3, "abc", EVENT_PROVEN },
        { "variable swapped", EV_EFI_VARIABLE_DRIVER_CONFIG, "abc", 3, "xyz", EVENT_DISPROVED },
        { "authority", EV_EFI_VARIABLE_AUTHORITY, "abc", 3, "abc", EVENT_PROVEN },
        { "authority with shim's extra byte", EV_EFI_VARIABLE_AUTHORITY, "abcX", 4, "abc",
                EVENT_PROVEN },
        { "authority with two extra bytes", EV_EFI_VARIABLE_AUTHORITY, "abcXY", 5, "abc",
                EVENT_DISPROVED },
        { "variable with an extra byte", EV_EFI_VARIABLE_DRIVER_CONFIG, "abcX", 4, "abc",
                EVENT_DISPROVED },
        { "image", EV_EFI_BOOT_SERVICES_APPLICATION, "abc", 3, "PE image", EVENT_UNPROVABLE },
        { "image whose data fits", EV_EFI_BOOT_SERVICES_APPLICATION, "abc", 3, "abc",
                EVENT_UNPROVABLE },
        { "firmware blob whose data fits", EV_EFI_PLATFORM_FIRMWARE_BLOB, "abc", 3, "abc",
                EVENT_UNPROVABLE },
        { "EV_UNUSED whose data fits", EV_UNUSED, "abc", 3, "abc", EVENT_UNPROVABLE },
        { "unknown type whose data fits", 0x8401, "abc", 3, "abc", EVENT_UNPROVABLE },
        { "EV_NO_ACTION", EV_NO_ACTION, "abc", 3, "abc", EVENT_UNPROVABLE },
        { "event tag of data", EV_EVENT_TAG, "abc", 3, "abc", EVENT_PROVEN },
        { "event tag of something else", EV_EVENT_TAG, "abc", 3, "initrd", EVENT_UNPROVABLE },
        { "H-CRTM", EV_EFI_HCRTM_EVENT, "HCRTM", 5, "code", EVENT_UNPROVABLE },
        { "GRUB command", EV_IPL, "grub_cmd: set x=1\0", 18, "set x=1", EVENT_PROVEN },
        { "GRUB kernel command line", EV_IPL, "kernel_cmdline: /v quiet\0", 25, "/v quiet",
                EVENT_PROVEN },
        { "GRUB module command line", EV_IPL, "module_cmdline: /m\0", 19, "/m", EVENT_PROVEN },
        { "old GRUB command", EV_IPL, "grub_cmd set x=1\0", 17, "set x=1", EVENT_PROVEN },
        { "old GRUB kernel line", EV_IPL, "grub_kernel_cmdline /v\0", 23, "/v", EVENT_PROVEN },
        { "GRUB command with a stray byte", EV_IPL, "grub_cmd: set x=1\0#", 19, "set x=1",
                EVENT_PROVEN },
        { "GRUB command replaced", EV_IPL, "grub_cmd: set x=2\0", 18, "set x=1", EVENT_DISPROVED },
        { "GRUB prefix replaced", EV_IPL, "grub_cmd: /v quiet\0", 19, "/v quiet", EVENT_PROVEN },
        { "file name", EV_IPL, "(hd0)/grub.cfg\0", 15, "content", EVENT_UNPROVABLE },
        { "UTF-16 command line", EV_IPL, "a\0b\0\0\0", 6, NULL, EVENT_PROVEN },
        { "no data at all", EV_IPL, "", 0, "x", EVENT_UNPROVABLE },
        { "TXT register", EV_TXT_CPU_SCRTM_STAT, "abc", 3, "abc", EVENT_PROVEN },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bytes data = { (const uint8_t *)cases[i].data, cases[i].data_len };
        struct bytes measured = cases[i].measured != NULL ? bytes_of_text(cases[i].measured) : data;
        struct log_builder b CLEANUP(build_clear);

        check_case = cases[i].name;
        build_init(&b, SHA1_BANK | SHA256_BANK);
        build_spec(&b);
        build_event_of(&b, b.banks, 8, cases[i].type, data, measured);
        struct event_proof proof = prove(&b, UINT32_MAX);

        CHECK_UINT(proof.state, cases[i].want);
        CHECK(proof.state != EVENT_PROVEN || bytes_equal(proof.measured, measured));
    }
    check_case = "";
}

static void a_GRUB_command_measured_with_its_NUL_is_proven(void)
{
    struct log_builder b CLEANUP(build_clear);

    build_init(&b, SHA256_BANK);
    build_spec(&b);
    build_event_of(&b, b.banks, 8, EV_IPL, (struct bytes){ (const uint8_t *)"grub_cmd ls", 12 },
            (struct bytes){ (const uint8_t *)"ls", 3 });
    CHECK_UINT(prove(&b, UINT32_MAX).state, EVENT_PROVEN);
    CHECK_UINT(prove(&b, UINT32_MAX).measured.len, 3);
}

static void a_boot_variable_is_proven_whole_or_by_its_value(void)
{
    uint8_t raw[64];
    struct writer w = writer_init(raw, sizeof(raw));
    struct bytes data = { 0 };

    writer_bytes(&w, (struct bytes){ (const uint8_t *)"0123456789abcdef", 16 });
    build_u64le(&w, 9);
    build_u64le(&w, 2);
    build_utf16(&w, "BootOrder");
    build_u16le(&w, 0x0001);
    CHECK(writer_done(&w, &data));
    for (unsigned int what = 0; what < 3; what++) {
        struct bytes value = { data.ptr + data.len - 2, 2 };
        struct log_builder b CLEANUP(build_clear);

        build_init(&b, SHA256_BANK);
        build_spec(&b);
        build_event_of(&b, b.banks, 1, EV_EFI_VARIABLE_BOOT, data,
                what == 0           ? data
                        : what == 1 ? value
                                    : bytes_of_text("other"));
        struct event_proof proof = prove(&b, UINT32_MAX);

        CHECK_UINT(proof.state, what < 2 ? EVENT_PROVEN : EVENT_DISPROVED);
        CHECK_UINT(proof.measured.len, what == 0 ? data.len : what == 1 ? 2 : 0);
    }
}

static void every_bank_must_agree_and_other_banks_count_for_nothing(void)
{
    struct log_builder b CLEANUP(build_clear);
    uint8_t *sha1_digest;

    build_init(&b, SHA1_BANK | SHA256_BANK);
    build_spec(&b);
    size_t at = build_done(&b).len;

    build_text(&b, 4, EV_EFI_ACTION, "abc");
    sha1_digest = b.data + at + 12 + 2;
    CHECK_UINT(prove(&b, UINT32_MAX).state, EVENT_PROVEN);
    sha1_digest[0] ^= 1;
    CHECK_UINT(prove(&b, UINT32_MAX).state, EVENT_DISPROVED);
    CHECK_UINT(prove(&b, SHA256_BANK).state, EVENT_PROVEN);
    CHECK_UINT(prove(&b, SHA1_BANK).state, EVENT_DISPROVED);
    CHECK_UINT(prove(&b, 1u << DIGEST_SHA384).state, EVENT_UNPROVABLE);
    CHECK_UINT(prove(&b, 0).state, EVENT_UNPROVABLE);
}

static void a_digest_of_an_unknown_algorithm_proves_nothing(void)
{
    struct log_builder b CLEANUP(build_clear);

    build_init(&b, SHA256_BANK);
    build_spec(&b);
    size_t at = build_done(&b).len;

    build_text(&b, 4, EV_EFI_ACTION, "abc");
    b.data[60] = 0x27; /* SHA3-256 */
    b.data[at + 12] = 0x27;
    CHECK_UINT(prove(&b, UINT32_MAX).state, EVENT_UNPROVABLE);
}

int main(void)
{
    static const struct test tests[] = {
        { "R43, R44: data is proven only by its digest and by its type",
                R43_R44_data_is_proven_only_by_its_digest_and_by_its_type },
        { "a GRUB command measured with its NUL is proven",
                a_GRUB_command_measured_with_its_NUL_is_proven },
        { "a boot variable is proven whole or by its value",
                a_boot_variable_is_proven_whole_or_by_its_value },
        { "every bank must agree, and other banks count for nothing",
                every_bank_must_agree_and_other_banks_count_for_nothing },
        { "a digest of an unknown algorithm proves nothing",
                a_digest_of_an_unknown_algorithm_proves_nothing },
    };

    return run_tests("event proof", tests, ARRAY_LEN(tests));
}
