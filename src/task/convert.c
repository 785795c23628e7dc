// SPDX-License-Identifier: Apache-2.0
/*
 * The threads of a conversion, beside those of the pipeline:
 *
 *     main         sets up, then waits for the walk and the layer's digest, and builds the image
 *     walk         checks the archive and takes its digest
 *     digest       takes the layer's digest
 *     delivery 1.. send the layer to a destination, wait for the image, publish it
 */
#include "task/convert.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/walk.h"
#include "stream/decoder.h"
#include "stream/input.h"
#include "stream/layer-source.h"
#include "stream/pipeline.h"
#include "task/hashing-source.h"

struct run {
    const struct convert_options *options;
    struct progress *progress;
    struct cancel *cancel;
    struct input *input;
    struct pipeline *pipeline;
    const char *layer_media_type;
    bool passthrough; /* the archive is compressed and becomes the layer as it is */

    struct walk walk;
    struct digest diff_id;
    uint64_t archive_size;
    struct digest layer_digest;
    uint64_t layer_size;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t decided_changed;
    bool decided;
    const struct image *image; /* once decided; NULL: there will be none */
    unsigned deliveries_left;
    bool abandoned; /* the pipeline was stopped because all deliveries had failed */
};

/* A thread with its task's own error. */
struct worker {
    struct run *run;
    struct source *source;
    pthread_t thread;
    struct error error; /* ERROR_NONE: done */
};

struct delivery_worker {
    struct run *run;
    struct source *layer;
    struct delivery *delivery;
    pthread_t thread;
};

static const char *layer_media_type(enum compression compression)
{
    switch (compression) {
    case COMPRESSION_GZIP:
        return MEDIA_TYPE_LAYER_GZIP;
    case COMPRESSION_ZSTD:
        return MEDIA_TYPE_LAYER_ZSTD;
    case COMPRESSION_NONE:
        break;
    }
    return MEDIA_TYPE_LAYER_TAR;
}

static unsigned default_jobs(void)
{
    cpu_set_t cpus;
    unsigned count = 1;

    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
        count = (unsigned)CPU_COUNT(&cpus);
    return count < CONVERT_DEFAULT_MAX_JOBS ? count : CONVERT_DEFAULT_MAX_JOBS;
}

static int check_level(const struct convert_options *options, const struct run *run,
                       const struct codec *codec, struct error *error)
{
    if (!options->level_given)
        return 0;
    if (run->passthrough) {
        error_set(error, ERROR_USAGE,
                  "the archive is compressed already and becomes the layer "
                  "as it is");
        return error_advice(error, "ask for another --compression-format, or give no "
                                   "--compression-level");
    }
    if (!codec->encode)
        return error_set(error, ERROR_USAGE,
                         "--compression-level has no meaning without "
                         "compression");
    if (options->level < codec->min_level || options->level > codec->max_level)
        return error_set(error, ERROR_USAGE, "--compression-level for %s is from %d to %d",
                         codec->name, codec->min_level, codec->max_level);
    return 0;
}

/* Decides what becomes of the archive's bytes on their way to the layer. */
static int set_up_pipeline(struct run *run, struct error *error)
{
    const struct convert_options *options = run->options;
    enum compression have = input_compression(run->input);
    enum compression want = options->format_given      ? options->format
                            : have != COMPRESSION_NONE ? have
                                                       : COMPRESSION_ZSTD;
    const struct codec *codec;

    run->passthrough = have != COMPRESSION_NONE && have == want;
    codec = codec_for(run->passthrough ? COMPRESSION_NONE : want);
    if (check_level(options, run, codec, error) < 0)
        return -1;
    if (have != COMPRESSION_NONE && !run->passthrough)
        input_decode(run->input);
    run->layer_media_type = layer_media_type(want);
    run->pipeline = pipeline_new(&(struct pipeline_options){
        .input = run->input,
        .codec = codec,
        .level = options->level_given ? options->level : codec->default_level,
        .workers = options->jobs ? options->jobs : default_jobs(),
        .cancel = run->cancel,
        .progress = run->progress,
    });
    return 0;
}

/* Bytes of the layer, -1 where only the end will tell. */
static int64_t known_layer_size(const struct run *run)
{
    bool as_it_is = !pipeline_get_options(run->pipeline)->codec->encode &&
                    (run->passthrough || input_compression(run->input) == COMPRESSION_NONE);

    return as_it_is ? input_size(run->input) : -1;
}

