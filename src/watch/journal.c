// SPDX-License-Identifier: Apache-2.0
#include "watch/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/tmpfile.h"

static const char file_name[] = "archives.jsonl";
static const char lock_name[] = "lock";

enum {
    LOCK_POLL_MS = 50,
    WASTE_LINES = 1000, /* are never too many */
};

struct journal {
    char *path;    /* of the directory, for messages */
    char *watched; /* what the names belong to */
    int directory, lock, file;
    size_t lines;
    bool ends_within_line; /* after a kill, or a write that failed */
};

void journal_free(struct journal *journal)
{
    if (!journal)
        return;
    closep(&journal->file);
    closep(&journal->lock);
    closep(&journal->directory);
    free(journal->path);
    free(journal->watched);
    free(journal);
}

static int take_lock(struct journal *journal, const struct cancel *cancel, struct error *error)
{
    int64_t until_ms = clock_monotonic_ms() + JOURNAL_LOCK_WAIT_MS;

    journal->lock =
        openat(journal->directory, lock_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (journal->lock < 0)
        return error_set_errno(error, errno, "open %s", lock_name);
    while (flock(journal->lock, LOCK_EX | LOCK_NB)) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return error_set_errno(error, errno, "lock %s", lock_name);
        if (clock_monotonic_ms() > until_ms) {
            error_set(error, ERROR_FAILED, "another agent uses it");
            return error_advice(error, "end that one, or give this one a --state-dir of its own");
        }
        cancel_wait(cancel, LOCK_POLL_MS);
        if (cancel_check(cancel, error))
            return -1;
    }
    return 0;
}

static int open_directory(struct journal *journal, struct error *error)
{
    if (mkdir(journal->path, 0700) && errno != EEXIST) {
        error_set_errno(error, errno, "make the directory");
        return error_advice(error, "make it, or name another one with --state-dir");
    }
    journal->directory = open(journal->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (journal->directory < 0)
        return error_set_errno(error, errno, "open");
    return 0;
}

static int open_file(struct journal *journal, struct error *error)
{
    journal->file = openat(journal->directory, file_name,
                           O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (journal->file >= 0)
        return 0;
    error_set_errno(error, errno, "open %s", file_name);
    return error_context(error, "state directory %s", journal->path);
}

int journal_open(struct journal **ret, const char *directory, const char *watched,
                 const struct cancel *cancel, struct error *error)
{
    cleanup(journal_freep) struct journal *journal = NEW(struct journal);

    journal->path = xstrdup(directory);
    journal->watched = xstrdup(watched);
    journal->directory = journal->lock = journal->file = -1;
    if (open_directory(journal, error) || take_lock(journal, cancel, error))
        return error_context(error, "state directory %s", directory);
    tmpfile_remove_left(journal->directory);
    if (open_file(journal, error))
        return -1;
    *ret = steal(journal);
    return 0;
}

static json_t *to_json(const struct archive *archive)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:s, s:I, s:I, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*}",
                     "name", archive->name, "ino", (json_int_t)archive->identity.inode, "size",
                     (json_int_t)archive->identity.size, "mtime_ns",
                     (json_int_t)archive->identity.mtime_ns, "state",
                     archive_state_name(archive->state), "recorded",
                     (json_int_t)archive->recorded_s, "checkpointed", (json_int_t)archive->time_s,
                     "namespace", archive->pod_namespace, "pod", archive->pod, "container",
                     archive->container, "reference", archive->reference, "digest", archive->digest,
                     "error", archive->error_text);
}

static void from_json(struct archive *archive, const json_t *json, enum archive_state state)
{
    archive->state = state;
    archive->identity = (struct archive_identity){
        .inode = (uint64_t)json_get_integer(json, "ino"),
        .size = json_get_integer(json, "size"),
        .mtime_ns = json_get_integer(json, "mtime_ns"),
    };
    archive->recorded_s = json_get_integer(json, "recorded");
    archive->time_s = json_get_integer(json, "checkpointed");
    archive_set_text(&archive->pod_namespace, json_get_text(json, "namespace"));
    archive_set_text(&archive->pod, json_get_text(json, "pod"));
    archive_set_text(&archive->container, json_get_text(json, "container"));
    archive_set_text(&archive->reference, json_get_text(json, "reference"));
    archive_set_text(&archive->digest, json_get_text(json, "digest"));
    archive_set_text(&archive->error_text, json_get_text(json, "error"));
}

/* Of what was pushed, reference and digest are known. */
static bool is_complete(const json_t *json, enum archive_state state)
{
    return state != ARCHIVE_PUSHED || (json_is_string(json_object_get(json, "reference")) &&
                                       json_is_string(json_object_get(json, "digest")));
}

