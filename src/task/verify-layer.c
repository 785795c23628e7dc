// SPDX-License-Identifier: Apache-2.0
/* The one layer of an image: its blob, and the archive in it. */
#include <inttypes.h>

#include "task/checkpoint-image.h"
#include "task/verify-job.h"

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
