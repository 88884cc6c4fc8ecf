/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/file.h"
#include "tests/check.h"
#include "tests/coap/serve.h"

/* libcoap's own client (Debian: libcoap3-bin) against our server: it puts blocks together itself,
 * and asks for the later ones without the payload. */

#define CLIENT "coap-client-notls"
#define SKIP   77

static struct serve served;
static char output[] = "/tmp/tally-coap-XXXXXX";

/* options: more of coap-client's */
static void fetch(const char *scheme, size_t index, const char *request, size_t len,
        const char *options)
{
    char command[512];
    struct buffer got = { 0 };
    struct error err = { 0 };

    snprintf(command, sizeof(command),
            CLIENT " -m fetch -t 60 -A 63 -B 10 -e '%s' -o %s %s %s://127.0.0.1:%u/attest", request,
            output, options, scheme, (unsigned int)coap_server_port(served.server, index));
    CHECKF(truncate(output, 0) == 0, "%s", output);
    CHECKF(system(command) == 0, "%s", command);
    CHECKF(file_read(output, 1024 * 1024, &got, &err), "%s", err.text);
    CHECKF(serve_is_answer(buffer_view(&got), len), "%s: %zu bytes", command, got.len);
    buffer_clear(&got);
}

static void libcoap_fetches_answers(void)
{
    static const struct {
        const char *request;
        size_t len;
        const char *options;
    } cases[] = {
        { "answer%2010", 10, "" },
        { "answer%201024", 1024, "" },
        { "answer%205000", 5000, "" },
        { "answer%20100000", 100000, "" },
        { "slow%20500%205000", 5000, "" },
        { "answer%203000", 3000, "-b 64" },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        fetch("coap", 0, cases[i].request, cases[i].len, cases[i].options);
        fetch("coap+tcp", 1, cases[i].request, cases[i].len, cases[i].options);
    }
    CHECK_UINT(served.requests, 2 * ARRAY_LEN(cases));
}

int main(void)
{
    static const struct test tests[] = {
        { "libcoap fetches answers", libcoap_fetches_answers },
    };
    static const char *const uris[] = { "coap://127.0.0.1:0", "coap+tcp://127.0.0.1:0", NULL };

    if (system("command -v " CLIENT " >/dev/null") != 0) {
        printf("skipped: there is no %s (Debian package libcoap3-bin)\n", CLIENT);
        return SKIP;
    }
    int fd = mkstemp(output);

    if (fd < 0 || !serve_start(&served, NULL, uris)) {
        return 1;
    }
    int status = run_tests("interop", tests, ARRAY_LEN(tests));

    close(fd);
    unlink(output);
    return serve_stop(&served) ? status : 1;
}
