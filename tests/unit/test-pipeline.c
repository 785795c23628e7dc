// SPDX-License-Identifier: Apache-2.0
/* The pipeline: the same bytes for any number of threads, to every tap, from any offset again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "stream/codec.h"
#include "stream/layer-source.h"
#include "stream/pipeline.h"

enum { MAX_BYTES = 64 << 20 };

/* Five blocks and a part of one. */
enum { ARCHIVE_SIZE = 5 * PIPELINE_BLOCK_SIZE + 12345 };

struct fixture {
    char path[64];
    uint8_t *bytes;
    size_t size;
    struct cancel *cancel;
    struct progress progress;
};

static void write_archive(struct fixture *fixture, size_t size)
{
    uint32_t random = 7;
    FILE *file;

    fixture->size = size;
    fixture->bytes = xreallocarray(fixture->bytes, size, 1);
    for (size_t i = 0; i < size; i++) {
        random = random * 1664525 + 1013904223;
        fixture->bytes[i] = i / 4096 % 2 ? (uint8_t)(random >> 24) : (uint8_t)(i >> 8);
    }
    file = fopen(fixture->path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(fixture->bytes, 1, size, file), size);
    fclose(file);
}

static int set_up(void **state)
{
    struct fixture *fixture = NEW(struct fixture);
    int fd;

    strcpy(fixture->path, "/tmp/ckptoci-test-XXXXXX");
    fd = mkstemp(fixture->path);
    if (fd < 0)
        return -1;
    close(fd);
    fixture->cancel = cancel_new();
    write_archive(fixture, ARCHIVE_SIZE);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    unlink(fixture->path);
    cancel_free(fixture->cancel);
    free(fixture->bytes);
    free(fixture);
    return 0;
}

struct setup {
    struct input *input;
    struct pipeline *pipeline;
};

static void setup_open(struct setup *setup, struct fixture *fixture, enum compression compression,
                       unsigned workers)
{
    const struct codec *codec = codec_for(compression);
    struct error error;

    assert_int_equal(input_open(&setup->input, fixture->path, fixture->cancel, &error), 0);
    setup->pipeline = pipeline_new(&(struct pipeline_options){
        .input = setup->input,
        .codec = codec,
        .level = codec->default_level,
        .workers = workers,
        .cancel = fixture->cancel,
        .progress = &fixture->progress,
    });
}

static void setup_open_adapting(struct setup *setup, struct fixture *fixture)
{
    struct error error;

    assert_int_equal(input_open(&setup->input, fixture->path, fixture->cancel, &error), 0);
    setup->pipeline = pipeline_new(&(struct pipeline_options){
        .input = setup->input,
        .codec = codec_for(COMPRESSION_ZSTD),
        .level = 1,
        .adapts = true,
        .workers = 2,
        .cancel = fixture->cancel,
        .progress = &fixture->progress,
    });
}

static void setup_close(struct setup *setup)
{
    pipeline_free(setup->pipeline);
    input_free(setup->input);
}

/* A thread that takes all that a source gives. */
struct taker {
    struct source *source;
    unsigned pause_us; /* for each block */
    struct buffer bytes;
    int result;
    struct error error;
    pthread_t thread;
};

static void *take_all(void *argument)
{
    struct taker *taker = argument;
    const void *data;
    size_t len;

    while ((taker->result = source_next(taker->source, &data, &len, &taker->error)) > 0) {
        buffer_append(&taker->bytes, data, len);
        if (taker->pause_us)
            usleep(taker->pause_us);
    }
    return NULL;
}

static void taker_start(struct taker *taker, struct source *source, unsigned pause_us)
{
    *taker = (struct taker){.source = source, .pause_us = pause_us};
    buffer_init(&taker->bytes, MAX_BYTES);
    pthread_create(&taker->thread, NULL, take_all, taker);
}

static void taker_join(struct taker *taker)
{
    pthread_join(taker->thread, NULL);
    source_free(steal(taker->source));
}

/* The encoded stream of the fixture's archive. */
static void encode(struct fixture *fixture, enum compression compression, unsigned workers,
                   struct taker *taker)
{
    struct setup setup;
    struct error error = {0};

    setup_open(&setup, fixture, compression, workers);
    taker_start(taker, pipeline_encoded_tap(setup.pipeline), 0);
    pipeline_start(setup.pipeline);
    assert_int_equal(pipeline_finish(setup.pipeline, &error), 0);
    taker_join(taker);
    assert_int_equal(taker->result, 0);
    setup_close(&setup);
}

