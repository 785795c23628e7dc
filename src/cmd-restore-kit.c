// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "checkpoint/mount-plan.h"
#include "findings-view.h"
#include "progress-view.h"
#include "registry-request.h"
#include "restore-output.h"
#include "restore-view.h"
#include "stream/codec.h"
#include "task/restore-kit.h"

enum option_id {
    OPTION_ALLOW,
    OPTION_ENGINE,
    OPTION_ENGINE_VERSION,
    OPTION_FORCE,
    OPTION_FORMAT,
    OPTION_IMAGE,
    OPTION_NAME,
    OPTION_NAMESPACE,
    OPTION_NODE,
    OPTION_OUTPUT,
    OPTION_PLATFORM,
    OPTION_PRIVILEGES,
    OPTION_PULL_BASE,
    OPTION_PULL_SECRET,
    OPTION_QUIET,
};

static const struct option_spec options[] = {
    {"allow", 0, "CHECK",
     "let pass what this check finds; may be given several times; \"list\" prints the checks",
     OPTION_ALLOW},
    {"engine", 0, "ENGINE", "of the node: " ENGINE_NAMES_FOR_PODS "; default: the one that made it",
     OPTION_ENGINE},
    {"engine-version", 0, "VERSION",
     "of the node's engine, as in 1.36 or main; default: what all versions need",
     OPTION_ENGINE_VERSION},
    {"force", 'f', NULL, "replace a file that is there", OPTION_FORCE},
    {"format", 0, "FORMAT",
     "yaml or json, a Pod; or crictl, the files that crictl reads; default: yaml", OPTION_FORMAT},
    {"image", 0, "REFERENCE",
     "the checkpoint image, as nodes pull it; default: IMAGE by its digest", OPTION_IMAGE},
    {"name", 0, "NAME", "of the new pod; default: that of the old one", OPTION_NAME},
    {"namespace", 0, "NAMESPACE", "of the new pod; default: that of the old one", OPTION_NAMESPACE},
    {"node", 0, "NAME", "the node to restore it on; default: any one of its architecture",
     OPTION_NODE},
    {"output", 'o', "PATH",
     "write to this file, or for crictl to this directory; default: standard output",
     OPTION_OUTPUT},
    {"platform", 0, "OS/ARCH[/VARIANT]",
     "which image of an index, as in linux/arm64; default: that of this machine", OPTION_PLATFORM},
    {"privileges", 0, NULL,
     "grant the namespaces of the host, capabilities and privileged mode that the archive says the "
     "container had",
     OPTION_PRIVILEGES},
    {"pull-base", 0, "HOW",
     "have the base image pulled: pod, by a Pod of its own on --node; volume, as an image volume; "
     "default: by hand, as the comments say",
     OPTION_PULL_BASE},
    {"pull-secret", 0, "NAME", "image pull secret; may be given several times", OPTION_PULL_SECRET},
    {"quiet", 'q', NULL, "show no progress", OPTION_QUIET},
    {0},
};

enum format { FORMAT_YAML, FORMAT_JSON, FORMAT_CRICTL };

struct request {
    struct restore_kit_options kit;
    struct subject subject;
    struct registry_request registry;
    struct sandbox writable;
    json_t *pull_secrets;
    const char *output; /* NULL: standard output */
    enum format format;
    bool may_replace, quiet;
};

static void request_done(struct request *request)
{
    free((char *)(uintptr_t)request->kit.platform.os);
    subject_done(&request->subject);
    registry_request_done(&request->registry);
    json_decref(request->pull_secrets);
}

static int set_platform(struct restore_kit_options *kit, const char *value, struct error *error)
{
    struct platform platform;

    if (platform_parse(&platform, value, error))
        return -1;
    free((char *)(uintptr_t)kit->platform.os);
    kit->platform = platform;
    return 0;
}

static int set_format(struct request *request, const char *value, struct error *error)
{
    static const char *const names[] = {"yaml", "json", "crictl"};

    for (int i = 0; i < 3; i++) {
        if (strcmp(value, names[i]) != 0)
            continue;
        request->format = (enum format)i;
        request->kit.target = i == FORMAT_CRICTL ? RESTORE_BY_CRICTL : RESTORE_BY_KUBERNETES;
        return 0;
    }
    return error_set(error, ERROR_USAGE, "\"%s\" is not yaml, json or crictl", value);
}

static int set_base(struct restore_kit_options *kit, const char *value, struct error *error)
{
    if (strcmp(value, "pod") == 0)
        kit->base = RESTORE_BASE_BY_POD;
    else if (strcmp(value, "volume") == 0)
        kit->base = RESTORE_BASE_BY_VOLUME;
    else
        return error_set(error, ERROR_USAGE, "\"%s\" is neither pod nor volume", value);
    return 0;
}

