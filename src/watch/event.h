// SPDX-License-Identifier: Apache-2.0
/*
 * What the agent tells of what it does: objects with "time", "event" and what belongs to it, as
 * docs/watch.md has them. Whoever starts the agent decides where they go.
 */
#ifndef CKPTOCI_WATCH_EVENT_H
#define CKPTOCI_WATCH_EVENT_H

#include <jansson.h>

#include "watch/archive.h"

struct event_writer {
    void (*write)(void *context, const json_t *event);
    void *context;
};

/* `more`: further members, taken; may be NULL. Texts in it are fit to be shown, or are cleaned by
 * event_text(). */
void event_emit(const struct event_writer *writer, const char *name, json_t *more);
/* The same about an archive, with what is known of it. */
void event_emit_archive(const struct event_writer *writer, const char *name,
                        const struct archive *archive, json_t *more);
/* A JSON string of a text from outside, such as a file's name. */
json_t *event_text(const char *text);

#endif
