// SPDX-License-Identifier: Apache-2.0
/* The sources that read images from an image layout, in a directory or in a tar file. The two
 * differ only in how a file of the layout is found. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "store/image-reader.h"
#include "store/layout-files.h"
#include "store/tar.h"
#include "stream/codec.h"

enum { BLOCK_BYTES = 1 << 20 };

struct image_reader {
    struct image_source source; /* first: what callers hold */
    char *path;
    char *reference;           /* tag or digest; NULL: the only image */
    int fd;                    /* of the directory or the tar file; -1 before open */
    struct tar_index *members; /* of a tar file, else NULL */
    bool is_archive;
    json_t *index;
};

/* A file of the layout; closed by file_done(). Others may read through the same descriptor: only
 * pread() is used. */
struct file {
    int fd;
    uint64_t offset, size; /* bytes */
};

static void file_done(struct file *file)
{
    if (file->fd >= 0)
        close(file->fd);
}

/* A file of the layout as a source, which can be read again from any offset. */
struct file_source {
    struct source source;
    struct file file;
    uint64_t at; /* within it */
    char *path;  /* of the layout, for messages */
    char block[BLOCK_BYTES];
};

static int file_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct file_source *self = (struct file_source *)source;
    uint64_t left = self->file.size - self->at;
    ssize_t got;

    if (left == 0)
        return 0;
    do
        got = pread(self->file.fd, self->block, left < BLOCK_BYTES ? left : BLOCK_BYTES,
                    (off_t)(self->file.offset + self->at));
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_set_errno(error, errno, "read %s", self->path);
    if (got == 0)
        return error_set(error, ERROR_FAILED, "read %s: the file is truncated", self->path);
    self->at += (uint64_t)got;
    *data = self->block;
    *len = (size_t)got;
    return 1;
}

static int file_seek(struct source *source, uint64_t offset, struct error *error)
{
    struct file_source *self = (struct file_source *)source;

    if (offset > self->file.size)
        return error_set(error, ERROR_FAILED, "read %s: it has no byte %llu", self->path,
                         (unsigned long long)offset);
    self->at = offset;
    return 0;
}

static void file_free(struct source *source)
{
    struct file_source *self = (struct file_source *)source;

    file_done(&self->file);
    free(self->path);
    free(self);
}

/* Takes the file. */
static struct source *file_source_new(struct file *file, const char *path)
{
    static const struct source_ops ops = {.next = file_next, .seek = file_seek, .free = file_free};
    struct file_source *self = NEW(struct file_source);

    self->source.ops = &ops;
    self->file = *file;
    file->fd = -1;
    self->path = xstrdup(path);
    return &self->source;
}

static int open_member(const struct image_reader *self, const char *name, struct file *file)
{
    const struct tar_place *place = tar_index_find(self->members, name);

    if (!place) {
        errno = ENOENT;
        return -1;
    }
    *file = (struct file){fcntl(self->fd, F_DUPFD_CLOEXEC, 0), place->offset, place->size};
    return file->fd < 0 ? -1 : 0;
}

static int open_in_directory(const struct image_reader *self, const char *name, struct file *file)
{
    /* Not to hang on a FIFO that has this name. */
    cleanup_close int fd = openat(self->fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || fstat(fd, &st))
        return -1;
    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        return -1;
    }
    *file = (struct file){fd, 0, (uint64_t)st.st_size};
    fd = -1;
    return 0;
}

static int open_file(const struct image_reader *self, const char *name, struct file *file,
                     struct error *error)
{
    if ((self->is_archive ? open_member : open_in_directory)(self, name, file) == 0)
        return 0;
    return error_set_errno(error, errno, "read %s in %s", name, self->path);
}

static char *blob_name(const struct digest *digest)
{
    return xasprintf(LAYOUT_BLOBS "/%s", digest_hex(digest));
}

