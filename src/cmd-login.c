// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "prompt.h"
#include "registry-request.h"
#include "registry/login.h"

enum option_id {
    OPTION_PASSWORD_STDIN,
    OPTION_USERNAME,
};

static const struct option_spec options[] = {
    {"authfile", 0, "FILE",
     "where credentials are kept, else $REGISTRY_AUTH_FILE or the usual file",
     REGISTRY_OPTION_AUTHFILE},
    {"cert-dir", 0, "DIRECTORY",
     "CAs (*.crt) and client certificates (*.cert, *.key), else certs.d is searched",
     REGISTRY_OPTION_CERT_DIR},
    {"password-stdin", 0, NULL, "take the password from standard input", OPTION_PASSWORD_STDIN},
    {"tls-verify", 0, "[=BOOL]", REGISTRY_TLS_VERIFY_HELP, REGISTRY_OPTION_TLS_VERIFY},
    {"username", 'u', "NAME", "the user's name, else it is asked for", OPTION_USERNAME},
    {0},
};

struct request {
    struct registry_request registry;
    const char *name; /* of the registry */
    const char *username;
    bool password_stdin;
    struct buffer entered_username;
    struct buffer password;
};

static void request_done(struct request *request)
{
    registry_request_done(&request->registry);
    prompt_done(&request->entered_username);
    prompt_done(&request->password);
}

static int set_option(void *context, int id, const char *value, struct error *error)
{
    struct request *request = context;

    if (id >= REGISTRY_OPTION_FIRST)
        return registry_request_set(&request->registry, id, value, error);
    switch ((enum option_id)id) {
    case OPTION_PASSWORD_STDIN:
        request->password_stdin = true;
        break;
    case OPTION_USERNAME:
        request->username = value;
        break;
    }
    return 0;
}

static int parse_request(struct request *request, const struct command *command, int argc,
                         char **argv, struct error *error)
{
    int first = options_parse(command, argc, argv, set_option, request, error);

    if (first < 0)
        return -1;
    if (argc - first != 1) {
        error_set(error, ERROR_USAGE, "login needs one registry");
        return error_advice(error, "see ckptoci login --help");
    }
    if (request->password_stdin && !request->username)
        return error_set(error, ERROR_USAGE, "--password-stdin needs --username, too");
    request->name = argv[first];
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

static int login(struct request *request, struct cancel *cancel)
{
    cleanup_free char *where = NULL;
    struct error error = {0};

    if (take_username(request, cancel, &error) || take_password(request, cancel, &error) ||
        login_run(request->name, request->username, request->password.data,
                  &request->registry.options, cancel, &where, &error))
        return cmd_fail(&error);
    printf("logged in to %s as %s; kept in %s\n", request->name, request->username, where);
    return cmd_flush();
}

static int run_login(const struct command *command, int argc, char **argv)
{
    cleanup(request_done) struct request request = {.registry = REGISTRY_REQUEST_INIT};
    struct cancel *cancel;
    struct error error = {0};

    if (parse_request(&request, command, argc, argv, &error) < 0 || !(cancel = cmd_start(&error)))
        return cmd_fail(&error);
    return login(&request, cancel);
}

const struct command login_command = {
    .name = "login",
    .summary = "check and keep the credentials for a registry",
    .arguments = "[OPTIONS] REGISTRY",
    .details =
        "Shows a user name and a password to the registry and, if they are good, keeps them\n"
        "where ckptoci, podman, skopeo and buildah look for them.\n\n"
        "REGISTRY is HOST[:PORT], or HOST[:PORT]/NAMESPACE for credentials that are good\n"
        "for that part of it only.",
    .options = options,
    .run = run_login,
};
