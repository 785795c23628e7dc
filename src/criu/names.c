// SPDX-License-Identifier: Apache-2.0
#include "criu/names.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char decimal[] = "0123456789", hexadecimal[] = "0123456789abcdef";

/* CRIU 4.2's criu/image-desc.c, and what its older versions wrote. A name is what is before the
 * number, the number, and what is behind it. */
static const struct {
    const char *before, *digits, *after; /* digits NULL: no number */
    enum criu_kind kind;
} names[] = {
    {"inventory.img", NULL, "", CRIU_KIND_INVENTORY},
    {"pstree.img", NULL, "", CRIU_KIND_PSTREE},
    {"files.img", NULL, "", CRIU_KIND_FILES},
    {"reg-files.img", NULL, "", CRIU_KIND_REG_FILES},
    {"remap-fpath.img", NULL, "", CRIU_KIND_REMAP_FPATH},
    {"cgroup.img", NULL, "", CRIU_KIND_CGROUP},
    {"core-", decimal, ".img", CRIU_KIND_CORE},
    {"ids-", decimal, ".img", CRIU_KIND_IDS},
    {"mm-", decimal, ".img", CRIU_KIND_MM},
    {"fs-", decimal, ".img", CRIU_KIND_FS},
    {"fdinfo-", decimal, ".img", CRIU_KIND_FDINFO},
    {"pagemap-", decimal, ".img", CRIU_KIND_PAGEMAP},
    {"pagemap-shmem-", decimal, ".img", CRIU_KIND_SHMEM_PAGEMAP},
    {"pages-", decimal, ".img", CRIU_KIND_PAGES},
    {"ghost-file-", hexadecimal, ".img", CRIU_KIND_GHOST_FILE},
    {"mountpoints-", decimal, ".img", CRIU_KIND_MOUNTPOINTS},
    /* Loaded into the kernel of the node: criu/filesystems.c, net.c, apparmor.c. */
    {"binfmt-misc.img", NULL, "", CRIU_KIND_HOST},
    {"binfmt-misc-", decimal, ".img", CRIU_KIND_HOST},
    {"apparmor.img", NULL, "", CRIU_KIND_HOST},
    {"autofs-", decimal, ".img", CRIU_KIND_HOST},
    {"iptables-", decimal, ".img", CRIU_KIND_HOST},
    {"ip6tables-", decimal, ".img", CRIU_KIND_HOST},
    {"nftables-", decimal, ".img", CRIU_KIND_HOST},
    {"netns-ct-", decimal, ".img", CRIU_KIND_HOST},
    {"netns-exp-", decimal, ".img", CRIU_KIND_HOST},
    {"netdev-", decimal, ".img", CRIU_KIND_HOST},
    {"ifaddr-", decimal, ".img", CRIU_KIND_HOST},
    {"route-", decimal, ".img", CRIU_KIND_HOST},
    {"route6-", decimal, ".img", CRIU_KIND_HOST},
    {"rule-", decimal, ".img", CRIU_KIND_HOST},
    /* The rest is restored inside of the container, or nowhere. */
    {"netns-", decimal, ".img", CRIU_KIND_OTHER},
    {"ext-files.img", NULL, "", CRIU_KIND_OTHER},
    {"ns-files.img", NULL, "", CRIU_KIND_OTHER},
    {"eventfd.img", NULL, "", CRIU_KIND_OTHER},
    {"eventpoll.img", NULL, "", CRIU_KIND_OTHER},
    {"eventpoll-tfd.img", NULL, "", CRIU_KIND_OTHER},
    {"signalfd.img", NULL, "", CRIU_KIND_OTHER},
    {"inotify.img", NULL, "", CRIU_KIND_OTHER},
    {"inotify-wd.img", NULL, "", CRIU_KIND_OTHER},
    {"fanotify.img", NULL, "", CRIU_KIND_OTHER},
    {"fanotify-mark.img", NULL, "", CRIU_KIND_OTHER},
    {"vmas-", decimal, ".img", CRIU_KIND_OTHER},
    {"pipes.img", NULL, "", CRIU_KIND_OTHER},
    {"pipes-data.img", NULL, "", CRIU_KIND_OTHER},
    {"fifo.img", NULL, "", CRIU_KIND_OTHER},
    {"fifo-data.img", NULL, "", CRIU_KIND_OTHER},
    {"sigacts-", decimal, ".img", CRIU_KIND_OTHER},
    {"unixsk.img", NULL, "", CRIU_KIND_OTHER},
    {"inetsk.img", NULL, "", CRIU_KIND_OTHER},
    {"packetsk.img", NULL, "", CRIU_KIND_OTHER},
    {"netlinksk.img", NULL, "", CRIU_KIND_OTHER},
    {"sk-queues.img", NULL, "", CRIU_KIND_OTHER},
    {"itimers-", decimal, ".img", CRIU_KIND_OTHER},
    {"posix-timers-", decimal, ".img", CRIU_KIND_OTHER},
    {"creds-", decimal, ".img", CRIU_KIND_OTHER},
    {"utsns-", decimal, ".img", CRIU_KIND_OTHER},
    {"ipcns-var-", decimal, ".img", CRIU_KIND_OTHER},
    {"ipcns-shm-", decimal, ".img", CRIU_KIND_OTHER},
    {"ipcns-msg-", decimal, ".img", CRIU_KIND_OTHER},
    {"ipcns-sem-", decimal, ".img", CRIU_KIND_OTHER},
    {"memfd.img", NULL, "", CRIU_KIND_OTHER},
    {"tcp-stream-", hexadecimal, ".img", CRIU_KIND_OTHER},
    {"tmpfs-", decimal, ".tar.gz.img", CRIU_KIND_OTHER},
    {"tmpfs-dev-", decimal, ".tar.gz.img", CRIU_KIND_OTHER},
    {"tty.img", NULL, "", CRIU_KIND_OTHER},
    {"tty-info.img", NULL, "", CRIU_KIND_OTHER},
    {"tty-data.img", NULL, "", CRIU_KIND_OTHER},
    {"filelocks.img", NULL, "", CRIU_KIND_OTHER},
    {"filelocks-", decimal, ".img", CRIU_KIND_OTHER},
    {"rlimit-", decimal, ".img", CRIU_KIND_OTHER},
    {"pages-shmem-", decimal, ".img", CRIU_KIND_OTHER},
    {"signal-s-", decimal, ".img", CRIU_KIND_OTHER},
    {"signal-p-", decimal, ".img", CRIU_KIND_OTHER},
    {"tunfile.img", NULL, "", CRIU_KIND_OTHER},
    {"timerfd.img", NULL, "", CRIU_KIND_OTHER},
    {"cpuinfo.img", NULL, "", CRIU_KIND_OTHER},
    {"seccomp.img", NULL, "", CRIU_KIND_OTHER},
    {"userns-", decimal, ".img", CRIU_KIND_OTHER},
    {"timens-", decimal, ".img", CRIU_KIND_OTHER},
    {"pidns-", decimal, ".img", CRIU_KIND_OTHER},
    {"bpfmap-file.img", NULL, "", CRIU_KIND_OTHER},
    {"bpfmap-data.img", NULL, "", CRIU_KIND_OTHER},
    {"pidfd.img", NULL, "", CRIU_KIND_OTHER},
    {"irmap-cache", NULL, "", CRIU_KIND_OTHER},
    {"stats-dump", NULL, "", CRIU_KIND_OTHER},
    {"stats-restore", NULL, "", CRIU_KIND_OTHER},
    /* runc and crun, CRIU's link to an earlier checkpoint. */
    {"descriptors.json", NULL, "", CRIU_KIND_OTHER},
    {"parent", NULL, "", CRIU_KIND_PARENT},
};

