// SPDX-License-Identifier: Apache-2.0
/* What the tests of the layout target need beyond store-fixture.h: ways to add an image to the
 * layout at fixture->path and to look into it. */
#ifndef CKPTOCI_TESTS_LAYOUT_FIXTURE_H
#define CKPTOCI_TESTS_LAYOUT_FIXTURE_H

#include "store-fixture.h"

#define REF_NAME "org.opencontainers.image.ref.name"

static inline const char *in_layout(const struct store_fixture *fixture, const char *name)
{
    static _Thread_local char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", fixture->path, name);
    return path;
}

static inline const char *blob_path(const struct store_fixture *fixture,
                                    const struct digest *digest)
{
    static _Thread_local char name[PATH_MAX / 2];

    snprintf(name, sizeof name, "blobs/sha256/%s", digest_hex(digest));
    return in_layout(fixture, name);
}

static inline int try_add(struct store_fixture *fixture, const char *tag, const char *note,
                          const struct image *image, bool *already_there)
{
    cleanup(image_target_freep) struct image_target *target = layout_target_new(fixture->path);

    return write_image(target, tag, note, image, already_there, &fixture->progress,
                       &fixture->error);
}

/* Adds the image of `note` and returns its manifest's digest. */
static inline struct digest add(struct store_fixture *fixture, const char *tag, const char *note)
{
    cleanup(image_freep) struct image *image = make_image(note, 0);

    if (try_add(fixture, tag, note, image, NULL))
        fail_msg("%s", fixture->error.text);
    return image->manifest.digest;
}

static inline json_t *load_index(const struct store_fixture *fixture)
{
    json_t *index = json_load_file(in_layout(fixture, "index.json"), 0, NULL);

    assert_non_null(index);
    return index;
}

/* The digest that the only entry with this tag has, or NULL. */
static inline const char *digest_of_tag(const json_t *index, const char *tag)
{
    const char *digest = NULL;
    size_t i;
    json_t *entry;

    json_array_foreach(json_object_get(index, "manifests"), i, entry)
    {
        const char *name =
            json_string_value(json_object_get(json_object_get(entry, "annotations"), REF_NAME));

        if (tag ? !name || strcmp(name, tag) != 0 : name != NULL)
            continue;
        assert_null(digest);
        digest = json_string_value(json_object_get(entry, "digest"));
    }
    return digest;
}

static inline void assert_tag(const struct store_fixture *fixture, const char *tag,
                              const struct digest *digest)
{
    cleanup(json_decrefp) json_t *index = load_index(fixture);
    const char *actual = digest_of_tag(index, tag);

    assert_non_null(actual);
    assert_string_equal(actual, digest->text);
}

static inline size_t count_images(const struct store_fixture *fixture)
{
    cleanup(json_decrefp) json_t *index = load_index(fixture);

    return json_array_size(json_object_get(index, "manifests"));
}

static inline void assert_blob(const struct store_fixture *fixture,
                               const struct descriptor *descriptor, const void *bytes)
{
    cleanup(buffer_done) struct buffer content;

    read_file(blob_path(fixture, &descriptor->digest), &content);
    assert_int_equal(content.len, descriptor->size);
    assert_memory_equal(content.data, bytes, content.len);
}

#endif
