// SPDX-License-Identifier: Apache-2.0
#include "cli/convert-shared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

static int set_format(void *options, const char *value, struct error *error)
{
    struct convert_options *convert = options;
    const char *names[COMPRESSION_COUNT + 1] = {0};
    int format;

    for (int i = 0; i < COMPRESSION_COUNT; i++)
        names[i] = codec_for((enum compression)i)->name;
    format = option_is_one_of(value, names, "not " CODEC_NAMES, error);
    if (format < 0)
        return -1;
    convert->format = (enum compression)format;
    convert->format_given = true;
    return 0;
}

static int add_annotation(void *field, const char *value, struct error *error)
{
    json_t **annotations = field;
    const char *equals = strchr(value, '=');
    cleanup_free char *key = NULL;
    json_t *text;

    if (!equals || equals == value)
        return error_set(error, ERROR_USAGE, "\"%s\" is not KEY=VALUE", value);
    key = xstrndup(value, (size_t)(equals - value));
    text = json_string(equals + 1);
    if (!*annotations)
        *annotations = json_object();
    if (!text || json_object_set_new(*annotations, key, text) < 0)
        return error_set(error, ERROR_USAGE, "\"%s\" is not valid UTF-8", key);
    return 0;
}

#define OPTION_OWNER struct convert_request
const struct option_spec convert_option_specs[] = {
    {"all-or-nothing", 0, NULL, "change no destination unless all of them can take the image",
     OPTION_FLAG(options.all_or_nothing)},
    {ALLOW_OPTION(options.policy)},
    {"annotation", 0, "KEY=VALUE",
     "add an annotation to the image, or replace one; may be given several times",
     OPTION_SPECIAL(add_annotation, options.annotations)},
    {"arch", 0, "ARCH", "architecture of the image (amd64, arm64 ...), else read from the archive",
     OPTION_TEXT(options.architecture)},
    {CHUNK_SIZE_OPTION(options.registry.chunk_bytes)},
    {"compression-format", 0, "FORMAT",
     CODEC_NAMES "; default: zstd, or the archive's own compression",
     OPTION_SPECIAL(set_format, options)},
    {"compression-level", 0, "N", "default: 1", OPTION_INTEGER(options.level, -99, 99),
     OPTION_GIVEN(options.level_given)},
    {"deadline", 0, "SECONDS",
     "speed goes before size, so as to be done by then; a SIGTERM before does not stop the upload",
     OPTION_INTEGER(options.deadline_s, 1, CONVERT_MAX_DEADLINE_S)},
    {"digestfile", 0, "FILE", "write the manifest's digest to FILE",
     OPTION_TEXT(options.digestfile)},
    {REPLACE_OPTION(may_replace)},
    {"jobs", 'j', "N", "threads that compress; default: one for each CPU, at most 8",
     OPTION_INTEGER(options.jobs, 1, CONVERT_MAX_JOBS)},
    {JSON_OPTION(json)},
    {LIMIT_RATE_OPTION(options.registry.rate_limit)},
    {MAX_UNPACKED_OPTION(options.max_unpacked_bytes)},
    {"name", 0, "NAME", "name of the container, else read from the archive",
     OPTION_TEXT(options.name)},
    {QUIET_OPTION(quiet)},
    {"strict", 0, NULL, "refuse the archive where there would be a warning about it",
     OPTION_FLAG(options.policy.strict)},
    {0},
};

static bool has_option(const struct option_spec *options, const char *name)
{
    while (options->name && strcmp(options->name, name) != 0)
        options++;
    return options->name;
}

bool convert_has_option(const char *name)
{
    return has_option(convert_option_specs, name) || has_option(registry_option_specs, name);
}

int convert_request_add_destination(void *field, const char *text, struct error *error)
{
    struct convert_request *request = field;
    struct convert_options *convert = &request->options;

    if (convert->destination_count == CONVERT_MAX_DESTINATIONS)
        return error_set(error, ERROR_USAGE, "more than %d destinations", CONVERT_MAX_DESTINATIONS);
    if (destination_parse(&request->destinations[convert->destination_count], text, error) < 0)
        return -1;
    convert->destination_count++;
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

int convert_request_complete(struct convert_request *request, struct error *error)
{
    struct convert_options *convert = &request->options;

    if (take_source_date_epoch(convert, error) < 0)
        return -1;
    if (convert->name && !*convert->name)
        return error_set(error, ERROR_USAGE, "option --name: the name is empty");
    if (convert->digestfile && file_check_writable(convert->digestfile, error))
        return error_context(error, "option --digestfile");
    if (convert->architecture && !*convert->architecture)
        return error_set(error, ERROR_USAGE, "option --arch: the architecture is empty");
    for (unsigned i = 0; i < convert->destination_count; i++)
        request->destinations[i].may_replace = request->may_replace;
    convert->destinations = request->destinations;
    return 0;
}

void convert_request_done(struct convert_request *request)
{
    for (unsigned i = 0; i < request->options.destination_count; i++)
        destination_done(&request->destinations[i]);
    registry_options_done(&request->options.registry);
    json_decref(request->options.annotations);
}

json_t *convert_view_delivery(const struct destination *destination, bool already_there,
                              const struct digest *digest, const struct error *error)
{
    bool failed = error->kind != ERROR_NONE;

    return json_pack("{s:s, s:s, s:s*, s:s*}", "reference", destination->name, "status",
                     failed          ? "failed"
                     : already_there ? "unchanged"
                                     : "pushed",
                     "digest", failed ? NULL : digest->text, "error", failed ? error->text : NULL);
}

static json_t *report_deliveries(const struct convert_result *result)
{
    json_t *images = json_array();

    for (unsigned i = 0; i < result->delivery_count; i++) {
        const struct delivery *delivery = &result->deliveries[i];

        json_array_append_new(images,
                              convert_view_delivery(delivery->destination, delivery->already_there,
                                                    &delivery->manifest, &delivery->error));
    }
    return images;
}

json_t *convert_view_json(const struct convert_result *result, const char *archive)
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
    return report;
}

void convert_view_plain(const struct convert_result *result)
{
    for (unsigned i = 0; i < result->delivery_count; i++)
        if (result->deliveries[i].error.kind == ERROR_NONE)
            printf("%s@%s\n", result->deliveries[i].destination->name,
                   result->deliveries[i].manifest.text);
}

int convert_view_write_digest(const char *path, const struct digest *digest, struct error *error)
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
