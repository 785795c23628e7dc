// SPDX-License-Identifier: Apache-2.0
/*
 * What members of the archive look like an attack unless its documents tell otherwise. These come
 * behind the images, so the walk collects suspects, and checkpoint_judge() clears or reports them.
 * Embedded in its owner, zero-initialised; one thread at a time.
 */
#ifndef CKPTOCI_ARCHIVE_SUSPECTS_H
#define CKPTOCI_ARCHIVE_SUSPECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "archive/finding.h"
#include "archive/member.h"

enum suspicion {
    SUSPECT_DEVICE,      /* unless spec.dump gives it to the container */
    SUSPECT_LINK_ABOVE,  /* a symlink above the top, unless the engine unpacks below a root */
    SUSPECT_BASE_LINK,   /* behind a link that the base image may have, unless the same */
    SUSPECT_PARENT_LINK, /* checkpoint/parent, unless the engine makes such checkpoints */
    SUSPICION_COUNT,
};

enum {
    SUSPECTS_MAX_DEVICES = 1 << 14, /* a privileged container has all that are on the node */
    SUSPECT_PATH_MAX_BYTES = 255,   /* of a device */
};

struct suspect {
    enum suspicion why;
    char *member; /* as findings have it, maybe cut */
    char *detail;
    /* Of a device: */
    char *path; /* in the container, absolute; NULL: longer than any device's */
    bool is_block;
    unsigned major, minor;
};

struct suspects {
    struct suspect *list;
    size_t count, capacity;
    size_t counts[SUSPICION_COUNT]; /* of all, also those that were not kept */
};

/* `path` is where a device is in the container, NULL for all else; `detail` is formatted as
 * error_set() does it. Of devices SUSPECTS_MAX_DEVICES are kept, of all else FINDINGS_MAX_KEPT of
 * each kind; the rest is counted. */
void suspects_add(struct suspects *suspects, enum suspicion why, const struct member *member,
                  const char *path, const char *detail, ...) __attribute__((format(printf, 5, 6)));
void suspects_done(struct suspects *suspects);

#endif
