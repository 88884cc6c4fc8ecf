/* SPDX-License-Identifier: BSD-3-Clause */
/* The addresses that the settings make the agent listen on. */
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/doctor_internal.h"
#include "agent/listen.h"

#define PORT_PRIVILEGED 1024u

/* Why nobody can listen there now, an errno value; 0 when one can. */
static int try_address(const struct addrinfo *a)
{
    int error = 0;
    int on = 1;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return errno;
    }
    /* As servers do: connections that are ending do not count. For UDP it would let two listen. */
    if (a->ai_socktype == SOCK_STREAM) {
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }
    if (a->ai_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    }
    if (bind(fd, a->ai_addr, a->ai_addrlen) != 0 ||
            (a->ai_socktype == SOCK_STREAM && listen(fd, 1) != 0)) {
        error = errno;
    }
    (void)close(fd);
    return error;
}

/* Does another tally-agent run? Then a port that is in use is its. */
static bool agent_runs(const struct doctor *d)
{
    char path[PATH_MAX];
    DIR *proc = machine_path(d->root, "/proc", path) ? opendir(path) : NULL;
    const struct dirent *entry;
    bool found = false;

    while (proc != NULL && !found && (entry = readdir(proc)) != NULL) {
        char comm[32];
        char file[64];
        size_t digits = strspn(entry->d_name, "0123456789");

        if (digits == 0 || entry->d_name[digits] != '\0' || digits > 10 ||
                strtol(entry->d_name, NULL, 10) == getpid()) {
            continue;
        }
        (void)snprintf(file, sizeof(file), "/proc/%.10s/comm", entry->d_name);
        found = machine_read_text(d->root, file, comm, sizeof(comm)) &&
                strcmp(comm, "tally-agent") == 0;
    }
    if (proc != NULL) {
        (void)closedir(proc);
    }
    return found;
}

static void report_in_use(struct doctor *d, const char *text, const struct uri *uri)
{
    if (agent_runs(d)) {
        (void)doctor_add(d, "listen", DOCTOR_OK, "%s: in use, as tally-agent runs", text);
        return;
    }
    doctor_advise(
            doctor_add(d, "listen", DOCTOR_PROBLEM, "%s: another program uses the port", text),
            "The agent cannot listen there, and does not start.",
            "ss -%slnp 'sport = :%u'\nor set listen in [agent] to another port",
            uri->transport == URI_UDP ? "u" : "t", uri->port);
}

static void report_bind_error(struct doctor *d, const char *text, const struct uri *uri, int error)
{
    static const char why[] = "The agent cannot listen there, and does not start.";

    if (error == EADDRINUSE) {
        report_in_use(d, text, uri);
    } else if (error == EACCES && uri->port < PORT_PRIVILEGED) {
        doctor_advise(doctor_add(d, "listen", DOCTOR_PROBLEM, "%s: %s may not use a port below %u",
                              text, d->user, PORT_PRIVILEGED),
                why, "set listen in [agent] to port 5683, which CoAP has anyway");
    } else if (error == EADDRNOTAVAIL) {
        doctor_advise(
                doctor_add(d, "listen", DOCTOR_PROBLEM, "%s: not an address of this machine", text),
                why, "ip -brief address");
    } else {
        doctor_advise(doctor_add(d, "listen", DOCTOR_PROBLEM, "%s: %s", text, strerror(error)), why,
                "ip -brief address");
    }
}

/* Try one address. *out_good: one can listen there, or need not. */
static void check_address(struct doctor *d, const struct listen_address *address, bool *out_good)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
    struct addrinfo *list = NULL;
    char text[URI_HOST_MAX + 32];
    char port[8];
    int error;

    (void)snprintf(port, sizeof(port), "%u", address->uri.port);
    hints.ai_socktype = address->uri.transport == URI_UDP ? SOCK_DGRAM : SOCK_STREAM;
    if (getaddrinfo(address->uri.host, port, &hints, &list) != 0) {
        error = EADDRNOTAVAIL;
    } else {
        error = try_address(list);
        freeaddrinfo(list);
    }
    /* Of the addresses of a name some may be out of order: IPv6, where it is switched off. */
    *out_good = error == 0 || (address->by_name && error != EADDRINUSE && error != EACCES);
    if (!*out_good) {
        (void)listen_print(text, sizeof(text), &address->uri);
        report_bind_error(d, text, &address->uri, error);
    }
}

static void report_reach(struct doctor *d, bool all_loopback, bool all_good)
{
    if (!all_loopback && !d->config.insecure) {
        doctor_advise(doctor_add(d, "listen", DOCTOR_PROBLEM,
                              "%s reaches beyond this machine, and insecure is no",
                              d->config.listen),
                "Plain CoAP neither hides what it says nor knows who asks: it is for trusted networks, "
                "and the agent does not start until you say so.",
                "insecure = yes in [agent], or listen = coap://127.0.0.1:5683 coap+tcp://127.0.0.1:5683");
    } else if (!all_loopback) {
        doctor_advise(doctor_add(d, "listen", DOCTOR_WARNING, "%s: plain CoAP beyond this machine",
                              d->config.listen),
                "Evidence cannot be forged on its way, but anybody on it can read the list of what "
                "runs here, and keep the agent busy.",
                "let a firewall admit the verifier alone, for example\n"
                "nft add rule inet filter input udp dport 5683 ip saddr != VERIFIER drop");
    } else if (all_good) {
        (void)doctor_add(d, "listen", DOCTOR_OK,
                "%s: for verifiers on this machine, or through a tunnel", d->config.listen);
    }
}

void doctor_listen(struct doctor *d)
{
    struct listen_addresses addresses;
    struct error err = { 0 };
    bool all_loopback = true;
    bool all_good = true;

    if (!listen_resolve(d->config.listen, true, &addresses, &err)) {
        doctor_advise(doctor_add(d, "listen", DOCTOR_PROBLEM, "%s", err.text),
                "The agent does not start.", "listen = coap://127.0.0.1:5683 in [agent]");
        return;
    }
    /* As many as could be reported: a name may stand for more. */
    for (size_t i = 0; i < addresses.count && i < LISTEN_URIS_MAX; i++) {
        bool good;

        all_loopback = all_loopback && addresses.address[i].loopback;
        check_address(d, &addresses.address[i], &good);
        all_good = all_good && good;
    }
    report_reach(d, all_loopback, all_good);
}
