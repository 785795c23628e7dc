// SPDX-License-Identifier: Apache-2.0
#include "restore/kit.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/kube-name.h"
#include "base/memory.h"
#include "base/text.h"
#include "checkpoint/checkpoint.h"
#include "oci/reference.h"
#include "restore/job.h"

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
    return checkpoint_check(job->checkpoint, content->findings, error);
}

static const char *find_base_image(const struct restore_job *job)
{
    const struct checkpoint *checkpoint = job->checkpoint;
    const char *name =
        checkpoint->image_name ? checkpoint->image_name : checkpoint->image_requested;

    /* NAME@DIGEST; an engine that does not pull looks for the name that the image has on the node.
     */
    if (engine_info(job->engine)->pulls_base_image && checkpoint->image_id &&
        strchr(checkpoint->image_id, '@'))
        name = checkpoint->image_id;
    return name && reference_is_valid(name) && strncmp(name, "sha256:", 7) != 0 ? name : NULL;
}

/* The name that the user has chosen, else the archive's if it is valid, else a mark. */
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

/* Absolute. NULL: standard input, or a path that JSON cannot hold. */
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
    restore_say(
        job->marks,
        "image: %s to a registry that the node pulls from, and put the name here; or give it "
        "with --image",
        is_image ? "copy it with ckptoci copy" : "push the archive with ckptoci convert");
}

/* The archive of an engine that does not run pods. */
static int refuse_engine(const struct restore_job *job, const struct engine_info *engine,
                         struct error *error)
{
    const struct subject *subject = job->options->subject;
    bool is_registry_image =
        subject->kind == SUBJECT_IMAGE && subject->image.kind == DESTINATION_REGISTRY;
    cleanup_free char *previous = NULL;

    error_set(error, ERROR_FAILED,
              "the checkpoint was made by %s, and no engine that runs pods restores it",
              engine->option);
    previous = job->members.has_parent && engine->previous_option
                   ? xasprintf(" %s PRE-CHECKPOINT-FILE", engine->previous_option)
                   : xstrdup("");
    if (is_registry_image)
        return error_advice(error, "restore it with: %s%s %s", engine->own_restore, previous,
                            subject->image.name + strlen("docker://"));
    return error_advice(error, "restore it with: %s%s --import %s", engine->own_restore, previous,
                        subject->kind == SUBJECT_ARCHIVE ? subject->path
                                                         : "FILE, which ckptoci pull writes");
}

static int choose_engine(struct restore_job *job, struct error *error)
{
    const struct engine_info *maker = engine_info(job->checkpoint->engine);

    job->engine = job->options->engine ? job->options->engine : job->checkpoint->engine;
    job->base_image = find_base_image(job);
    return maker->own_restore ? refuse_engine(job, maker, error) : 0;
}

static int check_base(const struct restore_job *job, struct error *error)
{
    if (job->options->base == RESTORE_BASE_BY_HAND || job->base_image)
        return 0;
    error_set(error, ERROR_FAILED, "the archive does not name a base image that could be pulled");
    return error_advice(error, "leave out --pull-base, and bring the image to the node by hand");
}

/* Whether the engine makes /etc/passwd; of a version that does not, the Pod has to declare the
 * mount. */
static bool knows_passwd(const struct restore_job *job)
{
    struct engine_version since = engine_passwd_since(job->engine);

    return !job->options->version_text ||
           engine_version_compare(&job->options->version, &since) >= 0;
}

/* The kit names the image's manifest by its digest, so that no index is in the way; its layer could
 * be read as what its type says. */
static void ask(const struct restore_job *job, struct engine_answers *answers)
{
    const struct restore_kit_options *options = job->options;
    const struct manifest *manifest = job->reading.manifest;
    struct restore_image image;
    struct restore_subject subject = {
        .checkpoint = job->checkpoint,
        .members = job->members,
    };

    if (manifest) {
        image = restore_image_of(manifest, manifest, job->reading.config);
        subject.image = &image;
    }
    engine_ask(answers, &subject, job->engine, options->version_text, &options->version);
}

/* What the kit brings itself, or says elsewhere. */
static bool is_seen_to(const struct restore_job *job, const struct reason *reason)
{
    bool has_image = job->options->target == RESTORE_BY_KUBERNETES || job->options->image ||
                     job->options->subject->kind == SUBJECT_IMAGE;

    return reason->verdict == VERDICT_YES || strcmp(reason->rule, "mounts") == 0 ||
           strcmp(reason->rule, "base-image") == 0 ||
           (strcmp(reason->rule, "signature-policy") == 0 && !has_image);
}

