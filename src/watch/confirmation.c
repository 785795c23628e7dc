// SPDX-License-Identifier: Apache-2.0
#include "watch/confirmation.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/memory.h"
#include "transport/image-digest.h"

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

static void *run(void *argument)
{
    struct confirmation *confirmation = argument;

    for (size_t i = 0; i < confirmation->count; i++)
        ask(confirmation, &confirmation->questions[i]);
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
