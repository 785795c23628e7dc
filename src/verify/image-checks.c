// SPDX-License-Identifier: Apache-2.0
#include "verify/image-checks.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "checkpoint/engine.h"
#include "transport/checkpoint-image.h"

enum { KEYS_LISTED_MAX_LEN = 1024 };

#define CREATED "org.opencontainers.image.created"

void verify_find(struct verify_job *job, enum check check, const char *member, const char *format,
                 ...)
{
    char detail[FINDING_DETAIL_MAX_BYTES + 1];
    struct error ignored;
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    finding_report(&job->result->findings, check, member, &ignored, "%s", detail);
}

/* What is wrong with a document is a finding; that it cannot be read is an error. */
static int find_or_fail(struct verify_job *job, enum check check, struct error *error)
{
    if (error->kind != ERROR_IMAGE && error->kind != ERROR_ARCHIVE)
        return -1;
    verify_find(job, check, NULL, "%s", error->text);
    return 0;
}

static void check_index(struct verify_job *job, const struct descriptor *part)
{
    size_t count = job->index->part_count;

    verify_find(job, CHECK_IMAGE_INDEX, NULL,
                "the name stands for an index of %zu image%s, of which %s is looked at", count,
                count == 1 ? "" : "s", part->digest.text);
    if (job->reading.manifest && part->size != job->reading.manifest->len)
        verify_find(job, CHECK_IMAGE_MANIFEST, NULL,
                    "it has %zu bytes, and the index says %" PRIu64, job->reading.manifest->len,
                    part->size);
}

static int fetch_part(struct verify_job *job, struct error *error)
{
    const struct descriptor *part;
    size_t chosen = 0;

    if (checkpoint_image_choose(job->index, &job->options->platform, &chosen, error))
        return -1;
    part = &job->index->parts[chosen];
    if (image_source_get_manifest(job->reading.images, part->digest.text, &job->reading.manifest,
                                  error) &&
        find_or_fail(job, CHECK_IMAGE_MANIFEST, error))
        return -1;
    check_index(job, part);
    if (!job->reading.manifest || job->reading.manifest->kind == MANIFEST_IMAGE)
        return 0;
    verify_find(job, CHECK_IMAGE_MANIFEST, NULL, "the index has another index in it");
    manifest_free(steal(job->reading.manifest));
    return 0;
}

/* Of an index, its image for the platform. job->reading.manifest stays NULL where a finding says
 * why. */
static int fetch_manifest(struct verify_job *job, struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;

    if (destination_get_manifest(&job->options->subject->image, job->reading.images, &manifest,
                                 error))
        return find_or_fail(job, CHECK_IMAGE_MANIFEST, error);
    if (manifest->kind == MANIFEST_IMAGE) {
        job->reading.manifest = steal(manifest);
        return 0;
    }
    job->index = steal(manifest);
    return fetch_part(job, error);
}

static void check_manifest_type(struct verify_job *job, const struct manifest *manifest)
{
    static const char *const foreign_keys[] = {"manifests", "fsLayers", "history"};

    if (strcmp(manifest->media_type, MEDIA_TYPE_MANIFEST) != 0)
        verify_find(job, CHECK_IMAGE_MANIFEST_TYPE, NULL, "it is of type %.255s",
                    manifest->media_type);
    else if (!json_object_get(manifest->json, "mediaType"))
        verify_find(job, CHECK_IMAGE_MEDIA_TYPE_MISSING, NULL, "it has no member mediaType");
    for (size_t i = 0; i < sizeof foreign_keys / sizeof *foreign_keys; i++)
        if (json_object_get(manifest->json, foreign_keys[i]))
            verify_find(job, CHECK_IMAGE_MANIFEST, NULL,
                        "it has a member \"%s\", which belongs to another kind of document",
                        foreign_keys[i]);
}

static void check_manifest(struct verify_job *job, const struct manifest *manifest)
{
    const struct descriptor *config = &manifest->parts[0];
    size_t layers = manifest->part_count - 1;

    check_manifest_type(job, manifest);
    if (strcmp(config->media_type, MEDIA_TYPE_CONFIG) != 0)
        verify_find(job, CHECK_IMAGE_CONFIG_TYPE, NULL, "it is of type %.255s", config->media_type);
    if (!engine_knows_image(json_object_get(manifest->json, "annotations")))
        verify_find(job, CHECK_IMAGE_UNMARKED, NULL,
                    "there is no annotation by which an engine would know a checkpoint");
    if (layers != 1)
        verify_find(job, CHECK_IMAGE_LAYERS, NULL,
                    "it has %zu layers, of which none is looked at: an archive is one layer",
                    layers);
}

