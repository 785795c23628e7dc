// SPDX-License-Identifier: Apache-2.0
#include "transport/place.h"

#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "oci/reference.h"
#include "stream/codec.h"

/* What is looked at of the text in front of a colon and of that behind it. */
enum { BEFORE_MAX_LEN = 40, BEHIND_MAX_LEN = 80, NAME_MAX_LEN = 512 };

/* How a text ends that a colon must not be the end of, and what is then behind that colon. */
static const struct {
    const char *before, *behind;
} cuts[] = {
    /* hours and minutes behind a date, as in 2026-05-01T09 : 30 : 15 */
    {"[0-9]{4}-?[0-9]{2}-?[0-9]{2}[T_ -]?[0-9]{2}(:[0-9]{2})?$", "^[0-9]{2}([^0-9]|$)"},
    {"(^|[^0-9])[0-9]{2}:[0-9]{2}$", "^[0-9]{2}([^0-9]|$)"},       /* 09:30 : 15 */
    {"(^|[^0-9])[0-9]{2}$", "^[0-9]{2}:[0-9]{2}([^0-9]|$)"},       /* 09 : 30:15 */
    {":[0-9]{2}([.][0-9]+)?[+-][0-9]{2}$", "^[0-9]{2}([^0-9]|$)"}, /* 15+02 : 00 */
    {"sha(256|384|512)$", "^[0-9a-f]{64}"},                        /* a digest */
    {"[A-Za-z0-9]$", "^[0-9]{1,5}/"},                              /* host : port / path */
    {"", "^/"},                                                    /* http : //... */
};

static bool looks_cut(const char *text, const char *colon)
{
    size_t len = (size_t)(colon - text), kept = len < BEFORE_MAX_LEN ? len : BEFORE_MAX_LEN;
    cleanup_free char *before = xstrndup(colon - kept, kept);
    cleanup_free char *behind = xstrndup(colon + 1, strnlen(colon + 1, BEHIND_MAX_LEN));

    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++)
        if (pattern_matches(cuts[i].before, before) && pattern_matches(cuts[i].behind, behind))
            return true;
    return false;
}

/* "registry.example/team/app:1.0", "team/app:1.0" */
static bool is_full_name(const char *text)
{
    return strlen(text) <= NAME_MAX_LEN && strchr(text, '/') && reference_is_valid(text);
}

static const char *find_explicit(const char *text)
{
    const char *found = NULL;

    for (const char *at = strstr(text, "::"); at; at = strstr(at + 1, "::"))
        found = at;
    return found;
}

/* The colon behind the name of a tar. */
static const char *find_behind_tar(const char *text)
{
    for (const char *colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':')) {
        cleanup_free char *before = xstrndup(text, (size_t)(colon - text));

        if (codec_names_tar(before))
            return colon;
    }
    return NULL;
}

/* The colon that ends the path, NULL if all of it is one. -1: there are two ways to read it, and
 * *colon is the first. */
static int find_end(const char *text, const char **colon)
{
    const char *first = NULL, *last = NULL;

    *colon = find_behind_tar(text);
    if (*colon || codec_names_tar(text))
        return 0;
    for (const char *at = strchr(text, ':'); at; at = strchr(at + 1, ':')) {
        if (at > text && looks_cut(text, at))
            continue;
        first = first ? first : at;
        last = at;
    }
    *colon = first;
    if (!first || is_full_name(first + 1) || (first == last && !strchr(first + 1, ':')))
        return 0;
    return -1;
}

static int set(struct place *place, const char *transport, const char *text, const char *colon,
               size_t colon_len, struct error *error)
{
    bool is_explicit = colon_len == 2;

    if (*text == '\0' || text == colon)
        return error_set(error, ERROR_USAGE, "the path is missing behind \"%s\"", transport);
    if (colon && colon[colon_len] == '\0' && !is_explicit)
        return error_set(error, ERROR_USAGE, "the tag is missing behind the colon");
    place->path = colon ? xstrndup(text, (size_t)(colon - text)) : xstrdup(text);
    place->tag = colon && colon[colon_len] ? xstrdup(colon + colon_len) : NULL;
    return 0;
}

int place_parse(struct place *place, const char *transport, const char *text, struct error *error)
{
    const char *colon = find_explicit(text), *last = strrchr(text, ':');

    if (colon)
        return set(place, transport, text, colon, 2, error);
    if (find_end(text, &colon) == 0)
        return set(place, transport, text, colon, 1, error);
    error_set(error, ERROR_USAGE, "it can be read with the path \"%.*s\" and in other ways",
              (int)(colon - text), text);
    return error_advice(error,
                        "put a double colon before the tag: %s%.*s::%s, or %s%.*s::%s; or behind a "
                        "path without a tag: %s%s::",
                        transport, (int)(last - text), text, last + 1, transport,
                        (int)(colon - text), text, colon + 1, transport, text);
}

void place_done(struct place *place)
{
    free(place->path);
    free(place->tag);
}

char *place_format(const char *path, const char *tag)
{
    cleanup_free char *text = xasprintf("%s%s%s", path, tag ? ":" : "", tag ? tag : "");
    cleanup(place_done) struct place read = {0};
    struct error ignored;

    if (place_parse(&read, "", text, &ignored) == 0 && strcmp(read.path, path) == 0 &&
        (tag ? read.tag && strcmp(read.tag, tag) == 0 : !read.tag))
        return steal(text);
    return xasprintf("%s::%s", path, tag ? tag : "");
}
