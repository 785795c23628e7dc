// SPDX-License-Identifier: Apache-2.0
/* The sink that writes an OCI archive: a tar file with an image layout of one image. */
#include "store/store.h"

#include <string.h>

#include "base/memory.h"
#include "base/tmpfile.h"
#include "store/file-source.h"
#include "store/index.h"
#include "store/layout-format.h"
#include "store/ref-name.h"
#include "store/tar.h"

struct oci_archive_sink {
    struct image_sink sink;
    char *tag; /* or NULL */
    struct output_file output;
};

static struct oci_archive_sink *oci_archive_of(struct image_sink *sink)
{
    return (struct oci_archive_sink *)sink;
}

static int oci_archive_open(struct image_sink *sink, struct error *error)
{
    struct oci_archive_sink *archive = oci_archive_of(sink);

    if (ref_name_check(archive->tag, error))
        return -1;
    return output_file_open(&archive->output, error);
}

/* The layer comes first because its bytes do: the block before it is for its header, which needs
 * the size and the digest. */
static int oci_archive_put_layer(struct image_sink *sink, struct source *layer, int64_t size,
                                 struct progress *progress, struct error *error)
{
    static const uint8_t reserved[TAR_BLOCK_BYTES];
    struct oci_archive_sink *archive = oci_archive_of(sink);

    (void)size;
    if (tmpfile_append(&archive->output.file, reserved, sizeof reserved, error))
        return -1;
    return tmpfile_append_source(&archive->output.file, layer, progress, error);
}

static char *blob_path(const struct descriptor *blob)
{
    return xasprintf("blobs/sha256/%s", digest_hex(&blob->digest));
}

static int finish_layer(struct oci_archive_sink *archive, const struct descriptor *layer,
                        struct error *error)
{
    static const uint8_t zeros[TAR_BLOCK_BYTES];
    size_t rest = layer->size % TAR_BLOCK_BYTES;
    cleanup_free char *path = blob_path(layer);
    uint8_t header[TAR_BLOCK_BYTES];

    if (archive->output.file.size != TAR_BLOCK_BYTES + layer->size)
        return error_set(error, ERROR_FAILED,
                         "write %s: the layer came with %llu bytes instead of %llu; run the "
                         "command again",
                         archive->output.path,
                         (unsigned long long)archive->output.file.size - TAR_BLOCK_BYTES,
                         (unsigned long long)layer->size);
    if (tar_file_header(header, path, layer->size, error) ||
        tmpfile_overwrite(&archive->output.file, 0, header, sizeof header, error))
        return -1;
    return rest ? tmpfile_append(&archive->output.file, zeros, TAR_BLOCK_BYTES - rest, error) : 0;
}

static int add_documents(struct oci_archive_sink *archive, const struct image *image,
                         struct error *error)
{
    cleanup_free char *config_path = blob_path(&image->config);
    cleanup_free char *manifest_path = blob_path(&image->manifest);
    cleanup(json_decrefp) json_t *index = index_new();
    cleanup_free char *index_text = NULL;
    cleanup_free uint8_t *tail = NULL;
    size_t len;

    index_set_image(index, &image->manifest, archive->tag);
    if (index_format(index, &index_text, error))
        return -1;

    const struct tar_member members[] = {
        {config_path, image->config_json, image->config.size},
        {manifest_path, image->manifest_json, image->manifest.size},
        {LAYOUT_FILE, LAYOUT_CONTENT, strlen(LAYOUT_CONTENT)},
        {LAYOUT_INDEX_FILE, index_text, strlen(index_text)},
    };
    if (tar_tail(&tail, &len, members, sizeof members / sizeof *members, error))
        return error_context(error, "write %s", archive->output.path);
    return tmpfile_append(&archive->output.file, tail, len, error);
}

static int oci_archive_stage(struct image_sink *sink, const struct image *image,
                             struct error *error)
{
    struct oci_archive_sink *archive = oci_archive_of(sink);

    if (finish_layer(archive, &image->layer, error) || add_documents(archive, image, error))
        return -1;
    return tmpfile_sync(&archive->output.file, error);
}

static int oci_archive_publish(struct image_sink *sink, const struct image *image,
                               bool *already_there, struct error *error)
{
    struct oci_archive_sink *archive = oci_archive_of(sink);

    (void)image;
    if (output_file_publish(&archive->output, error))
        return -1;
    *already_there = false;
    return 0;
}

static void oci_archive_free(struct image_sink *sink)
{
    struct oci_archive_sink *archive = oci_archive_of(sink);

    output_file_done(&archive->output);
    free(archive->tag);
    free(archive);
}

struct image_sink *oci_archive_sink_new(const char *path, const char *tag)
{
    static const struct image_sink_ops ops = {
        .open = oci_archive_open,
        .put_layer = oci_archive_put_layer,
        .stage = oci_archive_stage,
        .publish = oci_archive_publish,
        .free = oci_archive_free,
    };
    struct oci_archive_sink *archive = NEW(struct oci_archive_sink);

    archive->sink.ops = &ops;
    archive->tag = tag ? xstrdup(tag) : NULL;
    output_file_init(&archive->output, path);
    archive->output.may_replace = true;
    return &archive->sink;
}
