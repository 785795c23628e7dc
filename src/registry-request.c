// SPDX-License-Identifier: Apache-2.0
#include "registry-request.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"

enum {
    RETRY_TIMES_MAX = 1000,
    CHUNK_MIN_BYTES = 64 << 10,
    LIMIT_RATE_MIN = 1 << 10, /* bytes a second */
};

const struct option_spec registry_option_specs[] = {
    {"authfile", 0, "FILE", "credentials for registries, else the usual files are searched",
     REGISTRY_OPTION_AUTHFILE},
    {"cert-dir", 0, "DIRECTORY",
     "CAs (*.crt) and client certificates (*.cert, *.key) for registries, else certs.d is searched",
     REGISTRY_OPTION_CERT_DIR},
    {"creds", 0, "USER:PASSWORD",
     "credentials for registries; other users of the system may see them, better use --authfile",
     REGISTRY_OPTION_CREDS},
    {"retry-delay", 0, "TIME",
     "wait before the first retry, then twice as long each time; default: 1s",
     REGISTRY_OPTION_RETRY_DELAY},
    {"retry-times", 0, "N", "tries after the first one that failed; default: 3",
     REGISTRY_OPTION_RETRY_TIMES},
    {"stall-timeout", 0, "TIME",
     "give a connection up that moves no byte for so long, 0 for never; default: 180s",
     REGISTRY_OPTION_STALL_TIMEOUT},
    {"tls-verify", 0, "[=BOOL]", REGISTRY_TLS_VERIFY_HELP, REGISTRY_OPTION_TLS_VERIFY},
    {0},
};

/* Our copy is wiped at the end; the one on the command line at once, so that ps does not show it
 * for as long as the upload takes. */
static void take_creds(struct registry_request *request, char *value)
{
    registry_request_done(request);
    request->creds = xstrdup(value);
    request->options.creds = request->creds;
    memset(value, '*', strlen(value));
}

static int set_retry_times(struct registry_request *request, const char *value, struct error *error)
{
    int times;

    if (options_parse_int(value, 0, RETRY_TIMES_MAX, &times, error) < 0)
        return -1;
    request->options.retry.times = (unsigned)times;
    return 0;
}

static int set_chunk_size(struct registry_request *request, const char *value, struct error *error)
{
    int64_t bytes;

    if (options_parse_size(value, CHUNK_MIN_BYTES, REGISTRY_CHUNK_MAX_BYTES, &bytes, error) < 0)
        return -1;
    request->options.chunk_bytes = (size_t)bytes;
    return 0;
}

int registry_request_set(struct registry_request *request, int id, const char *value,
                         struct error *error)
{
    switch ((enum registry_option_id)id) {
    case REGISTRY_OPTION_AUTHFILE:
        request->options.authfile = value;
        break;
    case REGISTRY_OPTION_CERT_DIR:
        request->options.cert_dir = value;
        break;
    case REGISTRY_OPTION_CHUNK_SIZE:
        return set_chunk_size(request, value, error);
    case REGISTRY_OPTION_LIMIT_RATE:
        request->options.rate_limit = &request->rate_limit;
        return options_parse_size(value, LIMIT_RATE_MIN, INT64_MAX >> 20,
                                  &request->rate_limit.bytes_per_s, error);
    case REGISTRY_OPTION_RETRY_DELAY:
        return options_parse_time_ms(value, &request->options.retry.delay_ms, error);
    case REGISTRY_OPTION_RETRY_TIMES:
        return set_retry_times(request, value, error);
    case REGISTRY_OPTION_STALL_TIMEOUT:
        return options_parse_time_ms(value, &request->options.stall_timeout_ms, error);
    case REGISTRY_OPTION_CREDS:
        take_creds(request, (char *)(uintptr_t)value);
        break;
    case REGISTRY_OPTION_TLS_VERIFY:
        request->options.tls_verify_given = true;
        return options_parse_bool(value, &request->options.tls_verify, error);
    }
    return 0;
}

void registry_request_done(struct registry_request *request)
{
    if (request->creds)
        explicit_bzero(request->creds, strlen(request->creds));
    free(request->creds);
    request->creds = NULL;
}
