// SPDX-License-Identifier: Apache-2.0
#include "transport/reading.h"

#include <stdatomic.h>

#include "base/json.h"
#include "base/memory.h"
#include "stream/input.h"
#include "transport/checkpoint-image.h"
#include "transport/compression-probe.h"

static void limit_writing(struct reading *reading)
{
    if (reading->writable)
        sandbox_limit_writing(reading->writable);
}

/* Where content is hopped over, the bytes that are read never add up to the size. */
static void announce_total(struct reading *reading)
{
    atomic_store(&reading->progress->bytes_total,
                 reading->size > 0 && !reading->content.hops_within ? reading->size : 0);
}

static int open_archive(struct reading *reading, struct error *error)
{
    struct archive_content *content = &reading->content;
    struct input *input;

    if (input_open(&input, reading->subject->path, reading->cancel, error))
        return -1;
    limit_writing(reading);
    reading->input = input;
    reading->size = input_size(input);
    reading->stored = input_source_new(input, reading->cancel);
    if (reading->way != READING_OBSERVES) {
        input_count_into(input, &reading->progress->bytes_read);
        content->compression = input_compression(input);
        content->is_decoded = content->compression != COMPRESSION_NONE;
        if (content->is_decoded)
            input_decode(input);
        if (reading->way == READING_HOPS && input_can_seek(input))
            content->hops_within = (uint64_t)reading->size;
    }
    announce_total(reading);
    return 0;
}

static int read_config(struct reading *reading, struct error *error)
{
    const struct descriptor *config = &reading->manifest->parts[0];
    cleanup_free char *text = NULL;

    if (verifying_source_read_blob(reading->images, config, IMAGE_CONFIG_MAX_BYTES, &text, error))
        return error_context(error, "config");
    reading->config = json_parse(text, config->size, NULL);
    return 0;
}

static int open_documents(struct reading *reading, struct error *error)
{
    if (image_source_open(reading->images, error) ||
        checkpoint_image_resolve(reading->images, &reading->platform, &reading->manifest, error))
        return -1;
    if (checkpoint_image_check(reading->manifest, error)) {
        if (!reading->takes_any_image || reading->manifest->part_count != 2)
            return -1;
        reading->doubt = *error;
    }
    if (checkpoint_image_compression(&reading->manifest->parts[1], &reading->content.compression,
                                     error))
        return -1;
    return reading->wants_config ? read_config(reading, error) : 0;
}

int reading_open_layer(struct reading *reading, struct error *error)
{
    const struct descriptor *layer = &reading->manifest->parts[1];
    struct archive_content *content = &reading->content;

    limit_writing(reading);
    reading->size = (int64_t)layer->size;
    if (image_source_get_blob(reading->images, layer, &reading->stored, error))
        return -1;
    if (reading->way == READING_HOPS && content->compression == COMPRESSION_NONE)
        content->hops_within = layer->size;
    else if (reading->way != READING_OBSERVES)
        reading->stored =
            verifying_source_new(reading->stored, layer, &reading->progress->bytes_read);
    announce_total(reading);
    return 0;
}

int reading_open(struct reading *reading, struct error *error)
{
    if (reading->subject->kind == SUBJECT_ARCHIVE)
        return open_archive(reading, error);
    reading->images =
        destination_source_new(&reading->subject->image, reading->registry, reading->cancel);
    return open_documents(reading, error) ? -1 : reading_open_layer(reading, error);
}

/* Notes what passes, and looks at the first bytes for the compression. */
static int observe(struct reading *reading, struct error *error)
{
    struct source *observed = observing_source_new(steal(reading->stored), &reading->blob,
                                                   &reading->progress->bytes_read, reading->cancel);

    if (compression_probe(observed, &reading->content.compression, &reading->stored, error))
        return -1;
    reading->content.hashes = reading->content.compression != COMPRESSION_NONE;
    return 0;
}

int reading_walk(struct reading *reading, const struct walk_visitor *visitor, struct error *error)
{
    struct archive_content *content = &reading->content;
    int result;

    content->stored_bytes = &reading->progress->bytes_read;
    if (reading->way == READING_OBSERVES && observe(reading, error))
        return -1;
    reading->tar = archive_content_unpack(content, reading->stored, reading->cancel);
    result = archive_content_read(content, reading->tar, visitor, error);
    /* The same bytes are not hashed twice. */
    if (reading->way == READING_OBSERVES && content->compression == COMPRESSION_NONE)
        content->archive = reading->blob;
    return result;
}

static void drain(struct source *source)
{
    struct error ignored;
    const void *data;
    size_t len;

    while (source_next(source, &data, &len, &ignored) > 0)
        ;
}

void reading_drain(struct reading *reading)
{
    if (reading->tar && !reading->content.archive.failed && !reading->blob.failed)
        drain(reading->tar);
    if (reading->stored && !reading->blob.failed)
        drain(reading->stored);
    if (reading->content.compression == COMPRESSION_NONE)
        reading->content.archive = reading->blob;
}

void reading_done(struct reading *reading)
{
    source_free(reading->tar ? reading->tar : reading->stored);
    archive_content_done(&reading->content);
    json_decref(reading->config);
    manifest_free(reading->manifest);
    image_source_free(reading->images);
}
