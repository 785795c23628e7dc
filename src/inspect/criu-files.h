// SPDX-License-Identifier: Apache-2.0
/* CRIU's files.img: what the descriptors of all processes stand for. */
#ifndef CKPTOCI_INSPECT_CRIU_FILES_H
#define CKPTOCI_INSPECT_CRIU_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* fd_types of CRIU's fdinfo.proto. */
enum criu_file_type {
    CRIU_FILE_UNKNOWN,
    CRIU_FILE_REGULAR,
    CRIU_FILE_PIPE,
    CRIU_FILE_FIFO,
    CRIU_FILE_INTERNET_SOCKET,
    CRIU_FILE_UNIX_SOCKET,
    CRIU_FILE_EVENTFD,
    CRIU_FILE_EPOLL,
    CRIU_FILE_INOTIFY,
    CRIU_FILE_SIGNALFD,
    CRIU_FILE_PACKET_SOCKET,
    CRIU_FILE_TTY,
    CRIU_FILE_FANOTIFY,
    CRIU_FILE_NETLINK_SOCKET,
    CRIU_FILE_NAMESPACE,
    CRIU_FILE_TUN,
    CRIU_FILE_EXTERNAL,
    CRIU_FILE_TIMERFD,
    CRIU_FILE_MEMFD,
    CRIU_FILE_TYPE_COUNT,
};

enum { CRIU_ADDRESS_SIZE = 46 }; /* as INET6_ADDRSTRLEN */

/* Numbers as the kernel has them: AF_INET, SOCK_STREAM, IPPROTO_TCP, TCP_LISTEN ... */
struct criu_socket {
    uint32_t family, type, protocol, state;
    char source[CRIU_ADDRESS_SIZE]; /* empty where there is none */
    char destination[CRIU_ADDRESS_SIZE];
    uint32_t source_port, destination_port;
    uint32_t send_buffer, receive_buffer; /* bytes */
    uint32_t inode, peer;                 /* of a Unix socket; 0: none */
};

struct criu_file {
    uint32_t id;
    uint32_t type;     /* enum criu_file_type, or one that is newer */
    char *name;        /* a path, or the name of a Unix socket; NULL where it has none */
    size_t name_len;   /* that of an abstract socket holds a NUL in front */
    uint32_t pipe_id;  /* of a pipe or FIFO */
    uint32_t named_by; /* of a FIFO: the id of the regular file that has its path; else 0 */
    struct criu_socket socket;
};

/* By id. */
struct criu_files {
    struct criu_file *files;
    size_t count;
};

/* -1: ERROR_ARCHIVE, *files unchanged. */
int criu_files_parse(struct criu_files *files, const void *bytes, size_t len, struct error *error);
void criu_files_done(struct criu_files *files);

/* NULL: there is none with that id. */
const struct criu_file *criu_files_find(const struct criu_files *files, uint32_t id);

/* What a type is called: "file", "pipe", "TCP socket" is not among them. Never NULL. */
const char *criu_file_type_name(uint32_t type);

#endif
