// SPDX-License-Identifier: Apache-2.0
#include "task/archive-facts.h"

#include <time.h>

#include "base/memory.h"
#include "checkpoint/checkpoint.h"
#include "stream/decoder.h"
#include "task/hashing-source.h"

int archive_facts_walk(struct archive_facts *facts, const struct layer_plan *plan,
                       struct source *archive, struct error *error)
{
    cleanup(source_freep) struct source *tar = archive;

    if (plan->passthrough)
        tar = decoding_source_new(tar, plan->archive_compression);
    tar = hashing_source_new(tar, &facts->diff_id, &facts->archive_size);
    findings_clear(facts->findings);
    return walk_archive(&facts->walk, tar, NULL, facts->findings, error);
}

static char *format_time(time_t time)
{
    char text[sizeof "+292277026596-12-04T15:30:07Z"];
    struct tm tm;

    if (!gmtime_r(&time, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return xstrdup("1970-01-01T00:00:00Z");
    return xstrdup(text);
}

static int refuse_metadata(const struct archive_facts *facts, struct error *error)
{
    struct error cause = *error;

    return finding_report_fatal(facts->findings, CHECK_METADATA, NULL, error, "%s", cause.text);
}

int archive_facts_conclude(struct archive_facts *facts, const struct convert_options *options,
                           struct error *error)
{
    cleanup(checkpoint_done) struct checkpoint checkpoint = {0};
    const char *architecture;

    if (checkpoint_parse(&checkpoint, &facts->walk, error) < 0)
        return refuse_metadata(facts, error);
    facts->created = format_time(options->created_given ? options->created : checkpoint.time);
    if (checkpoint_annotations(&checkpoint, options->name, facts->created, &facts->annotations,
                               error) < 0)
        return refuse_metadata(facts, error);
    if (options->annotations)
        json_object_update(facts->annotations, options->annotations);
    architecture = options->architecture ? options->architecture : checkpoint.architecture;
    facts->architecture = architecture ? xstrdup(architecture) : NULL;
    if (!architecture &&
        finding_report(facts->findings, CHECK_UNKNOWN_ARCHITECTURE, NULL, error,
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
                           .diff_id = facts->diff_id,
                           .architecture = facts->architecture ? facts->architecture : "unknown",
                           .created = facts->created,
                           .annotations = facts->annotations,
                           .encoding = plan->encoding,
                           .archive_size = facts->archive_size,
                       },
                       error);
}

void archive_facts_done(struct archive_facts *facts)
{
    walk_done(&facts->walk);
    json_decref(facts->annotations);
    free(facts->created);
    free(facts->architecture);
    *facts = (struct archive_facts){.findings = facts->findings};
}
