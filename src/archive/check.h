// SPDX-License-Identifier: Apache-2.0
/* What an archive is checked for: a table of names that scripts may rely on. Constants. */
#ifndef CKPTOCI_ARCHIVE_CHECK_H
#define CKPTOCI_ARCHIVE_CHECK_H

#include <stdbool.h>

enum check {
    /* The archive cannot be used at all. */
    CHECK_DAMAGED_ARCHIVE,
    CHECK_TRAILING_DATA,
    CHECK_ARCHIVE_CHANGED,
    CHECK_MISSING_MEMBER,
    CHECK_METADATA,
    /* Members, of the archive and of the tars inside. */
    CHECK_MEMBER_TYPE,
    CHECK_MEMBER_NAME,
    CHECK_PATH_ESCAPE,
    CHECK_DUPLICATE_MEMBER,
    CHECK_WHITEOUT,
    CHECK_LINK_ESCAPE,
    CHECK_HARD_LINK_OUTSIDE,
    CHECK_WRITE_THROUGH_LINK,
    CHECK_DEVICE_NODE,
    CHECK_SPARSE_MEMBER,
    CHECK_HEADER_OVERRIDE,
    CHECK_AMBIGUOUS_HEADER,
    CHECK_INNER_ARCHIVE,
    CHECK_DECOMPRESSION_BOMB,
    CHECK_TOO_MANY_MEMBERS,
    CHECK_CASE_VARIANT,
    CHECK_HIDDEN_CHARACTERS,
    /* What the files say. */
    CHECK_DELETED_FILES,
    CHECK_BIND_MOUNTS,
    CHECK_IMAGE_REFERENCE,
    CHECK_IMAGE_NAMES_DIFFER,
    CHECK_EMPTY_IMAGE_REF,
    CHECK_HOST_MOUNT,
    CHECK_HOOK,
    CHECK_CDI_DEVICE,
    CHECK_GPU_PLUGIN,
    CHECK_UNKNOWN_ARCHITECTURE,
    /* The archive beside what the user says, and where it goes. */
    CHECK_CONTAINER_NAME,
    CHECK_FILE_NAME,
    CHECK_READABLE_ARCHIVE,
    CHECK_REGISTRY_LIMIT,
    CHECK_PLAIN_HTTP,
    /* An image against itself and against its archive. */
    CHECK_IMAGE_MANIFEST,
    CHECK_IMAGE_MANIFEST_TYPE,
    CHECK_IMAGE_MEDIA_TYPE_MISSING,
    CHECK_IMAGE_INDEX,
    CHECK_IMAGE_UNMARKED,
    CHECK_IMAGE_LAYERS,
    CHECK_IMAGE_CONFIG,
    CHECK_IMAGE_CONFIG_TYPE,
    CHECK_IMAGE_PLATFORM,
    CHECK_IMAGE_LAYER_DIGEST,
    CHECK_IMAGE_LAYER_TYPE,
    CHECK_IMAGE_DIFF_ID,
    CHECK_IMAGE_ANNOTATION_MISSING,
    CHECK_IMAGE_ANNOTATION_DIFFERS,
    CHECK_COUNT,
};

enum check_severity {
    CHECK_WARNS,
    CHECK_REFUSES,
    CHECK_REFUSES_ALWAYS, /* there is nothing to go on with: it cannot be allowed */
};

struct check_info {
    const char *name; /* lower case with dashes; never changes */
    enum check_severity severity;
    const char *consequence; /* a clause that says what could happen */
    const char *reference;   /* the CVE, or issue of a project, where it did; or NULL */
};

const struct check_info *check_info(enum check check);
/* "refuse" or "warn". */
const char *check_severity_name(enum check check);
/* false: there is no check of that name. */
bool check_find(const char *name, enum check *check);

#endif
