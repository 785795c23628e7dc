// SPDX-License-Identifier: Apache-2.0
/* The sections of inspect-view.h that tell of processes. To standard output. */
#ifndef CKPTOCI_INSPECT_PROCESSES_H
#define CKPTOCI_INSPECT_PROCESSES_H

#include <stdbool.h>

#include <jansson.h>

void inspect_print_processes(const json_t *processes, bool shows_all);
/* Of the whole report. */
void inspect_print_environment(const json_t *report, bool shows_all);
void inspect_print_open_files(const json_t *report, bool shows_all);

#endif
