// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "checkpoint-view.h"
#include "convert-request.h"
#include "convert-view.h"
#include "progress-view.h"
#include "task/container-checkpoint.h"

enum option_id {
    OPTION_ALL_CONTAINERS,
    OPTION_CACERT,
    OPTION_CERT,
    OPTION_DELETE_AFTER_PUSH,
    OPTION_INSECURE_SKIP_TLS_VERIFY,
    OPTION_KEY,
    OPTION_KUBECONFIG,
    OPTION_NODE,
    OPTION_TIMEOUT,
    OPTION_TO,
    OPTION_TOKEN_FILE,
    OPTION_VIA_APISERVER,
};

static const struct option_spec options[] = {
    {"all-containers", 0, NULL, "checkpoint every container of the pod; its images get an index",
     OPTION_ALL_CONTAINERS},
    {"cacert", 0, "FILE", "trust the kubelet, or the API server, by these certificates alone",
     OPTION_CACERT},
    {"cert", 0, "FILE", "client certificate for it, with --key", OPTION_CERT},
    {"delete-after-push", 0, NULL,
     "remove the archive when every destination has confirmed the image", OPTION_DELETE_AFTER_PUSH},
    {"insecure-skip-tls-verify", 0, NULL, "do not verify the kubelet's or API server's certificate",
     OPTION_INSECURE_SKIP_TLS_VERIFY},
    {"key", 0, "FILE", "the client certificate's key", OPTION_KEY},
    {"kubeconfig", 0, "FILE",
     "take credentials from there, and the API server with --via-apiserver", OPTION_KUBECONFIG},
    {"node", 0, "URL", "the kubelet to ask; default: " KUBELET_DEFAULT_NODE, OPTION_NODE},
    {"timeout", 0, "SECONDS", "that the container engine gets; default: the kubelet's, 120",
     OPTION_TIMEOUT},
    {"to", 0, "DESTINATION",
     "convert the archive and push it there, as convert does; may be given several times",
     OPTION_TO},
    {"token-file", 0, "FILE", "bearer token for it", OPTION_TOKEN_FILE},
    {"via-apiserver", 0, "NODE", "ask the kubelet of this node through the API server",
     OPTION_VIA_APISERVER},
    {0},
};

struct request {
    struct container_checkpoint_options checkpoint;
    struct convert_request convert;
    char *name; /* what the names point into */
    bool all_containers;
    bool has_image_options;
};

static void request_done(struct request *request)
{
    convert_request_done(&request->convert);
    free(request->name);
}

/* Whether the option has a meaning only for images. */
static bool is_image_option(int id)
{
    return id >= CONVERT_OPTION_FIRST && id != CONVERT_OPTION_JSON && id != CONVERT_OPTION_QUIET &&
           id != REGISTRY_OPTION_STALL_TIMEOUT;
}

static int set_kubelet_option(struct kubelet_options *kubelet, enum option_id id, const char *value,
                              struct error *error)
{
    switch (id) {
    case OPTION_CACERT:
        kubelet->ca = value;
        break;
    case OPTION_CERT:
        kubelet->certificate = value;
        break;
    case OPTION_INSECURE_SKIP_TLS_VERIFY:
        kubelet->insecure = true;
        break;
    case OPTION_KEY:
        kubelet->key = value;
        break;
    case OPTION_KUBECONFIG:
        kubelet->kubeconfig = value;
        break;
    case OPTION_NODE:
        kubelet->node = value;
        break;
    case OPTION_TIMEOUT:
        return options_parse_int(value, 1, KUBELET_MAX_TIMEOUT_S, &kubelet->timeout_s, error);
    case OPTION_TOKEN_FILE:
        kubelet->token_file = value;
        break;
    case OPTION_VIA_APISERVER:
        kubelet->via_apiserver = value;
        break;
    case OPTION_ALL_CONTAINERS:
    case OPTION_DELETE_AFTER_PUSH:
    case OPTION_TO:
        break;
    }
    return 0;
}

