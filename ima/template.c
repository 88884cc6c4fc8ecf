/* SPDX-License-Identifier: BSD-3-Clause */
#include "ima/template.h"

static const char *const field_names[IMA_FIELD_COUNT] = {
    [IMA_FIELD_D] = "d",
    [IMA_FIELD_N] = "n",
    [IMA_FIELD_D_NG] = "d-ng",
    [IMA_FIELD_D_NGV2] = "d-ngv2",
    [IMA_FIELD_N_NG] = "n-ng",
    [IMA_FIELD_SIG] = "sig",
    [IMA_FIELD_EVMSIG] = "evmsig",
    [IMA_FIELD_BUF] = "buf",
    [IMA_FIELD_D_MODSIG] = "d-modsig",
    [IMA_FIELD_MODSIG] = "modsig",
    [IMA_FIELD_IUID] = "iuid",
    [IMA_FIELD_IGID] = "igid",
    [IMA_FIELD_IMODE] = "imode",
    [IMA_FIELD_XATTRNAMES] = "xattrnames",
    [IMA_FIELD_XATTRLENGTHS] = "xattrlengths",
    [IMA_FIELD_XATTRVALUES] = "xattrvalues",
};

/* builtin_templates[] in the kernel's ima_template.c. */
static const struct {
    const char *name;
    size_t name_len;
    size_t count;
    enum ima_field field[9];
} templates[] = {
    { "ima-ng", 6, 2, { IMA_FIELD_D_NG, IMA_FIELD_N_NG } },
    { "ima-sig", 7, 3, { IMA_FIELD_D_NG, IMA_FIELD_N_NG, IMA_FIELD_SIG } },
    { "ima-buf", 7, 3, { IMA_FIELD_D_NG, IMA_FIELD_N_NG, IMA_FIELD_BUF } },
    { "ima-ngv2", 8, 2, { IMA_FIELD_D_NGV2, IMA_FIELD_N_NG } },
    { "ima-sigv2", 9, 3, { IMA_FIELD_D_NGV2, IMA_FIELD_N_NG, IMA_FIELD_SIG } },
    { "ima-modsig", 10, 5,
            { IMA_FIELD_D_NG, IMA_FIELD_N_NG, IMA_FIELD_SIG, IMA_FIELD_D_MODSIG,
                    IMA_FIELD_MODSIG } },
    { "evm-sig", 7, 9,
            { IMA_FIELD_D_NG, IMA_FIELD_N_NG, IMA_FIELD_EVMSIG, IMA_FIELD_XATTRNAMES,
                    IMA_FIELD_XATTRLENGTHS, IMA_FIELD_XATTRVALUES, IMA_FIELD_IUID, IMA_FIELD_IGID,
                    IMA_FIELD_IMODE } },
    { "ima", 3, 2, { IMA_FIELD_D, IMA_FIELD_N } }, /* laid out without lengths */
};

struct bytes ima_field_name(const struct ima_field_value *f)
{
    return f->field == IMA_FIELD_UNKNOWN ? f->id : bytes_of_text(field_names[f->field]);
}

static enum ima_field field_find(struct bytes name)
{
    for (size_t i = IMA_FIELD_UNKNOWN + 1; i < IMA_FIELD_COUNT; i++) {
        if (bytes_equal_text(name, field_names[i])) {
            return (enum ima_field)i;
        }
    }
    return IMA_FIELD_UNKNOWN;
}

static void fields_add(struct ima_fields *f, enum ima_field field, struct bytes id)
{
    f->at[f->count++] = (struct ima_field_value){ .field = field, .id = id };
}

/* With ima_template_fmt= the name is the format itself: "d-ng|n-ng". */
static bool split_format(struct bytes format, struct ima_fields *f, struct error *err)
{
    struct reader in = reader_init(format);
    bool more;

    do {
        struct bytes id;

        more = reader_take_until(&in, '|', &id);
        if (!more) {
            id = reader_rest(&in);
        }
        if (f->count == IMA_FIELDS_MAX) {
            return error_set(err, ERROR_LIMIT, "template of more than %d fields", IMA_FIELDS_MAX);
        }
        enum ima_field field = field_find(id);

        f->known = f->known || field != IMA_FIELD_UNKNOWN;
        fields_add(f, field, id);
    } while (more);
    if (!f->known) {
        f->count = 0;
    }
    return true;
}

