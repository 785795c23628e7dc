// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "findings-view.h"
#include "progress-view.h"
#include "registry-request.h"
#include "task/convert.h"

enum option_id {
    OPTION_ALLOW,
    OPTION_ALL_OR_NOTHING,
    OPTION_ANNOTATION,
    OPTION_ARCH,
    OPTION_COMPRESSION_FORMAT,
    OPTION_COMPRESSION_LEVEL,
    OPTION_DEADLINE,
    OPTION_DIGESTFILE,
    OPTION_JOBS,
    OPTION_JSON,
    OPTION_NAME,
    OPTION_QUIET,
    OPTION_STRICT,
    OPTION_WINDOW,
};

static const struct option_spec options[] = {
    {"all-or-nothing", 0, NULL, "change no destination unless all of them can take the image",
     OPTION_ALL_OR_NOTHING},
    {"allow", 0, "CHECK",
     "let pass what this check finds; may be given several times; \"list\" prints the checks",
     OPTION_ALLOW},
    {"annotation", 0, "KEY=VALUE",
     "add an annotation to the image, or replace one; may be given several times",
     OPTION_ANNOTATION},
    {"arch", 0, "ARCH", "architecture of the image (amd64, arm64 ...), else read from the archive",
     OPTION_ARCH},
    REGISTRY_CHUNK_SIZE_SPEC,
    {"compression-format", 0, "FORMAT",
     "zstd, gzip or none; default: zstd, or the archive's own compression",
     OPTION_COMPRESSION_FORMAT},
    {"compression-level", 0, "N", "default: 1", OPTION_COMPRESSION_LEVEL},
    {"deadline", 0, "SECONDS",
     "speed goes before size, so as to be done by then; a SIGTERM before does not stop the upload",
     OPTION_DEADLINE},
    {"digestfile", 0, "FILE", "write the manifest's digest to FILE", OPTION_DIGESTFILE},
    {"jobs", 'j', "N", "threads that compress; default: one for each CPU, at most 8", OPTION_JOBS},
    {"json", 0, NULL, "print the result as JSON", OPTION_JSON},
    REGISTRY_LIMIT_RATE_SPEC,
    {"name", 0, "NAME", "name of the container, else read from the archive", OPTION_NAME},
    {"quiet", 'q', NULL, "show no progress", OPTION_QUIET},
    {"strict", 0, NULL, "refuse the archive where there would be a warning about it",
     OPTION_STRICT},
    {"window", 0, "SIZE",
     "bytes kept for each registry to go on from when an upload from standard input breaks; "
     "default: 16M",
     OPTION_WINDOW},
    {0},
};

struct request {
    struct convert_options convert;
    struct destination destinations[CONVERT_MAX_DESTINATIONS];
    struct registry_request registry;
    bool json, quiet;
};

static void request_done(struct request *request)
{
    for (unsigned i = 0; i < request->convert.destination_count; i++)
        destination_done(&request->destinations[i]);
    registry_request_done(&request->registry);
    json_decref(request->convert.annotations);
}

static int set_format(struct convert_options *convert, const char *value, struct error *error)
{
    static const enum compression formats[] = {COMPRESSION_ZSTD, COMPRESSION_GZIP,
                                               COMPRESSION_NONE};

    for (unsigned i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(codec_for(formats[i])->name, value) == 0) {
            convert->format = formats[i];
            convert->format_given = true;
            return 0;
        }
    }
    return error_set(error, ERROR_USAGE, "\"%s\" is not zstd, gzip or none", value);
}

static int add_annotation(struct convert_options *convert, const char *value, struct error *error)
{
    const char *equals = strchr(value, '=');
    cleanup_free char *key = NULL;
    json_t *text;

    if (!equals || equals == value)
        return error_set(error, ERROR_USAGE, "\"%s\" is not KEY=VALUE", value);
    key = xstrndup(value, (size_t)(equals - value));
    text = json_string(equals + 1);
    if (!convert->annotations)
        convert->annotations = json_object();
    if (!text || json_object_set_new(convert->annotations, key, text) < 0)
        return error_set(error, ERROR_USAGE, "\"%s\" is not valid UTF-8", key);
    return 0;
}

