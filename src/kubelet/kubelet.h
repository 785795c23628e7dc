// SPDX-License-Identifier: Apache-2.0
/*
 * The one door to this room: a node's kubelet, asked directly or through the API server, that makes
 * checkpoints of containers and tells what containers a pod has. Of one thread.
 *
 *     kubelet_open(&kubelet, options, cancel, &error)       // reads files, no connection yet
 *     kubelet_list_containers(kubelet, namespace, pod, &names, &error)
 *     kubelet_checkpoint(kubelet, &container, &path, &error)
 *     kubelet_free(kubelet)
 */
#ifndef CKPTOCI_KUBELET_KUBELET_H
#define CKPTOCI_KUBELET_KUBELET_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"

#define KUBELET_DEFAULT_NODE "https://localhost:10250"

enum {
    /* What the kubelet takes when it is told nothing, or less. */
    KUBELET_DEFAULT_TIMEOUT_S = 120,
    KUBELET_MAX_TIMEOUT_S = 24 * 60 * 60,
    KUBELET_ANSWER_MAX_BYTES = 64 << 10,
    KUBELET_PODS_MAX_BYTES = 64 << 20, /* of a node with a thousand large pods */
    KUBELET_MAX_CONTAINERS = 256,
    KUBELET_PATH_MAX_LEN = 4095,
};

/* All borrowed; strings may be NULL: not given. */
struct kubelet_options {
    const char *node;          /* URL; NULL: KUBELET_DEFAULT_NODE */
    const char *via_apiserver; /* the node's name, to be asked through the API server */
    const char *kubeconfig;    /* path */
    const char *certificate, *key, *ca, *token_file; /* paths */
    bool insecure;                                   /* any certificate will do */
    int timeout_s;                                   /* that the kubelet is told; 0: nothing */
    int64_t stall_timeout_ms; /* silence beyond that time; 0: wait for ever */
};

struct container_name {
    const char *namespace_, *pod, *container;
};

struct kubelet;

/* -1: the files that say where it is and who we are cannot be used, or ERROR_USAGE. */
int kubelet_open(struct kubelet **kubelet, const struct kubelet_options *options,
                 struct cancel *cancel, struct error *error);
void kubelet_free(struct kubelet *kubelet);
DEFINE_CLEANUP(struct kubelet *, kubelet_free);

/* Blocks until the archive is complete. *path: where it is on the node, absolute and fit to be
 * shown; free() it. -1: the error says what to do; ERROR_UNAUTHORIZED where rights are missing. */
int kubelet_checkpoint(struct kubelet *kubelet, const struct container_name *container, char **path,
                       struct error *error);

/* *names: a new array of strings, those that run all the time: no init containers but sidecars, no
 * ephemeral ones. At most KUBELET_MAX_CONTAINERS. */
int kubelet_list_containers(struct kubelet *kubelet, const char *namespace_, const char *pod,
                            json_t **names, struct error *error);

/* Whether these can be names in Kubernetes. -1: ERROR_USAGE, the text quotes the rule. A NULL
 * container is not looked at. */
int kubelet_check_name(const struct container_name *name, struct error *error);

#endif
