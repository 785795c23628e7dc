// SPDX-License-Identifier: Apache-2.0
/* A restore kit as text: with comments in YAML, for programs in JSON. */
#ifndef CKPTOCI_RESTORE_VIEW_H
#define CKPTOCI_RESTORE_VIEW_H

#include "restore/kit.h"

/* New strings. The Pods with the notes as comments on top; */
char *restore_view_yaml(const struct restore_kit *kit);
/* the Pod, or a List of them; */
char *restore_view_json(const struct restore_kit *kit);
/* the configurations for crictl, each under the name of its file; */
char *restore_view_crictl(const struct restore_kit *kit);
/* one document of them. */
char *restore_view_document(const json_t *document);

/* The notes, on standard error. */
void restore_view_print_notes(const struct restore_kit *kit);

#endif
