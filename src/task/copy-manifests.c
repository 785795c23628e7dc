// SPDX-License-Identifier: Apache-2.0
#include "task/copy-manifests.h"

#include <string.h>

#include "base/memory.h"

struct kept_manifest {
    char *reference; /* "": the source's own image */
    struct manifest *manifest;
};

void copy_manifests_keep(struct copy_manifests *manifests, const char *reference,
                         struct manifest *manifest)
{
    if (manifests->bytes + manifest->len > COPY_MANIFESTS_MAX_BYTES) {
        manifest_free(manifest);
        return;
    }
    manifests->list = xreallocarray(manifests->list, manifests->count + 1, sizeof *manifests->list);
    manifests->list[manifests->count++] =
        (struct kept_manifest){xstrdup(reference ? reference : ""), manifest};
    manifests->bytes += manifest->len;
}

struct manifest *copy_manifests_take(struct copy_manifests *manifests, const char *reference)
{
    const char *wanted = reference ? reference : "";

    for (size_t i = 0; i < manifests->count; i++) {
        struct kept_manifest kept = manifests->list[i];

        if (strcmp(kept.reference, wanted) != 0)
            continue;
        manifests->list[i] = manifests->list[--manifests->count];
        manifests->bytes -= kept.manifest->len;
        free(kept.reference);
        return kept.manifest;
    }
    return NULL;
}

void copy_manifests_done(struct copy_manifests *manifests)
{
    for (size_t i = 0; i < manifests->count; i++) {
        free(manifests->list[i].reference);
        manifest_free(manifests->list[i].manifest);
    }
    free(manifests->list);
    *manifests = (struct copy_manifests){0};
}
