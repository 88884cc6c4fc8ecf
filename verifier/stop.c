/* SPDX-License-Identifier: BSD-3-Clause */
#include "verifier/stop.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "common/attributes.h"

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };

/* The one global that is written at run time: nothing else reaches a signal handler. */
static volatile sig_atomic_t caught;

static void on_signal(int signal)
{
    (void)signal;
    caught = 1;
}

void stop_catch(void)
{
    /* Without SA_RESTART: what waits in the kernel wakes up and looks. */
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND };

    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        struct sigaction old;

        /* A shell has background jobs ignore some of them: that stays. */
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
            (void)sigaction(signals[i], &action, NULL);
        }
    }
}

bool stop_wanted(void)
{
    return caught != 0;
}

void stop_wait_ms(int64_t ms)
{
    struct timespec time = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
    sigset_t block;
    sigset_t before;

    /* A signal between the look and the sleep would be slept over. */
    (void)sigemptyset(&block);
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        (void)sigaddset(&block, signals[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &block, &before);
    if (!stop_wanted() && ms > 0) {
        (void)ppoll(NULL, 0, &time, &before);
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}
