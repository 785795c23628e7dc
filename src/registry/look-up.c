// SPDX-License-Identifier: Apache-2.0
#include "registry/look-up.h"

#include "http/http.h"
#include "registry/blob.h"

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

int look_up_image(struct client *client, const char *tag, struct held_image *held,
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
