// SPDX-License-Identifier: Apache-2.0
/* The documents of an image that somebody else has written. The first byte says which one it is to
 * be read as; see the switch. */
#include <string.h>

#include "base/memory.h"
#include "fuzz.h"
#include "oci/digest.h"
#include "oci/image.h"
#include "oci/manifest.h"
#include "store/layout-files.h"
#include "transport/checkpoint-image.h"

static void look_at(const struct manifest *manifest)
{
    const struct platform wanted = {.os = "linux", .architecture = "amd64"};
    enum compression compression;
    struct digest subject;
    struct error error = {0};

    if (manifest_subject(manifest, &subject))
        fuzz_require(strlen(subject.text) == DIGEST_TEXT_LEN);
    manifest_annotation(manifest, "org.criu.checkpoint.container.name");
    for (size_t i = 0; i < manifest->part_count; i++) {
        struct platform is = manifest_platform(manifest, i);

        platform_matches(&is, &wanted);
        descriptor_is_foreign(&manifest->parts[i]);
        fuzz_require(strlen(manifest->parts[i].digest.text) == DIGEST_TEXT_LEN);
    }
    if (manifest->kind == MANIFEST_INDEX)
        return;
    fuzz_require(manifest->part_count > 0);
    if (checkpoint_image_check(manifest, &error) < 0 ||
        checkpoint_image_compression(&manifest->parts[1], &compression, &error) < 0)
        fuzz_require_error(&error);
}

static void fuzz_manifest(const struct fuzz_input *input, const char *media_type)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    cleanup_free char *bytes = xstrndup("", 0);
    struct error error = {0};

    bytes = xreallocarray(bytes, input->len + 1, 1);
    memcpy(bytes, input->data, input->len);
    bytes[input->len] = '\0';
    if (manifest_new(&manifest, bytes, input->len, media_type, &error) < 0) {
        fuzz_require_error(&error);
        return;
    }
    bytes = NULL; /* taken */
    fuzz_require(manifest->len == input->len);
    fuzz_require(memcmp(manifest->bytes, input->data, input->len) == 0);
    look_at(manifest);
}

static void fuzz_held(struct fuzz_input input)
{
    struct held_image held = {0};
    size_t len;
    cleanup_free char *manifest = fuzz_next_text(&input, &len);

    if (held_image_read_manifest(&held, manifest, len))
        fuzz_require(held.config.size <= HELD_CONFIG_MAX_BYTES);
    /* The digest will hardly be right by chance. */
    sha256_of(input.data, input.len, &held.config.digest);
    held.config.size = input.len;
    if (held_image_read_config(&held, input.data, input.len)) {
        fuzz_require(held.comment);
        if (held.layer.media_type)
            held_image_is_made_like(&held, held.layer.media_type, "zstd level 1", 188416);
    }
    held_image_done(&held);
}

static void fuzz_index(const struct fuzz_input *input)
{
    cleanup(json_decrefp) json_t *index =
        json_loadb((const char *)input->data, input->len, JSON_REJECT_DUPLICATES, NULL);
    cleanup(json_decrefp) json_t *names = NULL, *unnamed = NULL;
    struct descriptor manifest = {.media_type = MEDIA_TYPE_MANIFEST, .size = 5};
    cleanup_free char *text = NULL;
    struct digest digest;
    struct error error = {0};
    bool ambiguous;

    digest_from_bytes(&manifest.digest, (uint8_t[SHA256_BYTES]){0});
    if (index_check(index, &error) < 0) {
        fuzz_require_error(&error);
        return;
    }
    index_list_names(index, &names, &unnamed);
    fuzz_require(json_array_size(names) + json_array_size(unnamed) <= index_count(index));
    index_find_image(index, NULL, &ambiguous);
    index_find_manifest(index, NULL, &digest);
    index_set_image(index, &manifest, "tag");
    fuzz_require(!index_set_image(index, &manifest, "tag"));
    fuzz_require(index_find_manifest(index, "tag", &digest));
    fuzz_require(digest_equal(&digest, &manifest.digest));
    fuzz_require(index_find_image(index, "tag", &ambiguous) && !ambiguous);
    index_set_image(index, &manifest, NULL);
    if (index_format(index, &text, &error) < 0)
        fuzz_require_error(&error);
}

static void fuzz_config(const struct fuzz_input *input)
{
    cleanup(json_decrefp) json_t *config =
        json_loadb((const char *)input->data, input->len, JSON_REJECT_DUPLICATES, NULL);
    struct digest diff_id;
    struct error error = {0};

    if (checkpoint_image_diff_id(config, &diff_id, &error) < 0)
        fuzz_require_error(&error);
    else
        fuzz_require(strlen(diff_id.text) == DIGEST_TEXT_LEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data + 1, size - 1};

    if (size == 0)
        return 0;
    switch (*data) {
    case 'm':
        fuzz_manifest(&input, NULL);
        break;
    case 'd':
        fuzz_manifest(&input, MEDIA_TYPE_DOCKER_INDEX "; charset=utf-8");
        break;
    case 'h':
        fuzz_held(input);
        break;
    case 'i':
        fuzz_index(&input);
        break;
    case 'c':
        fuzz_config(&input);
        break;
    }
    return 0;
}
