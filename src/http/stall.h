// SPDX-License-Identifier: Apache-2.0
/*
 * Notices that a transfer stands still. Embedded in its owner; one thread.
 */
#ifndef CKPTOCI_HTTP_STALL_H
#define CKPTOCI_HTTP_STALL_H

#include <stdbool.h>
#include <stdint.h>

struct stall {
    int64_t moved; /* bytes, both ways */
    int64_t moved_at_ms;
    int64_t passed_ms; /* the limit that was passed; 0: none was */
};

/* A transfer begins. */
void stall_begin(struct stall *stall);
/* What took until now was not the network's silence. */
void stall_excuse(struct stall *stall);
/* `moved` bytes in all, now. True: none did for more than limit_ms; 0: there is no limit. */
bool stall_is_over(struct stall *stall, int64_t moved, int64_t limit_ms);

#endif
