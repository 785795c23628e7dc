// SPDX-License-Identifier: Apache-2.0
#include "base/cancel.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/memory.h"

struct cancel {
    atomic_bool triggered;
    int fd;
    pthread_mutex_t mutex; /* guards watches */
    struct cancel_watch *watches;
};

struct cancel *cancel_new(void)
{
    struct cancel *cancel = NEW(struct cancel);

    cancel->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (cancel->fd < 0) {
        perror("ckptoci: eventfd");
        abort();
    }
    pthread_mutex_init(&cancel->mutex, NULL);
    return cancel;
}

void cancel_free(struct cancel *cancel)
{
    if (!cancel)
        return;
    close(cancel->fd);
    pthread_mutex_destroy(&cancel->mutex);
    free(cancel);
}

void cancel_trigger(struct cancel *cancel)
{
    uint64_t one = 1;

    if (atomic_exchange(&cancel->triggered, true))
        return;
    if (write(cancel->fd, &one, sizeof one) < 0)
        perror("ckptoci: eventfd"); /* cannot happen: the counter is at 0 */
    pthread_mutex_lock(&cancel->mutex);
    for (struct cancel_watch *watch = cancel->watches; watch; watch = watch->next)
        watch->wake(watch->context);
    pthread_mutex_unlock(&cancel->mutex);
}

bool cancel_triggered(const struct cancel *cancel)
{
    return atomic_load(&cancel->triggered);
}

int cancel_fd(const struct cancel *cancel)
{
    return cancel->fd;
}

void cancel_watch_add(struct cancel *cancel, struct cancel_watch *watch)
{
    pthread_mutex_lock(&cancel->mutex);
    watch->next = cancel->watches;
    cancel->watches = watch;
    if (cancel_triggered(cancel))
        watch->wake(watch->context);
    pthread_mutex_unlock(&cancel->mutex);
}

void cancel_watch_remove(struct cancel *cancel, struct cancel_watch *watch)
{
    pthread_mutex_lock(&cancel->mutex);
    for (struct cancel_watch **at = &cancel->watches; *at; at = &(*at)->next) {
        if (*at == watch) {
            *at = watch->next;
            break;
        }
    }
    pthread_mutex_unlock(&cancel->mutex);
}

int cancel_poll(const struct cancel *cancel, int fd, short events, struct error *error)
{
    struct pollfd fds[] = {{.fd = fd, .events = events}, {.fd = cancel->fd, .events = POLLIN}};

    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR)
            return error_set_errno(error, errno, "wait for data");
    return cancel_check(cancel, error);
}

void cancel_wait(const struct cancel *cancel, int64_t ms)
{
    struct pollfd fd = {.fd = cancel->fd, .events = POLLIN};
    int64_t end_ms = clock_monotonic_ms() + ms;

    while (ms > 0 && poll(&fd, 1, ms < INT_MAX ? (int)ms : INT_MAX) <= 0)
        ms = end_ms - clock_monotonic_ms();
}

int cancel_check(const struct cancel *cancel, struct error *error)
{
    if (!cancel_triggered(cancel))
        return 0;
    return error_set(error, ERROR_INTERRUPTED, "interrupted");
}
