/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * fake_agentd: a forged machine (scene.h) and its agent over CoAP. Writes its key and a list of
 * what it runs into a folder, and prints that and its ports: "DIR UDP-PORT TCP-PORT". Then it
 * does what standard input says, a line at a time, answers "ok" to each, and ends with it.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/coap_server.h"
#include "tests/forge_internal.h"
#include "tests/round/scene.h"

static struct scene scene;
static struct forge_key other;
static bool silent;
static char version[64];
static unsigned int delay_ms;

static void request(void *ctx, struct coap_exchange *x, struct bytes payload, const char *peer)
{
    struct link link = fake_agent_link(&scene.agent);
    struct bytes answer;
    struct error err = { 0 };

    (void)ctx;
    (void)peer;
    if (silent) {
        return; /* it waits for ever */
    }
    (void)usleep(delay_ms * 1000);
    if (!link.ask(link.ctx, payload, MESSAGE_SIZE_MAX * 4, &answer, &err)) {
        coap_exchange_refuse(x, COAP_REFUSAL_INTERNAL, "fault", err.text);
        return;
    }
    struct buffer body = { malloc(answer.len), answer.len };

    REQUIRE(body.data != NULL);
    memcpy(body.data, answer.ptr, answer.len);
    coap_exchange_answer(x, &body);
}

static void gone(void *ctx, struct coap_exchange *x)
{
    (void)ctx;
    (void)x;
}

static void break_signature(struct fake_agent *a)
{
    a->machine->quote.break_signature = true;
}

static void run_one_more(struct fake_agent *a)
{
    forge_file(a->machine, FORGE_BOTH, 10, forge_files[1]);
}

static void garble(struct fake_agent *a, struct forge_bytes *answer)
{
    (void)a;
    answer->data[0] = 0xff;
}

/* TPM2_Clear: another key, and all counters at zero. */
static void clear_tpm(void)
{
    scene_boot(&scene);
    scene.machine.key = other;
    scene.agent.clock = (struct tpm_clock){ 1000, 0, 0, true };
}

static bool is(const char *line, const char *word, const char **argument)
{
    size_t n = strlen(word);

    *argument = line + n + (line[n] == ' ');
    return strncmp(line, word, n) == 0 && (line[n] == '\0' || line[n] == ' ');
}

static bool change_machine(const char *line)
{
    const char *argument;

    if (is(line, "allowed", &argument)) {
        scene_run_allowed(&scene);
    } else if (is(line, "unknown", &argument)) {
        scene_run_unknown(&scene, argument);
    } else if (is(line, "hide", &argument)) {
        forge_file(&scene.machine, FORGE_EXTEND, 10, argument);
    } else if (is(line, "boot", &argument)) {
        scene_boot(&scene);
    } else if (is(line, "restart", &argument)) {
        scene_restart(&scene);
    } else if (is(line, "resume", &argument)) {
        scene_resume(&scene);
    } else if (is(line, "kexec", &argument)) {
        scene_kexec(&scene);
    } else if (is(line, "trim", &argument)) {
        scene_trim(&scene, strtoul(argument, NULL, 10));
    } else if (is(line, "clear", &argument)) {
        clear_tpm();
    } else {
        return false;
    }
    return true;
}

static bool change_agent(const char *line)
{
    const char *argument;

    if (is(line, "silent", &argument)) {
        silent = true;
    } else if (is(line, "break", &argument)) {
        scene.agent.change_quote = break_signature;
    } else if (is(line, "garble", &argument)) {
        scene.agent.change_bytes = garble;
    } else if (is(line, "grow", &argument)) {
        scene.agent.after_quote = run_one_more;
    } else if (is(line, "slow", &argument)) {
        delay_ms = (unsigned int)strtoul(argument, NULL, 10);
    } else if (is(line, "honest", &argument)) {
        silent = false;
        delay_ms = 0;
        scene.agent.change_quote = NULL;
        scene.agent.change_bytes = NULL;
        scene.agent.after_quote = NULL;
    } else if (is(line, "version", &argument)) {
        (void)snprintf(version, sizeof(version), "%s", argument);
        scene.agent.version = version;
    } else if (is(line, "count", &argument)) {
        printf("%zu %zu %llu\n", scene.agent.asks, scene.agent.quotes,
                (unsigned long long)scene.agent.list_bytes);
    } else {
        return false;
    }
    return true;
}

/* False when standard input has ended. */
static bool obey(void)
{
    char line[256];
    size_t n = 0;

    /* Byte by byte: nothing may be left in a buffer that poll() does not see. */
    while (n < sizeof(line) - 1) {
        if (read(STDIN_FILENO, &line[n], 1) != 1) {
            return false;
        }
        if (line[n] == '\n') {
            break;
        }
        n++;
    }
    line[n] = '\0';
    puts(change_machine(line) || change_agent(line) ? "ok" : "what?");
    fflush(stdout);
    return true;
}

static void listen_on(struct coap_server *server, enum uri_transport transport)
{
    struct uri uri = { .host = "127.0.0.1", .transport = transport };
    struct error err = { 0 };

    REQUIRE(coap_server_listen(server, &uri, &err));
}

static void serve(void)
{
    const struct coap_server_options options = {
        .request = request,
        .gone = gone,
        .request_max = MESSAGE_REQUEST_MAX,
        .sessions_max = 64,
    };
    struct coap_server *server;
    struct error err = { 0 };
    struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .events = POLLIN } };

    REQUIRE(coap_server_new(&options, &server, &err));
    listen_on(server, URI_UDP);
    listen_on(server, URI_TCP);
    fds[1].fd = coap_server_fd(server);
    printf("%s %u %u\n", attack_dir()->path, (unsigned int)coap_server_port(server, 0),
            (unsigned int)coap_server_port(server, 1));
    fflush(stdout);
    do {
        REQUIRE(poll(fds, 2, -1) >= 0 || errno == EINTR);
        REQUIRE(coap_server_process(server, &err));
    } while (fds[0].revents == 0 || obey());
    coap_server_free(server);
}

int main(void)
{
    struct forge_bytes pem = { 0 };

    attack_setup();
    forge_key_make(&other, FORGE_P256, FORGE_AK_ATTRIBUTES);
    forge_init(&scene.machine, FORGE_SHA1 | FORGE_SHA256, attack_key());
    forge_honest(&scene.machine);
    scene.machine.send_hints = true;
    fake_agent_init(&scene.agent, &scene.machine);
    (void)forge_dir_write(attack_dir(), "ak.pub", forge_key_public(attack_key()));
    forge_key_pem(attack_key(), &pem);
    (void)forge_dir_write(attack_dir(), "ak.pem", forge_view(&pem));
    (void)forge_dir_write(attack_dir(), "policy.yaml", bytes_of_text(POLICY_DEFAULT));
    serve();
    forge_bytes_clear(&pem);
    fake_agent_clear(&scene.agent);
    forge_clear(&scene.machine);
    forge_key_clear(&other);
    attack_teardown();
    return EXIT_SUCCESS;
}
