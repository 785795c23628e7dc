// SPDX-License-Identifier: Apache-2.0
#include "stream/pipeline.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/memory.h"
#include "base/sandbox.h"

/* Beyond one block for each worker: one being read, and some for taps that are a little ahead of
 * or behind each other. */
enum { SPARE_SLOTS = 6 };

/* A reader that waits is woken for so many free slots at once: for one at a time it would change
 * places with a worker at every block. The others give each block back without the reader's help,
 * so that there will be as many. */
enum { WAKE_READER_SLOTS = SPARE_SLOTS / 2 };

struct slot {
    uint8_t *in;
    size_t in_len;
    uint8_t *out; /* same as `in` where the codec does not encode */
    size_t out_len;
    uint32_t checksum;
    bool encoded;
};

struct tap {
    struct source source;
    struct pipeline *pipeline;
    struct tap *next_tap;
    bool raw;
    uint64_t passed; /* blocks this tap needs no longer */
    bool holding;    /* block `passed` is in its user's hands */
};

struct pipeline {
    struct pipeline_options options;
    struct cancel_watch watch;
    pthread_t reader;
    pthread_t workers[PIPELINE_MAX_WORKERS];
    unsigned worker_count;
    bool started, joined;

    pthread_mutex_t mutex; /* guards everything below, but not the bytes in filled slots */
    pthread_cond_t changed;
    bool reader_waits;        /* for free slots */
    unsigned filled_waiters;  /* threads that wait for `filled` or `ended` */
    unsigned encoded_waiters; /* and for `encoded` */
    struct slot *slots;
    uint64_t slot_count;
    struct tap *taps;
    uint64_t filled;  /* blocks read */
    uint64_t claimed; /* blocks a worker has taken */
    uint64_t encoded; /* blocks encoded, without a gap */
    bool ended;       /* there is no block behind `filled` */
    bool stopped;
    struct error error; /* why, if stopped */

    struct block_index index; /* of the `encoded` blocks, and the end behind the last */
    uint64_t raw_total;       /* bytes in encoded blocks */

    bool adapts;
    struct adaptation adaptation; /* if adapts */
};

static struct slot *slot_of(struct pipeline *pipeline, uint64_t block)
{
    return &pipeline->slots[block % pipeline->slot_count];
}

bool pipeline_stop(struct pipeline *pipeline, const struct error *error)
{
    bool first;

    pthread_mutex_lock(&pipeline->mutex);
    first = !pipeline->stopped;
    if (first) {
        pipeline->error = *error;
        pipeline->stopped = true;
        pthread_cond_broadcast(&pipeline->changed);
    }
    pthread_mutex_unlock(&pipeline->mutex);
    return first;
}

static void stop_on_cancel(void *context)
{
    struct error error;

    error_set(&error, ERROR_INTERRUPTED, "interrupted");
    pipeline_stop(context, &error);
}

struct pipeline *pipeline_new(const struct pipeline_options *options)
{
    struct pipeline *pipeline = NEW(struct pipeline);
    const struct codec *codec = options->codec;

    pipeline->options = *options;
    pipeline->worker_count = codec->encode ? options->workers : 0;
    pipeline->slot_count = pipeline->worker_count + SPARE_SLOTS;
    pipeline->slots = xcalloc(pipeline->slot_count, sizeof *pipeline->slots);
    for (uint64_t i = 0; i < pipeline->slot_count; i++) {
        struct slot *slot = &pipeline->slots[i];

        slot->in = xcalloc(PIPELINE_BLOCK_SIZE, 1);
        slot->out = codec->encode ? xcalloc(codec->bound(PIPELINE_BLOCK_SIZE), 1) : slot->in;
    }
    pthread_mutex_init(&pipeline->mutex, NULL);
    pthread_cond_init(&pipeline->changed, NULL);
    block_index_append(&pipeline->index, 0, 0);
    pipeline->adapts = options->adapts && codec->ladder;
    if (pipeline->adapts)
        adaptation_init(&pipeline->adaptation, codec, (unsigned)pipeline->slot_count);
    input_count_into(options->input, &options->progress->bytes_read);
    pipeline->watch = (struct cancel_watch){.wake = stop_on_cancel, .context = pipeline};
    cancel_watch_add(options->cancel, &pipeline->watch);
    return pipeline;
}

