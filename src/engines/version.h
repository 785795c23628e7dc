// SPDX-License-Identifier: Apache-2.0
/* The version of a container engine, as far as rules ask for it. A plain value. */
#ifndef CKPTOCI_ENGINES_VERSION_H
#define CKPTOCI_ENGINES_VERSION_H

#include "base/error.h"

enum { ENGINE_VERSION_MAX = 9999 };

struct engine_version {
    int major, minor, patch;
};

/* The development branch: newer than every release. */
#define ENGINE_VERSION_MAIN         \
    (struct engine_version)         \
    {                               \
        .major = ENGINE_VERSION_MAX \
    }

/* "1.36", "v1.36.3", "2.4.0-beta.1" (a release to come counts as that release) or "main". -1:
 * ERROR_USAGE. */
int engine_version_parse(struct engine_version *version, const char *text, struct error *error);

/* As strcmp(). */
int engine_version_compare(const struct engine_version *a, const struct engine_version *b);

#endif
