// SPDX-License-Identifier: Apache-2.0
#include "oci/manifest.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "oci/image-source.h"

/* RFC 6838, section 4.2: two names of at most 127 characters. */
enum { MEDIA_TYPE_MAX_LEN = 255 };

void manifest_free(struct manifest *manifest)
{
    if (!manifest)
        return;
    json_decref(manifest->json);
    free(manifest->parts);
    free(manifest->media_type);
    free(manifest->bytes);
    free(manifest);
}

static bool has_text(const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_string_length(json_array_get(list, i)) > 0)
            return true;
    return false;
}

int manifest_read_descriptor(const json_t *json, struct descriptor *ret, struct error *error)
{
    const char *media_type = json_get_text(json, "mediaType");
    const char *digest = json_get_text(json, "digest");
    const json_t *size = json_object_get(json, "size");
    struct descriptor descriptor = {.media_type = media_type};

    if (!media_type || !*media_type || strlen(media_type) > MEDIA_TYPE_MAX_LEN)
        return error_set(error, ERROR_IMAGE, "a descriptor in it has no usable mediaType");
    if (!digest || digest_parse(&descriptor.digest, digest))
        return error_set(error, ERROR_IMAGE,
                         "a descriptor in it has the digest \"%.100s\", which is not \"sha256:\" "
                         "and 64 lower-case hex digits",
                         digest ? digest : "");
    if (!json_is_integer(size) || json_integer_value(size) < 0)
        return error_set(error, ERROR_IMAGE, "the descriptor of %s in it has no size", digest);
    descriptor.size = (uint64_t)json_integer_value(size);
    descriptor.has_urls = has_text(json_object_get(json, "urls"));
    *ret = descriptor;
    return 0;
}

static bool is_index_type(const char *media_type)
{
    return strcmp(media_type, MEDIA_TYPE_INDEX) == 0 ||
           strcmp(media_type, MEDIA_TYPE_DOCKER_INDEX) == 0;
}

static bool is_known_type(const char *media_type)
{
    return is_index_type(media_type) || strcmp(media_type, MEDIA_TYPE_MANIFEST) == 0 ||
           strcmp(media_type, MEDIA_TYPE_DOCKER_MANIFEST) == 0;
}

/* Whether there is such a list. One that is null, as Go writes an empty one, is as good as none. */
static bool has_list(const json_t *json, const char *key)
{
    return json_is_array(json_object_get(json, key));
}

/* Of a document without either list, its type tells. NULL type: none is known. */
static int find_kind_of_empty(struct manifest *manifest, const char *type, struct error *error)
{
    static const char *const keys[] = {"manifests", "layers"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const json_t *list = json_object_get(manifest->json, keys[i]);

        if (list && !json_is_null(list))
            return error_set(error, ERROR_IMAGE, "its \"%s\" is no array", keys[i]);
    }
    if (!type)
        return error_set(error, ERROR_IMAGE,
                         "it has neither of the arrays \"manifests\" and \"layers\", and no type "
                         "of an image or index");
    manifest->kind = is_index_type(type) ? MANIFEST_INDEX : MANIFEST_IMAGE;
    return 0;
}

/* One text must not be an index to one reader and an image to another. */
static int find_kind(struct manifest *manifest, const char *sent_as, struct error *error)
{
    const char *own = json_get_text(manifest->json, "mediaType");
    bool is_index = has_list(manifest->json, "manifests");
    bool is_image = has_list(manifest->json, "layers");
    size_t sent_len = sent_as ? strcspn(sent_as, "; ") : 0;
    cleanup_free char *sent = xstrndup(sent_as ? sent_as : "", sent_len);

    if (json_get_integer(manifest->json, "schemaVersion") != 2)
        return error_set(error, ERROR_IMAGE, "it is no manifest of schema version 2");
    if (is_index && is_image)
        return error_set(error, ERROR_IMAGE,
                         "it has both of the arrays \"manifests\" and \"layers\"");
    if (!own && is_known_type(sent))
        own = sent;
    manifest->kind = is_index ? MANIFEST_INDEX : MANIFEST_IMAGE;
    if (!is_index && !is_image &&
        find_kind_of_empty(manifest, own && is_known_type(own) ? own : NULL, error))
        return -1;
    if (!own)
        own = manifest->kind == MANIFEST_INDEX ? MEDIA_TYPE_INDEX : MEDIA_TYPE_MANIFEST;
    if (!is_known_type(own) || is_index_type(own) != (manifest->kind == MANIFEST_INDEX))
        return error_set(error, ERROR_IMAGE, "its media type \"%.100s\" is not what it holds", own);
    manifest->media_type = xstrdup(own);
    return 0;
}

static int read_parts(struct manifest *manifest, struct error *error)
{
    bool is_image = manifest->kind == MANIFEST_IMAGE;
    const json_t *list = json_object_get(manifest->json, is_image ? "layers" : "manifests");
    size_t count = json_array_size(list);

    manifest->parts = xcalloc(count + 1, sizeof *manifest->parts);
    if (is_image && manifest_read_descriptor(json_object_get(manifest->json, "config"),
                                             &manifest->parts[manifest->part_count++], error))
        return -1;
    for (size_t i = 0; i < count; i++)
        if (manifest_read_descriptor(json_array_get(list, i),
                                     &manifest->parts[manifest->part_count++], error))
            return -1;
    return 0;
}

