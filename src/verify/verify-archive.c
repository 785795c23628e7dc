// SPDX-License-Identifier: Apache-2.0
/*
 * The archive, read once to its end, and the layer that it is in if it comes from an image. Where
 * the walk gives up, the rest is still read, so that the digests are known.
 */
#include <inttypes.h>

#include "convert/convert-checks.h"
#include "transport/checkpoint-image.h"
#include "verify/verify-job.h"

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

/* How it is compressed, against what its media type says. */
static void check_compression(struct verify_job *job)
{
    const struct descriptor *layer = &job->reading.manifest->parts[1];
    enum compression said, found = job->reading.content.compression;
    struct error ignored;

    if (checkpoint_image_compression(layer, &said, &ignored)) {
        verify_find(job, CHECK_IMAGE_LAYER_TYPE, NULL, "it is of type %.255s, which is no tar",
                    layer->media_type);
        return;
    }
    job->layer_type_is_true = said == found;
    if (said != found)
        verify_find(job, CHECK_IMAGE_LAYER_TYPE, NULL,
                    "its type %.255s means the compression \"%s\", and its bytes are \"%s\"",
                    layer->media_type, codec_for(said)->name, codec_for(found)->name);
}

static void check_blob(struct verify_job *job)
{
    const struct descriptor *layer = &job->reading.manifest->parts[1];
    const struct observation *blob = &job->reading.blob;

    if (blob->failed) {
        verify_find(job, CHECK_IMAGE_LAYER_DIGEST, NULL, "%s", blob->error.text);
        return;
    }
    if (blob->size != layer->size)
        verify_find(job, CHECK_IMAGE_LAYER_DIGEST, NULL,
                    "it has %" PRIu64 " bytes, and the manifest says %" PRIu64, blob->size,
                    layer->size);
    if (!digest_equal(&blob->digest, &layer->digest))
        verify_find(job, CHECK_IMAGE_LAYER_DIGEST, NULL,
                    "its digest is %s, and the manifest says %s: it is damaged", blob->digest.text,
                    layer->digest.text);
}

static void check_diff_id(struct verify_job *job)
{
    const json_t *diff_ids =
        json_object_get(json_object_get(job->reading.config, "rootfs"), "diff_ids");
    const char *text = json_string_value(json_array_get(diff_ids, 0));
    struct digest diff_id;

    if (!job->reading.config || json_array_size(diff_ids) != 1)
        return;
    if (!text || digest_parse(&diff_id, text))
        verify_find(job, CHECK_IMAGE_DIFF_ID, NULL, "the config's diff_id is no SHA-256 digest");
    else if (job->reading.content.archive.complete &&
             !digest_equal(&diff_id, &job->reading.content.archive.digest))
        verify_find(job, CHECK_IMAGE_DIFF_ID, NULL,
                    "the config says %s, and the uncompressed layer has the digest %s",
                    diff_id.text, job->reading.content.archive.digest.text);
}

int verify_layer(struct verify_job *job, struct error *error)
{
    if (reading_open_layer(&job->reading, error)) {
        if (error->kind != ERROR_IMAGE)
            return -1;
        verify_find(job, CHECK_IMAGE_LAYER_DIGEST, NULL, "%s", error->text);
        return 0;
    }
    if (verify_archive(job, error))
        return -1;
    check_compression(job);
    check_blob(job);
    check_diff_id(job);
    return 0;
}
