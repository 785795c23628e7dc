// SPDX-License-Identifier: Apache-2.0
/* What an error says of the tags that are there, when the one that was asked for is not. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/text.h"
#include "transport/destination.h"

enum { SHOWN_TAGS = 10, SHOWN_TAG_MAX_BYTES = 80 };

struct candidate {
    const char *tag; /* borrowed from the list */
    size_t distance, number;
};

/* The nearest first; of those that are as near, the one that came last: tags mostly come sorted,
 * and the newest is at the end. */
static int compare(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;

    if (left->distance != right->distance)
        return left->distance < right->distance ? -1 : 1;
    return left->number > right->number ? -1 : left->number < right->number;
}

static size_t rank(const json_t *tags, const char *wanted, struct candidate *candidates)
{
    size_t count = 0, i;
    json_t *tag;

    json_array_foreach(tags, i, tag)
    {
        const char *text = json_text(tag);

        if (text)
            candidates[count++] =
                (struct candidate){text, wanted ? nearest_distance(wanted, text) : 0, i};
    }
    if (count)
        qsort(candidates, count, sizeof *candidates, compare);
    return count;
}

static char *describe(const json_t *tags, const char *wanted, size_t unnamed)
{
    cleanup_free struct candidate *candidates =
        xcalloc(json_array_size(tags) + 1, sizeof *candidates);
    size_t count = rank(tags, wanted, candidates);
    cleanup(buffer_done) struct buffer text;
    cleanup_free char *rest = NULL;

    buffer_init(&text, SHOWN_TAGS * (4 * SHOWN_TAG_MAX_BYTES));
    buffer_append(&text, "", 0);
    for (size_t i = 0; i < count && i < SHOWN_TAGS; i++) {
        cleanup_free char *shown = display_text(candidates[i].tag, SHOWN_TAG_MAX_BYTES);
        cleanup_free char *item = xasprintf("%s\"%s\"", i ? ", " : "", shown);

        if (buffer_append(&text, item, strlen(item)))
            break;
    }
    if (count > SHOWN_TAGS)
        rest = xasprintf(" and %zu more", count - SHOWN_TAGS);
    if (unnamed && count)
        return xasprintf("there are the tags %s%s, and %zu without a name", text.data,
                         rest ? rest : "", unnamed);
    if (unnamed)
        return xasprintf("there are no tags, but %zu without a name", unnamed);
    return count ? xasprintf("there are the tags %s%s", text.data, rest ? rest : "")
                 : xstrdup("there are no tags");
}

int destination_get_manifest(const struct destination *place, struct image_source *source,
                             struct manifest **manifest, struct error *error)
{
    cleanup(json_decrefp) json_t *tags = NULL, *unnamed = NULL;
    cleanup_free char *text = NULL;
    struct error ignored;

    if (image_source_get_manifest(source, NULL, manifest, error) == 0)
        return 0;
    if (error->http_status != 404 || destination_digest(place) ||
        image_source_list_tags(source, &tags, &ignored))
        return -1;
    unnamed = image_source_list_unnamed(source);
    text = describe(tags, destination_tag(place), json_array_size(unnamed));
    return error_advice(error, "%s", text);
}