static int load_line(struct journal *journal, struct archive_table *table, const char *line,
                     struct error *error)
{
    json_t *json = json_parse(line, strlen(line), NULL);
    const char *name = json_get_text(json, "name");
    const char *state_name = json_get_text(json, "state");
    const char *watched = json_get_text(json, "directory");
    enum archive_state state;
    struct archive *archive;
    int result = 0;

    if (watched && strcmp(watched, journal->watched) != 0) {
        error_set(error, ERROR_FAILED, "it is about archives in %s", watched);
        result = error_advice(error, "give each directory a --state-dir of its own");
    } else if (name && state_name && archive_state_parse(&state, state_name) == 0 &&
               is_complete(json, state)) {
        result = archive_table_add(table, name, &archive, error);
        if (result == 0)
            from_json(archive, json, state);
    } else if (!watched) {
        log_warning("%s/%s: line %zu is passed over: it was not written to its end", journal->path,
                    file_name, journal->lines + 1);
    }
    json_decref(json);
    return result;
}

DEFINE_CLEANUP(FILE *, fclose);

static int load_lines(struct journal *journal, struct archive_table *table, FILE *stream,
                      struct error *error)
{
    cleanup_free char *line = NULL;
    size_t capacity = 0;
    ssize_t len;

    while ((len = getline(&line, &capacity, stream)) > 0) {
        journal->ends_within_line = line[len - 1] != '\n';
        if (load_line(journal, table, line, error))
            return -1;
        journal->lines++;
    }
    return ferror(stream) ? error_set_errno(error, errno, "read") : 0;
}

int journal_load(struct journal *journal, struct archive_table *table, struct error *error)
{
    int fd = openat(journal->directory, file_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    cleanup(fclosep) FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
    struct stat status;

    if (!stream || fstat(fd, &status))
        error_set_errno(error, errno, "open");
    else if (status.st_size > JOURNAL_MAX_BYTES)
        error_set(error, ERROR_FAILED, "it is larger than %d MiB", JOURNAL_MAX_BYTES >> 20);
    else if (load_lines(journal, table, stream, error) == 0)
        return 0;
    return error_context(error, "state file %s/%s", journal->path, file_name);
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Takes `json`; the line goes to free(). */
static char *format_line(json_t *json)
{
    cleanup_free char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII);

    json_decref(json);
    return xasprintf("%s\n", text ? text : "{}");
}

int journal_append(struct journal *journal, const struct archive *archive, struct error *error)
{
    cleanup_free char *line = format_line(to_json(archive));
    bool failed = (journal->ends_within_line && write_all(journal->file, "\n", 1)) ||
                  write_all(journal->file, line, strlen(line)) || fdatasync(journal->file);

    journal->ends_within_line = failed;
    if (failed) {
        error_set_errno(error, errno, "write state file %s/%s", journal->path, file_name);
        return error_advice(error, "make room there");
    }
    journal->lines++;
    return 0;
}

static int add_line(struct tmpfile *file, json_t *json, struct error *error)
{
    cleanup_free char *line = format_line(json);

    return tmpfile_append(file, line, strlen(line), error);
}

static int write_table(struct tmpfile *file, const struct journal *journal,
                       const struct archive_table *table, size_t *lines, struct error *error)
{
    if (add_line(file, json_pack("{s:s}", "directory", journal->watched), error))
        return -1;
    *lines = 1;
    for (size_t i = 0; i < table->count; i++) {
        const struct archive *archive = table->archives[i];

        if (archive->state == ARCHIVE_WAITING || archive->state == ARCHIVE_CONVERTING)
            continue;
        if (add_line(file, to_json(archive), error))
            return -1;
        ++*lines;
    }
    return 0;
}

int journal_compact(struct journal *journal, const struct archive_table *table, struct error *error)
{
    cleanup_free char *place = xasprintf("state file %s/%s", journal->path, file_name);
    cleanup(tmpfile_done) struct tmpfile file;
    size_t lines = 0;

    tmpfile_init(&file);
    file.mode = 0600;
    file.advice = "make room there, or name another directory with --state-dir";
    if (tmpfile_create(&file, journal->directory, place, error) ||
        write_table(&file, journal, table, &lines, error) ||
        tmpfile_publish(&file, file_name, error) ||
        tmpfile_sync_directory(journal->directory, place, error))
        return -1;
    journal->lines = lines;
    journal->ends_within_line = false;
    close(journal->file);
    return open_file(journal, error);
}

bool journal_is_wasteful(const struct journal *journal, const struct archive_table *table)
{
    return journal->lines > WASTE_LINES + 2 * table->count;
}
