// SPDX-License-Identifier: Apache-2.0
#include "restore/restore-kit.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "checkpoint/gate-metadata.h"
#include "oci/reference.h"
#include "restore/restore-job.h"

enum { LINE_MAX_BYTES = 4096 };

static void job_done(struct restore_job *job)
{
    reading_done(&job->reading);
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

/* Reads the archive, and checks it as convert does. */
static int read_archive(struct restore_job *job, struct error *error)
{
    const struct walk_visitor visitor = {.context = &job->members, .member = engine_members_visit};
    struct reading *reading = &job->reading;
    const struct archive_content *content = &reading->content;

    if (reading_open(reading, error))
        return -1;
    if (reading->manifest && !json_is_object(reading->config))
        return error_set(error, ERROR_ARCHIVE, "the image's config is no JSON object");
    if (reading_walk(reading, &visitor, error) || cancel_check(reading->cancel, error))
        return -1;
    if (!content->has_checkpoint) {
        *error = content->no_checkpoint;
        return -1;
    }
    job->checkpoint = &content->checkpoint;
    return gate_check_metadata(content->findings, job->checkpoint, error);
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
    const struct checkpoint *checkpoint = job->checkpoint;
    const char *name =
        checkpoint->image_name ? checkpoint->image_name : checkpoint->image_requested;

    /* NAME@DIGEST; an engine that does not pull goes by the name that the image has on the node. */
    if (engine_info(job->engine)->pulls_base_image && checkpoint->image_id &&
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
    const struct checkpoint *checkpoint = job->checkpoint;
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

    return xasprintf("%s/%s@%s", reference->domain, reference->path,
                     job->reading.manifest->digest.text);
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

/* The archive of an engine that does not run pods. */
static int refuse_engine(const struct restore_job *job, const struct engine_info *engine,
                         struct error *error)
{
    const struct subject *subject = job->options->subject;
    bool is_registry_image =
        subject->kind == SUBJECT_IMAGE && subject->image.kind == DESTINATION_REGISTRY;

    error_set(error, ERROR_FAILED,
              "the checkpoint was made by %s, and no engine that runs pods restores it",
              engine->option);
    if (is_registry_image)
        return error_advice(error, "restore it with: %s %s", engine->own_restore,
                            subject->image.name + strlen("docker://"));
    return error_advice(error, "restore it with: %s --import %s", engine->own_restore,
                        subject->kind == SUBJECT_ARCHIVE ? subject->path
                                                         : "FILE, which ckptoci pull writes");
}

static int choose_engine(struct restore_job *job, struct error *error)
{
    const struct engine_info *maker = engine_info(job->checkpoint->engine);

    job->engine = job->options->engine ? job->options->engine : job->checkpoint->engine;
    return maker->own_restore ? refuse_engine(job, maker, error) : 0;
}

static int check_base(const struct restore_job *job, struct error *error)
{
    if (job->options->base == RESTORE_BASE_BY_HAND || restore_base_image(job))
        return 0;
    error_set(error, ERROR_FAILED, "the archive does not name a base image that could be pulled");
    return error_advice(error, "leave out --pull-base, and bring the image to the node by hand");
}

/* Of versions that do not make /etc/passwd, it is to be declared. */
static bool knows_passwd(const struct restore_job *job)
{
    struct engine_version since = engine_passwd_since(job->engine);

    return !job->options->version_text ||
           engine_version_compare(&job->options->version, &since) >= 0;
}

static int make_kit(struct restore_job *job, struct error *error)
{
    if (choose_engine(job, error) || check_base(job, error) || restore_reason(job, error) ||
        mount_plan_read(&job->plan, job->checkpoint->spec, knows_passwd(job), error))
        return -1;
    pod_settings_read(&job->settings, job->checkpoint->spec, job->engine);
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
                                                .reading = {.subject = options->subject,
                                                            .platform = options->platform,
                                                            .registry = &options->registry,
                                                            .wants_config = true,
                                                            .writable = options->writable,
                                                            .progress = progress,
                                                            .cancel = cancel,
                                                            .content.findings = &kit->findings},
                                                .marks = json_array(),
                                                .needs = json_array()};

    kit->findings.policy = options->policy;
    if (read_archive(&job, error) || make_kit(&job, error))
        return error_context(error, "restore %s", subject_name(options->subject));
    return 0;
}

void restore_kit_done(struct restore_kit *kit)
{
    findings_done(&kit->findings);
    json_decref(kit->documents);
    json_decref(kit->notes);
}
