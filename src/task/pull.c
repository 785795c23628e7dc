// SPDX-License-Identifier: Apache-2.0
#include "task/pull.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "base/tmpfile.h"
#include "stream/codec.h"
#include "transport/checkpoint-image.h"
#include "transport/observing-source.h"
#include "transport/reading.h"

/* What one run knows. */
struct pull_job {
    const struct pull_options *options;
    struct reading reading;
    struct output_file file;    /* appears when it is complete; not used without options->path */
    struct digest diff_id;      /* as the config has it */
    struct observation archive; /* as it came */
};

static void job_done(struct pull_job *job)
{
    reading_done(&job->reading);
    output_file_done(&job->file);
}

/* At most PIPE_BUF bytes at once: after poll() has promised room, a write() of these does not
 * block. */
static int write_to_fd(const struct pull_job *job, const char *data, size_t len,
                       struct error *error)
{
    int fd = job->options->output_fd;

    while (len > 0) {
        ssize_t written;

        if (cancel_poll(job->reading.cancel, fd, POLLOUT, error))
            return -1;
        written = write(fd, data, len < PIPE_BUF ? len : PIPE_BUF);
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return error_set_errno(error, errno, "write the archive to standard output");
        if (written > 0) {
            data += written;
            len -= (size_t)written;
        }
    }
    return 0;
}

struct tee {
    struct source source;
    struct source *inner;
    struct pull_job *job;
};

static int tee_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct tee *tee = (struct tee *)source;
    struct pull_job *job = tee->job;
    int more = source_next(tee->inner, data, len, error);

    if (more <= 0)
        return more;
    if (job->options->path ? tmpfile_append(&job->file.file, *data, *len, error)
                           : write_to_fd(job, *data, *len, error))
        return -1;
    atomic_fetch_add(&job->reading.progress->bytes_sent, (int64_t)*len);
    return 1;
}

static void tee_free(struct source *source)
{
    struct tee *tee = (struct tee *)source;

    source_free(tee->inner);
    free(tee);
}

/* The bytes of `inner`, which it owns; what passes is written. */
static struct source *tee_new(struct pull_job *job, struct source *inner)
{
    static const struct source_ops ops = {.next = tee_next, .free = tee_free};
    struct tee *tee = NEW(struct tee);

    tee->source.ops = &ops;
    tee->inner = inner;
    tee->job = job;
    return &tee->source;
}

/* The layer's bytes must begin as its type says. */
static int check_compression(struct pull_job *job, struct error *error)
{
    struct reading *reading = &job->reading;
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
static int open_layer(struct pull_job *job, struct source **ret, struct error *error)
{
    struct reading *reading = &job->reading;
    bool keeps = job->options->keeps_compression;
    struct source *source;

    if (check_compression(job, error))
        return -1;
    source = steal(reading->stored);
    if (keeps)
        source = tee_new(job, source);
    if (reading->content.compression != COMPRESSION_NONE)
        source = decoding_source_new(source, reading->content.compression);
    source = observing_source_new(source, &job->archive, NULL, NULL);
    if (!keeps)
        source = tee_new(job, source);
    *ret = source;
    return 0;
}

static int transfer(struct pull_job *job, struct error *error)
{
    cleanup(source_freep) struct source *layer = NULL;
    const void *data;
    size_t len;
    int more;

    if (open_layer(job, &layer, error))
        return -1;
    while ((more = source_next(layer, &data, &len, error)) > 0)
        if (cancel_check(job->reading.cancel, error))
            return -1;
    if (more < 0)
        return -1;
    if (digest_equal(&job->archive.digest, &job->diff_id))
        return 0;
    return error_set(error, ERROR_ARCHIVE,
                     "the archive has the SHA-256 %s, and the image's config says %s: the image "
                     "was put together wrongly, or on purpose",
                     digest_hex(&job->archive.digest), digest_hex(&job->diff_id));
}

static int read_image(struct pull_job *job, struct error *error)
{
    struct sandbox writable = {0};

    /* Takes effect once all is open: the registry has our credentials by then. */
    if (job->options->path)
        sandbox_keep_directory_of(&writable, job->options->path);
    job->reading.writable = &writable;
    if (reading_open(&job->reading, error) ||
        checkpoint_image_diff_id(job->reading.config, &job->diff_id, error))
        return -1;
    return transfer(job, error);
}

static void fill_result(const struct pull_job *job, struct pull_result *result)
{
    const struct manifest *manifest = job->reading.manifest;
    const struct descriptor *layer = &manifest->parts[1];

    *result = (struct pull_result){
        .manifest = manifest->digest,
        .layer = layer->digest,
        .diff_id = job->diff_id,
        .layer_size = layer->size,
        .archive_size = job->archive.size,
    };
    strncpy(result->layer_media_type, layer->media_type, sizeof result->layer_media_type - 1);
}

int pull_run(const struct pull_options *options, struct pull_result *result,
             struct progress *progress, struct cancel *cancel, struct error *error)
{
    const struct subject subject = {.kind = SUBJECT_IMAGE, .image = *options->image};
    cleanup(job_done) struct pull_job job = {.options = options,
                                             .reading = {.subject = &subject,
                                                         .way = READING_WHOLE,
                                                         .platform = options->platform,
                                                         .registry = &options->registry,
                                                         .wants_config = true,
                                                         .progress = progress,
                                                         .cancel = cancel}};
    double begun = clock_monotonic_s();

    output_file_init(&job.file, options->path ? options->path : "");
    job.file.may_replace = options->may_replace;
    if (options->path && output_file_open(&job.file, error))
        return -1;
    if (read_image(&job, error))
        return error_context(error, "pull %s", options->image->name);
    if (options->path && output_file_publish(&job.file, error))
        return -1;
    fill_result(&job, result);
    result->seconds = clock_monotonic_s() - begun;
    return 0;
}
