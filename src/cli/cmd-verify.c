// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "cli/progress-view.h"
#include "cli/shared-options.h"
#include "cli/view.h"
#include "verify/verify.h"

/* Wide enough for the longest of engine_ranges and of the engines' names. */
enum { ENGINE_COLUMN = 10, VERSIONS_COLUMN = 29, VERDICT_COLUMN = 7 };

struct request {
    struct verify_options verify;
    struct subject subject;
    bool json, quiet;
};

static int set_engine(void *field, const char *value, struct error *error)
{
    return engine_parse(field, value, error);
}

#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {ALLOW_OPTION(verify.policy)},
    {"engine", 0, "ENGINE",
     "tell all about cri-o, containerd or podman; default: a table of all of them",
     OPTION_SPECIAL(set_engine, verify.engine)},
    {"engine-version", 0, "VERSION", "of the engine, as in 1.36 or main; default: all versions",
     OPTION_SPECIAL(option_engine_version, verify.version_text)},
    {JSON_OPTION(json)},
    {MAX_UNPACKED_OPTION(verify.max_unpacked_bytes)},
    {PLATFORM_OPTION(verify.platform)},
    {QUIET_OPTION(quiet)},
    {"strict", 0, NULL, "refuse it where there would be a warning about it",
     OPTION_FLAG(verify.policy.strict)},
    {0},
};

static int prepare(void *context, const struct command_line *line, struct error *error)
{
    struct request *request = context;
    struct verify_options *verify = &request->verify;

    if (option_engine_version_use(verify->version_text, verify->engine, &verify->version, error))
        return -1;
    verify->subject = &request->subject;
    if (option_check_standard_input(line->arguments[0], false, error))
        return -1;
    return subject_parse(&request->subject, line->arguments[0], error);
}

static void print_finding(const struct finding *finding)
{
    static const char *const levels[] = {
        [FINDING_ALLOWED] = "allowed",
        [FINDING_WARNING] = "warning",
        [FINDING_REFUSAL] = "refused",
    };
    cleanup_free char *line = finding_line(finding);

    view_line("%s: %s", levels[finding->level], line);
}

/* How often anything was found, also what was only counted. */
static size_t count_findings(const struct findings *findings)
{
    size_t count = 0;

    for (int check = 0; check < CHECK_COUNT; check++)
        count += findings->counts[check];
    return count;
}

static const char *name_of(const struct request *request)
{
    const char *name = subject_name(&request->subject);

    return strcmp(name, "-") == 0 ? "standard input" : name;
}

static char *conclude(const struct request *request, const struct findings *findings)
{
    const char *name = name_of(request);
    size_t count = count_findings(findings);

    if (findings->refusals > 0)
        return xasprintf("%s: refused, %zu of %zu finding%s forbid%s it", name, findings->refusals,
                         count, count == 1 ? "" : "s", findings->refusals == 1 ? "s" : "");
    if (count > 0)
        return xasprintf("%s: in order, with %zu finding%s", name, count, count == 1 ? "" : "s");
    return xasprintf("%s: in order", name);
}

static void print_conclusion(const struct request *request, const struct findings *findings)
{
    cleanup_free char *conclusion = conclude(request, findings);
    size_t count = count_findings(findings);

    if (count > findings->count)
        printf("... and %zu more of the same checks\n", count - findings->count);
    view_line("%s", conclusion);
}

static bool decided_alike(const struct engine_answer *a, const struct engine_answer *b)
{
    const struct reason *of_a = reasoning_decisive(&a->reasoning);
    const struct reason *of_b = reasoning_decisive(&b->reasoning);

    return a->engine == b->engine && a->reasoning.verdict == b->reasoning.verdict &&
           strcmp(of_a->text, of_b->text) == 0;
}

/* How many answers from the first one on are all of its engine, if all are decided alike; else 1:
 * they need a row each. */
static size_t one_row_for(const struct engine_answer *first, size_t left)
{
    size_t count = 1;

    while (count < left && first[count].engine == first->engine) {
        if (!decided_alike(first, &first[count]))
            return 1;
        count++;
    }
    return count;
}

/* The line that decides, and how many more decide the same. */
static char *summarize(const struct reasoning *reasoning)
{
    const struct reason *decisive = reasoning_decisive(reasoning);
    size_t more = 0;

    for (size_t i = 0; i < reasoning->count; i++)
        more += reasoning->reasons[i].verdict == reasoning->verdict;
    if (reasoning->verdict != VERDICT_NEEDS || more == 1)
        return xstrdup(decisive->text);
    return xasprintf("%s; and %zu more", decisive->text, more - 1);
}

static void print_row(const char *engine, const char *versions, const char *verdict,
                      const char *text)
{
    view_line("%-*s %-*s %-*s %s", ENGINE_COLUMN, engine, VERSIONS_COLUMN, versions, VERDICT_COLUMN,
              verdict, text);
}

/* A row for each engine and range of versions, with the line that decides. */
static void print_table(const struct verify_result *result)
{
    size_t count;

    putchar('\n');
    print_row("ENGINE", "VERSIONS", "RESTORE", "WHY, OR WHAT IT NEEDS FIRST");
    for (size_t i = 0; i < result->answers.count; i += count) {
        const struct engine_answer *answer = &result->answers.list[i];
        cleanup_free char *summary = summarize(&answer->reasoning);
        bool is_first = i == 0 || answer[-1].engine != answer->engine;

        count = is_first ? one_row_for(answer, result->answers.count - i) : 1;
        print_row(engine_name(answer->engine), count > 1 ? "any" : answer->versions,
                  verdict_name(answer->reasoning.verdict), summary);
    }
    puts("\n--engine tells all that each of them needs.");
}

