// SPDX-License-Identifier: Apache-2.0
/*
 * spec.dump, config.dump and the head of a core image, with a NUL between them: what they say, and
 * the image that comes of it. Our own documents must be such as we read.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/kube-name.h"
#include "base/memory.h"
#include "convert/image-plan.h"
#include "fuzz.h"
#include "oci/image.h"
#include "oci/manifest.h"
#include "restore/mount-plan.h"
#include "restore/pod-settings.h"

static void take(struct fuzz_input *input, struct buffer *buffer, size_t max)
{
    size_t len;
    cleanup_free char *text = fuzz_next_text(input, &len);

    buffer_init(buffer, max);
    buffer_append(buffer, text, len);
}

static void require_readable(const struct image *image)
{
    struct held_image held = {0};
    struct manifest *manifest;
    struct error error;
    char *copy = xstrndup(image->manifest_json, image->manifest.size);

    fuzz_require(held_image_read_manifest(&held, image->manifest_json, image->manifest.size));
    fuzz_require(held_image_read_config(&held, image->config_json, image->config.size));
    fuzz_require(manifest_new(&manifest, copy, image->manifest.size, NULL, &error) == 0);
    fuzz_require(digest_equal(&manifest->digest, &image->manifest.digest));
    fuzz_require(manifest_annotation(manifest, "org.criu.checkpoint.container.name"));
    manifest_free(manifest);
    held_image_done(&held);
}

/* What restore-kit makes of it: of every mount a volume, with a name that Kubernetes takes. */
static void plan_pod(const struct checkpoint *checkpoint)
{
    cleanup(mount_plan_done) struct mount_plan plan = {0};
    cleanup(pod_settings_done) struct pod_settings settings = {0};
    struct error error = {0};

    pod_settings_read(&settings, checkpoint->spec, ENGINE_CRIO);
    if (mount_plan_read(&plan, checkpoint, false, &error)) {
        fuzz_require_error(&error);
        return;
    }
    for (size_t i = 0; i < plan.mount_count; i++)
        fuzz_require(
            plan.mounts[i].destination[0] == '/' &&
            (plan.mounts[i].owner != MOUNT_BY_POD || plan.mounts[i].volume < plan.volume_count));
    for (size_t i = 0; i < plan.volume_count; i++)
        fuzz_require(dns_is_label(plan.volumes[i].name));
}

/* The file that the documents are said to come from: it has a mode. */
static const struct input *some_file(void)
{
    static struct input *input;
    char path[sizeof "/proc/self/fd/" + 10];
    struct error error;
    int fd;

    if (input)
        return input;
    fd = memfd_create("archive", MFD_CLOEXEC);
    fuzz_require(fd >= 0 && write(fd, "archive", 7) == 7);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    fuzz_require(input_open(&input, path, cancel_new(), &error) == 0);
    return input;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    cleanup(findings_done) struct findings findings = {0};
    cleanup(archive_facts_done) struct archive_facts facts = {.input = some_file()};
    struct archive_content *content = &facts.content;
    cleanup(image_freep) struct image *image = NULL;
    struct descriptor layer = {.media_type = LAYER_TYPE_OCI "+zstd", .size = size};
    struct layer_plan plan = {.encoding = "zstd level 1"};
    struct convert_options options = {.archive = "checkpoint-a_b-c-2026-11-20T09:30:15Z.tar"};
    struct error error = {0};

    content->findings = &findings;
    content->archive.size = size;
    digest_from_bytes(&content->archive.digest, (uint8_t[SHA256_BYTES]){0});
    take(&input, &content->walk.spec_dump, METADATA_MAX_BYTES);
    take(&input, &content->walk.config_dump, METADATA_MAX_BYTES);
    buffer_init(&content->walk.core_head, CORE_HEAD_BYTES);
    buffer_append(&content->walk.core_head, input.data,
                  input.len < CORE_HEAD_BYTES ? input.len : CORE_HEAD_BYTES);
    content->has_checkpoint =
        checkpoint_parse(&content->checkpoint, &content->walk, &content->no_checkpoint) == 0;
    digest_from_bytes(&layer.digest, (uint8_t[SHA256_BYTES]){1});

    if (archive_facts_conclude(&facts, &options, &error) < 0) {
        fuzz_require_error(&error);
        return 0;
    }
    plan_pod(&content->checkpoint);
    fuzz_require(strlen(facts.created) >= strlen("1970-01-01T00:00:00Z"));
    if (archive_facts_build_image(&facts, &plan, &layer, &image, &error) < 0)
        fuzz_require_error(&error);
    else
        require_readable(image);
    return 0;
}
