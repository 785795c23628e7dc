// SPDX-License-Identifier: Apache-2.0
#include "task/pull.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "stream/codec.h"
#include "task/archive-writer.h"
#include "transport/checkpoint-image.h"
#include "transport/compression-probe.h"
#include "transport/observing-source.h"
#include "transport/reading.h"

/* What one run knows. */
struct pull {
    const struct pull_options *options;
    struct reading reading;
    struct archive_writer writer;
    struct digest diff_id;      /* as the config has it */
    struct observation archive; /* as it came */
};

static void pull_done(struct pull *pull)
{
    reading_done(&pull->reading);
    archive_writer_done(&pull->writer);
}

/* The layer's bytes must begin as its type says. */
static int check_compression(struct pull *pull, struct error *error)
{
    struct reading *reading = &pull->reading;
    enum compression said = reading->content.compression, found;

    if (compression_probe(steal(reading->stored), &found, &reading->stored, error))
        return -1;
    if (found == said)
        return 0;
    return error_set(error, ERROR_ARCHIVE,
                     "the layer is said to be of compression \"%s\", and its bytes are \"%s\"",
                     codec_for(said)->name, codec_for(found)->name);
}

/*
 * blob --> size and digest --> right compression? --> decode --> diff_id --> nowhere
 *                                                 |          |
 *                                                 +----or----+--> the archive
 */
static int open_layer(struct pull *pull, struct source **ret, struct error *error)
{
    struct reading *reading = &pull->reading;
    bool keeps = pull->options->keeps_compression;
    struct source *source;

    if (check_compression(pull, error))
        return -1;
    source = steal(reading->stored);
    if (keeps)
        source = archive_writer_tee(&pull->writer, source);
    if (reading->content.compression != COMPRESSION_NONE)
        source = decoding_source_new(source, reading->content.compression);
    source = observing_source_new(source, &pull->archive, NULL, NULL);
    if (!keeps)
        source = archive_writer_tee(&pull->writer, source);
    *ret = source;
    return 0;
}

static int transfer(struct pull *pull, struct error *error)
{
    cleanup(source_freep) struct source *layer = NULL;
    const void *data;
    size_t len;
    int more;

    if (open_layer(pull, &layer, error))
        return -1;
    while ((more = source_next(layer, &data, &len, error)) > 0)
        if (cancel_check(pull->reading.cancel, error))
            return -1;
    if (more < 0)
        return -1;
    if (digest_equal(&pull->archive.digest, &pull->diff_id))
        return 0;
    return error_set(error, ERROR_ARCHIVE,
                     "the archive has the SHA-256 %s, and the image's config says %s: the image "
                     "was put together wrongly, or on purpose",
                     digest_hex(&pull->archive.digest), digest_hex(&pull->diff_id));
}

static int read_image(struct pull *pull, struct error *error)
{
    struct sandbox writable = {0};

    /* By then everything has been opened, and the registry has our credentials. */
    if (pull->options->path)
        sandbox_keep_directory_of(&writable, pull->options->path);
    pull->reading.writable = &writable;
    if (reading_open(&pull->reading, error) ||
        checkpoint_image_diff_id(pull->reading.config, &pull->diff_id, error))
        return -1;
    return transfer(pull, error);
}

static void fill_result(const struct pull *pull, struct pull_result *result)
{
    const struct manifest *manifest = pull->reading.manifest;
    const struct descriptor *layer = &manifest->parts[1];

    *result = (struct pull_result){
        .manifest = manifest->digest,
        .layer = layer->digest,
        .diff_id = pull->diff_id,
        .layer_size = layer->size,
        .archive_size = pull->archive.size,
    };
    strncpy(result->layer_media_type, layer->media_type, sizeof result->layer_media_type - 1);
}

int pull_run(const struct pull_options *options, struct pull_result *result,
             struct progress *progress, struct cancel *cancel, struct error *error)
{
    const struct subject subject = {.kind = SUBJECT_IMAGE, .image = *options->image};
    cleanup(pull_done) struct pull pull = {.options = options,
                                           .reading = {.subject = &subject,
                                                       .way = READING_WHOLE,
                                                       .platform = options->platform,
                                                       .registry = &options->registry,
                                                       .wants_config = true,
                                                       .progress = progress,
                                                       .cancel = cancel}};
    double begun = clock_monotonic_s();

    archive_writer_init(&pull.writer, options->path, options->output_fd, options->may_replace,
                        progress, cancel);
    if (archive_writer_open(&pull.writer, error))
        return -1;
    if (read_image(&pull, error))
        return error_context(error, "pull %s", options->image->name);
    if (archive_writer_publish(&pull.writer, error))
        return -1;
    fill_result(&pull, result);
    result->seconds = clock_monotonic_s() - begun;
    return 0;
}
