// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"

#include "base/memory.h"
#include "http/http.h"
#include "registry/blob.h"
#include "registry/client.h"
#include "registry/manifest.h"
#include "registry/upload.h"

/* The image target of a repository; registry.h says how it is used. */
struct push {
    struct image_target target; /* first: what callers hold */
    struct reference reference;
    struct registry_options options;
    struct cancel *cancel;
    struct client *client; /* NULL before open */
    /* Of the layer, or of one blob after the other. Its session may be open before the bytes come:
     * the open or a mount has opened it. */
    struct upload upload;
    const char *tag;           /* of the image that will be staged */
    const struct image *image; /* that was staged; NULL: none */
};

static struct push *push_of(struct image_target *target)
{
    return (struct push *)target;
}

static int push_open(struct image_target *target, const struct manifest_name *name,
                     struct error *error)
{
    struct push *push = push_of(target);

    if (client_open(&push->client, &push->reference, CLIENT_PUSH, &push->options, push->cancel,
                    error))
        return -1;
    target->is_in_clear = client_is_in_clear(push->client);
    upload_init(&push->upload, push->client);
    if (!name)
        return 0;
    push->tag = name->tag;
    return upload_start(&push->upload, error);
}

static int push_has_blob(struct image_target *target, const struct descriptor *blob, bool *has,
                         struct error *error)
{
    enum blob_presence presence;

    if (blob_look_for(push_of(target)->client, &blob->digest, blob->size, &presence, error))
        return -1;
    *has = presence == BLOB_PRESENT;
    return 0;
}

/* distribution-spec, "Mounting a blob from another repository". A registry that refuses to mount
 * may still take the bytes. */
static int push_mount_blob(struct image_target *target, const struct descriptor *blob,
                           const char *repository, bool *mounted, struct error *error)
{
    struct push *push = push_of(target);
    cleanup_free char *url =
        client_url(push->client, "blobs/uploads/?mount=%s&from=%s", blob->digest.text, repository);
    struct http_request request = {.method = "POST", .url = url, .creates = true};
    int status = client_send(push->client, &request, error);

    if (status < 0)
        return error_context(error, "mount blob %s", blob->digest.text);
    *mounted = status == 201;
    if (status == 202)
        upload_adopt(&push->upload);
    return 0;
}

static int push_put_blob(struct image_target *target, const struct descriptor *blob,
                         struct source *bytes, struct progress *progress, struct error *error)
{
    struct upload *upload = &push_of(target)->upload;

    if (!upload_is_open(upload) && upload_start(upload, error))
        return -1;
    if (upload_stream(upload, bytes, (int64_t)blob->size, progress, error))
        return -1;
    return upload_commit(upload, &blob->digest, error);
}

static const char *name_of(const struct manifest *manifest, const struct manifest_name *name)
{
    return name->tag ? name->tag : manifest->digest.text;
}

static int push_has_manifest(struct image_target *target, const struct manifest *manifest,
                             const struct manifest_name *name, bool *has, struct error *error)
{
    const struct descriptor descriptor = manifest_descriptor(manifest);

    return manifest_look_for(push_of(target)->client, name_of(manifest, name), &descriptor, has,
                             error);
}

static int push_put_manifest(struct image_target *target, const struct manifest *manifest,
                             const struct manifest_name *name, struct error *error)
{
    return manifest_put(push_of(target)->client, name_of(manifest, name), manifest, error);
}

static int push_look_up(struct image_target *target, struct held_image *held, struct error *error)
{
    const struct push *push = push_of(target);

    return manifest_look_up(push->client, push->tag, held, error);
}

static int push_put_layer(struct image_target *target, struct source *layer, int64_t size,
                          struct progress *progress, struct error *error)
{
    return upload_stream(&push_of(target)->upload, layer, size, progress, error);
}

static int push_stage(struct image_target *target, const struct image *image, struct error *error)
{
    struct push *push = push_of(target);

    /* Where tags are immutable, even the same manifest is refused. The upload is then dropped by
     * push_free(): what it holds is there already. */
    if (manifest_look_for(push->client, push->tag, &image->manifest, &target->already_there, error))
        return -1;
    push->image = image;
    if (target->already_there)
        return 0;
    if (upload_commit(&push->upload, &image->layer.digest, error))
        return -1;
    return manifest_put_config(push->client, image, error);
}

/* All else is visible as soon as it has been put. */
static int push_publish(struct image_target *target, struct error *error)
{
    struct push *push = push_of(target);

    if (!push->image || target->already_there)
        return 0;
    return manifest_put_image(push->client, push->tag, push->image, error);
}

static void push_free(struct image_target *target)
{
    struct push *push = push_of(target);

    upload_done(&push->upload);
    client_free(push->client);
    reference_done(&push->reference);
    free(push);
}

int registry_global_init(struct error *error)
{
    return http_global_init(error);
}

struct image_target *registry_target_new(const struct reference *reference,
                                         const struct registry_options *options,
                                         struct cancel *cancel)
{
    static const struct image_target_ops ops = {
        .open = push_open,
        .has_blob = push_has_blob,
        .mount_blob = push_mount_blob,
        .put_blob = push_put_blob,
        .has_manifest = push_has_manifest,
        .put_manifest = push_put_manifest,
        .look_up = push_look_up,
        .put_layer = push_put_layer,
        .stage = push_stage,
        .publish = push_publish,
        .free = push_free,
    };
    struct push *push = NEW(struct push);

    push->target.ops = &ops;
    reference_copy(&push->reference, reference);
    push->options = *options;
    push->cancel = cancel;
    return &push->target;
}
