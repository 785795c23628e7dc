// SPDX-License-Identifier: Apache-2.0
#include "task/container-checkpoint.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "oci/image-source.h"
#include "task/pod-index.h"

struct run {
    const struct container_checkpoint_options *options;
    struct container_checkpoint_result *result;
    struct progress *progress;
    struct cancel *cancel;
    struct kubelet *kubelet;
    double begun_s; /* clock_monotonic_s() */
};

int container_checkpoint_check(const struct container_checkpoint_options *options,
                               struct error *error)
{
    const struct convert_options *convert = options->convert;

    if (kubelet_check_name(&options->name, error))
        return -1;
    for (unsigned i = 0; i < convert->destination_count && !options->name.container; i++) {
        const struct destination *destination = &convert->destinations[i];

        if (destination->kind == DESTINATION_ARCHIVE)
            return error_set(error, ERROR_USAGE,
                             "%s holds one image only; with --all-containers use a registry or "
                             "oci:DIRECTORY:TAG",
                             destination->name);
        if (destination->kind == DESTINATION_LAYOUT && !destination->tag)
            return error_set(error, ERROR_USAGE,
                             "%s has no tag, which the images' tags are made of with "
                             "--all-containers; use oci:DIRECTORY:TAG",
                             destination->name);
    }
    return 0;
}

/* Whether that is a time as a kubelet writes it (RFC 3339), and ".tar". Names of containers have no
 * "T" in them, so that the end of a longer name is never taken for the time. */
static bool is_time_and_suffix(const char *text)
{
    return pattern_matches("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
                           "(Z|[+-][0-9]{2}:[0-9]{2})\\.tar$",
                           text);
}

/* The kubelet could name any file here: it must be one of the archives of this container. */
static int check_file_name(const struct run *run, const char *container, const char *path,
                           struct error *error)
{
    const struct container_name *name = &run->options->name;
    cleanup_free char *start =
        xasprintf("checkpoint-%s_%s-%s-", name->pod, name->namespace_, container);
    const char *file = strrchr(path, '/') + 1;

    if (strncmp(file, start, strlen(start)) == 0 && is_time_and_suffix(file + strlen(start)))
        return 0;
    error_set(error, ERROR_FAILED,
              "the kubelet names %s, which is not what it calls archives of this container", path);
    return error_advice(error, "look at it with ckptoci inspect, and push it with ckptoci convert");
}

/* A path for a command that somebody may copy: a placeholder if the shell would not take it as it
 * is. */
static const char *path_for_shell(const char *path)
{
    return pattern_matches("^[A-Za-z0-9/._:+-]+$", path) ? path : "ARCHIVE";
}

/* The file as it is before it is read, to know it again. -1: there is no regular file. */
static int identify(struct stat *status, const char *path, struct error *error)
{
    if (lstat(path, status))
        return error_set_errno(error, errno, "look at %s", path);
    if (!S_ISREG(status->st_mode))
        return error_set(error, ERROR_FAILED, "look at %s: it is no regular file", path);
    return 0;
}

/* The archive is where the kubelet is. */
static int find_here(struct stat *status, const char *path, struct error *error)
{
    bool is_forbidden = access(path, R_OK) != 0 && errno == EACCES;

    if (!is_forbidden && identify(status, path, error) == 0)
        return 0;
    if (is_forbidden)
        error_set_errno(error, EACCES, "look at %s", path);
    error_context(error, "the checkpoint was taken, but its archive cannot be read here");
    if (is_forbidden)
        return error_advice(error, "run this as root, who owns the archives");
    return error_advice(error,
                        "it lies on the node: run this there, or where the node's directory is "
                        "mounted at the same path; or send it with ssh NODE sudo cat %s | ckptoci "
                        "convert - DESTINATION",
                        path_for_shell(path));
}

/* The container's own image is called as the pod's index, with "-CONTAINER" behind the tag. */
static int name_images(const struct run *run, struct container_outcome *outcome,
                       struct error *error)
{
    const struct convert_options *convert = run->options->convert;

    if (run->options->name.container)
        return 0;
    outcome->destinations = xcalloc(convert->destination_count, sizeof *outcome->destinations);
    for (unsigned i = 0; i < convert->destination_count; i++) {
        cleanup_free char *name =
            xasprintf("%s-%s", convert->destinations[i].name, outcome->container);

        if (destination_parse(&outcome->destinations[i], name, error))
            return -1;
        outcome->destination_count++;
    }
    return 0;
}

