// SPDX-License-Identifier: Apache-2.0
#include "registry-request.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"

const struct option_spec registry_option_specs[] = {
    {"authfile", 0, "FILE", "credentials for registries, else the usual files are searched",
     REGISTRY_OPTION_AUTHFILE},
    {"cert-dir", 0, "DIRECTORY",
     "CAs (*.crt) and client certificates (*.cert, *.key) for registries, else certs.d is searched",
     REGISTRY_OPTION_CERT_DIR},
    {"creds", 0, "USER:PASSWORD",
     "credentials for registries; other users of the system may see them, better use --authfile",
     REGISTRY_OPTION_CREDS},
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
