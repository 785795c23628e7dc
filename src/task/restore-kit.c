// SPDX-License-Identifier: Apache-2.0
#include "task/restore-kit.h"

#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "checkpoint/expansion-guard.h"
#include "checkpoint/gate-metadata.h"
#include "oci/reference.h"
#include "stream/decoder.h"
#include "stream/input-source.h"
#include "task/archive-facts.h"
#include "task/checkpoint-image.h"
#include "task/pull.h"
#include "task/restore-job.h"
#include "task/verifying-source.h"

enum { LINE_MAX_BYTES = 4096 };

static void job_done(struct restore_job *job)
{
    manifest_free(job->manifest);
    json_decref(job->image_config);
    walk_done(&job->walk);
    checkpoint_done(&job->checkpoint);
    json_decref(job->spec);
    json_decref(job->config);
    mount_plan_done(&job->plan);
    pod_settings_done(&job->settings);
    free(job->image);
    free(job->directory);
    json_decref(job->marks);
    json_decref(job->needs);
}

void restore_say(json_t *lines, const char *format, ...)
{
    char text[LINE_MAX_BYTES];
    cleanup_free char *shown = NULL;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    shown = display_text(text, LINE_MAX_BYTES);
    json_array_append_new(lines, json_string(shown));
}

/* What the walk kept, checked as convert checks it. */
static int parse_sealed(void *context, struct error *error)
{
    struct restore_job *job = context;
    const struct buffer *spec = &job->walk.spec_dump, *config = &job->walk.config_dump;

    if (checkpoint_parse(&job->checkpoint, &job->walk, error) ||
        gate_check_metadata(&job->kit->findings, &job->walk, &job->checkpoint, error) < 0)
        return -1;
    job->spec = json_loadb(spec->data, spec->len, 0, NULL);
    job->config = json_loadb(config->data, config->len, 0, NULL);
    return 0;
}

/* Reads the archive from `tar`, of which `hops_within` bytes can be hopped over if that is not 0.
 */
static int read_tar(struct restore_job *job, struct source *tar, uint64_t hops_within,
                    struct error *error)
{
    struct walk_visitor visitor = {.context = &job->members,
                                   .member = engine_members_visit,
                                   .hops_within = hops_within};

    sandbox_limit_writing(job->options->writable);
    if (walk_archive(&job->walk, tar, &visitor, &job->kit->findings, error) ||
        cancel_check(job->cancel, error))
        return -1;
    return sandbox_call(parse_sealed, job, error);
}

static int read_file(struct restore_job *job, struct error *error)
{
    struct expansion expansion = {.findings = &job->kit->findings,
                                  .free_bytes = ARCHIVE_FREE_BYTES,
                                  .ratio = ARCHIVE_MAX_RATIO,
                                  .stored = &job->progress->bytes_read};
    cleanup(source_freep) struct source *source = NULL;
    enum compression compression;
    struct input *input;
    int64_t size;
    bool hops;

    if (input_open(&input, job->options->subject->path, job->cancel, error))
        return -1;
    compression = input_compression(input);
    size = input_size(input);
    if (compression != COMPRESSION_NONE)
        input_decode(input);
    hops = input_can_seek(input);
    input_count_into(input, &job->progress->bytes_read);
    atomic_store(&job->progress->bytes_total, size > 0 && !hops ? size : 0);
    source = input_source_new(input, job->cancel);
    if (compression != COMPRESSION_NONE)
        source = expansion_guard_new(source, &expansion, NULL);
    return read_tar(job, source, hops ? (uint64_t)size : 0, error);
}

static int read_image_config(struct restore_job *job, struct image_source *images,
                             struct error *error)
{
    const struct descriptor *config = &job->manifest->parts[0];
    cleanup_free char *text = NULL;

    if (verifying_source_read_blob(images, config, PULL_CONFIG_MAX_BYTES, &text, error))
        return error_context(error, "config");
    job->image_config = json_parse(text, config->size, NULL);
    if (!json_is_object(job->image_config))
        return error_set(error, ERROR_ARCHIVE, "the image's config is no JSON object");
    return 0;
}