int manifest_new(struct manifest **ret, char *bytes, size_t len, const char *media_type,
                 struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NEW(struct manifest);

    if (len > MANIFEST_MAX_BYTES)
        return error_set(error, ERROR_IMAGE, "it has more than %d bytes", MANIFEST_MAX_BYTES);
    manifest->json = json_parse(bytes, len, error);
    if (!manifest->json)
        return error->kind = ERROR_IMAGE, error_context(error, "it is no JSON");
    if (find_kind(manifest, media_type, error) || read_parts(manifest, error))
        return -1;
    sha256_of(bytes, len, &manifest->digest);
    manifest->bytes = bytes;
    manifest->len = len;
    *ret = steal(manifest);
    return 0;
}

const char *manifest_annotation(const struct manifest *manifest, const char *key)
{
    const json_t *annotations = json_object_get(manifest->json, "annotations");

    return json_get_text(annotations, key);
}

bool manifest_subject(const struct manifest *manifest, struct digest *subject)
{
    const json_t *json = json_object_get(manifest->json, "subject");
    const char *text = json_get_text(json, "digest");

    return text && digest_parse(subject, text) == 0;
}

struct platform manifest_platform(const struct manifest *manifest, size_t index)
{
    const json_t *part = json_array_get(json_object_get(manifest->json, "manifests"), index);
    const json_t *platform = json_object_get(part, "platform");

    return (struct platform){
        .os = json_get_text(platform, "os"),
        .architecture = json_get_text(platform, "architecture"),
        .variant = json_get_text(platform, "variant"),
    };
}

char *platform_text(const struct platform *platform)
{
    const char *variant = platform->variant;

    return xasprintf("%s/%s%s%s", platform->os ? platform->os : "?",
                     platform->architecture ? platform->architecture : "?", variant ? "/" : "",
                     variant ? variant : "");
}

static bool same(const char *is, const char *wanted)
{
    return is && strcmp(is, wanted) == 0;
}

/* What a variant is without its number being written, and the number that most say (containerd's
 * platforms.Normalize): an image for arm64 is one for arm64/v8. */
static const char *usual_variant(const struct platform *platform)
{
    static const char *const usual[][3] = {
        {"arm64", "v8", ""}, {"arm64", "8", ""}, {"amd64", "v1", ""}, {"arm", "", "v7"},
        {"arm", "7", "v7"},  {"arm", "6", "v6"}, {"arm", "5", "v5"},
    };
    const char *variant = platform->variant ? platform->variant : "";

    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (same(platform->architecture, usual[i][0]) && strcmp(variant, usual[i][1]) == 0)
            return usual[i][2];
    return variant;
}

bool platform_matches(const struct platform *is, const struct platform *wanted)
{
    return same(is->os, wanted->os) && same(is->architecture, wanted->architecture) &&
           (!wanted->variant || same(usual_variant(is), usual_variant(wanted)));
}

bool platform_is_same(const struct platform *is, const struct platform *wanted)
{
    return platform_matches(is, wanted) && same(usual_variant(is), usual_variant(wanted));
}

size_t manifest_find_platform(const struct manifest *index, const struct platform *wanted)
{
    size_t first = index->part_count;

    for (size_t i = 0; i < index->part_count; i++) {
        struct platform is = manifest_platform(index, i);

        if (!descriptor_is_manifest(&index->parts[i]))
            continue;
        if (platform_is_same(&is, wanted))
            return i;
        if (first == index->part_count && platform_matches(&is, wanted))
            first = i;
    }
    return first;
}

int platform_parse(struct platform *ret, const char *text, struct error *error)
{
    cleanup_free char *copy = xstrdup(text);
    char *rest = copy;
    struct platform platform = {.os = strsep(&rest, "/")};

    platform.architecture = strsep(&rest, "/");
    platform.variant = strsep(&rest, "/");
    if (rest || !*platform.os || !platform.architecture || !*platform.architecture ||
        (platform.variant && !*platform.variant))
        return error_set(error, ERROR_USAGE, "\"%s\" is not OS/ARCH[/VARIANT], as in linux/arm64",
                         text);
    *ret = platform;
    steal(copy);
    return 0;
}

bool descriptor_is_manifest(const struct descriptor *descriptor)
{
    return is_known_type(descriptor->media_type) || strstr(descriptor->media_type, ".manifest.");
}

bool descriptor_is_foreign(const struct descriptor *descriptor)
{
    return descriptor->has_urls && (strstr(descriptor->media_type, ".nondistributable.") ||
                                    strstr(descriptor->media_type, ".foreign."));
}

int image_source_get_manifest(struct image_source *source, const char *reference,
                              struct manifest **ret, struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    struct digest wanted;

    if (source->ops->get_manifest(source, reference, &manifest, error))
        return -1;
    if (reference && digest_parse(&wanted, reference) == 0 &&
        !digest_equal(&wanted, &manifest->digest))
        return error_set(error, ERROR_IMAGE,
                         "manifest %s: what came has the digest %s; it was damaged or replaced",
                         wanted.text, manifest->digest.text);
    *ret = steal(manifest);
    return 0;
}
