// SPDX-License-Identifier: Apache-2.0
#include "convert-view.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

json_t *convert_view_delivery(const struct destination *destination, bool already_there,
                              const struct digest *digest, const struct error *error)
{
    bool failed = error->kind != ERROR_NONE;

    return json_pack("{s:s, s:s, s:s*, s:s*}", "reference", destination->name, "status",
                     failed          ? "failed"
                     : already_there ? "unchanged"
                                     : "pushed",
                     "digest", failed ? NULL : digest->text, "error", failed ? error->text : NULL);
}

static json_t *report_deliveries(const struct convert_result *result)
{
    json_t *images = json_array();

    for (unsigned i = 0; i < result->delivery_count; i++) {
        const struct delivery *delivery = &result->deliveries[i];

        json_array_append_new(images,
                              convert_view_delivery(delivery->destination, delivery->already_there,
                                                    &delivery->manifest, &delivery->error));
    }
    return images;
}

json_t *convert_view_json(const struct convert_result *result, const char *archive)
{
    const struct image *image = result->image;
    json_t *report =
        json_pack("{s:s, s:o, s:o, s:f}", "archive", archive, "images", report_deliveries(result),
                  "findings", findings_json(&result->findings), "seconds", result->seconds);

    if (image) {
        json_t *parts =
            json_pack("{s:{s:s, s:s, s:I}, s:{s:s, s:s, s:I}, s:{s:s, s:s, s:I, s:s, s:I}, s:O}",
                      "manifest", "mediaType", image->manifest.media_type, "digest",
                      image->manifest.digest.text, "size", (json_int_t)image->manifest.size,
                      "config", "mediaType", image->config.media_type, "digest",
                      image->config.digest.text, "size", (json_int_t)image->config.size, "layer",
                      "mediaType", image->layer.media_type, "digest", image->layer.digest.text,
                      "size", (json_int_t)image->layer.size, "diff_id", image->diff_id.text,
                      "uncompressed_size", (json_int_t)result->archive_size, "annotations",
                      result->annotations);

        json_object_update(report, parts);
        json_decref(parts);
    }
    return report;
}

void convert_view_plain(const struct convert_result *result)
{
    for (unsigned i = 0; i < result->delivery_count; i++)
        if (result->deliveries[i].error.kind == ERROR_NONE)
            printf("%s@%s\n", result->deliveries[i].destination->name,
                   result->deliveries[i].manifest.text);
}

int convert_view_write_digest(const char *path, const struct digest *digest, struct error *error)
{
    cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    size_t len = strlen(digest->text);
    ssize_t written = fd < 0 ? -1 : write(fd, digest->text, len);

    if (written < 0)
        return error_set_errno(error, errno, "write the digest to %s", path);
    if ((size_t)written < len)
        return error_set(error, ERROR_FAILED, "write the digest to %s: disk full", path);
    return 0;
}