static int set_reference(const char **image, const char *value, struct error *error)
{
    struct reference reference = {0};

    if (reference_parse(&reference, value, error))
        return -1;
    reference_done(&reference);
    *image = value;
    return 0;
}

static int set_name(const char **name, const char *value, bool is_valid(const char *),
                    struct error *error)
{
    if (!is_valid(value))
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is no name in Kubernetes: lower-case letters, digits, \"-\"%s",
                         value, is_valid == dns_is_label ? ", at most 63 of them" : " and \".\"");
    *name = value;
    return 0;
}

static int set_engine(struct restore_kit_options *kit, const char *value, struct error *error)
{
    const struct engine_info *engine;

    if (engine_parse(&kit->engine, value, error))
        return -1;
    engine = engine_info(kit->engine);
    if (engine->own_restore)
        return error_set(error, ERROR_USAGE, "%s does not restore into pods of Kubernetes; use %s",
                         engine->option, engine->own_restore);
    return 0;
}

static int add_pull_secret(struct request *request, const char *value, struct error *error)
{
    const char *name = value;

    if (set_name(&name, value, dns_is_subdomain, error))
        return -1;
    json_array_append_new(request->pull_secrets, json_string(name));
    return 0;
}

static int set_option(void *context, int id, const char *value, struct error *error)
{
    struct request *request = context;
    struct restore_kit_options *kit = &request->kit;

    if (id >= REGISTRY_OPTION_FIRST)
        return registry_request_set(&request->registry, id, value, error);
    switch ((enum option_id)id) {
    case OPTION_ALLOW:
        return findings_view_allow(&kit->policy, value, error);
    case OPTION_ENGINE:
        return set_engine(kit, value, error);
    case OPTION_ENGINE_VERSION:
        kit->version_text = value;
        return engine_version_parse(&kit->version, value, error);
    case OPTION_FORCE:
        request->may_replace = true;
        break;
    case OPTION_FORMAT:
        return set_format(request, value, error);
    case OPTION_IMAGE:
        return set_reference(&kit->image, value, error);
    case OPTION_NAME:
        return set_name(&kit->name, value, dns_is_subdomain, error);
    case OPTION_NAMESPACE:
        return set_name(&kit->pod_namespace, value, dns_is_label, error);
    case OPTION_NODE:
        return set_name(&kit->node, value, dns_is_subdomain, error);
    case OPTION_OUTPUT:
        request->output = value;
        break;
    case OPTION_PLATFORM:
        return set_platform(kit, value, error);
    case OPTION_PRIVILEGES:
        kit->grants_privileges = true;
        break;
    case OPTION_PULL_BASE:
        return set_base(kit, value, error);
    case OPTION_PULL_SECRET:
        return add_pull_secret(request, value, error);
    case OPTION_QUIET:
        request->quiet = true;
        break;
    }
    return 0;
}

/* What would be an option that does nothing. */
static int check_combination(const struct request *request, struct error *error)
{
    const struct restore_kit_options *kit = &request->kit;

    if (kit->base == RESTORE_BASE_BY_POD && !kit->node)
        return error_set(error, ERROR_USAGE,
                         "--pull-base pod needs --node: both Pods have to be on the same node");
    if (request->format == FORMAT_CRICTL &&
        (kit->node || kit->base != RESTORE_BASE_BY_HAND || json_array_size(kit->pull_secrets)))
        return error_set(error, ERROR_USAGE,
                         "--node, --pull-base and --pull-secret are for Pods, and have no meaning "
                         "with --format crictl");
    if (request->may_replace && !request->output)
        return error_set(error, ERROR_USAGE, "--force has no meaning without --output");
    if (kit->version_text && kit->engine == ENGINE_UNKNOWN)
        return error_set(error, ERROR_USAGE, "--engine-version has no meaning without --engine");
    return 0;
}

static int parse_request(struct request *request, const struct command *command, int argc,
                         char **argv, struct error *error)
{
    struct restore_kit_options *kit = &request->kit;
    int first = options_parse(command, argc, argv, set_option, request, error);

    if (first < 0)
        return -1;
    if (argc - first != 1) {
        error_set(error, ERROR_USAGE, "restore-kit needs one archive or image");
        return error_advice(error, "see ckptoci restore-kit --help");
    }
    kit->pull_secrets = request->pull_secrets;
    if (check_combination(request, error) || subject_parse(&request->subject, argv[first], error))
        return -1;
    kit->subject = &request->subject;
    kit->registry = request->registry.options;
    kit->writable = &request->writable;
    return 0;
}