static int set_option(void *context, int id, const char *value, struct error *error)
{
    struct request *request = context;
    struct convert_options *convert = &request->convert;
    int64_t window;
    int jobs = 0;

    if (id >= REGISTRY_OPTION_FIRST)
        return registry_request_set(&request->registry, id, value, error);
    switch ((enum option_id)id) {
    case OPTION_ALLOW:
        return findings_view_allow(&convert->policy, value, error);
    case OPTION_ALL_OR_NOTHING:
        convert->all_or_nothing = true;
        break;
    case OPTION_ANNOTATION:
        return add_annotation(convert, value, error);
    case OPTION_ARCH:
        convert->architecture = value;
        break;
    case OPTION_COMPRESSION_FORMAT:
        return set_format(convert, value, error);
    case OPTION_COMPRESSION_LEVEL:
        convert->level_given = true;
        return options_parse_int(value, -99, 99, &convert->level, error);
    case OPTION_DEADLINE:
        return options_parse_int(value, 1, CONVERT_MAX_DEADLINE_S, &convert->deadline_s, error);
    case OPTION_DIGESTFILE:
        convert->digestfile = value;
        break;
    case OPTION_JOBS:
        if (options_parse_int(value, 1, CONVERT_MAX_JOBS, &jobs, error) < 0)
            return -1;
        convert->jobs = (unsigned)jobs;
        break;
    case OPTION_JSON:
        request->json = true;
        break;
    case OPTION_NAME:
        convert->name = value;
        break;
    case OPTION_QUIET:
        request->quiet = true;
        break;
    case OPTION_STRICT:
        convert->policy.strict = true;
        break;
    case OPTION_WINDOW:
        if (options_parse_size(value, 0, CONVERT_MAX_WINDOW_BYTES, &window, error) < 0)
            return -1;
        convert->window_bytes = (size_t)window;
        break;
    }
    return 0;
}

/* https://reproducible-builds.org/specs/source-date-epoch/ */
static int take_source_date_epoch(struct convert_options *convert, struct error *error)
{
    const char *text = getenv("SOURCE_DATE_EPOCH");
    char *end;
    long long seconds;

    if (!text || !*text)
        return 0;
    errno = 0;
    seconds = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || seconds < 0 || seconds > 253402300799LL)
        return error_set(error, ERROR_USAGE,
                         "SOURCE_DATE_EPOCH \"%s\" is not a number of seconds since 1970", text);
    convert->created = (time_t)seconds;
    convert->created_given = true;
    return 0;
}

static int parse_request(struct request *request, const struct command *command, int argc,
                         char **argv, struct error *error)
{
    struct convert_options *convert = &request->convert;
    int first = options_parse(command, argc, argv, set_option, request, error);

    if (first < 0 || take_source_date_epoch(convert, error) < 0)
        return -1;
    if (argc - first < 2) {
        error_set(error, ERROR_USAGE, "convert needs an archive and at least one destination");
        return error_advice(error, "see ckptoci convert --help");
    }
    if (argc - first - 1 > CONVERT_MAX_DESTINATIONS)
        return error_set(error, ERROR_USAGE, "more than %d destinations", CONVERT_MAX_DESTINATIONS);
    if (convert->name && !*convert->name)
        return error_set(error, ERROR_USAGE, "option --name: the name is empty");
    if (convert->architecture && !*convert->architecture)
        return error_set(error, ERROR_USAGE, "option --arch: the architecture is empty");
    convert->archive = argv[first];
    convert->registry = request->registry.options;
    convert->destinations = request->destinations;
    for (int i = first + 1; i < argc; i++) {
        if (destination_parse(&request->destinations[convert->destination_count], argv[i], error) <
            0)
            return -1;
        convert->destination_count++;
    }
    return 0;
}

static json_t *report_deliveries(const struct convert_result *result)
{
    json_t *images = json_array();

    for (unsigned i = 0; i < result->delivery_count; i++) {
        const struct delivery *delivery = &result->deliveries[i];
        bool failed = delivery->error.kind != ERROR_NONE;

        json_array_append_new(images, json_pack("{s:s, s:s, s:s*, s:s*}", "reference",
                                                delivery->destination->name, "status",
                                                failed                    ? "failed"
                                                : delivery->already_there ? "unchanged"
                                                                          : "pushed",
                                                "digest", failed ? NULL : delivery->manifest.text,
                                                "error", failed ? delivery->error.text : NULL));
    }
    return images;
}

static void print_json(const struct convert_result *result, const char *archive)
{
    const struct image *image = result->image;
    json_t *report =
        json_pack("{s:s, s:o, s:o, s:f}", "archive", archive, "images", report_deliveries(result),
                  "findings", findings_json(&result->findings), "seconds", result->seconds);

    if (image) {
        json_t *parts =
            json_pack("{s:{s:s, s:s, s:I}, s:{s:s, s:s, s:I}, s:{s:s, s:s, s:I, s:s, s:I}, s:O}",
                      "manifest", "mediaType", image->manifest.media_type, "digest",
                      image->manifest.digest.text, "size", (json_int_t)image->manifest.size,
                      "config", "mediaType", image->config.media_type, "digest",
                      image->config.digest.text, "size", (json_int_t)image->config.size, "layer",
                      "mediaType", image->layer.media_type, "digest", image->layer.digest.text,
                      "size", (json_int_t)image->layer.size, "diff_id", image->diff_id.text,
                      "uncompressed_size", (json_int_t)result->archive_size, "annotations",
                      result->annotations);

        json_object_update(report, parts);
        json_decref(parts);
    }
    cmd_print_json(report);
}