/* All of a file of at most `max` bytes, with a NUL behind; free() it. */
static int read_document(const struct image_reader *self, const char *name, size_t max,
                         char **bytes, size_t *len, struct error *error)
{
    cleanup(file_done) struct file file = {.fd = -1};
    cleanup_free char *read = NULL;
    size_t have = 0;

    if (open_file(self, name, &file, error))
        return -1;
    if (file.size > max)
        return error_set(error, ERROR_FAILED, "%s in %s has more than %zu bytes", name, self->path,
                         max);
    read = xcalloc(file.size + 1, 1);
    while (have < file.size) {
        ssize_t got = pread(file.fd, read + have, file.size - have, (off_t)(file.offset + have));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_set(error, ERROR_FAILED, "read %s in %s: %s", name, self->path,
                             got < 0 ? strerrordesc_np(errno) : "the file is truncated");
        have += (size_t)got;
    }
    *bytes = steal(read);
    *len = have;
    return 0;
}

static int read_json(const struct image_reader *self, const char *name, size_t max, json_t **json,
                     struct error *error)
{
    cleanup_free char *bytes = NULL;
    size_t len;

    if (read_document(self, name, max, &bytes, &len, error))
        return -1;
    *json = json_parse(bytes, len, error);
    return *json ? 0 : error_context(error, "%s in %s is no JSON", name, self->path);
}

/* Members are read where they lie, which only a plain tar file lets us. */
static int index_members(struct image_reader *self, struct error *error)
{
    uint8_t magic[CODEC_MAGIC_MAX_LEN];
    ssize_t len = pread(self->fd, magic, sizeof magic, 0);
    size_t read = len > 0 ? (size_t)len : 0;
    const struct codec *codec = codec_detect(magic, read);
    const char *name = codec_unread(magic, read);

    if (codec->compression != COMPRESSION_NONE)
        name = codec->name;
    if (!name)
        return tar_index_new(&self->members, self->fd, error);
    error_set(error, ERROR_FAILED, "it is compressed with %s, and only a plain tar file is read",
              name);
    return error_advice(error, "decompress it first, as %s -d does", name);
}

static int open_place(struct image_reader *self, struct error *error)
{
    self->fd = open(self->path, O_RDONLY | O_CLOEXEC | (self->is_archive ? 0 : O_DIRECTORY));
    if (self->fd < 0) {
        error_set_errno(error, errno, "open %s", self->path);
        return error_advice(error, self->is_archive ? "name a tar file with an image layout"
                                                    : "name a directory with an image layout");
    }
    if (self->is_archive && index_members(self, error))
        return error_context(error, "read %s", self->path);
    return 0;
}

static int reader_open(struct image_source *source, struct error *error)
{
    struct image_reader *self = (struct image_reader *)source;
    cleanup(json_decrefp) json_t *marker = NULL;
    const char *version;

    if (open_place(self, error))
        return -1;
    if (read_json(self, LAYOUT_FILE, LAYOUT_FILE_MAX_BYTES, &marker, error))
        return error_advice(error, "%s is no OCI image layout", self->path);
    version = json_get_text(marker, LAYOUT_VERSION_KEY);
    if (!version || strcmp(version, LAYOUT_VERSION) != 0)
        return error_set(error, ERROR_FAILED,
                         "%s has the image layout version \"%.100s\", and only \"" LAYOUT_VERSION
                         "\" is known",
                         self->path, version ? version : "");
    if (read_json(self, LAYOUT_INDEX_FILE, INDEX_MAX_BYTES, &self->index, error))
        return -1;
    if (index_check(self->index, error))
        return error_context(error, "read " LAYOUT_INDEX_FILE " in %s", self->path);
    return 0;
}

