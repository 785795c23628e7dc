// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include "base/sandbox.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#ifdef USE_LANDLOCK
#include <linux/landlock.h>

/* Newer than the header may be; the numbers are the kernel's. */
enum {
    FS_FIRST_13 = (1 << 13) - 1, /* all of version 1 */
    FS_REFER = 1 << 13,          /* version 2 */
    FS_TRUNCATE = 1 << 14,       /* version 3 */
    FS_IOCTL_DEV = 1 << 15,      /* version 5 */
    NET_BIND_TCP = 1 << 0,       /* version 4 */
    NET_CONNECT_TCP = 1 << 1,    /* version 4 */
    NET_VERSION = 4,
};

/* As the kernel reads it: of older versions only the beginning. */
struct ruleset_attributes {
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
};

int sandbox_landlock_version(void)
{
    long version =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, LANDLOCK_CREATE_RULESET_VERSION);

    return version > 0 ? (int)version : 0;
}

static uint64_t all_rights(int version)
{
    uint64_t rights = FS_FIRST_13;

    if (version >= 2)
        rights |= FS_REFER;
    if (version >= 3)
        rights |= FS_TRUNCATE;
    if (version >= 5)
        rights |= FS_IOCTL_DEV;
    return rights;
}

/* What changes anything; and running programs, which nobody needs then. */
static uint64_t write_rights(int version)
{
    return all_rights(version) &
           ~(uint64_t)(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | FS_IOCTL_DEV);
}

/* A file descriptor, or -1. */
static int ruleset_new(int version, uint64_t rights, uint64_t net_rights)
{
    struct ruleset_attributes attributes = {rights, net_rights};
    size_t size = version >= NET_VERSION ? sizeof attributes : sizeof attributes.handled_access_fs;

    if (version == 0)
        return -1;
    return (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
}

static void enforce(int ruleset)
{
    sandbox_no_new_privileges(); /* the kernel insists */
    syscall(SYS_landlock_restrict_self, ruleset, 0);
}

void sandbox_seal_thread(void)
{
    int version = sandbox_landlock_version();
    cleanup_close int ruleset =
        ruleset_new(version, all_rights(version),
                    version >= NET_VERSION ? NET_BIND_TCP | NET_CONNECT_TCP : 0);

    if (ruleset >= 0)
        enforce(ruleset);
}

static void ensure_ruleset(struct sandbox *sandbox)
{
    int version = sandbox_landlock_version();

    if (sandbox->ruleset == 0)
        sandbox->ruleset = ruleset_new(version, write_rights(version), 0) + 1;
}

/* Regular files and directories are all that is ever made. */
static uint64_t kept_rights(enum sandbox_scope scope, bool is_directory)
{
    uint64_t rights = write_rights(sandbox_landlock_version());

    switch (scope) {
    case SANDBOX_TREE:
        return rights & (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                         LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                         LANDLOCK_ACCESS_FS_MAKE_REG | FS_REFER | FS_TRUNCATE);
    case SANDBOX_FILE:
        return is_directory ? 0 : rights & (LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE);
    case SANDBOX_RMDIR:
        return LANDLOCK_ACCESS_FS_REMOVE_DIR;
    }
    return 0;
}

void sandbox_keep(struct sandbox *sandbox, enum sandbox_scope scope, const char *path)
{
    cleanup_close int fd = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.parent_fd = fd};
    struct stat st;

    if (fd < 0 || fstat(fd, &st)) {
        if (scope == SANDBOX_FILE)
            sandbox_keep_directory_of(sandbox, path);
        return;
    }
    ensure_ruleset(sandbox);
    rule.allowed_access = kept_rights(scope, S_ISDIR(st.st_mode));
    if (sandbox->ruleset && rule.allowed_access &&
        syscall(SYS_landlock_add_rule, sandbox->ruleset - 1, LANDLOCK_RULE_PATH_BENEATH, &rule,
                0) != 0 &&
        scope == SANDBOX_TREE)
        sandbox->incomplete = true;
}

void sandbox_limit_writing(struct sandbox *sandbox)
{
    ensure_ruleset(sandbox);
    if (sandbox->ruleset == 0)
        return;
    if (!sandbox->incomplete)
        enforce(sandbox->ruleset - 1);
    close(sandbox->ruleset - 1);
    sandbox->ruleset = 0;
}

#else

int sandbox_landlock_version(void)
{
    return 0;
}

void sandbox_seal_thread(void)
{
}

void sandbox_keep(struct sandbox *sandbox, enum sandbox_scope scope, const char *path)
{
    (void)sandbox;
    (void)scope;
    (void)path;
}

void sandbox_limit_writing(struct sandbox *sandbox)
{
    (void)sandbox;
}

#endif

void sandbox_no_new_privileges(void)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void sandbox_keep_directory_of(struct sandbox *sandbox, const char *path)
{
    cleanup_free char *directory = file_directory(path);

    sandbox_keep(sandbox, SANDBOX_TREE, directory);
}

struct call {
    int (*function)(void *context, struct error *error);
    void *context;
    struct error *error;
    int result;
};

static void *run_sealed(void *argument)
{
    struct call *call = argument;

    sandbox_seal_thread();
    call->result = call->function(call->context, call->error);
    return NULL;
}

int sandbox_call(int (*function)(void *context, struct error *error), void *context,
                 struct error *error)
{
    struct call call = {function, context, error, -1};
    pthread_t thread;

    if (sandbox_landlock_version() == 0)
        return function(context, error);
    if (pthread_create(&thread, NULL, run_sealed, &call) != 0)
        abort();
    pthread_join(thread, NULL);
    return call.result;
}