static void join_threads(struct pipeline *pipeline)
{
    if (!pipeline->started || pipeline->joined)
        return;
    pthread_join(pipeline->reader, NULL);
    for (unsigned i = 0; i < pipeline->worker_count; i++)
        pthread_join(pipeline->workers[i], NULL);
    pipeline->joined = true;
}

void pipeline_free(struct pipeline *pipeline)
{
    struct error dropped;

    if (!pipeline)
        return;
    cancel_watch_remove(pipeline->options.cancel, &pipeline->watch);
    error_set(&dropped, ERROR_FAILED, "stopped");
    pipeline_stop(pipeline, &dropped);
    join_threads(pipeline);
    for (uint64_t i = 0; i < pipeline->slot_count; i++) {
        if (pipeline->slots[i].out != pipeline->slots[i].in)
            free(pipeline->slots[i].out);
        free(pipeline->slots[i].in);
    }
    free(pipeline->slots);
    block_index_done(&pipeline->index);
    adaptation_done(&pipeline->adaptation);
    pthread_cond_destroy(&pipeline->changed);
    pthread_mutex_destroy(&pipeline->mutex);
    free(pipeline);
}

/* A slot is free when its block is encoded and every tap has passed it. */
static uint64_t free_slots(const struct pipeline *pipeline)
{
    uint64_t passed = pipeline->encoded;

    for (const struct tap *tap = pipeline->taps; tap; tap = tap->next_tap)
        if (tap->passed < passed)
            passed = tap->passed;
    return pipeline->slot_count - (pipeline->filled - passed);
}

/* Every wait but the reader's. `waiters` is what wake-ups are decided by. */
static void wait_as(struct pipeline *pipeline, unsigned *waiters)
{
    (*waiters)++;
    pthread_cond_wait(&pipeline->changed, &pipeline->mutex);
    (*waiters)--;
}

/* After a block has been encoded or passed, or a tap has gone. */
static void wake_reader(struct pipeline *pipeline)
{
    if (pipeline->reader_waits && free_slots(pipeline) >= WAKE_READER_SLOTS) {
        pipeline->reader_waits = false;
        pthread_cond_broadcast(&pipeline->changed);
    }
}

/* The slot to read the next block into; NULL when the pipeline has been stopped. */
static struct slot *wait_for_free_slot(struct pipeline *pipeline)
{
    struct slot *slot = NULL;

    pthread_mutex_lock(&pipeline->mutex);
    pipeline->reader_waits = free_slots(pipeline) == 0;
    while (!pipeline->stopped && pipeline->reader_waits)
        pthread_cond_wait(&pipeline->changed, &pipeline->mutex);
    if (!pipeline->stopped)
        slot = slot_of(pipeline, pipeline->filled);
    pthread_mutex_unlock(&pipeline->mutex);
    return slot;
}

/* Puts the finished blocks that have no gap before them into the encoded stream. */
static void sequence_locked(struct pipeline *pipeline)
{
    const struct codec *codec = pipeline->options.codec;
    uint64_t before = pipeline->encoded;

    while (pipeline->encoded < pipeline->filled && slot_of(pipeline, pipeline->encoded)->encoded) {
        struct slot *slot = slot_of(pipeline, pipeline->encoded);
        struct block_place place = pipeline->index.places[pipeline->encoded];

        pipeline->raw_total += slot->in_len;
        if (codec->checksum_append)
            place.checksum = codec->checksum_append(place.checksum, slot->checksum, slot->in_len);
        if (codec->tail && pipeline->ended && pipeline->encoded + 1 == pipeline->filled)
            slot->out_len +=
                codec->tail(place.checksum, pipeline->raw_total, slot->out + slot->out_len);
        pipeline->encoded++;
        block_index_append(&pipeline->index, place.offset + slot->out_len, place.checksum);
    }
    if (pipeline->encoded == before)
        return;
    if (pipeline->encoded_waiters > 0)
        pthread_cond_broadcast(&pipeline->changed);
    wake_reader(pipeline);
}

static void publish_filled(struct pipeline *pipeline, struct slot *slot, size_t len)
{
    pthread_mutex_lock(&pipeline->mutex);
    slot->in_len = len;
    slot->encoded = !pipeline->options.codec->encode;
    if (slot->encoded)
        slot->out_len = len;
    pipeline->filled++;
    pipeline->ended = len == 0;
    if (pipeline->filled_waiters > 0)
        pthread_cond_broadcast(&pipeline->changed);
    sequence_locked(pipeline);
    pthread_mutex_unlock(&pipeline->mutex);
}

