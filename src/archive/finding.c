// SPDX-License-Identifier: Apache-2.0
#include "archive/finding.h"

#include <stdio.h>

#include "base/memory.h"
#include "base/text.h"

static enum finding_level level_of(const struct finding_policy *policy, enum check check)
{
    enum check_severity severity = check_info(check)->severity;
    enum finding_level level = severity == CHECK_WARNS ? FINDING_WARNING : FINDING_REFUSAL;

    if (severity == CHECK_REFUSES_ALWAYS)
        return FINDING_REFUSAL;
    if (policy->allowed[check])
        return level - 1;
    return policy->strict ? FINDING_REFUSAL : level;
}

char *finding_line(const struct finding *finding)
{
    const struct check_info *info = check_info(finding->check);

    return xasprintf("%s: %s%s%s; %s", info->name, finding->member ? finding->member : "",
                     finding->member ? ": " : "", finding->detail, info->consequence);
}

/* Takes `finding` over. */
static void keep(struct findings *findings, struct finding *finding)
{
    enum check check = finding->check;
    bool first_refusal = finding->level == FINDING_REFUSAL && findings->refusals == 0;

    findings->refusals += finding->level == FINDING_REFUSAL;
    /* findings_refusal() must find one. */
    if (findings->counts[check]++ >= FINDINGS_MAX_KEPT && !first_refusal) {
        free(finding->member);
        free(finding->detail);
        return;
    }
    findings->list = xreallocarray(findings->list, findings->count + 1, sizeof *findings->list);
    findings->list[findings->count++] = *finding;
}

__attribute__((format(printf, 6, 0))) static int report(struct findings *findings, enum check check,
                                                        bool fatal, const char *member,
                                                        struct error *error, const char *format,
                                                        va_list args)
{
    struct finding finding = {.check = check, .level = level_of(&findings->policy, check)};
    char detail[FINDING_DETAIL_MAX_BYTES + 1];
    int result = 0;

    vsnprintf(detail, sizeof detail, format, args);
    finding.detail = display_text(detail, FINDING_DETAIL_MAX_BYTES);
    finding.member = member ? display_text(member, FINDING_NAME_MAX_BYTES) : NULL;
    if (fatal)
        finding.level = FINDING_REFUSAL;
    if (fatal || (finding.level == FINDING_REFUSAL && !findings->policy.keeps_going) ||
        check_info(check)->severity == CHECK_REFUSES_ALWAYS) {
        cleanup_free char *line = finding_line(&finding);

        result = error_set(error, ERROR_ARCHIVE, "%s", line);
    }
    keep(findings, &finding);
    return result;
}

int finding_report(struct findings *findings, enum check check, const char *member,
                   struct error *error, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = report(findings, check, false, member, error, format, args);
    va_end(args);
    return result;
}

int finding_report_member(struct findings *findings, enum check check, const struct member *member,
                          struct error *error, const char *format, ...)
{
    cleanup_free char *name = xasprintf("%s%s%s", member->container ? member->container : "",
                                        member->container ? ":" : "", member->path);
    va_list args;
    int result;

    va_start(args, format);
    result = report(findings, check, false, name, error, format, args);
    va_end(args);
    return result;
}

int finding_report_fatal(struct findings *findings, enum check check, const char *member,
                         struct error *error, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = report(findings, check, true, member, error, format, args);
    va_end(args);
    return result;
}

const struct finding *findings_refusal(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->list[i].level == FINDING_REFUSAL)
            return &findings->list[i];
    return NULL;
}

json_t *findings_json(const struct findings *findings)
{
    static const char *const verdicts[] = {[FINDING_ALLOWED] = "allowed",
                                           [FINDING_WARNING] = "warning",
                                           [FINDING_REFUSAL] = "refused"};
    json_t *array = json_array();

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        const struct check_info *info = check_info(finding->check);

        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:s, s:s*, s:s, s:s, s:s*, s:I}", "check",
                                        info->name, "severity", check_severity_name(finding->check),
                                        "verdict", verdicts[finding->level], "member",
                                        finding->member, "detail", finding->detail, "consequence",
                                        info->consequence, "reference", info->reference, "count",
                                        (json_int_t)findings->counts[finding->check]));
    }
    return array;
}

void findings_clear(struct findings *findings)
{
    struct finding_policy policy = findings->policy;

    findings_done(findings);
    findings->policy = policy;
}

void findings_done(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->list[i].member);
        free(findings->list[i].detail);
    }
    free(findings->list);
    *findings = (struct findings){0};
}
