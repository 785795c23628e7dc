// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"

#include "base/memory.h"
#include "http/http.h"
#include "registry/client.h"
#include "registry/look-up.h"
#include "registry/manifest.h"
#include "registry/upload.h"

/* The image sink of a repository; registry.h says how it is used. */
struct push {
    struct image_sink sink; /* first: what callers hold */
    struct reference reference;
    struct registry_options options;
    struct cancel *cancel;
    struct client *client; /* NULL before open */
    struct upload layer;
    bool already_there; /* once staged: the tag stands for this very image */
};

static int push_open(struct image_sink *sink, struct error *error)
{
    struct push *push = (struct push *)sink;

    if (client_open(&push->client, &push->reference, CLIENT_PUSH, &push->options, push->cancel,
                    error))
        return -1;
    sink->is_in_clear = client_is_in_clear(push->client);
    upload_init(&push->layer, push->client);
    /* Already now: missing rights must show before the archive is read. */
    return upload_start(&push->layer, error);
}

static int push_put_layer(struct image_sink *sink, struct source *layer, int64_t size,
                          struct progress *progress, struct error *error)
{
    struct push *push = (struct push *)sink;

    return upload_stream(&push->layer, layer, size, progress, error);
}

static int push_look_up(struct image_sink *sink, struct held_image *held, struct error *error)
{
    struct push *push = (struct push *)sink;

    return look_up_image(push->client, push->reference.tag, held, error);
}

static int push_stage(struct image_sink *sink, const struct image *image, struct error *error)
{
    struct push *push = (struct push *)sink;
    const char *tag = push->reference.tag;

    /* Where tags are immutable, even the same manifest is refused. The upload is then dropped by
     * push_free(): what it holds is there already. */
    if (manifest_is_tagged(push->client, tag, image, &push->already_there, error))
        return -1;
    if (push->already_there)
        return 0;
    if (upload_commit(&push->layer, &image->layer.digest, error))
        return -1;
    return manifest_put_config(push->client, image, error);
}

static int push_publish(struct image_sink *sink, const struct image *image, bool *already_there,
                        struct error *error)
{
    struct push *push = (struct push *)sink;

    if (!push->already_there && manifest_put(push->client, push->reference.tag, image, error))
        return -1;
    *already_there = push->already_there;
    return 0;
}

static void push_free(struct image_sink *sink)
{
    struct push *push = (struct push *)sink;

    upload_done(&push->layer);
    client_free(push->client);
    reference_done(&push->reference);
    free(push);
}

static const struct image_sink_ops push_ops = {.open = push_open,
                                               .look_up = push_look_up,
                                               .put_layer = push_put_layer,
                                               .stage = push_stage,
                                               .publish = push_publish,
                                               .free = push_free};

int registry_global_init(struct error *error)
{
    return http_global_init(error);
}

struct image_sink *registry_sink_new(const struct reference *reference,
                                     const struct registry_options *options, struct cancel *cancel)
{
    struct push *push = NEW(struct push);

    push->sink.ops = &push_ops;
    reference_copy(&push->reference, reference);
    push->options = *options;
    push->cancel = cancel;
    return &push->sink;
}
