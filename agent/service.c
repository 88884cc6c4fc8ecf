/* SPDX-License-Identifier: BSD-3-Clause */
#include "agent/service.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/config.h"
#include "agent/listen.h"
#include "agent/privileges.h"
#include "agent/serve.h"
#include "agent/tpm_attester.h"
#include "host/clock.h"
#include "host/log.h"
#include "host/notify.h"
#include "protocol/coap_server.h"

#define QUEUE_MAX 16
/* A peer over TCP that does not read its answer keeps half a MiB: together less than the unit's
 * MemoryMax. */
#define SESSIONS_MAX 64
/* Once we are told to end: for answers that are being made, and for the last to get through. */
#define DRAIN_MS      5000
#define LAST_WORDS_MS 250
/* Every byte of an error escaped. */
#define REASON_MAX (4 * sizeof(((struct error *)NULL)->text))

struct service {
    const char *config_path;
    struct agent_config config;
    struct listen_addresses addresses;
    struct logs logs;
    struct tpm_attester tpm;
    struct tpm_name ak_name; /* empty: not known */
    struct coap_server *server;
    struct serve *serve;
    int signals;
    bool broken; /* no address is left to listen on */
    bool ending;
    bool answered_all; /* when ending */
    int64_t end_by_ms; /* when ending: at the latest */
};

/* An error's text for a log line, between quotes. */
static const char *reason(char dst[REASON_MAX], const struct error *err)
{
    return bytes_print(dst, REASON_MAX, bytes_of_text(err->text));
}

static void on_request(void *ctx, struct coap_exchange *x, struct bytes payload, const char *peer)
{
    serve_request(((struct service *)ctx)->serve, x, payload, peer);
}

static void on_gone(void *ctx, struct coap_exchange *x)
{
    serve_gone(((struct service *)ctx)->serve, x);
}

/* A name may stand for addresses of which this machine has not all ("localhost" without IPv6): what
 * cannot be listened on is taken out. */
static bool listen_on_all(struct coap_server *server, struct listen_addresses *addresses,
        struct error *err)
{
    size_t listening = 0;

    for (size_t i = 0; i < addresses->count; i++) {
        struct listen_address a = addresses->address[i];

        if (coap_server_listen(server, &a.uri, err)) {
            a.uri.port = coap_server_port(server, listening);
            addresses->address[listening++] = a;
        } else if (!a.by_name) {
            return false;
        } else {
            char text[REASON_MAX];

            log_warning("event=not-listening reason=\"%s\"", reason(text, err));
        }
    }
    addresses->count = listening;
    return listening > 0;
}

static bool open_server(struct service *s, const struct agent_config *config,
        struct listen_addresses *addresses, struct error *err)
{
    const struct coap_server_options options = {
        .request = on_request,
        .gone = on_gone,
        .ctx = s,
        .request_max = MESSAGE_REQUEST_MAX,
        .rate_limit = config->rate_limit,
        .sessions_max = SESSIONS_MAX,
    };
    struct coap_server *server;

    if (!coap_server_new(&options, &server, err)) {
        return false;
    }
    if (!listen_on_all(server, addresses, err)) {
        coap_server_free(server);
        return false;
    }
    s->server = server;
    return true;
}

static void close_server(struct service *s)
{
    if (s->server != NULL) {
        coap_server_free(s->server);
        s->server = NULL;
    }
}

static void set_logs(struct service *s)
{
    const char *const path[LOG_KIND_COUNT] = {
        [LOG_KIND_BOOT] = s->config.boot_log,
        [LOG_KIND_IMA] = s->config.ima_log,
        [LOG_KIND_USERSPACE] = s->config.userspace_log,
    };

    logs_set(&s->logs, path);
}

static const char *log_state(struct service *s, enum log_kind kind)
{
    struct error err = { 0 };
    char text[REASON_MAX];
    char path[128];
    bool there;

    if (!logs_look(&s->logs, kind, &there, &err)) {
        log_warning("event=log-unreadable path=\"%s\" reason=\"%s\"",
                bytes_print(path, sizeof(path), bytes_of_text(s->logs.file[kind].path)),
                reason(text, &err));
        return "unreadable";
    }
    return there ? "yes" : "missing";
}