static void print_plain(const struct convert_result *result)
{
    for (unsigned i = 0; i < result->delivery_count; i++)
        if (result->deliveries[i].error.kind == ERROR_NONE)
            printf("%s@%s\n", result->deliveries[i].destination->name,
                   result->deliveries[i].manifest.text);
}

static int write_digestfile(const char *path, const struct digest *digest, struct error *error)
{
    cleanup_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    size_t len = strlen(digest->text);
    ssize_t written = fd < 0 ? -1 : write(fd, digest->text, len);

    if (written < 0)
        return error_set_errno(error, errno, "write the digest to %s", path);
    if ((size_t)written < len)
        return error_set(error, ERROR_FAILED, "write the digest to %s: disk full", path);
    return 0;
}

/* There is no image at all. Of an archive that was refused, scripts want to know why. */
static int fail(const struct request *request, const struct convert_result *result,
                struct error *error)
{
    findings_view_advise(&result->findings, error);
    if (request->json && error->kind == ERROR_ARCHIVE)
        cmd_print_json(json_pack("{s:s, s:[], s:o, s:s*}", "archive", request->convert.archive,
                                 "images", "findings", findings_json(&result->findings), "error",
                                 error->text));
    return cmd_fail(error);
}

/* Prints what was done; the exit status is that of the first destination that failed. */
static int report(const struct request *request, const struct convert_result *result)
{
    struct error error = {0};
    int status;

    if (request->convert.deadline_s > 0 && result->seconds > request->convert.deadline_s)
        log_warning("%s took %.1f s, more than the %d s until the deadline",
                    request->convert.archive, result->seconds, request->convert.deadline_s);
    if (request->json)
        print_json(result, request->convert.archive);
    else
        print_plain(result);
    status = cmd_flush();
    for (unsigned i = 0; i < result->delivery_count; i++)
        cmd_fail_first(&status, &result->deliveries[i].error);
    if (status == 0 && request->convert.digestfile && result->image &&
        write_digestfile(request->convert.digestfile, &result->image->manifest.digest, &error) < 0)
        status = cmd_fail(&error);
    return status;
}

static int convert(const struct request *request, struct cancel *cancel)
{
    cleanup(convert_result_done) struct convert_result result = {0};
    struct progress progress = {0};
    struct progress_view *view = progress_view_new(&progress, request->quiet);
    struct error error = {0};
    int status = convert_run(&request->convert, &result, &progress, cancel, &error);

    progress_view_free(view);
    findings_view_warn(&result.findings);
    return status < 0 ? fail(request, &result, &error) : report(request, &result);
}

static int run_convert(const struct command *command, int argc, char **argv)
{
    cleanup(request_done) struct request request = {
        .registry = REGISTRY_REQUEST_INIT,
        .convert.window_bytes = CONVERT_DEFAULT_WINDOW_BYTES,
    };
    struct cancel *cancel;
    struct error error = {0};

    if (parse_request(&request, command, argc, argv, &error) < 0 ||
        !(cancel = cmd_start_with_deadline(request.convert.deadline_s, &error)))
        return cmd_fail(&error);
    return convert(&request, cancel);
}

const struct command convert_command = {
    .name = "convert",
    .summary = "turn a checkpoint archive into an OCI image and push it",
    .arguments = "[OPTIONS] ARCHIVE DESTINATION...",
    .details = "Turns a checkpoint archive into an OCI image at each of the destinations, in one\n"
               "pass. The archive becomes the image's layer, byte for byte.\n\n"
               "ARCHIVE is a file, or - for standard input: plain tar, gzip or zstd.\n"
               "DESTINATION is one of\n"
               "  docker://HOST[:PORT]/NAME[:TAG]   a registry; docker:// may be left out\n"
               "  oci:DIRECTORY[:TAG]               an OCI image layout, created or added to\n"
               "  oci-archive:FILE[:TAG]            a tar file of an OCI image layout\n\n"
               "Prints a line for each destination: its name and the manifest's digest.",
    .options = options,
    .shared = registry_option_specs,
    .run = run_convert,
};