static bool says(const struct engine_answer *answer, const struct reason *reason)
{
    for (size_t i = 0; i < answer->reasoning.count; i++)
        if (strcmp(answer->reasoning.reasons[i].text, reason->text) == 0)
            return true;
    return false;
}

static bool is_decided(const struct engine_answer *answer)
{
    return answer->reasoning.verdict > VERDICT_NEEDS;
}

/* "VERSIONS, VERSIONS" of those that give this reason; "" if all do that would restore it. */
static char *versions_that_say(const struct engine_answers *answers, const struct reason *reason)
{
    char *list = xstrdup("");
    size_t silent = 0;

    for (size_t i = 0; i < answers->count; i++) {
        const struct engine_answer *answer = &answers->list[i];
        char *longer;

        if (is_decided(answer))
            continue;
        if (!says(answer, reason)) {
            silent++;
            continue;
        }
        longer = xasprintf("%s%s%s", list, *list ? ", " : "", answer->versions);
        free(list);
        list = longer;
    }
    if (silent == 0)
        *list = '\0';
    return list;
}

/* Each need once, where it is said first. */
static void add_needs(struct restore_job *job, const struct engine_answers *answers, size_t index)
{
    const struct engine_answer *answer = &answers->list[index];

    for (size_t i = 0; i < answer->reasoning.count; i++) {
        const struct reason *reason = &answer->reasoning.reasons[i];
        cleanup_free char *versions = NULL;
        bool is_told = is_seen_to(job, reason);

        for (size_t before = 0; before < index; before++)
            is_told = is_told ||
                      (!is_decided(&answers->list[before]) && says(&answers->list[before], reason));
        if (is_told)
            continue;
        versions = versions_that_say(answers, reason);
        if (*versions)
            restore_say(job->needs, "%s %s: %s", engine_name(job->engine), versions, reason->text);
        else
            restore_say(job->needs, "%s", reason->text);
    }
}

static void add_verdict(struct restore_job *job, const struct engine_answer *answer)
{
    const struct reason *decisive = reasoning_decisive(&answer->reasoning);

    restore_say(job->needs, "%s %s%s: %s", engine_name(job->engine), answer->versions,
                answer->reasoning.verdict == VERDICT_NO ? " does not restore it" : "",
                decisive->text);
}

static int refuse(const struct restore_job *job, const struct engine_answers *answers,
                  struct error *error)
{
    const struct engine_answer *last = &answers->list[answers->count - 1];

    error_set(error, ERROR_FAILED, "%s%s%s would not restore it: %s", engine_name(job->engine),
              job->options->version_text ? " " : "",
              job->options->version_text ? job->options->version_text : "",
              reasoning_decisive(&last->reasoning)->text);
    return error_advice(error, "ckptoci verify tells which engine would");
}

/* Adds to job->needs what the engine needs besides what the kit brings, and in which versions. -1:
 * none of the versions asked for would restore it. */
static int reason(struct restore_job *job, struct error *error)
{
    cleanup(engine_answers_done) struct engine_answers answers = {0};
    size_t restoring = 0;

    if (job->engine == ENGINE_UNKNOWN) {
        restore_say(job->needs, "spec.dump does not tell which engine made the archive, and none "
                                "restores another one's: name it with --engine");
        return 0;
    }
    ask(job, &answers);
    for (size_t i = 0; i < answers.count; i++)
        restoring += answers.list[i].reasoning.verdict != VERDICT_NO;
    if (restoring == 0)
        return refuse(job, &answers, error);
    for (size_t i = 0; i < answers.count; i++) {
        if (is_decided(&answers.list[i]))
            add_verdict(job, &answers.list[i]);
        else
            add_needs(job, &answers, i);
    }
    return 0;
}

static int make_kit(struct restore_job *job, struct error *error)
{
    if (choose_engine(job, error) || check_base(job, error) || reason(job, error) ||
        mount_plan_read(&job->plan, job->checkpoint, knows_passwd(job), error))
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
    cleanup(job_done) struct restore_job job = {
        .options = options,
        .kit = kit,
        .reading = {.subject = options->subject,
                    .platform = options->platform,
                    .registry = &options->registry,
                    .wants_config = true,
                    .writable = options->writable,
                    .progress = progress,
                    .cancel = cancel,
                    .content = {.findings = &kit->findings,
                                .max_unpacked_bytes = options->max_unpacked_bytes}},
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
