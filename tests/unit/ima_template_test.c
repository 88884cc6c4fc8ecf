/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "ima/template.h"
#include "tests/check.h"
#include "tests/unit/ima_made.h"

static uint8_t d_ng_bytes[8 + 32];
static uint8_t d_ngv2_bytes[12 + 32];
static uint8_t verity_bytes[15 + 32];

/* A value of the right form for each field. */
static struct bytes good_value(enum ima_field field)
{
    static const uint8_t four[] = { 1, 0, 0, 0 };
    static const uint8_t twenty[20] = { 1, 2 };

    switch (field) {
    case IMA_FIELD_D:
        return (struct bytes){ twenty, 20 };
    case IMA_FIELD_N:
        return TEXT("old");
    case IMA_FIELD_D_NG:
    case IMA_FIELD_D_MODSIG:
        return made_digest(d_ng_bytes, "sha256:", 0x11, 32);
    case IMA_FIELD_D_NGV2:
        return made_digest(d_ngv2_bytes, "ima:sha256:", 0x22, 32);
    case IMA_FIELD_N_NG:
        return PATH("/bin/sh");
    case IMA_FIELD_IUID:
    case IMA_FIELD_IGID:
        return (struct bytes){ four, 4 };
    case IMA_FIELD_IMODE:
        return (struct bytes){ four, 2 };
    case IMA_FIELD_XATTRNAMES:
        return PATH("security.ima");
    case IMA_FIELD_XATTRLENGTHS:
        return (struct bytes){ four, 4 };
    default:
        return TEXT("\x03\x02\x04xyz");
    }
}

static struct ima_entry entry_of(const char *template_name, struct bytes data)
{
    return (struct ima_entry){
        .template_name = bytes_of_text(template_name),
        .template_data = data,
        .legacy = strcmp(template_name, "ima") == 0,
    };
}

static const struct {
    const char *name;
    const char *fields; /* "name" of a custom format is this */
    size_t count;
} templates[] = {
    { "ima", "d|n", 2 },
    { "ima-ng", "d-ng|n-ng", 2 },
    { "ima-ngv2", "d-ngv2|n-ng", 2 },
    { "ima-sig", "d-ng|n-ng|sig", 3 },
    { "ima-sigv2", "d-ngv2|n-ng|sig", 3 },
    { "ima-buf", "d-ng|n-ng|buf", 3 },
    { "ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig", 5 },
    { "evm-sig", "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode", 9 },
    { "d-ng", "d-ng", 1 },
    { "n-ng|d-ng", "n-ng|d-ng", 2 },
    { "d|n", "d|n", 2 },
    { "d-ng|n-ng|mntuidmap", "d-ng|n-ng|mntuidmap", 3 },
    { "d-ng|n-ng|sig|iuid|igid|imode|xattrnames|xattrlengths|xattrvalues",
            "d-ng|n-ng|sig|iuid|igid|imode|xattrnames|xattrlengths|xattrvalues", 9 },
};

static struct bytes made_data(const struct ima_fields *f, uint8_t *dst, size_t size)
{
    struct bytes values[IMA_FIELDS_MAX];

    for (size_t i = 0; i < f->count; i++) {
        values[i] = good_value(f->at[i].field);
    }
    return made_fields(dst, size, values, f->count);
}

static void every_template_has_the_fields_of_the_kernel(void)
{
    for (size_t i = 0; i < ARRAY_LEN(templates); i++) {
        char joined[128] = "";
        struct error err = { 0 };
        struct ima_fields f;

        check_case = templates[i].name;
        CHECKF(ima_template_fields(bytes_of_text(templates[i].name), &f, &err), "%s", err.text);
        CHECK(f.known);
        CHECK_UINT(f.count, templates[i].count);
        for (size_t j = 0; j < f.count; j++) {
            struct bytes id = ima_field_name(&f.at[j]);

            (void)snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s%.*s",
                    j > 0 ? "|" : "", (int)id.len, (const char *)id.ptr);
        }
        CHECK_TEXT(bytes_of_text(joined), templates[i].fields);
    }
    check_case = "";
}

