// SPDX-License-Identifier: Apache-2.0
/*
 * What every command is asked for that makes images of archives. convert_option_specs has its
 * options but for those of registries, whose table has the base options.registry.
 */
#ifndef CKPTOCI_CONVERT_REQUEST_H
#define CKPTOCI_CONVERT_REQUEST_H

#include <stdbool.h>

#include "base/error.h"
#include "cli/options.h"
#include "cli/shared-options.h"
#include "task/convert.h"

/* Owns what `options` point to, apart from the archive; must not move once it is complete. */
struct convert_request {
    struct convert_options options; /* the archive is the command's to set */
    struct destination destinations[CONVERT_MAX_DESTINATIONS];
    bool json, quiet;
};

#define CONVERT_REQUEST_INIT                           \
    {                                                  \
        .options =                                     \
        {.window_bytes = CONVERT_DEFAULT_WINDOW_BYTES, \
         .registry = REGISTRY_OPTIONS_INIT }           \
    }

/* The base of this table is a struct convert_request. */
extern const struct option_spec convert_option_specs[];

/* As an option has it: `request` is a struct convert_request. */
int convert_request_add_destination(void *request, const char *text, struct error *error);
/* Once everything has been set: makes options whole. -1: ERROR_USAGE. */
int convert_request_complete(struct convert_request *request, struct error *error);
void convert_request_done(struct convert_request *request);

#endif