static void print_reasoning(const struct engine_answer *answer)
{
    printf("\n%s %s: %s\n", engine_name(answer->engine), answer->versions,
           verdict_name(answer->reasoning.verdict));
    for (size_t i = 0; i < answer->reasoning.count; i++)
        view_line("  %-*s %s", VERDICT_COLUMN, verdict_name(answer->reasoning.reasons[i].verdict),
                  answer->reasoning.reasons[i].text);
}

static void print_plain(const struct request *request, const struct verify_result *result)
{
    for (size_t i = 0; i < result->findings.count; i++)
        print_finding(&result->findings.list[i]);
    print_conclusion(request, &result->findings);
    if (result->answers.count == 0)
        return;
    if (request->verify.engine == ENGINE_UNKNOWN) {
        print_table(result);
        return;
    }
    for (size_t i = 0; i < result->answers.count; i++)
        print_reasoning(&result->answers.list[i]);
}

static json_t *report_answers(const struct verify_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < result->answers.count; i++) {
        const struct engine_answer *answer = &result->answers.list[i];
        json_t *reasons = json_array();

        for (size_t j = 0; j < answer->reasoning.count; j++) {
            const struct reason *reason = &answer->reasoning.reasons[j];

            json_array_append_new(reasons, json_pack("{s:s, s:s, s:s, s:O*}", "rule", reason->rule,
                                                     "verdict", verdict_name(reason->verdict),
                                                     "text", reason->text, "items", reason->items));
        }
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:o}", "engine",
                                        engine_name(answer->engine), "versions", answer->versions,
                                        "verdict", verdict_name(answer->reasoning.verdict),
                                        "reasons", reasons));
    }
    return list;
}

static void add_digest(json_t *report, const char *key, const struct digest *digest)
{
    if (*digest->text)
        json_set_text(report, key, digest->text);
}

static json_t *make_report(const struct request *request, const struct verify_result *result)
{
    bool is_image = request->subject.kind == SUBJECT_IMAGE;
    json_t *name = utf8_text(subject_name(&request->subject));
    json_t *report = json_pack("{s:o, s:s, s:s, s:o, s:o, s:f}", "name", name, "kind",
                               is_image ? "image" : "archive", "result",
                               result->findings.refusals > 0 ? "refused" : "passed", "findings",
                               findings_json(&result->findings), "engines", report_answers(result),
                               "seconds", result->seconds);

    add_digest(report, "manifest", &result->manifest);
    add_digest(report, "config", &result->config);
    add_digest(report, "layer", &result->layer);
    add_digest(report, "archive", &result->archive);
    if (*result->archive.text)
        json_object_set_new(report, "archive_size", json_integer((json_int_t)result->archive_size));
    return report;
}

/* What makes an exit status other than 0 of it. That the engine does not restore it is the answer
 * to a question only where the version was asked about, too. */
static struct error judge(const struct request *request, const struct verify_result *result)
{
    const struct engine_answer *answer = result->answers.list;
    bool was_asked = request->verify.version_text && result->answers.count > 0;
    cleanup_free char *conclusion = conclude(request, &result->findings);
    struct error verdict = {.kind = ERROR_NONE};

    if (result->findings.refusals > 0)
        error_set(&verdict, ERROR_ARCHIVE, "%s", conclusion);
    else if (was_asked && answer->reasoning.verdict == VERDICT_NO)
        error_set(&verdict, ERROR_UNRESTORABLE, "%s: %s %s does not restore it: %s",
                  name_of(request), engine_name(request->verify.engine),
                  request->verify.version_text, reasoning_decisive(&answer->reasoning)->text);
    return verdict;
}

static int report(const struct request *request, const struct verify_result *result)
{
    struct error verdict = judge(request, result);
    int status;

    if (request->json)
        cmd_print_json(make_report(request, result), &verdict);
    else
        print_plain(request, result);
    status = cmd_flush();
    return status ? status : error_exit_status(&verdict);
}

static int run(void *context, struct cancel *cancel, struct error *error)
{
    cleanup(verify_result_done) struct verify_result result = {0};
    const struct request *request = context;
    struct progress progress = {0};
    struct progress_view *view = progress_view_new(&progress, PROGRESS_READS, request->quiet);
    int status = verify_run(&request->verify, &result, &progress, cancel, error);

    progress_view_free(view);
    return status < 0 ? -1 : report(request, &result);
}

static void done(void *context)
{
    struct request *request = context;

    option_platform_done(&request->verify.platform);
    subject_done(&request->subject);
    registry_options_done(&request->verify.registry);
}

static const struct request defaults = {.verify = {.registry = REGISTRY_OPTIONS_INIT}};

const struct command verify_command = {
    .name = "verify",
    .summary = "check an archive or image, and tell which engine would restore it",
    .arguments = "[OPTIONS] ARCHIVE|IMAGE",
    .details =
        "Reads a checkpoint archive, or an image of one, checks all that convert checks\n"
        "and prints every finding. Of an image also every digest and size, the config\n"
        "against the layer, the layer's type against its bytes and the annotations\n"
        "against the archive are checked. Then it tells which container engines would\n"
        "restore it, and what they need for that.\n\n" ARCHIVE_HELP IMAGE_HELP "\n"
        "Exit status: 0 in order, 3 refused, 5 the --engine of this --engine-version does not\n"
        "restore it, 1 it could not be read.",
    .needs = "verify needs an archive or an image",
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .shared = {{registry_option_specs, offsetof(struct request, verify.registry)}},
    .request_size = sizeof(struct request),
    .defaults = &defaults,
    .prepare = prepare,
    .run = run,
    .done = done,
};
