// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/engine-reasoning.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "checkpoint/engine-rules.h"

enum { REASON_MAX_BYTES = 2048 };

const struct engine_range engine_ranges[] = {
    {ENGINE_CRIO, "before 1.26", {1, 25, 0}},
    {ENGINE_CRIO, "1.26", {1, 26, 0}},
    {ENGINE_CRIO, "1.27 to 1.34", {1, 34, 0}},
    {ENGINE_CRIO, "1.35 and 1.36", {1, 36, 0}},
    {ENGINE_CRIO, "main of August 2026", {.major = ENGINE_VERSION_MAX}},
    {ENGINE_CONTAINERD, "before 2.1", {2, 0, 0}},
    {ENGINE_CONTAINERD, "2.1 to 2.2.6, 2.3.0 to 2.3.3", {2, 2, 0}},
    {ENGINE_CONTAINERD, "from 2.2.7, from 2.3.4", {2, 3, 4}},
    {ENGINE_CONTAINERD, "2.4 and newer", {2, 4, 0}},
    {ENGINE_PODMAN, "before 4.1", {4, 0, 0}},
    {ENGINE_PODMAN, "4.1 to 5.x", {5, 0, 0}},
    {.engine = ENGINE_UNKNOWN},
};

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

int engine_parse(enum engine *engine, const char *text, struct error *error)
{
    static const enum engine engines[] = {ENGINE_CRIO, ENGINE_CONTAINERD, ENGINE_PODMAN};

    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        if (strcasecmp(engine_name(engines[i]), text) == 0) {
            *engine = engines[i];
            return 0;
        }
    }
    return error_set(error, ERROR_USAGE, "\"%s\" is not cri-o, containerd or podman", text);
}

void reasoning_add(struct reasoning *reasoning, enum verdict verdict, const char *rule,
                   json_t *items, const char *format, ...)
{
    char text[REASON_MAX_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reasoning->reasons =
        xreallocarray(reasoning->reasons, reasoning->count + 1, sizeof *reasoning->reasons);
    reasoning->reasons[reasoning->count++] =
        (struct reason){verdict, rule, display_text(text, REASON_MAX_BYTES), items};
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
static bool add_origin(struct reasoning *reasoning, const struct restore_subject *subject,
                       enum engine engine)
{
    enum engine made_by = subject->checkpoint->engine;

    if (made_by == ENGINE_UNKNOWN) {
        reasoning_add(reasoning, VERDICT_UNKNOWN, "archive-engine", NULL,
                      "spec.dump does not tell which engine made the archive, and none restores "
                      "another one's");
    } else if (made_by == engine) {
        reasoning_add(reasoning, VERDICT_YES, "archive-engine", NULL, "the archive was made by %s",
                      engine_name(made_by));
    } else {
        reasoning_add(reasoning, VERDICT_NO, "archive-engine", NULL,
                      "the archive was made by %s, and no engine restores another one's",
                      engine_name(made_by));
        return false;
    }
    return true;
}

void engine_reason(struct reasoning *ret, const struct restore_subject *subject, enum engine engine,
                   const struct engine_version *version)
{
    struct reasoning reasoning = {0};
    bool goes_on = add_origin(&reasoning, subject, engine);

    for (const struct engine_rule *rule = engine_rules; goes_on && rule->name; rule++) {
        if (!applies(rule, engine, version))
            continue;
        if (!rule->text) {
            rule->check(rule, subject, &reasoning);
            continue;
        }
        reasoning_add(&reasoning, rule->verdict, rule->name, NULL, "%s", rule->text);
        goes_on = rule->verdict != VERDICT_NO;
    }
    *ret = reasoning;
}

const struct reason *reasoning_decisive(const struct reasoning *reasoning)
{
    for (size_t i = 0; i < reasoning->count; i++)
        if (reasoning->reasons[i].verdict == reasoning->verdict)
            return &reasoning->reasons[i];
    return NULL;
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
