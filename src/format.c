// SPDX-License-Identifier: Apache-2.0
#include "format.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

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