/* A conversion and what its thread is given. */
struct convert_call {
    const struct convert_options *options;
    struct convert_result *result;
    struct run *run;
    struct error *error;
    int status;
};

static void *run_conversion(void *argument)
{
    struct convert_call *call = argument;

    call->status = convert_run(call->options, call->result, call->run->progress, call->run->cancel,
                               call->error);
    return NULL;
}

/* What is left of it after the kubelet had its time. 0: no deadline. */
static int left_until_deadline_s(const struct run *run)
{
    int deadline_s = run->options->convert->deadline_s;
    double left_s = deadline_s - (clock_monotonic_s() - run->begun_s);

    if (deadline_s == 0)
        return 0;
    return left_s > 1 ? (int)left_s : 1;
}

/* In a thread of its own, because a conversion gives up rights that this thread still needs: to
 * remove the archive, and to write what comes next. */
static int convert(struct run *run, struct container_outcome *outcome, struct error *error)
{
    struct convert_options options = *run->options->convert;
    struct convert_call call = {.options = &options,
                                .result = outcome->convert,
                                .run = run,
                                .error = error};
    pthread_t thread;

    options.archive = outcome->path;
    options.deadline_s = left_until_deadline_s(run);
    if (outcome->destinations)
        options.destinations = outcome->destinations;
    if (pthread_create(&thread, NULL, run_conversion, &call) != 0)
        abort();
    pthread_join(thread, NULL);
    outcome->is_converted = call.status == 0;
    return call.status;
}

static bool has_all_images(const struct convert_result *result)
{
    for (unsigned i = 0; i < result->delivery_count; i++)
        if (result->deliveries[i].error.kind != ERROR_NONE)
            return false;
    return true;
}

/* An archive that says it is of another container is not what was asked for, and is kept. What the
 * user has put in place of the archive's own annotations is not looked at. */
static int check_owner(const struct run *run, const struct container_outcome *outcome,
                       struct error *error)
{
    const struct container_name *name = &run->options->name;
    const struct convert_options *convert = run->options->convert;
    const struct {
        const char *key, *asked;
    } parts[] = {
        {"org.criu.checkpoint.pod.namespace", name->namespace_},
        {"org.criu.checkpoint.pod.name", name->pod},
        {"org.criu.checkpoint.container.name", convert->name ? NULL : outcome->container},
    };

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *key = parts[i].key;
        const char *told = json_get_text(outcome->convert->annotations, key);

        if (!parts[i].asked || !told || json_object_get(convert->annotations, key) ||
            strcmp(told, parts[i].asked) == 0)
            continue;
        error_set(error, ERROR_FAILED, "it says that its %s is \"%s\", and not %s",
                  key + strlen("org.criu.checkpoint."), told, parts[i].asked);
        return error_advice(error, "look at it with ckptoci inspect");
    }
    return 0;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return S_ISREG(b->st_mode) && a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The answer to the push is not enough: the destination is asked again for the manifest. */
static int confirm(const struct run *run, const struct delivery *delivery, struct error *error)
{
    cleanup(image_source_freep) struct image_source *source = NULL;
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    struct registry_options there = run->options->convert->registry;

    there.only_named = true;
    source = destination_source_new(delivery->destination, &there, run->cancel);
    if (image_source_open(source, error) ||
        image_source_get_manifest(source, NULL, &manifest, error))
        return error_context(error, "%s has not confirmed the image", delivery->destination->name);
    if (!digest_equal(&manifest->digest, &delivery->manifest))
        return error_set(error, ERROR_FAILED, "%s stands for %s, and not for %s that was pushed",
                         delivery->destination->name, manifest->digest.text,
                         delivery->manifest.text);
    return 0;
}

/* Only the very file that was converted, and only if every destination has the image. */
static int remove_confirmed(const struct run *run, const struct container_outcome *outcome,
                            const struct stat *converted, struct error *error)
{
    const char *path = outcome->path;
    struct stat status;

    for (unsigned i = 0; i < outcome->convert->delivery_count; i++)
        if (confirm(run, &outcome->convert->deliveries[i], error))
            return -1;
    if (lstat(path, &status))
        return error_set_errno(error, errno, "look at %s", path);
    if (!is_same_file(converted, &status))
        return error_set(error, ERROR_FAILED, "%s is not the file any more that was converted",
                         path);
    if (unlink(path))
        return error_set_errno(error, errno, "remove %s", path);
    return 0;
}

