// SPDX-License-Identifier: Apache-2.0
/*
 * A file at a path the user names, which is there only when it is complete. Embedded in its owner,
 * who writes to `file`; one thread.
 *
 *     output_file_init, output_file_open, tmpfile_append..., output_file_publish, output_file_done
 */
#ifndef CKPTOCI_BASE_OUTPUT_FILE_H
#define CKPTOCI_BASE_OUTPUT_FILE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/tmpfile.h"

struct output_file {
    bool may_replace; /* a file that has the name; false: that is an error */
    char *path;
    const char *name;    /* its last component */
    int dir_fd;          /* of the directory it is in; -1 before open */
    struct tmpfile file; /* its mode may be set before open */
};

void output_file_init(struct output_file *output, const char *path);
/* -1: also where something has the name that must not be replaced. */
int output_file_open(struct output_file *output, struct error *error);
/* Makes the file durable and gives it its name. */
int output_file_publish(struct output_file *output, struct error *error);
/* Nothing stays of a file that was not published. */
void output_file_done(struct output_file *output);

#endif