/* The last block is always an empty one: only then is it known that the one before was the last
 * with bytes in it. */
static void *read_blocks(void *argument)
{
    struct pipeline *pipeline = argument;
    struct input *input = pipeline->options.input;
    size_t len = PIPELINE_BLOCK_SIZE;
    struct slot *slot;

    sandbox_seal_thread(); /* the input may be decompressed here */
    while (len > 0 && (slot = wait_for_free_slot(pipeline)) != NULL) {
        struct error error;

        if (input_read(input, slot->in, PIPELINE_BLOCK_SIZE, &len, &error) < 0 ||
            (len == 0 && input_check_unchanged(input, &error) < 0)) {
            pipeline_stop(pipeline, &error);
            break;
        }
        publish_filled(pipeline, slot, len);
    }
    return NULL;
}

/* Taken by the slowest tap of the encoded stream; *count is how many such taps there are. */
static uint64_t slowest_passed(const struct pipeline *pipeline, unsigned *count)
{
    uint64_t passed = pipeline->encoded;

    *count = 0;
    for (const struct tap *tap = pipeline->taps; tap; tap = tap->next_tap) {
        if (tap->raw)
            continue;
        ++*count;
        if (tap->passed < passed)
            passed = tap->passed;
    }
    return passed;
}

static int level_locked(struct pipeline *pipeline, uint64_t block)
{
    return pipeline->adapts ? adaptation_level(&pipeline->adaptation, block)
                            : pipeline->options.level;
}

/* One tap takes the digest and is never waited for: when it is left alone, the last level stays,
 * because those who have gone go on at the pace they had. */
static int settle_level(struct pipeline *pipeline, uint64_t block)
{
    if (pipeline->adapts) {
        unsigned count;
        uint64_t passed = slowest_passed(pipeline, &count);

        if (count > 1)
            adaptation_observe(&pipeline->adaptation,
                               (unsigned)(pipeline->filled - pipeline->claimed),
                               (unsigned)(pipeline->encoded - passed), SPARE_SLOTS);
    }
    return level_locked(pipeline, block);
}

int pipeline_level(struct pipeline *pipeline, uint64_t block)
{
    int level;

    pthread_mutex_lock(&pipeline->mutex);
    level = level_locked(pipeline, block);
    pthread_mutex_unlock(&pipeline->mutex);
    return level;
}

/* The next block nobody has begun to encode; false when there will be none. */
static bool claim_block(struct pipeline *pipeline, uint64_t *block, int *level)
{
    bool claimed;

    pthread_mutex_lock(&pipeline->mutex);
    while (!pipeline->stopped && pipeline->claimed == pipeline->filled && !pipeline->ended)
        wait_as(pipeline, &pipeline->filled_waiters);
    claimed = !pipeline->stopped && pipeline->claimed < pipeline->filled;
    if (claimed) {
        *block = pipeline->claimed++;
        *level = settle_level(pipeline, *block);
    }
    pthread_mutex_unlock(&pipeline->mutex);
    return claimed;
}

/* Encodes what belongs to one block, but for the tail. */
static int encode_slot(const struct codec *codec, void *state, uint64_t block, struct slot *slot)
{
    size_t head_len = block == 0 ? codec->head_len : 0, len = 0;

    if (head_len)
        memcpy(slot->out, codec->head, head_len);
    slot->checksum = 0;
    if (slot->in_len > 0 && codec->encode(state, slot->in, slot->in_len, slot->out + head_len, &len,
                                          &slot->checksum) < 0)
        return -1;
    slot->out_len = head_len + len;
    return 0;
}

static void *encode_blocks(void *argument)
{
    struct pipeline *pipeline = argument;
    const struct codec *codec = pipeline->options.codec;
    void *state = codec->state_new(pipeline->options.level);
    uint64_t block;
    int level;

    sandbox_seal_thread();
    while (claim_block(pipeline, &block, &level)) {
        struct slot *slot = slot_of(pipeline, block);
        struct error error;

        if (pipeline->adapts)
            codec->state_set_level(state, level);
        if (encode_slot(codec, state, block, slot) < 0) {
            error_set(&error, ERROR_FAILED, "compress: the %s library failed", codec->name);
            pipeline_stop(pipeline, &error);
            break;
        }
        pthread_mutex_lock(&pipeline->mutex);
        slot->encoded = true;
        sequence_locked(pipeline);
        pthread_mutex_unlock(&pipeline->mutex);
    }
    codec->state_free(state);
    return NULL;
}

