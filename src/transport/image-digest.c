// SPDX-License-Identifier: Apache-2.0
#include "transport/image-digest.h"

#include "oci/image-source.h"
#include "oci/manifest.h"
#include "transport/destination.h"

int image_digest(const char *image, const struct registry_options *options, struct cancel *cancel,
                 struct digest *digest, struct error *error)
{
    cleanup(destination_done) struct destination place = {0};
    cleanup(image_source_freep) struct image_source *source = NULL;
    cleanup(manifest_freep) struct manifest *manifest = NULL;

    if (destination_parse_source(&place, image, error))
        return -1;
    source = destination_source_new(&place, options, cancel);
    if (image_source_open(source, error) ||
        image_source_get_manifest(source, NULL, &manifest, error))
        return error_context(error, "look up %s", place.name);
    *digest = manifest->digest;
    return 0;
}
