// SPDX-License-Identifier: Apache-2.0
#include "engines/reasoning.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "engines/rules.h"

enum { REASON_MAX_BYTES = 2048 };

/* What distributions and builds put behind a version: "-rc.1", "+git", "~ds1". */
static const char suffixes[] = "-+~";

static int parse_number(const char **text, int *number)
{
    char *end;
    long value;

    if (!isdigit((unsigned char)**text))
        return -1;
    value = strtol(*text, &end, 10);
    if (value >= ENGINE_VERSION_MAX)
        return -1;
    *number = (int)value;
    *text = end;
    return 0;
}

int engine_version_parse(struct engine_version *ret, const char *text, struct error *error)
{
    struct engine_version version = {0};
    int *const parts[] = {&version.major, &version.minor, &version.patch};
    const char *at = *text == 'v' ? text + 1 : text;
    size_t count = 0;

    if (strcmp(text, "main") == 0) {
        *ret = ENGINE_VERSION_MAIN;
        return 0;
    }
    while (count < sizeof parts / sizeof *parts && parse_number(&at, parts[count]) == 0) {
        count++;
        if (*at != '.')
            break;
        at++;
    }
    if (count < 2 || (*at != '\0' && !strchr(suffixes, *at)))
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is no version, as in 1.36, 2.3.4 or main for what is not released",
                         text);
    *ret = version;
    return 0;
}

int engine_version_compare(const struct engine_version *a, const struct engine_version *b)
{
    if (a->major != b->major)
        return a->major < b->major ? -1 : 1;
    if (a->minor != b->minor)
        return a->minor < b->minor ? -1 : 1;
    if (a->patch != b->patch)
        return a->patch < b->patch ? -1 : 1;
    return 0;
}

const char *verdict_name(enum verdict verdict)
{
    static const char *const names[] = {
        [VERDICT_YES] = "yes",
        [VERDICT_NEEDS] = "needs",
        [VERDICT_UNKNOWN] = "unknown",
        [VERDICT_NO] = "no",
    };

    return names[verdict];
}

void reasoning_add(const struct inquiry *in, enum verdict verdict, json_t *items,
                   const char *format, ...)
{
    struct reasoning *reasoning = in->reasoning;
    char text[REASON_MAX_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reasoning->reasons =
        xreallocarray(reasoning->reasons, reasoning->count + 1, sizeof *reasoning->reasons);
    reasoning->reasons[reasoning->count++] =
        (struct reason){verdict, in->rule, display_text(text, REASON_MAX_BYTES), items};
    if (verdict > reasoning->verdict)
        reasoning->verdict = verdict;
}

static bool applies(const struct engine_rule *rule, enum engine engine,
                    const struct engine_version *version)
{
    static const struct engine_version open_end = {0};

    return (rule->engine == ENGINE_UNKNOWN || rule->engine == engine) &&
           engine_version_compare(version, &rule->from) >= 0 &&
           (engine_version_compare(&rule->before, &open_end) == 0 ||
            engine_version_compare(version, &rule->before) < 0);
}

/* False: no other engine's archive is restored, whatever else there is. */
static bool check_origin(const struct inquiry *in)
{
    enum engine made_by = in->subject->checkpoint->engine;

    if (made_by == ENGINE_UNKNOWN)
        reasoning_add(in, VERDICT_UNKNOWN, NULL,
                      "spec.dump does not tell which engine made the archive, and none restores "
                      "another one's");
    else if (made_by == in->engine)
        reasoning_add(in, VERDICT_YES, NULL, "the archive was made by %s", engine_name(made_by));
    else
        reasoning_add(in, VERDICT_NO, NULL,
                      "the archive was made by %s, and no engine restores another one's",
                      engine_name(made_by));
    return in->reasoning->verdict != VERDICT_NO;
}

void engine_reason(struct reasoning *ret, const struct restore_subject *subject, enum engine engine,
                   const struct engine_version *version)
{
    struct reasoning reasoning = {0};
    struct inquiry in = {engine, "archive-engine", subject, &reasoning};
    bool goes_on = check_origin(&in);

    for (const struct engine_rule *rule = engine_rules; goes_on && rule->name; rule++) {
        if (!applies(rule, engine, version))
            continue;
        in.rule = rule->name;
        if (!rule->text) {
            rule->check(&in);
            continue;
        }
        reasoning_add(&in, rule->verdict, NULL, "%s", rule->text);
        goes_on = rule->verdict != VERDICT_NO;
    }
    *ret = reasoning;
}

const struct reason *reasoning_decisive(const struct reasoning *reasoning)
{
    const struct reason *reason = reasoning->reasons;

    while (reason->verdict != reasoning->verdict)
        reason++;
    return reason;
}

static void answer(struct engine_answers *answers, const struct restore_subject *subject,
                   enum engine engine, const char *versions, const struct engine_version *version)
{
    struct engine_answer *answer = &answers->list[answers->count];

    if (answers->count == ENGINE_MAX_ANSWERS)
        return;
    *answer = (struct engine_answer){.engine = engine, .versions = versions};
    engine_reason(&answer->reasoning, subject, engine, version);
    answers->count++;
}

void engine_ask(struct engine_answers *answers, const struct restore_subject *subject,
                enum engine engine, const char *version_text, const struct engine_version *version)
{
    if (version_text) {
        answer(answers, subject, engine, version_text, version);
        return;
    }
    for (const struct engine_range *range = engine_ranges; range->engine != ENGINE_UNKNOWN; range++)
        if (engine == ENGINE_UNKNOWN || engine == range->engine)
            answer(answers, subject, range->engine, range->versions, &range->sample);
}

void engine_answers_done(struct engine_answers *answers)
{
    for (size_t i = 0; i < answers->count; i++)
        reasoning_done(&answers->list[i].reasoning);
}

struct restore_image restore_image_of(const struct manifest *manifest, const struct manifest *top,
                                      const json_t *config)
{
    return (struct restore_image){
        .annotations = json_object_get(manifest->json, "annotations"),
        .has_index = top != manifest,
        .top_annotations = json_object_get(top->json, "annotations"),
        .manifest_type = manifest->media_type,
        .config_type = manifest->parts[0].media_type,
        .layer_type = manifest->parts[1].media_type,
        .layer_type_is_true = true,
        .os = json_get_text(config, "os"),
        .architecture = json_get_text(config, "architecture"),
    };
}

int engine_members_visit(void *context, const struct member *member, struct error *error)
{
    struct engine_members *members = context;

    (void)error;
    if (member->container)
        return 0;
    if (strcmp(member->path, "deleted.files") == 0)
        members->has_deleted_files = true;
    else if (strcmp(member->path, "status.dump") == 0)
        members->has_status_dump = true;
    else if (strcmp(member->path, "checkpoint/parent") == 0)
        members->has_parent = true;
    return 0;
}

void reasoning_done(struct reasoning *reasoning)
{
    for (size_t i = 0; i < reasoning->count; i++) {
        free(reasoning->reasons[i].text);
        json_decref(reasoning->reasons[i].items);
    }
    free(reasoning->reasons);
    *reasoning = (struct reasoning){0};
}
