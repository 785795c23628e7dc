// SPDX-License-Identifier: Apache-2.0
#include "findings-view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

static void print_checks(void)
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct check_info *info = check_info(i);

        printf("%-24s %-7s %s%s%s%s\n", info->name, check_severity_name(i), info->consequence,
               info->reference ? " (" : "", info->reference ? info->reference : "",
               info->reference ? ")" : "");
    }
}

int findings_view_allow(void *policy, const char *value, struct error *error)
{
    enum check check;

    if (strcmp(value, "list") == 0) {
        print_checks();
        exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    }
    if (!check_find(value, &check)) {
        error_set(error, ERROR_USAGE, "\"%s\" is no check", value);
        return error_advice(error, "--allow list prints them");
    }
    if (check_info(check)->severity == CHECK_REFUSES_ALWAYS)
        return error_set(error, ERROR_USAGE, "%s cannot be allowed: %s", value,
                         check_info(check)->consequence);
    ((struct finding_policy *)policy)->allowed[check] = true;
    return 0;
}

/* How many findings of this check were counted, but not kept, if this is the last one that was. */
static size_t left_out_behind(const struct findings *findings, size_t index)
{
    enum check check = findings->list[index].check;
    size_t kept = 0;

    for (size_t i = 0; i < findings->count; i++) {
        if (findings->list[i].check != check)
            continue;
        if (i > index)
            return 0;
        kept++;
    }
    return findings->counts[check] - kept;
}

void findings_view_warn(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        cleanup_free char *line = finding_line(finding);
        size_t more;

        if (finding->level != FINDING_WARNING)
            continue;
        log_warning("%s", line);
        if ((more = left_out_behind(findings, i)) > 0)
            log_warning("%s: %zu more of this kind", check_info(finding->check)->name, more);
    }
}

void findings_view_advise(const struct findings *findings, struct error *error)
{
    const struct finding *refusal = findings_refusal(findings);
    const struct check_info *info = refusal ? check_info(refusal->check) : NULL;

    if (info && info->severity != CHECK_REFUSES_ALWAYS && error->kind == ERROR_ARCHIVE)
        error_advice(error, "if this is meant to be so, --allow %s lets it pass", info->name);
}
