// SPDX-License-Identifier: Apache-2.0
/* Which images a copy of all tags is about, and what they are to be called. What the source says of
 * names is looked at here, before anybody is asked for one of them. */
#ifndef CKPTOCI_TASK_COPY_TAGS_H
#define CKPTOCI_TASK_COPY_TAGS_H

#include "task/copy-blobs.h"

/*
 * *plan: a new array of an object for each name that the source has: "name", and "tag", which it
 * becomes at the destination, or "error", why it cannot. No two of them have the same tag: one that
 * would stand for several different images stands for none. The job's first worker is open.
 */
int copy_tags_plan(struct copy_job *job, json_t **plan, struct error *error);

/* Warns of what the source has and nothing of the plan has brought along. */
void copy_tags_tell_left_out(struct copy_job *job);

#endif