/* The manifest in a blob; `descriptor` is what names it, with an empty media type if need be. */
static int read_manifest(const struct image_reader *self, const struct digest *digest,
                         const char *media_type, struct manifest **ret, struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    cleanup_free char *name = blob_name(digest), *bytes = NULL;
    size_t len = 0;

    if (read_document(self, name, MANIFEST_MAX_BYTES, &bytes, &len, error))
        return -1;
    if (manifest_new(&manifest, bytes, len, media_type, error))
        return error_context(error, "manifest %s in %s", digest->text, self->path);
    steal(bytes);
    if (!digest_equal(&manifest->digest, digest))
        return error_set(error, ERROR_IMAGE,
                         "manifest %s in %s is damaged: what is there has the digest %s",
                         digest->text, self->path, manifest->digest.text);
    *ret = steal(manifest);
    return 0;
}

static int read_described(const struct image_reader *self, const struct descriptor *descriptor,
                          struct manifest **ret, struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;

    if (read_manifest(self, &descriptor->digest, descriptor->media_type, &manifest, error) ||
        !manifest)
        return -1;
    if (manifest->len != descriptor->size)
        return error_set(error, ERROR_IMAGE,
                         "manifest %s in %s has %zu bytes, and " LAYOUT_INDEX_FILE " says %" PRIu64,
                         descriptor->digest.text, self->path, manifest->len, descriptor->size);
    *ret = steal(manifest);
    return 0;
}

static int no_image(const struct image_reader *self, const char *tag, bool is_ambiguous,
                    struct error *error)
{
    size_t count = index_count(self->index);

    if (is_ambiguous)
        return error_set(error, ERROR_FAILED,
                         "%s has several images called \"%s\"; name one by its digest", self->path,
                         tag);
    if (tag) {
        error_set(error, ERROR_FAILED, "%s has no image called \"%s\"", self->path, tag);
        error->http_status = 404;
        return -1;
    }
    if (count == 0)
        return error_set(error, ERROR_FAILED, "%s has no image", self->path);
    error_set(error, ERROR_FAILED, "%s has %zu images; name one by its tag or digest", self->path,
              count);
    error->http_status = 404;
    return -1;
}

static int reader_get_manifest(struct image_source *source, const char *reference,
                               struct manifest **manifest, struct error *error)
{
    struct image_reader *self = (struct image_reader *)source;
    struct descriptor descriptor;
    struct digest digest;
    bool is_ambiguous;
    const json_t *entry;

    if (!reference)
        reference = self->reference;
    if (reference && digest_parse(&digest, reference) == 0)
        return read_manifest(self, &digest, NULL, manifest, error);
    entry = index_find_image(self->index, reference, &is_ambiguous);
    if (!entry)
        return no_image(self, reference, is_ambiguous, error);
    if (manifest_read_descriptor(entry, &descriptor, error))
        return error_context(error, "read " LAYOUT_INDEX_FILE " in %s", self->path);
    return read_described(self, &descriptor, manifest, error);
}

static int reader_get_blob(struct image_source *source, const struct descriptor *descriptor,
                           struct source **blob, struct error *error)
{
    struct image_reader *self = (struct image_reader *)source;
    cleanup_free char *name = blob_name(&descriptor->digest);
    cleanup(file_done) struct file file = {.fd = -1};

    if (open_file(self, name, &file, error))
        return -1;
    if (file.size != descriptor->size)
        return error_set(error, ERROR_IMAGE,
                         "blob %s in %s has %" PRIu64 " bytes instead of %" PRIu64,
                         descriptor->digest.text, self->path, file.size, descriptor->size);
    *blob = file_source_new(&file, self->path);
    return 0;
}

static int reader_list_tags(struct image_source *source, json_t **ret, struct error *error)
{
    struct image_reader *self = (struct image_reader *)source;
    cleanup(json_decrefp) json_t *names = NULL, *unnamed = NULL;

    index_list_names(self->index, &names, &unnamed);
    if (json_array_size(names) > IMAGE_SOURCE_MAX_TAGS)
        return error_set(error, ERROR_FAILED, "%s has more than %d names", self->path,
                         IMAGE_SOURCE_MAX_TAGS);
    *ret = steal(names);
    return 0;
}

