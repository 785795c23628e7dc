// SPDX-License-Identifier: Apache-2.0
#include "task/archive-facts.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/expansion-guard.h"
#include "checkpoint/gate-metadata.h"
#include "stream/decoder.h"
#include "task/convert-checks.h"
#include "task/hashing-source.h"

/* A walk on its way into a sealed thread: what is behind it reads bytes from anywhere. */
struct sealed_walk {
    struct archive_facts *facts;
    struct source *tar;
};

static int walk_sealed(void *context, struct error *error)
{
    struct sealed_walk *call = context;

    return walk_archive(&call->facts->walk, call->tar, NULL, call->facts->findings, error);
}

int archive_facts_walk(struct archive_facts *facts, const struct layer_plan *plan,
                       struct source *archive, struct error *error)
{
    struct expansion expansion = {.findings = facts->findings,
                                  .free_bytes = ARCHIVE_FREE_BYTES,
                                  .ratio = ARCHIVE_MAX_RATIO,
                                  .stored = facts->bytes_read};
    cleanup(source_freep) struct source *tar = archive;

    if (plan->passthrough)
        tar = decoding_source_new(tar, plan->archive_compression);
    tar = hashing_source_new(tar, &facts->diff_id, &facts->archive_size);
    if (plan->archive_compression != COMPRESSION_NONE)
        tar = expansion_guard_new(tar, &expansion, NULL);
    return sandbox_call(walk_sealed, &(struct sealed_walk){facts, tar}, error);
}

static int refuse_metadata(const struct archive_facts *facts, struct error *error)
{
    struct error cause = *error;

    return finding_report_fatal(facts->findings, CHECK_METADATA, NULL, error, "%s", cause.text);
}

struct sealed_parse {
    struct checkpoint *checkpoint;
    const struct walk *walk;
};

static int parse_sealed(void *context, struct error *error)
{
    struct sealed_parse *call = context;

    return checkpoint_parse(call->checkpoint, call->walk, error);
}

int archive_facts_conclude(struct archive_facts *facts, const struct convert_options *options,
                           struct error *error)
{
    cleanup(checkpoint_done) struct checkpoint checkpoint = {0};
    const char *architecture;

    if (sandbox_call(parse_sealed, &(struct sealed_parse){&checkpoint, &facts->walk}, error) < 0)
        return refuse_metadata(facts, error);
    if (gate_check_metadata(facts->findings, &facts->walk, &checkpoint, error) < 0)
        return -1;
    if (convert_check_archive(facts->findings, options, facts->input, &checkpoint, error) < 0)
        return -1;
    facts->created = clock_format(options->created_given ? options->created : checkpoint.time);
    if (!facts->created)
        facts->created = clock_format(0);
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
    *facts = (struct archive_facts){.findings = facts->findings,
                                    .input = facts->input,
                                    .bytes_read = facts->bytes_read};
}