static void assert_decodes_to(enum compression compression, const struct buffer *encoded,
                              const uint8_t *bytes, size_t len)
{
    cleanup(decoder_freep) struct decoder *decoder = decoder_new(compression);
    cleanup_free uint8_t *decoded = xcalloc(len + 1, 1);
    const uint8_t *in = (const uint8_t *)encoded->data;
    size_t in_len = encoded->len, have = 0, n;
    struct error error;

    do {
        assert_int_equal(decoder_run(decoder, &in, &in_len, decoded + have, len + 1 - have, &n,
                                     &error),
                         0);
        have += n;
    } while (n > 0);
    assert_int_equal(decoder_finish(decoder, &error), 0);
    assert_int_equal(have, len);
    assert_memory_equal(decoded, bytes, len);
}

static void test_same_bytes_for_any_number_of_workers(void **state)
{
    struct fixture *fixture = *state;
    static const enum compression compressions[] = {COMPRESSION_GZIP, COMPRESSION_ZSTD};

    for (int i = 0; i < 2; i++) {
        struct taker one, many;

        encode(fixture, compressions[i], 1, &one);
        assert_decodes_to(compressions[i], &one.bytes, fixture->bytes, fixture->size);
        for (unsigned workers = 2; workers <= 9; workers += 7) {
            encode(fixture, compressions[i], workers, &many);
            assert_int_equal(many.bytes.len, one.bytes.len);
            assert_memory_equal(many.bytes.data, one.bytes.data, one.bytes.len);
            buffer_done(&many.bytes);
        }
        buffer_done(&one.bytes);
    }
}

static void test_any_size_round_trips(void **state)
{
    struct fixture *fixture = *state;
    static const size_t sizes[] = {1, PIPELINE_BLOCK_SIZE - 1, PIPELINE_BLOCK_SIZE,
                                   PIPELINE_BLOCK_SIZE + 1, 2 * PIPELINE_BLOCK_SIZE};

    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct taker taker;

        write_archive(fixture, sizes[i]);
        encode(fixture, COMPRESSION_GZIP, 2, &taker);
        assert_decodes_to(COMPRESSION_GZIP, &taker.bytes, fixture->bytes, fixture->size);
        buffer_done(&taker.bytes);
        encode(fixture, COMPRESSION_NONE, 2, &taker);
        assert_int_equal(taker.bytes.len, fixture->size);
        assert_memory_equal(taker.bytes.data, fixture->bytes, fixture->size);
        buffer_done(&taker.bytes);
    }
}

static void test_every_tap_gets_everything_at_its_own_pace(void **state)
{
    struct fixture *fixture = *state;
    struct setup setup;
    struct taker raw, quick, slow;
    struct error error = {0};

    setup_open(&setup, fixture, COMPRESSION_ZSTD, 2);
    taker_start(&raw, pipeline_raw_tap(setup.pipeline), 0);
    taker_start(&quick, pipeline_encoded_tap(setup.pipeline), 0);
    taker_start(&slow, pipeline_encoded_tap(setup.pipeline), 20000);
    pipeline_start(setup.pipeline);
    assert_int_equal(pipeline_finish(setup.pipeline, &error), 0);
    taker_join(&raw);
    taker_join(&quick);
    taker_join(&slow);
    assert_int_equal(raw.bytes.len, fixture->size);
    assert_memory_equal(raw.bytes.data, fixture->bytes, fixture->size);
    assert_int_equal(quick.bytes.len, slow.bytes.len);
    assert_memory_equal(quick.bytes.data, slow.bytes.data, slow.bytes.len);
    assert_int_equal(atomic_load(&fixture->progress.bytes_read), fixture->size);
    setup_close(&setup);
    buffer_done(&raw.bytes);
    buffer_done(&quick.bytes);
    buffer_done(&slow.bytes);
}

static void test_a_tap_that_leaves_holds_nobody_up(void **state)
{
    struct fixture *fixture = *state;
    struct setup setup;
    struct taker stays;
    struct source *leaves;
    const void *data;
    size_t len;
    struct error error = {0};

    write_archive(fixture, 40 * PIPELINE_BLOCK_SIZE); /* more than the ring holds */
    setup_open(&setup, fixture, COMPRESSION_NONE, 1);
    leaves = pipeline_encoded_tap(setup.pipeline);
    taker_start(&stays, pipeline_encoded_tap(setup.pipeline), 0);
    pipeline_start(setup.pipeline);
    assert_int_equal(source_next(leaves, &data, &len, &error), 1);
    source_free(leaves);
    assert_int_equal(pipeline_finish(setup.pipeline, &error), 0);
    taker_join(&stays);
    assert_int_equal(stays.bytes.len, fixture->size);
    setup_close(&setup);
    buffer_done(&stays.bytes);
}

