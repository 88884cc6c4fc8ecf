/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tests/check.h"
#include "verifier/pcr_file.h"

#define HEX20 "00112233445566778899aabbccddeeff00112233"
#define HEX32 "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define HEX48 HEX32 "00112233445566778899aabbccddeeff"

static bool parse(const char *text, struct pcr_file *out, struct error *err)
{
    *err = (struct error){ 0 };
    return pcr_file_parse(bytes_of_text(text), out, err);
}

static void both_forms_are_read(void)
{
    static const struct {
        const char *name;
        const char *text;
        uint32_t sha1; /* PCRs that are known */
        uint32_t sha256;
        uint32_t rtmr;
    } cases[] = {
        { "a line", "sha256 10 " HEX32 "\n", 0, 1u << 10, 0 },
        { "no newline at the end", "sha256 10 " HEX32, 0, 1u << 10, 0 },
        { "0x in front", "sha1 0 0x" HEX20 "\n", 1, 0, 0 },
        { "tabs, spaces, carriage returns", " sha1\t23  " HEX20 " \r\n\r\n", 1u << 23, 0, 0 },
        { "comments", "# PCRs\n\nsha1 0 " HEX20 "\n#\n", 1, 0, 0 },
        { "tpm2_pcrread",
                "  sha1:\n    0 : 0x" HEX20 "\n    23: 0x" HEX20 "\n  sha256:\n    7 : 0x" HEX32
                "\n",
                1 | 1u << 23, 1u << 7, 0 },
        { "a bank without values", "sha1:\nsha256:\n  0 : 0x" HEX32 "\n", 0, 1, 0 },
        { "banks we do not know by name", "sha3_256:\n  0 : 0x" HEX32 "\nsha1:\n 0 : " HEX20 "\n",
                1, 0, 0 },
        { "both forms", "sha1:\n 0 : " HEX20 "\nsha256 1 " HEX32 "\n", 1, 2, 0 },
        { "registers of a trust domain", "sha384 rtmr0 " HEX48 "\nsha384 rtmr3 " HEX48 "\n", 0, 0,
                1u << 1 | 1u << 4 },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pcr_file f;
        struct error err;

        check_case = cases[i].name;
        if (CHECKF(parse(cases[i].text, &f, &err), "%s", err.text)) {
            CHECK_UINT(f.pcrs.known[DIGEST_SHA1], cases[i].sha1);
            CHECK_UINT(f.pcrs.known[DIGEST_SHA256], cases[i].sha256);
            CHECK_UINT(f.registers.known[DIGEST_SHA384], cases[i].rtmr);
        }
    }
    check_case = "";
}

static void wrong_files_are_refused_by_line(void)
{
    static const struct {
        const char *name;
        const char *text;
        const char *line;
    } cases[] = {
        { "empty", "", "no PCR value" },
        { "only comments", "# nothing\n\n", "no PCR value" },
        { "only a bank", "sha256:\n", "no PCR value" },
        { "only banks we do not know", "sha3_256 0 " HEX32 "\n", "no PCR value" },
        { "unknown bank", "sha1 0 " HEX20 "\nmd5 0 " HEX20 "\n", "line 2" },
        { "unknown bank of the YAML form", "md5:\n", "line 1" },
        { "PCR 24", "sha1 24 " HEX20 "\n", "line 1" },
        { "PCR 100", "sha1 100 " HEX20 "\n", "line 1" },
        { "negative PCR", "sha1 -1 " HEX20 "\n", "line 1" },
        { "no number", "sha1 x " HEX20 "\n", "line 1" },
        { "RTMR 4", "sha384 rtmr4 " HEX48 "\n", "line 1" },
        { "RTMR without a number", "sha384 rtmr " HEX48 "\n", "line 1" },
        { "value of another bank", "sha256 0 " HEX20 "\n", "line 1" },
        { "value too long", "sha1 0 " HEX20 "00\n", "line 1" },
        { "odd number of digits", "sha1 0 0" HEX20 "\n", "line 1" },
        { "no hexadecimal", "sha1 0 0011223344556677889zaabbccddeeff00112233\n", "line 1" },
        { "twice", "sha1 0 " HEX20 "\nsha1 0 " HEX20 "\n", "line 2" },
        { "twice in two forms", "sha1 0 " HEX20 "\nsha1:\n 0 : " HEX20 "\n", "line 3" },
        { "one word", "hello\n", "line 1" },
        { "four words", "sha1 0 " HEX20 " surplus\n", "line 1" },
        { "many words", "a b c d e f g h\n", "line 1" },
        { "no index", "sha1:\n : " HEX20 "\n", "line 2" },
        { "two words before any bank", "0 " HEX20 "\n", "line 1" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pcr_file f;
        struct pcr_file untouched;
        struct error err;

        memset(&f, 0xa5, sizeof(f));
        untouched = f;
        check_case = cases[i].name;
        CHECK(!parse(cases[i].text, &f, &err));
        CHECK_UINT(err.code, ERROR_MALFORMED);
        CHECKF(strstr(err.text, cases[i].line) != NULL, "%s", err.text);
        CHECK(memcmp(&f, &untouched, sizeof(f)) == 0);
    }
    check_case = "";
}

static void cut_anywhere_it_does_not_crash(void)
{
    static const char text[] = "sha1:\n 0 : 0x" HEX20 "\nsha256 1 " HEX32 "\nsha384 rtmr0 " HEX48;

    for (size_t cut = 0; cut < sizeof(text); cut++) {
        uint8_t *copy = malloc(cut + 1); /* on the heap, so that ASan guards its end */
        struct pcr_file f;
        struct error err = { 0 };

        memcpy(copy, text, cut);
        (void)!pcr_file_parse((struct bytes){ copy, cut }, &f, &err);
        free(copy);
    }
}

static const struct test tests[] = {
    { "both forms are read", both_forms_are_read },
    { "wrong files are refused by line", wrong_files_are_refused_by_line },
    { "cut anywhere it does not crash", cut_anywhere_it_does_not_crash },
};

int main(void)
{
    return run_tests("pcr_file", tests, ARRAY_LEN(tests));
}
