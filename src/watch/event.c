// SPDX-License-Identifier: Apache-2.0
#include "watch/event.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

enum { EVENT_TEXT_MAX_BYTES = 4096 };

json_t *event_text(const char *text)
{
    cleanup_free char *shown = display_text(text, EVENT_TEXT_MAX_BYTES);

    return json_string(shown);
}

void event_emit(const struct event_writer *writer, const char *name, json_t *more)
{
    cleanup_free char *time = clock_format(clock_now_ns() / 1000000000);
    json_t *event = json_pack("{s:s, s:s}", "time", time, "event", name);

    if (more)
        json_object_update(event, more);
    writer->write(writer->context, event);
    json_decref(event);
    json_decref(more);
}

static void set(json_t *event, const char *key, const char *text)
{
    if (text)
        json_object_set_new(event, key, event_text(text));
}

void event_emit_archive(const struct event_writer *writer, const char *name,
                        const struct archive *archive, json_t *more)
{
    json_t *event = json_object();

    set(event, "archive", archive->name);
    set(event, "namespace", archive->pod_namespace);
    set(event, "pod", archive->pod);
    set(event, "container", archive->container);
    set(event, "reference", archive->reference);
    set(event, "digest", archive->digest);
    if (more)
        json_object_update(event, more);
    json_decref(more);
    event_emit(writer, name, event);
}
