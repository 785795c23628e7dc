// SPDX-License-Identifier: Apache-2.0
/*
 * A small reader of tars by the rules of Go's archive/tar, with which the engines read: written
 * from those rules, and sharing no code with the program, so that each can be held against the
 * other. One thread.
 */
#ifndef CKPTOCI_FUZZ_GO_TAR_H
#define CKPTOCI_FUZZ_GO_TAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct go_member {
    char type; /* as Go has it: '\0' has become '0' or '5' */
    char *name, *link;
    int64_t size; /* of the file */
    int64_t mode, device_major, device_minor;
    int64_t content; /* where that begins in the tar */
    bool sparse;
};

struct go_tar {
    struct go_member *members;
    size_t count;
    bool is_good; /* Go has come to the end without an error */
};

void go_tar_read(struct go_tar *tar, const uint8_t *data, size_t size);
void go_tar_done(struct go_tar *tar);

#endif
