// SPDX-License-Identifier: Apache-2.0
#include "inspect/criu-files.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "checkpoint/criu-image.h"
#include "inspect/criu.pb-c.h"

const char *criu_file_type_name(uint32_t type)
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

/* CRIU keeps an address in words whose bytes are in network order. */
static void format_address(uint32_t family, size_t count, const uint32_t *words, char *text)
{
    size_t needed = family == AF_INET6 ? 4 : 1;

    if ((family != AF_INET && family != AF_INET6) || count < needed ||
        !inet_ntop((int)family, words, text, CRIU_ADDRESS_SIZE))
        text[0] = '\0';
}

static void read_internet_socket(struct criu_socket *socket, const Criu__InternetSocket *from)
{
    socket->family = from->family;
    socket->type = from->type;
    socket->protocol = from->proto;
    socket->state = from->state;
    socket->source_port = from->src_port;
    socket->destination_port = from->dst_port;
    format_address(from->family, from->n_src_addr, from->src_addr, socket->source);
    format_address(from->family, from->n_dst_addr, from->dst_addr, socket->destination);
    if (from->opts) {
        socket->send_buffer = from->opts->so_sndbuf;
        socket->receive_buffer = from->opts->so_rcvbuf;
    }
}

static void read_unix_socket(struct criu_file *file, const Criu__UnixSocket *from)
{
    file->socket.family = AF_UNIX;
    file->socket.type = from->type;
    file->socket.state = from->state;
    file->socket.inode = from->ino;
    file->socket.peer = from->peer;
    file->name_len = from->name.len;
    file->name = xcalloc(from->name.len + 1, 1);
    if (from->name.len)
        memcpy(file->name, from->name.data, from->name.len);
}

static void read_file(struct criu_file *file, const Criu__File *from)
{
    *file = (struct criu_file){.id = from->id, .type = from->type};
    if (from->reg && from->reg->name) {
        file->name = xstrdup(from->reg->name);
        file->name_len = strlen(file->name);
    } else if (from->usk) {
        read_unix_socket(file, from->usk);
    } else if (from->isk) {
        read_internet_socket(&file->socket, from->isk);
    } else if (from->nlsk) {
        file->socket.family = AF_NETLINK;
        file->socket.protocol = from->nlsk->protocol;
    } else if (from->pipe) {
        file->pipe_id = from->pipe->pipe_id;
    } else if (from->fifo) {
        file->pipe_id = from->fifo->pipe_id;
        file->named_by = from->fifo->regf_id;
    }
}

static int compare_ids(const void *a, const void *b)
{
    const struct criu_file *left = a, *right = b;

    return left->id < right->id ? -1 : left->id > right->id;
}

int criu_files_parse(struct criu_files *ret, const void *bytes, size_t len, struct error *error)
{
    cleanup(criu_files_done) struct criu_files files = {0};
    struct criu_image image;
    const uint8_t *message;
    size_t message_len, capacity = 0;
    int more;

    if (criu_image_open(&image, CRIU_MAGIC_FILES, bytes, len, error))
        return -1;
    while ((more = criu_image_next(&image, &message, &message_len, error)) > 0) {
        Criu__File *file = criu__file__unpack(NULL, message_len, message);

        if (!file)
            return criu_image_damaged(error);
        if (files.count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            files.files = xreallocarray(files.files, capacity, sizeof *files.files);
        }
        read_file(&files.files[files.count++], file);
        criu__file__free_unpacked(file, NULL);
    }
    if (more < 0)
        return -1;
    if (files.count)
        qsort(files.files, files.count, sizeof *files.files, compare_ids);
    *ret = files;
    files = (struct criu_files){0};
    return 0;
}

void criu_files_done(struct criu_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->files[i].name);
    free(files->files);
}

const struct criu_file *criu_files_find(const struct criu_files *files, uint32_t id)
{
    const struct criu_file key = {.id = id};

    if (files->count == 0)
        return NULL;
    return bsearch(&key, files->files, files->count, sizeof key, compare_ids);
}
