// SPDX-License-Identifier: Apache-2.0
/* Whether an image says of its archive what the archive says of itself. */
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "verify/verify-job.h"

enum { KEYS_LISTED_MAX_LEN = 1024 };

#define CREATED "org.opencontainers.image.created"

static const char *annotation(const struct verify_job *job, const char *key)
{
    return manifest_annotation(job->reading.manifest, key);
}

static void append_key(char **list, const char *key)
{
    char *longer = xasprintf("%s%s%s", *list, **list ? ", " : "", key);

    free(*list);
    *list = longer;
}

/* When the image was made is the maker's choice (SOURCE_DATE_EPOCH); that it is there is not. */
static void compare(struct verify_job *job, json_t *expected)
{
    cleanup_free char *missing = xstrdup("");
    const char *key;
    json_t *value;

    json_object_foreach(expected, key, value)
    {
        const char *is = annotation(job, key), *expected_value = json_string_value(value);

        if (!is)
            append_key(&missing, key);
        else if (strcmp(is, expected_value) != 0 && strcmp(key, CREATED) != 0)
            verify_find(job, CHECK_IMAGE_ANNOTATION_DIFFERS, key,
                        "it is \"%.256s\", and the archive says \"%.256s\"", is, expected_value);
    }
    if (*missing)
        verify_find(job, CHECK_IMAGE_ANNOTATION_MISSING, NULL, "the manifest lacks %.*s",
                    KEYS_LISTED_MAX_LEN, missing);
}

static void compare_architecture(struct verify_job *job)
{
    const char *archive = job->reading.content.checkpoint.architecture;
    const char *image = json_get_text(job->reading.config, "architecture");

    if (archive && image && strcmp(archive, image) != 0)
        verify_find(job, CHECK_IMAGE_PLATFORM, NULL,
                    "the config says %.64s, and the processes ran on %s", image, archive);
}

int verify_annotations(struct verify_job *job, struct error *error)
{
    cleanup(json_decrefp) json_t *expected = NULL;
    const char *name = job->reading.content.checkpoint.container;
    const char *created = annotation(job, CREATED);

    /* Without a name in the archive the image's own is as good as any. */
    if (!name)
        name = annotation(job, "org.criu.checkpoint.container.name");
    if (checkpoint_annotations(&job->reading.content.checkpoint, name ? name : "unknown",
                               created ? created : "", &expected, error) < 0)
        return -1;
    compare(job, expected);
    compare_architecture(job);
    return 0;
}
