// SPDX-License-Identifier: Apache-2.0
/*
 * What CRIU's images say, as far as it is shown. Each criu_*_parse() takes the bytes of one whole
 * image, core-<pid>.img for criu_core_parse() and so on. -1: ERROR_ARCHIVE, the output is
 * unchanged. Numbers that the image does not have are 0. Pure functions.
 */
#ifndef CKPTOCI_CRIU_CRIU_H
#define CKPTOCI_CRIU_CRIU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Of one process each. */

/* compel/task-state.h */
enum criu_task_state {
    CRIU_TASK_ALIVE = 1,
    CRIU_TASK_DEAD = 2,
    CRIU_TASK_STOPPED = 3,
    CRIU_TASK_ZOMBIE = 6,
};

enum { CRIU_THREADS_MAX = 1 << 20 }; /* of all processes; a kernel has four times as many pids */

struct criu_pstree_entry {
    uint32_t pid, ppid;
    size_t thread_count; /* with the process itself */
    size_t first_thread; /* in tids */
};

/* In the order of the image: parents come first, as CRIU writes it. */
struct criu_pstree {
    struct criu_pstree_entry *entries;
    size_t count, capacity;
    uint32_t *tids;
    size_t tid_count;
};

int criu_pstree_parse(struct criu_pstree *pstree, const void *bytes, size_t len,
                      struct error *error);
void criu_pstree_done(struct criu_pstree *pstree);

/* What stands for the kernel's objects that processes share: equal numbers, one object. */
struct criu_ids {
    uint32_t files_id;  /* the number of its fdinfo; 0: not known */
    uint32_t mnt_ns_id; /* mount namespace */
};

struct criu_core {
    bool is_process; /* else a thread other than the first */
    uint32_t state;  /* enum criu_task_state */
    char *comm;      /* the task's name in the kernel; NULL where it is not there */
    bool has_creds;
    uint32_t uid, gid, euid;
    struct criu_ids ids; /* zero: the ids image tells */
};

int criu_core_parse(struct criu_core *core, const void *bytes, size_t len, struct error *error);
void criu_core_done(struct criu_core *core);

/* Addresses in the process: of its command line, of its environment. */
struct criu_mm {
    uint64_t arg_start, arg_end;
    uint64_t env_start, env_end;
    uint32_t exe_file_id; /* in files.img */
};

int criu_mm_parse(struct criu_mm *mm, const void *bytes, size_t len, struct error *error);

int criu_ids_parse(struct criu_ids *ids, const void *bytes, size_t len, struct error *error);

/* Ids in files.img. */
struct criu_fs {
    uint32_t cwd_id, root_id;
};

int criu_fs_parse(struct criu_fs *fs, const void *bytes, size_t len, struct error *error);

struct criu_fd {
    uint32_t fd;
    uint32_t file_id; /* in files.img */
    uint32_t type;    /* enum criu_file_type */
};

struct criu_fdinfo {
    struct criu_fd *fds;
    size_t count, capacity;
};

int criu_fdinfo_parse(struct criu_fdinfo *fdinfo, const void *bytes, size_t len,
                      struct error *error);
void criu_fdinfo_done(struct criu_fdinfo *fdinfo);

/* pagemap-<pid>.img: which part of pages-<id>.img holds which part of a process's memory. */

/* Pages in a row. */
struct criu_page_run {
    uint64_t vaddr;
    uint64_t pages;
    uint64_t pages_before; /* in the pages image */
};

struct criu_pagemap {
    uint32_t pages_id;
    struct criu_page_run *runs; /* only those whose bytes are in the pages image */
    size_t count, capacity;
    bool is_cut;     /* there are more than are kept */
    uint64_t pages;  /* in all of them, those that are not kept too */
    bool is_wide;    /* their numbers stand where only CRIU from 4.2 on looks */
    bool is_unknown; /* some are stored in a way that is not known here, as compressed ones are */
    bool has_parent; /* some are in an earlier checkpoint */
    bool has_lazy;   /* some are in none: a page server had them */
};

enum { CRIU_PAGE_MIN_BYTES = 4096 };

int criu_pagemap_parse(struct criu_pagemap *pagemap, const void *bytes, size_t len,
                       struct error *error);
void criu_pagemap_done(struct criu_pagemap *pagemap);

/* Bytes of a page, from the size of the pages image: 0 where the two do not go together. */
uint64_t criu_pagemap_page_size(const struct criu_pagemap *pagemap, uint64_t image_size);

/* Where the byte at address `vaddr` is in the pages image. 0: at *offset, and *len > 0 bytes from
 * there on follow in the process too; -1: it is not there. */
int criu_pagemap_find(const struct criu_pagemap *pagemap, uint64_t page_size, uint64_t vaddr,
                      uint64_t *offset, uint64_t *len);

/* files.img: what the descriptors of all processes stand for. */

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
    CRIU_FILE_BPF_MAP,
    CRIU_FILE_PIDFD,
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
    char *name;        /* a path, the name of a Unix socket or BPF map; NULL where it has none */
    size_t name_len;   /* that of an abstract socket holds a NUL in front */
    uint32_t pipe_id;  /* of a pipe or FIFO */
    uint32_t named_by; /* of a FIFO: the id of the regular file that has its path; else 0 */
    int32_t pid;       /* that a pidfd stands for */
    bool is_deleted;   /* of a Unix socket: its path is gone */
    struct criu_socket socket;
};

/* By id. */
struct criu_files {
    struct criu_file *files;
    size_t count, capacity;
};

int criu_files_parse(struct criu_files *files, const void *bytes, size_t len, struct error *error);
void criu_files_done(struct criu_files *files);

/* NULL: there is none with that id. */
const struct criu_file *criu_files_find(const struct criu_files *files, uint32_t id);

/* Whether it is a TCP connection, in whatever state: CRIU restores it only if told to. */
bool criu_socket_is_connected(const struct criu_socket *socket);

/* remap-fpath.img: ids of regular files that were deleted and are still open. */
struct criu_deleted {
    uint32_t *ids;
    size_t count, capacity;
};

int criu_deleted_parse(struct criu_deleted *deleted, const void *bytes, size_t len,
                       struct error *error);
void criu_deleted_done(struct criu_deleted *deleted);

/* Of the dump as a whole. */

struct criu_stats {
    uint32_t freezing_time_us, frozen_time_us, memdump_time_us, memwrite_time_us;
    uint64_t pages_scanned, pages_skipped_parent, pages_written;
};

/* Fails also where it tells of a restore only. */
int criu_stats_parse(struct criu_stats *stats, const void *bytes, size_t len, struct error *error);

struct criu_inventory {
    uint32_t image_version;
    uint32_t lsm; /* 0 none, 1 SELinux, 2 AppArmor */
    bool has_root_ids;
    struct criu_ids root_ids; /* of CRIU itself, on the node */
    bool closes_tcp;          /* connections are restored closed, if CRIU is told so */
};

enum { CRIU_IMAGE_VERSION = 2 }; /* that every CRIU up to 4.2 writes */

int criu_inventory_parse(struct criu_inventory *inventory, const void *bytes, size_t len,
                         struct error *error);

/* The version of CRIU and the kernel it ran on, from the first lines of its log: the caller's, NULL
 * where they are not there. */
void criu_log_parse(const void *bytes, size_t len, char **version, char **kernel);

#endif
