// SPDX-License-Identifier: Apache-2.0
#include "registry/link.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

#define BLANKS " \t"

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, BLANKS);
}

/* Whether `next` is among the relations, which have blanks between them. */
static bool is_next(const char *relations)
{
    while (*(relations = skip_blanks(relations))) {
        size_t len = strcspn(relations, BLANKS);

        if (len == strlen("next") && strncasecmp(relations, "next", len) == 0)
            return true;
        relations += len;
    }
    return false;
}

/* A quoted string (RFC 9110, section 5.6.4), *text at its first quotation mark and then behind its
 * last. NULL: it has no end. */
static char *read_quoted(const char **text)
{
    cleanup_free char *value = xcalloc(strlen(*text), 1);
    size_t len = 0;
    const char *c;

    for (c = *text + 1; *c != '"'; c++) {
        if (*c == '\\')
            c++;
        if (!*c)
            return NULL;
        value[len++] = *c;
    }
    *text = c + 1;
    return steal(value);
}

/* The value behind a parameter's name, "" where it has none. NULL: it cannot be read. */
static char *read_value(const char **text)
{
    const char *begin;
    size_t len;

    *text = skip_blanks(*text);
    if (**text != '=')
        return xstrdup("");
    *text = begin = skip_blanks(*text + 1);
    if (*begin == '"')
        return read_quoted(text);
    len = strcspn(begin, BLANKS ";,");
    *text += len;
    return len ? xstrndup(begin, len) : NULL;
}

/* The parameters of one link. *next becomes true where the first "rel" says so; a second one does
 * not count (section 3.3). -1: they cannot be read. */
static int read_parameters(const char **text, bool *next)
{
    bool has_relation = false;

    while (**text == ';') {
        const char *name = *text = skip_blanks(*text + 1);
        size_t len = strcspn(name, BLANKS "=;,");
        cleanup_free char *value = NULL;

        *text += len;
        value = read_value(text);
        if (!value)
            return -1;
        if (!has_relation && len == strlen("rel") && strncasecmp(name, "rel", len) == 0) {
            has_relation = true;
            *next = is_next(value);
        }
        *text = skip_blanks(*text);
    }
    return 0;
}

int link_find_next(const char *header, char **ret, struct error *error)
{
    const char *text = header;

    *ret = NULL;
    for (;;) {
        const char *target, *end;
        bool next = false;

        text += strspn(text, BLANKS ",");
        if (!*text)
            return 0;
        target = text + 1;
        end = *text == '<' ? strchr(target, '>') : NULL;
        if (!end)
            break;
        text = skip_blanks(end + 1);
        if (read_parameters(&text, &next) < 0 || (*text && *text != ','))
            break;
        if (next) {
            *ret = xstrndup(target, (size_t)(end - target));
            return 0;
        }
    }
    return error_set(error, ERROR_FAILED, "it is no list of links as RFC 8288 has it: %s", header);
}