/* Not zeroed as a whole, and handed over field by field: this runs for every record. */
static void fields_start(struct ima_fields *f)
{
    f->known = false;
    f->count = 0;
}

static void fields_hand_over(struct ima_fields *out, const struct ima_fields *f)
{
    out->known = f->known;
    out->count = f->count;
    memcpy(out->at, f->at, f->count * sizeof(f->at[0]));
}

static bool template_fields(struct bytes template_name, struct ima_fields *f, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(templates); i++) {
        if (template_name.len == templates[i].name_len &&
                memcmp(template_name.ptr, templates[i].name, templates[i].name_len) == 0) {
            f->known = true;
            for (size_t j = 0; j < templates[i].count; j++) {
                fields_add(f, templates[i].field[j], (struct bytes){ 0 });
            }
            return true;
        }
    }
    return split_format(template_name, f, err);
}

bool ima_template_fields(struct bytes template_name, struct ima_fields *out, struct error *err)
{
    struct ima_fields f;

    fields_start(&f);
    if (!template_fields(template_name, &f, err)) {
        return false;
    }
    fields_hand_over(out, &f);
    return true;
}

bool ima_file_digest_read(enum ima_field field, struct bytes value, struct ima_file_digest *out)
{
    struct reader in = reader_init(value);
    struct ima_file_digest d = { 0 };
    uint8_t nul;

    if (field == IMA_FIELD_D_NGV2) {
        struct bytes type;

        if (!reader_take_until(&in, ':', &type)) {
            return false;
        }
        d.verity = bytes_equal_text(type, "verity");
        if (!d.verity && !bytes_equal_text(type, "ima")) {
            return false;
        }
    }
    if (!reader_take_until(&in, ':', &d.algorithm) || d.algorithm.len == 0 ||
            !reader_u8(&in, &nul) || nul != '\0') {
        return false;
    }
    d.digest = reader_rest(&in);
    *out = d;
    return true;
}

/* ima_eventname_ng_init(): the terminating NUL is counted, and no name holds another. */
static bool is_path(struct bytes value)
{
    struct reader in = reader_init(value);
    struct bytes path;

    return reader_take_until(&in, '\0', &path) && reader_done(&in);
}

/* What was measured had no inode (boot_aggregate, a buffer): ima_eventinodeuid_init() and its kin
 * leave the field empty. */
static bool is_integer(struct bytes value, size_t size)
{
    return value.len == 0 || value.len == size;
}

static bool is_well_formed(const struct ima_field_value *f)
{
    struct ima_file_digest digest;

    switch (f->field) {
    case IMA_FIELD_D_NG:
    case IMA_FIELD_D_NGV2:
        return ima_file_digest_read(f->field, f->value, &digest);
    case IMA_FIELD_D_MODSIG:
        return f->value.len == 0 || ima_file_digest_read(f->field, f->value, &digest);
    case IMA_FIELD_N_NG:
        return is_path(f->value);
    case IMA_FIELD_IUID:
    case IMA_FIELD_IGID:
        return is_integer(f->value, sizeof(uint32_t));
    case IMA_FIELD_IMODE:
        return is_integer(f->value, sizeof(uint16_t));
    case IMA_FIELD_XATTRLENGTHS:
        return f->value.len % sizeof(uint32_t) == 0;
    default:
        return true;
    }
}

