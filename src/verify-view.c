// SPDX-License-Identifier: Apache-2.0
#include "verify-view.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

/* Wide enough for the longest of engine_ranges and of the engines' names. */
enum { ENGINE_COLUMN = 10, VERSIONS_COLUMN = 29, VERDICT_COLUMN = 7 };

enum { NAME_MAX_BYTES = 4096 };

static void print_finding(const struct finding *finding)
{
    static const char *const levels[] = {
        [FINDING_ALLOWED] = "allowed",
        [FINDING_WARNING] = "warning",
        [FINDING_REFUSAL] = "refused",
    };
    cleanup_free char *line = finding_line(finding);

    printf("%s: %s\n", levels[finding->level], line);
}

/* How often anything was found, also what was only counted. */
static size_t count_findings(const struct findings *findings)
{
    size_t count = 0;

    for (int check = 0; check < CHECK_COUNT; check++)
        count += findings->counts[check];
    return count;
}

static void print_conclusion(const struct verify_options *options, const struct findings *findings)
{
    const char *name = subject_name(options->subject);
    size_t count = count_findings(findings);

    if (count > findings->count)
        printf("... and %zu more of the same checks\n", count - findings->count);
    printf("%s: ", strcmp(name, "-") == 0 ? "standard input" : name);
    if (findings->refusals > 0)
        printf("refused, %zu of %zu finding%s forbid%s it\n", findings->refusals, count,
               count == 1 ? "" : "s", findings->refusals == 1 ? "s" : "");
    else if (count > 0)
        printf("in order, with %zu finding%s\n", count, count == 1 ? "" : "s");
    else
        puts("in order");
}

static bool decided_alike(const struct verify_answer *a, const struct verify_answer *b)
{
    const struct reason *of_a = reasoning_decisive(&a->reasoning);
    const struct reason *of_b = reasoning_decisive(&b->reasoning);

    return a->engine == b->engine && a->reasoning.verdict == b->reasoning.verdict &&
           strcmp(of_a->text, of_b->text) == 0;
}

/* How many answers from the first one on are all of its engine, if all are decided alike; else 1:
 * they need a row each. */
static size_t one_row_for(const struct verify_answer *first, size_t left)
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
    printf("%-*s %-*s %-*s %s\n", ENGINE_COLUMN, engine, VERSIONS_COLUMN, versions, VERDICT_COLUMN,
           verdict, text);
}

/* A row for each engine and range of versions, with the line that decides. */
static void print_table(const struct verify_result *result)
{
    size_t count;

    putchar('\n');
    print_row("ENGINE", "VERSIONS", "RESTORE", "WHY, OR WHAT IT NEEDS FIRST");
    for (size_t i = 0; i < result->answer_count; i += count) {
        const struct verify_answer *answer = &result->answers[i];
        cleanup_free char *summary = summarize(&answer->reasoning);
        bool is_first = i == 0 || answer[-1].engine != answer->engine;

        count = is_first ? one_row_for(answer, result->answer_count - i) : 1;
        print_row(engine_name(answer->engine), count > 1 ? "any" : answer->versions,
                  verdict_name(answer->reasoning.verdict), summary);
    }
    puts("\n--engine tells all that each of them needs.");
}

static void print_reasoning(const struct verify_answer *answer)
{
    printf("\n%s %s: %s\n", engine_name(answer->engine), answer->versions,
           verdict_name(answer->reasoning.verdict));
    for (size_t i = 0; i < answer->reasoning.count; i++)
        printf("  %-*s %s\n", VERDICT_COLUMN, verdict_name(answer->reasoning.reasons[i].verdict),
               answer->reasoning.reasons[i].text);
}

void verify_view_plain(const struct verify_options *options, const struct verify_result *result)
{
    for (size_t i = 0; i < result->findings.count; i++)
        print_finding(&result->findings.list[i]);
    print_conclusion(options, &result->findings);
    if (result->answer_count == 0)
        return;
    if (options->engine == ENGINE_UNKNOWN) {
        print_table(result);
        return;
    }
    for (size_t i = 0; i < result->answer_count; i++)
        print_reasoning(&result->answers[i]);
}

static json_t *report_answers(const struct verify_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < result->answer_count; i++) {
        const struct verify_answer *answer = &result->answers[i];
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

json_t *verify_view_json(const struct verify_options *options, const struct verify_result *result)
{
    bool is_image = options->subject->kind == SUBJECT_IMAGE;
    /* A path may be any bytes, and JSON only UTF-8. */
    cleanup_free char *name = display_text(subject_name(options->subject), NAME_MAX_BYTES);
    json_t *report = json_pack("{s:s, s:s, s:s, s:o, s:o, s:f}", "name", name, "kind",
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