static int set_option(void *context, int id, const char *value, struct error *error)
{
    struct request *request = context;

    if (is_image_option(id))
        request->has_image_options = true;
    if (id >= CONVERT_OPTION_FIRST)
        return convert_request_set(&request->convert, id, value, error);
    switch (id) {
    case OPTION_ALL_CONTAINERS:
        request->all_containers = true;
        return 0;
    case OPTION_DELETE_AFTER_PUSH:
        request->checkpoint.deletes_archives = true;
        return 0;
    case OPTION_TO:
        return convert_request_add_destination(&request->convert, value, error);
    default:
        return set_kubelet_option(&request->checkpoint.kubelet, (enum option_id)id, value, error);
    }
}

/* NAMESPACE/POD/CONTAINER; with --all-containers NAMESPACE/POD, or a POD of the namespace that is
 * called default. */
static int parse_name(struct request *request, const char *text, struct error *error)
{
    struct container_name *name = &request->checkpoint.name;
    const char *parts[4] = {0};
    char *rest;
    int count = 0;

    free(request->name);
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

static int check_combination(const struct request *request, struct error *error)
{
    const struct convert_options *convert = &request->convert.options;

    if (convert->destination_count == 0 && request->checkpoint.deletes_archives)
        return error_set(error, ERROR_USAGE, "--delete-after-push has no meaning without --to");
    if (convert->destination_count == 0 && request->has_image_options)
        return error_set(error, ERROR_USAGE, "options for images have no meaning without --to");
    if (convert->name && request->all_containers)
        return error_set(error, ERROR_USAGE,
                         "--name is for one container, and --all-containers for several");
    return container_checkpoint_check(&request->checkpoint, error);
}

static int parse_request(struct request *request, const struct command *command, int argc,
                         char **argv, struct error *error)
{
    int first = options_parse(command, argc, argv, set_option, request, error);

    if (first < 0 || convert_request_complete(&request->convert, error))
        return -1;
    if (argc - first != 1) {
        error_set(error, ERROR_USAGE, "checkpoint needs one NAMESPACE/POD/CONTAINER");
        return error_advice(error, "see ckptoci checkpoint --help");
    }
    request->checkpoint.convert = &request->convert.options;
    request->checkpoint.kubelet.stall_timeout_ms =
        request->convert.registry.options.stall_timeout_ms;
    return parse_name(request, argv[first], error) || check_combination(request, error) ? -1 : 0;
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
    struct error error = {0};
    int status;

    if (request->convert.json)
        cmd_print_json(checkpoint_view_json(&request->checkpoint, result));
    else
        checkpoint_view_plain(&request->checkpoint, result);
    status = cmd_flush();
    if (deadline_s > 0 && result->seconds > deadline_s)
        log_warning("it took %.1f s, more than the %d s until the deadline", result->seconds,
                    deadline_s);
    checkpoint_view_failures(result, &status);
    if (status == 0 && digestfile && find_digest(result) &&
        convert_view_write_digest(digestfile, find_digest(result), &error) < 0)
        status = cmd_fail(&error);
    return status;
}

static int checkpoint(const struct request *request, struct cancel *cancel)
{
    cleanup(container_checkpoint_result_done) struct container_checkpoint_result result = {0};
    bool has_images = request->convert.options.destination_count > 0;
    struct progress progress = {0};
    struct progress_view *view =
        progress_view_new(&progress, request->convert.quiet || !has_images);
    struct error error = {0};
    int status = container_checkpoint_run(&request->checkpoint, &result, &progress, cancel, &error);

    progress_view_free(view);
    return status < 0 ? cmd_fail(&error) : report(request, &result);
}

static int run_checkpoint(const struct command *command, int argc, char **argv)
{
    cleanup(request_done) struct request request = {.convert = CONVERT_REQUEST_INIT};
    struct cancel *cancel;
    struct error error = {0};

    if (parse_request(&request, command, argc, argv, &error) < 0 ||
        !(cancel = cmd_start_with_deadline(request.convert.options.deadline_s, &error)))
        return cmd_fail(&error);
    return checkpoint(&request, cancel);
}

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
    .options = options,
    .shared = convert_option_specs,
    .also_shared = registry_option_specs,
    .run = run_checkpoint,
};
