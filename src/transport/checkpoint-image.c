// SPDX-License-Identifier: Apache-2.0
#include "transport/checkpoint-image.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/json.h"
#include "base/memory.h"
#include "checkpoint/engine.h"

/* This machine's architecture as Go names it; one that is not listed as uname() gives it. */
static const char *host_architecture(const struct utsname *host)
{
    static const char *const names[][2] = {
        {"x86_64", "amd64"},    {"aarch64", "arm64"},       {"armv6l", "arm"},
        {"armv7l", "arm"},      {"armv8l", "arm"},          {"i686", "386"},
        {"mips64", "mips64le"}, {"loongarch64", "loong64"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(host->machine, names[i][0]) == 0)
            return names[i][1];
    return host->machine;
}

static int no_platform(const struct manifest *index, const struct platform *wanted,
                       struct error *error)
{
    cleanup_free char *list = xstrdup(""), *name = platform_text(wanted);

    for (size_t i = 0; i < index->part_count && strlen(list) < 200; i++) {
        struct platform is = manifest_platform(index, i);
        cleanup_free char *text = platform_text(&is);
        char *longer;

        if (!descriptor_is_manifest(&index->parts[i]))
            continue;
        longer = xasprintf("%s%s%s", list, *list ? ", " : "", text);

        free(list);
        list = longer;
    }
    return error_set(error, ERROR_FAILED,
                     "it is an index without an image for %s but for %s; choose one with "
                     "--platform",
                     name, *list ? list : "nothing");
}

/* The part that is the only manifest; part_count: there is none, or another one. */
static size_t find_only(const struct manifest *index)
{
    size_t found = index->part_count;

    for (size_t i = 0; i < index->part_count; i++) {
        if (!descriptor_is_manifest(&index->parts[i]))
            continue;
        if (found < index->part_count)
            return index->part_count;
        found = i;
    }
    return found;
}

int checkpoint_image_choose(const struct manifest *index, const struct platform *platform,
                            size_t *ret, struct error *error)
{
    struct utsname host;
    struct platform wanted = *platform;

    uname(&host);
    if (!platform->os)
        wanted = (struct platform){.os = "linux", .architecture = host_architecture(&host)};
    *ret = manifest_find_platform(index, &wanted);
    if (*ret < index->part_count)
        return 0;
    /* Nothing is run on this machine, so that its architecture does not matter. */
    if (!platform->os && (*ret = find_only(index)) < index->part_count)
        return 0;
    return no_platform(index, &wanted, error);
}

int checkpoint_image_resolve(struct image_source *source, const struct destination *place,
                             const struct platform *platform, struct manifest **ret,
                             struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL, *chosen = NULL;
    size_t part = 0;

    if (destination_get_manifest(place, source, &manifest, error))
        return -1;
    if (manifest->kind == MANIFEST_IMAGE) {
        *ret = steal(manifest);
        return 0;
    }
    if (checkpoint_image_choose(manifest, platform, &part, error) ||
        image_source_get_manifest(source, manifest->parts[part].digest.text, &chosen, error))
        return -1;
    if (chosen->kind != MANIFEST_IMAGE)
        return error_set(error, ERROR_ARCHIVE, "it is an index of indexes, no checkpoint image");
    *ret = steal(chosen);
    return 0;
}

int checkpoint_image_check(const struct manifest *manifest, struct error *error)
{
    const char *artifact = json_get_text(manifest->json, "artifactType");
    bool is_annotated = engine_has_annotation(json_object_get(manifest->json, "annotations"));
    size_t layers = manifest->part_count - 1;

    if (is_annotated && layers == 1)
        return 0;
    error_set(error, ERROR_ARCHIVE, "it is no checkpoint image but %s%s of %zu layer%s, %s",
              artifact ? "an artifact of type " : "an image", artifact ? artifact : "", layers,
              layers == 1 ? "" : "s",
              is_annotated ? "with annotations of a checkpoint"
                           : "without any annotation of a checkpoint");
    return error_advice(error, "only an image with one layer and such annotations holds a "
                               "checkpoint archive");
}

int checkpoint_image_compression(const struct descriptor *layer, enum compression *compression,
                                 struct error *error)
{
    const struct codec *codec = codec_by_media_type(layer->media_type);

    if (codec) {
        *compression = codec->compression;
        return 0;
    }
    return error_set(error, ERROR_ARCHIVE,
                     "it is no checkpoint image: its layer is of type %s, which is no tar",
                     layer->media_type);
}

int checkpoint_image_diff_id(const json_t *config, struct digest *diff_id, struct error *error)
{
    const json_t *diff_ids = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
    const char *text = json_string_value(json_array_get(diff_ids, 0));

    if (json_array_size(diff_ids) == 1 && text && digest_parse(diff_id, text) == 0)
        return 0;
    return error_set(error, ERROR_ARCHIVE,
                     "its config does not name the one diff_id that an image of one layer has");
}
