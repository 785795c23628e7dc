// SPDX-License-Identifier: Apache-2.0
#include "convert/convert-checks.h"

#include <inttypes.h>
#include <string.h>

#include "base/pattern.h"

/* 0: not known. https://docs.github.com/packages and "Amazon ECR service quotas". */
static uint64_t layer_limit(const char *host)
{
    if (strcmp(host, "ghcr.io") == 0)
        return 10ULL * 1000 * 1000 * 1000;
    if (pattern_matches("^[0-9]+\\.dkr\\.ecr(-fips)?\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?$",
                        host))
        return 52000ULL << 20;
    return 0;
}

int convert_check_limits(struct findings *findings, const struct convert_options *options,
                         uint64_t layer_size, struct error *error)
{
    for (unsigned i = 0; i < options->destination_count; i++) {
        const struct destination *destination = &options->destinations[i];
        uint64_t limit = destination->kind == DESTINATION_REGISTRY
                             ? layer_limit(destination->reference.host)
                             : 0;

        if (limit && layer_size > limit &&
            finding_report(findings, CHECK_REGISTRY_LIMIT, NULL, error,
                           "the layer has %" PRIu64 " bytes, and %s takes at most %" PRIu64,
                           layer_size, destination->reference.host, limit) < 0)
            return -1;
    }
    return 0;
}
