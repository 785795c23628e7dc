// SPDX-License-Identifier: Apache-2.0
#include "store/layout-content.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/tmpfile.h"
#include "store/index.h"
#include "store/json-file.h"
#include "store/layout-format.h"

enum presence layout_find_blob(const struct layout_tree *tree, const struct descriptor *blob)
{
    struct stat st;

    if (fstatat(tree->sha256.fd, digest_hex(&blob->digest), &st, AT_SYMLINK_NOFOLLOW))
        return ABSENT;
    return S_ISREG(st.st_mode) && (uint64_t)st.st_size == blob->size ? PRESENT : OTHER_SIZE;
}

int layout_write_blob(const struct layout_tree *tree, const struct descriptor *blob,
                      const void *bytes, struct error *error)
{
    return tmpfile_write_document(tree->sha256.fd, tree->sha256.path, digest_hex(&blob->digest),
                                  bytes, blob->size, error);
}

int layout_read_index(const struct layout_tree *tree, json_t **index, struct error *error)
{
    cleanup(json_decrefp) json_t *read = NULL;

    if (json_file_read(&read, tree->top.fd, tree->top.path, LAYOUT_INDEX_FILE, INDEX_MAX_BYTES,
                       error))
        return -1;
    if (!read)
        read = index_new();
    if (index_check(read, error)) {
        error_context(error, "read %s/%s", tree->top.path, LAYOUT_INDEX_FILE);
        return error_advice(error, "repair this image layout or choose another directory");
    }
    *index = steal(read);
    return 0;
}

int layout_enter_image(const struct layout_tree *tree, const struct descriptor *manifest,
                       const char *tag, bool *already_there, struct error *error)
{
    const struct layout_directory *top = &tree->top;
    cleanup(json_decrefp) json_t *index = NULL;
    cleanup_free char *text = NULL;

    if (layout_read_index(tree, &index, error))
        return -1;
    if (!index_set_image(index, manifest, tag)) {
        *already_there = true;
        return 0;
    }
    if (index_format(index, &text, error))
        return error_context(error, "write %s/%s", top->path, LAYOUT_INDEX_FILE);
    if (tmpfile_write_document(top->fd, top->path, LAYOUT_INDEX_FILE, text, strlen(text), error))
        return -1;
    *already_there = false;
    return 0;
}

int layout_mark(const struct layout_tree *tree, bool *added, struct error *error)
{
    const struct layout_directory *top = &tree->top;

    if (faccessat(top->fd, LAYOUT_FILE, F_OK, 0) == 0)
        return 0;
    if (tmpfile_write_document(top->fd, top->path, LAYOUT_FILE, LAYOUT_CONTENT,
                               strlen(LAYOUT_CONTENT), error))
        return -1;
    *added = true;
    return 0;
}
