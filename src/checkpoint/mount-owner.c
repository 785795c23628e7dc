// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/mount-owner.h"

#include <stddef.h>
#include <string.h>

static bool is_among(const char *text, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

enum mount_owner mount_owner(const char *destination, bool knows_passwd)
{
    static const char *const by_engine[] = {
        "/proc",
        "/dev",
        "/dev/pts",
        "/dev/mqueue",
        "/sys",
        "/sys/fs/cgroup",
        "/dev/shm",
        "/etc/group",
        "/etc/resolv.conf",
        "/etc/hostname",
        "/run/secrets",
        "/run/.containerenv",
        NULL,
    };
    static const char *const by_kubelet[] = {
        MOUNT_ETC_HOSTS,
        MOUNT_TERMINATION_LOG,
        MOUNT_TOKEN_DIRECTORY,
        NULL,
    };

    if (is_among(destination, by_engine) ||
        (knows_passwd && strcmp(destination, "/etc/passwd") == 0))
        return MOUNT_BY_ENGINE;
    return is_among(destination, by_kubelet) ? MOUNT_BY_KUBELET : MOUNT_BY_POD;
}
