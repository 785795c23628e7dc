// SPDX-License-Identifier: Apache-2.0
/* The processes in a report. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "inspect/report.h"

static const char *state_name(uint32_t state)
{
    switch (state) {
    case CRIU_TASK_ALIVE:
        return "alive";
    case CRIU_TASK_DEAD:
        return "dead";
    case CRIU_TASK_STOPPED:
        return "stopped";
    case CRIU_TASK_ZOMBIE:
        return "zombie";
    default:
        return "unknown";
    }
}

/* Whether this memory was in the archive, all of it. */
static bool is_known(const struct process_memory *memory)
{
    return memory->bytes && memory->have == memory->len;
}

/* Array of what make() makes of each string of a memory of strings that end with NULs; empty ones
 * are left out where that is said. */
static json_t *split(struct report *report, const struct process_memory *memory, bool skips_empty,
                     json_t *(*make)(const struct report *report, const char *text, size_t len))
{
    json_t *list = json_array();
    size_t at = 0;

    while (at < memory->len) {
        size_t len = strnlen(memory->bytes + at, memory->len - at);

        if (len > 0 || !skips_empty) {
            if (!report_has_room(report, REPORT_TEXT_BYTES + len))
                break;
            json_array_append_new(list, make(report, memory->bytes + at, len));
        }
        at += len + 1;
    }
    return list;
}

static json_t *make_argument(const struct report *report, const char *text, size_t len)
{
    (void)report;
    return utf8_string(text, len);
}

static struct process_memory without_trailing_nuls(struct process_memory memory)
{
    while (memory.len > 0 && memory.bytes[memory.len - 1] == '\0')
        memory.len--;
    return memory;
}

/* How many bytes a title, which a process has written over its arguments, has of the environment
 * behind them: Linux takes it for one if the last byte of the arguments is no NUL, and then it goes
 * on to the first NUL (fs/proc/base.c, get_mm_proctitle). */
static size_t title_overflow(const struct process *process)
{
    const struct process_memory *arguments = &process->arguments;
    const struct process_memory *environment = &process->environment;

    if (arguments->bytes[arguments->len - 1] == '\0' || !is_known(environment) ||
        process->mm.env_start != process->mm.arg_end ||
        memchr(arguments->bytes, '\0', arguments->len))
        return 0;
    return strnlen(environment->bytes, environment->len);
}

/* As ps shows it. */
static json_t *command_line(struct report *report, const struct process *process, size_t overflow)
{
    const struct process_memory *arguments = &process->arguments;
    struct process_memory shown = without_trailing_nuls(*arguments);
    cleanup_free char *title = NULL;
    json_t *list;

    if (arguments->bytes[arguments->len - 1] == '\0')
        return split(report, &shown, false, make_argument);
    shown.len = strnlen(arguments->bytes, arguments->len);
    title = xcalloc(shown.len + overflow + 1, 1);
    memcpy(title, arguments->bytes, shown.len);
    if (overflow)
        memcpy(title + shown.len, process->environment.bytes, overflow);
    list = json_array();
    if (report_has_room(report, REPORT_TEXT_BYTES + shown.len + overflow))
        json_array_append_new(list, utf8_string(title, shown.len + overflow));
    return list;
}

static void add_memory(struct report *report, json_t *entry, const struct process *process)
{
    struct process_memory environment = without_trailing_nuls(process->environment);
    size_t overflow = 0;

    if (is_known(&process->arguments)) {
        overflow = title_overflow(process);
        json_object_set_new(entry, "arguments", command_line(report, process, overflow));
    } else if (process->has_mm && process->mm.arg_end > process->mm.arg_start) {
        snapshot_note(report->snapshot,
                      "the command line of process %" PRIu32 " is not in the archive, or not where "
                      "its images say",
                      process->pid);
    }
    if (!is_known(&process->environment))
        return;
    environment.bytes += overflow;
    environment.len -= overflow < environment.len ? overflow : environment.len;
    json_object_set_new(entry, "environment", split(report, &environment, true, report_variable));
}

/* The images that a process in the tree should have. */
static void note_missing(struct report *report, const struct process *process)
{
    const struct criu_core *core = &process->core;
    bool has_memory =
        process->has_core && core->state != CRIU_TASK_DEAD && core->state != CRIU_TASK_ZOMBIE;
    const struct {
        const char *kind;
        bool is_there;
        const char *loss;
    } images[] = {
        {"core", process->has_core, "the state, name and user"},
        {"mm", process->has_mm || !has_memory, "the command line and environment"},
        {"pagemap", process->has_pagemap || !has_memory, "the command line and environment"},
        {"fs", process->has_fs || !has_memory, "the directories"},
    };

    for (size_t i = 0; i < sizeof images / sizeof *images; i++)
        if (!images[i].is_there)
            snapshot_note(report->snapshot,
                          "checkpoint/%s-%" PRIu32 ".img is missing or cannot be read: %s of "
                          "process %" PRIu32 " are not known",
                          images[i].kind, process->pid, images[i].loss, process->pid);
    if (has_memory && !process_table_fds(&report->snapshot->table, process))
        snapshot_note(report->snapshot,
                      "the open files of process %" PRIu32
                      " are not known: its ids or fdinfo image is missing or cannot be read",
                      process->pid);
}