static void test_stop_reaches_every_tap(void **state)
{
    struct fixture *fixture = *state;
    struct setup setup;
    struct taker waiting;
    struct error why, later, error = {0};

    setup_open(&setup, fixture, COMPRESSION_GZIP, 2);
    /* The second tap takes nothing, so the first one comes to wait in the middle. */
    write_archive(fixture, 40 * PIPELINE_BLOCK_SIZE);
    struct source *idle = pipeline_encoded_tap(setup.pipeline);
    taker_start(&waiting, pipeline_encoded_tap(setup.pipeline), 0);
    pipeline_start(setup.pipeline);
    error_set(&why, ERROR_ARCHIVE, "no good");
    error_set(&later, ERROR_FAILED, "too late");
    assert_true(pipeline_stop(setup.pipeline, &why));
    assert_false(pipeline_stop(setup.pipeline, &later));
    taker_join(&waiting);
    assert_int_equal(waiting.result, -1);
    assert_string_equal(waiting.error.text, "no good");
    assert_int_equal(pipeline_finish(setup.pipeline, &error), -1);
    assert_int_equal(error.kind, ERROR_ARCHIVE);
    source_free(idle);
    setup_close(&setup);
    buffer_done(&waiting.bytes);
}

static void test_cancel_ends_every_wait(void **state)
{
    struct fixture *fixture = *state;
    struct setup setup;
    struct error error = {0};
    struct source *idle;

    setup_open(&setup, fixture, COMPRESSION_NONE, 1);
    idle = pipeline_raw_tap(setup.pipeline);
    write_archive(fixture, 40 * PIPELINE_BLOCK_SIZE);
    pipeline_start(setup.pipeline);
    cancel_trigger(fixture->cancel);
    assert_int_equal(pipeline_finish(setup.pipeline, &error), -1);
    assert_int_equal(error.kind, ERROR_INTERRUPTED);
    source_free(idle);
    setup_close(&setup);
}

static void test_a_change_while_reading_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct setup setup;
    struct error error = {0};
    FILE *file;

    setup_open(&setup, fixture, COMPRESSION_NONE, 1);
    file = fopen(fixture->path, "a");
    assert_non_null(file);
    fputs("more", file);
    fclose(file);
    pipeline_start(setup.pipeline);
    assert_int_equal(pipeline_finish(setup.pipeline, &error), -1);
    assert_int_equal(error.kind, ERROR_ARCHIVE);
    setup_close(&setup);
}

static void assert_seeks(struct fixture *fixture, enum compression compression)
{
    struct setup setup;
    struct taker whole, again;
    struct error error = {0};
    struct source *layer;

    setup_open(&setup, fixture, compression, 2);
    layer = layer_source_new(setup.pipeline, 0);
    taker_start(&whole, pipeline_encoded_tap(setup.pipeline), 0);
    taker_start(&again, layer, 0);
    pipeline_start(setup.pipeline);
    assert_int_equal(pipeline_finish(setup.pipeline, &error), 0);
    taker_join(&whole);
    pthread_join(again.thread, NULL);
    for (size_t part = 0; part <= 16; part++) {
        size_t offset = whole.bytes.len * part / 16;

        buffer_clear(&again.bytes);
        assert_int_equal(source_seek(layer, offset, &error), 0);
        take_all(&again);
        assert_int_equal(again.result, 0);
        assert_int_equal(again.bytes.len, whole.bytes.len - offset);
        if (again.bytes.len)
            assert_memory_equal(again.bytes.data, whole.bytes.data + offset, again.bytes.len);
    }
    source_free(layer);
    setup_close(&setup);
    buffer_done(&whole.bytes);
    buffer_done(&again.bytes);
}

