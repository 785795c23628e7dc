// SPDX-License-Identifier: Apache-2.0
#include "registry/answer.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

enum { ERRORS_SHOWN = 3, PART_MAX_LEN = 300, TEXT_MAX_LEN = 1200 };

/* As much as there is room for. */
static void add(struct buffer *text, const char *part)
{
    size_t len = strnlen(part, PART_MAX_LEN), room = text->max - text->len;

    buffer_append(text, part, len < room ? len : room);
}

static void add_between(struct buffer *text, const char *separator, const char *part)
{
    if (text->len)
        add(text, separator);
    add(text, part);
}

/* Often the only word on what is wrong with a manifest; for rights it only repeats the request. */
static void add_detail(struct buffer *text, const json_t *detail, const char *code)
{
    cleanup_free char *json = NULL;

    if (json_string_length(detail) > 0) {
        add(text, " (");
        add(text, json_string_value(detail));
        add(text, ")");
    } else if (json_object_size(detail) > 0 && strcmp(code, "DENIED") != 0 &&
               strcmp(code, "UNAUTHORIZED") != 0) {
        json = json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS);
        add(text, " ");
        add(text, json ? json : "");
    }
}

static const char *string_or_empty(const json_t *object, const char *key)
{
    const char *text = json_get_text(object, key);

    return text ? text : "";
}

static void add_errors(struct buffer *text, const json_t *errors)
{
    for (size_t i = 0; i < json_array_size(errors) && i < ERRORS_SHOWN; i++) {
        const json_t *item = json_array_get(errors, i);
        const char *code = string_or_empty(item, "code");
        const char *message = string_or_empty(item, "message");

        add_between(text, "; ", code);
        if (*code && *message)
            add(text, ": ");
        add(text, message);
        add_detail(text, json_object_get(item, "detail"), code);
    }
}

static void add_json(struct buffer *text, const json_t *json)
{
    /* What authorisation services and proxies answer instead. */
    static const char *const keys[] = {"error_description", "message", "details", "error"};

    add_errors(text, json_object_get(json, "errors"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys && text->len == 0; i++)
        add(text, string_or_empty(json, keys[i]));
}

static void add_title(struct buffer *text, const char *page)
{
    static const char tag[] = "<title>";
    const char *title = strcasestr(page, tag);
    cleanup_free char *words = NULL;

    if (!title)
        return;
    title += sizeof tag - 1;
    words = xstrndup(title, strcspn(title, "<"));
    add(text, words);
}

static void trim(struct buffer *text)
{
    while (text->len && strchr(" \t\r\n", text->data[text->len - 1]))
        text->data[--text->len] = '\0';
}

static char *answer_text(const char *body, size_t len)
{
    cleanup_free char *copy = xstrndup(body ? body : "", len);
    const char *start = copy + strspn(copy, " \t\r\n");
    cleanup(json_decrefp) json_t *json = json_loads(start, 0, NULL);
    struct buffer text;

    buffer_init(&text, TEXT_MAX_LEN);
    buffer_append(&text, "", 0);
    if (json)
        add_json(&text, json);
    else if (*start == '<')
        add_title(&text, start);
    else if (*start != '{' && *start != '[')
        add(&text, start);
    trim(&text);
    return text.data;
}

/* RFC 9110, section 15; HTTP/2 sends no names, and rare ones do not matter. */
static const struct {
    int status;
    const char *name;
} status_names[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {507, "Insufficient Storage"},
};

static const char *status_name(int status)
{
    for (size_t i = 0; i < sizeof status_names / sizeof *status_names; i++)
        if (status_names[i].status == status)
            return status_names[i].name;
    return "";
}

int refusal_set(struct error *error, int status, const char *body, size_t len)
{
    bool is_unauthorized = status == 401 || status == 403;
    const char *name = status_name(status);
    cleanup_free char *text = answer_text(body, len);

    error_set(error, is_unauthorized ? ERROR_UNAUTHORIZED : ERROR_FAILED, "%d%s%s%s%s", status,
              *name ? " " : "", name, *text ? ": " : "", text);
    error->http_status = status;
    return -1;
}

bool refusal_has_code(const char *body, size_t len, const char *code)
{
    cleanup(json_decrefp) json_t *json = json_loadb(body ? body : "", len, 0, NULL);
    const json_t *errors = json_object_get(json, "errors");

    for (size_t i = 0; i < json_array_size(errors); i++)
        if (json_text_is(json_array_get(errors, i), "code", code))
            return true;
    return false;
}

enum { HEADER_MAX_LEN = 100 };

static bool is_for(const char *header, uint64_t start, uint64_t size)
{
    char *end;

    if (strlen(header) > HEADER_MAX_LEN ||
        !pattern_matches("^bytes [0-9]{1,19}-[0-9]{1,19}/([0-9]{1,19}|\\*)$", header))
        return false;
    if (strtoull(header + strlen("bytes "), &end, 10) != start)
        return false;
    end = strchr(end, '/') + 1;
    return *end == '*' || strtoull(end, NULL, 10) == size;
}

int content_range_check(const char *header, uint64_t start, uint64_t size, struct error *error)
{
    if (header && is_for(header, start, size))
        return 0;
    return error_set(error, ERROR_FAILED,
                     "the registry was asked for the bytes from %" PRIu64 " on of %" PRIu64
                     ", and its answer is for \"%.100s\"",
                     start, size, header ? header : "");
}

int64_t content_range_kept(const char *header)
{
    if (!header || strlen(header) > HEADER_MAX_LEN ||
        !pattern_matches("^(bytes=)?0-[0-9]{1,18}$", header))
        return -1;
    return strtoll(strchr(header, '-') + 1, NULL, 10);
}
