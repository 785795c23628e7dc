// SPDX-License-Identifier: Apache-2.0
/* Images of processes and threads. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "criu/criu.h"
#include "criu/criu.pb-c.h"
#include "criu/unpack.h"

enum { COMM_MAX_BYTES = 64 }; /* the kernel's have 15 */

/* The threads of a process stand in its entry, itself first. */
static int take_process(void *context, const void *message, struct error *error)
{
    struct criu_pstree *pstree = context;
    const Criu__Process *process = message;
    struct criu_pstree_entry *entries;

    if (process->n_threads > CRIU_THREADS_MAX - pstree->tid_count)
        return error_set(error, ERROR_ARCHIVE, "it has more than %d threads", CRIU_THREADS_MAX);
    entries = criu_grow(pstree->entries, pstree->count, &pstree->capacity, sizeof *entries, error);
    if (!entries)
        return -1;
    pstree->entries = entries;
    pstree->entries[pstree->count++] =
        (struct criu_pstree_entry){process->pid, process->ppid, process->n_threads,
                                   pstree->tid_count};
    if (process->n_threads == 0)
        return 0;
    pstree->tids =
        xreallocarray(pstree->tids, pstree->tid_count + process->n_threads, sizeof *pstree->tids);
    memcpy(pstree->tids + pstree->tid_count, process->threads,
           process->n_threads * sizeof *pstree->tids);
    pstree->tid_count += process->n_threads;
    return 0;
}

int criu_pstree_parse(struct criu_pstree *ret, const void *bytes, size_t len, struct error *error)
{
    cleanup(criu_pstree_done) struct criu_pstree pstree = {0};

    if (criu_unpack_each(&criu__process__descriptor, CRIU_MAGIC_PSTREE, bytes, len, take_process,
                         &pstree, error))
        return -1;
    *ret = pstree;
    pstree = (struct criu_pstree){0};
    return 0;
}

void criu_pstree_done(struct criu_pstree *pstree)
{
    free(pstree->entries);
    free(pstree->tids);
}

int criu_core_parse(struct criu_core *ret, const void *bytes, size_t len, struct error *error)
{
    struct criu_core core = {0};
    Criu__Core *unpacked =
        criu_unpack_only(&criu__core__descriptor, CRIU_MAGIC_CORE, bytes, len, error);

    if (!unpacked)
        return -1;
    if (unpacked->tc) {
        core.is_process = true;
        core.state = unpacked->tc->task_state;
        core.comm = unpacked->tc->comm ? xstrndup(unpacked->tc->comm, COMM_MAX_BYTES) : NULL;
    }
    if (unpacked->thread_core && unpacked->thread_core->creds) {
        const Criu__Credentials *creds = unpacked->thread_core->creds;

        core.has_creds = true;
        core.uid = creds->uid;
        core.gid = creds->gid;
        core.euid = creds->euid;
    }
    if (unpacked->ids)
        core.ids = (struct criu_ids){unpacked->ids->files_id, unpacked->ids->mnt_ns_id};
    criu__core__free_unpacked(unpacked, NULL);
    *ret = core;
    return 0;
}

void criu_core_done(struct criu_core *core)
{
    free(core->comm);
}

int criu_mm_parse(struct criu_mm *mm, const void *bytes, size_t len, struct error *error)
{
    Criu__Mm *unpacked = criu_unpack_only(&criu__mm__descriptor, CRIU_MAGIC_MM, bytes, len, error);

    if (!unpacked)
        return -1;
    *mm = (struct criu_mm){
        .arg_start = unpacked->arg_start,
        .arg_end = unpacked->arg_end,
        .env_start = unpacked->env_start,
        .env_end = unpacked->env_end,
        .exe_file_id = unpacked->exe_file_id,
    };
    criu__mm__free_unpacked(unpacked, NULL);
    return 0;
}

int criu_ids_parse(struct criu_ids *ids, const void *bytes, size_t len, struct error *error)
{
    Criu__Ids *unpacked =
        criu_unpack_only(&criu__ids__descriptor, CRIU_MAGIC_IDS, bytes, len, error);

    if (!unpacked)
        return -1;
    *ids = (struct criu_ids){unpacked->files_id, unpacked->mnt_ns_id};
    criu__ids__free_unpacked(unpacked, NULL);
    return 0;
}

int criu_fs_parse(struct criu_fs *fs, const void *bytes, size_t len, struct error *error)
{
    Criu__Fs *unpacked = criu_unpack_only(&criu__fs__descriptor, CRIU_MAGIC_FS, bytes, len, error);

    if (!unpacked)
        return -1;
    *fs = (struct criu_fs){unpacked->cwd_id, unpacked->root_id};
    criu__fs__free_unpacked(unpacked, NULL);
    return 0;
}

static int take_fd(void *context, const void *message, struct error *error)
{
    struct criu_fdinfo *fdinfo = context;
    const Criu__Fd *fd = message;
    struct criu_fd *fds =
        criu_grow(fdinfo->fds, fdinfo->count, &fdinfo->capacity, sizeof *fds, error);

    if (!fds)
        return -1;
    fdinfo->fds = fds;
    fdinfo->fds[fdinfo->count++] = (struct criu_fd){fd->fd, fd->id, fd->type};
    return 0;
}

int criu_fdinfo_parse(struct criu_fdinfo *ret, const void *bytes, size_t len, struct error *error)
{
    cleanup(criu_fdinfo_done) struct criu_fdinfo fdinfo = {0};

    if (criu_unpack_each(&criu__fd__descriptor, CRIU_MAGIC_FDINFO, bytes, len, take_fd, &fdinfo,
                         error))
        return -1;
    *ret = fdinfo;
    fdinfo = (struct criu_fdinfo){0};
    return 0;
}

void criu_fdinfo_done(struct criu_fdinfo *fdinfo)
{
    free(fdinfo->fds);
}
