// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/kube-name.h"
#include "cli/progress-view.h"
#include "cli/restore-output.h"
#include "cli/shared-options.h"
#include "cli/view.h"
#include "restore/kit.h"

enum format { FORMAT_YAML, FORMAT_JSON, FORMAT_CRICTL };

struct request {
    struct restore_kit_options kit;
    struct subject subject;
    struct sandbox writable;
    json_t *pull_secrets;
    struct restore_output files;
    const char *output; /* NULL: standard output */
    enum format format;
    bool may_replace, quiet;
};

static int set_format(void *field, const char *value, struct error *error)
{
    static const char *const names[] = {"yaml", "json", "crictl", NULL};
    int format = option_is_one_of(value, names, "not yaml, json or crictl", error);

    if (format < 0)
        return -1;
    *(enum format *)field = (enum format)format;
    return 0;
}

static int set_base(void *field, const char *value, struct error *error)
{
    static const char *const names[] = {"pod", "volume", NULL};
    int base = option_is_one_of(value, names, "neither pod nor volume", error);

    if (base < 0)
        return -1;
    *(enum restore_base *)field = base == 0 ? RESTORE_BASE_BY_POD : RESTORE_BASE_BY_VOLUME;
    return 0;
}

static int set_reference(void *field, const char *value, struct error *error)
{
    struct reference reference = {0};

    if (reference_parse(&reference, value, error))
        return -1;
    reference_done(&reference);
    *(const char **)field = value;
    return 0;
}

static int set_label(void *field, const char *value, struct error *error)
{
    if (!dns_is_label(value))
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is no name in Kubernetes: lower-case letters, digits, \"-\", at "
                         "most 63 of them",
                         value);
    *(const char **)field = value;
    return 0;
}

static int set_subdomain(void *field, const char *value, struct error *error)
{
    if (!dns_is_subdomain(value))
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is no name in Kubernetes: lower-case letters, digits, \"-\" and "
                         "\".\"",
                         value);
    *(const char **)field = value;
    return 0;
}

static int set_engine(void *field, const char *value, struct error *error)
{
    enum engine *engine = field;

    if (engine_parse(engine, value, error))
        return -1;
    if (*engine == ENGINE_PODMAN)
        return error_set(error, ERROR_USAGE,
                         "podman does not restore into pods of Kubernetes; use podman container "
                         "restore");
    return 0;
}

static int add_pull_secret(void *field, const char *value, struct error *error)
{
    json_t **secrets = field;

    if (set_subdomain(&(const char *){NULL}, value, error))
        return -1;
    if (!*secrets)
        *secrets = json_array();
    json_array_append_new(*secrets, json_string(value));
    return 0;
}

#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {ALLOW_OPTION(kit.policy)},
    {"engine", 0, "ENGINE", "of the node: cri-o or containerd; default: the one that made it",
     OPTION_SPECIAL(set_engine, kit.engine)},
    {"engine-version", 0, "VERSION",
     "of the node's engine, as in 1.36 or main; default: what all versions need",
     OPTION_SPECIAL(option_engine_version, kit.version_text)},
    {"force", 'f', NULL, "replace a file that is there", OPTION_FLAG(may_replace)},
    {"format", 0, "FORMAT",
     "yaml or json, a Pod; or crictl, the files that crictl reads; default: yaml",
     OPTION_SPECIAL(set_format, format)},
    {"image", 0, "REFERENCE",
     "the checkpoint image, as nodes pull it; default: IMAGE by its digest",
     OPTION_SPECIAL(set_reference, kit.image)},
    {MAX_UNPACKED_OPTION(kit.max_unpacked_bytes)},
    {"name", 0, "NAME", "of the new pod; default: that of the old one",
     OPTION_SPECIAL(set_subdomain, kit.name)},
    {"namespace", 0, "NAMESPACE", "of the new pod; default: that of the old one",
     OPTION_SPECIAL(set_label, kit.pod_namespace)},
    {"node", 0, "NAME", "the node to restore it on; default: any one of its architecture",
     OPTION_SPECIAL(set_subdomain, kit.node)},
    {"output", 'o', "PATH",
     "write to this file, or for crictl to this directory; default: standard output",
     OPTION_TEXT(output)},
    {PLATFORM_OPTION(kit.platform)},
    {"privileges", 0, NULL,
     "grant the namespaces of the host, capabilities and privileged mode that the archive says the "
     "container had",
     OPTION_FLAG(kit.grants_privileges)},
    {"pull-base", 0, "HOW",
     "have the base image pulled: pod, by a Pod of its own on --node; volume, as an image volume; "
     "default: by hand, as the comments say",
     OPTION_SPECIAL(set_base, kit.base)},
    {"pull-secret", 0, "NAME", "image pull secret; may be given several times",
     OPTION_SPECIAL(add_pull_secret, pull_secrets)},
    {QUIET_OPTION(quiet)},
    {0},
};