static void print_addresses(char *dst, size_t size, const struct listen_addresses *a)
{
    size_t len = 0;

    *dst = '\0';
    for (size_t i = 0; i < a->count && len + 1 < size; i++) {
        if (i > 0) {
            dst[len++] = ' ';
        }
        (void)listen_print(dst + len, size - len, &a->address[i].uri);
        len += strlen(dst + len);
    }
}

static void warn_if_insecure(const struct listen_addresses *a)
{
    for (size_t i = 0; i < a->count; i++) {
        if (!a->address[i].loopback) {
            log_warning("event=insecure text=\"plain CoAP beyond loopback: whoever reaches it can "
                        "read the logs and keep the TPM busy\"");
            return;
        }
    }
}

/* The one line that says what we serve. */
static void log_serving(struct service *s, const char *event)
{
    char addresses[1024];
    char tcti[128];
    char ak_name[2 * sizeof(s->ak_name.data) + 1];
    const char *boot_log = log_state(s, LOG_KIND_BOOT);
    const char *ima_list = log_state(s, LOG_KIND_IMA);
    const char *userspace_log = log_state(s, LOG_KIND_USERSPACE);

    print_addresses(addresses, sizeof(addresses), &s->addresses);
    (void)bytes_print(tcti, sizeof(tcti), bytes_of_text(s->config.tcti));
    (void)bytes_hex(ak_name, sizeof(ak_name), tpm_name_view(&s->ak_name));
    log_info("event=%s version=%s listen=\"%s\" tpm=\"%s\" ak-name=%s boot-log=%s ima-list=%s "
             "userspace-log=%s",
            event, TALLY_VERSION, addresses, tcti, *ak_name != '\0' ? ak_name : "unknown", boot_log,
            ima_list, userspace_log);
    warn_if_insecure(&s->addresses);
}

/* Where the TPM is a device, it belongs to a group. */
static const char *device_of(const struct agent_config *config)
{
    static const char device[] = "device:";

    return strncmp(config->tcti, device, strlen(device)) == 0 ? config->tcti + strlen(device)
                                                              : NULL;
}

/* A TPM that is missing now may be there when it is needed. */
static void prepare_tpm(struct service *s)
{
    struct error err = { 0 };
    char text[REASON_MAX];
    bool created;

    if (!tpm_attester_prepare(&s->tpm, &created, &err)) {
        log_warning("event=no-tpm reason=\"%s\"", reason(text, &err));
        return;
    }
    s->ak_name = s->tpm.key.name;
    if (created) {
        log_info("event=attestation-key new=yes handle=0x%08x", s->config.ak_handle);
    }
}

/* Everything that may be root's privilege comes first: addresses and logs. */
static bool start(struct service *s, struct error *err)
{
    set_logs(s);
    for (enum log_kind kind = LOG_KIND_BOOT; kind < LOG_KIND_COUNT; kind++) {
        (void)log_state(s, kind);
    }
    if (!listen_resolve(s->config.listen, s->config.insecure, &s->addresses, err) ||
            !open_server(s, &s->config, &s->addresses, err) ||
            !privileges_drop(s->config.user, device_of(&s->config), err)) {
        return false;
    }
    if (geteuid() == 0) {
        log_warning("event=root text=\"running as root: set user, or start as another user\"");
    }
    prepare_tpm(s);
    const struct serve_options options = {
        .attester = tpm_attester(&s->tpm),
        .queue_max = QUEUE_MAX,
        .logs = &s->logs,
        .ak_name = s->ak_name,
    };

    return serve_new(&options, &s->serve, err);
}

/* Other addresses; the old ones again, if that does not work. */
static bool listen_anew(struct service *s, const struct agent_config *config, struct error *err)
{
    struct listen_addresses addresses;
    struct error again;
    char text[REASON_MAX];

    if (!listen_resolve(config->listen, config->insecure, &addresses, err)) {
        return false;
    }
    close_server(s);
    serve_abandon(s->serve);
    if (open_server(s, config, &addresses, err)) {
        s->addresses = addresses;
        return true;
    }
    if (!open_server(s, &s->config, &s->addresses, &again)) {
        log_error("event=not-listening reason=\"%s\"", reason(text, &again));
        s->broken = true;
    }
    return false;
}

static bool listens_alike(const struct agent_config *a, const struct agent_config *b)
{
    return strcmp(a->listen, b->listen) == 0 && a->insecure == b->insecure &&
            a->rate_limit == b->rate_limit;
}

