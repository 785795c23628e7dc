// SPDX-License-Identifier: Apache-2.0
#include "inspect/inspect.h"

#include <string.h>

#include "base/sandbox.h"
#include "base/utf8.h"
#include "inspect/report.h"
#include "inspect/snapshot.h"
#include "transport/reading.h"

/* What one run knows. */
struct inspection {
    const struct inspect_options *options;
    struct reading reading;
    struct snapshot snapshot;
    struct findings findings;
    json_t *report;
};

static void inspection_done(struct inspection *inspection)
{
    reading_done(&inspection->reading);
    snapshot_done(&inspection->snapshot);
    findings_done(&inspection->findings);
    json_decref(inspection->report);
}

/* What the walk has left to do; sealed as well, since all of it is about the archive's own bytes.
 */
static int make_report(void *context, struct error *error)
{
    struct inspection *inspection = context;
    struct reading *reading = &inspection->reading;
    const struct archive_content *content = &reading->content;

    if (content->hops_within &&
        snapshot_read_pages(&inspection->snapshot, reading->tar, content->hops_within, error))
        return -1;
    inspection->report = report_make(&inspection->snapshot, &content->walk,
                                     content->has_checkpoint ? &content->checkpoint : NULL,
                                     inspection->options->shows_secrets);
    return 0;
}

/* Why it would be refused is a finding, as long as there is something else to tell. */
static int read_archive(struct inspection *inspection, bool *whole, struct error *error)
{
    struct reading *reading = &inspection->reading;
    struct archive_content *content = &reading->content;
    struct snapshot *snapshot = &inspection->snapshot;
    struct walk_visitor visitor = snapshot_visitor(snapshot);

    *whole = content->hops_within == 0;
    snapshot->hops = !*whole;
    if (reading_walk(reading, &visitor, error)) {
        if (error->kind != ERROR_ARCHIVE || snapshot_is_empty(snapshot, &content->walk))
            return -1;
        *whole = false;
    } else {
        reading_check_metadata(reading);
    }
    if (sandbox_call(make_report, inspection, error))
        return -1;
    return cancel_check(reading->cancel, error);
}

static json_t *describe_archive(const struct reading *reading)
{
    const char *path = reading->subject->path;
    json_t *source =
        json_pack("{s:s, s:o}", "kind", "archive", "name", utf8_string(path, strlen(path)));

    if (reading->size >= 0)
        json_object_set_new(source, "size", json_integer(reading->size));
    return source;
}

static json_t *describe_image(const struct reading *reading)
{
    const char *name = reading->subject->image.name;
    const struct manifest *manifest = reading->manifest;
    const struct descriptor *layer = &manifest->parts[1];
    json_t *annotations = json_object_get(manifest->json, "annotations");
    json_t *source =
        json_pack("{s:s, s:o, s:{s:s}, s:{s:s, s:s, s:I}, s:I}", "kind", "image", "name",
                  utf8_string(name, strlen(name)), "manifest", "digest", manifest->digest.text,
                  "layer", "digest", layer->digest.text, "mediaType", layer->media_type, "size",
                  (json_int_t)layer->size, "size", (json_int_t)layer->size);

    if (annotations)
        json_object_set(source, "annotations", annotations);
    return source;
}

static int inspect(struct inspection *inspection, struct error *error)
{
    struct reading *reading = &inspection->reading;
    json_t *source;
    bool whole;

    if (reading_open(reading, error))
        return -1;
    if (reading->doubt.kind != ERROR_NONE)
        snapshot_note(&inspection->snapshot, "no engine would restore it: %s", reading->doubt.text);
    if (read_archive(inspection, &whole, error))
        return -1;
    source = reading->manifest ? describe_image(reading) : describe_archive(reading);
    json_object_set_new(source, "compression",
                        json_string(codec_for(reading->content.compression)->name));
    json_object_set_new(source, "read", json_string(whole ? "whole" : "in part"));
    json_object_set_new(inspection->report, "source", source);
    json_object_set_new(inspection->report, "findings", findings_json(&inspection->findings));
    return 0;
}

int inspect_run(const struct inspect_options *options, json_t **report, struct progress *progress,
                struct cancel *cancel, struct error *error)
{
    struct sandbox nothing = {0};
    cleanup(inspection_done) struct inspection inspection = {
        .options = options,
        .findings.policy.keeps_going = true,
        .reading = {.subject = options->subject,
                    .platform = options->platform,
                    .registry = &options->registry,
                    .takes_any_image = true,
                    .writable = &nothing,
                    .progress = progress,
                    .cancel = cancel},
    };

    inspection.reading.content.findings = &inspection.findings;
    inspection.reading.content.max_unpacked_bytes = options->max_unpacked_bytes;
    snapshot_init(&inspection.snapshot);
    if (inspect(&inspection, error))
        return error_context(error, "inspect %s", subject_name(options->subject));
    *report = json_incref(inspection.report);
    return 0;
}
