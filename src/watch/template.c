// SPDX-License-Identifier: Apache-2.0
#include "watch/template.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "oci/digest.h"
#include "transport/destination.h"

enum {
    TEMPLATE_MAX_BYTES = 4096,
    /* What tells archives of one second apart. */
    DISTINCTION_DIGITS = 8,
};

/* How much of each value is kept: the first with which the whole is no longer than allowed. */
enum { VALUE_SMALLEST_LIMIT = 9 };
static const size_t value_limits[] = {63, 40, 28, 20, 14, VALUE_SMALLEST_LIMIT};
enum { VALUE_LIMIT_COUNT = sizeof value_limits / sizeof *value_limits };

struct values {
    const char *pod_namespace, *pod, *container, *node;
    const char *time; /* fits already */
};

static bool is_separator(char c)
{
    return c == '-' || c == '.' || c == '_';
}

static char fitting(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || is_separator(c))
        return c;
    return '-';
}

/* Letters and digits, and one separator at a time between them. The caller's. */
static char *fit_value(const char *value, size_t max)
{
    char *fitted = xcalloc(max + 1, 1);
    size_t len = 0;

    for (; value && *value && len < max; value++) {
        char c = fitting(*value);

        if (is_separator(c) && (len == 0 || is_separator(fitted[len - 1]))) {
            if (len > 0)
                fitted[len - 1] = '-';
            continue;
        }
        fitted[len++] = c;
    }
    while (len > 0 && is_separator(fitted[len - 1]))
        fitted[--len] = '\0';
    if (len > 0)
        return fitted;
    free(fitted);
    return xstrdup("none");
}

/* The value of the placeholder, fitted; NULL: there is none of that name. The caller's. */
static char *value_of(const struct values *values, const char *name, size_t len, size_t max)
{
    const struct {
        const char *name, *value;
    } known[] = {
        {"namespace", values->pod_namespace},
        {"pod", values->pod},
        {"container", values->container},
        {"node", values->node},
    };

    if (len == strlen("time") && strncmp(name, "time", len) == 0)
        return xstrdup(values->time);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strlen(known[i].name) == len && strncmp(known[i].name, name, len) == 0)
            return fit_value(known[i].value, max);
    return NULL;
}

/* Takes "{name}" at *text and moves behind it. */
static int append_placeholder(struct buffer *buffer, const char **text, const struct values *values,
                              size_t max, struct error *error)
{
    const char *name = *text + 1, *end = strpbrk(name, "{}");
    cleanup_free char *value = NULL;

    if (**text == '}' || !end || *end == '{')
        return error_set(error, ERROR_USAGE, "a brace is without its other half");
    value = value_of(values, name, (size_t)(end - name), max);
    if (!value)
        return error_set(error, ERROR_USAGE,
                         "there is no {%.*s}, only {namespace} {pod} {container} {time} {node}",
                         (int)(end - name), name);
    *text = end + 1;
    return buffer_append(buffer, value, strlen(value));
}

static int fill_in(struct buffer *buffer, const char *template, const struct values *values,
                   size_t max, struct error *error)
{
    buffer_clear(buffer);
    for (const char *text = template; *text;) {
        size_t plain = strcspn(text, "{}");

        if (buffer_append(buffer, text, plain))
            return error_set(error, ERROR_USAGE, "it is too long");
        text += plain;
        if (*text && append_placeholder(buffer, &text, values, max, error))
            return -1;
    }
    return 0;
}

/* With values as long as they may be. */
static int expand(const char *template, const struct values *values, char **reference,
                  struct error *error)
{
    cleanup(buffer_done) struct buffer buffer;

    buffer_init(&buffer, 2 * TEMPLATE_MAX_BYTES);
    for (size_t i = 0; i < VALUE_LIMIT_COUNT; i++) {
        cleanup(destination_done) struct destination destination = {0};

        if (fill_in(&buffer, template, values, value_limits[i], error))
            return -1;
        if (destination_parse(&destination, buffer.data ? buffer.data : "", error) == 0) {
            *reference = xstrdup(buffer.data);
            return 0;
        }
    }
    return -1;
}

int template_check(const char *template, const char *node, struct error *error)
{
    char longest[VALUE_SMALLEST_LIMIT + 1];
    struct values values = {.node = node, .time = "20260101-000000-00000000"};
    cleanup_free char *reference = NULL;

    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    values.pod_namespace = values.pod = values.container = longest;
    if (strlen(template) > TEMPLATE_MAX_BYTES)
        return error_set(error, ERROR_USAGE, "template: it has more than %d characters",
                         TEMPLATE_MAX_BYTES);
    if (expand(template, &values, &reference, error))
        return error_context(error, "template \"%s\"", template);
    if (strstr(template, "{time}"))
        return 0;
    return error_set(error, ERROR_USAGE,
                     "template \"%s\": {time} is not in it, so that a container's next archive "
                     "would take the place of the one before",
                     template);
}

/* "20260102-030405-1a2b3c4d"; the caller's. */
static char *format_time(const struct archive *archive)
{
    cleanup_free char *whole = xasprintf("%s\n%" PRId64 "\n%" PRId64, archive->name,
                                         archive->identity.size, archive->identity.mtime_ns);
    const time_t seconds = (time_t)archive->time_s;
    char text[] = "00000000-000000";
    struct digest digest;
    struct tm tm;

    sha256_of(whole, strlen(whole), &digest);
    /* A year of five digits is no year that a checkpoint was made in. */
    if (gmtime_r(&seconds, &tm) && tm.tm_year >= 0 && tm.tm_year < 9999 - 1900)
        strftime(text, sizeof text, "%Y%m%d-%H%M%S", &tm);
    return xasprintf("%s-%.*s", text, DISTINCTION_DIGITS, digest_hex(&digest));
}

int template_expand(const char *template, const char *node, const struct archive *archive,
                    char **reference, struct error *error)
{
    cleanup_free char *time = format_time(archive);
    const struct values values = {
        .pod_namespace = archive->pod_namespace,
        .pod = archive->pod,
        .container = archive->container,
        .node = node,
        .time = time,
    };

    if (expand(template, &values, reference, error))
        return error_context(error, "template \"%s\"", template);
    return 0;
}