static const char *const crictl_files[] = {"pod-config.json", "container-config.json"};

static int open_output(struct request *request, struct restore_output *output, struct error *error)
{
    if (!request->output)
        return 0;
    return request->format == FORMAT_CRICTL
               ? restore_output_open_directory(output, request->output, crictl_files,
                                               request->may_replace, &request->writable, error)
               : restore_output_open_file(output, request->output, request->may_replace,
                                          &request->writable, error);
}

static char *make_text(const struct request *request, const struct restore_kit *kit)
{
    switch (request->format) {
    case FORMAT_YAML:
        return restore_view_yaml(kit);
    case FORMAT_JSON:
        return restore_view_json(kit);
    case FORMAT_CRICTL:
        break;
    }
    return restore_view_crictl(kit);
}

static int write_files(const struct request *request, const struct restore_kit *kit,
                       struct restore_output *output, struct error *error)
{
    bool are_two = request->format == FORMAT_CRICTL;
    cleanup_free char *first = are_two ? restore_view_document(json_array_get(kit->documents, 0))
                                       : make_text(request, kit);
    cleanup_free char *second =
        are_two ? restore_view_document(json_array_get(kit->documents, 1)) : NULL;

    return restore_output_write(output, (char *[]){first, second}, error);
}

static int print(const struct request *request, const struct restore_kit *kit)
{
    cleanup_free char *text = make_text(request, kit);

    fputs(text, stdout);
    return cmd_flush();
}

static int report(const struct request *request, const struct restore_kit *kit,
                  struct restore_output *output)
{
    struct error error = {0};
    int status;

    findings_view_warn(&kit->findings);
    if (request->output)
        status = write_files(request, kit, output, &error) ? cmd_fail(&error) : EXIT_SUCCESS;
    else
        status = print(request, kit);
    if (status)
        return status;
    if (request->format != FORMAT_YAML)
        restore_view_print_notes(kit);
    else if (kit->mark_count)
        fprintf(stderr, "ckptoci: %zu thing%s to fill in first: the comments on top tell\n",
                kit->mark_count, kit->mark_count == 1 ? "" : "s");
    return EXIT_SUCCESS;
}

static int make_kit(struct request *request, struct restore_output *output, struct cancel *cancel)
{
    cleanup(restore_kit_done) struct restore_kit kit = {0};
    struct progress progress = {0};
    struct error error = {0};
    struct progress_view *view;
    int status;

    if (open_output(request, output, &error))
        return cmd_fail(&error);
    view = progress_view_new(&progress, request->quiet);
    status = restore_kit_run(&request->kit, &kit, &progress, cancel, &error);
    progress_view_free(view);
    if (status == 0)
        return report(request, &kit, output);
    findings_view_advise(&kit.findings, &error);
    return cmd_fail(&error);
}

static int run_restore_kit(const struct command *command, int argc, char **argv)
{
    cleanup(request_done) struct request request = {.registry = REGISTRY_REQUEST_INIT,
                                                    .pull_secrets = json_array()};
    cleanup(restore_output_done) struct restore_output output = {0};
    struct cancel *cancel;
    struct error error = {0};

    if (parse_request(&request, command, argc, argv, &error) < 0 || !(cancel = cmd_start(&error)))
        return cmd_fail(&error);
    return make_kit(&request, &output, cancel);
}

const struct command restore_kit_command = {
    .name = "restore-kit",
    .summary = "print the Pod, or crictl's files, that restores a checkpoint",
    .arguments = "[OPTIONS] ARCHIVE|IMAGE",
    .details =
        "Prints a Pod that restores the container of a checkpoint: image, names, node,\n"
        "every mount that the engine insists on and a volume for each. What the archive\n"
        "does not tell says " RESTORE_FILL_IN ". Comments on top tell what to fill in, what the\n"
        "engine and the node need, and which commands to run. With --format crictl it\n"
        "is pod-config.json and container-config.json, to restore it without Kubernetes.\n\n"
        "ARCHIVE is a file, or - for standard input: " CODEC_ARCHIVES ".\n"
        "IMAGE is one of\n"
        "  docker://HOST[:PORT]/NAME[:TAG][@DIGEST]   a registry; docker:// may be left out\n"
        "  oci:DIRECTORY[:TAG][@DIGEST]               an OCI image layout\n"
        "  oci-archive:FILE[:TAG][@DIGEST]            a tar file of an OCI image layout\n\n"
        "Exit status: 0 done, 1 it cannot be restored so, or not be read, 3 refused.",
    .options = options,
    .shared = registry_option_specs,
    .run = run_restore_kit,
};
