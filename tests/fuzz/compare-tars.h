// SPDX-License-Identifier: Apache-2.0
/* The program's reader of tars held against one with Go's rules. One thread. */
#ifndef CKPTOCI_FUZZ_COMPARE_TARS_H
#define CKPTOCI_FUZZ_COMPARE_TARS_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

enum tar_verdict {
    TAR_ACCEPTED,
    TAR_REFUSED,
    TAR_DIFFERS, /* what the program accepts, Go reads in another way, or not at all */
};

/* The bytes come in pieces of `piece`. *why: what is wrong or what differs, or NULL; the caller's.
 */
enum tar_verdict tar_compare(const uint8_t *data, size_t size, size_t piece, char **why);

/* How the program reads the tar: a line for each member, as
 *
 *     TYPE MODE SIZE CONTENT PATH [-> LINK] [MAJOR,MINOR]
 *
 * where TYPE is Go's; NULL if it refuses it. The caller's. */
char *tar_members(const uint8_t *data, size_t size, size_t piece, char **why);
/* The same as Go would read it. */
char *go_members(const uint8_t *data, size_t size);

#endif
