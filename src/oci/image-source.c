// SPDX-License-Identifier: Apache-2.0
#include "oci/image-source.h"

int image_source_get_manifest(struct image_source *source, const char *reference,
                              struct manifest **ret, struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    struct digest wanted;

    if (source->ops->get_manifest(source, reference, &manifest, error))
        return -1;
    if (reference && digest_parse(&wanted, reference) == 0 &&
        !digest_equal(&wanted, &manifest->digest))
        return error_set(error, ERROR_IMAGE,
                         "manifest %s: what came has the digest %s; it was damaged or replaced",
                         wanted.text, manifest->digest.text);
    *ret = steal(manifest);
    return 0;
}
