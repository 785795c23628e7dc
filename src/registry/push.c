// SPDX-License-Identifier: Apache-2.0
/* A repository as an image target: how its manifests are put, and then the target, whose blobs are
 * uploads. registry.h says how it is used. */
#include "registry/registry.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "http/http.h"
#include "registry/answer.h"
#include "registry/client.h"
#include "registry/fetch.h"
#include "registry/upload.h"
#include "stream/codec.h"

enum { REFERRER_TRIES = 8 }; /* to have one in a list that others write, too */

static int send_config(struct client *client, const struct image *image, struct error *error)
{
    const struct descriptor *config = &image->config;
    cleanup(upload_done) struct upload upload;

    upload_init(&upload, client);
    if (upload_start(&upload, error))
        return -1;
    return upload_put(&upload, &config->digest, image->config_json, config->size, error);
}

/* The config blob; not sent when the registry has it. */
static int put_config(struct client *client, const struct image *image, struct error *error)
{
    enum blob_presence presence;

    if (blob_look_for(client, &image->config.digest, image->config.size, &presence, error))
        return -1;
    return presence == BLOB_PRESENT ? 0 : send_config(client, image, error);
}

/* PUT: the status, 201 also where an answer was lost and the manifest turns out to be there: some
 * registries refuse to take it a second time. -1: no answer. */
static int send_manifest(struct client *client, const char *name, const struct descriptor *manifest,
                         const void *bytes, struct error *error)
{
    cleanup_free char *url = client_url(client, "manifests/%s", name);

    for (unsigned failures = 1;; failures++) {
        struct http_request request = {.method = "PUT",
                                       .url = url,
                                       .content_type = manifest->media_type,
                                       .data = bytes,
                                       .data_len = manifest->size,
                                       .once = true};
        int status = client_send(client, &request, error);
        bool is_there = false;

        if (status / 100 == 2 || !client_may_retry(client, status, error))
            return status;
        if (status > 0)
            client_refused(client, status, error);
        if (client_wait(client, failures, error) ||
            manifest_look_for(client, name, manifest, &is_there, error))
            return -1;
        if (is_there)
            return 201;
    }
}

/* The statuses registries use for "I do not understand this": 400, 415, 422 and their like. */
static bool is_about_content(int status)
{
    return status == 400 || status == 405 || status == 406 || status == 415 || status == 422;
}

/* Makes an error of the refusal, with advice for an `image` that convert could make in another way.
 * NULL: the manifest is some other one. */
static void explain_refusal(struct client *client, const struct image *image, int status,
                            struct error *error)
{
    size_t len;
    const char *answer = http_answer(client_http(client), &len);
    const struct codec *codec = image ? codec_by_media_type(image->layer.media_type) : NULL;
    bool is_unsupported = status == 415 || refusal_has_code(answer, len, "UNSUPPORTED");

    client_refused(client, status, error);
    if (!image || !is_about_content(status))
        return;
    if (codec && codec->alternative)
        error_advice(error,
                     "the registry may not take %s layers: try again with --compression-format %s",
                     codec->name, codec->alternative);
    else if (is_unsupported)
        error_advice(error, "the registry does not take OCI images of type %s",
                     image->manifest.media_type);
}

/* What came of send_manifest(). The manifest may have its name in spite of a refusal: where tags
 * are immutable, a PUT is refused whose first try was taken and not answered. */
static int conclude(struct client *client, const char *name, const struct descriptor *manifest,
                    const struct image *image, int status, struct error *error)
{
    bool is_there = false;
    struct error ignored;

    if (status < 0)
        return -1;
    if (status == 201)
        return client_check_digest(client, &manifest->digest, error);
    /* Another success may be that of a web page which answers whatever is asked. */
    explain_refusal(client, image, status, error);
    return manifest_look_for(client, name, manifest, &is_there, &ignored) == 0 && is_there ? 0 : -1;
}

/* distribution-spec, "Error Codes": MANIFEST_BLOB_UNKNOWN, and BLOB_UNKNOWN, which some say. */
static bool misses_blob(struct client *client, int status)
{
    size_t len;
    const char *answer = http_answer(client_http(client), &len);

    return status / 100 == 4 && (refusal_has_code(answer, len, "MANIFEST_BLOB_UNKNOWN") ||
                                 refusal_has_code(answer, len, "BLOB_UNKNOWN"));
}

/* Gives the image its name; its blobs must be there. If the registry says that one is missing, the
 * config is sent again even if it was said to be there, and then the manifest. */
static int put_image(struct client *client, const char *tag, const struct image *image,
                     struct error *error)
{
    const struct descriptor *manifest = &image->manifest;
    int status = send_manifest(client, tag, manifest, image->manifest_json, error);

    if (status > 0 && misses_blob(client, status)) {
        if (send_config(client, image, error))
            return error_context(error, "put manifest: send the config again");
        status = send_manifest(client, tag, manifest, image->manifest_json, error);
    }
    if (conclude(client, tag, manifest, image, status, error))
        return error_context(error, "put manifest");
    return 0;
}

/* *knows_subject: the registry has taken note of the subject by itself. */
static int put(struct client *client, const char *name, const struct manifest *manifest,
               bool *knows_subject, struct error *error)
{
    const struct descriptor descriptor = manifest_descriptor(manifest);
    int status = send_manifest(client, name, &descriptor, manifest->bytes, error);
    bool knows = status > 0 && http_header(client_http(client), "OCI-Subject", 0);

    if (conclude(client, name, &descriptor, NULL, status, error))
        return error_context(error, "put manifest %s", name);
    *knows_subject = knows;
    return 0;
}