static int delete_archive(struct run *run, struct container_outcome *outcome,
                          const struct stat *converted, struct error *error)
{
    if (!has_all_images(outcome->convert)) /* their errors say why */
        return 0;
    if (check_owner(run, outcome, error) || remove_confirmed(run, outcome, converted, error))
        return error_context(error, "--delete-after-push: %s was not removed", outcome->path);
    outcome->is_deleted = true;
    return 0;
}

static int handle_container(struct run *run, struct container_outcome *outcome, struct error *error)
{
    struct container_name name = run->options->name;
    struct stat converted;

    name.container = outcome->container;
    if (cancel_check(run->cancel, error))
        return -1;
    if (kubelet_checkpoint(run->kubelet, &name, &outcome->path, error))
        return error->kind == ERROR_INTERRUPTED
                   ? error_advice(error, "the archive may still come about on the node")
                   : error_context(error, "checkpoint %s/%s/%s", name.namespace_, name.pod,
                                   name.container);
    if (run->options->convert->destination_count == 0)
        return 0;
    if (check_file_name(run, name.container, outcome->path, error) ||
        find_here(&converted, outcome->path, error) || convert(run, outcome, error))
        return -1;
    return run->options->deletes_archives ? delete_archive(run, outcome, &converted, error) : 0;
}

static void put_indexes(struct run *run)
{
    const struct convert_options *convert = run->options->convert;
    struct container_checkpoint_result *result = run->result;

    if (run->options->name.container || convert->destination_count == 0 ||
        cancel_triggered(run->cancel))
        return;
    result->indexes = xcalloc(convert->destination_count, sizeof *result->indexes);
    result->index_count = convert->destination_count;
    for (unsigned i = 0; i < result->index_count; i++) {
        struct index_outcome *outcome = &result->indexes[i];
        struct error error = {0};

        outcome->destination = &convert->destinations[i];
        if (pod_index_put(result, i, &convert->registry, run->cancel, outcome, &error))
            outcome->error = error;
    }
}

static void add_outcome(struct container_checkpoint_result *result, const char *container)
{
    struct container_outcome *outcome = &result->containers[result->container_count++];

    outcome->container = xstrdup(container);
    outcome->convert = NEW(struct convert_result);
}

/* Names the images, too, so that what is wrong with a name is told before anything is asked. */
static int find_containers(struct run *run, struct error *error)
{
    const struct container_name *name = &run->options->name;
    struct container_checkpoint_result *result = run->result;
    cleanup(json_decrefp) json_t *names = NULL;
    const json_t *container;
    size_t i;

    if (name->container)
        names = json_pack("[s]", name->container);
    else if (kubelet_list_containers(run->kubelet, name->namespace_, name->pod, &names, error))
        return error_context(error, "list the containers of %s/%s", name->namespace_, name->pod);
    result->containers = xcalloc(json_array_size(names), sizeof *result->containers);
    json_array_foreach(names, i, container)
    {
        add_outcome(result, json_string_value(container));
        if (name_images(run, &result->containers[i], error))
            return -1;
    }
    return 0;
}

int container_checkpoint_run(const struct container_checkpoint_options *options,
                             struct container_checkpoint_result *result, struct progress *progress,
                             struct cancel *cancel, struct error *error)
{
    cleanup(kubelet_freep) struct kubelet *kubelet = NULL;
    struct run run = {.options = options, .result = result, .progress = progress, .cancel = cancel};

    run.begun_s = clock_monotonic_s();
    if (kubelet_open(&kubelet, &options->kubelet, cancel, error))
        return -1;
    run.kubelet = kubelet;
    if (find_containers(&run, error)) {
        container_checkpoint_result_done(result);
        return -1;
    }
    for (size_t i = 0; i < result->container_count; i++) {
        struct container_outcome *outcome = &result->containers[i];
        struct error failure = {0};

        if (handle_container(&run, outcome, &failure) == 0)
            continue;
        outcome->error = failure;
        if (failure.kind == ERROR_INTERRUPTED)
            break;
    }
    put_indexes(&run);
    result->seconds = clock_monotonic_s() - run.begun_s;
    return 0;
}

static void container_outcome_done(struct container_outcome *outcome)
{
    for (unsigned i = 0; i < outcome->destination_count; i++)
        destination_done(&outcome->destinations[i]);
    free(outcome->destinations);
    convert_result_done(outcome->convert);
    free(outcome->convert);
    free(outcome->container);
    free(outcome->path);
}

void container_checkpoint_result_done(struct container_checkpoint_result *result)
{
    for (size_t i = 0; i < result->container_count; i++)
        container_outcome_done(&result->containers[i]);
    free(result->containers);
    free(result->indexes);
    *result = (struct container_checkpoint_result){0};
}
