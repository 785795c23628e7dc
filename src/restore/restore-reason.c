// SPDX-License-Identifier: Apache-2.0
/* What the engine needs besides what the kit itself brings, in which of its versions. */
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "restore/restore-job.h"

enum { RANGES_MAX = 16 };

/* One way to be restored: an engine in versions that are treated alike. */
struct answer {
    const char *versions;
    struct reasoning reasoning;
};

struct answers {
    struct answer list[RANGES_MAX];
    size_t count;
};

static void answers_done(struct answers *answers)
{
    for (size_t i = 0; i < answers->count; i++)
        reasoning_done(&answers->list[i].reasoning);
}

/* The kit names the image's manifest by its digest, so that no index is in the way. */
static struct restore_image see_image(const struct restore_job *job)
{
    const struct manifest *manifest = job->reading.manifest;
    const json_t *annotations = json_object_get(manifest->json, "annotations");

    return (struct restore_image){
        .annotations = annotations,
        .top_annotations = annotations,
        .manifest_type = manifest->media_type,
        .config_type = manifest->parts[0].media_type,
        .layer_type = manifest->parts[1].media_type,
        .layer_type_is_true = true, /* it could be read as that */
        .os = json_get_text(job->reading.config, "os"),
        .architecture = json_get_text(job->reading.config, "architecture"),
    };
}

static void collect(const struct restore_job *job, struct answers *answers)
{
    const struct restore_kit_options *options = job->options;
    struct restore_image image;
    struct restore_subject subject = {
        .checkpoint = job->checkpoint,
        .members = job->members,
    };

    if (job->reading.manifest) {
        image = see_image(job);
        subject.image = &image;
    }
    if (options->version_text) {
        answers->list[0].versions = options->version_text;
        engine_reason(&answers->list[0].reasoning, &subject, job->engine, &options->version);
        answers->count = 1;
        return;
    }
    for (const struct engine_range *range = engine_ranges;
         range->engine != ENGINE_UNKNOWN && answers->count < RANGES_MAX; range++) {
        if (range->engine != job->engine)
            continue;
        answers->list[answers->count].versions = range->versions;
        engine_reason(&answers->list[answers->count++].reasoning, &subject, job->engine,
                      &range->sample);
    }
}

/* What the kit brings itself, or tells of in a place of its own. */
static bool is_seen_to(const struct restore_job *job, const struct reason *reason)
{
    bool has_image = job->options->target == RESTORE_BY_KUBERNETES || job->options->image ||
                     job->options->subject->kind == SUBJECT_IMAGE;

    return reason->verdict == VERDICT_YES || strcmp(reason->rule, "mounts") == 0 ||
           strcmp(reason->rule, "base-image") == 0 ||
           (strcmp(reason->rule, "signature-policy") == 0 && !has_image);
}

static bool says(const struct answer *answer, const struct reason *reason)
{
    for (size_t i = 0; i < answer->reasoning.count; i++)
        if (strcmp(answer->reasoning.reasons[i].text, reason->text) == 0)
            return true;
    return false;
}

static bool is_decided(const struct answer *answer)
{
    return answer->reasoning.verdict > VERDICT_NEEDS;
}

/* "VERSIONS, VERSIONS" of those that say the same; "" where all do that would restore it. */
static char *versions_that_say(const struct answers *answers, const struct reason *reason)
{
    char *list = xstrdup("");
    size_t silent = 0;

    for (size_t i = 0; i < answers->count; i++) {
        const struct answer *answer = &answers->list[i];
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
static void add_needs(struct restore_job *job, const struct answers *answers, size_t index)
{
    const struct answer *answer = &answers->list[index];

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

static void add_verdict(struct restore_job *job, const struct answer *answer)
{
    const struct reason *decisive = reasoning_decisive(&answer->reasoning);

    restore_say(job->needs, "%s %s%s: %s", engine_name(job->engine), answer->versions,
                answer->reasoning.verdict == VERDICT_NO ? " does not restore it" : "",
                decisive->text);
}

static int refuse(const struct restore_job *job, const struct answers *answers, struct error *error)
{
    const struct answer *last = &answers->list[answers->count - 1];

    error_set(error, ERROR_FAILED, "%s%s%s would not restore it: %s", engine_name(job->engine),
              job->options->version_text ? " " : "",
              job->options->version_text ? job->options->version_text : "",
              reasoning_decisive(&last->reasoning)->text);
    return error_advice(error, "ckptoci verify tells which engine would");
}

int restore_reason(struct restore_job *job, struct error *error)
{
    cleanup(answers_done) struct answers answers = {0};
    size_t restoring = 0;

    if (job->engine == ENGINE_UNKNOWN) {
        restore_say(job->needs, "spec.dump does not tell which engine made the archive, and none "
                                "restores another one's: name it with --engine");
        return 0;
    }
    collect(job, &answers);
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
