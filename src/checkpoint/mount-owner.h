// SPDX-License-Identifier: Apache-2.0
/* Who makes a mount of a container in a pod, by the place that it is mounted on. */
#ifndef CKPTOCI_CHECKPOINT_MOUNT_OWNER_H
#define CKPTOCI_CHECKPOINT_MOUNT_OWNER_H

#include <stdbool.h>

enum mount_owner {
    MOUNT_BY_POD,     /* only there if the pod declares it */
    MOUNT_BY_ENGINE,  /* of every container */
    MOUNT_BY_KUBELET, /* of every container, without being declared */
};

/* `knows_passwd`: as CRI-O from 1.35 on, which makes /etc/passwd itself as well. */
enum mount_owner mount_owner(const char *destination, bool knows_passwd);

/* Where the service account's token is. */
#define MOUNT_TOKEN_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"
#define MOUNT_TERMINATION_LOG "/dev/termination-log"
#define MOUNT_ETC_HOSTS "/etc/hosts"

#endif