static int tap_next(struct source *source, const void **data, size_t *len, struct error *error)
{
    struct tap *tap = (struct tap *)source;
    struct pipeline *pipeline = tap->pipeline;
    int result = 0;

    pthread_mutex_lock(&pipeline->mutex);
    for (;;) {
        uint64_t ready = tap->raw ? pipeline->filled : pipeline->encoded;
        const struct slot *slot;

        if (tap->holding) {
            tap->holding = false;
            tap->passed++;
            wake_reader(pipeline);
        }
        if (pipeline->stopped) {
            *error = pipeline->error;
            result = -1;
            break;
        }
        if (tap->passed == ready) {
            if (pipeline->ended && ready == pipeline->filled)
                break;
            wait_as(pipeline, tap->raw ? &pipeline->filled_waiters : &pipeline->encoded_waiters);
            continue;
        }
        slot = slot_of(pipeline, tap->passed);
        tap->holding = true;
        *data = tap->raw ? slot->in : slot->out;
        *len = tap->raw ? slot->in_len : slot->out_len;
        if (*len > 0) {
            result = 1;
            break;
        }
    }
    pthread_mutex_unlock(&pipeline->mutex);
    return result;
}

static void tap_free(struct source *source)
{
    struct tap *tap = (struct tap *)source;
    struct pipeline *pipeline = tap->pipeline;

    pthread_mutex_lock(&pipeline->mutex);
    for (struct tap **at = &pipeline->taps; *at; at = &(*at)->next_tap) {
        if (*at == tap) {
            *at = tap->next_tap;
            break;
        }
    }
    wake_reader(pipeline);
    pthread_mutex_unlock(&pipeline->mutex);
    free(tap);
}

static struct source *tap_new(struct pipeline *pipeline, bool raw)
{
    static const struct source_ops ops = {.next = tap_next, .free = tap_free};
    struct tap *tap = NEW(struct tap);

    tap->source.ops = &ops;
    tap->pipeline = pipeline;
    tap->raw = raw;
    tap->next_tap = pipeline->taps;
    pipeline->taps = tap;
    return &tap->source;
}

struct source *pipeline_raw_tap(struct pipeline *pipeline)
{
    return tap_new(pipeline, true);
}

struct source *pipeline_encoded_tap(struct pipeline *pipeline)
{
    return tap_new(pipeline, false);
}

static void start_thread(pthread_t *thread, void *(*run)(void *), struct pipeline *pipeline)
{
    if (pthread_create(thread, NULL, run, pipeline) != 0)
        abort();
}

void pipeline_start(struct pipeline *pipeline)
{
    pipeline->started = true;
    start_thread(&pipeline->reader, read_blocks, pipeline);
    for (unsigned i = 0; i < pipeline->worker_count; i++)
        start_thread(&pipeline->workers[i], encode_blocks, pipeline);
}

int pipeline_finish(struct pipeline *pipeline, struct error *error)
{
    int result = 0;

    pthread_mutex_lock(&pipeline->mutex);
    while (!pipeline->stopped && !(pipeline->ended && pipeline->encoded == pipeline->filled))
        wait_as(pipeline, &pipeline->encoded_waiters);
    if (pipeline->stopped) {
        *error = pipeline->error;
        result = -1;
    }
    pthread_mutex_unlock(&pipeline->mutex);
    join_threads(pipeline);
    return result;
}

struct block_place pipeline_locate(struct pipeline *pipeline, uint64_t offset)
{
    struct block_place place;
    uint64_t with_bytes;

    pthread_mutex_lock(&pipeline->mutex);
    with_bytes = pipeline->ended ? pipeline->filled - 1 : pipeline->filled;
    if (with_bytes > pipeline->encoded)
        with_bytes = pipeline->encoded;
    place = block_index_find(&pipeline->index, with_bytes ? with_bytes : 1, offset);
    pthread_mutex_unlock(&pipeline->mutex);
    return place;
}

const struct pipeline_options *pipeline_get_options(const struct pipeline *pipeline)
{
    return &pipeline->options;
}
