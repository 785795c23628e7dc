// SPDX-License-Identifier: Apache-2.0
/* The processes in a report, and their descriptors. */
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/json.h"
#include "base/memory.h"
#include "inspect/report.h"
#include "inspect/utf8.h"

const char *report_file_type(uint32_t type)
{
    static const char *const names[CRIU_FILE_TYPE_COUNT] = {
        [CRIU_FILE_UNKNOWN] = "unknown",
        [CRIU_FILE_REGULAR] = "file",
        [CRIU_FILE_PIPE] = "pipe",
        [CRIU_FILE_FIFO] = "fifo",
        [CRIU_FILE_INTERNET_SOCKET] = "socket",
        [CRIU_FILE_UNIX_SOCKET] = "unix",
        [CRIU_FILE_EVENTFD] = "eventfd",
        [CRIU_FILE_EPOLL] = "epoll",
        [CRIU_FILE_INOTIFY] = "inotify",
        [CRIU_FILE_SIGNALFD] = "signalfd",
        [CRIU_FILE_PACKET_SOCKET] = "packet",
        [CRIU_FILE_TTY] = "tty",
        [CRIU_FILE_FANOTIFY] = "fanotify",
        [CRIU_FILE_NETLINK_SOCKET] = "netlink",
        [CRIU_FILE_NAMESPACE] = "namespace",
        [CRIU_FILE_TUN] = "tun",
        [CRIU_FILE_EXTERNAL] = "external",
        [CRIU_FILE_TIMERFD] = "timerfd",
        [CRIU_FILE_MEMFD] = "memfd",
    };

    return names[type < CRIU_FILE_TYPE_COUNT ? type : CRIU_FILE_UNKNOWN];
}

/* include/net/tcp_states.h */
static const char *tcp_state(uint32_t state)
{
    static const char *const names[] = {
        NULL,        "established", "syn-sent",   "syn-received", "fin-wait-1", "fin-wait-2",
        "time-wait", "closed",      "close-wait", "last-ack",     "listening",  "closing",
    };

    return state < sizeof names / sizeof *names ? names[state] : NULL;
}

static const char *internet_protocol(uint32_t protocol)
{
    switch (protocol) {
    case IPPROTO_TCP:
        return "TCP";
    case IPPROTO_UDP:
        return "UDP";
    case IPPROTO_UDPLITE:
        return "UDP-Lite";
    case IPPROTO_ICMP:
        return "ICMP";
    case IPPROTO_ICMPV6:
        return "ICMPv6";
    default:
        return "IP";
    }
}

static const char *socket_type(uint32_t type)
{
    switch (type) {
    case SOCK_STREAM:
        return "stream";
    case SOCK_DGRAM:
        return "datagram";
    case SOCK_SEQPACKET:
        return "seqpacket";
    case SOCK_RAW:
        return "raw";
    default:
        return "unknown";
    }
}

static char *endpoint(uint32_t family, const char *address, uint32_t port)
{
    return xasprintf(family == AF_INET6 ? "[%s]:%u" : "%s:%u", *address ? address : "?", port);
}

static bool is_connected(const struct criu_socket *socket)
{
    return socket->destination_port != 0;
}

static void describe_internet_socket(json_t *entry, const struct criu_socket *socket)
{
    cleanup_free char *source = endpoint(socket->family, socket->source, socket->source_port);
    cleanup_free char *destination =
        endpoint(socket->family, socket->destination, socket->destination_port);
    cleanup_free char *name =
        is_connected(socket) ? xasprintf("%s -> %s", source, destination) : xstrdup(source);
    const char *state = socket->protocol == IPPROTO_TCP ? tcp_state(socket->state) : NULL;

    utf8_set(entry, "name", name);
    json_set_text(entry, "protocol", internet_protocol(socket->protocol));
    json_set_text(entry, "source", socket->source);
    json_object_set_new(entry, "source_port", json_integer(socket->source_port));
    json_set_text(entry, "destination", socket->destination);
    json_object_set_new(entry, "destination_port", json_integer(socket->destination_port));
    json_object_set_new(entry, "send_buffer", json_integer(socket->send_buffer));
    json_object_set_new(entry, "receive_buffer", json_integer(socket->receive_buffer));
    json_set_text(entry, "state", state);
}

