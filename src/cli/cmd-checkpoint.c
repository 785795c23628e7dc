// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "cli/convert-shared.h"
#include "cli/progress-view.h"
#include "cli/view.h"
#include "task/container-checkpoint.h"

struct request {
    struct container_checkpoint_options checkpoint;
    struct convert_request convert;
    char *name; /* what the names point into */
    bool all_containers;
};

#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {"all-containers", 0, NULL, "checkpoint every container of the pod; its images get an index",
     OPTION_FLAG(all_containers)},
    {"cacert", 0, "FILE", "trust the kubelet, or the API server, by these certificates alone",
     OPTION_TEXT(checkpoint.kubelet.ca)},
    {"cert", 0, "FILE", "client certificate for it, with --key",
     OPTION_TEXT(checkpoint.kubelet.certificate)},
    {"delete-after-push", 0, NULL,
     "remove the archive when every destination has confirmed the image",
     OPTION_FLAG(checkpoint.deletes_archives)},
    {"insecure-skip-tls-verify", 0, NULL, "do not verify the kubelet's or API server's certificate",
     OPTION_FLAG(checkpoint.kubelet.insecure)},
    {"key", 0, "FILE", "the client certificate's key", OPTION_TEXT(checkpoint.kubelet.key)},
    {"kubeconfig", 0, "FILE",
     "take credentials from there, and the API server with --via-apiserver",
     OPTION_TEXT(checkpoint.kubelet.kubeconfig)},
    {"node", 0, "URL", "the kubelet to ask; default: " KUBELET_DEFAULT_NODE,
     OPTION_TEXT(checkpoint.kubelet.node)},
    {"timeout", 0, "SECONDS", "that the container engine gets; default: the kubelet's, 120",
     OPTION_INTEGER(checkpoint.kubelet.timeout_s, 1, KUBELET_MAX_TIMEOUT_S)},
    {"to", 0, "DESTINATION",
     "convert the archive and push it there, as convert does; may be given several times",
     OPTION_SPECIAL(convert_request_add_destination, convert)},
    {"token-file", 0, "FILE", "bearer token for it", OPTION_TEXT(checkpoint.kubelet.token_file)},
    {"via-apiserver", 0, "NODE", "ask the kubelet of this node through the API server",
     OPTION_TEXT(checkpoint.kubelet.via_apiserver)},
    {0},
};

/* NAMESPACE/POD/CONTAINER; with --all-containers NAMESPACE/POD, or a POD of the namespace that is
 * called default. */
static int parse_name(struct request *request, const char *text, struct error *error)
{
    struct container_name *name = &request->checkpoint.name;
    const char *parts[4] = {0};
    char *rest;
    int count = 0;

    rest = request->name = xstrdup(text);
    while (count < 4 && rest)
        parts[count++] = strsep(&rest, "/");
    if (request->all_containers && count == 1)
        *name = (struct container_name){"default", parts[0], NULL};
    else if (request->all_containers ? count == 2 : count == 3)
        *name = (struct container_name){parts[0], parts[1], parts[2]};
    else
        return error_set(error, ERROR_USAGE, "\"%s\" is not %s", text,
                         request->all_containers ? "NAMESPACE/POD" : "NAMESPACE/POD/CONTAINER");
    return 0;
}

/* Whether options were given that mean something only where images are made. */
static bool has_image_options(const struct command_line *line)
{
    for (size_t i = 0; i < line->given_count; i++) {
        const char *name = line->given[i].name;

        if (convert_has_option(name) && strcmp(name, "json") != 0 && strcmp(name, "quiet") != 0 &&
            strcmp(name, "stall-timeout") != 0)
            return true;
    }
    return false;
}

static int check_combination(const struct request *request, const struct command_line *line,
                             struct error *error)
{
    const struct convert_options *convert = &request->convert.options;

