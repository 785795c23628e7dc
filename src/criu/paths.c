// SPDX-License-Identifier: Apache-2.0
#include "criu/paths.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/memory.h"
#include "base/text.h"
#include "criu/criu.h"
#include "criu/criu.pb-c.h"
#include "criu/unpack.h"

enum {
    CGROUP_DEPTH_MAX = 64,             /* of directories; the kernel's own are a handful deep */
    WATCHES_MAX_BYTES = 4 << 20,       /* of an image: some tens of thousands */
    MEMORY_MOUNTS_MAX_BYTES = 1 << 20, /* of their paths */
};

/* What take_file() needs. */
struct file_reach {
    struct criu_reach *reach;
    size_t watch_bytes;
};

/* Of CRIU's mnt.proto. */
enum {
    FSTYPE_TMPFS = 5,
    FSTYPE_CGROUP = 12,
    FSTYPE_AUTO = 16,
    FSTYPE_OVERLAY = 17,
    FSTYPE_CGROUP2 = 23
};

/* The first one is kept. `path` may be NULL. */
static void note_climb(struct criu_reach *reach, const char *path, const char *what)
{
    if (!reach->climbs && path && path_climbs(path))
        reach->climbs = xasprintf("%s \"%s\"", what, path);
}

/* A name of one component. */
static void note_slash(struct criu_reach *reach, const char *name, const char *what)
{
    if (!reach->climbs && name && (strchr(name, '/') || strcmp(name, "..") == 0))
        reach->climbs = xasprintf("%s \"%s\"", what, name);
}

static int take_inotify(struct criu_reach *reach, const ProtobufCBinaryData *bytes,
                        struct error *error)
{
    Criu__Inotify *inotify = criu__inotify__unpack(NULL, bytes->len, bytes->data);

    if (!inotify)
        return criu_image_damaged(error);
    for (size_t i = 0; i < inotify->n_wd; i++)
        if (inotify->wd[i]->f_handle)
            note_climb(reach, inotify->wd[i]->f_handle->path, "a watched path is");
    criu__inotify__free_unpacked(inotify, NULL);
    return 0;
}

static int take_fanotify(struct criu_reach *reach, const ProtobufCBinaryData *bytes,
                         struct error *error)
{
    Criu__Fanotify *fanotify = criu__fanotify__unpack(NULL, bytes->len, bytes->data);

    if (!fanotify)
        return criu_image_damaged(error);
    for (size_t i = 0; i < fanotify->n_mark; i++) {
        const Criu__FanotifyMark *mark = fanotify->mark[i];

        if (mark->ie && mark->ie->f_handle)
            note_climb(reach, mark->ie->f_handle->path, "a watched path is");
        if (mark->me)
            note_climb(reach, mark->me->path, "a watched path is");
    }
    criu__fanotify__free_unpacked(fanotify, NULL);
    return 0;
}

static int take_watches(struct file_reach *files, const Criu__File *file, struct error *error)
{
    size_t len = (file->has_ify ? file->ify.len : 0) + (file->has_ffy ? file->ffy.len : 0);

    if (len > WATCHES_MAX_BYTES - files->watch_bytes)
        return error_set(error, ERROR_ARCHIVE, "it has more than %d MiB of watched paths",
                         WATCHES_MAX_BYTES >> 20);
    files->watch_bytes += len;
    if (file->has_ify && take_inotify(files->reach, &file->ify, error))
        return -1;
    return file->has_ffy ? take_fanotify(files->reach, &file->ffy, error) : 0;
}

/* The name of a Unix socket is as its process wrote it, and may have a ".."; CRIU binds it inside
 * of the container's root (criu/sk-unix.c). The directory is the kernel's. */
