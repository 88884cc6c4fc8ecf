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
#include "protocol/uri.h"

#define PORT_PRIVILEGED 1024u

static bool is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET6) {
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr);
    }
    return a->sa_family == AF_INET &&
            ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr) >> 24 == 127;
}

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

/* Look at one address. Adds to what all of them come to. */
static void check_address(struct doctor *d, const char *text, bool *all_loopback, bool *all_good)
{
    struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *list = NULL;
    struct error err = { 0 };
    struct uri uri;
    char port[8];
    int failed;

    if (!uri_read(bytes_of_text(text), &uri, &err)) {
        *all_good = false;
        doctor_advise(doctor_add(d, "listen", DOCTOR_PROBLEM, "%s: %s", text, err.text),
                "The agent does not start.", "listen = coap://127.0.0.1:5683 in [agent]");
        return;
    }
    (void)snprintf(port, sizeof(port), "%u", uri.port);
    hints.ai_socktype = uri.transport == URI_UDP ? SOCK_DGRAM : SOCK_STREAM;
    failed = getaddrinfo(uri.host, port, &hints, &list);
    if (failed != 0) {
        *all_good = false;
        doctor_advise(doctor_add(d, "listen", DOCTOR_PROBLEM, "%s: %s", text, gai_strerror(failed)),
                "The agent does not start.", "getent ahosts %s", uri.host);
        return;
    }
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next) {
        int error = try_address(a);

        *all_loopback = *all_loopback && is_loopback(a->ai_addr);
        if (error != 0) {
            *all_good = false;
            report_bind_error(d, text, &uri, error);
            break;
        }
    }
    freeaddrinfo(list);
}

static void report_reach(struct doctor *d, bool all_loopback, bool all_good)
{
    if (all_loopback && all_good) {
        (void)doctor_add(d, "listen", DOCTOR_OK,
                "%s: for verifiers on this machine, or through a tunnel", d->config.listen);
    } else if (!all_loopback && !d->config.insecure) {
        doctor_advise(doctor_add(d, "listen", DOCTOR_PROBLEM,
                              "%s reaches beyond this machine, and insecure is no",
                              d->config.listen),
                "Plain CoAP neither hides nor protects: it is for trusted networks, and the agent does "
                "not start until you say so.",
                "insecure = yes in [agent], or listen = coap://127.0.0.1:5683 coap+tcp://127.0.0.1:5683");
    } else if (!all_loopback) {
        doctor_advise(doctor_add(d, "listen", DOCTOR_WARNING, "%s: plain CoAP beyond this machine",
                              d->config.listen),
                "Evidence cannot be forged on its way, but anybody on it can read the list of what "
                "runs here, and keep the agent busy.",
                "let a firewall admit the verifier alone, for example\n"
                "nft add rule inet filter input udp dport 5683 ip saddr != VERIFIER drop");
    }
}

void doctor_listen(struct doctor *d)
{
    char list[sizeof(d->config.listen)];
    bool all_loopback = true;
    bool all_good = true;
    size_t count = 0;
    char *rest = NULL;

    (void)strcpy(list, d->config.listen);
    for (char *word = strtok_r(list, " \t", &rest); word != NULL && count < 8;
            word = strtok_r(NULL, " \t", &rest)) {
        check_address(d, word, &all_loopback, &all_good);
        count++;
    }
    report_reach(d, all_loopback, all_good);
}
