// SPDX-License-Identifier: Apache-2.0
/*
 * What went wrong, for the person who has to do something about it.
 *
 * The caller owns the struct; a function that fails returns -1 and has filled it in. On the way up
 * each caller adds what it was doing in front, so that the text reads from the outside in:
 * "push localhost:5000/x:1: upload layer: connection refused". Only the command prints it.
 *
 * Warnings, which end nothing, go to log_warning() instead.
 */
#ifndef CKPTOCI_BASE_ERROR_H
#define CKPTOCI_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum error_kind {
    ERROR_NONE,
    ERROR_FAILED,       /* anything without a kind of its own */
    ERROR_USAGE,        /* the command line is wrong */
    ERROR_ARCHIVE,      /* the archive is no checkpoint, damaged or malicious */
    ERROR_UNAUTHORIZED, /* the registry wants other credentials */
    ERROR_INTERRUPTED,  /* the user or the system asked us to stop */
    ERROR_NETWORK,      /* a connection that could not be made or broke */
    ERROR_UNRESTORABLE, /* the engine that was asked about does not restore it */
    ERROR_IMAGE,        /* an image is not what it, or whoever has it, says it is */
};

enum { ERROR_TEXT_SIZE = 2048 };

struct error {
    enum error_kind kind;
    int http_status; /* of the response that caused it, 0 for none */
    char text[ERROR_TEXT_SIZE];
};

/*
 * Each returns -1, so that a failing function can say `return error_set(...)`. The text becomes
 * valid UTF-8 of one line that can be shown as it is, as display_text() has it: what comes from an
 * archive or a registry must not drive the user's terminal, nor break the JSON it gets into.
 */
int error_set(struct error *error, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* As error_set() with ERROR_FAILED, and ": " with the meaning of errno value `errnum` behind. */
int error_set_errno(struct error *error, int errnum, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts what was being done, and ": ", in front of the text. */
int error_context(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts advice behind the text: "; " and what to do next. */
int error_advice(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The documented exit status for this kind of error. */
int error_exit_status(const struct error *error);

/* Where warnings go: the command sets it once, before other threads start. NULL, the default, drops
 * them. The text is one line without its newline, fit to be shown. */
void log_set_writer(void (*writer)(const char *text));
/* By any thread. */
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Something has failed and is tried again. */
struct retry {
    int64_t delay_ms; /* until then; 0: at once */
    bool is_break;    /* of a connection */
    const char *text; /* what, why, and when again: one line, fit to be shown */
};

/* The same for these. */
void log_set_retry_writer(void (*writer)(const struct retry *retry));
/* `what` failed for that `reason` and gets its `nth`-th try of `tries`. By any thread. */
void log_retry(const char *what, const struct error *reason, int64_t delay_ms, unsigned nth,
               unsigned tries);

#endif
