/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_MS 20

/* The words of a command line, in one buffer. */
struct words {
    char *text;
    char *argv[HOOK_WORDS_MAX + 1];
    size_t count;
};

static void words_clear(struct words *w)
{
    free(w->text);
    *w = (struct words){ 0 };
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

static bool split(const char *command, struct words *w, struct error *err)
{
    char quote = '\0';
    bool in_word = false;

    w->text = malloc(strlen(command) + 1);
    if (w->text == NULL) {
        return error_set(err, ERROR_NOMEM, "hook command");
    }
    char *to = w->text;

    for (const char *at = command; *at != '\0'; at++) {
        bool space = quote == '\0' && (*at == ' ' || *at == '\t');

        if (space && in_word) {
            *to++ = '\0';
        }
        if (!space && !in_word) {
            if (w->count == HOOK_WORDS_MAX) {
                return error_set(err, ERROR_CONFIG, "hook command of more than %d words",
                        HOOK_WORDS_MAX);
            }
            w->argv[w->count++] = to;
        }
        in_word = !space;
        if (quote == '\0' && (*at == '\'' || *at == '"')) {
            quote = *at;
        } else if (quote != '\0' && *at == quote) {
            quote = '\0';
        } else if (!space) {
            *to++ = *at;
        }
    }
    *to = '\0';
    if (quote != '\0') {
        return error_set(err, ERROR_CONFIG, "hook command with an open quote");
    }
    return w->count > 0 || error_set(err, ERROR_CONFIG, "hook command without a word");
}

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* In the child: standard input from the pipe, standard output to our standard error. */
static _Noreturn void exec_hook(int in, char *const argv[])
{
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)setpgid(0, 0);
    if (in == STDIN_FILENO) { /* ours was closed: dup2() would leave it close-on-exec */
        (void)fcntl(in, F_SETFD, 0);
    }
    if (dup2(in, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        _exit(127);
    }
    (void)execvp(argv[0], argv);
    _exit(127);
}

/* Write what the pipe takes; a hook that does not read must not hold us up. */
static bool feed(int fd, struct bytes *input)
{
    ssize_t n = write(fd, input->ptr, input->len);

    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    *input = (struct bytes){ input->ptr + n, input->len - (size_t)n };
    return input->len > 0;
}

/* Has the child ended? Its status stays for waitpid(). */
static bool has_ended(pid_t pid)
{
    siginfo_t info = { 0 };

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid;
}

/* Feed the hook and wait until it ends; false when time is over. pid_fd is -1 where the kernel has
 * none or a filter forbids it: then we look now and then. */
static bool attend(pid_t pid, int pid_fd, int *in, struct bytes input)
{
    int64_t end = now_ms() + HOOK_TIMEOUT_MS;

    for (;;) {
        struct pollfd fds[] = { { .fd = pid_fd, .events = POLLIN },
            { .fd = *in, .events = POLLOUT } };
        int64_t left = end - now_ms();

        if (left <= 0) {
            return false;
        }
        if (pid_fd < 0 && left > LOOK_EVERY_MS) {
            left = LOOK_EVERY_MS;
        }
        if (poll(fds, 2, (int)left) < 0 && errno != EINTR) {
            return false;
        }
        if ((fds[1].revents & (POLLERR | POLLHUP)) != 0 ||
                ((fds[1].revents & POLLOUT) != 0 && !feed(*in, &input))) {
            close_fd(in);
        }
        if ((fds[0].revents & POLLIN) != 0 || (pid_fd < 0 && has_ended(pid))) {
            return true;
        }
    }
}

static bool judge_status(const char *name, int status, bool in_time, struct error *err)
{
    if (!in_time) {
        return error_set(err, ERROR_IO, "hook %s did not end within %d s and was killed", name,
                HOOK_TIMEOUT_MS / 1000);
    }
    if (WIFSIGNALED(status)) {
        return error_set(err, ERROR_IO, "hook %s was ended by signal %d", name, WTERMSIG(status));
    }
    if (WEXITSTATUS(status) == 127) {
        return error_set(err, ERROR_IO, "hook %s could not be started (exit status 127)", name);
    }
    if (WEXITSTATUS(status) != 0) {
        return error_set(err, ERROR_IO, "hook %s ended with exit status %d", name,
                WEXITSTATUS(status));
    }
    return true;
}

static bool run_words(const struct words *w, struct bytes input, struct error *err)
{
    int pipe_fds[2] = { -1, -1 };
    int status = 0;

    if (pipe2(pipe_fds, O_CLOEXEC) != 0) {
        return error_set(err, ERROR_IO, "pipe for the hook: %s", strerror(errno));
    }
    pid_t pid = fork();

    if (pid == 0) {
        exec_hook(pipe_fds[0], w->argv);
    }
    close_fd(&pipe_fds[0]);
    if (pid < 0) {
        close_fd(&pipe_fds[1]);
        return error_set(err, ERROR_IO, "cannot start a process for the hook: %s", strerror(errno));
    }
    int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    bool in_time = false;

    if (fcntl(pipe_fds[1], F_SETFL, O_NONBLOCK) == 0) {
        in_time = attend(pid, pid_fd, &pipe_fds[1], input);
    }
    close_fd(&pipe_fds[1]);
    close_fd(&pid_fd);
    if (!in_time) {
        (void)kill(-pid, SIGKILL); /* its own process group, see exec_hook() */
        (void)kill(pid, SIGKILL);
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return error_set(err, ERROR_IO, "how the hook ended is not known: %s", strerror(errno));
        }
    }
    return judge_status(w->argv[0], status, in_time, err);
}

bool hook_run(const char *command, struct bytes input, struct error *err)
{
    struct words words CLEANUP(words_clear) = { 0 };
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    struct sigaction keep = { .sa_handler = SIG_DFL };
    struct sigaction old_pipe;
    struct sigaction old_child;

    if (!split(command, &words, err)) {
        return false;
    }
    (void)sigaction(SIGPIPE, &ignore, &old_pipe);
    /* Whoever started us may ignore it, and then the kernel would throw the exit status away. */
    (void)sigaction(SIGCHLD, &keep, &old_child);
    bool ok = run_words(&words, input, err);

    (void)sigaction(SIGCHLD, &old_child, NULL);
    (void)sigaction(SIGPIPE, &old_pipe, NULL);
    return ok;
}