    if (convert->destination_count == 0 && request->checkpoint.deletes_archives)
        return error_set(error, ERROR_USAGE, "--delete-after-push has no meaning without --to");
    if (convert->destination_count == 0 && has_image_options(line))
        return error_set(error, ERROR_USAGE, "options for images have no meaning without --to");
    if (convert->name && request->all_containers)
        return error_set(error, ERROR_USAGE,
                         "--name is for one container, and --all-containers for several");
    return container_checkpoint_check(&request->checkpoint, error);
}

static int prepare(void *context, const struct command_line *line, struct error *error)
{
    struct request *request = context;
    struct convert_options *convert = &request->convert.options;

    if (convert_request_complete(&request->convert, error))
        return -1;
    if (line->argument_count != 1)
        return options_wrong_arguments(&checkpoint_command, error);
    request->checkpoint.convert = convert;
    request->checkpoint.kubelet.stall_timeout_ms = convert->registry.stall_timeout_ms;
    cmd_defer_sigterm(convert->deadline_s);
    if (parse_name(request, line->arguments[0], error))
        return -1;
    return check_combination(request, line, error);
}

/* The archives' paths, or the images where there are destinations. */
static void print_plain(const struct request *request,
                        const struct container_checkpoint_result *result)
{
    for (size_t i = 0; i < result->container_count; i++) {
        const struct container_outcome *container = &result->containers[i];

        if (request->convert.options.destination_count > 0)
            convert_view_plain(container->convert);
        else if (container->path)
            view_line("%s", container->path);
    }
    for (unsigned i = 0; result->indexes && i < result->index_count; i++)
        if (result->indexes[i].error.kind == ERROR_NONE)
            view_line("%s@%s", result->indexes[i].destination->name,
                      result->indexes[i].digest.text);
}

/* What convert tells of an archive, and which archive of what container it was. */
static json_t *report_container(const struct container_outcome *container)
{
    json_t *report = convert_view_json(container->convert, "");
    bool failed = container->error.kind != ERROR_NONE;
    json_t *ours =
        json_pack("{s:o, s:b, s:s*}", "container", utf8_text(container->container), "deleted",
                  container->is_deleted, "error", failed ? container->error.text : NULL);

    json_set_text(ours, "path", container->path);

    json_object_del(report, "archive");
    json_object_del(report, "seconds");
    json_object_update(report, ours);
    json_decref(ours);
    return report;
}

static json_t *report_indexes(const struct container_checkpoint_result *result)
{
    json_t *indexes = json_array();

    for (unsigned i = 0; result->indexes && i < result->index_count; i++) {
        const struct index_outcome *index = &result->indexes[i];

        json_array_append_new(indexes,
                              convert_view_delivery(index->destination, index->already_there,
                                                    &index->digest, &index->error));
    }
    return indexes;
}

static json_t *make_report(const struct request *request,
                           const struct container_checkpoint_result *result)
{
    const struct container_name *name = &request->checkpoint.name;
    json_t *report, *containers;

    if (name->container)
        report = report_container(&result->containers[0]);
    else {
        containers = json_array();
        for (size_t i = 0; i < result->container_count; i++)
            json_array_append_new(containers, report_container(&result->containers[i]));
        report =
            json_pack("{s:o, s:o}", "containers", containers, "indexes", report_indexes(result));
    }
    json_set_text(report, "namespace", name->namespace_);
    json_set_text(report, "pod", name->pod);
    json_object_set_new(report, "seconds", json_real(result->seconds));
    return report;
}

/* The archive is what the user is left with. */
static struct error with_archive(const struct error *error, const char *path)
{
    struct error longer = *error;

    if (error->kind != ERROR_NONE && path && !strstr(error->text, path))
        error_advice(&longer, "the archive is still there: %s", path);
    return longer;
}

typedef void see_failure(void *context, const struct error *error);

static void see_container_failures(const struct container_outcome *container, see_failure *see,
                                   void *context)
{
    const struct convert_result *result = container->convert;
    struct error error = container->error;

    for (unsigned i = 0; i < result->delivery_count; i++) {
        struct error failure = with_archive(&result->deliveries[i].error, container->path);

        see(context, &failure);
    }
    if (!container->is_converted && error.kind == ERROR_ARCHIVE)
        view_advise(&result->findings, &error);
    error = with_archive(&error, container->path);
    see(context, &error);
}

