// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cli/prompt.h"
#include "cli/shared-options.h"
#include "registry/login.h"

struct request {
    struct registry_options registry;
    const char *name; /* of the registry */
    const char *username;
    bool password_stdin;
    struct buffer entered_username;
    struct buffer password;
};

#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {KEPT_AUTHFILE_OPTION(registry.authfile)},
    {"cert-dir", 0, "DIRECTORY",
     "CAs (*.crt) and client certificates (*.cert, *.key), else certs.d is searched",
     OPTION_TEXT(registry.cert_dir)},
    {"password-stdin", 0, NULL, "take the password from standard input",
     OPTION_FLAG(password_stdin)},
    {TLS_VERIFY_OPTION(registry.tls_verify)},
    {"username", 'u', "NAME", "the user's name, else it is asked for", OPTION_TEXT(username)},
    {0},
};

static int prepare(void *context, char **arguments, struct error *error)
{
    struct request *request = context;

    if (request->password_stdin && !request->username)
        return error_set(error, ERROR_USAGE, "--password-stdin needs --username, too");
    request->name = arguments[0];
    return login_check_registry(request->name, error);
}

static int take_password(struct request *request, struct cancel *cancel, struct error *error)
{
    int result;

    if (request->password_stdin)
        result = prompt_stdin(&request->password, cancel, error);
    else
        result = prompt_line(&request->password, "Password", false, cancel, error);
    if (result && error->kind != ERROR_INTERRUPTED) {
        error_context(error, "the password");
        return error_advice(error, "type it on a terminal, or give it with --password-stdin");
    }
    return result;
}

static int take_username(struct request *request, struct cancel *cancel, struct error *error)
{
    if (!request->username) {
        if (prompt_line(&request->entered_username, "Username", true, cancel, error)) {
            error_context(error, "the user name");
            return error->kind == ERROR_INTERRUPTED
                       ? -1
                       : error_advice(error, "give it with --username");
        }
        request->username = request->entered_username.data;
    }
    if (!*request->username || strchr(request->username, ':'))
        return error_set(error, ERROR_USAGE, "the user name is empty or has a \":\" in it");
    return 0;
}

static int run(void *context, struct cancel *cancel, struct error *error)
{
    struct request *request = context;
    cleanup_free char *where = NULL;

    if (take_username(request, cancel, error) || take_password(request, cancel, error) ||
        login_run(request->name, request->username, request->password.data, &request->registry,
                  cancel, &where, error))
        return -1;
    printf("logged in to %s as %s; kept in %s\n", request->name, request->username, where);
    return 0;
}

static void done(void *context)
{
    struct request *request = context;

    prompt_done(&request->entered_username);
    prompt_done(&request->password);
}

static const struct request defaults = {.registry = REGISTRY_OPTIONS_INIT};

const struct command login_command = {
    .name = "login",
    .summary = "check and keep the credentials for a registry",
    .arguments = "[OPTIONS] REGISTRY",
    .details =
        "Shows a user name and a password to the registry and, if they are good, keeps them\n"
        "where ckptoci, podman, skopeo and buildah look for them.\n\n"
        "REGISTRY is HOST[:PORT], or HOST[:PORT]/NAMESPACE for credentials that are good\n"
        "for that part of it only.",
    .needs = "login needs one registry",
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .request_size = sizeof(struct request),
    .defaults = &defaults,
    .prepare = prepare,
    .run = run,
    .done = done,
};