/* "ima": the digest without a length, the name with one. */
static bool cut_legacy(struct bytes data, struct ima_fields *f, struct error *err)
{
    struct reader in = reader_init(data);

    f->known = true;
    fields_add(f, IMA_FIELD_D, (struct bytes){ 0 });
    fields_add(f, IMA_FIELD_N, (struct bytes){ 0 });
    if (!reader_take(&in, digest_size(DIGEST_SHA1), &f->at[0].value) ||
            !reader_take_u32le(&in, &f->at[1].value) || !reader_done(&in)) {
        return error_set(err, ERROR_MALFORMED, "\"ima\" template data");
    }
    return true;
}

static bool field_failed(const struct ima_field_value *f, enum error_code code, const char *why,
        struct error *err)
{
    char name[32];

    return error_set(err, code, "field %s %s", bytes_print(name, sizeof(name), ima_field_name(f)),
            why);
}

/* Every field has its length in front; together they are all of the data. */
static bool cut_fields(struct bytes data, struct ima_fields *f, struct error *err)
{
    struct reader in = reader_init(data);

    for (size_t i = 0; i < f->count; i++) {
        if (!reader_take_u32le(&in, &f->at[i].value)) {
            return field_failed(&f->at[i], ERROR_TRUNCATED, "ends after the template data", err);
        }
        if (!is_well_formed(&f->at[i])) {
            return field_failed(&f->at[i], ERROR_MALFORMED, "is not of its form", err);
        }
    }
    if (f->count > 0 && !reader_done(&in)) {
        return error_set(err, ERROR_MALFORMED, "%zu bytes of template data after the last field",
                reader_left(&in));
    }
    return true;
}

bool ima_fields_read(const struct ima_entry *entry, struct ima_fields *out, struct error *err)
{
    struct ima_fields f;

    fields_start(&f);
    if (entry->legacy ? !cut_legacy(entry->template_data, &f, err)
                      : !template_fields(entry->template_name, &f, err) ||
                            !cut_fields(entry->template_data, &f, err)) {
        return false;
    }
    fields_hand_over(out, &f);
    return true;
}

/* A custom format may hold a field twice; the first one counts, as for a reader of the list. */
static const struct ima_field_value *find(const struct ima_fields *fields, enum ima_field a,
        enum ima_field b)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->at[i].field == a || fields->at[i].field == b) {
            return &fields->at[i];
        }
    }
    return NULL;
}

/* MD5 digests stand in the 20 bytes of a "d" field with zeros behind: ima_eventdigest_init(). */
static struct ima_file_digest legacy_digest(struct bytes value)
{
    static const size_t md5_size = 16;
    struct bytes tail = { value.ptr + md5_size, value.len - md5_size };
    bool md5 = bytes_are_zero(tail) && !bytes_are_zero(value);

    return (struct ima_file_digest){
        .algorithm = bytes_of_text(md5 ? "md5" : "sha1"),
        .digest = { value.ptr, md5 ? md5_size : value.len },
    };
}

bool ima_fields_file(const struct ima_fields *fields, struct ima_file *out)
{
    const struct ima_field_value *d = find(fields, IMA_FIELD_D_NG, IMA_FIELD_D_NGV2);
    const struct ima_field_value *n = find(fields, IMA_FIELD_N_NG, IMA_FIELD_N_NG);
    const struct ima_field_value *buf = find(fields, IMA_FIELD_BUF, IMA_FIELD_BUF);
    struct ima_file f = { 0 };

    if (d != NULL) {
        if (!ima_file_digest_read(d->field, d->value, &f.digest)) {
            return false;
        }
    } else {
        d = find(fields, IMA_FIELD_D, IMA_FIELD_D);
        if (d == NULL || d->value.len != digest_size(DIGEST_SHA1)) {
            return false;
        }
        f.digest = legacy_digest(d->value);
    }
    if (n != NULL) {
        f.path = (struct bytes){ n->value.ptr, n->value.len - 1 };
    } else {
        n = find(fields, IMA_FIELD_N, IMA_FIELD_N);
        if (n == NULL) {
            return false;
        }
        f.path = n->value;
    }
    if (buf != NULL && buf->value.len > 0) {
        f.has_buf = true;
        f.buf = buf->value;
    }
    *out = f;
    return true;
}