static int take_file(void *context, const void *message, struct error *error)
{
    struct file_reach *files = context;
    struct criu_reach *reach = files->reach;
    const Criu__File *file = message;

    if (file->reg)
        note_climb(reach, file->reg->name, "an open file's path is");
    if (file->usk)
        note_climb(reach, file->usk->name_dir, "the directory of a Unix socket is");
    if (file->isk) {
        struct criu_socket socket = {.type = file->isk->type,
                                     .protocol = file->isk->proto,
                                     .state = file->isk->state};

        reach->has_connections = reach->has_connections || criu_socket_is_connected(&socket);
    }
    return take_watches(files, file, error);
}

/* As all regular files stand in images of CRIU before 3.3, and CRIU still reads them. */
static int take_regular_file(void *context, const void *message, struct error *error)
{
    (void)error;
    note_climb(context, ((const Criu__RegularFile *)message)->name, "an open file's path is");
    return 0;
}

/* The engines give the container's own mounts, and tell CRIU of each by a key; what has none, CRIU
 * mounts itself (criu/mount.c, do_new_mount). It finds a block device in the node's /dev, and what
 * overlayfs is made of in the node's directories. A cgroup's root is seen from another cgroup
 * namespace as "/..". */
static int take_mount(void *context, const void *message, struct error *error)
{
    struct criu_reach *reach = context;
    const Criu__Mount *mount = message;
    const char *mountpoint = mount->mountpoint ? mount->mountpoint : "";
    bool is_root = strcmp(mountpoint, "/") == 0 || strcmp(mountpoint, "./") == 0;

    note_climb(reach, mount->mountpoint, "a mount's place is");
    if (mount->fstype != FSTYPE_CGROUP && mount->fstype != FSTYPE_CGROUP2)
        note_climb(reach, mount->root, "a mount's root is");
    if (!reach->acts && !is_root && !(mount->ext_key && *mount->ext_key) &&
        (mount->fstype == FSTYPE_AUTO || mount->fstype == FSTYPE_OVERLAY))
        reach->acts = xasprintf("it mounts \"%s\" of the node on \"%s\", as %s",
                                mount->source ? mount->source : "", mountpoint,
                                mount->fsname                     ? mount->fsname
                                : mount->fstype == FSTYPE_OVERLAY ? "overlay"
                                                                  : "whatever it is");
    if (mount->fstype == FSTYPE_TMPFS &&
        buffer_append(&reach->memory_mounts, mountpoint, strlen(mountpoint) + 1))
        return error_set(error, ERROR_ARCHIVE, "the paths of its tmpfs mounts are more than %d MiB",
                         MEMORY_MOUNTS_MAX_BYTES >> 20);
    return 0;
}

static int walk_cgroup(struct criu_reach *reach, const ProtobufCBinaryData *bytes, int depth,
                       struct error *error)
{
    Criu__CgroupDirectory *directory;
    int result = 0;

    if (depth == CGROUP_DEPTH_MAX)
        return error_set(error, ERROR_ARCHIVE, "its cgroups are more than %d deep",
                         CGROUP_DEPTH_MAX);
    directory = criu__cgroup_directory__unpack(NULL, bytes->len, bytes->data);
    if (!directory)
        return criu_image_damaged(error);
    note_climb(reach, directory->dir_name, "a cgroup's path is");
    for (size_t i = 0; i < directory->n_properties; i++)
        note_slash(reach, directory->properties[i]->name, "a cgroup's property is");
    for (size_t i = 0; result == 0 && i < directory->n_children; i++)
        result = walk_cgroup(reach, &directory->children[i], depth + 1, error);
    criu__cgroup_directory__free_unpacked(directory, NULL);
    return result;
}

/* The controller of cgroup v2 has no name. */
static int take_controller(struct criu_reach *reach, const ProtobufCBinaryData *bytes,
                           struct error *error)
{
    Criu__CgroupController *controller =
        criu__cgroup_controller__unpack(NULL, bytes->len, bytes->data);
    int result = 0;

