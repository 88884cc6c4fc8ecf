/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <unistd.h>

#include "agent/config.h"
#include "tests/check.h"

static char path[] = "/tmp/tally_agent_config_test.XXXXXX";

static bool read_text(const char *text, struct agent_config *out, struct error *err)
{
    FILE *f = fopen(path, "wb");

    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
    return agent_config_read(path, out, err);
}

static void an_empty_file_gives_the_defaults(void)
{
    struct agent_config c = { 0 };
    struct error err = { 0 };

    CHECKF(read_text("", &c, &err), "%s", err.text);
    CHECK_TEXT(bytes_of_text(c.listen), "coap://127.0.0.1:5683 coap+tcp://127.0.0.1:5683");
    CHECK(!c.insecure);
    CHECK_UINT(c.rate_limit, 20);
    CHECK_TEXT(bytes_of_text(c.user), "");
    CHECK_TEXT(bytes_of_text(c.tcti), "device:/dev/tpmrm0");
    CHECK_UINT(c.ak_handle, 0x81010020);
    CHECK_UINT(c.ak_kind, TPM_KEY_AUTO);
    CHECK_TEXT(bytes_of_text(c.boot_log), "/sys/kernel/security/tpm0/binary_bios_measurements");
    CHECK_TEXT(bytes_of_text(c.ima_log), "/sys/kernel/security/ima/binary_runtime_measurements");
    CHECK_TEXT(bytes_of_text(c.userspace_log), "/run/log/systemd/tpm2-measure.log");
}

static void every_setting_can_be_set(void)
{
    struct agent_config c = { 0 };
    struct error err = { 0 };

    CHECKF(read_text("[agent]\nlisten = coap://[::1]:1\ninsecure = yes\n"
                     "rate-limit = 0\nuser = nobody\n"
                     "[tpm]\ntcti = swtpm:path=/x\nak-handle = 0x8101FFFF\nak-type = rsa\n"
                     "[logs]\nboot-log = /b\nima-log = /i\nuserspace-log = /u\n",
                   &c, &err),
            "%s", err.text);
    CHECK_TEXT(bytes_of_text(c.listen), "coap://[::1]:1");
    CHECK(c.insecure);
    CHECK_UINT(c.rate_limit, 0);
    CHECK_TEXT(bytes_of_text(c.user), "nobody");
    CHECK_TEXT(bytes_of_text(c.tcti), "swtpm:path=/x");
    CHECK_UINT(c.ak_handle, 0x8101ffff);
    CHECK_UINT(c.ak_kind, TPM_KEY_RSA);
    CHECK_TEXT(bytes_of_text(c.boot_log), "/b");
    CHECK_TEXT(bytes_of_text(c.ima_log), "/i");
    CHECK_TEXT(bytes_of_text(c.userspace_log), "/u");
}

static void a_wrong_value_is_refused_with_its_line(void)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        { "[agent]\ninsecure = true\n", ":2: insecure: want yes or no" },
        { "[agent]\ninsecure =\n", ":2: insecure: want yes or no" },
        { "[agent]\nlisten =\n", ":2: listen: it is empty" },
        { "[agent]\nlisten = http://x\n", ":2: listen: \"http://x\": 'http' is neither coap" },
        { "[agent]\nlisten = coap://[::1] coaps://[::1]\n", "coaps:// is not supported yet" },
        { "[agent]\nlisten = coap://::1\n", "IPv6 goes in brackets" },
        { "[agent]\nlisten = coap://a:1 b:2\n", "\"b:2\": " },
        { "[agent]\nlisten = coap://a/attest\n", "the resource is always attest" },
        { "[agent]\nlisten = coap://a coap://a coap://a coap://a coap://a coap://a coap://a coap://a "
          "coap://a\n",
                "more than 8 URIs" },
        { "[agent]\nrate-limit = -1\n", ":2: rate-limit: want 0 to 1000000" },
        { "[agent]\nrate-limit = 1000001\n", ":2: rate-limit: want" },
        { "[agent]\nrate-limit = 5/s\n", ":2: rate-limit: want" },
        { "[agent]\nrate-limit =\n", ":2: rate-limit: want" },
        { "[tpm]\ntcti =\n", ":2: tcti: it is empty" }, /* R82 */
        { "[tpm]\nak-handle = 81010020\n", ":2: ak-handle: want 0x81000000 to 0x817fffff" },
        { "[tpm]\nak-handle = 0x81800000\n", ":2: ak-handle: want" },
        { "[tpm]\nak-handle = 0x80ffffff\n", ":2: ak-handle: want" },
        { "[tpm]\nak-handle = 0x181010020\n", ":2: ak-handle: want" },
        { "[tpm]\nak-handle = 0x8101002g\n", ":2: ak-handle: want" },
        { "[tpm]\nak-handle = 0x\n", ":2: ak-handle: want" },
        { "[tpm]\nak-type = ECC\n", ":2: ak-type: want auto, ecc or rsa" },
        { "[logs]\nboot-log =\n", ":2: boot-log: it is empty" },
        { "[logs]\nima-log =\n", ":2: ima-log: it is empty" },
        { "[logs]\nuserspace-log =\n", ":2: userspace-log: it is empty" },
        { "[logs]\nimalog = /x\n", ":2: unknown key \"imalog\"" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct agent_config c;
        struct error err = { 0 };

        check_case = cases[i].text;
        CHECK(!read_text(cases[i].text, &c, &err));
        CHECK_UINT(err.code, ERROR_CONFIG);
        CHECKF(strstr(err.text, cases[i].says) != NULL, "%s", err.text);
    }
    check_case = "";
}

int main(void)
{
    static const struct test tests[] = {
        { "an empty file gives the defaults", an_empty_file_gives_the_defaults },
        { "every setting can be set", every_setting_can_be_set },
        { "R82 a wrong value is refused with its line", a_wrong_value_is_refused_with_its_line },
    };
    int fd = mkstemp(path);

    if (fd < 0 || close(fd) != 0) {
        return EXIT_FAILURE;
    }
    int status = run_tests("agent_config", tests, ARRAY_LEN(tests));

    (void)unlink(path);
    return status;
}
