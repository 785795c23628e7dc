// SPDX-License-Identifier: Apache-2.0
/*
 * What spec.dump tells of the settings that the container had in its pod. An archive can claim
 * anything: only the user may grant what gives a container more than others have.
 */
#ifndef CKPTOCI_RESTORE_POD_SETTINGS_H
#define CKPTOCI_RESTORE_POD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "checkpoint/checkpoint.h"

/* Zero-initialised; numbers are 0 where the archive does not tell. */
struct pod_settings {
    bool has_host_network, has_host_pid, has_host_ipc; /* namespaces of the host */
    bool shares_processes;                             /* one PID namespace for all of the pod */
    bool is_privileged;
    /* Arrays of strings without "CAP_": what the container had beyond the engine's defaults, and
     * which of the defaults it had. */
    json_t *further_capabilities, *kept_capabilities;
    bool drops_capabilities; /* it had not all of the defaults */
    bool has_no_new_privileges, has_read_only_root;
    bool has_terminal, has_stdin;
    int64_t user_id, group_id;
    int64_t grace_period_s;
    int64_t memory_limit_bytes, cpu_limit_millicores, cpu_request_millicores;
    const char *selinux_label, *apparmor_profile; /* borrowed from the spec; NULL: none */
};

void pod_settings_read(struct pod_settings *settings, const json_t *spec, enum engine engine);
void pod_settings_done(struct pod_settings *settings);

/* Whether it may use every device, which only a privileged container may. */
bool spec_is_privileged(const json_t *spec);

#endif
