/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_SIZE 2048

/* One write(), so that lines of several threads and programs do not mix. */
static void write_line(int priority, const char *fmt, va_list args) PRINTF(2, 0);

static void write_line(int priority, const char *fmt, va_list args)
{
    char line[LINE_MAX_SIZE];
    int head = isatty(STDERR_FILENO) != 0 ? 0 : snprintf(line, sizeof(line), "<%d>", priority);

    (void)vsnprintf(line + head, sizeof(line) - (size_t)head - 1, fmt, args);
    size_t len = strlen(line);

    line[len++] = '\n';
    (void)!write(STDERR_FILENO, line, len);
}

void log_error(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    write_line(3, fmt, args);
    va_end(args);
}

void log_warning(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    write_line(4, fmt, args);
    va_end(args);
}

void log_info(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    write_line(6, fmt, args);
    va_end(args);
}
