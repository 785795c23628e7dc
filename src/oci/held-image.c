// SPDX-License-Identifier: Apache-2.0
#include "oci/held-image.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "oci/sha256.h"

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

/* The media type goes to the caller, *media_type. */
static bool read_descriptor(struct descriptor *descriptor, const json_t *json,
                            const char **media_type)
{
    const char *digest = json_get_text(json, "digest");
    const json_t *size = json_object_get(json, "size");

    *media_type = json_get_text(json, "mediaType");
    if (!*media_type || !digest || digest_parse(&descriptor->digest, digest) < 0 ||
        !json_is_integer(size) || json_integer_value(size) < 0)
        return false;
    descriptor->size = (uint64_t)json_integer_value(size);
    return true;
}

bool held_image_read_manifest(struct held_image *held, const void *bytes, size_t len)
{
    cleanup(json_decrefp) json_t *document = parse(bytes, len);
    const json_t *layers = json_object_get(document, "layers");
    struct held_image read = {.manifest = {.media_type = MEDIA_TYPE_MANIFEST, .size = len},
                              .config = {.media_type = MEDIA_TYPE_CONFIG}};
    const char *of_config, *of_layer;

    if (json_array_size(layers) != 1 ||
        !read_descriptor(&read.config, json_object_get(document, "config"), &of_config) ||
        !read_descriptor(&read.layer, json_array_get(layers, 0), &of_layer) ||
        strcmp(of_config, MEDIA_TYPE_CONFIG) != 0 ||
        strncmp(of_layer, layer_type, strlen(layer_type)) != 0 ||
        read.config.size > HELD_CONFIG_MAX_BYTES)
        return false;
    sha256_of(bytes, len, &read.manifest.digest);
    read.layer_type = xstrdup(of_layer);
    read.layer.media_type = read.layer_type;
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
    cleanup_free char *made = image_made_comment(encoding, archive_size < 0 ? 0 : archive_size);
    const char *rest = held->comment ? strchr(held->comment, ';') : NULL;

    if (!rest || strcmp(held->layer.media_type, media_type) != 0)
        return false;
    if (archive_size < 0) /* the same up to the number */
        return strncmp(rest, made, (size_t)(strrchr(made, ';') + 2 - made)) == 0;
    return strcmp(rest, made) == 0;
}