static void *run_walk(void *argument)
{
    struct worker *worker = argument;
    struct run *run = worker->run;

    if (walk_archive(&run->walk, worker->source, &worker->error) < 0)
        pipeline_stop(run->pipeline, &worker->error);
    source_free(worker->source);
    return NULL;
}

static void *run_digest(void *argument)
{
    struct worker *worker = argument;
    const void *data;
    size_t len;

    while (source_next(worker->source, &data, &len, &worker->error) > 0)
        ;
    source_free(worker->source);
    return NULL;
}

static void decide(struct run *run, const struct image *image)
{
    pthread_mutex_lock(&run->mutex);
    run->decided = true;
    run->image = image;
    pthread_cond_broadcast(&run->decided_changed);
    pthread_mutex_unlock(&run->mutex);
}

static const struct image *wait_for_image(struct run *run, struct error *error)
{
    const struct image *image;

    pthread_mutex_lock(&run->mutex);
    while (!run->decided)
        pthread_cond_wait(&run->decided_changed, &run->mutex);
    image = run->image;
    pthread_mutex_unlock(&run->mutex);
    if (!image)
        error_set(error, ERROR_FAILED, "not published: the archive was not accepted");
    return image;
}

/* Without anybody left to receive the layer there is no sense in reading on. */
static void leave(struct run *run, const struct error *error)
{
    pthread_mutex_lock(&run->mutex);
    if (--run->deliveries_left == 0)
        run->abandoned = pipeline_stop(run->pipeline, error);
    pthread_mutex_unlock(&run->mutex);
}

static int deliver(struct run *run, struct delivery *delivery, struct source **layer)
{
    cleanup(image_sink_freep) struct image_sink *sink =
        destination_sink_new(delivery->destination, &run->options->registry, run->cancel);
    struct error *error = &delivery->error;
    const struct image *image;

    if (image_sink_open(sink, error) < 0 ||
        image_sink_put_layer(sink, *layer, known_layer_size(run), run->progress, error) < 0)
        return -1;
    /* The pipeline need not wait for this destination any longer. */
    source_free(steal(*layer));
    image = wait_for_image(run, error);
    return image ? image_sink_publish(sink, image, &delivery->already_there, error) : -1;
}

static void *run_delivery(void *argument)
{
    struct delivery_worker *worker = argument;
    struct delivery *delivery = worker->delivery;

    if (deliver(worker->run, delivery, &worker->layer) < 0) {
        leave(worker->run, &delivery->error);
        error_context(&delivery->error, "push to %s", delivery->destination->name);
    } else {
        delivery->error.kind = ERROR_NONE; /* something may have failed and then gone well */
    }
    source_free(worker->layer);
    return NULL;
}

static void start_thread(pthread_t *thread, void *(*run)(void *), void *argument)
{
    if (pthread_create(thread, NULL, run, argument) != 0)
        abort();
}