static void every_template_is_cut_into_its_fields(void)
{
    for (size_t i = 1; i < ARRAY_LEN(templates); i++) {
        uint8_t data[1024];
        struct error err = { 0 };
        struct ima_fields want;
        struct ima_fields got;

        check_case = templates[i].name;
        CHECK(ima_template_fields(bytes_of_text(templates[i].name), &want, &err));
        struct ima_entry e = entry_of(templates[i].name, made_data(&want, data, sizeof(data)));

        CHECKF(ima_fields_read(&e, &got, &err), "%s", err.text);
        CHECK_UINT(got.count, want.count);
        for (size_t j = 0; j < got.count; j++) {
            CHECK(got.at[j].field == want.at[j].field);
            CHECK(bytes_equal(got.at[j].value, good_value(got.at[j].field)));
        }
    }
    check_case = "";
}

static void data_that_is_not_consumed_exactly_is_refused(void)
{
    for (size_t i = 1; i < ARRAY_LEN(templates); i++) {
        uint8_t data[1024] = { 0 };
        struct error err = { 0 };
        struct ima_fields f;

        check_case = templates[i].name;
        CHECK(ima_template_fields(bytes_of_text(templates[i].name), &f, &err));
        struct bytes good = made_data(&f, data, sizeof(data));

        for (size_t cut = 0; cut < good.len; cut++) {
            uint8_t *copy = malloc(cut + 1);
            struct ima_entry e =
                    entry_of(templates[i].name, (struct bytes){ memcpy(copy, good.ptr, cut), cut });
            struct ima_fields out;
            struct ima_fields untouched;

            memset(&out, 0xa5, sizeof(out));
            memset(&untouched, 0xa5, sizeof(untouched));
            CHECKF(!ima_fields_read(&e, &out, &err), "cut at %zu", cut);
            CHECK(err.code == ERROR_TRUNCATED);
            CHECK(memcmp(&out, &untouched, sizeof(out)) == 0);
            free(copy);
        }
        struct ima_entry longer =
                entry_of(templates[i].name, (struct bytes){ good.ptr, good.len + 1 });

        CHECK(!ima_fields_read(&longer, &f, &err));
        CHECK_UINT(err.code, ERROR_MALFORMED);
    }
    check_case = "";
}

