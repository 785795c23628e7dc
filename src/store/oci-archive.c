// SPDX-License-Identifier: Apache-2.0
/* The target that writes an OCI archive: a new tar file with an image layout, the blobs as they
 * come, the index last. */
#include "store/store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/tmpfile.h"
#include "store/image-reader.h"
#include "store/layout-files.h"
#include "store/tar.h"

struct oci_archive {
    struct image_target target; /* first: what callers hold */
    struct output_file output;
    json_t *before; /* index of the file that is replaced; NULL: there is none, or it may go */
    json_t *index;
    json_t *blobs;    /* object whose keys are the digests of all blobs that are in it */
    uint64_t blob_at; /* offset of the header of the blob that is being written */
    bool has_begun;   /* that blob, which has not been ended yet */
    const char *tag;  /* of the image that will be staged, or NULL */
    bool is_complete; /* the index is in it */
    bool may_replace; /* a file that holds something else */
};

static struct oci_archive *archive_of(struct image_target *target)
{
    return (struct oci_archive *)target;
}

static int would_lose(const struct oci_archive *archive, const char *name, struct error *error)
{
    error_set(error, ERROR_FAILED, "write %s: this file holds another image, \"%.300s\"",
              archive->output.path, name);
    return error_advice(error, "choose another file, or replace it with --force");
}

/* Looks at the file that will be replaced. An empty one, as mktemp(1) makes them, holds nothing. */
static int read_before(struct oci_archive *archive, struct error *error)
{
    struct stat st;

    json_decref(steal(archive->before));
    if (archive->may_replace ||
        fstatat(archive->output.dir_fd, archive->output.name, &st, AT_SYMLINK_NOFOLLOW) ||
        st.st_size == 0 ||
        oci_archive_read_index(archive->output.path, &archive->before, error) == 0)
        return 0;
    error_context(error, "write %s: this file exists and is no archive of images",
                  archive->output.path);
    return error_advice(error, "choose another file, or replace it with --force");
}

static int archive_open(struct image_target *target, const struct manifest_name *name,
                        struct error *error)
{
    struct oci_archive *archive = archive_of(target);
    const char *other;

    if (name && ref_name_check(name->tag, error))
        return -1;
    archive->tag = name ? name->tag : NULL;
    if (output_file_open(&archive->output, error) || read_before(archive, error))
        return -1;
    other = name ? index_find_other_name(archive->before, name->tag) : NULL;
    return other ? would_lose(archive, other, error) : 0;
}

static int archive_admit(struct image_target *target, const struct manifest *manifest,
                         const struct manifest_name *name, bool is_alone, struct error *error)
{
    struct oci_archive *archive = archive_of(target);
    const char *other = is_alone ? index_find_other_name(archive->before, name->tag) : NULL;
    bool is_ambiguous = false;
    const json_t *entry =
        name->tag ? index_find_image(archive->before, name->tag, &is_ambiguous) : NULL;

    if (other)
        return would_lose(archive, other, error);
    if (is_ambiguous || (entry && !json_text_is(entry, "digest", manifest->digest.text)))
        return would_lose(archive, name->tag, error);
    return 0;
}

static int archive_has_blob(struct image_target *target, const struct descriptor *blob, bool *has,
                            struct error *error)
{
    (void)error;
    *has = json_object_get(archive_of(target)->blobs, blob->digest.text) != NULL;
    return 0;
}

/* The block before the bytes is for the header, which needs their number and digest. A blob that
 * failed on the way is taken back. */
static int begin_blob(struct oci_archive *archive, struct error *error)
{
    static const uint8_t reserved[TAR_BLOCK_BYTES];

    if (archive->has_begun && tmpfile_truncate(&archive->output.file, archive->blob_at, error))
        return -1;
    archive->has_begun = true;
    archive->blob_at = archive->output.file.size;
    return tmpfile_append(&archive->output.file, reserved, sizeof reserved, error);
}

static int end_blob(struct oci_archive *archive, const struct descriptor *blob, struct error *error)
{
    static const uint8_t zeros[TAR_BLOCK_BYTES];
    struct tmpfile *file = &archive->output.file;
    uint64_t size = file->size - archive->blob_at - TAR_BLOCK_BYTES;
    size_t rest = size % TAR_BLOCK_BYTES;
    cleanup_free char *name = xasprintf(LAYOUT_BLOBS "/%s", digest_hex(&blob->digest));
    uint8_t header[TAR_BLOCK_BYTES];

    if (size != blob->size)
        return error_set(error, ERROR_FAILED,
                         "write %s: the layer came with %llu bytes instead of %llu; run the "
                         "command again",
                         archive->output.path, (unsigned long long)size,
                         (unsigned long long)blob->size);
    if (tar_file_header(header, name, blob->size, error) ||
        tmpfile_overwrite(file, archive->blob_at, header, sizeof header, error) ||
        (rest && tmpfile_append(file, zeros, TAR_BLOCK_BYTES - rest, error)))
        return -1;
    archive->has_begun = false;
    json_object_set_new(archive->blobs, blob->digest.text, json_true());
    return 0;
}

