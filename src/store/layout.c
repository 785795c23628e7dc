// SPDX-License-Identifier: Apache-2.0
/* The sink that adds an image to an OCI image layout in a directory. */
#include "store/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/tmpfile.h"
#include "store/file-source.h"
#include "store/index.h"
#include "store/json-file.h"
#include "store/layout-content.h"
#include "store/layout-format.h"
#include "store/layout-tree.h"
#include "store/ref-name.h"

/* Layer, config, manifest and "oci-layout". */
enum { ADDED_MAX = 4 };

/* A name that publish() has made, to be removed if it fails. */
struct added {
    int dir_fd;
    char name[SHA256_HEX_LEN + 1];
};

struct layout_sink {
    struct image_sink sink;
    char *tag; /* or NULL */
    struct layout_tree tree;
    struct tmpfile layer;
    struct added added[ADDED_MAX];
    int added_count;
};

static struct layout_sink *layout_of(struct image_sink *sink)
{
    return (struct layout_sink *)sink;
}

static int layout_open(struct image_sink *sink, struct error *error)
{
    struct layout_sink *layout = layout_of(sink);
    cleanup(json_decrefp) json_t *index = NULL;

    if (ref_name_check(layout->tag, error) || layout_tree_open(&layout->tree, error))
        return -1;
    /* An index that publish() could not change is better known before the hours of work. */
    if (layout_read_index(&layout->tree, &index, error))
        return -1;
    return tmpfile_create(&layout->layer, layout->tree.sha256.fd, layout->tree.sha256.path, error);
}

/* Whatever is wrong here is not known as an image; publish() has its own eyes. */
static int layout_look_up(struct image_sink *sink, struct held_image *held, struct error *error)
{
    const struct layout_sink *layout = layout_of(sink);
    const struct layout_directory *sha256 = &layout->tree.sha256;
    cleanup(held_image_done) struct held_image found = {0};
    cleanup(buffer_done) struct buffer manifest, config;
    cleanup(json_decrefp) json_t *index = NULL;
    struct error reason; /* nobody asks for it */
    struct digest digest;

    (void)error;
    buffer_init(&manifest, MANIFEST_MAX_BYTES);
    buffer_init(&config, HELD_CONFIG_MAX_BYTES);
    if (layout_read_index(&layout->tree, &index, &reason) ||
        !index_find_manifest(index, layout->tag, &digest) ||
        json_file_bytes(&manifest, sha256->fd, digest_hex(&digest), &reason) ||
        !held_image_read_manifest(&found, manifest.data, manifest.len) ||
        !digest_equal(&found.manifest.digest, &digest) ||
        json_file_bytes(&config, sha256->fd, digest_hex(&found.config.digest), &reason) ||
        !held_image_read_config(&found, config.data, config.len) ||
        layout_find_blob(&layout->tree, &found.layer) != PRESENT)
        return 0;
    *held = found;
    found = (struct held_image){0};
    return 1;
}

static int layout_put_layer(struct image_sink *sink, struct source *layer, int64_t size,
                            struct progress *progress, struct error *error)
{
    (void)size;
    return tmpfile_append_source(&layout_of(sink)->layer, layer, progress, error);
}

static void remember(struct layout_sink *layout, int dir_fd, const char *name)
{
    struct added *added = &layout->added[layout->added_count++];

    added->dir_fd = dir_fd;
    strcpy(added->name, name);
}

static void take_back(struct layout_sink *layout)
{
    while (layout->added_count > 0) {
        const struct added *added = &layout->added[--layout->added_count];

        unlinkat(added->dir_fd, added->name, 0);
    }
}

/* Names are digests, so a blob that is there with the right size is the right one. Of any other
 * size it is damaged, and its replacement is not taken back. */
static int add_layer(struct layout_sink *layout, const struct descriptor *layer,
                     struct error *error)
{
    enum presence presence = layout_find_blob(&layout->tree, layer);

    if (presence == PRESENT)
        return 0;
    if (tmpfile_publish(&layout->layer, digest_hex(&layer->digest), error))
        return -1;
    if (presence == ABSENT)
        remember(layout, layout->tree.sha256.fd, digest_hex(&layer->digest));
    return 0;
}

static int add_document(struct layout_sink *layout, const struct descriptor *blob, const char *text,
                        struct error *error)
{
    enum presence presence = layout_find_blob(&layout->tree, blob);

    if (presence == PRESENT)
        return 0;
    if (layout_write_blob(&layout->tree, blob, text, error))
        return -1;
    if (presence == ABSENT)
        remember(layout, layout->tree.sha256.fd, digest_hex(&blob->digest));
    return 0;
}

static int add_layout_file(struct layout_sink *layout, struct error *error)
{
    bool added = false;

    if (layout_mark(&layout->tree, &added, error))
        return -1;
    if (added)
        remember(layout, layout->tree.top.fd, LAYOUT_FILE);
    return 0;
}

/* The index goes last: until then nobody looks for the rest. */
static int add_image(struct layout_sink *layout, const struct image *image, bool *already_there,
                     struct error *error)
{
    if (add_layer(layout, &image->layer, error) ||
        add_document(layout, &image->config, image->config_json, error) ||
        add_document(layout, &image->manifest, image->manifest_json, error) ||
        layout_tree_sync(&layout->tree, error) || add_layout_file(layout, error) ||
        layout_enter_image(&layout->tree, &image->manifest, layout->tag, already_there, error)) {
        /* Before others may lock: what they find, they rely on. */
        take_back(layout);
        return -1;
    }
    return tmpfile_sync_directory(layout->tree.top.fd, layout->tree.top.path, error);
}

static int layout_stage(struct image_sink *sink, const struct image *image, struct error *error)
{
    struct layout_sink *layout = layout_of(sink);

    if (layout->layer.size != image->layer.size)
        return error_set(error, ERROR_FAILED,
                         "write %s: the layer came with %llu bytes instead of %llu; run the "
                         "command again",
                         layout->tree.top.path, (unsigned long long)layout->layer.size,
                         (unsigned long long)image->layer.size);
    /* The long wait, while other runs may still change the layout. */
    return layout_find_blob(&layout->tree, &image->layer) == PRESENT
               ? 0
               : tmpfile_sync(&layout->layer, error);
}

static int layout_publish(struct image_sink *sink, const struct image *image, bool *already_there,
                          struct error *error)
{
    struct layout_sink *layout = layout_of(sink);
    int result;

    if (layout_tree_lock(&layout->tree, error))
        return -1;
    result = add_image(layout, image, already_there, error);
    layout_tree_unlock(&layout->tree);
    if (result == 0)
        layout_tree_keep(&layout->tree);
    return result;
}

static void layout_free(struct image_sink *sink)
{
    struct layout_sink *layout = layout_of(sink);

    tmpfile_done(&layout->layer);
    layout_tree_done(&layout->tree);
    free(layout->tag);
    free(layout);
}

struct image_sink *layout_sink_new(const char *path, const char *tag)
{
    static const struct image_sink_ops ops = {
        .open = layout_open,
        .look_up = layout_look_up,
        .put_layer = layout_put_layer,
        .stage = layout_stage,
        .publish = layout_publish,
        .free = layout_free,
    };
    struct layout_sink *layout = NEW(struct layout_sink);

    layout->sink.ops = &ops;
    layout->tag = tag ? xstrdup(tag) : NULL;
    layout_tree_init(&layout->tree, path);
    tmpfile_init(&layout->layer);
    return &layout->sink;
}
