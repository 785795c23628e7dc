// SPDX-License-Identifier: Apache-2.0
/*
 * An archive file that is removed when its image is where it should be, and only then: the very
 * file that was converted, after every destination has been asked again what its name stands for.
 *
 *     archive_identify(&identity, path, &error)     // before it is read
 *     ... the archive is converted ...
 *     archive_remove_confirmed(path, &identity, deliveries, count, registry, cancel, &error)
 */
#ifndef CKPTOCI_TASK_ARCHIVE_REMOVAL_H
#define CKPTOCI_TASK_ARCHIVE_REMOVAL_H

#include <sys/stat.h>

#include "base/cancel.h"
#include "base/error.h"
#include "convert/convert.h"
#include "registry/registry.h"

/* Which file it is, and that it has not changed. A plain value. */
struct archive_identity {
    struct stat status;
};

/* -1: there is no such file here, or what is there is no regular file. */
int archive_identify(struct archive_identity *identity, const char *path, struct error *error);

/* Asks each destination for the manifest by its name. -1: one of them has not confirmed the digest
 * that it was given, or the file is another one by now; the archive is still there. */
int archive_remove_confirmed(const char *path, const struct archive_identity *identity,
                             const struct delivery *deliveries, unsigned count,
                             const struct registry_options *registry, struct cancel *cancel,
                             struct error *error);

#endif
