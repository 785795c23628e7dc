// SPDX-License-Identifier: Apache-2.0
/*
 * The archive, read once to its end:
 *
 *     raw --> blob: digest --> which compression? --> decode --> archive: digest --> walk
 *
 * Where the walk gives up, the rest is still read, so that the digests are known.
 */
#include <string.h>

#include "checkpoint/expansion-guard.h"
#include "stream/decoder.h"
#include "task/archive-facts.h"
#include "task/compression-probe.h"
#include "task/convert-checks.h"
#include "task/verify-job.h"

/* To the end, or to where `source` fails: its observation tells. */
static void drain(struct source *source)
{
    struct error ignored;
    const void *data;
    size_t len;

    while (source_next(source, &data, &len, &ignored) > 0)
        ;
}

/* Puts the decoder on top of `blob`, if one is needed, and what looks at its output and stops it
 * where it is out of all proportion. Plain bytes are not hashed twice. */
static struct source *decode(struct verify_job *job, struct source *blob,
                             enum compression compression, struct expansion *expansion)
{
    struct source *tar;

    if (compression == COMPRESSION_NONE)
        return blob;
    tar = observing_source_new(decoding_source_new(blob, compression), &job->archive, NULL,
                               job->cancel);
    return expansion_guard_new(tar, expansion, NULL);
}

/* What the walk kept, as the engines would read it. */
static void read_checkpoint(struct verify_job *job)
{
    const struct buffer *spec = &job->walk.spec_dump, *config = &job->walk.config_dump;

    job->has_checkpoint =
        convert_check_metadata(&job->result->findings, &job->walk, job->options->subject->path,
                               job->file, &job->checkpoint);
    if (!job->has_checkpoint)
        return;
    job->spec_dump = json_loadb(spec->data, spec->len, 0, NULL);
    job->config_dump = json_loadb(config->data, config->len, 0, NULL);
}

/* Neither the archive's fault nor the image's, but of the way here. */
static bool is_unreadable(const struct observation *observation)
{
    return observation->failed && observation->error.kind != ERROR_IMAGE &&
           observation->error.kind != ERROR_ARCHIVE;
}

/* After the walk has given up. What the walk itself refuses is among the findings already, and what
 * is wrong with a layer's blob is looked at later. -1: it could not be read. */
static int judge(struct verify_job *job, struct error *error)
{
    if (is_unreadable(&job->blob)) {
        *error = job->blob.error;
        return -1;
    }
    if (is_unreadable(&job->archive)) {
        *error = job->archive.error;
        return -1;
    }
    if (job->blob.failed && job->file)
        verify_find(job, CHECK_ARCHIVE_CHANGED, NULL, "%s", job->blob.error.text);
    else if (job->archive.failed && !job->blob.failed)
        verify_find(job, CHECK_DAMAGED_ARCHIVE, NULL, "%s", job->archive.error.text);
    return 0;
}

int verify_archive(struct verify_job *job, struct source *raw, enum compression *compression,
                   struct error *error)
{
    const struct walk_visitor visitor = {.context = &job->members, .member = engine_members_visit};
    struct expansion expansion = {.findings = &job->result->findings,
                                  .free_bytes = ARCHIVE_FREE_BYTES,
                                  .ratio = ARCHIVE_MAX_RATIO,
                                  .stored = &job->progress->bytes_read};
    struct source *blob =
        observing_source_new(raw, &job->blob, &job->progress->bytes_read, job->cancel);
    cleanup(source_freep) struct source *tar = NULL;
    struct error ignored;

    *compression = COMPRESSION_NONE;
    if (compression_probe(blob, compression, &blob, &ignored))
        return judge(job, error);
    tar = decode(job, blob, *compression, &expansion);
    if (walk_archive(&job->walk, tar, &visitor, &job->result->findings, &ignored) == 0) {
        read_checkpoint(job);
    } else {
        if (!job->archive.failed && !job->blob.failed)
            drain(tar);
        if (!job->blob.failed)
            drain(blob);
        if (judge(job, error))
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
