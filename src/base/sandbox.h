// SPDX-License-Identifier: Apache-2.0
/*
 * Rights that are given up when they are not needed any more, so that a fault in the code that
 * reads what others have written is worth less to them: by prctl(2), and by Landlock where the
 * kernel has it. All of it is for the calling thread and for those it starts from then on, and for
 * good. What is open stays open. Where the kernel does not take it, nothing is given up and nothing
 * fails.
 */
#ifndef CKPTOCI_BASE_SANDBOX_H
#define CKPTOCI_BASE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Programs that are run from now on get no rights from their set-user-ID bit or capabilities. */
void sandbox_no_new_privileges(void);

/* For threads that only compute: no path can be opened, created, renamed or removed, no program
 * run, no TCP connection made. */
void sandbox_seal_thread(void);

/* Calls the function in a thread that is sealed, and waits for it; in this one where there is no
 * Landlock. The result is the function's. */
int sandbox_call(int (*function)(void *context, struct error *error), void *context,
                 struct error *error);

enum sandbox_scope {
    SANDBOX_TREE,  /* everything in this directory and below it */
    SANDBOX_FILE,  /* this file, and nothing else */
    SANDBOX_RMDIR, /* empty directories below this one may be removed */
};

/* What may still be written; nothing as long as nothing is kept. Zero-initialised, on the stack. */
struct sandbox {
    int ruleset;     /* one more than the file descriptor; 0: there is none yet */
    bool incomplete; /* a rule was not taken: rather no limit than one that is too narrow */
};

/* A file that does not exist yet is kept with all of its directory. A path that cannot be found is
 * passed over: there is nothing to write there. */
void sandbox_keep(struct sandbox *sandbox, enum sandbox_scope scope, const char *path);
/* The same for the directory that the file is, or will be, in. */
void sandbox_keep_directory_of(struct sandbox *sandbox, const char *path);
/* From now on nothing else can be written, created, renamed or removed, and no program run. Reading
 * is as before. */
void sandbox_limit_writing(struct sandbox *sandbox);

/* The version of Landlock that is used; 0: none. */
int sandbox_landlock_version(void);

#endif
