// SPDX-License-Identifier: Apache-2.0
#include "inspect/criu-process.h"

#include "base/memory.h"
#include "checkpoint/criu-image.h"
#include "inspect/criu.pb-c.h"

enum { COMM_MAX_BYTES = 64 }; /* the kernel's have 15 */

int criu_pstree_parse(struct criu_pstree *ret, const void *bytes, size_t len, struct error *error)
{
    cleanup(criu_pstree_done) struct criu_pstree pstree = {0};
    struct criu_image image;
    const uint8_t *message;
    size_t message_len, capacity = 0;
    int more;

    if (criu_image_open(&image, CRIU_MAGIC_PSTREE, bytes, len, error))
        return -1;
    while ((more = criu_image_next(&image, &message, &message_len, error)) > 0) {
        Criu__Process *process = criu__process__unpack(NULL, message_len, message);

        if (!process)
            return criu_image_damaged(error);
        if (pstree.count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            pstree.entries = xreallocarray(pstree.entries, capacity, sizeof *pstree.entries);
        }
        pstree.entries[pstree.count++] =
            (struct criu_pstree_entry){process->pid, process->ppid, process->n_threads};
        criu__process__free_unpacked(process, NULL);
    }
    if (more < 0)
        return -1;
    *ret = pstree;
    pstree = (struct criu_pstree){0};
    return 0;
}

void criu_pstree_done(struct criu_pstree *pstree)
{
    free(pstree->entries);
}

int criu_core_parse(struct criu_core *ret, const void *bytes, size_t len, struct error *error)
{
    struct criu_core core = {0};
    const uint8_t *message;
    size_t message_len;
    Criu__Core *unpacked;

    if (criu_image_only(CRIU_MAGIC_CORE, bytes, len, &message, &message_len, error))
        return -1;
    unpacked = criu__core__unpack(NULL, message_len, message);
    if (!unpacked)
        return criu_image_damaged(error);
    if (unpacked->tc) {
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
    core.files_id = unpacked->ids ? unpacked->ids->files_id : 0;
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
    const uint8_t *message;
    size_t message_len;
    Criu__Mm *unpacked;

    if (criu_image_only(CRIU_MAGIC_MM, bytes, len, &message, &message_len, error))
        return -1;
    unpacked = criu__mm__unpack(NULL, message_len, message);
    if (!unpacked)
        return criu_image_damaged(error);
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

int criu_ids_parse(uint32_t *files_id, const void *bytes, size_t len, struct error *error)
{
    const uint8_t *message;
    size_t message_len;
    Criu__Ids *unpacked;

    if (criu_image_only(CRIU_MAGIC_IDS, bytes, len, &message, &message_len, error))
        return -1;
    unpacked = criu__ids__unpack(NULL, message_len, message);
    if (!unpacked)
        return criu_image_damaged(error);
    *files_id = unpacked->files_id;
    criu__ids__free_unpacked(unpacked, NULL);
    return 0;
}

int criu_fs_parse(struct criu_fs *fs, const void *bytes, size_t len, struct error *error)
{
    const uint8_t *message;
    size_t message_len;
    Criu__Fs *unpacked;

    if (criu_image_only(CRIU_MAGIC_FS, bytes, len, &message, &message_len, error))
        return -1;
    unpacked = criu__fs__unpack(NULL, message_len, message);
    if (!unpacked)
        return criu_image_damaged(error);
    *fs = (struct criu_fs){unpacked->cwd_id, unpacked->root_id};
    criu__fs__free_unpacked(unpacked, NULL);
    return 0;
}

int criu_fdinfo_parse(struct criu_fdinfo *ret, const void *bytes, size_t len, struct error *error)
{
    cleanup(criu_fdinfo_done) struct criu_fdinfo fdinfo = {0};
    struct criu_image image;
    const uint8_t *message;
    size_t message_len, capacity = 0;
    int more;

    if (criu_image_open(&image, CRIU_MAGIC_FDINFO, bytes, len, error))
        return -1;
    while ((more = criu_image_next(&image, &message, &message_len, error)) > 0) {
        Criu__Fd *fd = criu__fd__unpack(NULL, message_len, message);

        if (!fd)
            return criu_image_damaged(error);
        if (fdinfo.count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            fdinfo.fds = xreallocarray(fdinfo.fds, capacity, sizeof *fdinfo.fds);
        }
        fdinfo.fds[fdinfo.count++] = (struct criu_fd){fd->fd, fd->id, fd->type};
        criu__fd__free_unpacked(fd, NULL);
    }
    if (more < 0)
        return -1;
    *ret = fdinfo;
    fdinfo = (struct criu_fdinfo){0};
    return 0;
}

void criu_fdinfo_done(struct criu_fdinfo *fdinfo)
{
    free(fdinfo->fds);
}
