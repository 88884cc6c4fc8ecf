/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/settings.h"
#include "tests/check.h"

static char dir[] = "/tmp/tally_settings_test.XXXXXX";

struct values {
    char tcti[300];
    char log[100];
};

static bool set_tcti(void *ctx, const char *value, struct error *err)
{
    struct values *v = ctx;

    if (*value == '\0') {
        return error_set(err, ERROR_MALFORMED, "it is empty");
    }
    (void)snprintf(v->tcti, sizeof(v->tcti), "%s", value);
    return true;
}

static bool set_log(void *ctx, const char *value, struct error *err)
{
    struct values *v = ctx;

    (void)err;
    (void)snprintf(v->log, sizeof(v->log), "%s", value);
    return true;
}

static const struct setting table[] = {
    { "tpm", "tcti", set_tcti, "device:/dev/tpmrm0", "Where the TPM is." },
    { "logs", "boot-log", set_log, "none", "The log." },
};

static void write_file(const char *name, const char *text, size_t len)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");

    CHECK(f != NULL && fwrite(text, 1, len, f) == len && fclose(f) == 0);
}

static bool read_back(struct values *v, bool optional, struct error *err)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/agent.conf", dir);
    return settings_read(path, optional, table, ARRAY_LEN(table), v, err);
}

static void remove_file(const char *name)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    (void)unlink(path);
}

static void settings_are_read_with_comments_and_spaces(void)
{
    static const char text[] = "# comment\n; another\n\n[tpm]\n  tcti =  swtpm:path=/x#y  ; where\n"
                               "\t\n[ logs ]\nboot-log = /a b";
    struct values v = { 0 };
    struct error err = { 0 };

    /* Section names are taken with their spaces: "[ logs ]" is another section. */
    write_file("agent.conf", text, strlen(text));
    CHECK(!read_back(&v, false, &err));
    CHECKF(strstr(err.text, "agent.conf:8: key in an unknown section, \" logs \"") != NULL, "%s",
            err.text);
    CHECK_TEXT(bytes_of_text(v.tcti), "swtpm:path=/x#y");
}

