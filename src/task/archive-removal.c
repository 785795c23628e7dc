// SPDX-License-Identifier: Apache-2.0
#include "task/archive-removal.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "oci/image-source.h"

int archive_identify(struct archive_identity *identity, const char *path, struct error *error)
{
    struct stat status;

    if (lstat(path, &status))
        return error_set_errno(error, errno, "look at %s", path);
    if (!S_ISREG(status.st_mode))
        return error_set(error, ERROR_FAILED, "look at %s: it is no regular file", path);
    identity->status = status;
    return 0;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return S_ISREG(b->st_mode) && a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* What a push was answered is not enough: only what can be fetched has arrived. */
static int confirm(const struct delivery *delivery, const struct registry_options *registry,
                   struct cancel *cancel, struct error *error)
{
    cleanup(image_source_freep) struct image_source *source =
        destination_source_new(delivery->destination, registry, cancel);
    cleanup(manifest_freep) struct manifest *manifest = NULL;

    if (image_source_open(source, error) ||
        image_source_get_manifest(source, NULL, &manifest, error))
        return error_context(error, "%s has not confirmed the image", delivery->destination->name);
    if (!digest_equal(&manifest->digest, &delivery->manifest))
        return error_set(error, ERROR_FAILED, "%s stands for %s, and not for %s that was pushed",
                         delivery->destination->name, manifest->digest.text,
                         delivery->manifest.text);
    return 0;
}

int archive_remove_confirmed(const char *path, const struct archive_identity *identity,
                             const struct delivery *deliveries, unsigned count,
                             const struct registry_options *registry, struct cancel *cancel,
                             struct error *error)
{
    struct stat status;

    for (unsigned i = 0; i < count; i++) {
        if (deliveries[i].error.kind != ERROR_NONE)
            return error_set(error, ERROR_FAILED, "%s has not got the image",
                             deliveries[i].destination->name);
        if (confirm(&deliveries[i], registry, cancel, error))
            return -1;
    }
    if (lstat(path, &status))
        return error_set_errno(error, errno, "look at %s", path);
    if (!is_same_file(&identity->status, &status))
        return error_set(error, ERROR_FAILED, "%s is not the file any more that was converted",
                         path);
    if (unlink(path))
        return error_set_errno(error, errno, "remove %s", path);
    return 0;
}
