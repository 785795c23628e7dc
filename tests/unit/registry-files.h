// SPDX-License-Identifier: Apache-2.0
/*
 * For tests of what the registry room reads from disk: a home of its own for each test, nobody's
 * real credentials or certificates. Set up and torn down by cmocka; *state is its path.
 */
#ifndef CKPTOCI_TESTS_REGISTRY_FILES_H
#define CKPTOCI_TESTS_REGISTRY_FILES_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/memory.h"

static inline int set_up_home(void **state)
{
    char *home = xstrdup("/tmp/ckptoci-test.XXXXXX");
    cleanup_free char *runtime_dir = NULL;

    if (!mkdtemp(home))
        return -1;
    runtime_dir = xasprintf("%s/run", home);
    setenv("HOME", home, 1);
    setenv("XDG_RUNTIME_DIR", runtime_dir, 1);
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("DOCKER_CONFIG");
    unsetenv("REGISTRY_AUTH_FILE");
    unsetenv("DOCKER_AUTH_CONFIG");
    unsetenv("CONTAINERS_REGISTRIES_CONF");
    *state = home;
    return 0;
}

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int tear_down_home(void **state)
{
    int result = nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);

    free(*state);
    return result;
}

/* Makes the file and its directories under the home; free() the path. */
static inline char *write_file(void **state, const char *name, const char *content)
{
    char *path = xasprintf("%s/%s", (const char *)*state, name);
    FILE *file;

    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static inline void put_file(void **state, const char *name, const char *content)
{
    free(write_file(state, name, content));
}

/* A program for $PATH, which then begins with the home. */
static inline void put_program(void **state, const char *name, const char *script)
{
    cleanup_free char *text = xasprintf("#!/bin/sh\n%s\n", script);
    cleanup_free char *path = write_file(state, name, text);
    cleanup_free char *search = xasprintf("%s:/usr/bin:/bin", (const char *)*state);

    assert_int_equal(chmod(path, 0700), 0);
    setenv("PATH", search, 1);
}

#endif