/* Of CRIU's plugins, and logs. */
static const char *const patterns[] = {"amdgpu-*.img", "*.log"};

/* Shared memory has numbers of 64 bits, all else of 32. */
static bool fits(const char *before, uint64_t number)
{
    return number <= UINT32_MAX || strstr(before, "shmem");
}

/* Whether `text` is a number and then `after`. */
static bool take_number(const char *text, const char *digits, const char *after, uint64_t *number)
{
    size_t len = strspn(text, digits);

    if (len == 0 || len > 19 || (*text == '0' && len > 1) || strcmp(text + len, after) != 0)
        return false;
    *number = strtoull(text, NULL, digits == decimal ? 10 : 16);
    return true;
}

static bool matches(size_t row, const char *name, uint64_t *number)
{
    size_t len = strlen(names[row].before);

    *number = 0;
    if (strncmp(name, names[row].before, len) != 0)
        return false;
    if (!names[row].digits)
        return name[len] == '\0';
    return take_number(name + len, names[row].digits, names[row].after, number) &&
           fits(names[row].before, *number);
}

struct criu_name criu_name_parse(const char *name)
{
    uint64_t number;

    for (size_t row = 0; row < sizeof names / sizeof *names; row++)
        if (matches(row, name, &number))
            return (struct criu_name){names[row].kind, number};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (fnmatch(patterns[i], name, FNM_PATHNAME) == 0)
            return (struct criu_name){CRIU_KIND_OTHER, 0};
    return (struct criu_name){CRIU_KIND_NONE, 0};
}
