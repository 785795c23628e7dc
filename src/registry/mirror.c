// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "registry/blob.h"
#include "registry/client.h"
#include "registry/fetch.h"
#include "registry/manifest.h"
#include "registry/upload.h"

/* The image target of a repository; registry.h says how it is used. */
struct mirror {
    struct image_target target; /* first: what callers hold */
    struct reference reference;
    struct registry_options options;
    struct cancel *cancel;
    struct client *client; /* NULL before open */
    struct upload upload;  /* a session that a mount has opened, or none */
};

static int mirror_open(struct image_target *target, struct error *error)
{
    struct mirror *mirror = (struct mirror *)target;

    if (client_open(&mirror->client, &mirror->reference, CLIENT_PUSH, &mirror->options,
                    mirror->cancel, error))
        return -1;
    upload_init(&mirror->upload, mirror->client);
    return 0;
}

static int mirror_has_blob(struct image_target *target, const struct descriptor *blob, bool *has,
                           struct error *error)
{
    struct mirror *mirror = (struct mirror *)target;
    enum blob_presence presence;

    if (blob_look_for(mirror->client, &blob->digest, blob->size, &presence, error))
        return -1;
    *has = presence == BLOB_PRESENT;
    return 0;
}

/* distribution-spec, "Mounting a blob from another repository". A registry that refuses to mount
 * may still take the bytes. */
static int mirror_mount_blob(struct image_target *target, const struct descriptor *blob,
                             const char *repository, bool *mounted, struct error *error)
{
    struct mirror *mirror = (struct mirror *)target;
    cleanup_free char *url = client_url(mirror->client, "blobs/uploads/?mount=%s&from=%s",
                                        blob->digest.text, repository);
    struct http_request request = {.method = "POST", .url = url, .creates = true};
    int status = client_send(mirror->client, &request, error);

    if (status < 0)
        return error_context(error, "mount blob %s", blob->digest.text);
    *mounted = status == 201;
    if (status == 202)
        upload_adopt(&mirror->upload);
    return 0;
}

static int mirror_put_blob(struct image_target *target, const struct descriptor *blob,
                           struct source *bytes, struct progress *progress, struct error *error)
{
    struct mirror *mirror = (struct mirror *)target;

    if (!upload_is_open(&mirror->upload) && upload_start(&mirror->upload, error))
        return -1;
    if (upload_stream(&mirror->upload, bytes, (int64_t)blob->size, progress, error))
        return -1;
    return upload_commit(&mirror->upload, &blob->digest, error);
}

static struct manifest_text text_of(const struct manifest *manifest)
{
    return (struct manifest_text){.media_type = manifest->media_type,
                                  .bytes = manifest->bytes,
                                  .len = manifest->len,
                                  .digest = manifest->digest};
}

static const char *name_of(const struct manifest *manifest, const struct manifest_name *name)
{
    return name->tag ? name->tag : manifest->digest.text;
}

static int mirror_has_manifest(struct image_target *target, const struct manifest *manifest,
                               const struct manifest_name *name, bool *has, struct error *error)
{
    struct mirror *mirror = (struct mirror *)target;
    const struct manifest_text text = text_of(manifest);

    return manifest_look_for(mirror->client, name_of(manifest, name), &text, has, error);
}

/* *knows_subject: the registry has taken note of the subject by itself. */
static int put(struct client *client, const char *name, const struct manifest *manifest,
               bool *knows_subject, struct error *error)
{
    const struct manifest_text text = text_of(manifest);
    int status = manifest_send(client, name, &text, error);

    if (status / 100 == 2)
        status = client_check_digest(client, &manifest->digest, error);
    else if (status > 0)
        status = client_refused(client, status, error) && manifest_was_taken(client, name, &text)
                     ? 0
                     : -1;
    if (status < 0)
        return error_context(error, "put manifest %s", name);
    *knows_subject = http_header(client_http(client), "OCI-Subject", 0) != NULL;
    return 0;
}

/* The entry of a list of referrers (distribution-spec, "Listing Referrers"). */
static json_t *describe_referrer(const struct manifest *manifest)
{
    json_t *entry = json_pack("{s:s, s:s, s:I}", "mediaType", manifest->media_type, "digest",
                              manifest->digest.text, "size", (json_int_t)manifest->len);
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

/* distribution-spec, "Pushing Manifests with Subject": the tag in the place of the API. */
static int add_fallback_referrer(struct client *client, const struct digest *subject,
                                 const struct manifest *manifest, struct error *error)
{
    cleanup(manifest_freep) struct manifest *there = NULL;
    cleanup(json_decrefp) json_t *index = NULL;
    cleanup_free char *tag = xasprintf("sha256-%s", digest_hex(subject));

    if (fetch_manifest(client, tag, &there, error)) {
        if (error->http_status != 404)
            return -1;
        index = json_pack("{s:i, s:s, s:[]}", "schemaVersion", 2, "mediaType", MEDIA_TYPE_INDEX,
                          "manifests");
    } else {
        index = json_incref(there->json);
    }
    if (!json_is_array(json_object_get(index, "manifests")))
        return error_set(error, ERROR_FAILED, "tag %s is no index of referrers", tag);
    if (lists(index, &manifest->digest))
        return 0;
    json_array_append_new(json_object_get(index, "manifests"), describe_referrer(manifest));
    return put_index(client, tag, index, error);
}

static int mirror_put_manifest(struct image_target *target, const struct manifest *manifest,
                               const struct manifest_name *name, struct error *error)
{
    struct mirror *mirror = (struct mirror *)target;
    struct digest subject;
    bool knows_subject = false;

    if (put(mirror->client, name_of(manifest, name), manifest, &knows_subject, error))
        return -1;
    if (!manifest_subject(manifest, &subject) || knows_subject)
        return 0;
    if (add_fallback_referrer(mirror->client, &subject, manifest, error))
        return error_context(error, "note %s as a referrer", manifest->digest.text);
    return 0;
}

static int mirror_finish(struct image_target *target, struct error *error)
{
    (void)target;
    (void)error;
    return 0;
}

static void mirror_free(struct image_target *target)
{
    struct mirror *mirror = (struct mirror *)target;

    upload_done(&mirror->upload);
    client_free(mirror->client);
    reference_done(&mirror->reference);
    free(mirror);
}

struct image_target *registry_target_new(const struct reference *reference,
                                         const struct registry_options *options,
                                         struct cancel *cancel)
{
    static const struct image_target_ops ops = {
        .open = mirror_open,
        .has_blob = mirror_has_blob,
        .mount_blob = mirror_mount_blob,
        .put_blob = mirror_put_blob,
        .has_manifest = mirror_has_manifest,
        .put_manifest = mirror_put_manifest,
        .finish = mirror_finish,
        .free = mirror_free,
    };
    struct mirror *mirror = NEW(struct mirror);

    mirror->target.ops = &ops;
    reference_copy(&mirror->reference, reference);
    mirror->options = *options;
    mirror->cancel = cancel;
    return &mirror->target;
}
