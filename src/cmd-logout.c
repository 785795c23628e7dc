// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <stdio.h>

#include "base/memory.h"
#include "registry-request.h"
#include "registry/login.h"

enum option_id {
    OPTION_ALL,
};

static const struct option_spec options[] = {
    {"all", 'a', NULL, "forget the credentials for all registries", OPTION_ALL},
    {"authfile", 0, "FILE",
     "where credentials are kept, else $REGISTRY_AUTH_FILE or the usual file",
     REGISTRY_OPTION_AUTHFILE},
    {0},
};

struct request {
    struct registry_request registry;
    const char *name; /* of the registry; NULL: all */
    bool all;
};

static int set_option(void *context, int id, const char *value, struct error *error)
{
    struct request *request = context;

    if (id >= REGISTRY_OPTION_FIRST)
        return registry_request_set(&request->registry, id, value, error);
    request->all = true;
    return 0;
}

static int parse_request(struct request *request, const struct command *command, int argc,
                         char **argv, struct error *error)
{
    int first = options_parse(command, argc, argv, set_option, request, error);

    if (first < 0)
        return -1;
    if (argc - first != (request->all ? 0 : 1)) {
        error_set(error, ERROR_USAGE, "logout needs one registry, or --all and none");
        return error_advice(error, "see ckptoci logout --help");
    }
    request->name = request->all ? NULL : argv[first];
    return request->all ? 0 : login_check_registry(request->name, error);
}

static int run_logout(const struct command *command, int argc, char **argv)
{
    struct request request = {.registry = REGISTRY_REQUEST_INIT};
    struct cancel *cancel;
    cleanup_free char *where = NULL;
    struct error error = {0};

    if (parse_request(&request, command, argc, argv, &error) < 0 || !(cancel = cmd_start(&error)) ||
        logout_run(request.name, &request.registry.options, cancel, &where, &error))
        return cmd_fail(&error);
    printf("logged out of %s; gone from %s\n", request.name ? request.name : "all registries",
           where);
    return cmd_flush();
}

const struct command logout_command = {
    .name = "logout",
    .summary = "forget the credentials for a registry",
    .arguments = "[OPTIONS] REGISTRY | --all",
    .details =
        "Removes the credentials that ckptoci login, podman login and the like have kept for\n"
        "a registry. REGISTRY is named as it was to login.",
    .options = options,
    .run = run_logout,
};
