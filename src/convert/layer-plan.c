// SPDX-License-Identifier: Apache-2.0
#include "convert/layer-plan.h"

#include <stdio.h>

static int check_level(const struct convert_options *options, const struct layer_plan *plan,
                       struct error *error)
{
    const struct codec *codec = plan->codec;

    if (!options->level_given)
        return 0;
    if (plan->passthrough) {
        error_set(error, ERROR_USAGE,
                  "the archive is compressed already and becomes the layer "
                  "as it is");
        return error_advice(error, "ask for another --compression-format, or give no "
                                   "--compression-level");
    }
    if (!codec->encode)
        return error_set(error, ERROR_USAGE,
                         "--compression-level has no meaning without "
                         "compression");
    if (options->level < codec->min_level || options->level > codec->max_level)
        return error_set(error, ERROR_USAGE, "--compression-level for %s is from %d to %d",
                         codec->name, codec->min_level, codec->max_level);
    return 0;
}

static void describe_encoding(struct layer_plan *plan, enum compression format)
{
    const char *name = codec_for(format)->name;

    if (plan->passthrough)
        snprintf(plan->encoding, sizeof plan->encoding, "%s as given", name);
    else if (plan->adapts)
        snprintf(plan->encoding, sizeof plan->encoding, "%s adaptive", name);
    else if (plan->codec->encode)
        snprintf(plan->encoding, sizeof plan->encoding, "%s level %d", name, plan->level);
    else
        snprintf(plan->encoding, sizeof plan->encoding, "%s", name);
}

int layer_plan_make(struct layer_plan *ret, const struct convert_options *options,
                    struct input *input, struct error *error)
{
    enum compression have = input_compression(input);
    enum compression want = options->format_given      ? options->format
                            : have != COMPRESSION_NONE ? have
                                                       : COMPRESSION_DEFAULT;
    struct layer_plan plan = {.archive_compression = have,
                              .passthrough = have != COMPRESSION_NONE && have == want};

    plan.media_type = codec_for(want)->media_type;
    plan.codec = codec_for(plan.passthrough ? COMPRESSION_NONE : want);
    if (check_level(options, &plan, error) < 0)
        return -1;
    plan.level = options->level_given ? options->level : plan.codec->default_level;
    plan.adapts = options->deadline_s > 0 && !options->level_given && plan.codec->ladder;
    plan.archive_size = have == COMPRESSION_NONE ? input_size(input) : -1;
    plan.layer_size = have == want ? input_size(input) : -1;
    describe_encoding(&plan, want);
    if (have != COMPRESSION_NONE && !plan.passthrough)
        input_decode(input);
    *ret = plan;
    return 0;
}
