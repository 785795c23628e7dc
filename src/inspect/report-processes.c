// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "inspect/report-text.h"
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

/* Calls add() for each string of a memory of strings that end with NULs. */
static json_t *split(struct report *report, const struct process_memory *memory,
                     json_t *(*make)(const struct report *report, const char *text, size_t len))
{
    json_t *list = json_array();
    size_t at = 0;

    while (at < memory->len && report_has_room(report)) {
        size_t len = strnlen(memory->bytes + at, memory->len - at);

        json_array_append_new(list, make(report, memory->bytes + at, len));
        at += len + 1;
    }
    return list;
}

static json_t *make_argument(const struct report *report, const char *text, size_t len)
{
    (void)report;
    return report_text(text, len);
}

/* The kernel leaves NULs behind the last variable. */
static struct process_memory without_trailing_nuls(struct process_memory memory)
{
    while (memory.len > 0 && memory.bytes[memory.len - 1] == '\0')
        memory.len--;
    return memory;
}

static void add_memory(struct report *report, json_t *entry, const struct process *process)
{
    bool has_memory = process->has_mm && process->mm.arg_end > process->mm.arg_start;

    if (is_known(&process->arguments))
        json_object_set_new(entry, "arguments", split(report, &process->arguments, make_argument));
    else if (has_memory)
        snapshot_note(report->snapshot,
                      "the command line of process %" PRIu32 " is not in the archive, or not where "
                      "its images say",
                      process->pid);
    if (is_known(&process->environment)) {
        struct process_memory environment = without_trailing_nuls(process->environment);

        json_object_set_new(entry, "environment", split(report, &environment, report_variable));
    }
}

static void set_if(json_t *object, const char *key, json_t *value)
{
    if (value)
        json_object_set_new(object, key, value);
}

static json_t *describe(struct report *report, const struct process *process, size_t depth)
{
    json_t *entry =
        json_pack("{s:I, s:I}", "pid", (json_int_t)process->pid, "depth", (json_int_t)depth);
    const struct criu_core *core = &process->core;

    if (process->in_tree) {
        json_object_set_new(entry, "parent", json_integer(process->ppid));
        json_object_set_new(entry, "threads", json_integer((json_int_t)process->thread_count));
    }
    if (process->has_core) {
        json_set_text(entry, "state", state_name(core->state));
        if (core->comm)
            json_object_set_new(entry, "name", report_text(core->comm, strlen(core->comm)));
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
    set_if(entry, "files", report_fds(report, process));
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

        json_array_append_new(list, describe(report, process, depth));
        push_children(tree, process, depth + 1);
    }
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
        if (table->processes[i]->in_tree || table->processes[i]->has_core)
            tree.by_parent[tree.count++] = table->processes[i];
    qsort(tree.by_parent, tree.count, sizeof(struct process *), compare_parents);
    for (size_t i = 0; i < tree.count; i++)
        if (!process_table_find(table, tree.by_parent[i]->ppid))
            add_subtree(report, &tree, tree.by_parent[i], list);
    for (size_t i = 0; i < tree.count; i++) /* what is left is its own ancestor */
        add_subtree(report, &tree, tree.by_parent[i], list);
    free(tree.by_parent);
    free(tree.stack);
    return list;
}