static void check_config(struct verify_job *job)
{
    const json_t *rootfs = json_object_get(job->reading.config, "rootfs");
    const json_t *diff_ids = json_object_get(rootfs, "diff_ids");

    if (!json_get_nonempty(job->reading.config, "os") ||
        !json_get_nonempty(job->reading.config, "architecture"))
        verify_find(job, CHECK_IMAGE_PLATFORM, NULL, "the config does not say for which platform");
    if (!json_text_is(rootfs, "type", "layers"))
        verify_find(job, CHECK_IMAGE_CONFIG, NULL, "its rootfs.type is not \"layers\"");
    if (json_array_size(diff_ids) != job->reading.manifest->part_count - 1)
        verify_find(job, CHECK_IMAGE_DIFF_ID, NULL, "the config has %zu diff_ids for %zu layers",
                    json_array_size(diff_ids), job->reading.manifest->part_count - 1);
}

static int fetch_config(struct verify_job *job, struct error *error)
{
    const struct descriptor *config = &job->reading.manifest->parts[0];
    cleanup_free char *text = NULL;
    json_error_t reason;

    if (verifying_source_read_blob(job->reading.images, config, IMAGE_CONFIG_MAX_BYTES, &text,
                                   error))
        return find_or_fail(job, CHECK_IMAGE_CONFIG, error);
    job->reading.config = json_loadb(text, config->size, JSON_REJECT_DUPLICATES, &reason);
    if (json_is_object(job->reading.config)) {
        check_config(job);
        return 0;
    }
    verify_find(job, CHECK_IMAGE_CONFIG, NULL, "it is no JSON object: %s in line %d",
                job->reading.config ? "another value" : reason.text,
                job->reading.config ? 1 : reason.line);
    json_decref(steal(job->reading.config));
    return 0;
}

int verify_documents(struct verify_job *job, struct error *error)
{
    if (image_source_open(job->reading.images, error) || fetch_manifest(job, error))
        return -1;
    if (!job->reading.manifest)
        return 0;
    check_manifest(job, job->reading.manifest);
    return fetch_config(job, error);
}

/* The compression by its bytes, against what its media type says. */
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

void verify_blob(struct verify_job *job)
{
    check_compression(job);
    check_blob(job);
    check_diff_id(job);
}

static const char *annotation(const struct verify_job *job, const char *key)
{
    return manifest_annotation(job->reading.manifest, key);
}

static void append_key(char **list, const char *key)
{
    char *longer = xasprintf("%s%s%s", *list, **list ? ", " : "", key);

    free(*list);
    *list = longer;
}

/* The date must be there, but may be any: whoever makes the image may choose it
 * (SOURCE_DATE_EPOCH). */
static void compare(struct verify_job *job, json_t *expected)
{
    cleanup_free char *missing = xstrdup("");
    const char *key;
    json_t *value;

    json_object_foreach(expected, key, value)
    {
        const char *is = annotation(job, key), *expected_value = json_string_value(value);

        if (!is)
            append_key(&missing, key);
        else if (strcmp(is, expected_value) != 0 && strcmp(key, CREATED) != 0)
            verify_find(job, CHECK_IMAGE_ANNOTATION_DIFFERS, key,
                        "it is \"%.256s\", and the archive says \"%.256s\"", is, expected_value);
    }
    if (*missing)
        verify_find(job, CHECK_IMAGE_ANNOTATION_MISSING, NULL, "the manifest lacks %.*s",
                    KEYS_LISTED_MAX_LEN, missing);
}

static void compare_architecture(struct verify_job *job)
{
    const char *archive = job->reading.content.checkpoint.architecture;
    const char *image = json_get_text(job->reading.config, "architecture");

    if (archive && image && strcmp(archive, image) != 0)
        verify_find(job, CHECK_IMAGE_PLATFORM, NULL,
                    "the config says %.64s, and the processes ran on %s", image, archive);
}

int verify_annotations(struct verify_job *job, struct error *error)
{
    cleanup(json_decrefp) json_t *expected = NULL;
    const char *name = job->reading.content.checkpoint.container;
    const char *created = annotation(job, CREATED);

    /* If the archive has no name, any is right, so that of the image is taken. */
    if (!name)
        name = annotation(job, "org.criu.checkpoint.container.name");
    if (checkpoint_annotations(&job->reading.content.checkpoint, name ? name : "unknown",
                               created ? created : "", &expected, error) < 0)
        return -1;
    compare(job, expected);
    compare_architecture(job);
    return 0;
}
