// SPDX-License-Identifier: Apache-2.0
/*
 * Temporary names that a killed program has left in a directory. As long as a program lives it
 * holds a lock (flock(2)) on its file, which ends with it however it ends.
 */
#ifndef CKPTOCI_BASE_LEFTOVER_H
#define CKPTOCI_BASE_LEFTOVER_H

/* Locks a file so that nobody takes it for one. -1: somebody just has, and its name is gone or will
 * be; or it never had a name. */
int leftover_prevent(int fd);
/* Removes our user's files with a temporary name and without a lock; what cannot be removed stays.
 */
void leftover_remove_all(int dir_fd);

#endif
