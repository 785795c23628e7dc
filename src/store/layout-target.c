// SPDX-License-Identifier: Apache-2.0
/* The target that copies images to an OCI image layout in a directory. Blobs that are there stay,
 * also when the image that wanted them never came: copying again goes on from there. */
#include "store/store.h"

#include "base/memory.h"
#include "store/index.h"
#include "store/layout-content.h"
#include "store/tmpfile.h"

struct layout_target {
    struct image_target target; /* first: what callers hold */
    struct layout_tree tree;
};

static struct layout_tree *tree_of(struct image_target *target)
{
    return &((struct layout_target *)target)->tree;
}

static int target_open(struct image_target *target, struct error *error)
{
    cleanup(json_decrefp) json_t *index = NULL;

    if (layout_tree_open(tree_of(target), error))
        return -1;
    return layout_read_index(tree_of(target), &index, error);
}

static int target_has_blob(struct image_target *target, const struct descriptor *blob, bool *has,
                           struct error *error)
{
    (void)error;
    *has = layout_find_blob(tree_of(target), blob) == PRESENT;
    return 0;
}

static int target_put_blob(struct image_target *target, const struct descriptor *blob,
                           struct source *bytes, struct progress *progress, struct error *error)
{
    const struct layout_directory *sha256 = &tree_of(target)->sha256;
    cleanup(tmpfile_done) struct tmpfile file;

    if (tmpfile_create(&file, sha256->fd, sha256->path, error) ||
        tmpfile_append_source(&file, bytes, progress, error) || tmpfile_sync(&file, error))
        return -1;
    return tmpfile_publish(&file, digest_hex(&blob->digest), error);
}

static struct descriptor descriptor_of(const struct manifest *manifest)
{
    return (struct descriptor){manifest->media_type, manifest->digest, manifest->len};
}

/* Whether the index has the name for it, too. */
static int target_has_manifest(struct image_target *target, const struct manifest *manifest,
                               const struct manifest_name *name, bool *has, struct error *error)
{
    const struct descriptor descriptor = descriptor_of(manifest);
    cleanup(json_decrefp) json_t *index = NULL;

    *has = layout_find_blob(tree_of(target), &descriptor) == PRESENT;
    if (!*has || name->is_part)
        return 0;
    if (layout_read_index(tree_of(target), &index, error))
        return -1;
    *has = !index_set_image(index, &descriptor, name->tag);
    return 0;
}

static int enter(struct layout_tree *tree, const struct descriptor *manifest, const char *tag,
                 struct error *error)
{
    bool ignored;

    if (layout_tree_sync(tree, error) || layout_mark(tree, &ignored, error) ||
        layout_enter_image(tree, manifest, tag, &ignored, error))
        return -1;
    layout_tree_keep(tree);
    return tmpfile_sync_directory(tree->top.fd, tree->top.path, error);
}

static int target_put_manifest(struct image_target *target, const struct manifest *manifest,
                               const struct manifest_name *name, struct error *error)
{
    const struct descriptor descriptor = descriptor_of(manifest);
    struct layout_tree *tree = tree_of(target);
    int result;

    if (ref_name_check(name->tag, error) ||
        layout_write_blob(tree, &descriptor, manifest->bytes, error))
        return -1;
    if (name->is_part)
        return 0;
    if (layout_tree_lock(tree, error))
        return -1;
    result = enter(tree, &descriptor, name->tag, error);
    layout_tree_unlock(tree);
    return result;
}

static int target_finish(struct image_target *target, struct error *error)
{
    (void)target;
    (void)error;
    return 0;
}

static void target_free(struct image_target *target)
{
    layout_tree_done(tree_of(target));
    free(target);
}

struct image_target *layout_target_new(const char *path)
{
    static const struct image_target_ops ops = {
        .open = target_open,
        .has_blob = target_has_blob,
        .put_blob = target_put_blob,
        .has_manifest = target_has_manifest,
        .put_manifest = target_put_manifest,
        .finish = target_finish,
        .free = target_free,
    };
    struct layout_target *layout = NEW(struct layout_target);

    layout->target.ops = &ops;
    layout_tree_init(&layout->tree, path);
    return &layout->target;
}
