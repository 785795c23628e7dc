// SPDX-License-Identifier: Apache-2.0
#include "inspect/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "base/utf8.h"
#include "stream/codec.h"
#include "transport/reading.h"

struct entry {
    json_t *json;
    bool is_readable;
    time_t time;
};

struct list {
    struct entry *entries;
    size_t count, capacity;
    uint64_t max_unpacked_bytes; /* of each archive */
};

static void list_done(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        json_decref(list->entries[i].json);
    free(list->entries);
}

static bool is_archive_name(const char *name)
{
    return *name != '.' &&
           (strncmp(name, "checkpoint-", strlen("checkpoint-")) == 0 || codec_names_tar(name));
}

static void describe(json_t *json, const struct checkpoint *checkpoint)
{
    cleanup_free char *checkpointed = clock_format(checkpoint->time);

    utf8_set(json, "container", checkpoint->container);
    utf8_set(json, "pod", checkpoint->pod);
    utf8_set(json, "namespace", checkpoint->pod_namespace);
    utf8_set(json, "engine", engine_name(checkpoint->engine));
    utf8_set(json, "image", checkpoint->image_name);
    utf8_set(json, "checkpointed", checkpointed);
}

/* Fills in what the archive says of itself. */
static void read_archive(struct entry *entry, const char *path, uint64_t max_unpacked_bytes,
                         struct cancel *cancel)
{
    const struct subject subject = {.kind = SUBJECT_ARCHIVE, .path = path};
    cleanup(findings_done) struct findings findings = {0};
    struct progress nobody_looks = {0};
    cleanup(reading_done) struct reading reading = {.subject = &subject,
                                                    .progress = &nobody_looks,
                                                    .cancel = cancel,
                                                    .content = {.findings = &findings,
                                                                .only_metadata = true,
                                                                .max_unpacked_bytes =
                                                                    max_unpacked_bytes}};
    const struct archive_content *content = &reading.content;
    struct error error;

    if (reading_open(&reading, &error) || reading_walk(&reading, NULL, &error)) {
        utf8_set(entry->json, "error", error.text);
    } else if (!content->has_checkpoint) {
        utf8_set(entry->json, "error", content->no_checkpoint.text);
    } else {
        entry->is_readable = true;
        entry->time = content->checkpoint.time;
        describe(entry->json, &content->checkpoint);
    }
}

/* `place` is what is opened: the path, or "-". */
static void add(struct list *list, const char *path, const char *place, int64_t size,
                struct cancel *cancel)
{
    struct entry entry = {.json = json_object()};

    utf8_set(entry.json, "path", path);
    json_object_set_new(entry.json, "size", json_integer(size));
    read_archive(&entry, place, list->max_unpacked_bytes, cancel);
    list->entries = xgrow(list->entries, list->count, &list->capacity, sizeof *list->entries);
    list->entries[list->count++] = entry;
}

static int read_directory(struct list *list, DIR *stream, const char *directory,
                          struct cancel *cancel, struct error *error)
{
    const struct dirent *file;

    for (errno = 0; (file = readdir(stream)); errno = 0) {
        cleanup_free char *path = xasprintf("%s/%s", directory, file->d_name);
        struct stat status;

        if (cancel_check(cancel, error))
            return -1;
        if (!is_archive_name(file->d_name) || stat(path, &status) || !S_ISREG(status.st_mode))
            continue;
        if (list->count == LIST_MAX_ARCHIVES)
            return error_set(error, ERROR_FAILED, "there are more than %d archives in it",
                             LIST_MAX_ARCHIVES);
        add(list, path, path, status.st_size, cancel);
    }
    return errno ? error_set_errno(error, errno, "read") : cancel_check(cancel, error);
}

static int compare(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;

    if (left->is_readable != right->is_readable)
        return left->is_readable ? -1 : 1;
    if (left->time != right->time)
        return left->time > right->time ? -1 : 1;
    return strcmp(json_get_text(left->json, "path"), json_get_text(right->json, "path"));
}

/* "/x/" is "/x", but "/" stays. */
static char *without_trailing_slashes(const char *directory)
{
    size_t len = strlen(directory);

    while (len > 1 && directory[len - 1] == '/')
        len--;
    return xstrndup(directory, len);
}

/* Whether there is a file; then it is added, whatever its name. */
static bool add_file(struct list *list, const char *path, bool from_stdin, struct cancel *cancel)
{
    struct stat status;

    if ((from_stdin ? fstat(STDIN_FILENO, &status) : stat(path, &status)) ||
        !S_ISREG(status.st_mode))
        return false;
    sandbox_limit_writing(&(struct sandbox){0});
    add(list, path, from_stdin ? "-" : path, status.st_size, cancel);
    return true;
}

/* Hands the objects of the list over in a new array. */
static json_t *list_to_json(struct list *list)
{
    json_t *archives = json_array();

    if (list->count)
        qsort(list->entries, list->count, sizeof *list->entries, compare);
    for (size_t i = 0; i < list->count; i++)
        json_array_append(archives, list->entries[i].json);
    return archives;
}

static int add_directory(struct list *list, const char *directory, struct cancel *cancel,
                         struct error *error)
{
    cleanup(closedirp) DIR *stream = opendir(directory);

    if (!stream && errno == ENOTDIR && add_file(list, directory, false, cancel))
        return cancel_check(cancel, error);
    if (!stream) {
        error_set_errno(error, errno, "list %s: open", directory);
        return error_advice(error, "name the directory that holds the archives, or run it as the "
                                   "user who may read it");
    }
    sandbox_limit_writing(&(struct sandbox){0});
    if (read_directory(list, stream, directory, cancel, error))
        return error_context(error, "list %s", directory);
    return 0;
}

static int add_standard_input(struct list *list, const char *path, struct cancel *cancel,
                              struct error *error)
{
    if (add_file(list, path, true, cancel))
        return cancel_check(cancel, error);
    return error_set(error, ERROR_USAGE, "list %s: standard input is no file", path);
}

int list_run(const char *path, bool from_stdin, uint64_t max_unpacked_bytes, json_t **archives,
             struct cancel *cancel, struct error *error)
{
    cleanup_free char *directory = without_trailing_slashes(path);
    cleanup(list_done) struct list list = {.max_unpacked_bytes = max_unpacked_bytes};

    if (from_stdin ? add_standard_input(&list, path, cancel, error)
                   : add_directory(&list, directory, cancel, error))
        return -1;
    *archives = list_to_json(&list);
    return 0;
}