/* The entry of a list of referrers (distribution-spec, "Listing Referrers"). */
static json_t *describe_referrer(const struct manifest *manifest)
{
    const struct descriptor descriptor = manifest_descriptor(manifest);
    json_t *entry = descriptor_json(&descriptor);
    json_t *annotations = json_object_get(manifest->json, "annotations");
    json_t *type = json_object_get(manifest->json, "artifactType");

    if (!type)
        type = json_object_get(json_object_get(manifest->json, "config"), "mediaType");
    if (json_is_string(type))
        json_object_set(entry, "artifactType", type);
    if (json_is_object(annotations))
        json_object_set(entry, "annotations", annotations);
    return entry;
}

static bool lists(const json_t *index, const struct digest *digest)
{
    size_t i;
    json_t *entry;

    json_array_foreach(json_object_get(index, "manifests"), i, entry)
    {
        if (json_text_is(entry, "digest", digest->text))
            return true;
    }
    return false;
}

/* Puts an index that we have made ourselves. */
static int put_index(struct client *client, const char *tag, const json_t *index,
                     struct error *error)
{
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    char *text = json_dumps(index, JSON_COMPACT | JSON_SORT_KEYS);
    bool ignored;

    if (manifest_new(&manifest, text, strlen(text), MEDIA_TYPE_INDEX, error)) {
        free(text);
        return -1;
    }
    return put(client, tag, manifest, &ignored, error);
}

/* distribution-spec, "Pushing Manifests with Subject": the tag in the place of the API. *is_listed:
 * the manifest was in the list already. */
static int add_to_list(struct client *client, const struct digest *subject,
                       const struct manifest *manifest, bool *is_listed, struct error *error)
{
    cleanup(manifest_freep) struct manifest *there = NULL;
    cleanup(json_decrefp) json_t *index = NULL;
    cleanup_free char *tag = digest_tag(subject);

    if (fetch_referrers_tag(client, subject, &there, error))
        return -1;
    index = there ? json_incref(there->json)
                  : json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType", MEDIA_TYPE_INDEX,
                              "manifests");
    if (there && there->kind == MANIFEST_INDEX && there->part_count == 0)
        json_object_set_new(index, "manifests", json_array()); /* it may have been null */
    if (!json_is_array(json_object_get(index, "manifests")))
        return error_set(error, ERROR_FAILED, "tag %s is no index of referrers", tag);
    *is_listed = lists(index, &manifest->digest);
    if (*is_listed)
        return 0;
    json_array_append_new(json_object_get(index, "manifests"), describe_referrer(manifest));
    return put_index(client, tag, index, error);
}

/* Somebody else may have written the list at the same time, and knows nothing of our entry: it is
 * there when it is found there. */
static int add_fallback_referrer(struct client *client, const struct digest *subject,
                                 const struct manifest *manifest, struct error *error)
{
    bool is_listed = false;

    for (int i = 0; i < REFERRER_TRIES; i++)
        if (add_to_list(client, subject, manifest, &is_listed, error) || is_listed)
            return is_listed ? 0 : -1;
    return error_set(error, ERROR_FAILED,
                     "the list of referrers does not keep it: others write it at the same time, "
                     "or the registry forgets what is put");
}

/* Any manifest. One with a subject also becomes its referrer, by the tag that lists them where the
 * registry does not know of referrers. */
static int put_with_referrer(struct client *client, const char *name,
                             const struct manifest *manifest, struct error *error)
{
    struct digest subject;
    bool knows_subject = false;

    if (put(client, name, manifest, &knows_subject, error))
        return -1;
    if (!manifest_subject(manifest, &subject) || knows_subject)
        return 0;
    if (add_fallback_referrer(client, &subject, manifest, error))
        return error_context(error, "note %s as a referrer", manifest->digest.text);
    return 0;
}

struct push {
    struct image_target target; /* first: what callers hold */
    struct reference reference;
    struct registry_options options;
    struct cancel *cancel;
    struct client *client; /* NULL before open */
    /* Of the layer, or of one blob after the other. Its session may be open before the bytes come:
     * the open or a mount has opened it. */
    struct upload upload;
    bool has_failed;           /* the upload of a blob, whose session has an unknown part of it */
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

/* Before the next blob: nothing of one that failed may come before its bytes. */
static void drop_failed(struct push *push)
{
    if (push->has_failed)
        upload_drop(&push->upload);
    push->has_failed = false;
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
    int status;

    drop_failed(push);
    status = client_send(push->client, &request, error);
    if (status < 0 && error->kind == ERROR_INTERRUPTED)
        return -1;
    *mounted = status == 201;
    if (status == 202)
        upload_adopt(&push->upload);
    return 0;
}

static int push_put_blob(struct image_target *target, const struct descriptor *blob,
                         struct source *bytes, struct progress *progress, struct error *error)
{
    struct push *push = push_of(target);
    struct upload *upload = &push->upload;

    drop_failed(push);
    push->has_failed = true;
    if (!upload_is_open(upload) && upload_start(upload, error))
        return -1;
    if (upload_stream(upload, bytes, (int64_t)blob->size, progress, error) ||
        upload_commit(upload, &blob->digest, error))
        return -1;
    push->has_failed = false;
    return 0;
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
    return put_with_referrer(push_of(target)->client, name_of(manifest, name), manifest, error);
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
    return put_config(push->client, image, error);
}

/* All else is visible as soon as it has been put. */
static int push_publish(struct image_target *target, struct error *error)
{
    struct push *push = push_of(target);

    if (!push->image || target->already_there)
        return 0;
    return put_image(push->client, push->tag, push->image, error);
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