static void set_if(json_t *object, const char *key, json_t *value)
{
    if (value)
        json_object_set_new(object, key, value);
}

static void add_threads(struct report *report, json_t *entry, const struct process *process)
{
    json_t *ids = json_array();

    json_object_set_new(entry, "parent", json_integer(process->ppid));
    json_object_set_new(entry, "threads", json_integer((json_int_t)process->thread_count));
    for (size_t i = 0; i < process->thread_count && report_has_room(report, REPORT_NUMBER_BYTES);
         i++)
        json_array_append_new(ids, json_integer(i ? process->threads[i] : process->pid));
    json_object_set_new(entry, "thread_ids", ids);
    note_missing(report, process);
}

static json_t *describe_process(struct report *report, const struct process *process, size_t depth)
{
    json_t *entry =
        json_pack("{s:I, s:I}", "pid", (json_int_t)process->pid, "depth", (json_int_t)depth);
    const struct criu_core *core = &process->core;

    if (process->in_tree)
        add_threads(report, entry, process);
    if (process->has_core) {
        json_set_text(entry, "state", state_name(core->state));
        if (core->comm)
            json_object_set_new(entry, "name", utf8_string(core->comm, strlen(core->comm)));
        if (core->has_creds) {
            json_object_set_new(entry, "uid", json_integer(core->uid));
            json_object_set_new(entry, "gid", json_integer(core->gid));
            json_object_set_new(entry, "effective_uid", json_integer(core->euid));
        }
    }
    if (process->has_mm)
        set_if(entry, "executable", report_path(report, process->mm.exe_file_id));
    if (process->has_fs) {
        set_if(entry, "working_directory", report_path(report, process->fs.cwd_id));
        set_if(entry, "root", report_path(report, process->fs.root_id));
    }
    add_memory(report, entry, process);
    set_if(entry, "files", report_files(report, process));
    return entry;
}

/* Processes by parent and then by pid, so that the children of one lie side by side. */
static int compare_parents(const void *a, const void *b)
{
    const struct process *left = *(struct process *const *)a, *right = *(struct process *const *)b;

    if (left->ppid != right->ppid)
        return left->ppid < right->ppid ? -1 : 1;
    return left->pid < right->pid ? -1 : left->pid > right->pid;
}

struct tree {
    struct process **by_parent;
    size_t count;
    struct {
        struct process *process;
        size_t depth;
    } * stack;
    size_t stacked;
};

static void push(struct tree *tree, struct process *process, size_t depth)
{
    tree->stack[tree->stacked].process = process;
    tree->stack[tree->stacked++].depth = depth;
}

/* In reverse, so that the lowest pid is on top of the stack. */
static void push_children(struct tree *tree, const struct process *parent, size_t depth)
{
    size_t low = 0, high = tree->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (tree->by_parent[middle]->ppid <= parent->pid)
            low = middle + 1;
        else
            high = middle;
    }
    while (low > 0 && tree->by_parent[low - 1]->ppid == parent->pid) {
        struct process *child = tree->by_parent[--low];

        if (!child->reported) {
            child->reported = true;
            push(tree, child, depth);
        }
    }
}

static void add_subtree(struct report *report, struct tree *tree, struct process *top, json_t *list)
{
    if (top->reported)
        return;
    top->reported = true;
    push(tree, top, 0);
    while (tree->stacked > 0) {
        struct process *process = tree->stack[--tree->stacked].process;
        size_t depth = tree->stack[tree->stacked].depth;

        if (report_has_room(report, REPORT_PROCESS_BYTES))
            json_array_append_new(list, describe_process(report, process, depth));
        push_children(tree, process, depth + 1);
    }
}

/* Without pstree.img, what has a core image is one. */
static bool is_process(const struct process_table *table, const struct process *process)
{
    return process->in_tree ||
           (process->has_core && !process_table_has_thread(table, process->pid));
}

json_t *report_processes(struct report *report)
{
    struct process_table *table = &report->snapshot->table;
    struct tree tree = {
        .by_parent = xcalloc(table->count + 1, sizeof *tree.by_parent),
        .stack = xcalloc(table->count + 1, sizeof *tree.stack),
    };
    json_t *list = json_array();

    for (size_t i = 0; i < table->count; i++)
        if (is_process(table, table->processes[i]))
            tree.by_parent[tree.count++] = table->processes[i];
    qsort(tree.by_parent, tree.count, sizeof(struct process *), compare_parents);
    for (size_t i = 0; i < tree.count; i++)
        if (!process_table_find(table, tree.by_parent[i]->ppid))
            add_subtree(report, &tree, tree.by_parent[i], list);
    for (size_t i = 0; i < tree.count; i++) /* what is left is its own ancestor */
        add_subtree(report, &tree, tree.by_parent[i], list);
    free(tree.by_parent);
    free(tree.stack);
    if (table->pstree.count == 0)
        snapshot_note(report->snapshot,
                      "checkpoint/pstree.img is missing or cannot be read: which process is whose "
                      "child, and which threads it has, is not known");
    if (!table->files.files && table->fds_count)
        snapshot_note(report->snapshot,
                      "checkpoint/files.img is missing or cannot be read: what is open is not "
                      "known");
    return list;
}
