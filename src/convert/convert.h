// SPDX-License-Identifier: Apache-2.0
/* From a checkpoint archive to an image at one or several destinations, in one pass. */
#ifndef CKPTOCI_CONVERT_CONVERT_H
#define CKPTOCI_CONVERT_CONVERT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <jansson.h>

#include "archive/finding.h"
#include "base/cancel.h"
#include "base/error.h"
#include "base/progress.h"
#include "oci/image.h"
#include "registry/registry.h"
#include "stream/codec.h"
#include "stream/pipeline.h"
#include "transport/destination.h"

enum {
    CONVERT_MAX_DESTINATIONS = 64,
    CONVERT_MAX_JOBS = PIPELINE_MAX_WORKERS,
    CONVERT_DEFAULT_MAX_JOBS = 8,
    CONVERT_DEFAULT_WINDOW_BYTES = 16 << 20,
    CONVERT_MAX_WINDOW_BYTES = 1 << 30,
    CONVERT_MAX_DEADLINE_S = 7 * 24 * 3600,
};

/* All borrowed. */
struct convert_options {
    const char *archive; /* path, or "-" for standard input */
    bool from_stdin;     /* it is read from there, and the path is only what it is called */
    const struct destination *destinations;
    unsigned destination_count;

    bool format_given; /* else: COMPRESSION_DEFAULT, or the archive's own */
    enum compression format;
    bool level_given;
    int level;
    unsigned jobs; /* compressing threads; 0: one for each CPU, up to CONVERT_DEFAULT_MAX_JOBS */

    int deadline_s; /* the run should be over by then: speed goes before size; 0: none */

    size_t window_bytes; /* of the layer, kept for each destination; only from standard input */

    const char *name;         /* of the container; NULL: the archive's */
    json_t *annotations;      /* object of strings: added, or put in place of ours */
    const char *architecture; /* NULL: from the archive */
    bool created_given;       /* else the time of the checkpoint */
    time_t created;

    struct finding_policy policy; /* what is done about what the checks find */
    uint64_t max_unpacked_bytes;  /* as in struct expansion */

    const char *digestfile; /* that the caller writes afterwards; NULL: none */
    bool all_or_nothing;    /* no destination is changed unless all can be */
    struct registry_options registry;
};

/* What became of one destination. */
struct delivery {
    const struct destination *destination;
    bool already_there;
    struct digest manifest; /* what the destination's name stands for now */
    struct error error;     /* ERROR_NONE: the image is there */
};

struct convert_result {
    struct image *image;   /* NULL when no destination could take the layer */
    json_t *annotations;   /* as in the manifest */
    uint64_t archive_size; /* bytes, uncompressed */
    double seconds;
    struct findings findings; /* also of an archive that was refused */
    unsigned delivery_count;
    struct delivery deliveries[CONVERT_MAX_DESTINATIONS];
};

/*
 * Blocks until all is done. -1: there is no image, because of the archive, the options or an
 * interruption, and nothing was published; of *result only the findings are filled in. 0:
 * result->deliveries tell where it is and where not.
 */
int convert_run(const struct convert_options *options, struct convert_result *result,
                struct progress *progress, struct cancel *cancel, struct error *error);
void convert_result_done(struct convert_result *result);

#endif
