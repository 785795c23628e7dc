// SPDX-License-Identifier: Apache-2.0
/*
 * The options that every command has that talks to registries: who we are there, whom we trust. A
 * command names registry_option_specs as its shared options and passes their ids on.
 */
#ifndef CKPTOCI_REGISTRY_REQUEST_H
#define CKPTOCI_REGISTRY_REQUEST_H

#include "config.h"

#include "base/error.h"
#include "options.h"
#include "registry/registry.h"

/* Ids below are the commands' own. A command that takes only some of these options has them in a
 * table of its own. */
enum registry_option_id {
    REGISTRY_OPTION_FIRST = 1000,
    REGISTRY_OPTION_AUTHFILE = REGISTRY_OPTION_FIRST,
    REGISTRY_OPTION_CERT_DIR,
    REGISTRY_OPTION_CHUNK_SIZE,
    REGISTRY_OPTION_CREDS,
    REGISTRY_OPTION_LIMIT_RATE,
    REGISTRY_OPTION_RETRY_DELAY,
    REGISTRY_OPTION_RETRY_TIMES,
    REGISTRY_OPTION_STALL_TIMEOUT,
    REGISTRY_OPTION_TLS_VERIFY,
};

#ifdef HAVE_REGISTRIES_CONF
#define REGISTRY_TLS_VERIFY_DEFAULT "as registries.conf says, else true"
#else
#define REGISTRY_TLS_VERIFY_DEFAULT "true"
#endif
#define REGISTRY_TLS_VERIFY_HELP                                                   \
    "require HTTPS and verify certificates; default: " REGISTRY_TLS_VERIFY_DEFAULT \
    ". With false, unverified HTTPS and then HTTP are taken"

/* Embedded in the command's request, which outlives every use of `options`. */
struct registry_request {
    struct registry_options options;
    struct rate_limit rate_limit;
    char *creds; /* our copy, secret */
};

#define REGISTRY_REQUEST_INIT                                                           \
    {                                                                                   \
        .rate_limit = RATE_LIMIT_INIT, .options =                                       \
        {.tls_verify = true,                                                            \
         .retry = {.times = REGISTRY_RETRY_TIMES, .delay_ms = REGISTRY_RETRY_DELAY_MS}, \
         .stall_timeout_ms = REGISTRY_STALL_TIMEOUT_MS }                                \
    }

/* For commands that push, in a table of their own. */
#define REGISTRY_CHUNK_SIZE_SPEC                                                                  \
    {                                                                                             \
        "chunk-size", 0, "SIZE",                                                                  \
            "send layers in requests of at most SIZE, for a proxy that limits them; default: in " \
            "one, and smaller where that is refused",                                             \
            REGISTRY_OPTION_CHUNK_SIZE                                                            \
    }

#define REGISTRY_LIMIT_RATE_SPEC                                                                 \
    {                                                                                            \
        "limit-rate", 0, "RATE",                                                                 \
            "send at most RATE bytes of layers a second, to all registries together; 50M is 50 " \
            "MiB",                                                                               \
            REGISTRY_OPTION_LIMIT_RATE                                                           \
    }

extern const struct option_spec registry_option_specs[];

int registry_request_set(struct registry_request *request, int id, const char *value,
                         struct error *error);
void registry_request_done(struct registry_request *request);

#endif
