// SPDX-License-Identifier: Apache-2.0
/*
 * A repository in a registry, as requests see it: where it is, who we are there, and what its
 * refusals mean. Owned by one source or target, of its thread.
 */
#ifndef CKPTOCI_REGISTRY_CLIENT_H
#define CKPTOCI_REGISTRY_CLIENT_H

#include <stdbool.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"
#include "http/http.h"
#include "oci/digest.h"
#include "oci/reference.h"
#include "registry/registry.h"

enum { WARNINGS_MAX = 16 }; /* different texts from one registry that are passed on */

struct client;

/* What the repository is opened for: a token is asked for no more than that. */
enum client_access { CLIENT_PULL, CLIENT_PUSH };

/* Finds the registry's scheme and what authorisation it asks for (distribution-spec, "Determining
 * Support"), after reading credentials and certificates. Without a path the reference stands for
 * the registry as a whole. All arguments are borrowed. */
int client_open(struct client **client, const struct reference *reference,
                enum client_access access, const struct registry_options *options,
                struct cancel *cancel, struct error *error);
void client_free(struct client *client);
DEFINE_CLEANUP(struct client *, client_free);

/* Whether it speaks HTTP, and to another machine than this one. */
bool client_is_in_clear(const struct client *client);

/* Whether the registry lets us in at all. */
int client_check_access(struct client *client, struct error *error);
/* Whether it wanted to know who we are. */
bool client_asked_for_credentials(const struct client *client);

/* The URL of something in the repository: "SCHEME://HOST/v2/PATH/" and what the format says. free()
 * it. */
char *client_url(const struct client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The status of the final response, after redirects and, where a 401 asks for it, with a new
 * authorisation; -1 where there is none. request->authorization is set by the client, and only for
 * the registry's own scheme, host and port. The response is read with client_http().
 *
 * What fails for a while is sent again as options->retry says, but for a request that is `once` or
 * has a streamed body or a receiver: its sender knows how to go on. Such a body that is spent when
 * a 401 comes is not sent again either, but whatever is sent next has the new authorisation.
 */
int client_send(struct client *client, struct http_request *request, struct error *error);
/* Whether that status, or that error with a status of -1, may pass by itself. */
bool client_may_retry(const struct client *client, int status, const struct error *error);
/* Before the next try of a request of the caller's, of which `error` tells how it failed: says so,
 * and waits as the options and the last response say.
 * -1: enough tries, `error` gets to know; or ERROR_INTERRUPTED. */
int client_wait(struct client *client, unsigned failures, struct error *error);
/* The same for a caller who waits himself. `error` is what failed; -1: enough tries. */
int client_plan_retry(struct client *client, unsigned failures, int64_t *delay_ms,
                      struct error *error);
/* Borrowed from whoever opened the client. */
const struct registry_options *client_options(const struct client *client);
struct http *client_http(struct client *client);

/* Makes the last response, whose status was not among the good ones, an error with the registry's
 * own words. Always -1. */
int client_refused(struct client *client, int status, struct error *error);

/* Whether the last response is a web page, as of a login that stands before the registry. */
bool client_got_page(struct client *client);
/* What was wanted instead. Always -1. */
int client_refuse_page(const struct client *client, const char *wanted, struct error *error);

/* Where the last response's Location points; free() it. -1: nowhere. */
int client_location(struct client *client, char **location, struct error *error);

/* Compares with the digest the registry says it stored, where it does. -1: another one. */
int client_check_digest(struct client *client, const struct digest *digest, struct error *error);

#endif
