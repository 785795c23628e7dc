// SPDX-License-Identifier: Apache-2.0
/*
 * The archive, read once to its end:
 *
 *     raw --> blob: digest --> which compression? --> decode --> archive: digest --> walk
 *
 * Where the walk gives up, the rest is still read, so that the digests are known.
 */
#include <string.h>

#include "stream/decoder.h"
#include "task/compression-probe.h"
#include "task/verify-job.h"

static int visit_member(void *context, const struct member *member, struct error *error)
{
    struct verify_job *job = context;

    (void)error;
    if (member->container)
        return 0;
    if (strcmp(member->path, "deleted.files") == 0)
        job->has_deleted_files = true;
    else if (strcmp(member->path, "status.dump") == 0)
        job->has_status_dump = true;
    return 0;
}

/* To the end, or to where `source` fails: its observation tells. */
static void drain(struct source *source)
{
    struct error ignored;
    const void *data;
    size_t len;

    while (source_next(source, &data, &len, &ignored) > 0)
        ;
}

/* Puts the decoder on top of `blob`, if one is needed, and what looks at its output. Plain bytes
 * are not hashed twice. */
static struct source *decode(struct verify_job *job, struct source *blob,
                             enum compression compression)
{
    if (compression == COMPRESSION_NONE)
        return blob;
    return observing_source_new(decoding_source_new(blob, compression), &job->archive, NULL,
                                job->cancel);
}

/* What the walk kept, as the engines would read it. */
static void read_checkpoint(struct verify_job *job)
{
    const struct buffer *spec = &job->walk.spec_dump, *config = &job->walk.config_dump;
    struct error error;

    if (checkpoint_parse(&job->checkpoint, &job->walk, &error) < 0) {
        verify_find(job, CHECK_METADATA, NULL, "%s", error.text);
        return;
    }
    job->has_checkpoint = true;
    job->spec_dump = json_loadb(spec->data, spec->len, 0, NULL);
    job->config_dump = json_loadb(config->data, config->len, 0, NULL);
}

/* After the walk has given up: whose fault was it? -1: nobody's, it could not be read. */
static int judge(struct verify_job *job, const struct error *walk_error, struct error *error)
{
    if (job->blob.failed && job->blob.error.kind != ERROR_IMAGE &&
        job->blob.error.kind != ERROR_ARCHIVE) {
        *error = job->blob.error;
        return -1;
    }
    if (job->blob.failed || job->archive.failed)
        verify_find(job, CHECK_DAMAGED_ARCHIVE, NULL, "%s", walk_error->text);
    return 0;
}

int verify_archive(struct verify_job *job, struct source *raw, enum compression *compression,
                   struct error *error)
{
    const struct walk_visitor visitor = {.context = job, .member = visit_member};
    struct source *blob =
        observing_source_new(raw, &job->blob, &job->progress->bytes_read, job->cancel);
    cleanup(source_freep) struct source *tar = NULL;
    struct error walk_error = {0};

    *compression = COMPRESSION_NONE;
    if (compression_probe(blob, compression, &blob, &walk_error))
        return judge(job, &walk_error, error);
    tar = decode(job, blob, *compression);
    if (walk_archive(&job->walk, tar, &visitor, &job->result->findings, &walk_error) == 0) {
        read_checkpoint(job);
    } else {
        if (!job->archive.failed && !job->blob.failed)
            drain(tar);
        if (!job->blob.failed)
            drain(blob);
        if (judge(job, &walk_error, error))
            return -1;
    }
    if (*compression == COMPRESSION_NONE)
        job->archive = job->blob;
    if (job->archive.complete) {
        job->result->archive = job->archive.digest;
        job->result->archive_size = job->archive.size;
    }
    return 0;
}
