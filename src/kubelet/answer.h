// SPDX-License-Identifier: Apache-2.0
/* What a kubelet, or the API server before it, means by an answer, for people. Pure. */
#ifndef CKPTOCI_KUBELET_ANSWER_H
#define CKPTOCI_KUBELET_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/error.h"
#include "kubelet/kubelet.h"

/* What was asked. All borrowed. */
struct question {
    bool for_pods; /* what containers there are; else for a checkpoint */
    const struct container_name *name;
    const char *via_apiserver; /* name of the node; NULL: the kubelet was asked directly */
    const char *credentials;   /* where they came from; NULL: there are none */
};

/* Makes an error of any status but 200, with the answer's own words and what to do next.
 * ERROR_UNAUTHORIZED for 401 and 403. Always -1. */
int answer_refused(const struct question *question, int status, const char *body, size_t len,
                   struct error *error);

/* *path: of {"items": ["PATH"]}, free() it. -1: something else, or no absolute path. */
int answer_read_path(char **path, const char *body, size_t len, struct error *error);

/* Of a pod, or of the pod with that name in a list of pods; as kubelet_list_containers(). */
int answer_read_containers(json_t **names, const struct question *question, const char *body,
                           size_t len, struct error *error);

#endif
