// SPDX-License-Identifier: Apache-2.0
/*
 * A thread that asks registries whether images are still what they were, so that the archives they
 * were made of can be removed. The agent hands over a list, goes on, and takes the answers when the
 * file descriptor is readable. Opaque; touched by the agent's thread, but for that one's own work.
 */
#ifndef CKPTOCI_WATCH_CONFIRMATION_H
#define CKPTOCI_WATCH_CONFIRMATION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"
#include "oci/digest.h"
#include "registry/registry.h"
#include "watch/retention.h"

enum { CONFIRMATION_MAX_QUESTIONS = 256 };

struct question {
    char *name;                       /* of the archive */
    struct archive_identity identity; /* of the file that was pushed */
    char *reference;
    struct digest digest;
    const char *reason; /* for removing it; constant text */

    struct error error; /* the answer. ERROR_NONE: the image is there, with that digest */
};

struct confirmation;

/* At most CONFIRMATION_MAX_QUESTIONS candidates, which are not looked at afterwards; `options` and
 * `cancel` are borrowed. */
struct confirmation *confirmation_start(const struct candidate *candidates, size_t count,
                                        const struct registry_options *options,
                                        struct cancel *cancel);
/* To be polled for input: all is answered. */
int confirmation_fd(const struct confirmation *confirmation);
/* The questions with their answers, once all are answered. */
const struct question *confirmation_answers(struct confirmation *confirmation, size_t *count);
/* Waits for the thread. */
void confirmation_free(struct confirmation *confirmation);
DEFINE_CLEANUP(struct confirmation *, confirmation_free);

#endif
