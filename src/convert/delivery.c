// SPDX-License-Identifier: Apache-2.0
#include "convert/delivery.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "stream/layer-source.h"

/* Brings the image to one destination. */
struct courier {
    struct deliveries *group;
    struct delivery *delivery;
    struct image_target *target; /* NULL: there is nothing to do any more */
    struct held_image held;
    bool is_held;
    struct source *layer;
    unsigned turn;     /* to publish, with all_or_nothing */
    bool is_published; /* by this run; read by those whose turn is later */
    pthread_t thread;
    bool has_thread;
};

struct deliveries {
    const struct convert_options *options;
    struct progress *progress;
    struct cancel *cancel;
    struct pipeline *pipeline; /* NULL before deliveries_send() */
    int64_t layer_size;
    bool look_up;
    struct courier *couriers;
    unsigned count;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    bool decided;
    const struct image *image; /* once decided; NULL: there will be none */
    unsigned sending;          /* deliveries that have not failed */
    unsigned unstaged;         /* of those, the ones that have not staged their image yet */
    unsigned turn;             /* whose it is to publish */
    bool abandoned;            /* the pipeline was stopped because nobody was left */
    bool called_off;           /* all_or_nothing, and one has failed */
    struct error call_off;     /* what the others report */
};

struct deliveries *deliveries_new(const struct convert_options *options, struct delivery *results,
                                  struct progress *progress, struct cancel *cancel)
{
    struct deliveries *group = NEW(struct deliveries);

    group->options = options;
    group->progress = progress;
    group->cancel = cancel;
    group->count = options->destination_count;
    group->couriers = xcalloc(group->count, sizeof *group->couriers);
    for (unsigned i = 0; i < group->count; i++)
        group->couriers[i] = (struct courier){.group = group, .delivery = &results[i]};
    pthread_mutex_init(&group->mutex, NULL);
    pthread_cond_init(&group->changed, NULL);
    return group;
}

/* Frees the layer's source first, because the pipeline waits for it, and the target may take
 * seconds to take back what was sent. */
static void courier_end(struct courier *courier)
{
    source_free(courier->layer);
    courier->layer = NULL;
    image_target_free(courier->target);
    courier->target = NULL;
}

void deliveries_free(struct deliveries *group)
{
    if (!group)
        return;
    for (unsigned i = 0; i < group->count; i++) {
        courier_end(&group->couriers[i]);
        held_image_done(&group->couriers[i].held);
    }
    pthread_cond_destroy(&group->changed);
    pthread_mutex_destroy(&group->mutex);
    free(group->couriers);
    free(group);
}

/* The other destinations go on, unless it is all or nothing; whoever waits for this one is woken.
 */
static void fail(struct courier *courier)
{
    struct deliveries *group = courier->group;
    struct error *error = &courier->delivery->error;

    pthread_mutex_lock(&group->mutex);
    group->sending--;
    if (group->options->all_or_nothing && !group->called_off) {
        group->called_off = true;
        error_set(&group->call_off, error->kind,
                  "not published, because %s failed and it was all or nothing",
                  courier->delivery->destination->name);
        if (group->pipeline)
            group->abandoned = pipeline_stop(group->pipeline, &group->call_off);
    } else if (group->sending == 0 && group->pipeline && !group->called_off) {
        group->abandoned = pipeline_stop(group->pipeline, error);
    }
    pthread_cond_broadcast(&group->changed);
    pthread_mutex_unlock(&group->mutex);
    error_context(error, "push to %s", courier->delivery->destination->name);
    courier_end(courier);
}

static int open_destination(struct courier *courier)
{
    const struct deliveries *group = courier->group;
    const struct destination *destination = courier->delivery->destination;
    const struct manifest_name name = {.tag = destination_tag(destination)};
    struct error *error = &courier->delivery->error;
    int found = 0;

    courier->target = destination_target_new(destination, &group->options->registry, group->cancel);
    if (image_target_open(courier->target, &name, error) < 0)
        return -1;
    if (group->look_up)
        found = image_target_look_up(courier->target, &courier->held, error);
    courier->is_held = found > 0;
    return found < 0 ? -1 : 0;
}

