// SPDX-License-Identifier: Apache-2.0
/* The target that adds images to an OCI image layout in a directory. */
#include "store/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/tmpfile.h"
#include "store/layout-files.h"
#include "store/layout-tree.h"

/* Layer, config, manifest and "oci-layout". */
enum { ADDED_MAX = 4 };

/* Of what the layout holds under a digest. */
enum presence { ABSENT, OTHER_SIZE, PRESENT };

/* A name that publish() has made; it removes it again if it fails. */
struct added {
    int dir_fd;
    char name[SHA256_HEX_LEN + 1];
};

struct layout {
    struct image_target target; /* first: what callers hold */
    struct layout_tree tree;

    /* Of the image that is visible as a whole or not at all. */
    const char *tag; /* or NULL */
    struct tmpfile layer;
    const struct image *image; /* once staged; NULL: there is none */
    struct added added[ADDED_MAX];
    int added_count;
};

static struct layout *layout_of(struct image_target *target)
{
    return (struct layout *)target;
}

/* Names are digests, so a blob that is there with the right size is the right one. */
static enum presence find_blob(const struct layout *layout, const struct descriptor *blob)
{
    struct stat st;

    if (fstatat(layout->tree.sha256.fd, digest_hex(&blob->digest), &st, AT_SYMLINK_NOFOLLOW))
        return ABSENT;
    return S_ISREG(st.st_mode) && (uint64_t)st.st_size == blob->size ? PRESENT : OTHER_SIZE;
}

/* The index there is, or a new one. */
static int read_index(const struct layout *layout, json_t **index, struct error *error)
{
    const struct layout_directory *top = &layout->tree.top;
    cleanup(json_decrefp) json_t *read = NULL;

    if (json_file_read(&read, top->fd, top->path, LAYOUT_INDEX_FILE, INDEX_MAX_BYTES, error))
        return -1;
    if (!read)
        read = index_new();
    if (index_check(read, error)) {
        error_context(error, "read %s/%s", top->path, LAYOUT_INDEX_FILE);
        return error_advice(error, "repair this image layout or choose another directory");
    }
    *index = steal(read);
    return 0;
}

/* What takes a name from several images, of which each has a full name besides, loses all but the
 * last of them. */
static int check_shared(const struct layout *layout, const json_t *index, const char *tag,
                        struct error *error)
{
    if (!index_name_is_shared(index, tag))
        return 0;
    error_set(error, ERROR_FAILED, "write %s: several images in it are called \"%s\"",
              layout->tree.top.path, tag);
    return error_advice(error, "choose another tag or another directory");
}

static int layout_admit(struct image_target *target, const struct manifest *manifest,
                        const struct manifest_name *name, bool is_alone, struct error *error)
{
    const struct layout *layout = layout_of(target);
    cleanup(json_decrefp) json_t *index = NULL;

    (void)manifest;
    (void)is_alone;
    return read_index(layout, &index, error) || check_shared(layout, index, name->tag, error) ? -1
                                                                                              : 0;
}

static int layout_open(struct image_target *target, const struct manifest_name *name,
                       struct error *error)
{
    struct layout *layout = layout_of(target);
    cleanup(json_decrefp) json_t *index = NULL;

    if ((name && ref_name_check(name->tag, error)) || layout_tree_open(&layout->tree, error))
        return -1;
    /* An index that cannot be changed must show before hours of work. */
    if (read_index(layout, &index, error))
        return -1;
    if (!name)
        return 0;
    if (check_shared(layout, index, name->tag, error))
        return -1;
    layout->tag = name->tag;
    return tmpfile_create(&layout->layer, layout->tree.sha256.fd, layout->tree.sha256.path, error);
}

static int layout_has_blob(struct image_target *target, const struct descriptor *blob, bool *has,
                           struct error *error)
{
    (void)error;
    *has = find_blob(layout_of(target), blob) == PRESENT;
    return 0;
}

static int layout_put_blob(struct image_target *target, const struct descriptor *blob,
                           struct source *bytes, struct progress *progress, struct error *error)
{
    const struct layout_directory *sha256 = &layout_of(target)->tree.sha256;
    cleanup(tmpfile_done) struct tmpfile file;

    tmpfile_init(&file);
    if (tmpfile_create(&file, sha256->fd, sha256->path, error) ||
        tmpfile_append_source(&file, bytes, progress, error))
        return -1;
    return tmpfile_publish(&file, digest_hex(&blob->digest), error);
}