static int read_layer(struct restore_job *job, struct image_source *images, struct error *error)
{
    const struct descriptor *layer = &job->manifest->parts[1];
    struct expansion expansion = {.findings = &job->kit->findings,
                                  .free_bytes = ARCHIVE_FREE_BYTES,
                                  .ratio = ARCHIVE_MAX_RATIO,
                                  .stored = &job->progress->bytes_read};
    cleanup(source_freep) struct source *blob = NULL;
    enum compression compression;

    if (checkpoint_image_compression(layer, &compression, error) ||
        image_source_get_blob(images, layer, &blob, error))
        return -1;
    if (compression == COMPRESSION_NONE)
        return read_tar(job, blob, layer->size, error);
    atomic_store(&job->progress->bytes_total, (int64_t)layer->size);
    blob = verifying_source_new(blob, layer, &job->progress->bytes_read);
    blob = expansion_guard_new(decoding_source_new(blob, compression), &expansion, NULL);
    return read_tar(job, blob, 0, error);
}

static int read_image(struct restore_job *job, struct error *error)
{
    const struct restore_kit_options *options = job->options;
    cleanup(image_source_freep) struct image_source *images =
        destination_source_new(&options->subject->image, &options->registry, job->cancel);

    if (image_source_open(images, error) ||
        checkpoint_image_resolve(images, &options->platform, &job->manifest, error) ||
        checkpoint_image_check(job->manifest, error) || read_image_config(job, images, error))
        return -1;
    return read_layer(job, images, error);
}

static bool is_reference(const char *name)
{
    struct reference reference = {0};
    struct error ignored;

    if (!name || reference_parse(&reference, name, &ignored))
        return false;
    reference_done(&reference);
    return true;
}

const char *restore_base_image(const struct restore_job *job)
{
    const struct checkpoint *checkpoint = &job->checkpoint;
    const char *name =
        checkpoint->image_name ? checkpoint->image_name : checkpoint->image_requested;

    /* containerd goes by NAME@DIGEST, CRI-O by the name that the image has on the node. */
    if (job->engine == ENGINE_CONTAINERD && checkpoint->image_id &&
        strchr(checkpoint->image_id, '@'))
        name = checkpoint->image_id;
    return is_reference(name) && strncmp(name, "sha256:", 7) != 0 ? name : NULL;
}

/* The user's own, the archive's if it can be one, or a mark. */
static const char *choose_name(struct restore_job *job, const char *chosen, const char *found,
                               bool is_valid(const char *), const char *what, const char *option)
{
    if (chosen)
        return chosen;
    if (found && is_valid(found))
        return found;
    restore_say(job->marks, "%s: %s%s%s%s", what,
                found ? "the archive says \"" : "the archive does not tell it", found ? found : "",
                found ? "\", which cannot be one" : "", option);
    return RESTORE_FILL_IN;
}

static void choose_names(struct restore_job *job)
{
    const struct checkpoint *checkpoint = &job->checkpoint;
    const struct restore_kit_options *options = job->options;

    job->name = choose_name(job, options->name, checkpoint->pod, dns_is_subdomain,
                            "name of the pod", "; or give it with --name");
    job->pod_namespace = choose_name(job, options->pod_namespace, checkpoint->pod_namespace,
                                     dns_is_label, "namespace", "; or give it with --namespace");
    job->container =
        choose_name(job, NULL, checkpoint->container, dns_is_label, "name of the container", "");
    if (strcmp(job->name, RESTORE_FILL_IN) == 0 || strcmp(job->container, RESTORE_FILL_IN) == 0 ||
        strcmp(job->pod_namespace, RESTORE_FILL_IN) == 0)
        job->directory = xstrdup("/run/ckptoci/restore");
    else
        job->directory =
            xasprintf("/run/ckptoci/%s_%s_%s", job->pod_namespace, job->name, job->container);
}

/* "registry/name@sha256:..." of the manifest that was looked at. */
static char *pinned_reference(const struct restore_job *job)
{
    const struct reference *reference = &job->options->subject->image.reference;

    return xasprintf("%s/%s@%s", reference->domain, reference->path, job->manifest->digest.text);
}

