// SPDX-License-Identifier: Apache-2.0
/* The checkpoint archives in a directory, as the kubelet leaves them behind; or a single one. */
#ifndef CKPTOCI_INSPECT_LIST_H
#define CKPTOCI_INSPECT_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/cancel.h"
#include "base/error.h"

#define LIST_DEFAULT_DIRECTORY "/var/lib/kubelet/checkpoints"

enum { LIST_MAX_ARCHIVES = 100000 };

/*
 * *archives: a new array of objects, the newest checkpoint first:
 *     {"path", "size", "container", "pod", "namespace", "engine", "checkpointed", "image"}
 * without the keys that are not known; behind them those that say nothing of themselves:
 *     {"path", "size", "error"}
 * Files count whose name begins with "checkpoint-" or ends as archives do. Of each only the bytes
 * that are needed are read. -1: the directory cannot be read, or interrupted. Where `path` is a
 * file, that file is all there is. With `from_stdin`, the file on standard input is, and `path`
 * only what it is called. max_unpacked_bytes as in struct expansion.
 */
int list_run(const char *path, bool from_stdin, uint64_t max_unpacked_bytes, json_t **archives,
             struct cancel *cancel, struct error *error);

#endif