/* Whether the index has the name for it, too. */
static int layout_has_manifest(struct image_target *target, const struct manifest *manifest,
                               const struct manifest_name *name, bool *has, struct error *error)
{
    const struct layout *layout = layout_of(target);
    const struct descriptor descriptor = manifest_descriptor(manifest);
    cleanup(json_decrefp) json_t *index = NULL;

    *has = find_blob(layout, &descriptor) == PRESENT;
    if (!*has || name->is_part)
        return 0;
    if (read_index(layout, &index, error))
        return -1;
    *has = !index_set_image(index, &descriptor, name->tag);
    return 0;
}

/* Only for the staged image: what is copied stays. */
static void remember(struct layout *layout, int dir_fd, const char *name)
{
    struct added *added = &layout->added[layout->added_count];

    if (!layout->image)
        return;
    added->dir_fd = dir_fd;
    strcpy(added->name, name);
    layout->added_count++;
}

static void take_back(struct layout *layout)
{
    while (layout->added_count > 0) {
        const struct added *added = &layout->added[--layout->added_count];

        unlinkat(added->dir_fd, added->name, 0);
    }
}

/* A layer that is there with another size is damaged, and its replacement is not taken back. */
static int add_layer(struct layout *layout, struct error *error)
{
    const struct descriptor *layer = &layout->image->layer;
    enum presence presence = find_blob(layout, layer);

    if (presence == PRESENT)
        return 0;
    if (tmpfile_publish(&layout->layer, digest_hex(&layer->digest), error))
        return -1;
    if (presence == ABSENT)
        remember(layout, layout->tree.sha256.fd, digest_hex(&layer->digest));
    return 0;
}

/* Memory pages hold secrets, and the rest is of no use without them. */
enum { FILE_MODE = 0600 };

/* In the place of whatever has the name. */
static int write_document(const struct layout *layout, const struct descriptor *blob,
                          const char *text, struct error *error)
{
    const struct layout_directory *sha256 = &layout->tree.sha256;

    return tmpfile_write_document(sha256->fd, sha256->path, digest_hex(&blob->digest), text,
                                  blob->size, FILE_MODE, error);
}

static int add_document(struct layout *layout, const struct descriptor *blob, const char *text,
                        struct error *error)
{
    enum presence presence = find_blob(layout, blob);

    if (presence == PRESENT)
        return 0;
    if (write_document(layout, blob, text, error))
        return -1;
    if (presence == ABSENT)
        remember(layout, layout->tree.sha256.fd, digest_hex(&blob->digest));
    return 0;
}

/* The file that makes a directory a layout. */
static int add_layout_file(struct layout *layout, struct error *error)
{
    const struct layout_directory *top = &layout->tree.top;

    if (faccessat(top->fd, LAYOUT_FILE, F_OK, 0) == 0)
        return 0;
    if (tmpfile_write_document(top->fd, top->path, LAYOUT_FILE, LAYOUT_CONTENT,
                               strlen(LAYOUT_CONTENT), FILE_MODE, error))
        return -1;
    remember(layout, top->fd, LAYOUT_FILE);
    return 0;
}

/* An index that is there keeps its mode: others may read other images in it. */
static mode_t index_mode(const struct layout_directory *top)
{
    struct stat st;

    return fstatat(top->fd, LAYOUT_INDEX_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)
               ? st.st_mode & 0666
               : FILE_MODE;
}

static int enter_into_index(struct layout *layout, const struct descriptor *manifest,
                            const char *tag, struct error *error)
{
    const struct layout_directory *top = &layout->tree.top;
    cleanup(json_decrefp) json_t *index = NULL;
    cleanup_free char *text = NULL;

    if (read_index(layout, &index, error) || check_shared(layout, index, tag, error))
        return -1;
    layout->target.already_there = !index_set_image(index, manifest, tag);
    if (layout->target.already_there)
        return 0;
    if (index_format(index, &text, error))
        return error_context(error, "write %s/%s", top->path, LAYOUT_INDEX_FILE);
    return tmpfile_write_document(top->fd, top->path, LAYOUT_INDEX_FILE, text, strlen(text),
                                  index_mode(top), error);
}

/* The index goes last: without it nobody looks for the rest. */
static int make_visible(struct layout *layout, const struct descriptor *manifest, const char *tag,
                        struct error *error)
{
    if (layout_tree_sync(&layout->tree, error) || add_layout_file(layout, error) ||
        enter_into_index(layout, manifest, tag, error))
        return -1;
    layout_tree_keep(&layout->tree);
    return 0;
}

static int sync_top(const struct layout *layout, struct error *error)
{
    return tmpfile_sync_directory(layout->tree.top.fd, layout->tree.top.path, error);
}