static void a_wrong_file_is_refused_with_its_line(void)
{
    static const struct {
        const char *name;
        const char *text;
        size_t len; /* 0: up to the NUL */
        const char *says;
    } cases[] = {
        { "unknown key", "[tpm]\ntcit = x\n", 0, "agent.conf:2: unknown key \"tcit\"" },
        { "unknown section", "[tpn]\ntcti = x\n", 0,
                "agent.conf:2: key in an unknown section, \"tpn\"" },
        { "no section", "tcti = x\n", 0, "agent.conf:1: key outside a section" },
        { "repeated key", "[tpm]\ntcti = x\n\ntcti = y\n", 0, "agent.conf:4: repeated key" },
        { "repeated key in a section taken up again", "[tpm]\ntcti=x\n[logs]\n[tpm]\ntcti=x\n", 0,
                "agent.conf:5: repeated key \"tcti\"" },
        { "no equals sign", "[tpm]\ntcti x\n", 0, "agent.conf:2: neither [section] nor" },
        { "open section", "[tpm\ntcti = x\n", 0, "agent.conf:1: text after the section, or no ]" },
        { "text after the section", "[tpm] tcti = x\n", 0, "agent.conf:1: text after" },
        { "bad value", "[logs]\nboot-log=a\n[tpm]\ntcti =\n", 0,
                "agent.conf:4: tcti: it is empty" },
        { "NUL", "[tpm]\ntcti = a\0b\n", 17, "agent.conf:2: a NUL byte" },
        { "an indented line is no continuation", "[tpm]\ntcti = a\n  b\n", 0,
                "agent.conf:3: neither" },
        { "escape sequence", "[tpm]\n\x1b[31m = 1\n", 0, "unknown key \"\\x1b[31m\"" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct values v = { 0 };
        struct error err = { 0 };

        check_case = cases[i].name;
        write_file("agent.conf", cases[i].text,
                cases[i].len != 0 ? cases[i].len : strlen(cases[i].text));
        CHECK(!read_back(&v, false, &err));
        CHECK_UINT(err.code, ERROR_CONFIG);
        CHECKF(strstr(err.text, cases[i].says) != NULL, "%s", err.text);
    }
    check_case = "";
}

static void a_line_is_whole_or_refused(void)
{
    char text[5000] = "[tpm]\ntcti = ";
    struct values v = { 0 };
    struct error err = { 0 };

    memset(text + strlen(text), 'x', 150);
    write_file("agent.conf", text, strlen(text));
    CHECKF(read_back(&v, false, &err), "%s", err.text);
    CHECK_UINT(strlen(v.tcti), 150);
    memset(text + strlen(text), 'x', 4000);
    write_file("agent.conf", text, strlen(text));
    CHECK(!read_back(&v, false, &err));
    CHECKF(strstr(err.text, "agent.conf:2: line too long") != NULL, "%s", err.text);
}

static void drop_ins_override_in_the_order_of_their_names(void)
{
    char path[128];
    struct values v = { 0 };
    struct error err = { 0 };

    (void)snprintf(path, sizeof(path), "%s/agent.conf.d", dir);
    CHECK(mkdir(path, 0700) == 0);
    write_file("agent.conf", "[tpm]\ntcti=main\n[logs]\nboot-log=main\n", 37);
    write_file("agent.conf.d/20.conf", "[tpm]\ntcti=twenty\n", 18);
    write_file("agent.conf.d/10.conf", "[tpm]\ntcti=ten\n", 15);
    write_file("agent.conf.d/30.conf.bak", "[nonsense\n", 10);
    write_file("agent.conf.d/.40.conf", "[nonsense\n", 10);
    CHECKF(read_back(&v, false, &err), "%s", err.text);
    CHECK_TEXT(bytes_of_text(v.tcti), "twenty");
    CHECK_TEXT(bytes_of_text(v.log), "main");
    write_file("agent.conf.d/10.conf", "[tpm]\ntcti=ten\ntcti=ten\n", 24);
    CHECK(!read_back(&v, false, &err));
    CHECKF(strstr(err.text, "10.conf:3: repeated key") != NULL, "%s", err.text);
    remove_file("agent.conf.d/10.conf");
    remove_file("agent.conf");
    v = (struct values){ 0 };
    CHECKF(read_back(&v, true, &err), "%s", err.text);
    CHECK_TEXT(bytes_of_text(v.tcti), "twenty");
    remove_file("agent.conf.d/20.conf");
    remove_file("agent.conf.d/30.conf.bak");
    remove_file("agent.conf.d/.40.conf");
    (void)rmdir(path);
}

static void a_missing_file_is_an_error_unless_it_is_optional(void)
{
    struct values v = { 0 };
    struct error err = { 0 };

    remove_file("agent.conf");
    CHECK(!read_back(&v, false, &err));
    CHECK_UINT(err.code, ERROR_IO);
    CHECK(read_back(&v, true, &err));
}

int main(void)
{
    static const struct test tests[] = {
        { "settings are read with comments and spaces",
                settings_are_read_with_comments_and_spaces },
        { "a wrong file is refused with its line", a_wrong_file_is_refused_with_its_line },
        { "a line is whole or refused", a_line_is_whole_or_refused },
        { "drop-ins override in the order of their names",
                drop_ins_override_in_the_order_of_their_names },
        { "a missing file is an error unless it is optional",
                a_missing_file_is_an_error_unless_it_is_optional },
    };

    if (mkdtemp(dir) == NULL) {
        return EXIT_FAILURE;
    }
    int status = run_tests("settings", tests, ARRAY_LEN(tests));

    remove_file("agent.conf");
    (void)rmdir(dir);
    return status;
}
