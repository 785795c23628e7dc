// SPDX-License-Identifier: Apache-2.0
#include "registry/blob-source.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "registry/answer.h"

struct blob_source {
    struct source source;          /* first: what callers hold */
    struct http_receiver receiver; /* what the thread gives to its requests */
    const struct blob_places *places;
    struct cancel *cancel;
    struct cancel_watch watch;
    struct digest digest;
    uint64_t size;
    char *given;          /* what source_next() has given out last */
    uint64_t given_until; /* offset of the byte behind that */
    uint64_t pass_to;     /* bytes before this offset are not given */
    bool running;         /* there have been requests since the last seek */
    int thread_errnum;    /* why there is no thread; 0: there is */
    pthread_t thread;

    /* The thread's own. */
    uint64_t wanted;    /* the next byte that is missing */
    uint64_t skip;      /* bytes to drop from a registry that starts over */
    bool answered;      /* this request has brought its first bytes, and they were the right ones */
    bool advanced;      /* this request has brought bytes that were missing */
    bool starts_over;   /* the registry has answered a Range request with the whole blob */
    struct error fatal; /* no further request helps */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    char *filling;
    size_t filled;
    bool requested; /* the thread is to get the rest, and has not finished */
    bool stopped;   /* nobody reads what is requested any more */
    bool finished;  /* the thread gives no more bytes */
    bool closed;    /* the thread is to end */
    struct error error;
};

/* It changes only in fetch(), by the thread. */
static struct client *client_of(const struct blob_source *self)
{
    return *self->places->client;
}

static struct blob_source *blob_of_receiver(struct http_receiver *receiver)
{
    return (struct blob_source *)((char *)receiver - offsetof(struct blob_source, receiver));
}

static bool is_stopped(const struct blob_source *self)
{
    return self->stopped || cancel_triggered(self->cancel);
}

static void wake(void *context)
{
    struct blob_source *self = context;

    pthread_mutex_lock(&self->mutex);
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->mutex);
}

/* Waits until the bytes have room. False: nobody wants them. */
static bool hand_over(struct blob_source *self, const char *data, size_t len)
{
    bool stopped;

    pthread_mutex_lock(&self->mutex);
    while (len > 0 && !is_stopped(self)) {
        size_t room = BLOB_BUFFER_BYTES - self->filled, part = len < room ? len : room;

        if (part == 0) {
            pthread_cond_wait(&self->changed, &self->mutex);
            continue;
        }
        memcpy(self->filling + self->filled, data, part);
        self->filled += part;
        data += part;
        len -= part;
        pthread_cond_broadcast(&self->changed);
    }
    stopped = is_stopped(self);
    pthread_mutex_unlock(&self->mutex);
    return !stopped;
}

/* A blob may be a web page, but then it is as large as it should be. */
static bool is_other_page(struct blob_source *self)
{
    const char *length = http_header(client_http(client_of(self)), "Content-Length", 0);

    return client_got_page(client_of(self)) &&
           (!length || strtoull(length, NULL, 10) != self->size);
}

/* Whether the bytes of this response are the ones that were asked for. */
static bool check_answer(struct blob_source *self, int status)
{
    const char *header = http_header(client_http(client_of(self)), "Content-Range", 0);

    self->answered = true;
    self->skip = status == 200 ? self->wanted : 0;
    self->starts_over = self->starts_over || self->skip > 0;
    if (status == 200 && is_other_page(self))
        return client_refuse_page(client_of(self), "blob", &self->fatal) == 0;
    if (status == 200)
        return true;
    return content_range_check(header, self->wanted, self->size, &self->fatal) == 0;
}

static bool take(struct http_receiver *receiver, int status, const void *data, size_t len)
{
    struct blob_source *self = blob_of_receiver(receiver);
    const char *bytes = data;
    size_t dropped;

    if (!self->answered && !check_answer(self, status))
        return false;
    dropped = self->skip < len ? (size_t)self->skip : len;
    self->skip -= dropped;
    bytes += dropped;
    len -= dropped;
    if (len > self->size - self->wanted) {
        error_set(&self->fatal, ERROR_IMAGE,
                  "the registry sends more than the %" PRIu64 " bytes it should have", self->size);
        return false;
    }
    self->wanted += len;
    self->advanced = self->advanced || len > 0;
    return hand_over(self, bytes, len);
}

