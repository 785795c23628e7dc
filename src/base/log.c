// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"

static void (*log_writer)(const char *text);

void log_set_writer(void (*writer)(const char *text))
{
    log_writer = writer;
}

void log_warning(const char *format, ...)
{
    char text[ERROR_TEXT_SIZE];
    struct error line;
    va_list args;

    if (!log_writer)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    error_set(&line, ERROR_NONE, "%s", text);
    log_writer(line.text);
}
