// SPDX-License-Identifier: Apache-2.0
#include "convert-request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "findings-view.h"

const struct option_spec convert_option_specs[] = {
    {"all-or-nothing", 0, NULL, "change no destination unless all of them can take the image",
     CONVERT_OPTION_ALL_OR_NOTHING},
    {"allow", 0, "CHECK",
     "let pass what this check finds; may be given several times; \"list\" prints the checks",
     CONVERT_OPTION_ALLOW},
    {"annotation", 0, "KEY=VALUE",
     "add an annotation to the image, or replace one; may be given several times",
     CONVERT_OPTION_ANNOTATION},
    {"arch", 0, "ARCH", "architecture of the image (amd64, arm64 ...), else read from the archive",
     CONVERT_OPTION_ARCH},
    REGISTRY_CHUNK_SIZE_SPEC,
    {"compression-format", 0, "FORMAT",
     CODEC_NAMES "; default: zstd, or the archive's own compression",
     CONVERT_OPTION_COMPRESSION_FORMAT},
    {"compression-level", 0, "N", "default: 1", CONVERT_OPTION_COMPRESSION_LEVEL},
    {"deadline", 0, "SECONDS",
     "speed goes before size, so as to be done by then; a SIGTERM before does not stop the upload",
     CONVERT_OPTION_DEADLINE},
    {"digestfile", 0, "FILE", "write the manifest's digest to FILE", CONVERT_OPTION_DIGESTFILE},
    {"jobs", 'j', "N", "threads that compress; default: one for each CPU, at most 8",
     CONVERT_OPTION_JOBS},
    {"json", 0, NULL, "print the result as JSON", CONVERT_OPTION_JSON},
    REGISTRY_LIMIT_RATE_SPEC,
    {"name", 0, "NAME", "name of the container, else read from the archive", CONVERT_OPTION_NAME},
    {"quiet", 'q', NULL, "show no progress", CONVERT_OPTION_QUIET},
    {"strict", 0, NULL, "refuse the archive where there would be a warning about it",
     CONVERT_OPTION_STRICT},
    {0},
};

static int set_format(struct convert_options *convert, const char *value, struct error *error)
{
    const struct codec *codec = codec_by_name(value);

    if (!codec)
        return error_set(error, ERROR_USAGE, "\"%s\" is not " CODEC_NAMES, value);
    convert->format = codec->compression;
    convert->format_given = true;
    return 0;
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

static int set_jobs(struct convert_options *convert, const char *value, struct error *error)
{
    int jobs;

    if (options_parse_int(value, 1, CONVERT_MAX_JOBS, &jobs, error) < 0)
        return -1;
    convert->jobs = (unsigned)jobs;
    return 0;
}

int convert_request_set(struct convert_request *request, int id, const char *value,
                        struct error *error)
{
    struct convert_options *convert = &request->options;

    if (id >= REGISTRY_OPTION_FIRST)
        return registry_request_set(&request->registry, id, value, error);
    switch ((enum convert_option_id)id) {
    case CONVERT_OPTION_ALLOW:
        return findings_view_allow(&convert->policy, value, error);
    case CONVERT_OPTION_ALL_OR_NOTHING:
        convert->all_or_nothing = true;
        break;
    case CONVERT_OPTION_ANNOTATION:
        return add_annotation(convert, value, error);
    case CONVERT_OPTION_ARCH:
        convert->architecture = value;
        break;
    case CONVERT_OPTION_COMPRESSION_FORMAT:
        return set_format(convert, value, error);
    case CONVERT_OPTION_COMPRESSION_LEVEL:
        convert->level_given = true;
        return options_parse_int(value, -99, 99, &convert->level, error);
    case CONVERT_OPTION_DEADLINE:
        return options_parse_int(value, 1, CONVERT_MAX_DEADLINE_S, &convert->deadline_s, error);
    case CONVERT_OPTION_DIGESTFILE:
        convert->digestfile = value;
        break;
    case CONVERT_OPTION_JOBS:
        return set_jobs(convert, value, error);
    case CONVERT_OPTION_JSON:
        request->json = true;
        break;
    case CONVERT_OPTION_NAME:
        convert->name = value;
        break;
    case CONVERT_OPTION_QUIET:
        request->quiet = true;
        break;
    case CONVERT_OPTION_STRICT:
        convert->policy.strict = true;
        break;
    }
    return 0;
}

int convert_request_add_destination(struct convert_request *request, const char *text,
                                    struct error *error)
{
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
    if (convert->architecture && !*convert->architecture)
        return error_set(error, ERROR_USAGE, "option --arch: the architecture is empty");
    convert->registry = request->registry.options;
    convert->destinations = request->destinations;
    return 0;
}

void convert_request_done(struct convert_request *request)
{
    for (unsigned i = 0; i < request->options.destination_count; i++)
        destination_done(&request->destinations[i]);
    registry_request_done(&request->registry);
    json_decref(request->options.annotations);
}