/* The blocks have many levels here, and each must be made again with the one it had. */
static void test_a_slow_taker_gets_smaller_blocks(void **state)
{
    struct fixture *fixture = *state;
    struct setup setup;
    struct taker digest, slow;
    struct error error = {0};
    struct source *layer;
    const size_t size = 20 * PIPELINE_BLOCK_SIZE + 7;

    write_archive(fixture, size);
    setup_open_adapting(&setup, fixture);
    layer = layer_source_new(setup.pipeline, 0);
    taker_start(&digest, pipeline_encoded_tap(setup.pipeline), 0);
    taker_start(&slow, layer, 50000);
    pipeline_start(setup.pipeline);
    assert_int_equal(pipeline_finish(setup.pipeline, &error), 0);
    taker_join(&digest);
    pthread_join(slow.thread, NULL);
    assert_int_equal(pipeline_level(setup.pipeline, 0), 1);
    assert_true(pipeline_level(setup.pipeline, 19) > 1);
    assert_decodes_to(COMPRESSION_ZSTD, &slow.bytes, fixture->bytes, size);

    buffer_clear(&slow.bytes);
    slow.pause_us = 0;
    assert_int_equal(source_seek(layer, 1000, &error), 0);
    take_all(&slow);
    assert_int_equal(slow.bytes.len, digest.bytes.len - 1000);
    assert_memory_equal(slow.bytes.data, digest.bytes.data + 1000, slow.bytes.len);
    source_free(layer);
    setup_close(&setup);
    buffer_done(&digest.bytes);
    buffer_done(&slow.bytes);
}

/* Then nothing is known of the pace of the one that has left. */
static void test_the_level_stays_when_only_the_digest_is_left(void **state)
{
    struct fixture *fixture = *state;
    struct setup setup;
    struct taker digest, rest;
    struct error error = {0};
    struct source *layer;

    write_archive(fixture, 30 * PIPELINE_BLOCK_SIZE + 7);
    setup_open_adapting(&setup, fixture);
    layer = layer_source_new(setup.pipeline, 0);
    assert_int_equal(source_seek(layer, 0, &error), 0);
    taker_start(&digest, pipeline_encoded_tap(setup.pipeline), 0);
    taker_start(&rest, layer, 0);
    pipeline_start(setup.pipeline);
    assert_int_equal(pipeline_finish(setup.pipeline, &error), 0);
    taker_join(&digest);
    taker_join(&rest);
    assert_int_equal(pipeline_level(setup.pipeline, 29), 1);
    assert_int_equal(rest.bytes.len, digest.bytes.len);
    assert_memory_equal(rest.bytes.data, digest.bytes.data, rest.bytes.len);
    setup_close(&setup);
    buffer_done(&digest.bytes);
    buffer_done(&rest.bytes);
}

static void test_layer_can_be_read_again_from_any_offset(void **state)
{
    assert_seeks(*state, COMPRESSION_GZIP);
    assert_seeks(*state, COMPRESSION_ZSTD);
    assert_seeks(*state, COMPRESSION_NONE);
}

static void test_seek_while_the_pipeline_runs(void **state)
{
    struct fixture *fixture = *state;
    struct setup setup;
    struct taker whole, again;
    struct error error = {0};
    struct source *layer;
    const void *data;
    size_t len;

    write_archive(fixture, 40 * PIPELINE_BLOCK_SIZE + 1);
    setup_open(&setup, fixture, COMPRESSION_GZIP, 2);
    layer = layer_source_new(setup.pipeline, 0);
    taker_start(&whole, pipeline_encoded_tap(setup.pipeline), 0);
    pipeline_start(setup.pipeline);
    for (int i = 0; i < 3; i++)
        assert_int_equal(source_next(layer, &data, &len, &error), 1);
    assert_int_equal(source_seek(layer, 1000, &error), 0);
    taker_start(&again, layer, 0);
    assert_int_equal(pipeline_finish(setup.pipeline, &error), 0);
    taker_join(&whole);
    taker_join(&again);
    assert_int_equal(again.result, 0);
    assert_int_equal(again.bytes.len, whole.bytes.len - 1000);
    assert_memory_equal(again.bytes.data, whole.bytes.data + 1000, again.bytes.len);
    setup_close(&setup);
    buffer_done(&whole.bytes);
    buffer_done(&again.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_bytes_for_any_number_of_workers, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_any_size_round_trips, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_tap_gets_everything_at_its_own_pace, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_tap_that_leaves_holds_nobody_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_stop_reaches_every_tap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel_ends_every_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_change_while_reading_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_layer_can_be_read_again_from_any_offset, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_seek_while_the_pipeline_runs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_slow_taker_gets_smaller_blocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_level_stays_when_only_the_digest_is_left, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
