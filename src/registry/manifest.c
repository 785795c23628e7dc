// SPDX-License-Identifier: Apache-2.0
#include "registry/manifest.h"

#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "registry/blob.h"
#include "registry/fetch.h"
#include "registry/refusal.h"
#include "registry/upload.h"
#include "stream/codec.h"

int manifest_look_for(struct client *client, const char *name, const struct descriptor *manifest,
                      bool *is_there, struct error *error)
{
    cleanup_free char *url = client_url(client, "manifests/%s", name);
    struct http_request request = {.method = "HEAD", .url = url, .accept = manifest->media_type};
    int status = client_send(client, &request, error);
    const char *header;

    if (status < 0)
        return error_context(error, "look for manifest %s", name);
    header = http_header(client_http(client), "Docker-Content-Digest", 0);
    *is_there = status == 200 && header && strcmp(header, manifest->digest.text) == 0;
    return 0;
}

/* What lies at `url`: 1 and its bytes, which hold until the next request; 0: refused, or more than
 * `max`; -1: no answer. */
static int get(struct client *client, const char *url, const char *accept, size_t max,
               const char **bytes, size_t *len, struct error *error)
{
    struct http_request request = {.method = "GET",
                                   .url = url,
                                   .accept = accept,
                                   .answer_max_bytes = max + 1};
    int status = client_send(client, &request, error);

    if (status < 0)
        return -1;
    *bytes = http_answer(client_http(client), len);
    return status == 200 && *len > 0 && *len <= max;
}

static int get_manifest(struct client *client, const char *tag, struct held_image *held,
                        struct error *error)
{
    cleanup_free char *url = client_url(client, "manifests/%s", tag);
    const char *bytes;
    size_t len;
    int got = get(client, url, MEDIA_TYPE_MANIFEST, MANIFEST_MAX_BYTES, &bytes, &len, error);

    return got > 0 ? held_image_read_manifest(held, bytes, len) : got;
}

static int get_config(struct client *client, struct held_image *held, struct error *error)
{
    cleanup_free char *url = client_url(client, "blobs/%s", held->config.digest.text);
    const char *bytes;
    size_t len;
    int got = get(client, url, NULL, HELD_CONFIG_MAX_BYTES, &bytes, &len, error);

    return got > 0 ? held_image_read_config(held, bytes, len) : got;
}

int manifest_look_up(struct client *client, const char *tag, struct held_image *held,
                     struct error *error)
{
    cleanup(held_image_done) struct held_image found = {0};
    enum blob_presence presence;
    int got = get_manifest(client, tag, &found, error);

    if (got < 0)
        return error_context(error, "look for tag %s", tag);
    /* Blobs may come from another host, which a push has no need of. */
    if (got == 0 || get_config(client, &found, error) <= 0 ||
        blob_look_for(client, &found.layer.digest, found.layer.size, &presence, error) ||
        presence != BLOB_PRESENT)
        return 0;
    *held = found;
    found = (struct held_image){0};
    return 1;
}

static int send_config(struct client *client, const struct image *image, struct error *error)
{
    const struct descriptor *config = &image->config;
    cleanup(upload_done) struct upload upload;

    upload_init(&upload, client);
    if (upload_start(&upload, error))
        return -1;
    return upload_put(&upload, &config->digest, image->config_json, config->size, error);
}

int manifest_put_config(struct client *client, const struct image *image, struct error *error)
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
    if (status / 100 == 2)
        return client_check_digest(client, &manifest->digest, error);
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

int manifest_put_image(struct client *client, const char *tag, const struct image *image,
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

    if (conclude(client, name, &descriptor, NULL, status, error))
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

int manifest_put(struct client *client, const char *name, const struct manifest *manifest,
                 struct error *error)
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