static void a_field_of_another_form_is_refused(void)
{
    static const struct {
        const char *name;
        const char *field;
        const char *value;
        size_t len;
        bool ok;
    } cases[] = {
        { "d-ng", "d-ng", "sha1:\0abc", 9, true },
        { "d-ng without digest", "d-ng", "sha1:\0", 6, true },
        { "d-ng empty", "d-ng", "", 0, false },
        { "d-ng without NUL", "d-ng", "sha1:abc", 8, false },
        { "d-ng that ends at the colon", "d-ng", "sha1:", 5, false },
        { "d-ng without colon", "d-ng", "sha1\0abc", 8, false },
        { "d-ng without algorithm", "d-ng", ":\0abc", 5, false },
        { "d-ng with a type", "d-ng", "ima:sha1:\0abc", 13, false },
        { "d-ngv2 ima", "d-ngv2", "ima:sha1:\0abc", 13, true },
        { "d-ngv2 verity", "d-ngv2", "verity:sha1:\0abc", 16, true },
        { "d-ngv2 of another type", "d-ngv2", "other:sha1:\0abc", 15, false },
        { "d-ngv2 with an empty type", "d-ngv2", ":sha1:\0abc", 10, false },
        { "d-ngv2 without type", "d-ngv2", "sha1:\0abc", 9, false },
        { "d-ngv2 without algorithm", "d-ngv2", "ima::\0abc", 9, false },
        { "d-ngv2 empty", "d-ngv2", "", 0, false },
        { "d-modsig empty", "d-modsig", "", 0, true },
        { "d-modsig", "d-modsig", "sha1:\0abc", 9, true },
        { "d-modsig without NUL", "d-modsig", "sha1:abc", 8, false },
        { "n-ng with any byte but NUL", "n-ng", "/\n\x1b[31m\xff\0", 9, true },
        { "n-ng empty name", "n-ng", "\0", 1, true },
        { "n-ng without its NUL", "n-ng", "/a", 2, false },
        { "n-ng of no byte", "n-ng", "", 0, false },
        { "n-ng with a NUL inside", "n-ng", "/a\0b\0", 5, false },
        { "n-ng with two NULs", "n-ng", "/a\0\0", 4, false },
        { "iuid", "iuid", "\1\0\0\0", 4, true },
        { "iuid of no inode", "iuid", "", 0, true },
        { "iuid of three bytes", "iuid", "\1\0\0", 3, false },
        { "igid of no inode", "igid", "", 0, true },
        { "igid of eight bytes", "igid", "\1\0\0\0\0\0\0\0", 8, false },
        { "imode", "imode", "\1\0", 2, true },
        { "imode of no inode", "imode", "", 0, true },
        { "imode of four bytes", "imode", "\1\0\0\0", 4, false },
        { "xattrlengths empty", "xattrlengths", "", 0, true },
        { "xattrlengths of five bytes", "xattrlengths", "\1\0\0\0\0", 5, false },
        { "sig empty", "sig", "", 0, true },
        { "sig with anything", "sig", "\xff\xff", 2, true },
        { "modsig with anything", "modsig", "\xff\xff", 2, true },
        { "buf with anything", "buf", "\xff\xff", 2, true },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bytes value = { (const uint8_t *)cases[i].value, cases[i].len };
        uint8_t data[64];
        struct ima_entry e = entry_of(cases[i].field, made_fields(data, sizeof(data), &value, 1));
        struct error err = { 0 };
        struct ima_fields f;

        check_case = cases[i].name;
        CHECK(ima_fields_read(&e, &f, &err) == cases[i].ok);
        CHECK(cases[i].ok || err.code == ERROR_MALFORMED);
    }
    check_case = "";
}

/* R34: nothing comes out of a template we do not know, so that no policy can allow its file. */
static void an_unknown_template_is_opaque(void)
{
    static const char *const names[] = {
        "",
        "ima-sigv3",
        "ima-NG",
        "ima-ng ",
        "mntuidmap",
        "mntuidmap|mntgidmap",
        "|",
        "D-NG|N-NG",
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct ima_entry e = entry_of(names[i], TEXT("any bytes at all"));
        struct error err = { 0 };
        struct ima_fields f;
        struct ima_file file;

        check_case = names[i];
        CHECKF(ima_fields_read(&e, &f, &err), "%s", err.text);
        CHECK(!f.known);
        CHECK_UINT(f.count, 0);
        CHECK(!ima_fields_file(&f, &file));
    }
    check_case = "";
}

