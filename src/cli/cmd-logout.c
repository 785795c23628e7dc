// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include <stdio.h>

#include "base/memory.h"
#include "cli/shared-options.h"
#include "cli/view.h"
#include "registry/login.h"

struct request {
    struct registry_options registry;
    const char *name; /* of the registry; NULL: all */
    bool all;
};

#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {"all", 'a', NULL, "forget the credentials for all registries", OPTION_FLAG(all)},
    {KEPT_AUTHFILE_OPTION(registry.authfile)},
    {0},
};

static int prepare(void *context, const struct command_line *line, struct error *error)
{
    struct request *request = context;

    if (line->argument_count != (request->all ? 0 : 1))
        return options_wrong_arguments(&logout_command, error);
    request->name = line->arguments[0];
    return request->all ? 0 : login_check_registry(request->name, error);
}

static int run(void *context, struct cancel *cancel, struct error *error)
{
    const struct request *request = context;
    cleanup_free char *where = NULL;

    if (logout_run(request->name, &request->registry, cancel, &where, error))
        return -1;
    view_line("logged out of %s; gone from %s", request->name ? request->name : "all registries",
              where);
    return 0;
}

static const struct request defaults = {.registry = REGISTRY_OPTIONS_INIT};

const struct command logout_command = {
    .name = "logout",
    .summary = "forget the credentials for a registry",
    .arguments = "[OPTIONS] REGISTRY | --all",
    .details =
        "Removes the credentials that ckptoci login, podman login and the like have kept for\n"
        "a registry. REGISTRY is named as it was to login.",
    .needs = "logout needs one registry, or --all and none",
    .max_arguments = 1,
    .options = options,
    .request_size = sizeof(struct request),
    .defaults = &defaults,
    .prepare = prepare,
    .run = run,
};
