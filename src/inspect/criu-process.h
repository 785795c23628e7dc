// SPDX-License-Identifier: Apache-2.0
/*
 * CRIU's images of processes: pstree.img, core-<pid>.img, mm-<pid>.img, ids-<pid>.img, fs-<pid>.img
 * and fdinfo-<id>.img. Each function takes the bytes of one whole image; -1 is ERROR_ARCHIVE, with
 * the output unchanged. Numbers that the image does not have are 0.
 */
#ifndef CKPTOCI_INSPECT_CRIU_PROCESS_H
#define CKPTOCI_INSPECT_CRIU_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* compel/task-state.h */
enum criu_task_state {
    CRIU_TASK_ALIVE = 1,
    CRIU_TASK_DEAD = 2,
    CRIU_TASK_STOPPED = 3,
    CRIU_TASK_ZOMBIE = 6,
};

struct criu_pstree_entry {
    uint32_t pid, ppid;
    size_t thread_count;
};

/* In the order of the image: parents come first, as CRIU writes it. */
struct criu_pstree {
    struct criu_pstree_entry *entries;
    size_t count;
};

int criu_pstree_parse(struct criu_pstree *pstree, const void *bytes, size_t len,
                      struct error *error);
void criu_pstree_done(struct criu_pstree *pstree);

struct criu_core {
    uint32_t state; /* enum criu_task_state */
    char *comm;     /* the task's name in the kernel; NULL where it is not there */
    bool has_creds;
    uint32_t uid, gid, euid;
    uint32_t files_id; /* of fdinfo-<id>.img; 0: the ids image tells */
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

int criu_ids_parse(uint32_t *files_id, const void *bytes, size_t len, struct error *error);

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
    size_t count;
};

int criu_fdinfo_parse(struct criu_fdinfo *fdinfo, const void *bytes, size_t len,
                      struct error *error);
void criu_fdinfo_done(struct criu_fdinfo *fdinfo);

#endif