    if (!controller)
        return criu_image_damaged(error);
    for (size_t i = 0; i < controller->n_cnames; i++) {
        note_slash(reach, controller->cnames[i], "a cgroup controller is");
        reach->has_cgroup_v1 = reach->has_cgroup_v1 || *controller->cnames[i];
    }
    for (size_t i = 0; result == 0 && i < controller->n_dirs; i++)
        result = walk_cgroup(reach, &controller->dirs[i], 0, error);
    criu__cgroup_controller__free_unpacked(controller, NULL);
    return result;
}

/* CRIU makes these directories, writes the properties and moves processes there, in a directory of
 * its own in which cgroups are mounted, not looking at ".." (criu/cgroup.c). */
static int take_cgroups(void *context, const void *message, struct error *error)
{
    struct criu_reach *reach = context;
    const Criu__Cgroups *cgroups = message;
    int result = 0;

    for (size_t i = 0; i < cgroups->n_sets; i++)
        for (size_t j = 0; j < cgroups->sets[i]->n_ctls; j++)
            note_climb(reach, cgroups->sets[i]->ctls[j]->path, "a process's cgroup is");
    for (size_t i = 0; result == 0 && i < cgroups->n_controllers; i++)
        result = take_controller(reach, &cgroups->controllers[i], error);
    return result;
}

static int parse_ghost(struct criu_reach *reach, const void *bytes, size_t len, struct error *error)
{
    Criu__GhostFile *ghost =
        criu_unpack_only(&criu__ghost_file__descriptor, CRIU_MAGIC_GHOST_FILE, bytes, len, error);

    if (!ghost)
        return -1;
    reach->is_device = S_ISCHR(ghost->mode) || S_ISBLK(ghost->mode);
    reach->major = major(ghost->rdev);
    reach->minor = minor(ghost->rdev);
    criu__ghost_file__free_unpacked(ghost, NULL);
    return 0;
}

static const struct {
    enum criu_kind kind;
    enum criu_magic magic;
    const ProtobufCMessageDescriptor *type;
    int (*take)(void *context, const void *message, struct error *error);
} images[] = {
    {CRIU_KIND_REG_FILES, CRIU_MAGIC_REG_FILES, &criu__regular_file__descriptor, take_regular_file},
    {CRIU_KIND_MOUNTPOINTS, CRIU_MAGIC_MOUNTPOINTS, &criu__mount__descriptor, take_mount},
    {CRIU_KIND_CGROUP, CRIU_MAGIC_CGROUP, &criu__cgroups__descriptor, take_cgroups},
};
enum { IMAGES_COUNT = sizeof images / sizeof *images };

bool criu_reach_knows(enum criu_kind kind)
{
    for (size_t i = 0; i < IMAGES_COUNT; i++)
        if (images[i].kind == kind)
            return true;
    return kind == CRIU_KIND_GHOST_FILE || kind == CRIU_KIND_FILES;
}

int criu_reach_parse(struct criu_reach *ret, enum criu_kind kind, const void *bytes, size_t len,
                     struct error *error)
{
    cleanup(criu_reach_done) struct criu_reach reach = {0};
    struct file_reach files = {.reach = &reach};

    buffer_init(&reach.memory_mounts, MEMORY_MOUNTS_MAX_BYTES);
    if (kind == CRIU_KIND_GHOST_FILE && parse_ghost(&reach, bytes, len, error))
        return -1;
    if (kind == CRIU_KIND_FILES && criu_unpack_each(&criu__file__descriptor, CRIU_MAGIC_FILES,
                                                    bytes, len, take_file, &files, error))
        return -1;
    for (size_t i = 0; i < IMAGES_COUNT; i++)
        if (images[i].kind == kind && criu_unpack_each(images[i].type, images[i].magic, bytes, len,
                                                       images[i].take, &reach, error))
            return -1;
    *ret = reach;
    reach = (struct criu_reach){0};
    return 0;
}

void criu_reach_done(struct criu_reach *reach)
{
    free(reach->climbs);
    free(reach->acts);
    buffer_done(&reach->memory_mounts);
}