static void empty_field_ids_are_unknown_fields(void)
{
    static const struct {
        const char *name;
        size_t count;
    } cases[] = {
        { "d-ng|", 2 },
        { "|d-ng", 2 },
        { "d-ng||n-ng", 3 },
        { "d-ng|n-ng|", 3 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct error err = { 0 };
        struct ima_fields f;

        check_case = cases[i].name;
        CHECK(ima_template_fields(bytes_of_text(cases[i].name), &f, &err));
        CHECK(f.known);
        CHECK_UINT(f.count, cases[i].count);
    }
    check_case = "";
}

static void more_fields_than_the_kernel_allows_are_refused(void)
{
    char name[64] = "n";
    struct error err = { 0 };
    struct ima_fields f;

    for (size_t count = 1; count <= IMA_FIELDS_MAX + 2; count++) {
        check_case = name;
        CHECK(ima_template_fields(bytes_of_text(name), &f, &err) == (count <= IMA_FIELDS_MAX));
        CHECK(count > IMA_FIELDS_MAX || f.count == count);
        (void)snprintf(name + strlen(name), sizeof(name) - strlen(name), "|n");
    }
    CHECK_UINT(err.code, ERROR_LIMIT);
    check_case = "";
}

static struct ima_file legacy_file(const uint8_t *data, size_t len)
{
    struct ima_entry e = entry_of("ima", (struct bytes){ data, len });
    struct error err = { 0 };
    struct ima_fields f;
    struct ima_file file = { 0 };

    CHECKF(ima_fields_read(&e, &f, &err), "%s", err.text);
    CHECK(f.known && ima_fields_file(&f, &file));
    return file;
}

static void a_legacy_digest_with_four_zeros_is_md5(void)
{
    uint8_t data[24 + 4] = { 7, [20] = 4, [24] = 'p', 'r', 'o', 'g' };
    struct ima_file file = legacy_file(data, sizeof(data));

    CHECK_TEXT(file.digest.algorithm, "md5");
    CHECK_UINT(file.digest.digest.len, 16);
    CHECK_TEXT(file.path, "prog");
    CHECK(!file.has_buf && !file.digest.verity);
    data[19] = 1;
    file = legacy_file(data, sizeof(data));
    CHECK_TEXT(file.digest.algorithm, "sha1");
    CHECK_UINT(file.digest.digest.len, 20);
    data[16] = 1;
    data[19] = 0;
    CHECK_TEXT(legacy_file(data, sizeof(data)).digest.algorithm, "sha1");
    memset(data, 0, 20); /* R86: nothing was hashed; not the MD5 of anything */
    file = legacy_file(data, sizeof(data));
    CHECK_TEXT(file.digest.algorithm, "sha1");
    CHECK(bytes_are_zero(file.digest.digest) && file.digest.digest.len == 20);
}

static void legacy_data_is_consumed_exactly(void)
{
    uint8_t data[24 + 4] = { 7, [20] = 4 };
    struct error err = { 0 };
    struct ima_fields f;

    for (size_t len = 0; len < sizeof(data); len++) {
        struct ima_entry e = entry_of("ima", (struct bytes){ data, len });

        CHECKF(!ima_fields_read(&e, &f, &err), "%zu", len);
        CHECK_UINT(err.code, ERROR_MALFORMED);
    }
    data[20] = 3;
    struct ima_entry e = entry_of("ima", (struct bytes){ data, sizeof(data) });

    CHECK(!ima_fields_read(&e, &f, &err));
}

static void what_was_measured_comes_from_the_fields(void)
{
    uint8_t digest[64];
    uint8_t data[256];
    struct bytes verity[] = { made_digest(verity_bytes, "verity:sha256:", 3, 32), PATH("/v"),
        TEXT("") };
    struct bytes buf[] = { made_digest(digest, "sha512:", 0, 8), PATH(".ima"), TEXT("payload") };
    struct bytes none[] = { made_digest(digest, "sha512:", 0, 8), PATH("/a"), TEXT("") };
    struct bytes twice[] = { PATH("/first"), PATH("/second"), good_value(IMA_FIELD_D_NG),
        good_value(IMA_FIELD_D_NGV2) };
    struct error err = { 0 };
    struct ima_fields f;
    struct ima_file file;

    struct ima_entry e = entry_of("ima-sigv2", made_fields(data, sizeof(data), verity, 3));

    CHECK(ima_fields_read(&e, &f, &err) && ima_fields_file(&f, &file));
    CHECK(file.digest.verity && file.digest.digest.len == 32 && !file.has_buf);
    CHECK_TEXT(file.digest.algorithm, "sha256");
    CHECK_TEXT(file.path, "/v");

    e = entry_of("ima-buf", made_fields(data, sizeof(data), buf, 3));
    CHECK(ima_fields_read(&e, &f, &err) && ima_fields_file(&f, &file));
    CHECK(file.has_buf && !file.digest.verity);
    CHECK_TEXT(file.buf, "payload");
    CHECK_TEXT(file.path, ".ima");

    e = entry_of("ima-buf", made_fields(data, sizeof(data), none, 3));
    CHECK(ima_fields_read(&e, &f, &err) && ima_fields_file(&f, &file));
    CHECK(!file.has_buf);

    e = entry_of("n-ng|n-ng|d-ng|d-ngv2", made_fields(data, sizeof(data), twice, 4));
    CHECK(ima_fields_read(&e, &f, &err) && ima_fields_file(&f, &file));
    CHECK_TEXT(file.path, "/first");
    CHECK(!file.digest.verity && file.digest.digest.ptr[0] == 0x11);
}

static void a_template_without_digest_or_name_names_no_file(void)
{
    static const char *const names[] = { "d-ng", "n-ng", "d", "n", "sig|n-ng", "d-ng|sig",
        "d-modsig|n-ng" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        uint8_t data[256];
        struct error err = { 0 };
        struct ima_fields f;
        struct ima_file file;

        check_case = names[i];
        CHECK(ima_template_fields(bytes_of_text(names[i]), &f, &err));
        CHECK(!ima_fields_file(&f, &file)); /* values are empty here */
        struct ima_entry e = entry_of(names[i], made_data(&f, data, sizeof(data)));

        CHECK(ima_fields_read(&e, &f, &err));
        CHECK(!ima_fields_file(&f, &file));
    }
    check_case = "";
}

static void fields_of_templates_by_name_are_empty_and_name_no_file(void)
{
    for (size_t i = 0; i < ARRAY_LEN(templates); i++) {
        struct error err = { 0 };
        struct ima_fields f;
        struct ima_file file;

        CHECK(ima_template_fields(bytes_of_text(templates[i].name), &f, &err));
        CHECKF(!ima_fields_file(&f, &file), "%s", templates[i].name);
    }
}

static void a_custom_d_field_must_have_twenty_bytes(void)
{
    struct bytes values[] = { TEXT("nineteen bytes long"), TEXT("name") };
    uint8_t data[64];
    struct ima_entry e = entry_of("d|n", made_fields(data, sizeof(data), values, 2));
    struct error err = { 0 };
    struct ima_fields f;
    struct ima_file file;

    CHECK(ima_fields_read(&e, &f, &err));
    CHECK(!ima_fields_file(&f, &file));
}

int main(void)
{
    static const struct test tests[] = {
        { "every template has the fields of the kernel",
                every_template_has_the_fields_of_the_kernel },
        { "every template is cut into its fields", every_template_is_cut_into_its_fields },
        { "data that is not consumed exactly is refused",
                data_that_is_not_consumed_exactly_is_refused },
        { "a field of another form is refused", a_field_of_another_form_is_refused },
        { "R34: an unknown template is opaque", an_unknown_template_is_opaque },
        { "empty field ids are unknown fields", empty_field_ids_are_unknown_fields },
        { "more fields than the kernel allows are refused",
                more_fields_than_the_kernel_allows_are_refused },
        { "a legacy digest with four zeros is MD5", a_legacy_digest_with_four_zeros_is_md5 },
        { "legacy data is consumed exactly", legacy_data_is_consumed_exactly },
        { "what was measured comes from the fields", what_was_measured_comes_from_the_fields },
        { "a template without digest or name names no file",
                a_template_without_digest_or_name_names_no_file },
        { "fields by template name are empty and name no file",
                fields_of_templates_by_name_are_empty_and_name_no_file },
        { "a custom d field must have twenty bytes", a_custom_d_field_must_have_twenty_bytes },
    };

    return run_tests("ima template", tests, ARRAY_LEN(tests));
}