/* The name of an abstract socket begins with a NUL, which is written as an "@". */
static void describe_unix_socket(json_t *entry, const struct criu_file *file)
{
    cleanup_free char *name = xcalloc(file->name_len + 1, 1);
    size_t len = file->name_len;

    if (len > 0)
        memcpy(name, file->name, len);
    if (len > 0 && name[0] == '\0')
        name[0] = '@';
    else
        len = strlen(name);
    json_object_set_new(entry, "name", len ? utf8_string(name, len) : json_string("(unnamed)"));
    json_set_text(entry, "protocol", socket_type(file->socket.type));
    json_object_set_new(entry, "inode", json_integer(file->socket.inode));
    if (file->socket.peer)
        json_object_set_new(entry, "peer", json_integer(file->socket.peer));
    if (file->socket.state == 10)
        json_set_text(entry, "state", "listening");
}

/* The path of a file of files.img; NULL: it has none. */
static json_t *path_of(const struct report *report, uint32_t file_id)
{
    const struct criu_file *file = criu_files_find(&report->snapshot->table.files, file_id);

    return file && file->type == CRIU_FILE_REGULAR && file->name
               ? utf8_string(file->name, file->name_len)
               : NULL;
}

static void describe_pipe(const struct report *report, json_t *entry, const struct criu_file *file)
{
    json_t *path = file->named_by ? path_of(report, file->named_by) : NULL;
    cleanup_free char *name = xasprintf("pipe[%u]", file->pipe_id);

    json_object_set_new(entry, "name", path ? path : json_string(name));
    json_object_set_new(entry, "pipe", json_integer(file->pipe_id));
}

static json_t *describe_fd(const struct report *report, const struct criu_fd *fd)
{
    const struct criu_file *file = criu_files_find(&report->snapshot->table.files, fd->file_id);
    json_t *entry = json_pack("{s:I, s:s}", "fd", (json_int_t)fd->fd, "type",
                              report_file_type(file ? file->type : fd->type));

    if (!file)
        return entry;
    switch (file->type) {
    case CRIU_FILE_PIPE:
    case CRIU_FILE_FIFO:
        describe_pipe(report, entry, file);
        break;
    case CRIU_FILE_INTERNET_SOCKET:
        describe_internet_socket(entry, &file->socket);
        break;
    case CRIU_FILE_UNIX_SOCKET:
        describe_unix_socket(entry, file);
        break;
    default:
        if (file->name)
            json_object_set_new(entry, "name", utf8_string(file->name, file->name_len));
    }
    return entry;
}

/* Array of the descriptors of a process; NULL: not known. */
static json_t *describe_fds(struct report *report, const struct process *process)
{
    const struct criu_fdinfo *fdinfo = process_table_fds(&report->snapshot->table, process);
    json_t *list;

    if (!fdinfo)
        return NULL;
    list = json_array();
    for (size_t i = 0; i < fdinfo->count && report_has_room(report); i++)
        json_array_append_new(list, describe_fd(report, &fdinfo->fds[i]));
    return list;
}

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
    return utf8_string(text, len);
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

static json_t *describe_process(struct report *report, const struct process *process, size_t depth)
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
            json_object_set_new(entry, "name", utf8_string(core->comm, strlen(core->comm)));
        if (core->has_creds) {
            json_object_set_new(entry, "uid", json_integer(core->uid));
            json_object_set_new(entry, "gid", json_integer(core->gid));
            json_object_set_new(entry, "effective_uid", json_integer(core->euid));
        }
    }
    if (process->has_mm)
        set_if(entry, "executable", path_of(report, process->mm.exe_file_id));
    if (process->has_fs) {
        set_if(entry, "working_directory", path_of(report, process->fs.cwd_id));
        set_if(entry, "root", path_of(report, process->fs.root_id));
    }
    add_memory(report, entry, process);
    set_if(entry, "files", describe_fds(report, process));
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

        json_array_append_new(list, describe_process(report, process, depth));
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
