// SPDX-License-Identifier: Apache-2.0
/*
 * The options that every command has that makes images of archives, those for registries among
 * them. A command names convert_option_specs and registry_option_specs as its shared options and
 * passes their ids on.
 */
#ifndef CKPTOCI_CONVERT_REQUEST_H
#define CKPTOCI_CONVERT_REQUEST_H

#include <stdbool.h>

#include "base/error.h"
#include "options.h"
#include "registry-request.h"
#include "task/convert.h"

/* Ids below are the commands' own. */
enum convert_option_id {
    CONVERT_OPTION_FIRST = 500,
    CONVERT_OPTION_ALLOW = CONVERT_OPTION_FIRST,
    CONVERT_OPTION_ALL_OR_NOTHING,
    CONVERT_OPTION_ANNOTATION,
    CONVERT_OPTION_ARCH,
    CONVERT_OPTION_COMPRESSION_FORMAT,
    CONVERT_OPTION_COMPRESSION_LEVEL,
    CONVERT_OPTION_DEADLINE,
    CONVERT_OPTION_DIGESTFILE,
    CONVERT_OPTION_JOBS,
    CONVERT_OPTION_JSON,
    CONVERT_OPTION_NAME,
    CONVERT_OPTION_QUIET,
    CONVERT_OPTION_STRICT,
};

/* Embedded in the command, which outlives every use of `options`. */
struct convert_request {
    struct convert_options options; /* the archive is the command's to set */
    struct destination destinations[CONVERT_MAX_DESTINATIONS];
    struct registry_request registry;
    bool json, quiet;
};

#define CONVERT_REQUEST_INIT                                                                     \
    {                                                                                            \
        .options.window_bytes = CONVERT_DEFAULT_WINDOW_BYTES, .registry = REGISTRY_REQUEST_INIT, \
    }

extern const struct option_spec convert_option_specs[];

/* Takes the registries' options, too. */
int convert_request_set(struct convert_request *request, int id, const char *value,
                        struct error *error);
int convert_request_add_destination(struct convert_request *request, const char *text,
                                    struct error *error);
/* Once everything has been set: makes options whole. -1: ERROR_USAGE. */
int convert_request_complete(struct convert_request *request, struct error *error);
void convert_request_done(struct convert_request *request);

#endif