static json_t *reader_list_unnamed(struct image_source *source)
{
    cleanup(json_decrefp) json_t *names = NULL;
    json_t *unnamed;

    index_list_names(((struct image_reader *)source)->index, &names, &unnamed);
    return unnamed;
}

/* Whether this manifest of the index is about the subject. What cannot be read is not. */
static bool refers_to(const struct image_reader *self, const json_t *entry,
                      const struct digest *subject)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    struct descriptor descriptor;
    struct digest about;
    struct error ignored;

    return manifest_read_descriptor(entry, &descriptor, &ignored) == 0 &&
           read_manifest(self, &descriptor.digest, descriptor.media_type, &manifest, &ignored) ==
               0 &&
           manifest_subject(manifest, &about) && digest_equal(&about, subject);
}

/* Those that the list under the subject's own tag has, which comes along from a registry without an
 * API for them. */
static int add_listed_referrers(const struct image_reader *self, const struct digest *subject,
                                json_t *descriptors, struct error *error)
{
    cleanup_free char *tag = digest_tag(subject);
    cleanup(manifest_freep) struct manifest *list = NULL;
    bool is_ambiguous;
    const json_t *entry = index_find_image(self->index, tag, &is_ambiguous);
    struct descriptor descriptor;

    if (!entry && !is_ambiguous)
        return 0;
    if (is_ambiguous)
        return no_image(self, tag, true, error);
    if (manifest_read_descriptor(entry, &descriptor, error) ||
        read_described(self, &descriptor, &list, error))
        return error_context(error, "the list of referrers %s", tag);
    if (list->kind != MANIFEST_INDEX)
        return error_set(error, ERROR_FAILED, "%s in %s is no index of referrers", tag, self->path);
    if (!digest_equal(&list->digest, subject))
        json_array_extend(descriptors, json_object_get(list->json, "manifests"));
    return 0;
}

static int reader_list_referrers(struct image_source *source, const struct digest *subject,
                                 json_t **ret, struct error *error)
{
    struct image_reader *self = (struct image_reader *)source;
    cleanup(json_decrefp) json_t *descriptors = json_array();
    json_t *entries = json_object_get(self->index, "manifests");

    for (size_t i = 0; i < json_array_size(entries); i++)
        if (refers_to(self, json_array_get(entries, i), subject))
            json_array_append(descriptors, json_array_get(entries, i));
    if (add_listed_referrers(self, subject, descriptors, error))
        return -1;
    *ret = steal(descriptors);
    return 0;
}

static void reader_free(struct image_source *source)
{
    struct image_reader *self = (struct image_reader *)source;

    tar_index_free(self->members);
    json_decref(self->index);
    if (self->fd >= 0)
        close(self->fd);
    free(self->path);
    free(self->reference);
    free(self);
}

static struct image_source *reader_new(const char *path, const char *reference, bool is_archive)
{
    static const struct image_source_ops ops = {
        .open = reader_open,
        .get_manifest = reader_get_manifest,
        .get_blob = reader_get_blob,
        .list_tags = reader_list_tags,
        .list_unnamed = reader_list_unnamed,
        .list_referrers = reader_list_referrers,
        .free = reader_free,
    };
    struct image_reader *self = NEW(struct image_reader);

    self->source.ops = &ops;
    self->path = xstrdup(path);
    self->reference = reference ? xstrdup(reference) : NULL;
    self->fd = -1;
    self->is_archive = is_archive;
    return &self->source;
}

struct image_source *layout_source_new(const char *path, const char *reference)
{
    return reader_new(path, reference, false);
}

struct image_source *oci_archive_source_new(const char *path, const char *reference)
{
    return reader_new(path, reference, true);
}

int oci_archive_read_index(const char *path, json_t **index, struct error *error)
{
    cleanup(image_source_freep) struct image_source *source = oci_archive_source_new(path, NULL);

    if (image_source_open(source, error))
        return -1;
    *index = json_incref(((struct image_reader *)source)->index);
    return 0;
}
