// SPDX-License-Identifier: Apache-2.0
#include "watch/retention.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/kube-name.h"
#include "base/memory.h"
#include "transport/destination.h"

enum { NS_PER_S = 1000000000 };

bool retention_is_given(const struct retention *retention)
{
    return retention->count >= 0 || retention->age_s >= 0 || retention->size_bytes >= 0;
}

static int compare_texts(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

/* By the kubelet's word, which is the file's name, and then by the archive's own: that may set
 * archives apart, as where a namespace and a container with dashes meet, but puts none among those
 * of another container. Files with other names are by themselves. */
static int compare_containers(const struct candidate *a, const struct candidate *b)
{
    int order = a->container_len - b->container_len;

    if (order == 0)
        order = memcmp(a->archive->name, b->archive->name, (size_t)a->container_len);
    if (order == 0)
        order = compare_texts(a->archive->pod_namespace, b->archive->pod_namespace);
    if (order == 0)
        order = compare_texts(a->archive->pod, b->archive->pod);
    return order ? order : compare_texts(a->archive->container, b->archive->container);
}

static int compare_ages(const struct archive *a, const struct archive *b)
{
    if (a->identity.mtime_ns != b->identity.mtime_ns)
        return a->identity.mtime_ns < b->identity.mtime_ns ? -1 : 1;
    return strcmp(a->name, b->name);
}

/* A container's archives together, the newest first. */
static int by_container(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;
    int order = compare_containers(left, right);

    return order ? order : compare_ages(right->archive, left->archive);
}

static int oldest_first(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;

    return compare_ages(left->archive, right->archive);
}

static void select_by_count(const struct retention *retention, struct candidate *all, size_t count)
{
    int64_t newer = 0;

    qsort(all, count, sizeof *all, by_container);
    for (size_t i = 0; i < count; i++) {
        newer = i > 0 && compare_containers(&all[i - 1], &all[i]) == 0 ? newer + 1 : 0;
        if (newer >= retention->count)
            all[i].reason = "count";
    }
}

static void select_by_age(const struct retention *retention, struct candidate *all, size_t count,
                          int64_t now_s)
{
    for (size_t i = 0; i < count; i++)
        if (now_s - all[i].archive->identity.mtime_ns / NS_PER_S > retention->age_s)
            all[i].reason = "age";
}

static void select_by_size(const struct retention *retention, struct candidate *all, size_t count,
                           int64_t total)
{
    qsort(all, count, sizeof *all, oldest_first);
    for (size_t i = 0; i < count; i++)
        if (all[i].reason)
            total -= all[i].archive->identity.size;
    for (size_t i = 0; i < count && total > retention->size_bytes; i++) {
        if (all[i].reason)
            continue;
        all[i].reason = "size";
        total -= all[i].archive->identity.size;
    }
}

struct candidate *retention_select(const struct retention *retention,
                                   const struct archive_table *table, int64_t now_s, size_t *ret)
{
    struct candidate *all = xcalloc(table->count, sizeof *all);
    int64_t total = 0;
    size_t count = 0, selected = 0;

    for (size_t i = 0; i < table->count; i++) {
        struct archive *archive = table->archives[i];

        total += archive->identity.size;
        if (archive->state == ARCHIVE_PUSHED && !archive->is_kept && !archive->has_child)
            all[count++] =
                (struct candidate){.archive = archive,
                                   .container_len = (int)kubelet_file_container_len(archive->name)};
    }
    if (retention->count >= 0 && count > 0)
        select_by_count(retention, all, count);
    if (retention->age_s >= 0)
        select_by_age(retention, all, count, now_s);
    if (retention->size_bytes >= 0 && count > 0)
        select_by_size(retention, all, count, total);
    for (size_t i = 0; i < count; i++)
        if (all[i].reason)
            all[selected++] = all[i];
    *ret = selected;
    return all;
}

struct confirmation {
    struct question *questions;
    size_t count;
    const struct registry_options *options;
    struct cancel *cancel;
    int fd;
    pthread_t thread;
    bool is_joined;
};

static void ask(const struct confirmation *confirmation, struct question *question)
{
    struct error error = {0}; /* may have a text although all went well in the end */
    struct digest digest;

    if (question->error.kind != ERROR_NONE)
        return;
    if (cancel_check(confirmation->cancel, &error) ||
        image_digest(question->reference, confirmation->options, confirmation->cancel, &digest,
                     &error))
        question->error = error;
    else if (!digest_equal(&digest, &question->digest))
        error_set(&question->error, ERROR_IMAGE, "%s is another image now, %s instead of %s",
                  question->reference, digest.text, question->digest.text);
}

/* References begin with the registry's host, or with "docker://" and that. */
static bool is_same_registry(const char *a, const char *b)
{
    static const char scheme[] = "docker://";
    size_t scheme_len = sizeof scheme - 1, len;

    a += strncmp(a, scheme, scheme_len) == 0 ? scheme_len : 0;
    b += strncmp(b, scheme, scheme_len) == 0 ? scheme_len : 0;
    len = strcspn(a, "/") + 1;
    return strncmp(a, b, len) == 0;
}

/* A registry that cannot be reached is not asked for each archive anew: that takes long. */
static void *run(void *argument)
{
    struct confirmation *confirmation = argument;
    const struct question *silent = NULL;

    for (size_t i = 0; i < confirmation->count; i++) {
        struct question *question = &confirmation->questions[i];

        if (silent && is_same_registry(silent->reference, question->reference))
            question->error = silent->error;
        else
            ask(confirmation, question);
        silent = question->error.kind == ERROR_NETWORK ? question : NULL;
    }
    eventfd_write(confirmation->fd, 1);
    return NULL;
}

struct confirmation *confirmation_start(const struct candidate *candidates, size_t count,
                                        const struct registry_options *options,
                                        struct cancel *cancel)
{
    struct confirmation *confirmation = NEW(struct confirmation);

    confirmation->questions = xcalloc(count, sizeof *confirmation->questions);
    confirmation->count = count;
    confirmation->options = options;
    confirmation->cancel = cancel;
    confirmation->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    for (size_t i = 0; i < count; i++) {
        struct question *question = &confirmation->questions[i];
        const struct archive *archive = candidates[i].archive;

        question->name = xstrdup(archive->name);
        question->identity = archive->identity;
        question->reference = xstrdup(archive->reference);
        question->reason = candidates[i].reason;
        if (digest_parse(&question->digest, archive->digest))
            error_set(&question->error, ERROR_FAILED, "the recorded digest is none");
    }
    if (confirmation->fd < 0 || pthread_create(&confirmation->thread, NULL, run, confirmation) != 0)
        abort();
    return confirmation;
}

int confirmation_fd(const struct confirmation *confirmation)
{
    return confirmation->fd;
}

static void join(struct confirmation *confirmation)
{
    if (!confirmation->is_joined)
        pthread_join(confirmation->thread, NULL);
    confirmation->is_joined = true;
}

const struct question *confirmation_answers(struct confirmation *confirmation, size_t *count)
{
    join(confirmation);
    *count = confirmation->count;
    return confirmation->questions;
}

void confirmation_free(struct confirmation *confirmation)
{
    if (!confirmation)
        return;
    join(confirmation);
    for (size_t i = 0; i < confirmation->count; i++) {
        free(confirmation->questions[i].name);
        free(confirmation->questions[i].reference);
    }
    free(confirmation->questions);
    close(confirmation->fd);
    free(confirmation);
}
