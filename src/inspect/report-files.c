// SPDX-License-Identifier: Apache-2.0
/* What processes have open, in a report. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "inspect/report.h"

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
        [CRIU_FILE_BPF_MAP] = "bpf-map",
        [CRIU_FILE_PIDFD] = "pidfd",
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

static bool has_peer(const struct criu_socket *socket)
{
    return socket->destination_port != 0;
}

static void describe_internet_socket(json_t *entry, const struct criu_socket *socket)
{
    cleanup_free char *source = endpoint(socket->family, socket->source, socket->source_port);
    cleanup_free char *destination =
        endpoint(socket->family, socket->destination, socket->destination_port);
    cleanup_free char *name =
        has_peer(socket) ? xasprintf("%s -> %s", source, destination) : xstrdup(source);
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

json_t *report_path(struct report *report, uint32_t file_id)
{
    const struct criu_file *file = criu_files_find(&report->snapshot->table.files, file_id);

    return file && file->type == CRIU_FILE_REGULAR && file->name &&
                   report_has_room(report, REPORT_TEXT_BYTES + file->name_len)
               ? utf8_string(file->name, file->name_len)
               : NULL;
}

static void describe_pipe(struct report *report, json_t *entry, const struct criu_file *file)
{
    json_t *path = file->named_by ? report_path(report, file->named_by) : NULL;
    cleanup_free char *name = xasprintf("pipe[%u]", file->pipe_id);

    json_object_set_new(entry, "name", path ? path : json_string(name));
    json_object_set_new(entry, "pipe", json_integer(file->pipe_id));
}

static void describe_file(struct report *report, json_t *entry, const struct criu_file *file)
{
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
    case CRIU_FILE_PIDFD:
        json_object_set_new(entry, "process", json_integer(file->pid));
        break;
    default:
        if (file->name)
            json_object_set_new(entry, "name", utf8_string(file->name, file->name_len));
    }
    if (file->is_deleted || (file->type == CRIU_FILE_REGULAR &&
                             process_table_is_deleted(&report->snapshot->table, file->id)))
        json_object_set_new(entry, "deleted", json_true());
}

static json_t *describe_fd(struct report *report, const struct criu_fd *fd,
                           const struct criu_file *file)
{
    json_t *entry = json_pack("{s:I, s:s}", "fd", (json_int_t)fd->fd, "type",
                              report_file_type(file ? file->type : fd->type));

    if (file)
        describe_file(report, entry, file);
    return entry;
}

json_t *report_files(struct report *report, const struct process *process)
{
    const struct criu_fdinfo *fdinfo = process_table_fds(&report->snapshot->table, process);
    json_t *list;

    if (!fdinfo)
        return NULL;
    list = json_array();
    for (size_t i = 0; i < fdinfo->count; i++) {
        const struct criu_fd *fd = &fdinfo->fds[i];
        const struct criu_file *file = criu_files_find(&report->snapshot->table.files, fd->file_id);

        if (!report_has_room(report, REPORT_FILE_BYTES + (file ? file->name_len : 0)))
            break;
        json_array_append_new(list, describe_fd(report, fd, file));
    }
    return list;
}
