// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <stdio.h>
#include <string.h>

static void (*log_writer)(const char *text);

static void replace_control_characters(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++)
        if (*c < ' ' || *c == 0x7f)
            *c = ' ';
}

__attribute__((format(printf, 2, 0))) static void set_text(struct error *error, const char *format,
                                                           va_list args)
{
    char text[ERROR_TEXT_SIZE];

    vsnprintf(text, sizeof text, format, args);
    replace_control_characters(text);
    memcpy(error->text, text, sizeof text);
}

int error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
    va_list args;

    error->kind = kind;
    error->http_status = 0;
    va_start(args, format);
    set_text(error, format, args);
    va_end(args);
    return -1;
}

int error_set_errno(struct error *error, int errnum, const char *format, ...)
{
    va_list args;
    size_t len;

    error->kind = ERROR_FAILED;
    error->http_status = 0;
    va_start(args, format);
    set_text(error, format, args);
    va_end(args);
    len = strlen(error->text);
    char reason[128];
    snprintf(error->text + len, sizeof error->text - len, ": %s",
             strerror_r(errnum, reason, sizeof reason));
    return -1;
}

int error_context(struct error *error, const char *format, ...)
{
    char context[ERROR_TEXT_SIZE], text[2 * ERROR_TEXT_SIZE + 2];
    va_list args;

    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    replace_control_characters(context);
    snprintf(text, sizeof text, "%s: %s", context, error->text);
    text[sizeof error->text - 1] = '\0';
    memcpy(error->text, text, sizeof error->text);
    return -1;
}

int error_advice(struct error *error, const char *format, ...)
{
    size_t len = strlen(error->text);
    va_list args;

    if (len + 3 >= sizeof error->text)
        return -1;
    strcpy(error->text + len, "; ");
    va_start(args, format);
    vsnprintf(error->text + len + 2, sizeof error->text - len - 2, format, args);
    va_end(args);
    replace_control_characters(error->text);
    return -1;
}

int error_exit_status(const struct error *error)
{
    switch (error->kind) {
    case ERROR_NONE:
        return 0;
    case ERROR_USAGE:
        return 2;
    case ERROR_ARCHIVE:
        return 3;
    case ERROR_UNAUTHORIZED:
        return 4;
    case ERROR_INTERRUPTED:
        return 130;
    case ERROR_FAILED:
    case ERROR_NETWORK:
    case ERROR_IMAGE:
        break;
    }
    return 1;
}

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
