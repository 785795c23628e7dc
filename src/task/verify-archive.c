// SPDX-License-Identifier: Apache-2.0
/*
 * The archive, read once to its end:
 *
 *     raw --> blob: digest --> which compression? --> decode --> archive: digest --> walk
 *
 * Where the walk gives up, the rest is still read, so that the digests are known.
 */
#include "task/convert-checks.h"
#include "task/verify-job.h"

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
    const struct observation *blob = &job->reading.blob, *archive = &job->reading.content.archive;

    if (is_unreadable(blob) || is_unreadable(archive)) {
        *error = is_unreadable(blob) ? blob->error : archive->error;
        return -1;
    }
    if (blob->failed && job->reading.input)
        verify_find(job, CHECK_ARCHIVE_CHANGED, NULL, "%s", blob->error.text);
    else if (archive->failed && !blob->failed)
        verify_find(job, CHECK_DAMAGED_ARCHIVE, NULL, "%s", archive->error.text);
    return 0;
}

int verify_archive(struct verify_job *job, struct error *error)
{
    const struct walk_visitor visitor = {.context = &job->members, .member = engine_members_visit};
    struct reading *reading = &job->reading;
    const struct observation *archive = &reading->content.archive;
    struct error ignored;

    if (reading_walk(reading, &visitor, &ignored) == 0) {
        convert_check_metadata(&reading->content, reading->subject->path, reading->input);
    } else {
        reading_drain(reading);
        if (judge(job, error))
            return -1;
    }
    if (archive->complete) {
        job->result->archive = archive->digest;
        job->result->archive_size = archive->size;
    }
    return 0;
}
