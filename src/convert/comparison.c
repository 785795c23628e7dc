// SPDX-License-Identifier: Apache-2.0
#include "convert/comparison.h"

#include "stream/input.h"

/* The held image if it is worth a read of the archive, else NULL. */
static const struct held_image *candidate(const struct comparison *comparison, unsigned index)
{
    const struct held_image *held = deliveries_held(comparison->deliveries, index);
    const struct layer_plan *plan = comparison->plan;

    if (!held || (plan->layer_size >= 0 && held->layer.size != (uint64_t)plan->layer_size))
        return NULL;
    return held_image_is_made_like(held, plan->media_type, plan->encoding, plan->archive_size)
               ? held
               : NULL;
}

static bool has_candidates(const struct comparison *comparison)
{
    for (unsigned i = 0; i < comparison->options->destination_count; i++)
        if (candidate(comparison, i))
            return true;
    return false;
}

static int read_archive(const struct comparison *comparison, struct archive_facts *facts,
                        struct error *error)
{
    struct progress *progress = comparison->progress;
    struct input *again;
    int result;

    if (input_reopen(comparison->input, 0, &again, error) < 0)
        return -1;
    input_count_into(again, &progress->bytes_read);
    atomic_store(&progress->comparing, true);
    result = archive_facts_walk(facts, comparison->plan,
                                input_source_new(again, comparison->cancel), error);
    atomic_store(&progress->bytes_read, 0);
    atomic_store(&progress->comparing, false);
    return result < 0 ? -1 : archive_facts_conclude(facts, comparison->options, error);
}

/* Settles one delivery if the image it holds is the one that this archive gives with its layer. */
static int compare(const struct comparison *comparison, unsigned index,
                   const struct archive_facts *facts, struct image **image, struct error *error)
{
    const struct held_image *held = candidate(comparison, index);
    cleanup(image_freep) struct image *built = NULL;
    struct descriptor layer;

    if (!held)
        return 0;
    layer = held->layer;
    layer.media_type = comparison->plan->media_type; /* the same, and the image outlives `held` */
    if (archive_facts_build_image(facts, comparison->plan, &layer, &built, error) < 0)
        return -1;
    if (!digest_equal(&built->manifest.digest, &held->manifest.digest))
        return 0;
    deliveries_settle(comparison->deliveries, index, &built->manifest.digest);
    if (!*image)
        *image = steal(built);
    return 0;
}

int comparison_run(const struct comparison *comparison, struct archive_facts *ret_facts,
                   struct image **ret_image, struct error *error)
{
    cleanup(archive_facts_done) struct archive_facts facts = {
        .content = {.findings = comparison->findings,
                    .stored_bytes = &comparison->progress->bytes_read},
        .input = comparison->input,
    };
    cleanup(image_freep) struct image *image = NULL;

    *ret_image = NULL;
    if (!has_candidates(comparison))
        return 0;
    if (read_archive(comparison, &facts, error) < 0)
        return -1;
    for (unsigned i = 0; i < comparison->options->destination_count; i++)
        if (compare(comparison, i, &facts, &image, error) < 0)
            return -1;
    if (image) {
        *ret_facts = facts;
        facts = (struct archive_facts){0};
    }
    *ret_image = steal(image);
    return 0;
}
