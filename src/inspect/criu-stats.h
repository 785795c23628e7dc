// SPDX-License-Identifier: Apache-2.0
/* What CRIU says of its own work: stats-dump, inventory.img and the head of dump.log. */
#ifndef CKPTOCI_INSPECT_CRIU_STATS_H
#define CKPTOCI_INSPECT_CRIU_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct criu_stats {
    uint32_t freezing_time_us, frozen_time_us, memdump_time_us, memwrite_time_us;
    uint64_t pages_scanned, pages_skipped_parent, pages_written;
};

/* -1: ERROR_ARCHIVE, also where it tells of a restore only. */
int criu_stats_parse(struct criu_stats *stats, const void *bytes, size_t len, struct error *error);

struct criu_inventory {
    uint32_t image_version;
    uint32_t lsm; /* 0 none, 1 SELinux, 2 AppArmor */
};

/* -1: ERROR_ARCHIVE. */
int criu_inventory_parse(struct criu_inventory *inventory, const void *bytes, size_t len,
                         struct error *error);

/* The version of CRIU and the kernel it ran on, from the first lines of its log: the caller's, NULL
 * where they are not there. */
void criu_log_parse(const void *bytes, size_t len, char **version, char **kernel);

#endif
