// SPDX-License-Identifier: Apache-2.0
#include "registry/blob.h"

#include <stdlib.h>

static enum blob_presence judge(struct client *client, int status, uint64_t size)
{
    const char *header = http_header(client_http(client), "Content-Length", 0);

    if (status != 200)
        return BLOB_ABSENT;
    if (!header)
        return BLOB_UNSIZED;
    return strtoull(header, NULL, 10) == size ? BLOB_PRESENT : BLOB_OTHER_SIZE;
}

int blob_look_for(struct client *client, const struct digest *digest, uint64_t size,
                  enum blob_presence *presence, struct error *error)
{
    cleanup_free char *url = client_url(client, "blobs/%s", digest->text);
    struct http_request request = {.method = "HEAD", .url = url};
    int status = client_send(client, &request, error);

    if (status < 0)
        return error_context(error, "look for blob %s", digest->text);
    *presence = judge(client, status, size);
    return 0;
}