/* What would be an option that does nothing. */
static int check_combination(const struct request *request, struct error *error)
{
    const struct restore_kit_options *kit = &request->kit;

    if (kit->base == RESTORE_BASE_BY_POD && !kit->node)
        return error_set(error, ERROR_USAGE,
                         "--pull-base pod needs --node: both Pods have to be on the same node");
    if (request->format == FORMAT_CRICTL &&
        (kit->node || kit->base != RESTORE_BASE_BY_HAND || request->pull_secrets))
        return error_set(error, ERROR_USAGE,
                         "--node, --pull-base and --pull-secret are for Pods, and have no meaning "
                         "with --format crictl");
    if (request->may_replace && !request->output)
        return error_set(error, ERROR_USAGE, "--force has no meaning without --output");
    return 0;
}

static int prepare(void *context, const struct command_line *line, struct error *error)
{
    struct request *request = context;
    struct restore_kit_options *kit = &request->kit;

    if (check_combination(request, error) ||
        option_engine_version_use(kit->version_text, kit->engine, &kit->version, error) ||
        option_check_standard_input(line->arguments[0], false, error) ||
        subject_parse(&request->subject, line->arguments[0], error))
        return -1;
    kit->subject = &request->subject;
    kit->target = request->format == FORMAT_CRICTL ? RESTORE_BY_CRICTL : RESTORE_BY_KUBERNETES;
    kit->pull_secrets = request->pull_secrets;
    kit->writable = &request->writable;
    return 0;
}

static const char *const crictl_files[] = {"pod-config.json", "container-config.json"};

static int open_output(struct request *request, struct error *error)
{
    if (!request->output)
        return 0;
    return request->format == FORMAT_CRICTL
               ? restore_output_open_directory(&request->files, request->output, crictl_files,
                                               request->may_replace, &request->writable, error)
               : restore_output_open_file(&request->files, request->output, request->may_replace,
                                          &request->writable, error);
}

static char *make_text(const struct request *request, const struct restore_kit *kit)
{
    switch (request->format) {
    case FORMAT_YAML:
        return restore_text_yaml(kit);
    case FORMAT_JSON:
        return restore_text_json(kit);
    case FORMAT_CRICTL:
        break;
    }
    return restore_text_crictl(kit);
}

static int write_files(struct request *request, const struct restore_kit *kit, struct error *error)
{
    bool are_two = request->format == FORMAT_CRICTL;
    cleanup_free char *first = are_two ? restore_text_document(json_array_get(kit->documents, 0))
                                       : make_text(request, kit);
    cleanup_free char *second =
        are_two ? restore_text_document(json_array_get(kit->documents, 1)) : NULL;

    return restore_output_write(&request->files, (char *[]){first, second}, error);
}

static int print(const struct request *request, const struct restore_kit *kit)
{
    cleanup_free char *text = make_text(request, kit);

    fputs(text, stdout);
    return cmd_flush();
}

static int report(struct request *request, const struct restore_kit *kit, struct error *error)
{
    int status;

    view_warnings(&kit->findings, subject_name(&request->subject));
    if (request->output)
        status = write_files(request, kit, error);
    else
        status = print(request, kit);
    if (status)
        return status;
    if (request->format != FORMAT_YAML)
        restore_print_notes(kit);
    else if (kit->mark_count)
        fprintf(stderr, "ckptoci: %zu thing%s to fill in first: the comments on top tell\n",
                kit->mark_count, kit->mark_count == 1 ? "" : "s");
    return EXIT_SUCCESS;
}

static int run(void *context, struct cancel *cancel, struct error *error)
{
    cleanup(restore_kit_done) struct restore_kit kit = {0};
    struct request *request = context;
    struct progress progress = {0};
    struct progress_view *view;
    int status;

    if (open_output(request, error))
        return -1;
    view = progress_view_new(&progress, PROGRESS_READS, request->quiet);
    status = restore_kit_run(&request->kit, &kit, &progress, cancel, error);
    progress_view_free(view);
    if (status == 0)
        return report(request, &kit, error);
    view_advise(&kit.findings, error);
    return -1;
}

static void done(void *context)
{
    struct request *request = context;

    restore_output_done(&request->files);
    option_platform_done(&request->kit.platform);
    subject_done(&request->subject);
    registry_options_done(&request->kit.registry);
    json_decref(request->pull_secrets);
}

static const struct request defaults = {.kit = {.registry = REGISTRY_OPTIONS_INIT}};

const struct command restore_kit_command = {
    .name = "restore-kit",
    .summary = "print the Pod, or crictl's files, that restores a checkpoint",
    .arguments = "[OPTIONS] ARCHIVE|IMAGE",
    .details =
        "Prints a Pod that restores the container of a checkpoint: image, names, node,\n"
        "every mount that the engine insists on and a volume for each. What the archive\n"
        "does not tell says " RESTORE_FILL_IN ". Comments on top tell what to fill in, what the\n"
        "engine and the node need, and which commands to run. With --format crictl it\n"
        "is pod-config.json and container-config.json, to restore it without "
        "Kubernetes.\n\n" ARCHIVE_HELP IMAGE_HELP "\n"
        "Exit status: 0 done, 1 it cannot be restored so, or not be read, 3 refused.",
    .needs = "restore-kit needs one archive or image",
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .shared = {{registry_option_specs, offsetof(struct request, kit.registry)}},
    .request_size = sizeof(struct request),
    .defaults = &defaults,
    .prepare = prepare,
    .run = run,
    .done = done,
};
