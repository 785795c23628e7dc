// SPDX-License-Identifier: Apache-2.0
#include "oci/image.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "oci/manifest.h"

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

json_t *descriptor_json(const struct descriptor *descriptor)
{
    return json_pack("{s:s,s:s,s:I}", "mediaType", descriptor->media_type, "digest",
                     descriptor->digest.text, "size", (json_int_t)descriptor->size);
}

/* What the config's history says of how the layer was made, behind the annotations' digest, from
 * its semicolon on: "; zstd level 1; 188416 bytes". A later run knows by it whether it would make
 * the same. */
static char *made_comment(const char *encoding, uint64_t archive_size)
{
    return xasprintf("; %s; %llu bytes", encoding, (unsigned long long)archive_size);
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
        made = made_comment(parts->encoding, parts->archive_size);
    return xasprintf("annotations %s%s", digest.text, made ? made : "");
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

static json_t *parse(const void *bytes, size_t len)
{
    json_t *document = json_parse(bytes, len, NULL);

    if (json_is_object(document))
        return document;
    json_decref(document);
    return NULL;
}

/* What the types of the layers that are tars begin with (image-spec, layer.md). */
static const char layer_type[] = "application/vnd.oci.image.layer.v1.tar";

bool held_image_read_manifest(struct held_image *held, const void *bytes, size_t len)
{
    cleanup(json_decrefp) json_t *document = parse(bytes, len);
    const json_t *layers = json_object_get(document, "layers");
    struct held_image read = {.manifest = {.media_type = MEDIA_TYPE_MANIFEST, .size = len}};
    struct error ignored;

    if (json_array_size(layers) != 1 ||
        manifest_read_descriptor(json_object_get(document, "config"), &read.config, &ignored) ||
        manifest_read_descriptor(json_array_get(layers, 0), &read.layer, &ignored) ||
        strcmp(read.config.media_type, MEDIA_TYPE_CONFIG) != 0 ||
        strncmp(read.layer.media_type, layer_type, strlen(layer_type)) != 0 ||
        read.config.size > HELD_CONFIG_MAX_BYTES)
        return false;
    sha256_of(bytes, len, &read.manifest.digest);
    read.config.media_type = MEDIA_TYPE_CONFIG; /* the document's goes away with it */
    read.layer.media_type = read.layer_type = xstrdup(read.layer.media_type);
    held_image_done(held);
    *held = read;
    return true;
}

static bool is_described(const struct descriptor *descriptor, const void *bytes, size_t len)
{
    struct digest digest;

    if (len != descriptor->size)
        return false;
    sha256_of(bytes, len, &digest);
    return digest_equal(&digest, &descriptor->digest);
}

bool held_image_read_config(struct held_image *held, const void *bytes, size_t len)
{
    cleanup(json_decrefp) json_t *document = NULL;
    const char *comment;

    if (!is_described(&held->config, bytes, len))
        return false;
    document = parse(bytes, len);
    comment = json_get_text(json_array_get(json_object_get(document, "history"), 0), "comment");
    if (!comment)
        return false;
    free(held->comment);
    held->comment = xstrdup(comment);
    return true;
}

void held_image_done(struct held_image *held)
{
    free(held->layer_type);
    free(held->comment);
    *held = (struct held_image){0};
}

bool held_image_is_made_like(const struct held_image *held, const char *media_type,
                             const char *encoding, int64_t archive_size)
{
    cleanup_free char *made = made_comment(encoding, archive_size < 0 ? 0 : archive_size);
    const char *rest = held->comment ? strchr(held->comment, ';') : NULL;

    if (!rest || strcmp(held->layer.media_type, media_type) != 0)
        return false;
    if (archive_size < 0) /* the same up to the number */
        return strncmp(rest, made, (size_t)(strrchr(made, ';') + 2 - made)) == 0;
    return strcmp(rest, made) == 0;
}
