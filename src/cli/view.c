// SPDX-License-Identifier: Apache-2.0
#include "cli/view.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

enum { ARGUMENTS_MAX_BYTES = 16 << 20 }; /* what is beyond is left out */

char *format_text(const char *text)
{
    /* display_text() writes four bytes for one that cannot be shown. */
    return text ? display_text(text, 4 * strlen(text)) : xstrdup("");
}

char *format_bytes(uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024)
        return xasprintf("%" PRIu64 " B", bytes);
    for (; value >= 1024 && unit < sizeof units / sizeof *units - 1; unit++)
        value /= 1024;
    return xasprintf("%.1f %s", value, units[unit]);
}

char *format_us(uint64_t us)
{
    if (us < 1000)
        return xasprintf("%" PRIu64 " µs", us);
    if (us < 1000000)
        return xasprintf("%.2f ms", (double)us / 1e3);
    return xasprintf("%.2f s", (double)us / 1e6);
}

/* One word as a shell takes it. Where there is a quote in it, the quotes around it are closed, it
 * stands escaped, and they are opened again: it'\''s. */
static char *quote(const char *word)
{
    char *quoted, *end;

    if (*word && !strpbrk(word, " \t\n\"'\\$&|;<>()*?[{!`#~"))
        return xstrdup(word);
    quoted = xcalloc(strlen("'\\''") * strlen(word) + sizeof "''", 1);
    end = stpcpy(quoted, "'");
    for (; *word; word++) {
        if (*word == '\'')
            end = stpcpy(end, "'\\'");
        *end++ = *word;
    }
    strcpy(end, "'");
    return quoted;
}

char *format_arguments(const json_t *arguments)
{
    struct buffer line;
    json_t *argument;
    size_t i;

    buffer_init(&line, ARGUMENTS_MAX_BYTES);
    buffer_append(&line, "", 0);
    json_array_foreach(arguments, i, argument)
    {
        cleanup_free char *quoted = quote(json_string_value(argument));
        cleanup_free char *word = xasprintf("%s%s", i ? " " : "", quoted);

        if (buffer_append(&line, word, strlen(word)))
            break;
    }
    return line.data;
}

bool view_list_line(struct view_list *list)
{
    if (list->shows_all || list->lines < VIEW_LIST_LINES) {
        list->lines++;
        return true;
    }
    list->omitted++;
    return false;
}

void view_list_end(const struct view_list *list)
{
    if (list->omitted)
        printf("  ... and %zu more; --all shows them\n", list->omitted);
}

uint64_t view_number(const json_t *object, const char *key)
{
    return (uint64_t)json_get_integer(object, key);
}

void view_print(const char *text)
{
    cleanup_free char *safe = format_text(text);

    fputs(safe, stdout);
}

void view_line(const char *format, ...)
{
    cleanup_free char *line = NULL;
    va_list args;

    va_start(args, format);
    line = xvasprintf(format, args);
    va_end(args);
    view_print(line);
    putchar('\n');
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

static void warn(const char *line, const char *archive)
{
    if (archive)
        log_warning("%s (of %s)", line, strcmp(archive, "-") == 0 ? "standard input" : archive);
    else
        log_warning("%s", line);
}

void view_warnings(const struct findings *findings, const char *archive)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        cleanup_free char *line = finding_line(finding);
        size_t more;

        if (finding->level != FINDING_WARNING)
            continue;
        warn(line, archive);
        if ((more = left_out_behind(findings, i)) > 0) {
            cleanup_free char *rest =
                xasprintf("%s: %zu more of this kind", check_info(finding->check)->name, more);

            warn(rest, archive);
        }
    }
}

void view_advise(const struct findings *findings, struct error *error)
{
    const struct finding *refusal = findings_refusal(findings);
    const struct check_info *info = refusal ? check_info(refusal->check) : NULL;

    if (info && info->severity != CHECK_REFUSES_ALWAYS && error->kind == ERROR_ARCHIVE)
        error_advice(error, "if this is meant to be so, --allow %s lets it pass", info->name);
}
