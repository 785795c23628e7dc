// SPDX-License-Identifier: Apache-2.0
#include "inspect/criu-stats.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "checkpoint/criu-image.h"
#include "inspect/criu.pb-c.h"

enum { LOG_VALUE_MAX_BYTES = 200 };

int criu_stats_parse(struct criu_stats *stats, const void *bytes, size_t len, struct error *error)
{
    const uint8_t *message;
    size_t message_len;
    const Criu__DumpStats *dump;
    Criu__Stats *unpacked;

    if (criu_image_only(CRIU_MAGIC_STATS, bytes, len, &message, &message_len, error))
        return -1;
    unpacked = criu__stats__unpack(NULL, message_len, message);
    if (!unpacked)
        return criu_image_damaged(error);
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
    const uint8_t *message;
    size_t message_len;
    Criu__Inventory *unpacked;

    if (criu_image_only(CRIU_MAGIC_INVENTORY, bytes, len, &message, &message_len, error))
        return -1;
    unpacked = criu__inventory__unpack(NULL, message_len, message);
    if (!unpacked)
        return criu_image_damaged(error);
    *inventory = (struct criu_inventory){unpacked->img_version, unpacked->lsmtype};
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