static void *run_open(void *argument)
{
    struct courier *courier = argument;

    if (open_destination(courier) < 0)
        fail(courier);
    return NULL;
}

static void start(struct courier *courier, void *(*run)(void *))
{
    if (pthread_create(&courier->thread, NULL, run, courier) != 0)
        abort();
    courier->has_thread = true;
}

static void join_all(struct deliveries *group)
{
    for (unsigned i = 0; i < group->count; i++) {
        if (group->couriers[i].has_thread)
            pthread_join(group->couriers[i].thread, NULL);
        group->couriers[i].has_thread = false;
    }
}

/* With all_or_nothing, after one has failed to open: makes the open ones fail, too. */
static void call_off_rest(struct deliveries *group)
{
    for (unsigned i = 0; i < group->count; i++) {
        struct courier *courier = &group->couriers[i];

        if (!courier->target)
            continue;
        courier->delivery->error = group->call_off;
        fail(courier);
    }
}

void deliveries_open(struct deliveries *group, bool look_up)
{
    group->look_up = look_up;
    group->sending = group->count;
    for (unsigned i = 0; i < group->count; i++)
        start(&group->couriers[i], run_open);
    join_all(group);
    if (group->called_off)
        call_off_rest(group);
}

bool deliveries_in_clear(const struct deliveries *group, unsigned index)
{
    const struct image_target *target = group->couriers[index].target;

    return target && target->is_in_clear;
}

const struct held_image *deliveries_held(const struct deliveries *group, unsigned index)
{
    const struct courier *courier = &group->couriers[index];

    return courier->target && courier->is_held ? &courier->held : NULL;
}

void deliveries_settle(struct deliveries *group, unsigned index, const struct digest *manifest)
{
    struct courier *courier = &group->couriers[index];

    courier->delivery->already_there = true;
    courier->delivery->manifest = *manifest;
    courier->delivery->error.kind = ERROR_NONE;
    courier_end(courier);
    group->sending--;
}

unsigned deliveries_left(const struct deliveries *group)
{
    return group->sending;
}

static const struct image *wait_for_image(struct deliveries *group, struct error *error)
{
    const struct image *image;

    pthread_mutex_lock(&group->mutex);
    while (!group->decided && !group->called_off)
        pthread_cond_wait(&group->changed, &group->mutex);
    image = group->called_off ? NULL : group->image;
    if (group->called_off)
        *error = group->call_off;
    else if (!image)
        error_set(error, ERROR_FAILED, "not published: the archive was not accepted");
    pthread_mutex_unlock(&group->mutex);
    return image;
}

/* Until all have staged the image and the ones before have published it. */
static int wait_for_turn(struct courier *courier, struct error *error)
{
    struct deliveries *group = courier->group;
    int result = 0;

    pthread_mutex_lock(&group->mutex);
    group->unstaged--;
    pthread_cond_broadcast(&group->changed);
    while (!group->called_off && (group->unstaged > 0 || group->turn != courier->turn))
        pthread_cond_wait(&group->changed, &group->mutex);
    if (group->called_off) {
        *error = group->call_off;
        result = -1;
    }
    pthread_mutex_unlock(&group->mutex);
    return result;
}

static void pass_turn(struct deliveries *group)
{
    pthread_mutex_lock(&group->mutex);
    group->turn++;
    pthread_cond_broadcast(&group->changed);
    pthread_mutex_unlock(&group->mutex);
}

/* Names those that have published. No lock is needed: those before this one have had their turn,
 * and those behind will not get one. */