static char *format_time(time_t time)
{
    char text[sizeof "+292277026596-12-04T15:30:07Z"];
    struct tm tm;

    if (!gmtime_r(&time, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return xstrdup("1970-01-01T00:00:00Z");
    return xstrdup(text);
}

static int build_image(struct run *run, struct convert_result *result, struct error *error)
{
    const struct convert_options *options = run->options;
    cleanup(checkpoint_done) struct checkpoint checkpoint = {0};
    cleanup_free char *created = NULL;
    const char *architecture;

    if (checkpoint_parse(&checkpoint, &run->walk, error) < 0)
        return -1;
    created = format_time(options->created_given ? options->created : checkpoint.time);
    if (checkpoint_annotations(&checkpoint, options->name, created, &result->annotations, error) <
        0)
        return -1;
    if (options->annotations)
        json_object_update(result->annotations, options->annotations);
    architecture = options->architecture ? options->architecture : checkpoint.architecture;
    if (!architecture) {
        architecture = "unknown";
        log_warning("the archive does not tell the architecture of the processes in it; give it "
                    "with --arch");
    }
    return image_build(&result->image,
                       &(struct image_parts){
                           .layer = {.media_type = run->layer_media_type,
                                     .digest = run->layer_digest,
                                     .size = run->layer_size},
                           .diff_id = run->diff_id,
                           .architecture = architecture,
                           .created = created,
                           .annotations = result->annotations,
                       },
                       error);
}

/* The raw bytes for the walk: uncompressed, whatever the layer will be. */
static struct source *walk_source(struct run *run)
{
    struct source *tap = pipeline_raw_tap(run->pipeline);

    if (run->passthrough)
        tap = decoding_source_new(tap, input_compression(run->input));
    return hashing_source_new(tap, &run->diff_id, &run->archive_size);
}

static struct source *digest_source(struct run *run)
{
    return hashing_source_new(pipeline_encoded_tap(run->pipeline), &run->layer_digest,
                              &run->layer_size);
}

/* Runs the pipeline to its end with everybody who takes from it. */
static int run_threads(struct run *run, struct convert_result *result, struct error *error)
{
    struct worker walk = {.run = run, .source = walk_source(run)};
    struct worker digest = {.run = run, .source = digest_source(run)};
    struct delivery_worker deliveries[CONVERT_MAX_DESTINATIONS] = {0};
    bool abandoned;
    int status;

    for (unsigned i = 0; i < result->delivery_count; i++)
        deliveries[i] =
            (struct delivery_worker){.run = run,
                                     .layer = layer_source_new(run->pipeline,
                                                               run->options->window_bytes),
                                     .delivery = &result->deliveries[i]};
    start_thread(&walk.thread, run_walk, &walk);
    start_thread(&digest.thread, run_digest, &digest);
    for (unsigned i = 0; i < result->delivery_count; i++)
        start_thread(&deliveries[i].thread, run_delivery, &deliveries[i]);
    pipeline_start(run->pipeline);

    pthread_join(walk.thread, NULL);
    pthread_join(digest.thread, NULL);
    status = pipeline_finish(run->pipeline, error);
    pthread_mutex_lock(&run->mutex);
    abandoned = run->abandoned;
    pthread_mutex_unlock(&run->mutex);
    if (status == 0)
        status = build_image(run, result, error);
    decide(run, status == 0 ? result->image : NULL);
    for (unsigned i = 0; i < result->delivery_count; i++)
        pthread_join(deliveries[i].thread, NULL);
    /* Each destination has an error of its own then; the pipeline's is only the last of them. */
    return abandoned && error->kind != ERROR_INTERRUPTED ? 0 : status;
}

/* An archive file is replaced by its image: it must not be the evidence itself. */
static int check_not_the_archive(const struct run *run, struct error *error)
{
    for (unsigned i = 0; i < run->options->destination_count; i++) {
        const struct destination *destination = &run->options->destinations[i];

        if (destination->kind == DESTINATION_ARCHIVE &&
            input_is_at(run->input, destination->path)) {
            error_set(error, ERROR_USAGE, "%s would replace the archive that is read",
                      destination->name);
            return error_advice(error, "choose another file");
        }
    }
    return 0;
}

static double monotonic_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void run_done(struct run *run)
{
    pipeline_free(run->pipeline);
    input_free(run->input);
    walk_done(&run->walk);
    pthread_cond_destroy(&run->decided_changed);
    pthread_mutex_destroy(&run->mutex);
}

int convert_run(const struct convert_options *options, struct convert_result *ret,
                struct progress *progress, struct cancel *cancel, struct error *error)
{
    cleanup(run_done) struct run run = {
        .deliveries_left = options->destination_count,
        .options = options,
        .progress = progress,
        .cancel = cancel,
        .mutex = PTHREAD_MUTEX_INITIALIZER,
        .decided_changed = PTHREAD_COND_INITIALIZER,
    };
    cleanup(convert_result_done) struct convert_result result = {
        .delivery_count = options->destination_count,
    };
    double begun = monotonic_seconds();

    for (unsigned i = 0; i < result.delivery_count; i++)
        result.deliveries[i].destination = &options->destinations[i];
    if (input_open(&run.input, options->archive, cancel, error) < 0)
        return error_context(error, "read %s", options->archive);
    if (input_size(run.input) > 0)
        atomic_store(&progress->bytes_total, input_size(run.input));
    if (check_not_the_archive(&run, error) < 0 || set_up_pipeline(&run, error) < 0)
        return -1;
    if (run_threads(&run, &result, error) < 0)
        return error->kind == ERROR_INTERRUPTED
                   ? -1
                   : error_context(error, "convert %s", options->archive);
    result.archive_size = run.archive_size;
    result.seconds = monotonic_seconds() - begun;
    *ret = result;
    result = (struct convert_result){0};
    return 0;
}

void convert_result_done(struct convert_result *result)
{
    image_free(result->image);
    json_decref(result->annotations);
}
