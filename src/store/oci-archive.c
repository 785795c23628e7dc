// SPDX-License-Identifier: Apache-2.0
/* The sink that writes an OCI archive: a tar file with an image layout of one image. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "store/index.h"
#include "store/layout-format.h"
#include "store/ref-name.h"
#include "store/tar.h"
#include "store/tmpfile.h"

struct oci_archive_sink {
    struct image_sink sink;
    char *path;
    const char *name; /* the last component of path */
    char *tag;        /* or NULL */
    int dir_fd;       /* of the directory the archive is in; -1 before open */
    struct tmpfile file;
};

static struct oci_archive_sink *oci_archive_of(struct image_sink *sink)
{
    return (struct oci_archive_sink *)sink;
}

static int open_directory(struct oci_archive_sink *archive, struct error *error)
{
    size_t len = (size_t)(archive->name - archive->path);
    cleanup_free char *directory = len ? xstrndup(archive->path, len) : xstrdup(".");

    archive->dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (archive->dir_fd >= 0)
        return 0;
    error_set_errno(error, errno, "write %s: open directory %s", archive->path, directory);
    return error_advice(error, "create this directory or choose another destination");
}

/* A rename would put a file in the place of /dev/null or of a link as well. */
static int check_replaceable(const struct oci_archive_sink *archive, struct error *error)
{
    static const char advice[] = "name a file, or a path that does not exist yet";
    struct stat st;

    if (!*archive->name || strcmp(archive->name, ".") == 0 || strcmp(archive->name, "..") == 0)
        return error_set(error, ERROR_USAGE, "write %s: this is a directory; %s", archive->path,
                         advice);
    if (fstatat(archive->dir_fd, archive->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (S_ISREG(st.st_mode))
            return 0;
        return error_set(error, ERROR_USAGE, "write %s: this is %s; %s", archive->path,
                         S_ISDIR(st.st_mode)   ? "a directory"
                         : S_ISLNK(st.st_mode) ? "a symbolic link"
                                               : "not a regular file",
                         advice);
    }
    if (errno == ENOENT)
        return 0;
    error_set_errno(error, errno, "write %s", archive->path);
    return error_advice(error, "choose another destination");
}

static int oci_archive_open(struct image_sink *sink, struct error *error)
{
    struct oci_archive_sink *archive = oci_archive_of(sink);

    if (ref_name_check(archive->tag, error) || open_directory(archive, error) ||
        check_replaceable(archive, error))
        return -1;
    return tmpfile_create(&archive->file, archive->dir_fd, archive->path, error);
}

/* The layer comes first because its bytes do: the block before it is for its header, which needs
 * the size and the digest. */
static int oci_archive_put_layer(struct image_sink *sink, struct source *layer, int64_t size,
                                 struct progress *progress, struct error *error)
{
    static const uint8_t reserved[TAR_BLOCK_BYTES];
    struct oci_archive_sink *archive = oci_archive_of(sink);

    (void)size;
    if (tmpfile_append(&archive->file, reserved, sizeof reserved, error))
        return -1;
    return tmpfile_append_source(&archive->file, layer, progress, error);
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

    if (archive->file.size != TAR_BLOCK_BYTES + layer->size)
        return error_set(error, ERROR_FAILED,
                         "write %s: the layer came with %llu bytes instead of %llu; run the "
                         "command again",
                         archive->path, (unsigned long long)archive->file.size - TAR_BLOCK_BYTES,
                         (unsigned long long)layer->size);
    if (tar_file_header(header, path, layer->size, error) ||
        tmpfile_overwrite(&archive->file, 0, header, sizeof header, error))
        return -1;
    return rest ? tmpfile_append(&archive->file, zeros, TAR_BLOCK_BYTES - rest, error) : 0;
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
        return error_context(error, "write %s", archive->path);
    return tmpfile_append(&archive->file, tail, len, error);
}

static int oci_archive_stage(struct image_sink *sink, const struct image *image,
                             struct error *error)
{
    struct oci_archive_sink *archive = oci_archive_of(sink);

    if (finish_layer(archive, &image->layer, error) || add_documents(archive, image, error))
        return -1;
    return tmpfile_sync(&archive->file, error);
}

static int oci_archive_publish(struct image_sink *sink, const struct image *image,
                               bool *already_there, struct error *error)
{
    struct oci_archive_sink *archive = oci_archive_of(sink);

    (void)image;
    if (tmpfile_publish(&archive->file, archive->name, error) ||
        tmpfile_sync_directory(archive->dir_fd, archive->path, error))
        return -1;
    *already_there = false;
    return 0;
}

static void oci_archive_free(struct image_sink *sink)
{
    struct oci_archive_sink *archive = oci_archive_of(sink);

    tmpfile_done(&archive->file);
    if (archive->dir_fd >= 0)
        close(archive->dir_fd);
    free(archive->path);
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
    const char *slash;

    archive->sink.ops = &ops;
    archive->path = xstrdup(path);
    slash = strrchr(archive->path, '/');
    archive->name = slash ? slash + 1 : archive->path;
    archive->tag = tag ? xstrdup(tag) : NULL;
    archive->dir_fd = -1;
    tmpfile_init(&archive->file);
    return &archive->sink;
}
