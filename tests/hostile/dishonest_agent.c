/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * dishonest_agent: an agent over CoAP that lies in one way (machine.h), or in none. Writes its key,
 * its policy and its list of files into a folder, prints its ports (UDP, then TCP), and serves
 * until it is killed.
 */

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/coap_server.h"
#include "tests/forge_internal.h"
#include "tests/hostile/machine.h"

/* How many more files the policy allows than the list has at first: one a round. */
#define FILES_TO_COME 1024

struct options {
    const char *folder;
    const char *lie;
    size_t files;
    bool list;
};

static struct machine machine;

static void request(void *ctx, struct coap_exchange *x, struct bytes payload, const char *peer)
{
    struct machine *m = ctx;
    struct forge_bytes out = { 0 };

    (void)peer;
    if (!machine_answer(m, payload, coap_exchange_limit(x), &out)) {
        coap_exchange_refuse(x, COAP_REFUSAL_BAD_REQUEST, "no request message", "");
        return;
    }
    struct buffer body = { out.data, out.len };

    coap_exchange_answer(x, &body);
}

static void write_files(const struct machine *m, const char *folder)
{
    struct forge_dir dir;
    struct forge_bytes list = { 0 };
    uint8_t name[MACHINE_NAME_SIZE];
    char hex[2 * MACHINE_NAME_SIZE + 1];

    REQUIRE(strlen(folder) < sizeof(dir.path));
    strcpy(dir.path, folder);
    for (size_t i = 0; i < m->files + FILES_TO_COME; i++) {
        const char *path = machine_file(i);
        uint8_t digest[32];
        char line[256];

        forge_digest(DIGEST_SHA256, bytes_of_text(path), digest);
        (void)snprintf(line, sizeof(line), "%s  %s\n",
                bytes_hex(hex, sizeof(hex), (struct bytes){ digest, sizeof(digest) }), path);
        forge_add(&list, bytes_of_text(line));
    }
    machine_ak_name(&m->key, name);
    bytes_hex(hex, sizeof(hex), (struct bytes){ name, sizeof(name) });
    (void)forge_dir_write(&dir, "ak.name", bytes_of_text(hex));
    (void)forge_dir_write(&dir, "ak.pub", forge_key_public(&m->key));
    (void)forge_dir_write(&dir, "allow.sha256", forge_view(&list));
    (void)forge_dir_write(&dir, "policy.yaml",
            bytes_of_text("version: 1\nboot: unchecked\nima:\n  violations: warn\n"
                          "  allow: [ { file: allow.sha256 } ]\n"));
    forge_bytes_clear(&list);
}

static int fail(const struct error *err)
{
    fprintf(stderr, "dishonest_agent: %s\n", err->text);
    return EXIT_FAILURE;
}

static int serve(struct machine *m)
{
    const struct coap_server_options options = {
        .request = request,
        .ctx = m,
        .request_max = MESSAGE_REQUEST_MAX,
        .sessions_max = 64,
    };
    struct uri uri = { .host = "127.0.0.1", .transport = URI_UDP };
    struct coap_server *server;
    struct error err = { 0 };

    if (!coap_server_new(&options, &server, &err) || !coap_server_listen(server, &uri, &err)) {
        return fail(&err);
    }
    uri.transport = URI_TCP;
    if (!coap_server_listen(server, &uri, &err)) {
        return fail(&err);
    }
    printf("%u %u\n", (unsigned int)coap_server_port(server, 0),
            (unsigned int)coap_server_port(server, 1));
    fflush(stdout);
    for (;;) {
        struct pollfd p = { .fd = coap_server_fd(server), .events = POLLIN };

        if ((poll(&p, 1, -1) < 0 && errno != EINTR) || !coap_server_process(server, &err)) {
            return fail(&err);
        }
    }
}

static bool parse(int argc, char *argv[], struct options *out)
{
    static const struct option longs[] = {
        { "lie", required_argument, NULL, 'l' },
        { "files", required_argument, NULL, 'f' },
        { "list", no_argument, NULL, 'L' },
        { 0 },
    };
    int c;

    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        switch (c) {
        case 'l':
            out->lie = optarg;
            break;
        case 'f':
            out->files = (size_t)strtoul(optarg, NULL, 10);
            break;
        case 'L':
            out->list = true;
            break;
        default:
            return false;
        }
    }
    out->folder = argv[optind];
    return out->list ? argc == optind : argc == optind + 1;
}

int main(int argc, char *argv[])
{
    struct options o = { .files = FORGE_FILE_COUNT };
    const struct lie *lie;

    if (!parse(argc, argv, &o) || (o.lie != NULL && lie_find(o.lie) == NULL)) {
        fprintf(stderr, "usage: dishonest_agent [--lie NAME] [--files N] FOLDER | --list\n");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; o.list && (lie = lie_at(i)) != NULL; i++) {
        puts(lie->name);
    }
    if (o.list) {
        return EXIT_SUCCESS;
    }
    machine_init(&machine, o.lie != NULL ? lie_find(o.lie) : NULL, o.files);
    write_files(&machine, o.folder);
    return serve(&machine);
}
