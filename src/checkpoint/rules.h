// SPDX-License-Identifier: Apache-2.0
/*
 * The checks of what an archive's documents say, for checkpoint_check() alone: a file for each kind
 * of thing that an engine does with them as root. docs/findings.md names the places in the engines.
 * Each returns 0, or -1: refused.
 */
#ifndef CKPTOCI_CHECKPOINT_RULES_H
#define CKPTOCI_CHECKPOINT_RULES_H

#include "archive/finding.h"
#include "checkpoint/checkpoint.h"

/* The images that config.dump names: what is pulled, run and tagged. */
int image_rules_check(const struct checkpoint *checkpoint, struct findings *findings,
                      struct error *error);
/* The mounts of spec.dump, and what bind.mounts makes of them. */
int mount_rules_check(const struct checkpoint *checkpoint, struct findings *findings,
                      struct error *error);
/* What spec.dump gives the container of the host: namespaces, devices, capabilities. */
int privileges_check(const struct checkpoint *checkpoint, struct findings *findings,
                     struct error *error);
/* Annotations that are orders to an engine or a runtime, wherever they are read. */
int annotation_rules_check(const struct checkpoint *checkpoint, struct findings *findings,
                           struct error *error);
/* Podman's config.dump, which Podman takes over nearly as it is. */
int podman_config_check(const struct checkpoint *checkpoint, struct findings *findings,
                        struct error *error);

#endif