static int layout_put_manifest(struct image_target *target, const struct manifest *manifest,
                               const struct manifest_name *name, struct error *error)
{
    struct layout *layout = layout_of(target);
    const struct descriptor descriptor = manifest_descriptor(manifest);
    int result;

    if (ref_name_check(name->tag, error) ||
        write_document(layout, &descriptor, manifest->bytes, error))
        return -1;
    if (name->is_part)
        return 0;
    if (layout_tree_lock(&layout->tree, error))
        return -1;
    result = make_visible(layout, &descriptor, name->tag, error) || sync_top(layout, error);
    layout_tree_unlock(&layout->tree);
    return result ? -1 : 0;
}

/* Where anything is wrong, no image of ours is there; publish() will report it. */
static int layout_look_up(struct image_target *target, struct held_image *held, struct error *error)
{
    const struct layout *layout = layout_of(target);
    const struct layout_directory *sha256 = &layout->tree.sha256;
    cleanup(held_image_done) struct held_image found = {0};
    cleanup(buffer_done) struct buffer manifest, config;
    cleanup(json_decrefp) json_t *index = NULL;
    struct error ignored;
    struct digest digest;

    (void)error;
    buffer_init(&manifest, MANIFEST_MAX_BYTES);
    buffer_init(&config, HELD_CONFIG_MAX_BYTES);
    if (read_index(layout, &index, &ignored) || !index_find_manifest(index, layout->tag, &digest) ||
        json_file_bytes(&manifest, sha256->fd, digest_hex(&digest), &ignored) ||
        !held_image_read_manifest(&found, manifest.data, manifest.len) ||
        !digest_equal(&found.manifest.digest, &digest) ||
        json_file_bytes(&config, sha256->fd, digest_hex(&found.config.digest), &ignored) ||
        !held_image_read_config(&found, config.data, config.len) ||
        find_blob(layout, &found.layer) != PRESENT)
        return 0;
    *held = found;
    found = (struct held_image){0};
    return 1;
}

static int layout_put_layer(struct image_target *target, struct source *layer, int64_t size,
                            struct progress *progress, struct error *error)
{
    (void)size;
    return tmpfile_append_source(&layout_of(target)->layer, layer, progress, error);
}

static int layout_stage(struct image_target *target, const struct image *image, struct error *error)
{
    struct layout *layout = layout_of(target);

    if (layout->layer.size != image->layer.size)
        return error_set(error, ERROR_FAILED,
                         "write %s: the layer came with %llu bytes instead of %llu; run the "
                         "command again",
                         layout->tree.top.path, (unsigned long long)layout->layer.size,
                         (unsigned long long)image->layer.size);
    layout->image = image;
    /* This may take long, so it is done before the layout is locked. */
    return find_blob(layout, &image->layer) == PRESENT ? 0 : tmpfile_sync(&layout->layer, error);
}

static int publish_image(struct layout *layout, struct error *error)
{
    const struct image *image = layout->image;

    if (add_layer(layout, error) ||
        add_document(layout, &image->config, image->config_json, error) ||
        add_document(layout, &image->manifest, image->manifest_json, error) ||
        make_visible(layout, &image->manifest, layout->tag, error)) {
        /* While the layout is still locked: other runs rely on what they find. */
        take_back(layout);
        return -1;
    }
    return sync_top(layout, error);
}

/* Copied images are visible as soon as their manifest has been put. */
static int layout_publish(struct image_target *target, struct error *error)
{
    struct layout *layout = layout_of(target);
    int result;

    if (!layout->image)
        return 0;
    if (layout_tree_lock(&layout->tree, error))
        return -1;
    result = publish_image(layout, error);
    layout_tree_unlock(&layout->tree);
    return result;
}

static void layout_free(struct image_target *target)
{
    struct layout *layout = layout_of(target);

    tmpfile_done(&layout->layer);
    layout_tree_done(&layout->tree);
    free(layout);
}

struct image_target *layout_target_new(const char *path)
{
    static const struct image_target_ops ops = {
        .open = layout_open,
        .admit = layout_admit,
        .has_blob = layout_has_blob,
        .put_blob = layout_put_blob,
        .has_manifest = layout_has_manifest,
        .put_manifest = layout_put_manifest,
        .look_up = layout_look_up,
        .put_layer = layout_put_layer,
        .stage = layout_stage,
        .publish = layout_publish,
        .free = layout_free,
    };
    struct layout *layout = NEW(struct layout);

    layout->target.ops = &ops;
    layout_tree_init(&layout->tree, path);
    tmpfile_init(&layout->layer);
    return &layout->target;
}
