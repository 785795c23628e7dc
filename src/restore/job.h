// SPDX-License-Identifier: Apache-2.0
/* One run of restore-kit, shared by its parts. Embedded in restore_kit_run(); one thread. */
#ifndef CKPTOCI_RESTORE_JOB_H
#define CKPTOCI_RESTORE_JOB_H

#include "engines/reasoning.h"
#include "restore/kit.h"
#include "restore/mount-plan.h"
#include "restore/pod-settings.h"
#include "transport/reading.h"

struct restore_job {
    const struct restore_kit_options *options;
    struct restore_kit *kit;

    struct reading reading;
    const struct checkpoint *checkpoint; /* in reading.content */
    struct engine_members members;

    /* What follows from it. */
    enum engine engine;     /* that restores it */
    const char *base_image; /* by which name the engine looks for it; NULL: not told */
    struct mount_plan plan;
    struct pod_settings settings;
    const char *name, *pod_namespace, *container; /* each may be RESTORE_FILL_IN */
    char *image;                                  /* a reference, a path or RESTORE_FILL_IN */
    char *directory;                              /* on the node, for what crictl mounts */
    json_t *marks;                                /* array of strings: what is to be filled in */
    json_t *needs;                                /* array of strings: what the engine needs */
};

/* Adds a text to one of the arrays, made fit to be shown. */
void restore_say(json_t *lines, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each makes kit->documents and adds to job->marks. */
void restore_make_pods(struct restore_job *job);
void restore_make_crictl(struct restore_job *job);

/* Last: makes kit->notes. */
void restore_make_notes(struct restore_job *job);

#endif
