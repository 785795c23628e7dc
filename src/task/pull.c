// SPDX-License-Identifier: Apache-2.0
#include "task/pull.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "stream/decoder.h"
#include "task/archive-writer.h"
#include "task/checkpoint-image.h"
#include "task/compression-guard.h"
#include "task/hashing-source.h"
#include "task/verifying-source.h"

/* What one run knows. */
struct pull {
    const struct pull_options *options;
    struct image_source *source;
    struct manifest *manifest;
    struct archive_writer writer;
    enum compression compression; /* of the layer */
    struct digest diff_id;        /* as the config has it */
    struct progress *progress;
    struct cancel *cancel;
    struct digest archive_digest; /* as it came */
    uint64_t archive_size;
};

static void pull_done(struct pull *pull)
{
    manifest_free(pull->manifest);
    image_source_free(pull->source);
    archive_writer_done(&pull->writer);
}

/* The image, and what its documents say of the layer. */
static int read_documents(struct pull *pull, struct error *error)
{
    const struct descriptor *config, *layer;
    cleanup_free char *text = NULL;

    if (image_source_open(pull->source, error) ||
        checkpoint_image_resolve(pull->source, &pull->options->platform, &pull->manifest, error) ||
        checkpoint_image_check(pull->manifest, error))
        return -1;
    config = &pull->manifest->parts[0];
    layer = &pull->manifest->parts[1];
    if (checkpoint_image_compression(layer, &pull->compression, error))
        return -1;
    if (verifying_source_read_blob(pull->source, config, PULL_CONFIG_MAX_BYTES, &text, error))
        return error_context(error, "config");
    return checkpoint_image_diff_id(text, config->size, &pull->diff_id, error);
}

/*
 * blob --> size and digest --> right compression? --> decode --> diff_id --> nowhere
 *                                                 |          |
 *                                                 +----or----+--> the archive
 */
static int open_layer(struct pull *pull, struct source **ret, struct error *error)
{
    const struct descriptor *layer = &pull->manifest->parts[1];
    bool keeps = pull->options->keeps_compression;
    struct source *source;

    if (image_source_get_blob(pull->source, layer, &source, error))
        return -1;
    source = verifying_source_new(source, layer, &pull->progress->bytes_read);
    source = compression_guard_new(source, pull->compression);
    if (keeps)
        source = archive_writer_tee(&pull->writer, source);
    if (pull->compression != COMPRESSION_NONE)
        source = decoding_source_new(source, pull->compression);
    source = hashing_source_new(source, &pull->archive_digest, &pull->archive_size);
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
        if (cancel_check(pull->cancel, error))
            return -1;
    if (more < 0)
        return -1;
    if (digest_equal(&pull->archive_digest, &pull->diff_id))
        return 0;
    return error_set(error, ERROR_ARCHIVE,
                     "the archive has the SHA-256 %s, and the image's config says %s: the image "
                     "was put together wrongly, or on purpose",
                     digest_hex(&pull->archive_digest), digest_hex(&pull->diff_id));
}

/* Everything has been opened, and the registry has our credentials. */
static void limit_writing(const char *path)
{
    struct sandbox sandbox = {0};

    if (path)
        sandbox_keep_directory_of(&sandbox, path);
    sandbox_limit_writing(&sandbox);
}

static void fill_result(const struct pull *pull, struct pull_result *result)
{
    const struct descriptor *layer = &pull->manifest->parts[1];

    *result = (struct pull_result){
        .manifest = pull->manifest->digest,
        .layer = layer->digest,
        .diff_id = pull->diff_id,
        .layer_size = layer->size,
        .archive_size = pull->archive_size,
    };
    strncpy(result->layer_media_type, layer->media_type, sizeof result->layer_media_type - 1);
}

int pull_run(const struct pull_options *options, struct pull_result *result,
             struct progress *progress, struct cancel *cancel, struct error *error)
{
    cleanup(
        pull_done) struct pull pull = {.options = options, .progress = progress, .cancel = cancel};
    double begun = clock_monotonic_s();

    archive_writer_init(&pull.writer, options->path, options->output_fd, options->may_replace,
                        progress, cancel);
    pull.source = destination_source_new(options->image, &options->registry, cancel);
    if (archive_writer_open(&pull.writer, error))
        return -1;
    if (read_documents(&pull, error))
        return error_context(error, "pull %s", options->image->name);
    limit_writing(options->path);
    atomic_store(&progress->bytes_total, (int64_t)pull.manifest->parts[1].size);
    if (transfer(&pull, error))
        return error_context(error, "pull %s", options->image->name);
    if (archive_writer_publish(&pull.writer, error))
        return -1;
    fill_result(&pull, result);
    result->seconds = clock_monotonic_s() - begun;
    return 0;
}
