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
#include "base/utf8.h"

static const char file_name[] = "archives.jsonl";
static const char lock_name[] = "lock";

enum {
    LOCK_POLL_MS = 50,
    WASTE_LINES = 1000, /* are never too many */
    /* More than any line takes that we write. */
    LINE_MAX_BYTES = 64 << 10,
};

struct journal {
    char *path;    /* of the directory, for messages */
    char *watched; /* what the names belong to */
    int directory, lock, file;
    size_t lines;
    int64_t bytes;
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

/* A path may be any bytes, and what is read from the file is UTF-8; free() it. */
static char *as_recorded(const char *path)
{
    cleanup(json_decrefp) json_t *text = utf8_text(path);

    return xstrdup(json_string_value(text));
}

int journal_open(struct journal **ret, const char *directory, const char *watched,
                 const struct cancel *cancel, struct error *error)
{
    cleanup(journal_freep) struct journal *journal = NEW(struct journal);

    journal->path = xstrdup(directory);
    journal->watched = as_recorded(watched);
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

/* Of what was pushed, reference and digest are known; what is still to be done is not recorded. */
static bool is_complete(const json_t *json, enum archive_state state)
{
    if (state == ARCHIVE_WAITING || state == ARCHIVE_CONVERTING)
        return false;
    return state != ARCHIVE_PUSHED || (json_is_string(json_object_get(json, "reference")) &&
                                       json_is_string(json_object_get(json, "digest")));
}

static int check_directory(const struct journal *journal, const char *watched, struct error *error)
{
    if (strcmp(watched, journal->watched) == 0)
        return 0;
    error_set(error, ERROR_FAILED, "it is about archives in %s", watched);
    return error_advice(error, "give each directory a --state-dir of its own");
}

/* Whether the line tells of an archive that there is room for. */
static bool load_archive(struct archive_table *table, const json_t *json)
{
    const char *name = json_get_text(json, "name");
    const char *state_name = json_get_text(json, "state");
    enum archive_state state;
    struct archive *archive;
    struct error ignored;

    if (!name || !state_name || archive_state_parse(&state, state_name) != 0 ||
        !is_complete(json, state) || archive_table_add(table, name, &archive, &ignored))
        return false;
    from_json(archive, json, state);
    return true;
}

/* What the lines of a file tell, while they are read. */
struct loading {
    struct archive_table *table;
    char line[LINE_MAX_BYTES];
    size_t len;
    size_t unreadable; /* lines */
};

static int load_line(struct journal *journal, struct loading *loading, struct error *error)
{
    json_t *json = json_parse(loading->line, loading->len, NULL);
    const char *watched = json_get_text(json, "directory");
    int result = 0;

    if (watched)
        result = check_directory(journal, watched, error);
    else if (!load_archive(loading->table, json))
        loading->unreadable++;
    json_decref(json);
    return result;
}

DEFINE_CLEANUP(FILE *, fclose);

/* A line, of which no more is kept than LINE_MAX_BYTES: that much is no JSON. False: the end. */
static bool read_line(struct journal *journal, struct loading *loading, FILE *stream)
{
    int c = EOF;

    loading->len = 0;
    while ((c = getc_unlocked(stream)) != EOF) {
        journal->ends_within_line = c != '\n';
        if (c == '\n')
            break;
        if (loading->len < LINE_MAX_BYTES)
            loading->line[loading->len++] = (char)c;
    }
    return loading->len > 0 || c != EOF;
}

static int load_lines(struct journal *journal, struct archive_table *table, FILE *stream,
                      struct error *error)
{
    cleanup_free struct loading *loading = NEW(struct loading);

    loading->table = table;
    while (read_line(journal, loading, stream)) {
        if (load_line(journal, loading, error))
            return -1;
        journal->lines++;
    }
    if (ferror(stream))
        return error_set_errno(error, errno, "read");
    if (loading->unreadable)
        log_warning("%s/%s: %zu of its lines are passed over: they are not as they were written, "
                    "or not to their end",
                    journal->path, file_name, loading->unreadable);
    return 0;
}

/* Never what keeps the agent from its work: without its state, it finds out from the registry what
 * is there already. */
static int begin_anew(const struct journal *journal, struct error *error)
{
    log_warning("%s/%s: it is larger than %d MiB, so the state is begun anew: archives that were "
                "pushed are looked at again",
                journal->path, file_name, JOURNAL_MAX_BYTES >> 20);
    return ftruncate(journal->file, 0) ? error_set_errno(error, errno, "empty it") : 0;
}

int journal_load(struct journal *journal, struct archive_table *table, struct error *error)
{
    int fd = openat(journal->directory, file_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    cleanup(fclosep) FILE *stream = fd < 0 ? NULL : fdopen(fd, "r");
    struct stat status;
    int result;

    if (!stream || fstat(fd, &status)) {
        result = error_set_errno(error, errno, "open");
    } else if (status.st_size > JOURNAL_MAX_BYTES) {
        result = begin_anew(journal, error);
    } else {
        journal->bytes = status.st_size;
        result = load_lines(journal, table, stream, error);
    }
    return result ? error_context(error, "state file %s/%s", journal->path, file_name) : 0;
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
    cleanup_free char *text = json_show(json, JSON_COMPACT | JSON_SORT_KEYS);

    json_decref(json);
    return xasprintf("%s\n", text);
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
    journal->bytes += (int64_t)strlen(line);
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
    file.advice = "make room there, or name another directory with --state-dir";
    if (tmpfile_create(&file, journal->directory, place, error) ||
        write_table(&file, journal, table, &lines, error) ||
        tmpfile_publish(&file, file_name, error) ||
        tmpfile_sync_directory(journal->directory, place, error))
        return -1;
    journal->lines = lines;
    journal->bytes = (int64_t)file.size;
    journal->ends_within_line = false;
    close(journal->file);
    return open_file(journal, error);
}

bool journal_is_wasteful(const struct journal *journal, const struct archive_table *table)
{
    if (journal->bytes > JOURNAL_MAX_BYTES / 2 && journal->lines > table->count + 1)
        return true;
    return journal->lines > WASTE_LINES + 2 * table->count;
}
