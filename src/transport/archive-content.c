// SPDX-License-Identifier: Apache-2.0
#include "transport/archive-content.h"

#include "base/sandbox.h"
#include "stream/codec.h"

struct source *archive_content_unpack(struct archive_content *content, struct source *stored,
                                      const struct cancel *cancel)
{
    struct source *tar = stored;

    if (content->compression != COMPRESSION_NONE && !content->is_decoded)
        tar = decoding_source_new(tar, content->compression);
    if (content->hashes)
        tar = observing_source_new(tar, &content->archive, NULL, cancel);
    if (content->compression == COMPRESSION_NONE)
        return tar;
    content->expansion = (struct expansion){.findings = content->findings,
                                            .free_bytes = ARCHIVE_FREE_BYTES,
                                            .ratio = ARCHIVE_MAX_RATIO,
                                            .stored = content->stored_bytes};
    return expansion_guard_new(tar, &content->expansion, NULL);
}

/* On its way into the sealed thread. */
struct sealed_read {
    struct archive_content *content;
    struct source *tar;
    struct walk_visitor visitor;
};

static int read_sealed(void *context, struct error *error)
{
    struct sealed_read *call = context;
    struct archive_content *content = call->content;

    if (content->only_metadata
            ? walk_metadata(&content->walk, call->tar, content->hops_within, error)
            : walk_archive(&content->walk, call->tar, &call->visitor, content->findings, error))
        return -1;
    content->has_checkpoint =
        checkpoint_parse(&content->checkpoint, &content->walk, &content->no_checkpoint) == 0;
    return 0;
}

int archive_content_read(struct archive_content *content, struct source *tar,
                         const struct walk_visitor *visitor, struct error *error)
{
    struct sealed_read call = {.content = content, .tar = tar};

    if (visitor)
        call.visitor = *visitor;
    call.visitor.hops_within = content->hops_within;
    return sandbox_call(read_sealed, &call, error);
}

void archive_content_done(struct archive_content *content)
{
    walk_done(&content->walk);
    checkpoint_done(&content->checkpoint);
}
