// SPDX-License-Identifier: Apache-2.0
/* The target that copies images to a new OCI archive: the blobs as they come, the index last. */
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/tmpfile.h"
#include "store/file-source.h"
#include "store/index.h"
#include "store/layout-format.h"
#include "store/ref-name.h"
#include "store/tar.h"

struct archive_target {
    struct image_target target; /* first: what callers hold */
    struct output_file output;
    json_t *index;
    json_t *blobs; /* object whose keys are the digests of all blobs that are in it */
};

static int target_open(struct image_target *target, struct error *error)
{
    return output_file_open(&((struct archive_target *)target)->output, error);
}

static int target_has_blob(struct image_target *target, const struct descriptor *blob, bool *has,
                           struct error *error)
{
    (void)error;
    *has = json_object_get(((struct archive_target *)target)->blobs, blob->digest.text) != NULL;
    return 0;
}

static int begin_blob(struct archive_target *archive, const struct descriptor *blob,
                      struct error *error)
{
    cleanup_free char *name = xasprintf(LAYOUT_BLOBS "/%s", digest_hex(&blob->digest));
    uint8_t header[TAR_BLOCK_BYTES];

    if (tar_file_header(header, name, blob->size, error))
        return -1;
    return tmpfile_append(&archive->output.file, header, sizeof header, error);
}

static int end_blob(struct archive_target *archive, const struct descriptor *blob,
                    struct error *error)
{
    static const uint8_t zeros[TAR_BLOCK_BYTES];
    size_t rest = blob->size % TAR_BLOCK_BYTES;

    if (rest && tmpfile_append(&archive->output.file, zeros, TAR_BLOCK_BYTES - rest, error))
        return -1;
    json_object_set_new(archive->blobs, blob->digest.text, json_true());
    return 0;
}

static int target_put_blob(struct image_target *target, const struct descriptor *blob,
                           struct source *bytes, struct progress *progress, struct error *error)
{
    struct archive_target *archive = (struct archive_target *)target;

    if (begin_blob(archive, blob, error) ||
        tmpfile_append_source(&archive->output.file, bytes, progress, error))
        return -1;
    return end_blob(archive, blob, error);
}

/* It is written anew, so nothing is there yet. */
static int target_has_manifest(struct image_target *target, const struct manifest *manifest,
                               const struct manifest_name *name, bool *has, struct error *error)
{
    (void)target;
    (void)manifest;
    (void)name;
    (void)error;
    *has = false;
    return 0;
}

static int target_put_manifest(struct image_target *target, const struct manifest *manifest,
                               const struct manifest_name *name, struct error *error)
{
    struct archive_target *archive = (struct archive_target *)target;
    const struct descriptor descriptor = {manifest->media_type, manifest->digest, manifest->len};

    if (ref_name_check(name->tag, error))
        return -1;
    if (!json_object_get(archive->blobs, manifest->digest.text) &&
        (begin_blob(archive, &descriptor, error) ||
         tmpfile_append(&archive->output.file, manifest->bytes, manifest->len, error) ||
         end_blob(archive, &descriptor, error)))
        return -1;
    if (!name->is_part)
        index_set_image(archive->index, &descriptor, name->tag);
    return 0;
}

static int target_finish(struct image_target *target, struct error *error)
{
    struct archive_target *archive = (struct archive_target *)target;
    cleanup_free char *index = NULL;
    cleanup_free uint8_t *tail = NULL;
    size_t len;

    if (index_format(archive->index, &index, error))
        return -1;

    const struct tar_member members[] = {
        {LAYOUT_FILE, LAYOUT_CONTENT, strlen(LAYOUT_CONTENT)},
        {LAYOUT_INDEX_FILE, index, strlen(index)},
    };
    if (tar_tail(&tail, &len, members, sizeof members / sizeof *members, error))
        return error_context(error, "write %s", archive->output.path);
    if (tmpfile_append(&archive->output.file, tail, len, error))
        return -1;
    return output_file_publish(&archive->output, error);
}

static void target_free(struct image_target *target)
{
    struct archive_target *archive = (struct archive_target *)target;

    output_file_done(&archive->output);
    json_decref(archive->index);
    json_decref(archive->blobs);
    free(archive);
}

struct image_target *oci_archive_target_new(const char *path)
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
    struct archive_target *archive = NEW(struct archive_target);

    archive->target.ops = &ops;
    output_file_init(&archive->output, path);
    archive->output.may_replace = true;
    archive->index = index_new();
    archive->blobs = json_object();
    return &archive->target;
}
