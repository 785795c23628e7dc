// SPDX-License-Identifier: Apache-2.0
#include "registry/manifest.h"

#include <inttypes.h>
#include <string.h>

#include "registry/blob.h"
#include "registry/refusal.h"
#include "registry/upload.h"
#include "stream/codec.h"

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

int manifest_look_for(struct client *client, const char *name, const struct manifest_text *text,
                      bool *is_there, struct error *error)
{
    cleanup_free char *url = client_url(client, "manifests/%s", name);
    struct http_request request = {.method = "HEAD", .url = url, .accept = text->media_type};
    int status = client_send(client, &request, error);
    const char *header;

    if (status < 0)
        return error_context(error, "look for manifest %s", name);
    header = http_header(client_http(client), "Docker-Content-Digest", 0);
    *is_there = status == 200 && header && strcmp(header, text->digest.text) == 0;
    return 0;
}

int manifest_send(struct client *client, const char *name, const struct manifest_text *text,
                  struct error *error)
{
    cleanup_free char *url = client_url(client, "manifests/%s", name);

    for (unsigned failures = 1;; failures++) {
        struct http_request request = {.method = "PUT",
                                       .url = url,
                                       .content_type = text->media_type,
                                       .data = text->bytes,
                                       .data_len = text->len,
                                       .once = true};
        int status = client_send(client, &request, error);
        bool is_there = false;

        if (status / 100 == 2 || !client_may_retry(client, status, error))
            return status;
        if (status > 0)
            client_refused(client, status, error);
        if (client_wait(client, failures, error) ||
            manifest_look_for(client, name, text, &is_there, error))
            return -1;
        if (is_there)
            return 201;
    }
}

bool manifest_was_taken(struct client *client, const char *name, const struct manifest_text *text)
{
    struct error ignored;
    bool is_there = false;

    return manifest_look_for(client, name, text, &is_there, &ignored) == 0 && is_there;
}

static struct manifest_text text_of(const struct image *image)
{
    return (struct manifest_text){.media_type = image->manifest.media_type,
                                  .bytes = image->manifest_json,
                                  .len = image->manifest.size,
                                  .digest = image->manifest.digest};
}

int manifest_is_tagged(struct client *client, const char *tag, const struct image *image,
                       bool *is_there, struct error *error)
{
    const struct manifest_text text = text_of(image);

    return manifest_look_for(client, tag, &text, is_there, error);
}

/* The statuses registries use for "I do not understand this": 400, 415, 422 and their like. */
static bool is_about_content(int status)
{
    return status == 400 || status == 405 || status == 406 || status == 415 || status == 422;
}

static int refused(struct client *client, const struct image *image, int status,
                   struct error *error)
{
    size_t len;
    const char *answer = http_answer(client_http(client), &len);
    const struct codec *codec = codec_by_media_type(image->layer.media_type);
    bool is_unsupported = status == 415 || refusal_has_code(answer, len, "UNSUPPORTED");

    client_refused(client, status, error);
    if (!is_about_content(status))
        return -1;
    if (codec && codec->alternative)
        return error_advice(error,
                            "the registry may not take %s layers: try again with "
                            "--compression-format %s",
                            codec->name, codec->alternative);
    if (is_unsupported)
        return error_advice(error, "the registry does not take OCI images of type %s",
                            image->manifest.media_type);
    return -1;
}

/* distribution-spec, "Error Codes": MANIFEST_BLOB_UNKNOWN, and BLOB_UNKNOWN, which some say. */
static bool misses_blob(struct client *client, int status)
{
    size_t len;
    const char *answer = http_answer(client_http(client), &len);

    return status / 100 == 4 && (refusal_has_code(answer, len, "MANIFEST_BLOB_UNKNOWN") ||
                                 refusal_has_code(answer, len, "BLOB_UNKNOWN"));
}

int manifest_put(struct client *client, const char *tag, const struct image *image,
                 struct error *error)
{
    const struct manifest_text text = text_of(image);
    int status = manifest_send(client, tag, &text, error);

    if (status > 0 && misses_blob(client, status)) {
        if (send_config(client, image, error))
            return error_context(error, "put manifest: send the config again");
        status = manifest_send(client, tag, &text, error);
    }
    if (status / 100 == 2)
        status = client_check_digest(client, &text.digest, error);
    else if (status > 0)
        status = refused(client, image, status, error) && manifest_was_taken(client, tag, &text)
                     ? 0
                     : -1;
    return status == 0 ? 0 : error_context(error, "put manifest");
}