/* One request. 0: it is done; 1: it broke, *error says how, and another one may help; -1: no. */
static int request_rest(struct blob_source *self, struct error *error)
{
    cleanup_free char *url = client_url(client_of(self), "blobs/%s", self->digest.text);
    struct http_request request = {.method = "GET",
                                   .url = url,
                                   .range_start = self->wanted,
                                   .receiver = &self->receiver};
    int status;

    self->answered = self->advanced = false;
    status = client_send(client_of(self), &request, error);
    if (self->fatal.kind != ERROR_NONE) {
        *error = self->fatal;
        return -1;
    }
    if (status < 0)
        return client_may_retry(client_of(self), status, error) ? 1 : -1;
    if (status != 200 && status != 206) {
        client_refused(client_of(self), status, error);
        return client_may_retry(client_of(self), status, error) ? 1 : -1;
    }
    if (self->wanted == self->size)
        return 0;
    error_set(error, ERROR_NETWORK, "the registry sent only %" PRIu64 " of %" PRIu64 " bytes",
              self->wanted, self->size);
    return 1;
}

/* False: it is not wanted any more. */
static bool wait_before_retry(struct blob_source *self, int64_t delay_ms)
{
    const struct timespec until = clock_timespec(clock_monotonic_ns() + delay_ms * 1000000);
    bool stopped;

    pthread_mutex_lock(&self->mutex);
    while (!is_stopped(self) &&
           pthread_cond_timedwait(&self->changed, &self->mutex, &until) != ETIMEDOUT)
        ;
    stopped = is_stopped(self);
    pthread_mutex_unlock(&self->mutex);
    return !stopped;
}

static int fetch_here(struct blob_source *self, struct error *error)
{
    unsigned failures = 0;
    int64_t delay_ms;
    int result = 1;

    if (self->wanted == self->size && self->size > 0)
        return 0;
    while ((result = request_rest(self, error)) > 0) {
        failures = self->advanced ? 1 : failures + 1;
        if (client_plan_retry(client_of(self), failures, &delay_ms, error) ||
            !wait_before_retry(self, delay_ms))
            return -1;
    }
    return result;
}

/* Where one place does not give the blob, the next one gives the rest. */
static int fetch(struct blob_source *self, struct error *error)
{
    const struct blob_places *places = self->places;
    bool stopped;

    while (!client_of(self) || fetch_here(self, error)) {
        pthread_mutex_lock(&self->mutex);
        stopped = is_stopped(self);
        pthread_mutex_unlock(&self->mutex);
        if (stopped || !places->next || places->next(places->context, error))
            return -1;
        self->fatal = (struct error){0};
    }
    return 0;
}

static void fetch_and_tell(struct blob_source *self)
{
    struct error error = {0};
    int result = fetch(self, &error);

    if (result < 0 && cancel_triggered(self->cancel))
        cancel_check(self->cancel, &error);
    else if (result < 0)
        error_context(&error, "get blob %s", self->digest.text);
    if (result == 0)
        error.kind = ERROR_NONE;
    pthread_mutex_lock(&self->mutex);
    self->requested = false;
    self->finished = true;
    self->error = error;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->mutex);
}

/* Waits for something to do. False: the thread is to end. */
static bool wait_for_request(struct blob_source *self)
{
    bool closed;

    pthread_mutex_lock(&self->mutex);
    while (!self->requested && !self->closed)
        pthread_cond_wait(&self->changed, &self->mutex);
    closed = self->closed;
    pthread_mutex_unlock(&self->mutex);
    return !closed;
}

static void *run(void *context)
{
    struct blob_source *self = context;

    while (wait_for_request(self))
        fetch_and_tell(self);
    return NULL;
}

