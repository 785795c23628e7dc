// SPDX-License-Identifier: Apache-2.0
#include "convert/convert-checks.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "checkpoint/gate-metadata.h"

/* checkpoint-POD_NAMESPACE-CONTAINER-TIME.tar, as the kubelet names them. Where the namespace ends
 * only the archive can tell. */
static int check_file_name(struct findings *findings, const char *path,
                           const struct checkpoint *checkpoint, struct error *error)
{
    static const char pattern[] =
        "^checkpoint-[^_]+_.+-[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]+(Z|[+-][0-9:]+)\\.tar";
    const char *name = file_name(path);
    cleanup_free char *expected = NULL;

    if (!checkpoint->pod || !checkpoint->pod_namespace || !checkpoint->container ||
        strlen(name) > 1024 || !pattern_matches(pattern, name))
        return 0;
    expected = xasprintf("checkpoint-%s_%s-%s-", checkpoint->pod, checkpoint->pod_namespace,
                         checkpoint->container);
    if (strncmp(name, expected, strlen(expected)) == 0 &&
        strspn(name + strlen(expected), "0123456789") >= 4)
        return 0;
    return finding_report(findings, CHECK_FILE_NAME, NULL, error,
                          "the file is called \"%s\" and holds container %s of pod %s in %s", name,
                          checkpoint->container, checkpoint->pod, checkpoint->pod_namespace);
}

int convert_check_archive(struct findings *findings, const struct convert_options *options,
                          const struct input *input, const struct checkpoint *checkpoint,
                          struct error *error)
{
    if (options->name && checkpoint->container &&
        strcmp(options->name, checkpoint->container) != 0 &&
        finding_report(findings, CHECK_CONTAINER_NAME, NULL, error,
                       "it is of the container \"%s\", and --name is \"%s\"", checkpoint->container,
                       options->name) < 0)
        return -1;
    if ((input_mode(input) & S_IROTH) &&
        finding_report(findings, CHECK_READABLE_ARCHIVE, NULL, error,
                       "the file's mode is %04o, not 0600", input_mode(input) & 07777U) < 0)
        return -1;
    return check_file_name(findings, options->archive, checkpoint, error);
}

void convert_check_metadata(const struct archive_content *content, const char *path,
                            const struct input *file)
{
    const struct convert_options as_converted = {.archive = path};
    const struct checkpoint *checkpoint = &content->checkpoint;
    struct findings *findings = content->findings;
    struct error ignored;

    if (!content->has_checkpoint) {
        finding_report(findings, CHECK_METADATA, NULL, &ignored, "%s", content->no_checkpoint.text);
        return;
    }
    gate_check_metadata(findings, checkpoint, &ignored);
    if (!checkpoint->architecture)
        finding_report(findings, CHECK_UNKNOWN_ARCHITECTURE, NULL, &ignored,
                       "the archive does not tell the architecture of the processes in it");
    if (file)
        convert_check_archive(findings, &as_converted, file, checkpoint, &ignored);
}

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