/* NULL: standard input, or a path that JSON cannot hold. */
static char *archive_path(const struct restore_job *job)
{
    cleanup_free char *path = realpath(job->options->subject->path, NULL);
    cleanup(json_decrefp) json_t *text = path ? json_string(path) : NULL;

    return text && strcmp(job->options->subject->path, "-") != 0 ? steal(path) : NULL;
}

static void choose_image(struct restore_job *job)
{
    const struct restore_kit_options *options = job->options;
    bool is_image = options->subject->kind == SUBJECT_IMAGE;

    if (options->image)
        job->image = xstrdup(options->image);
    else if (is_image && options->subject->image.kind == DESTINATION_REGISTRY)
        job->image = pinned_reference(job);
    else if (!is_image && options->target == RESTORE_BY_CRICTL)
        job->image = archive_path(job);
    if (job->image)
        return;
    job->image = xstrdup(RESTORE_FILL_IN);
    if (is_image)
        restore_say(
            job->marks,
            "image: copy it with ckptoci copy to a registry that the node pulls from, and put "
            "the name here; or give it with --image");
    else
        restore_say(
            job->marks,
            "image: push the archive with ckptoci convert to a registry that the node pulls "
            "from, and put the name here; or give it with --image");
}

static int refuse_podman(const struct restore_job *job, struct error *error)
{
    const struct subject *subject = job->options->subject;
    bool is_registry_image =
        subject->kind == SUBJECT_IMAGE && subject->image.kind == DESTINATION_REGISTRY;

    error_set(error, ERROR_FAILED,
              "the checkpoint was made by podman, and no engine that runs pods restores it");
    if (is_registry_image)
        return error_advice(error, "restore it with: podman container restore %s",
                            subject->image.name + strlen("docker://"));
    return error_advice(error, "restore it with: podman container restore --import %s",
                        subject->kind == SUBJECT_ARCHIVE ? subject->path
                                                         : "FILE, which ckptoci pull writes");
}

static int choose_engine(struct restore_job *job, struct error *error)
{
    job->engine = job->options->engine ? job->options->engine : job->checkpoint.engine;
    return job->checkpoint.engine == ENGINE_PODMAN || job->engine == ENGINE_PODMAN
               ? refuse_podman(job, error)
               : 0;
}

static int check_base(const struct restore_job *job, struct error *error)
{
    if (job->options->base == RESTORE_BASE_BY_HAND || restore_base_image(job))
        return 0;
    error_set(error, ERROR_FAILED, "the archive does not name a base image that could be pulled");
    return error_advice(error, "leave out --pull-base, and bring the image to the node by hand");
}

/* Versions before CRI-O 1.35 want /etc/passwd to be declared. */
static bool knows_passwd(const struct restore_job *job)
{
    static const struct engine_version first = {1, 35, 0};

    return job->engine != ENGINE_CRIO || !job->options->version_text ||
           engine_version_compare(&job->options->version, &first) >= 0;
}

static int make_kit(struct restore_job *job, struct error *error)
{
    if (choose_engine(job, error) || check_base(job, error) || restore_reason(job, error) ||
        mount_plan_read(&job->plan, job->spec, knows_passwd(job), error))
        return -1;
    pod_settings_read(&job->settings, job->spec, job->engine);
    choose_names(job);
    choose_image(job);
    (job->options->target == RESTORE_BY_CRICTL ? restore_make_crictl : restore_make_pods)(job);
    job->kit->mark_count = json_array_size(job->marks);
    restore_make_notes(job);
    return 0;
}

int restore_kit_run(const struct restore_kit_options *options, struct restore_kit *kit,
                    struct progress *progress, struct cancel *cancel, struct error *error)
{
    cleanup(job_done) struct restore_job job = {.options = options,
                                                .kit = kit,
                                                .progress = progress,
                                                .cancel = cancel,
                                                .marks = json_array(),
                                                .needs = json_array()};

    kit->findings.policy = options->policy;
    if ((options->subject->kind == SUBJECT_IMAGE ? read_image : read_file)(&job, error) ||
        make_kit(&job, error))
        return error_context(error, "restore %s", subject_name(options->subject));
    return 0;
}

void restore_kit_done(struct restore_kit *kit)
{
    findings_done(&kit->findings);
    json_decref(kit->documents);
    json_decref(kit->notes);
}
