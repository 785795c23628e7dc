// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/json.h"
#include "base/memory.h"
#include "inspect/report-text.h"
#include "inspect/report.h"

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

    report_set_text(entry, "name", name);
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
    json_object_set_new(entry, "name", len ? report_text(name, len) : json_string("(unnamed)"));
    json_set_text(entry, "protocol", socket_type(file->socket.type));
    json_object_set_new(entry, "inode", json_integer(file->socket.inode));
    if (file->socket.peer)
        json_object_set_new(entry, "peer", json_integer(file->socket.peer));
    if (file->socket.state == 10)
        json_set_text(entry, "state", "listening");
}

static void describe_pipe(const struct report *report, json_t *entry, const struct criu_file *file)
{
    json_t *path = file->named_by ? report_path(report, file->named_by) : NULL;
    cleanup_free char *name = xasprintf("pipe[%u]", file->pipe_id);

    json_object_set_new(entry, "name", path ? path : json_string(name));
    json_object_set_new(entry, "pipe", json_integer(file->pipe_id));
}

static json_t *describe(const struct report *report, const struct criu_fd *fd)
{
    const struct criu_file *file = criu_files_find(&report->snapshot->table.files, fd->file_id);
    json_t *entry = json_pack("{s:I, s:s}", "fd", (json_int_t)fd->fd, "type",
                              criu_file_type_name(file ? file->type : fd->type));

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
            json_object_set_new(entry, "name", report_text(file->name, file->name_len));
    }
    return entry;
}

json_t *report_path(const struct report *report, uint32_t file_id)
{
    const struct criu_file *file = criu_files_find(&report->snapshot->table.files, file_id);

    return file && file->type == CRIU_FILE_REGULAR && file->name
               ? report_text(file->name, file->name_len)
               : NULL;
}

json_t *report_fds(struct report *report, const struct process *process)
{
    const struct criu_fdinfo *fdinfo = process_table_fds(&report->snapshot->table, process);
    json_t *list;

    if (!fdinfo)
        return NULL;
    list = json_array();
    for (size_t i = 0; i < fdinfo->count && report_has_room(report); i++)
        json_array_append_new(list, describe(report, &fdinfo->fds[i]));
    return list;
}