/* All of them, and ERROR_NONE where nothing has failed. */
static void see_failures(const struct container_checkpoint_result *result, see_failure *see,
                         void *context)
{
    for (size_t i = 0; i < result->container_count; i++)
        see_container_failures(&result->containers[i], see, context);
    for (unsigned i = 0; result->indexes && i < result->index_count; i++)
        see(context, &result->indexes[i].error);
}

static void note_failure(void *first, const struct error *error)
{
    cmd_note_failure(first, error);
}

static void show_failure(void *status, const struct error *error)
{
    cmd_fail_first(status, error);
}

static void show_warnings(const struct container_checkpoint_result *result)
{
    for (size_t i = 0; i < result->container_count; i++) {
        const struct container_outcome *container = &result->containers[i];

        view_warnings(&container->convert->findings, container->path);
    }
}

/* Of the one image, or of the pod's index. */
static const struct digest *find_digest(const struct container_checkpoint_result *result)
{
    const struct image *image = result->containers[0].convert->image;

    if (result->index_count > 0)
        return &result->indexes[0].digest;
    return image ? &image->manifest.digest : NULL;
}

/* Prints what was done; the exit status is that of the first failure. */
static int report(const struct request *request, const struct container_checkpoint_result *result)
{
    const char *digestfile = request->convert.options.digestfile;
    int deadline_s = request->convert.options.deadline_s;
    struct error error = {0}, unwritten = {0};
    int status;

    see_failures(result, note_failure, &error);
    if (error.kind == ERROR_NONE && digestfile && find_digest(result) &&
        convert_view_write_digest(digestfile, find_digest(result), &unwritten) < 0)
        error = unwritten;
    if (request->convert.json)
        cmd_print_json(make_report(request, result), &error);
    else
        print_plain(request, result);
    status = cmd_flush();
    if (deadline_s > 0 && result->seconds > deadline_s)
        log_warning("the checkpoint took %.1f s, more than the %d s until the deadline",
                    result->seconds, deadline_s);
    show_warnings(result);
    see_failures(result, show_failure, &status);
    cmd_fail_first(&status, &unwritten);
    return status;
}

static int run(void *context, struct cancel *cancel, struct error *error)
{
    cleanup(container_checkpoint_result_done) struct container_checkpoint_result result = {0};
    const struct request *request = context;
    bool has_images = request->convert.options.destination_count > 0;
    struct progress progress = {0};
    struct progress_view *view =
        progress_view_new(&progress, PROGRESS_SENDS, request->convert.quiet || !has_images);
    int status = container_checkpoint_run(&request->checkpoint, &result, &progress, cancel, error);

    progress_view_free(view);
    return status < 0 ? -1 : report(request, &result);
}

static void done(void *context)
{
    struct request *request = context;

    convert_request_done(&request->convert);
    free(request->name);
}

static const struct request defaults = {.convert = CONVERT_REQUEST_INIT};

const struct command checkpoint_command = {
    .name = "checkpoint",
    .summary = "have the kubelet checkpoint a container, and push the image",
    .arguments = "[OPTIONS] NAMESPACE/POD/CONTAINER",
    .details =
        "Asks the kubelet for a checkpoint of a running container, and prints where on the\n"
        "node the archive is. With --to the archive is converted and pushed in the same\n"
        "run, as ckptoci convert does; that needs to run where the archive is.\n\n"
        "With --all-containers the argument is NAMESPACE/POD. Each image goes to the tag of\n"
        "--to with -CONTAINER behind it, and an index of them to the tag itself.\n\n"
        "Prints the archive's path, or with --to a line for each image: its name and the\n"
        "manifest's digest.",
    .needs = "checkpoint needs one NAMESPACE/POD/CONTAINER",
    .options = options,
    .shared = {{convert_option_specs, offsetof(struct request, convert)},
               {registry_option_specs, offsetof(struct request, convert.options.registry)}},
    .request_size = sizeof(struct request),
    .defaults = &defaults,
    .prepare = prepare,
    .run = run,
    .done = done,
};