static int start(struct blob_source *self, struct error *error)
{
    if (self->thread_errnum)
        return error_set_errno(error, self->thread_errnum, "start a thread");
    pthread_mutex_lock(&self->mutex);
    self->requested = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->mutex);
    self->running = true;
    return 0;
}

static void stop(struct blob_source *self)
{
    pthread_mutex_lock(&self->mutex);
    self->stopped = true;
    pthread_cond_broadcast(&self->changed);
    while (self->requested)
        pthread_cond_wait(&self->changed, &self->mutex);
    pthread_mutex_unlock(&self->mutex);
    self->running = false;
}

static void end_thread(struct blob_source *self)
{
    if (self->thread_errnum)
        return;
    stop(self);
    pthread_mutex_lock(&self->mutex);
    self->closed = true;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->mutex);
    pthread_join(self->thread, NULL);
}

/* The next block, in `given`. 1, 0 at the end, -1. */
static int take_block(struct blob_source *self, size_t *len, struct error *error)
{
    int more;

    pthread_mutex_lock(&self->mutex);
    while (self->filled == 0 && !self->finished)
        pthread_cond_wait(&self->changed, &self->mutex);
    more = self->filled > 0 ? 1 : self->error.kind == ERROR_NONE ? 0 : -1;
    if (more > 0) {
        char *filled = self->filling;

        self->filling = self->given;
        self->given = filled;
        *len = self->filled;
        self->filled = 0;
        pthread_cond_broadcast(&self->changed);
    } else if (more < 0) {
        *error = self->error;
    }
    pthread_mutex_unlock(&self->mutex);
    return more;
}

static int blob_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct blob_source *self = (struct blob_source *)source;
    int more;

    if (!self->running && start(self, error))
        return -1;
    do {
        more = take_block(self, len, error);
        if (more <= 0)
            return more;
        self->given_until += *len;
    } while (self->given_until <= self->pass_to);
    *data = self->given;
    if (self->given_until - *len < self->pass_to) {
        *data = self->given + (*len - (self->given_until - self->pass_to));
        *len = (size_t)(self->given_until - self->pass_to);
    }
    return 1;
}

static int blob_seek(struct source *source, uint64_t offset, struct error *error)
{
    struct blob_source *self = (struct blob_source *)source;

    if (offset > self->size)
        return error_set(error, ERROR_FAILED, "blob %s has no byte %" PRIu64, self->digest.text,
                         offset);
    /* A registry that starts over would send all that is before the offset again: what is missing
     * comes sooner on the connection that is there. */
    if (self->starts_over && self->running && offset >= self->given_until) {
        self->pass_to = offset;
        return 0;
    }
    stop(self);
    self->wanted = self->given_until = self->pass_to = offset;
    self->filled = 0;
    self->stopped = self->finished = false;
    self->error = self->fatal = (struct error){0};
    return 0;
}

static void blob_free(struct source *source)
{
    struct blob_source *self = (struct blob_source *)source;

    end_thread(self);
    cancel_watch_remove(self->cancel, &self->watch);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->mutex);
    free(self->filling);
    free(self->given);
    free(self);
}

struct source *blob_source_new(const struct blob_places *places,
                               const struct descriptor *descriptor, struct cancel *cancel)
{
    static const struct source_ops ops = {.next = blob_next, .seek = blob_seek, .free = blob_free};
    struct blob_source *self = NEW(struct blob_source);
    pthread_condattr_t attributes;

    self->source.ops = &ops;
    self->receiver.take = take;
    self->places = places;
    self->cancel = cancel;
    self->digest = descriptor->digest;
    self->size = descriptor->size;
    self->filling = xcalloc(BLOB_BUFFER_BYTES, 1);
    self->given = xcalloc(BLOB_BUFFER_BYTES, 1);
    pthread_mutex_init(&self->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&self->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    self->watch = (struct cancel_watch){.wake = wake, .context = self};
    cancel_watch_add(cancel, &self->watch);
    self->thread_errnum = pthread_create(&self->thread, NULL, run, self);
    return &self->source;
}