static void tell_published(const struct courier *failed, struct error *error)
{
    char names[ERROR_TEXT_SIZE / 2] = "";
    size_t len = 0;

    for (const struct courier *w = failed->group->couriers; w < failed; w++) {
        const char *name = w->delivery->destination->name;

        if (!w->is_published || len + strlen(name) + 3 > sizeof names)
            continue;
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", len ? ", " : "", name);
    }
    if (len)
        error_advice(error, "already published, which cannot be undone: %s", names);
}

static int publish(struct courier *courier, struct error *error)
{
    bool in_turn = courier->group->options->all_or_nothing;

    if (in_turn && wait_for_turn(courier, error) < 0)
        return -1;
    if (image_target_publish(courier->target, error) < 0) {
        if (in_turn)
            tell_published(courier, error);
        return -1;
    }
    courier->delivery->already_there = courier->target->already_there;
    courier->is_published = !courier->target->already_there;
    if (in_turn)
        pass_turn(courier->group);
    return 0;
}

static int deliver(struct courier *courier)
{
    struct deliveries *group = courier->group;
    struct error *error = &courier->delivery->error;
    const struct image *image;

    if (image_target_put_layer(courier->target, courier->layer, group->layer_size, group->progress,
                               error) < 0)
        return -1;
    image = wait_for_image(group, error);
    if (!image || image_target_stage(courier->target, image, error) < 0 ||
        publish(courier, error) < 0)
        return -1;
    courier->delivery->manifest = image->manifest.digest;
    return 0;
}

static void *run_delivery(void *argument)
{
    struct courier *courier = argument;

    if (deliver(courier) < 0) {
        fail(courier);
    } else {
        courier->delivery->error.kind = ERROR_NONE; /* may be set by an attempt that was repeated */
        courier_end(courier);
    }
    return NULL;
}

void deliveries_send(struct deliveries *group, struct pipeline *pipeline, int64_t layer_size)
{
    unsigned turn = 0;

    group->pipeline = pipeline;
    group->layer_size = layer_size;
    for (unsigned i = 0; i < group->count; i++) {
        if (!group->couriers[i].target)
            continue;
        group->couriers[i].layer = layer_source_new(pipeline, group->options->window_bytes);
        group->couriers[i].turn = turn++;
    }
    group->unstaged = turn;
    for (unsigned i = 0; i < group->count; i++)
        if (group->couriers[i].target)
            start(&group->couriers[i], run_delivery);
}

bool deliveries_abandoned(struct deliveries *group)
{
    bool abandoned;

    pthread_mutex_lock(&group->mutex);
    abandoned = group->abandoned;
    pthread_mutex_unlock(&group->mutex);
    return abandoned;
}

void deliveries_finish(struct deliveries *group, const struct image *image)
{
    pthread_mutex_lock(&group->mutex);
    group->decided = true;
    group->image = image;
    pthread_cond_broadcast(&group->changed);
    pthread_mutex_unlock(&group->mutex);
    join_all(group);
}

/* 0: not known. https://docs.github.com/packages and "Amazon ECR service quotas". */
static uint64_t layer_limit(const char *host)
{
    if (strcmp(host, "ghcr.io") == 0)
        return 10ULL * 1000 * 1000 * 1000;
    if (pattern_matches("^[0-9]+\\.dkr\\.ecr(-fips)?\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?$",
                        host))
        return 52000ULL << 20;
    return 0;
}

int deliveries_check_size(struct findings *findings, const struct convert_options *options,
                          uint64_t layer_size, struct error *error)
{
    for (unsigned i = 0; i < options->destination_count; i++) {
        const struct destination *destination = &options->destinations[i];
        uint64_t limit = destination->kind == DESTINATION_REGISTRY
                             ? layer_limit(destination->reference.host)
                             : 0;

        if (limit && layer_size > limit &&
            finding_report(findings, CHECK_REGISTRY_LIMIT, NULL, error,
                           "the layer has %" PRIu64 " bytes, and %s takes at most %" PRIu64,
                           layer_size, destination->reference.host, limit) < 0)
            return -1;
    }
    return 0;
}