static bool take_settings(struct service *s, struct error *err)
{
    struct agent_config config;

    if (!agent_config_read(s->config_path, &config, err) ||
            (!listens_alike(&config, &s->config) && !listen_anew(s, &config, err))) {
        return false;
    }
    struct tpm_place place = tpm_place_of(&config);

    if (strcmp(config.user, s->config.user) != 0) {
        log_warning("event=user-unchanged text=\"another user needs a restart\"");
    }
    s->config = config;
    set_logs(s);
    if (tpm_attester_move(&s->tpm, &place)) {
        s->ak_name.len = 0;
    }
    return true;
}

static void reload(struct service *s)
{
    struct error err = { 0 };
    char text[REASON_MAX];

    notify_reloading();
    if (take_settings(s, &err)) {
        log_serving(s, "reloaded");
    } else {
        log_error("event=reload-refused reason=\"%s\" text=\"the old settings stay\"",
                reason(text, &err));
    }
    if (!s->broken) {
        notify_state("READY=1");
    }
}

static void take_signal(struct service *s)
{
    struct signalfd_siginfo info;

    if (read(s->signals, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return;
    }
    if (info.ssi_signo == SIGHUP) {
        if (!s->ending) {
            reload(s);
        }
        return;
    }
    notify_state("STOPPING=1");
    serve_drain(s->serve);
    s->end_by_ms = s->ending ? 0 : clock_now_ms() + DRAIN_MS;
    s->ending = true;
}

/* Milliseconds until the end, 0 when it is time; -1: no end is near. */
static int time_left(struct service *s)
{
    int64_t now = clock_now_ms();

    if (!s->ending) {
        return -1;
    }
    if (!s->answered_all && serve_waiting(s->serve) == 0) {
        s->answered_all = true;
        s->end_by_ms = now + LAST_WORDS_MS < s->end_by_ms ? now + LAST_WORDS_MS : s->end_by_ms;
    }
    return s->end_by_ms > now ? (int)(s->end_by_ms - now) : 0;
}

static bool loop(struct service *s, struct error *err)
{
    int left;

    while (!s->broken && (left = time_left(s)) != 0) {
        struct pollfd fds[] = {
            { .fd = s->signals, .events = POLLIN },
            { .fd = serve_fd(s->serve), .events = POLLIN },
            { .fd = coap_server_fd(s->server), .events = POLLIN },
        };

        if (poll(fds, ARRAY_LEN(fds), left) < 0 && errno != EINTR) {
            return error_set(err, ERROR_IO, "poll: %s", strerror(errno));
        }
        if (fds[0].revents != 0) {
            take_signal(s);
        }
        if (fds[1].revents != 0) {
            serve_process(s->serve);
        }
        /* Answers set timers, too. */
        if (s->server != NULL && !coap_server_process(s->server, err)) {
            return false;
        }
    }
    return !s->broken || error_set(err, ERROR_IO, "no address to listen on is left");
}

static bool catch_signals(int *out, struct error *err)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    *out = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *out >= 0 || error_set(err, ERROR_IO, "signalfd: %s", strerror(errno));
}

static bool serve_until_signal(struct service *s, struct error *err)
{
    if (!start(s, err) || !catch_signals(&s->signals, err)) {
        return false;
    }
    log_serving(s, "serving");
    notify_state("READY=1");
    bool ok = loop(s, err);

    if (ok) {
        log_info("event=stopped");
    }
    return ok;
}

/* A TPM that does not come back keeps its thread, and what that uses. */
static void finish(struct service *s)
{
    close_server(s);
    if (s->serve == NULL || serve_free(s->serve)) {
        tpm_attester_clear(&s->tpm);
    } else {
        log_warning("event=tpm-stuck text=\"the TPM does not answer; it is left behind\"");
    }
    logs_clear(&s->logs);
    if (s->signals >= 0) {
        (void)close(s->signals);
    }
}

bool service_run(const char *config_path, struct error *err)
{
    static struct service s; /* a thread may outlive this function */
    struct tpm_place place;

    s = (struct service){ .config_path = config_path, .signals = -1 };
    (void)signal(SIGPIPE, SIG_IGN); /* a peer or a TPM that hangs up */
    if (!agent_config_read(config_path, &s.config, err)) {
        return false;
    }
    place = tpm_place_of(&s.config);
    if (!tpm_attester_init(&s.tpm, &place, err)) {
        return false;
    }
    bool ok = serve_until_signal(&s, err);

    finish(&s);
    return ok;
}
