// SPDX-License-Identifier: Apache-2.0
#include "verify/verify.h"

#include "base/clock.h"
#include "base/json.h"
#include "verify/image-checks.h"

static void job_done(struct verify_job *job)
{
    reading_done(&job->reading);
    manifest_free(job->index);
}

/* It failed on its way here, which says nothing of the archive or image. */
static bool is_unreadable(const struct observation *observation)
{
    return observation->failed && observation->error.kind != ERROR_IMAGE &&
           observation->error.kind != ERROR_ARCHIVE;
}

/* After the walk has given up. What the walk refuses is among the findings already; verify_blob()
 * looks at a layer's blob later. -1: it could not be read. */
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

/* The archive that job->reading has opened, read once to its end. If the walk gives up, the rest is
 * still read, so that the digests are known. -1: it could not be read. */
static int verify_archive(struct verify_job *job, struct error *error)
{
    const struct walk_visitor visitor = {.context = &job->members, .member = engine_members_visit};
    struct reading *reading = &job->reading;
    const struct observation *archive = &reading->content.archive;
    struct error ignored;

    if (reading_walk(reading, &visitor, &ignored) == 0) {
        reading_check_metadata(reading);
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

static int verify_file(struct verify_job *job, struct error *error)
{
    if (reading_open(&job->reading, error) == 0)
        return verify_archive(job, error);
    if (error->kind != ERROR_ARCHIVE)
        return -1;
    verify_find(job, CHECK_DAMAGED_ARCHIVE, NULL, "%s", error->text);
    return 0;
}

/* The only layer of the image, and the archive in it. */
static int verify_layer(struct verify_job *job, struct error *error)
{
    if (reading_open_layer(&job->reading, error)) {
        if (error->kind != ERROR_IMAGE)
            return -1;
        verify_find(job, CHECK_IMAGE_LAYER_DIGEST, NULL, "%s", error->text);
        return 0;
    }
    if (verify_archive(job, error))
        return -1;
    verify_blob(job);
    return 0;
}

static int verify_image(struct verify_job *job, struct error *error)
{
    struct verify_result *result = job->result;
    struct reading *reading = &job->reading;

    reading->images =
        destination_source_new(&reading->subject->image, reading->registry, reading->cancel);
    if (verify_documents(job, error))
        return -1;
    if (!reading->manifest)
        return 0;
    result->manifest = reading->manifest->digest;
    result->config = reading->manifest->parts[0].digest;
    if (reading->manifest->part_count != 2)
        return 0;
    result->layer = reading->manifest->parts[1].digest;
    if (verify_layer(job, error))
        return -1;
    return reading->content.has_checkpoint ? verify_annotations(job, error) : 0;
}

static void reason(struct verify_job *job)
{
    const struct verify_options *options = job->options;
    const struct manifest *manifest = job->reading.manifest;
    struct restore_image image;
    struct restore_subject subject = {
        .checkpoint = &job->reading.content.checkpoint,
        .members = job->members,
    };

    if (manifest) {
        image = restore_image_of(manifest, job->index ? job->index : manifest, job->reading.config);
        image.layer_type_is_true = job->layer_type_is_true;
        subject.image = &image;
    }
    engine_ask(&job->result->answers, &subject, options->engine, options->version_text,
               &options->version);
}

int verify_run(const struct verify_options *options, struct verify_result *result,
               struct progress *progress, struct cancel *cancel, struct error *error)
{
    struct sandbox nothing = {0};
    cleanup(job_done) struct verify_job job = {
        .options = options,
        .result = result,
        .reading = {.subject = options->subject,
                    .way = READING_OBSERVES,
                    .platform = options->platform,
                    .registry = &options->registry,
                    .writable = &nothing,
                    .progress = progress,
                    .cancel = cancel,
                    .content = {.findings = &result->findings,
                                .max_unpacked_bytes = options->max_unpacked_bytes}}};
    bool is_image = options->subject->kind == SUBJECT_IMAGE;
    double begun = clock_monotonic_s();

    result->findings.policy = options->policy;
    result->findings.policy.keeps_going = true;
    if ((is_image ? verify_image : verify_file)(&job, error))
        return error_context(error, "verify %s", subject_name(options->subject));
    if (job.reading.content.has_checkpoint)
        reason(&job);
    result->seconds = clock_monotonic_s() - begun;
    return 0;
}

void verify_result_done(struct verify_result *result)
{
    findings_done(&result->findings);
    engine_answers_done(&result->answers);
}
