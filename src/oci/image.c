// SPDX-License-Identifier: Apache-2.0
#include "oci/image.h"

#include <string.h>

#include "base/memory.h"
#include "oci/sha256.h"

/* One spelling for one document: what is hashed must not depend on the order of insertion. */
enum { DUMP_FLAGS = JSON_COMPACT | JSON_SORT_KEYS };

/* The text of a document that json_pack() has made; takes the reference. NULL: a string in it was
 * not valid UTF-8. */
static char *dump(json_t *document)
{
    char *text = document ? json_dumps(document, DUMP_FLAGS) : NULL;

    json_decref(document);
    return text;
}

static void describe(struct descriptor *descriptor, const char *media_type, const char *text)
{
    descriptor->media_type = media_type;
    descriptor->size = strlen(text);
    sha256_of(text, descriptor->size, &descriptor->digest);
}

static json_t *descriptor_json(const struct descriptor *descriptor)
{
    return json_pack("{s:s,s:s,s:I}", "mediaType", descriptor->media_type, "digest",
                     descriptor->digest.text, "size", (json_int_t)descriptor->size);
}

/*
 * CRI-O's store keeps one record per config digest, and the last pull decides which annotations it
 * has: of two images with the same config, one would lose its own. So the config must differ
 * whenever the annotations do, and their digest stands in its history. The version of this program
 * must not: a later one has to give the same bytes for the same archive.
 */
static char *history_comment(const struct image_parts *parts)
{
    cleanup_free char *annotations = json_dumps(parts->annotations, DUMP_FLAGS);
    cleanup_free char *made = NULL;
    struct digest digest;

    if (!annotations)
        return NULL;
    sha256_of(annotations, strlen(annotations), &digest);
    if (parts->encoding)
        made = image_made_comment(parts->encoding, parts->archive_size);
    return xasprintf("annotations %s%s", digest.text, made ? made : "");
}

char *image_made_comment(const char *encoding, uint64_t archive_size)
{
    return xasprintf("; %s; %llu bytes", encoding, (unsigned long long)archive_size);
}

static char *config_text(const struct image_parts *parts)
{
    cleanup_free char *comment = history_comment(parts);

    if (!comment)
        return NULL;
    return dump(json_pack("{s:s,s:{},s:s,s:[{s:s,s:s,s:s}],s:s,s:{s:[s],s:s}}", "architecture",
                          parts->architecture, "config", "created", parts->created, "history",
                          "comment", comment, "created", parts->created, "created_by", "ckptoci",
                          "os", "linux", "rootfs", "diff_ids", parts->diff_id.text, "type",
                          "layers"));
}

static char *manifest_text(const struct image_parts *parts, const struct descriptor *config)
{
    return dump(json_pack("{s:O,s:o,s:[o],s:s,s:i}", "annotations", parts->annotations, "config",
                          descriptor_json(config), "layers", descriptor_json(&parts->layer),
                          "mediaType", MEDIA_TYPE_MANIFEST, "schemaVersion", 2));
}

int image_build(struct image **image, const struct image_parts *parts, struct error *error)
{
    cleanup(image_freep) struct image *built = NEW(struct image);

    built->layer = parts->layer;
    built->diff_id = parts->diff_id;
    built->config_json = config_text(parts);
    if (!built->config_json)
        return error_set(error, ERROR_ARCHIVE,
                         "build the image config: the archive's metadata is not valid UTF-8");
    describe(&built->config, MEDIA_TYPE_CONFIG, built->config_json);
    built->manifest_json = manifest_text(parts, &built->config);
    if (!built->manifest_json)
        return error_set(error, ERROR_ARCHIVE,
                         "build the image manifest: the annotations are not valid UTF-8");
    describe(&built->manifest, MEDIA_TYPE_MANIFEST, built->manifest_json);
    if (built->manifest.size > MANIFEST_MAX_BYTES)
        return error_set(error, ERROR_USAGE,
                         "build the image manifest: with its annotations it has %llu bytes, and "
                         "registries take no more than %d; shorten --annotation values",
                         (unsigned long long)built->manifest.size, MANIFEST_MAX_BYTES);
    *image = steal(built);
    return 0;
}

void image_free(struct image *image)
{
    if (!image)
        return;
    free(image->config_json);
    free(image->manifest_json);
    free(image);
}
