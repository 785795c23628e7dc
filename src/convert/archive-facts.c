// SPDX-License-Identifier: Apache-2.0
#include "convert/archive-facts.h"

#include "base/clock.h"
#include "base/memory.h"
#include "checkpoint/gate-metadata.h"
#include "convert/convert-checks.h"

int archive_facts_walk(struct archive_facts *facts, const struct layer_plan *plan,
                       struct source *archive, struct error *error)
{
    struct archive_content *content = &facts->content;
    cleanup(source_freep) struct source *tar = NULL;

    content->compression = plan->archive_compression;
    content->is_decoded = !plan->passthrough;
    content->hashes = true;
    tar = archive_content_unpack(content, archive, NULL);
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

int archive_facts_conclude(struct archive_facts *facts, const struct convert_options *options,
                           struct error *error)
{
    const struct checkpoint *checkpoint = &facts->content.checkpoint;
    struct findings *findings = facts->content.findings;
    const char *architecture;

    if (!facts->content.has_checkpoint)
        return refuse_metadata(facts, facts->content.no_checkpoint.text, error);
    if (gate_check_metadata(findings, checkpoint, error) < 0 ||
        convert_check_archive(findings, options, facts->input, checkpoint, error) < 0)
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
    *facts = (struct archive_facts){.content = {.findings = facts->content.findings,
                                                .stored_bytes = facts->content.stored_bytes},
                                    .input = facts->input};
}
