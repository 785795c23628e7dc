// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void (*log_writer)(const char *text);
static void (*log_retry_writer)(const struct retry *retry);

/* Room for a text before it is made fit to be shown: what is cut off then is never the end of a
 * character. */
enum { RAW_TEXT_SIZE = 2 * ERROR_TEXT_SIZE };

/* Any of `raw`, which is changed, may come from outside. A line's end becomes a blank. */
static void show(struct error *error, char *raw)
{
    for (unsigned char *c = (unsigned char *)raw; *c; c++)
        if (*c < ' ' || *c == 0x7f)
            *c = ' ';
    display_fill(error->text, sizeof error->text, raw);
}

__attribute__((format(printf, 2, 0))) static void set_text(struct error *error, const char *format,
                                                           va_list args)
{
    char raw[RAW_TEXT_SIZE];

    vsnprintf(raw, sizeof raw, format, args);
    show(error, raw);
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
    char reason[128], raw[RAW_TEXT_SIZE];
    va_list args;

    error->kind = ERROR_FAILED;
    error->http_status = 0;
    va_start(args, format);
    set_text(error, format, args);
    va_end(args);
    snprintf(raw, sizeof raw, "%s: %s", error->text, strerror_r(errnum, reason, sizeof reason));
    show(error, raw);
    return -1;
}

int error_context(struct error *error, const char *format, ...)
{
    char raw[RAW_TEXT_SIZE + ERROR_TEXT_SIZE];
    struct error context;
    va_list args;

    va_start(args, format);
    set_text(&context, format, args);
    va_end(args);
    snprintf(raw, sizeof raw, "%s: %s", context.text, error->text);
    show(error, raw);
    return -1;
}

int error_advice(struct error *error, const char *format, ...)
{
    char raw[RAW_TEXT_SIZE + ERROR_TEXT_SIZE];
    size_t len = strlen(error->text);
    va_list args;

    if (len + 3 >= sizeof error->text)
        return -1;
    memcpy(raw, error->text, len);
    strcpy(raw + len, "; ");
    va_start(args, format);
    vsnprintf(raw + len + 2, sizeof raw - len - 2, format, args);
    va_end(args);
    show(error, raw);
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
    case ERROR_UNRESTORABLE:
        return 5;
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
    char text[RAW_TEXT_SIZE];
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

void log_set_retry_writer(void (*writer)(const struct retry *retry))
{
    log_retry_writer = writer;
}

void log_retry(const char *what, const struct error *reason, int64_t delay_ms, unsigned nth,
               unsigned tries)
{
    struct retry retry = {.delay_ms = delay_ms, .is_break = reason->kind == ERROR_NETWORK};
    char when[48] = "at once";
    struct error line;

    if (!log_retry_writer)
        return;
    if (delay_ms > 0)
        snprintf(when, sizeof when, "in %.1f s", (double)delay_ms / 1000);
    error_set(&line, ERROR_NONE, "%s: %s: trying again %s (try %u of %u)", what, reason->text, when,
              nth, tries);
    retry.text = line.text;
    log_retry_writer(&retry);
}
