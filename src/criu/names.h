// SPDX-License-Identifier: Apache-2.0
/* What a file in CRIU's directory of images is, by its name. Pure. */
#ifndef CKPTOCI_CRIU_NAMES_H
#define CKPTOCI_CRIU_NAMES_H

#include <stdint.h>

enum criu_kind {
    CRIU_KIND_NONE,  /* no name that CRIU, its plugins or an engine use */
    CRIU_KIND_OTHER, /* nothing that is looked at here */
    CRIU_KIND_HOST,  /* CRIU loads it into the kernel, by root's programs or as whole rules */
    CRIU_KIND_PARENT,
    CRIU_KIND_INVENTORY,
    CRIU_KIND_PSTREE,
    CRIU_KIND_FILES,
    CRIU_KIND_REG_FILES,
    CRIU_KIND_REMAP_FPATH,
    CRIU_KIND_CGROUP,
    /* With a number. */
    CRIU_KIND_CORE,
    CRIU_KIND_IDS,
    CRIU_KIND_MM,
    CRIU_KIND_FS,
    CRIU_KIND_FDINFO,
    CRIU_KIND_PAGEMAP,
    CRIU_KIND_SHMEM_PAGEMAP,
    CRIU_KIND_PAGES,
    CRIU_KIND_GHOST_FILE,
    CRIU_KIND_MOUNTPOINTS,
};

struct criu_name {
    enum criu_kind kind;
    uint64_t number; /* of a process, a file ...; 0 where the name has none */
};

/* `name` as in "core-1.img". Numbers are as CRIU writes them: core-01.img is none of its names. */
struct criu_name criu_name_parse(const char *name);

#endif
