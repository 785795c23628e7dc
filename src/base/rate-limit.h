// SPDX-License-Identifier: Apache-2.0
/* At most so many bytes a second, for all threads that share it together. */
#ifndef CKPTOCI_BASE_RATE_LIMIT_H
#define CKPTOCI_BASE_RATE_LIMIT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct rate_limit {
    int64_t bytes_per_s; /* 0: as fast as it goes; set before it is shared */
    pthread_mutex_t mutex;
    int64_t free_at_ns; /* when the next bytes may go; on the monotonic clock */
};

#define RATE_LIMIT_INIT                    \
    {                                      \
        .mutex = PTHREAD_MUTEX_INITIALIZER \
    }

/* Waits until bytes may go, and returns how many: 1 to `wanted`, which is not 0, and no more than
 * go in a tenth of a second, so that others get their turn and a wish to stop is heard. */
size_t rate_limit_take(struct rate_limit *limit, size_t wanted);

#endif
