// SPDX-License-Identifier: Apache-2.0
/*
 * The directories of an image layout: DIR, DIR/blobs and DIR/blobs/sha256 (image-spec,
 * image-layout.md). Embedded in its owner; one thread. Other runs may use the same DIR at the same
 * time, each with a tree of its own.
 */
#ifndef CKPTOCI_STORE_LAYOUT_TREE_H
#define CKPTOCI_STORE_LAYOUT_TREE_H

#include <stdbool.h>

#include "base/error.h"

struct layout_directory {
    char *path;
    int fd; /* -1 before layout_tree_open() */
    bool created;
};

struct layout_tree {
    struct layout_directory top, blobs, sha256;
};

void layout_tree_init(struct layout_tree *tree, const char *path);
/* Makes the directories that are missing. -1: also for a directory that holds something else than
 * an image layout of the version known here; nothing is then left in it. */
int layout_tree_open(struct layout_tree *tree, struct error *error);
/* Makes the names in all directories durable. */
int layout_tree_sync(const struct layout_tree *tree, struct error *error);
/* Waits until no other run changes the layout's content. */
int layout_tree_lock(const struct layout_tree *tree, struct error *error);
void layout_tree_unlock(const struct layout_tree *tree);
/* The directories stay, whoever created them. */
void layout_tree_keep(struct layout_tree *tree);
/* Removes those it created, unless they were kept or somebody else uses them. */
void layout_tree_done(struct layout_tree *tree);

#endif
