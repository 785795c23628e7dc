// SPDX-License-Identifier: Apache-2.0
#include "convert/image-plan.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "checkpoint/checkpoint.h"

static int check_level(const struct convert_options *options, const struct layer_plan *plan,
                       struct error *error)
{
    const struct codec *codec = plan->codec;

    if (!options->level_given)
        return 0;
    if (plan->passthrough) {
        error_set(error, ERROR_USAGE,
                  "the archive is compressed already and becomes the layer as it is");
        return error_advice(error, "ask for another --compression-format, or give no "
                                   "--compression-level");
    }
    if (!codec->encode)
        return error_set(error, ERROR_USAGE,
                         "--compression-level has no meaning without compression");
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

int archive_facts_walk(struct archive_facts *facts, const struct layer_plan *plan,
                       struct source *archive, struct error *error)
{
    struct archive_content *content = &facts->content;
    cleanup(source_freep) struct source *tar = NULL;

    content->compression = plan->archive_compression;
    content->is_decoded = !plan->passthrough;
    content->hashes = true;
    tar = archive_content_unpack(content, archive);
    return archive_content_read(content, tar, NULL, error);
}

static int refuse_metadata(const struct archive_facts *facts, const char *why, struct error *error)
{
    return finding_report_fatal(facts->content.findings, CHECK_METADATA, NULL, error, "%s", why);
}

static int annotate(struct archive_facts *facts, const struct convert_options *options,
                    struct error *error)
{
    struct error cause;

    if (checkpoint_annotations(&facts->content.checkpoint, options->name, facts->created,
                               &facts->annotations, &cause) < 0)
        return refuse_metadata(facts, cause.text, error);
    if (options->annotations)
        json_object_update(facts->annotations, options->annotations);
    return 0;
}

/* What the user says of it, and its file. */
static int check_archive(const struct archive_facts *facts, const struct convert_options *options,
                         struct error *error)
{
    const struct checkpoint *checkpoint = &facts->content.checkpoint;
    struct findings *findings = facts->content.findings;

    if (options->name && checkpoint->container &&
        strcmp(options->name, checkpoint->container) != 0 &&
        finding_report(findings, CHECK_CONTAINER_NAME, NULL, error,
                       "it is of the container \"%s\", and --name is \"%s\"", checkpoint->container,
                       options->name) < 0)
        return -1;
    return archive_check_file(findings, options->archive, facts->input, checkpoint, error);
}

int archive_facts_conclude(struct archive_facts *facts, const struct convert_options *options,
                           struct error *error)
{
    const struct checkpoint *checkpoint = &facts->content.checkpoint;
    struct findings *findings = facts->content.findings;
    const char *architecture;

    if (!facts->content.has_checkpoint)
        return refuse_metadata(facts, facts->content.no_checkpoint.text, error);
    if (checkpoint_check(checkpoint, findings, error) < 0 ||
        check_archive(facts, options, error) < 0)
        return -1;
    facts->created = clock_format(options->created_given ? options->created : checkpoint->time);
    if (!facts->created)
        facts->created = clock_format(0);
    if (annotate(facts, options, error) < 0)
        return -1;
    architecture = options->architecture ? options->architecture : checkpoint->architecture;
    facts->architecture = architecture ? xstrdup(architecture) : NULL;
    if (!architecture &&
        finding_report(findings, CHECK_UNKNOWN_ARCHITECTURE, NULL, error,
                       "the archive does not tell the architecture of the processes in it; give it "
                       "with --arch") < 0)
        return -1;
    return 0;
}

int archive_facts_build_image(const struct archive_facts *facts, const struct layer_plan *plan,
                              const struct descriptor *layer, struct image **image,
                              struct error *error)
{
    return image_build(image,
                       &(struct image_parts){
                           .layer = *layer,
                           .diff_id = facts->content.archive.digest,
                           .architecture = facts->architecture ? facts->architecture : "unknown",
                           .created = facts->created,
                           .annotations = facts->annotations,
                           .encoding = plan->encoding,
                           .archive_size = facts->content.archive.size,
                       },
                       error);
}

void archive_facts_done(struct archive_facts *facts)
{
    archive_content_done(&facts->content);
    json_decref(facts->annotations);
    free(facts->created);
    free(facts->architecture);
    *facts =
        (struct archive_facts){.content = {.findings = facts->content.findings,
                                           .stored_bytes = facts->content.stored_bytes,
                                           .max_unpacked_bytes = facts->content.max_unpacked_bytes,
                                           .cancel = facts->content.cancel},
                               .input = facts->input};
}
