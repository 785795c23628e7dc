// SPDX-License-Identifier: Apache-2.0
/* Images that tell of the dump as a whole. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "criu/criu.h"
#include "criu/criu.pb-c.h"
#include "criu/unpack.h"

enum { LOG_VALUE_MAX_BYTES = 200 };

int criu_stats_parse(struct criu_stats *stats, const void *bytes, size_t len, struct error *error)
{
    Criu__Stats *unpacked =
        criu_unpack_only(&criu__stats__descriptor, CRIU_MAGIC_STATS, bytes, len, error);
    const Criu__DumpStats *dump;

    if (!unpacked)
        return -1;
    dump = unpacked->dump;
    if (!dump) {
        criu__stats__free_unpacked(unpacked, NULL);
        return error_set(error, ERROR_ARCHIVE, "it does not tell of a dump");
    }
    *stats = (struct criu_stats){
        .freezing_time_us = dump->freezing_time,
        .frozen_time_us = dump->frozen_time,
        .memdump_time_us = dump->memdump_time,
        .memwrite_time_us = dump->memwrite_time,
        .pages_scanned = dump->pages_scanned,
        .pages_skipped_parent = dump->pages_skipped_parent,
        .pages_written = dump->pages_written,
    };
    criu__stats__free_unpacked(unpacked, NULL);
    return 0;
}

int criu_inventory_parse(struct criu_inventory *inventory, const void *bytes, size_t len,
                         struct error *error)
{
    Criu__Inventory *unpacked =
        criu_unpack_only(&criu__inventory__descriptor, CRIU_MAGIC_INVENTORY, bytes, len, error);

    if (!unpacked)
        return -1;
    *inventory = (struct criu_inventory){
        .image_version = unpacked->img_version,
        .lsm = unpacked->lsmtype,
        .has_root_ids = unpacked->root_ids,
        .closes_tcp = unpacked->tcp_close,
    };
    if (unpacked->root_ids)
        inventory->root_ids =
            (struct criu_ids){unpacked->root_ids->files_id, unpacked->root_ids->mnt_ns_id};
    criu__inventory__free_unpacked(unpacked, NULL);
    return 0;
}

/* What follows `key` on its line. */
static char *log_value(const char *text, size_t len, const char *key)
{
    const char *at = memmem(text, len, key, strlen(key)), *end;
    size_t rest;

    if (!at)
        return NULL;
    at += strlen(key);
    rest = len - (size_t)(at - text);
    end = memchr(at, '\n', rest);
    if (!end || end - at > LOG_VALUE_MAX_BYTES)
        return NULL;
    return xstrndup(at, (size_t)(end - at));
}

/* "(00.000116) Version: 4.2 (gitid v4.2)", "(00.000128) Running on node1 Linux 6.1.0 #1 SMP ..." */
void criu_log_parse(const void *bytes, size_t len, char **version, char **kernel)
{
    char *host = log_value(bytes, len, ") Running on "), *linux_at;

    *version = log_value(bytes, len, ") Version: ");
    if (*version)
        (*version)[strcspn(*version, " ")] = '\0';
    *kernel = NULL;
    linux_at = host ? strstr(host, " Linux ") : NULL;
    if (linux_at) {
        linux_at += strlen(" Linux ");
        *kernel = xstrndup(linux_at, strcspn(linux_at, " "));
    }
    free(host);
}
