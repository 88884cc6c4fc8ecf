/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/config.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/listen.h"
#include "host/settings.h"

#define RATE_LIMIT_MAX 1000000

static bool copy_text(char *dst, const char *value, struct error *err)
{
    if (*value == '\0') {
        return error_set(err, ERROR_CONFIG, "it is empty");
    }
    if (strlen(value) >= AGENT_TEXT_MAX) {
        return error_set(err, ERROR_CONFIG, "more than %d characters", AGENT_TEXT_MAX - 1);
    }
    (void)strcpy(dst, value);
    return true;
}

static bool set_listen(void *ctx, const char *value, struct error *err)
{
    return copy_text(((struct agent_config *)ctx)->listen, value, err) && listen_check(value, err);
}

static bool set_insecure(void *ctx, const char *value, struct error *err)
{
    bool yes = strcmp(value, "yes") == 0;

    if (!yes && strcmp(value, "no") != 0) {
        return error_set(err, ERROR_CONFIG, "want yes or no");
    }
    ((struct agent_config *)ctx)->insecure = yes;
    return true;
}

static bool set_rate_limit(void *ctx, const char *value, struct error *err)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);

    if (*value < '0' || *value > '9' || *end != '\0' || n > RATE_LIMIT_MAX) {
        return error_set(err, ERROR_CONFIG, "want 0 to %d", RATE_LIMIT_MAX);
    }
    ((struct agent_config *)ctx)->rate_limit = (unsigned int)n;
    return true;
}

/* Nobody is a user, too: whoever starts us. */
static bool set_user(void *ctx, const char *value, struct error *err)
{
    char *user = ((struct agent_config *)ctx)->user;

    *user = '\0';
    return *value == '\0' || copy_text(user, value, err);
}

static bool set_tcti(void *ctx, const char *value, struct error *err)
{
    /* tpm2-tss would take any TPM that it finds. */
    if (*value == ':') {
        return error_set(err, ERROR_CONFIG, "no TPM is named before the colon");
    }
    return copy_text(((struct agent_config *)ctx)->tcti, value, err);
}

static bool set_ak_handle(void *ctx, const char *value, struct error *err)
{
    char *end;
    unsigned long n = strtoul(value, &end, 16);

    if (strncmp(value, "0x", 2) != 0 || strlen(value) > strlen("0x81010020") || *end != '\0' ||
            n < TPM_KEY_HANDLE_FIRST || n > TPM_KEY_HANDLE_LAST) {
        return error_set(err, ERROR_CONFIG, "want 0x%08x to 0x%08x", TPM_KEY_HANDLE_FIRST,
                TPM_KEY_HANDLE_LAST);
    }
    ((struct agent_config *)ctx)->ak_handle = (uint32_t)n;
    return true;
}

static bool set_ak_type(void *ctx, const char *value, struct error *err)
{
    static const struct {
        const char *text;
        enum tpm_key_kind kind;
    } kinds[] = { { "auto", TPM_KEY_AUTO }, { "ecc", TPM_KEY_ECC }, { "rsa", TPM_KEY_RSA } };

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(value, kinds[i].text) == 0) {
            ((struct agent_config *)ctx)->ak_kind = kinds[i].kind;
            return true;
        }
    }
    return error_set(err, ERROR_CONFIG, "want auto, ecc or rsa");
}

static bool set_boot_log(void *ctx, const char *value, struct error *err)
{
    return copy_text(((struct agent_config *)ctx)->boot_log, value, err);
}

static bool set_ima_log(void *ctx, const char *value, struct error *err)
{
    return copy_text(((struct agent_config *)ctx)->ima_log, value, err);
}

static bool set_userspace_log(void *ctx, const char *value, struct error *err)
{
    return copy_text(((struct agent_config *)ctx)->userspace_log, value, err);
}

static const struct setting table[] = {
    { "agent", "listen", set_listen, "coap://127.0.0.1:5683 coap+tcp://127.0.0.1:5683",
            "Where \"run\" waits for verifiers: URIs, separated by spaces." },
    { "agent", "insecure", set_insecure, "no",
            "Whether plain CoAP may listen on other addresses than loopback: yes or no." },
    { "agent", "rate-limit", set_rate_limit, "20",
            "Quotes that one address may ask for in a second, or 32 times as many pieces of logs; "
            "ten seconds' worth can be saved up; 0 is no limit." },
    { "agent", "user", set_user, "",
            "Whom \"run\" becomes when root starts it, after it has opened the logs; empty: nobody else." },
    { "tpm", "tcti", set_tcti, "device:/dev/tpmrm0", "The TPM, as tpm2-tss names it." },
    { "tpm", "ak-handle", set_ak_handle, "0x81010020",
            "Persistent handle of the attestation key, which is created if nothing is there." },
    { "tpm", "ak-type", set_ak_type, "auto",
            "Kind of a new attestation key: ecc (P-256), rsa (2048), or auto, which is ecc where the "
            "TPM has it." },
    { "logs", "boot-log", set_boot_log, "/sys/kernel/security/tpm0/binary_bios_measurements",
            "The firmware's event log." },
    { "logs", "ima-log", set_ima_log, "/sys/kernel/security/ima/binary_runtime_measurements",
            "IMA's measurement list; a name that ends in _sha256 or the like says whose digests its "
            "records carry." },
    { "logs", "userspace-log", set_userspace_log, "/run/log/systemd/tpm2-measure.log",
            "systemd's log of what it measured." },
};

void agent_config_default(struct agent_config *out)
{
    struct agent_config c = { 0 };
    struct error err = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        bool good = table[i].set(&c, table[i].fallback, &err);

        assert(good);
        (void)good;
    }
    *out = c;
}

static bool read_file(const char *path, bool optional, struct agent_config *out, struct error *err)
{
    struct agent_config c;

    agent_config_default(&c);
    if (!settings_read(path, optional, table, ARRAY_LEN(table), &c, err)) {
        return false;
    }
    *out = c;
    return true;
}

bool agent_config_read(const char *path, struct agent_config *out, struct error *err)
{
    return read_file(path != NULL ? path : AGENT_CONFIG_PATH, path == NULL, out, err);
}

bool agent_config_read_optional(const char *path, struct agent_config *out, struct error *err)
{
    return read_file(path, true, out, err);
}

void agent_config_print(FILE *out)
{
    settings_print(out, table, ARRAY_LEN(table));
}
