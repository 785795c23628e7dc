// SPDX-License-Identifier: Apache-2.0
#include "task/inspect.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#include "base/memory.h"
#include "base/sandbox.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/finding.h"
#include "checkpoint/report-text.h"
#include "checkpoint/report.h"
#include "checkpoint/snapshot.h"
#include "checkpoint/walk.h"
#include "stream/decoder.h"
#include "stream/input-source.h"
#include "task/checkpoint-image.h"
#include "task/convert-checks.h"
#include "task/verifying-source.h"

/* What one run knows. */
struct inspection {
    const struct inspect_options *options;
    struct progress *progress;
    struct cancel *cancel;
    struct snapshot snapshot;
    struct findings findings;
    json_t *source; /* of the report: where it was read */
};

static void inspection_done(struct inspection *inspection)
{
    snapshot_done(&inspection->snapshot);
    findings_done(&inspection->findings);
    json_decref(inspection->source);
}

/* What the archive says of itself, and of the file that it is in, NULL for none. */
static void check_metadata(struct inspection *inspection, const struct walk *walk,
                           const struct input *file)
{
    cleanup(checkpoint_done) struct checkpoint checkpoint = {0};

    convert_check_metadata(&inspection->findings, walk, inspection->options->subject->path, file,
                           &checkpoint);
}

/* Reads `tar`, of which `hops_within` bytes can be hopped over if that is not 0. Why it would be
 * refused is a finding, as long as there is something else to tell. */
static int read_tar(struct inspection *inspection, struct source *tar, uint64_t hops_within,
                    const struct input *file, struct error *error)
{
    struct snapshot *snapshot = &inspection->snapshot;
    struct walk_visitor visitor;
    struct walk walk = {0};
    bool whole = hops_within == 0;

    snapshot->hops = hops_within > 0;
    visitor = snapshot_visitor(snapshot);
    visitor.hops_within = hops_within;
    if (walk_archive(&walk, tar, &visitor, &inspection->findings, error)) {
        if (error->kind != ERROR_ARCHIVE || snapshot_is_empty(snapshot))
            return -1;
        whole = false;
    } else {
        check_metadata(inspection, &walk, file);
    }
    walk_done(&walk);
    if (hops_within && snapshot_read_pages(snapshot, tar, hops_within, error))
        return -1;
    json_object_set_new(inspection->source, "read", json_string(whole ? "whole" : "in part"));
    return cancel_check(inspection->cancel, error);
}

static int read_archive(struct inspection *inspection, struct error *error)
{
    const char *path = inspection->options->subject->path;
    cleanup(source_freep) struct source *source = NULL;
    enum compression compression;
    struct input *input;
    int64_t size;
    bool hops;

    if (input_open(&input, path, inspection->cancel, error))
        return -1;
    compression = input_compression(input);
    size = input_size(input);
    if (compression != COMPRESSION_NONE)
        input_decode(input);
    hops = input_can_seek(input);
    input_count_into(input, &inspection->progress->bytes_read);
    atomic_store(&inspection->progress->bytes_total, size > 0 && !hops ? size : 0);
    sandbox_limit_writing(&(struct sandbox){0});
    source = input_source_new(input, inspection->cancel);
    inspection->source =
        json_pack("{s:s, s:o, s:s}", "kind", "archive", "name", report_text(path, strlen(path)),
                  "compression", codec_for(compression)->name);
    if (size >= 0)
        json_object_set_new(inspection->source, "size", json_integer(size));
    return read_tar(inspection, source, hops ? (uint64_t)size : 0, input, error);
}

/* The image's only layer, and how it is compressed. An image that is no checkpoint by its
 * annotations may still hold one. */
static int find_layer(struct inspection *inspection, const struct manifest *manifest,
                      const struct descriptor **layer, enum compression *compression,
                      struct error *error)
{
    if (checkpoint_image_check(manifest, error)) {
        if (manifest->part_count != 2)
            return -1;
        snapshot_note(&inspection->snapshot, "no engine would restore it: %s", error->text);
    }
    *layer = &manifest->parts[1];
    return checkpoint_image_compression(*layer, compression, error);
}

static json_t *describe_image(const struct destination *image, const struct manifest *manifest,
                              const struct descriptor *layer, enum compression compression)
{
    json_t *source =
        json_pack("{s:s, s:o, s:s, s:{s:s}, s:{s:s, s:s, s:I}, s:I}", "kind", "image", "name",
                  report_text(image->name, strlen(image->name)), "compression",
                  codec_for(compression)->name, "manifest", "digest", manifest->digest.text,
                  "layer", "digest", layer->digest.text, "mediaType", layer->media_type, "size",
                  (json_int_t)layer->size, "size", (json_int_t)layer->size);
    json_t *annotations = json_object_get(manifest->json, "annotations");

    if (annotations)
        json_object_set(source, "annotations", annotations);
    return source;
}

static int read_image(struct inspection *inspection, struct error *error)
{
    const struct inspect_options *options = inspection->options;
    const struct destination *image = &options->subject->image;
    cleanup(image_source_freep) struct image_source *images =
        destination_source_new(image, &options->registry, inspection->cancel);
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    cleanup(source_freep) struct source *blob = NULL;
    const struct descriptor *layer;
    enum compression compression;

    if (image_source_open(images, error) ||
        checkpoint_image_resolve(images, &options->platform, &manifest, error) ||
        find_layer(inspection, manifest, &layer, &compression, error) ||
        image_source_get_blob(images, layer, &blob, error))
        return -1;
    sandbox_limit_writing(&(struct sandbox){0});
    inspection->source = describe_image(image, manifest, layer, compression);
    if (compression == COMPRESSION_NONE)
        return read_tar(inspection, blob, layer->size, NULL, error);
    atomic_store(&inspection->progress->bytes_total, (int64_t)layer->size);
    blob = verifying_source_new(blob, layer, &inspection->progress->bytes_read);
    blob = decoding_source_new(blob, compression);
    return read_tar(inspection, blob, 0, NULL, error);
}

int inspect_run(const struct inspect_options *options, json_t **report, struct progress *progress,
                struct cancel *cancel, struct error *error)
{
    cleanup(inspection_done) struct inspection inspection = {.options = options,
                                                             .progress = progress,
                                                             .cancel = cancel,
                                                             .findings.policy.keeps_going = true};

    snapshot_init(&inspection.snapshot);
    if ((options->subject->kind == SUBJECT_IMAGE ? read_image : read_archive)(&inspection, error))
        return error_context(error, "inspect %s", subject_name(options->subject));
    *report = snapshot_report(&inspection.snapshot, options->shows_secrets);
    json_object_set(*report, "source", inspection.source);
    json_object_set_new(*report, "findings", findings_json(&inspection.findings));
    return 0;
}
