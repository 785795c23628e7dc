// SPDX-License-Identifier: Apache-2.0
/*
 * What the commands that make images of archives share: the options that a user gives for it, and
 * how the result is shown, on standard output for a person or as JSON for a script.
 */
#ifndef CKPTOCI_CONVERT_SHARED_H
#define CKPTOCI_CONVERT_SHARED_H

#include <stdbool.h>

#include <jansson.h>

#include "base/error.h"
#include "cli/options.h"
#include "cli/shared-options.h"
#include "convert/convert.h"

/* Owns what `options` point to, apart from the archive; must not move once it is complete. */
struct convert_request {
    struct convert_options options; /* the archive is the command's to set */
    struct destination destinations[CONVERT_MAX_DESTINATIONS];
    bool may_replace, json, quiet;
};

#define CONVERT_REQUEST_INIT                                  \
    {                                                         \
        .options.window_bytes = CONVERT_DEFAULT_WINDOW_BYTES, \
        .options.registry = REGISTRY_OPTIONS_INIT,            \
    }

/* The base of this table is a struct convert_request. The options for registries are not in it:
 * registry_option_specs, with the base options.registry, goes along with it. */
extern const struct option_spec convert_option_specs[];

/* Whether an option of this name is in one of these two tables. */
bool convert_has_option(const char *name);

/* As an option has it: `request` is a struct convert_request. */
int convert_request_add_destination(void *request, const char *text, struct error *error);
/* Once everything has been set: makes options whole. -1: ERROR_USAGE. */
int convert_request_complete(struct convert_request *request, struct error *error);
void convert_request_done(struct convert_request *request);

/* A new object, the caller's. */
json_t *convert_view_json(const struct convert_result *result, const char *archive);
/* A line for each destination that has the image. */
void convert_view_plain(const struct convert_result *result);
/* What became of one destination; the digest counts where there is no error. */
json_t *convert_view_delivery(const struct destination *destination, bool already_there,
                              const struct digest *digest, const struct error *error);
/* For --digestfile. */
int convert_view_write_digest(const char *path, const struct digest *digest, struct error *error);

#endif
