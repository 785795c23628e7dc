// SPDX-License-Identifier: Apache-2.0
/* Images of what is open. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "criu/criu.h"
#include "criu/criu.pb-c.h"
#include "criu/unpack.h"

enum { TCP_STATE_CLOSED = 7, TCP_STATE_LISTENING = 10 }; /* include/net/tcp_states.h */

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
    file->is_deleted = from->has_deleted && from->deleted;
    file->name_len = from->name.len;
    file->name = xcalloc(from->name.len + 1, 1);
    if (from->name.len)
        memcpy(file->name, from->name.data, from->name.len);
}

static char *copy_text(const char *text, size_t *len)
{
    *len = strlen(text);
    return xstrdup(text);
}

static void read_file(struct criu_file *file, const Criu__File *from)
{
    *file = (struct criu_file){.id = from->id, .type = from->type};
    if (from->reg && from->reg->name) {
        file->name = copy_text(from->reg->name, &file->name_len);
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
    } else if (from->bpf && from->bpf->map_name) {
        file->name = copy_text(from->bpf->map_name, &file->name_len);
    } else if (from->pidfd) {
        file->pid = from->pidfd->nspid;
    }
}

static int compare_ids(const void *a, const void *b)
{
    const struct criu_file *left = a, *right = b;

    return left->id < right->id ? -1 : left->id > right->id;
}

static int take_file(void *context, const void *message, struct error *error)
{
    struct criu_files *files = context;
    struct criu_file *list =
        criu_grow(files->files, files->count, &files->capacity, sizeof *list, error);

    if (!list)
        return -1;
    files->files = list;
    read_file(&list[files->count++], message);
    return 0;
}

int criu_files_parse(struct criu_files *ret, const void *bytes, size_t len, struct error *error)
{
    cleanup(criu_files_done) struct criu_files files = {0};

    if (criu_unpack_each(&criu__file__descriptor, CRIU_MAGIC_FILES, bytes, len, take_file, &files,
                         error))
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

static int take_remap(void *context, const void *message, struct error *error)
{
    struct criu_deleted *deleted = context;
    uint32_t *ids = criu_grow(deleted->ids, deleted->count, &deleted->capacity, sizeof *ids, error);

    if (!ids)
        return -1;
    deleted->ids = ids;
    ids[deleted->count++] = ((const Criu__Remap *)message)->orig_id;
    return 0;
}

int criu_deleted_parse(struct criu_deleted *ret, const void *bytes, size_t len, struct error *error)
{
    cleanup(criu_deleted_done) struct criu_deleted deleted = {0};

    if (criu_unpack_each(&criu__remap__descriptor, CRIU_MAGIC_REMAP_FPATH, bytes, len, take_remap,
                         &deleted, error))
        return -1;
    *ret = deleted;
    deleted = (struct criu_deleted){0};
    return 0;
}

void criu_deleted_done(struct criu_deleted *deleted)
{
    free(deleted->ids);
}

bool criu_socket_is_connected(const struct criu_socket *socket)
{
    return socket->protocol == IPPROTO_TCP && socket->type == SOCK_STREAM &&
           socket->state != TCP_STATE_CLOSED && socket->state != TCP_STATE_LISTENING &&
           socket->state != 0;
}