static int archive_put_layer(struct image_target *target, struct source *layer, int64_t size,
                             struct progress *progress, struct error *error)
{
    struct oci_archive *archive = archive_of(target);

    (void)size;
    if (begin_blob(archive, error))
        return -1;
    return tmpfile_append_source(&archive->output.file, layer, progress, error);
}

static int archive_put_blob(struct image_target *target, const struct descriptor *blob,
                            struct source *bytes, struct progress *progress, struct error *error)
{
    if (archive_put_layer(target, bytes, (int64_t)blob->size, progress, error))
        return -1;
    return end_blob(archive_of(target), blob, error);
}

static int put_document(struct oci_archive *archive, const struct descriptor *blob,
                        const char *text, struct error *error)
{
    if (json_object_get(archive->blobs, blob->digest.text))
        return 0;
    if (begin_blob(archive, error) ||
        tmpfile_append(&archive->output.file, text, blob->size, error))
        return -1;
    return end_blob(archive, blob, error);
}

/* The file is written anew, so nothing is there yet. */
static int archive_has_manifest(struct image_target *target, const struct manifest *manifest,
                                const struct manifest_name *name, bool *has, struct error *error)
{
    (void)target;
    (void)manifest;
    (void)name;
    (void)error;
    *has = false;
    return 0;
}

static int archive_put_manifest(struct image_target *target, const struct manifest *manifest,
                                const struct manifest_name *name, struct error *error)
{
    struct oci_archive *archive = archive_of(target);
    const struct descriptor descriptor = manifest_descriptor(manifest);

    if (ref_name_check(name->tag, error) ||
        put_document(archive, &descriptor, manifest->bytes, error))
        return -1;
    if (!name->is_part)
        index_set_image(archive->index, &descriptor, name->tag);
    return 0;
}

static int archive_look_up(struct image_target *target, struct held_image *held,
                           struct error *error)
{
    (void)target;
    (void)held;
    (void)error;
    return 0;
}

/* Behind the blobs: the layout's own files and the end of the tar file. */
static int complete(struct oci_archive *archive, struct error *error)
{
    cleanup_free char *index = NULL;
    cleanup_free uint8_t *tail = NULL;
    const char *lost;
    size_t len;

    /* Looked at again: hours may have passed since it was opened. */
    if (read_before(archive, error))
        return -1;
    if ((lost = index_find_lost(archive->before, archive->index)))
        return would_lose(archive, lost, error);
    if (archive->has_begun && tmpfile_truncate(&archive->output.file, archive->blob_at, error))
        return -1;
    if (index_format(archive->index, &index, error))
        return -1;

    const struct tar_member members[] = {
        {LAYOUT_FILE, LAYOUT_CONTENT, strlen(LAYOUT_CONTENT)},
        {LAYOUT_INDEX_FILE, index, strlen(index)},
    };
    if (tar_tail(&tail, &len, members, sizeof members / sizeof *members, error))
        return error_context(error, "write %s", archive->output.path);
    archive->is_complete = true;
    return tmpfile_append(&archive->output.file, tail, len, error);
}

static int archive_stage(struct image_target *target, const struct image *image,
                         struct error *error)
{
    struct oci_archive *archive = archive_of(target);

    if (end_blob(archive, &image->layer, error) ||
        put_document(archive, &image->config, image->config_json, error) ||
        put_document(archive, &image->manifest, image->manifest_json, error))
        return -1;
    index_set_image(archive->index, &image->manifest, archive->tag);
    return complete(archive, error) || tmpfile_sync(&archive->output.file, error) ? -1 : 0;
}

static int archive_publish(struct image_target *target, struct error *error)
{
    struct oci_archive *archive = archive_of(target);

    if (!archive->is_complete && complete(archive, error))
        return -1;
    return output_file_publish(&archive->output, error);
}

static void archive_free(struct image_target *target)
{
    struct oci_archive *archive = archive_of(target);

    output_file_done(&archive->output);
    json_decref(archive->before);
    json_decref(archive->index);
    json_decref(archive->blobs);
    free(archive);
}

struct image_target *oci_archive_target_new(const char *path, bool may_replace)
{
    static const struct image_target_ops ops = {
        .open = archive_open,
        .admit = archive_admit,
        .has_blob = archive_has_blob,
        .put_blob = archive_put_blob,
        .has_manifest = archive_has_manifest,
        .put_manifest = archive_put_manifest,
        .look_up = archive_look_up,
        .put_layer = archive_put_layer,
        .stage = archive_stage,
        .publish = archive_publish,
        .free = archive_free,
    };
    struct oci_archive *archive = NEW(struct oci_archive);

    archive->target.ops = &ops;
    output_file_init(&archive->output, path);
    archive->output.may_replace = true; /* what is lost with it is looked at here */
    archive->may_replace = may_replace;
    archive->index = index_new();
    archive->blobs = json_object();
    return &archive->target;
}
