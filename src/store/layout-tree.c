// SPDX-License-Identifier: Apache-2.0
#include "store/layout-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/tmpfile.h"
#include "store/layout-files.h"

/* Memory pages hold secrets. A directory that is there keeps its mode. */
enum { MODE = 0700 };

void layout_tree_init(struct layout_tree *tree, const char *path)
{
    tree->top = (struct layout_directory){.path = xstrdup(path), .fd = -1};
    tree->blobs = (struct layout_directory){.path = xasprintf("%s/blobs", path), .fd = -1};
    tree->sha256 = (struct layout_directory){.path = xasprintf("%s/blobs/sha256", path), .fd = -1};
}

static int open_directory(struct layout_directory *directory, struct error *error)
{
    directory->created = mkdir(directory->path, MODE) == 0;
    if (!directory->created && errno != EEXIST) {
        bool no_parent = errno == ENOENT;

        error_set_errno(error, errno, "create directory %s", directory->path);
        return error_advice(error, "%s",
                            no_parent ? "create the directory above it first"
                                      : "choose another destination");
    }
    directory->fd = open(directory->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd >= 0)
        return 0;
    if (errno == ENOTDIR)
        return error_set(error, ERROR_USAGE,
                         "%s is not a directory; name one, or a path that does not exist yet",
                         directory->path);
    error_set_errno(error, errno, "open directory %s", directory->path);
    return error_advice(error, "choose another destination");
}

/* Whether a directory with this name in it may be, or become, an image layout: one that another run
 * has begun, or an empty file system. */
static bool is_harmless(const char *name)
{
    static const char *const names[] = {".", "..", "blobs", "lost+found", LAYOUT_FILE};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return strncmp(name, TMPFILE_PREFIX, strlen(TMPFILE_PREFIX)) == 0;
}

/* *name is the first name that is not harmless, to be freed, or NULL. */
static int find_foreign(const struct layout_directory *top, char **name, struct error *error)
{
    cleanup(closedirp) DIR *dir = opendir(top->path);
    const struct dirent *entry;

    if (!dir)
        return error_set_errno(error, errno, "read directory %s", top->path);
    while ((entry = readdir(dir)) && is_harmless(entry->d_name))
        ;
    *name = entry ? xstrdup(entry->d_name) : NULL;
    return 0;
}

static int check_version(const struct layout_directory *top, const json_t *layout,
                         struct error *error)
{
    const char *version = json_get_text(layout, LAYOUT_VERSION_KEY);

    if (version && strcmp(version, LAYOUT_VERSION) == 0)
        return 0;
    return error_set(error, ERROR_FAILED,
                     "%s/" LAYOUT_FILE ": the version is \"%s\", and only \"" LAYOUT_VERSION
                     "\" is known; choose another directory",
                     top->path, version ? version : "");
}

/* Whether images may be put here. The names come before the marker: what another run puts here in
 * between then has its marker already. */
static int check_top(const struct layout_directory *top, struct error *error)
{
    cleanup(json_decrefp) json_t *layout = NULL;
    cleanup_free char *foreign = NULL;

    if (find_foreign(top, &foreign, error) ||
        json_file_read(&layout, top->fd, top->path, LAYOUT_FILE, LAYOUT_FILE_MAX_BYTES, error))
        return -1;
    if (layout)
        return check_version(top, layout, error);
    if (foreign)
        return error_set(error, ERROR_USAGE,
                         "%s holds \"%s\" but no \"" LAYOUT_FILE "\"; name a new or empty "
                         "directory, or an image layout",
                         top->path, foreign);
    return 0;
}

static int check_writable(const struct layout_directory *top, struct error *error)
{
    if (faccessat(top->fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
        return 0;
    error_set_errno(error, errno, "write %s", top->path);
    return error_advice(error, "choose another destination");
}

int layout_tree_open(struct layout_tree *tree, struct error *error)
{
    if (open_directory(&tree->top, error) || check_top(&tree->top, error) ||
        check_writable(&tree->top, error) || open_directory(&tree->blobs, error) ||
        open_directory(&tree->sha256, error))
        return -1;
    tmpfile_remove_left(tree->top.fd);
    tmpfile_remove_left(tree->sha256.fd);
    /* Says to the layout_tree_done() of other runs that the directories are in use. */
    if (flock(tree->sha256.fd, LOCK_SH))
        return error_set_errno(error, errno, "lock %s", tree->sha256.path);
    return 0;
}

static int sync_above(const struct layout_directory *top, struct error *error)
{
    cleanup_close int above = openat(top->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (above < 0)
        return error_set_errno(error, errno, "open the directory above %s", top->path);
    return tmpfile_sync_directory(above, top->path, error);
}

int layout_tree_sync(const struct layout_tree *tree, struct error *error)
{
    if (tmpfile_sync_directory(tree->sha256.fd, tree->sha256.path, error) ||
        tmpfile_sync_directory(tree->blobs.fd, tree->blobs.path, error) ||
        tmpfile_sync_directory(tree->top.fd, tree->top.path, error))
        return -1;
    return tree->top.created ? sync_above(&tree->top, error) : 0;
}

int layout_tree_lock(const struct layout_tree *tree, struct error *error)
{
    while (flock(tree->top.fd, LOCK_EX))
        if (errno != EINTR)
            return error_set_errno(error, errno, "lock %s", tree->top.path);
    return 0;
}

void layout_tree_unlock(const struct layout_tree *tree)
{
    flock(tree->top.fd, LOCK_UN);
}

void layout_tree_keep(struct layout_tree *tree)
{
    tree->top.created = tree->blobs.created = tree->sha256.created = false;
}

static bool is_in_use(const struct layout_tree *tree)
{
    return tree->sha256.fd >= 0 && flock(tree->sha256.fd, LOCK_EX | LOCK_NB);
}

static void take_back(const struct layout_tree *tree)
{
    const struct layout_directory *deepest_first[] = {&tree->sha256, &tree->blobs, &tree->top};

    /* Fails where somebody has put something into it, and that is right. */
    for (int i = 0; i < 3; i++)
        if (deepest_first[i]->created)
            rmdir(deepest_first[i]->path);
}

static void close_directory(struct layout_directory *directory)
{
    if (directory->fd >= 0)
        close(directory->fd);
    free(directory->path);
    *directory = (struct layout_directory){.fd = -1};
}

void layout_tree_done(struct layout_tree *tree)
{
    if (!is_in_use(tree))
        take_back(tree);
    close_directory(&tree->sha256);
    close_directory(&tree->blobs);
    close_directory(&tree->top);
}
