// SPDX-License-Identifier: Apache-2.0
/*
 * Which paths a tar has named so far, in 8 bytes each: only hashes are kept, under a secret of this
 * process, so that no archive can be made to fit them. Two paths of one hash would pass for the
 * same; a path that was added is never missed. One thread.
 */
#ifndef CKPTOCI_ARCHIVE_PATH_SET_H
#define CKPTOCI_ARCHIVE_PATH_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

struct path_set;

enum path_match {
    PATH_NEW,
    PATH_CASE_VARIANT, /* one that differs in the case of ASCII letters only is there */
    PATH_THERE,
};

struct path_set *path_set_new(void);
void path_set_free(struct path_set *set);
DEFINE_CLEANUP(struct path_set *, path_set_free);

/* Adds the path unless it is there. What was there before: */
enum path_match path_set_add(struct path_set *set, const char *path, bool is_symlink);

/* The first `len` bytes of `path`. *is_symlink may be NULL. */
bool path_set_has(const struct path_set *set, const char *path, size_t len, bool *is_symlink);

/* The length of the shortest of the directories above `path` that is a symlink in the set; 0: none
 * of them is. One pass over the path. */
size_t path_set_symlink_above(const struct path_set *set, const char *path);

#endif
