// SPDX-License-Identifier: Apache-2.0
#include "archive/walk.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

#include "archive/archive-reader.h"
#include "archive/gate.h"
#include "archive/inner-tar.h"
#include "base/memory.h"

/* Members that are read whole or must be there. */
enum vital {
    VITAL_SPEC,
    VITAL_CONFIG,
    VITAL_INVENTORY,
    VITAL_REQUIRED, /* every checkpoint has those above */
    VITAL_STATUS = VITAL_REQUIRED,
    VITAL_BIND_MOUNTS,
    VITAL_NETWORK,
    VITAL_COUNT
};
static const struct {
    const char *path;
    size_t max_bytes; /* 0: its content is not kept */
} vital_members[VITAL_COUNT] = {
    [VITAL_SPEC] = {"spec.dump", METADATA_MAX_BYTES},
    [VITAL_CONFIG] = {"config.dump", METADATA_MAX_BYTES},
    [VITAL_INVENTORY] = {"checkpoint/inventory.img", 0},
    [VITAL_STATUS] = {"status.dump", DOCUMENT_MAX_BYTES},
    [VITAL_BIND_MOUNTS] = {"bind.mounts", DOCUMENT_MAX_BYTES},
    [VITAL_NETWORK] = {"network.status", DOCUMENT_MAX_BYTES},
};

struct walker {
    struct walk walk;
    const struct walk_visitor *visitor; /* never NULL; its functions may be */
    struct findings *findings;
    struct gate gate;
    struct criu_check criu;
    struct expansion *expansion, own_expansion;
    struct archive_reader *archive;
    bool oddity_reported; /* of the archive itself */
    bool failure_is_told; /* a finding about the headers says why the reader has failed */
    bool seen[VITAL_COUNT];
};

/* VITAL_COUNT: it is none of them. */
static enum vital find_vital(const struct member *member)
{
    int i = 0;

    if (member->container)
        return VITAL_COUNT;
    while (i < VITAL_COUNT && strcmp(member->path, vital_members[i].path) != 0)
        i++;
    return i;
}

static int note_vital(struct walker *walker, const struct member *member, struct error *error)
{
    enum vital vital = find_vital(member);
    size_t max;

    if (vital == VITAL_COUNT)
        return 0;
    max = vital_members[vital].max_bytes;
    if (member->type != MEMBER_FILE || member->sparse)
        return finding_report_fatal(walker->findings, CHECK_MEMBER_TYPE, member->path, error,
                                    "it is not a regular file");
    if (walker->seen[vital])
        return finding_report_fatal(walker->findings, CHECK_DUPLICATE_MEMBER, member->path, error,
                                    "it is there twice");
    if (max > 0 && member->size > max)
        return finding_report_fatal(walker->findings, CHECK_METADATA, member->path, error,
                                    "it is larger than %zu MiB", max >> 20);
    walker->seen[vital] = true;
    if (vital == VITAL_INVENTORY)
        walker->walk.inventory_time = member->mtime;
    return 0;
}

/* NULL: it is no document. */
static struct buffer *document_of(struct walk *walk, enum vital vital)
{
    switch (vital) {
    case VITAL_SPEC:
        return &walk->spec_dump;
    case VITAL_CONFIG:
        return &walk->config_dump;
    case VITAL_STATUS:
        return &walk->status_dump;
    case VITAL_BIND_MOUNTS:
        return &walk->bind_mounts;
    case VITAL_NETWORK:
        return &walk->network_status;
    case VITAL_INVENTORY:
    case VITAL_COUNT:
        break;
    }
    return NULL;
}

/* Where the walk itself keeps content of this member, and how much; NULL: it does not. */
static struct buffer *kept_in(struct walk *walk, const struct member *member, size_t *bytes)
{
    enum vital vital = find_vital(member);

    if (vital != VITAL_INVENTORY && vital != VITAL_COUNT) {
        *bytes = vital_members[vital].max_bytes;
        return document_of(walk, vital);
    }
    *bytes = CORE_HEAD_BYTES;
    if (!member->container && !walk->core_head.data &&
        fnmatch("checkpoint/core-*.img", member->path, FNM_PATHNAME) == 0)
        return &walk->core_head;
    return NULL;
}

/* The first `content->max` bytes of the reader's member. */
static int read_content(struct archive_reader *reader, struct buffer *content, struct error *error)
{
    const void *data;
    size_t len;
    int more = 1;

    buffer_append(content, "", 0); /* so that there is a string even of nothing */
    while (content->len < content->max &&
           (more = archive_reader_content(reader, &data, &len, error)) > 0) {
        size_t room = content->max - content->len;

        buffer_append(content, data, len < room ? len : room);
    }
    return more < 0 ? -1 : 0;
}

static void keep(struct buffer *kept, const struct buffer *content, size_t bytes)
{
    buffer_init(kept, bytes);
    buffer_append(kept, content->data, content->len < bytes ? content->len : bytes);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Content is read once, as much as is wanted at most, and everybody gets a share. */
static int hand_out(struct walker *walker, const struct member *member, struct buffer *content,
                    size_t gate_wanted, size_t visitor_wanted, struct error *error)
{
    const struct walk_visitor *visitor = walker->visitor;

    if (gate_wanted > 0 && gate_content(&walker->gate, member, content, error) < 0)
        return -1;
    if (visitor_wanted == 0 || !visitor->content)
        return 0;
    if (content->len > visitor_wanted) {
        content->len = visitor_wanted;
        content->data[visitor_wanted] = '\0';
    }
    return visitor->content(visitor->context, member, content, error);
}

/* Until the visitor has seen enough. */
static int watch_content(const struct walk_visitor *visitor, struct archive_reader *reader,
                         struct error *error)
{
    const void *data;
    size_t len;
    uint64_t offset = 0;
    int more;

    while ((more = archive_reader_content(reader, &data, &len, error)) > 0) {
        if (!visitor->watch(visitor->context, offset, data, len))
            return 0;
        offset += len;
    }
    return more;
}

static int take_content(struct walker *walker, struct archive_reader *reader,
                        const struct member *member, struct error *error)
{
    const struct walk_visitor *visitor = walker->visitor;
    cleanup(buffer_done) struct buffer content = {0};
    size_t visitor_wanted = 0, gate_wanted, criu_wanted, kept_bytes = 0;
    struct buffer *kept;

    if (member->type != MEMBER_FILE || member->sparse)
        return 0;
    kept = kept_in(&walker->walk, member, &kept_bytes);
    gate_wanted = gate_wants(member);
    criu_wanted = criu_check_wants(member);
    if (visitor->wants)
        visitor_wanted = visitor->wants(visitor->context, member);
    if (!kept && gate_wanted == 0 && criu_wanted == 0 && visitor_wanted == 0)
        return visitor->watches && visitor->watches(visitor->context, member)
                   ? watch_content(visitor, reader, error)
                   : 0;
    buffer_init(&content, larger(larger(kept ? kept_bytes : 0, criu_wanted),
                                 larger(gate_wanted, visitor_wanted)));
    if (read_content(reader, &content, error) < 0)
        return -1;
    if (kept)
        keep(kept, &content, kept_bytes);
    if (criu_wanted > 0 && criu_check_content(&walker->criu, member, &content, error) < 0)
        return -1;
    return hand_out(walker, member, &content, gate_wanted, visitor_wanted, error);
}

static int visit(struct walker *walker, struct archive_reader *reader, const struct member *member,
                 struct error *error)
{
    const struct walk_visitor *visitor = walker->visitor;

    if (visitor->member && visitor->member(visitor->context, member, error) < 0)
        return -1;
    return take_content(walker, reader, member, error);
}

/* The next member, after what is odd about its headers, once for each tar. That goes before the
 * reader's own failure, which it explains. */
static int next_member(struct walker *walker, struct archive_reader *reader, const char *container,
                       bool *oddity_reported, const struct member **member, struct error *error)
{
    int more = archive_reader_next(reader, member, error);
    const struct tar_fault *fault = archive_reader_oddity(reader);
    size_t refusals = walker->findings->refusals;
    struct error refusal = {0};

    if (!fault || *oddity_reported)
        return more;
    *oddity_reported = true;
    if (gate_oddity(&walker->gate, container, fault, &refusal) == 0) {
        walker->failure_is_told = more < 0 && walker->findings->refusals > refusals;
        return more;
    }
    *error = refusal;
    return -1;
}

static int read_inner(struct walker *walker, struct archive_reader *reader, const char *container,
                      struct error *error)
{
    const struct member *member;
    bool oddity_reported = false;
    int more;

    while ((more = next_member(walker, reader, container, &oddity_reported, &member, error)) > 0)
        if (gate_member(&walker->gate, member, error) < 0 ||
            visit(walker, reader, member, error) < 0)
            return -1;
    return more < 0 ? -1 : archive_reader_finish(reader, error);
}

/* The members of the tar that is the archive's present member. */
static int walk_inner(struct walker *walker, const char *container, struct error *error)
{
    cleanup(source_freep) struct source *tar = NULL;
    cleanup(archive_reader_freep) struct archive_reader *reader = NULL;
    size_t refusals = walker->findings->refusals;
    struct error cause = {0};
    int result;

    if (inner_tar_source_new(walker->archive, container, walker->expansion, &tar, error) < 0)
        return -1;
    if (!tar)
        return 0;
    reader = archive_reader_new(tar, container);
    gate_begin_inner(&walker->gate, inner_tar_kind(container));
    result = read_inner(walker, reader, container, &cause);
    gate_end_inner(&walker->gate);
    if (result == 0)
        return 0;
    /* Only if it is this tar that is wrong, not the archive around it, and not yet known. */
    if (cause.kind == ERROR_ARCHIVE && archive_reader_failed(reader) &&
        !archive_reader_failed(walker->archive)) {
        bool stops = !walker->findings->policy.keeps_going && walker->findings->refusals > refusals;

        if (!stops && (walker->expansion->ended || walker->failure_is_told)) {
            walker->failure_is_told = false;
            return 0;
        }
        if (!stops)
            return finding_report(walker->findings, CHECK_INNER_ARCHIVE, container, error, "%s",
                                  cause.text);
    }
    *error = cause;
    return -1;
}

static int walk_member(struct walker *walker, const struct member *member, struct error *error)
{
    if (note_vital(walker, member, error) < 0 || gate_member(&walker->gate, member, error) < 0 ||
        criu_check_member(&walker->criu, member, error) < 0)
        return -1;
    if (inner_tar_kind(member->path) == INNER_TAR_NONE || member->type != MEMBER_FILE ||
        member->sparse)
        return visit(walker, walker->archive, member, error);
    if (walker->visitor->member &&
        walker->visitor->member(walker->visitor->context, member, error) < 0)
        return -1;
    return walk_inner(walker, member->path, error);
}

static int check_complete(const struct walker *walker, struct error *error)
{
    for (int vital = 0; vital < VITAL_REQUIRED; vital++)
        if (!walker->seen[vital])
            return finding_report_fatal(walker->findings, CHECK_MISSING_MEMBER,
                                        vital_members[vital].path, error,
                                        "not a container checkpoint: %s is missing from the "
                                        "archive",
                                        vital_members[vital].path);
    return 0;
}

static int walk_members(struct walker *walker, struct error *error)
{
    const struct member *member;
    int more;

    while ((more = next_member(walker, walker->archive, NULL, &walker->oddity_reported, &member,
                               error)) > 0)
        if (walk_member(walker, member, error) < 0)
            return -1;
    if (more < 0 || check_complete(walker, error) < 0 ||
        archive_reader_finish(walker->archive, error) < 0)
        return -1;
    if (gate_finish(&walker->gate, error) < 0 || criu_check_finish(&walker->criu, error) < 0)
        return -1;
    walker->walk.criu = walker->criu.traits;
    walker->criu.traits = (struct criu_traits){0};
    return 0;
}

static void walker_done(struct walker *walker)
{
    gate_done(&walker->gate);
    criu_check_done(&walker->criu);
    archive_reader_free(walker->archive);
    walk_done(&walker->walk);
}

int walk_archive(struct walk *ret, struct source *tar, const struct walk_visitor *visitor,
                 struct findings *findings, struct error *error)
{
    static const struct walk_visitor nobody = {0};
    cleanup(walker_done) struct walker walker = {.visitor = visitor ? visitor : &nobody,
                                                 .findings = findings,
                                                 .archive = archive_reader_new(tar, NULL)};
    struct error cause = {0};
    int result;

    gate_init(&walker.gate, findings, walker.visitor->cancel);
    criu_check_init(&walker.criu, findings);
    walker.own_expansion =
        (struct expansion){.findings = findings, .cancel = walker.visitor->cancel};
    walker.expansion =
        walker.visitor->expansion ? walker.visitor->expansion : &walker.own_expansion;
    if (walker.visitor->hops_within)
        archive_reader_may_hop(walker.archive, walker.visitor->hops_within);
    result = walk_members(&walker, &cause);
    walker.walk.bytes = archive_reader_bytes(walker.archive);
    walker.walk.suspects = walker.gate.suspects;
    walker.gate.suspects = (struct suspects){0};
    *ret = walker.walk;
    walker.walk = (struct walk){0};
    if (result == 0)
        return 0;
    *error = cause;
    if (archive_reader_failed(walker.archive) && !walker.failure_is_told &&
        archive_reader_fault(walker.archive) != CHECK_COUNT &&
        (findings->refusals == 0 || findings->policy.keeps_going))
        finding_report_fatal(findings, archive_reader_fault(walker.archive), NULL, error, "%s",
                             cause.text);
    return -1;
}

static int keep_metadata(struct archive_reader *reader, const struct member *member,
                         struct buffer *kept, struct error *error)
{
    const void *data;
    size_t len;
    int more;

    if (kept->data)
        return error_set(error, ERROR_ARCHIVE, "%s is there twice", member->path);
    buffer_init(kept, METADATA_MAX_BYTES);
    buffer_append(kept, "", 0);
    while ((more = archive_reader_content(reader, &data, &len, error)) > 0)
        if (buffer_append(kept, data, len) < 0)
            return error_set(error, ERROR_ARCHIVE, "%s is larger than %d MiB", member->path,
                             METADATA_MAX_BYTES >> 20);
    return more;
}

static int take_metadata(struct walk *walk, struct archive_reader *reader,
                         const struct member *member, enum vital vital, struct error *error)
{
    if (member->type != MEMBER_FILE)
        return 0;
    if (vital == VITAL_SPEC || vital == VITAL_CONFIG)
        return keep_metadata(reader, member, document_of(walk, vital), error);
    if (vital == VITAL_INVENTORY)
        walk->inventory_time = member->mtime;
    return 0;
}

int walk_metadata(struct walk *walk, struct source *tar, uint64_t hops_within, struct error *error)
{
    cleanup(archive_reader_freep) struct archive_reader *reader = archive_reader_new(tar, NULL);
    const struct member *member;
    bool has_inventory = false;
    int more;

    *walk = (struct walk){0};
    if (hops_within)
        archive_reader_may_hop(reader, hops_within);
    while (!walk->spec_dump.data || !walk->config_dump.data || !has_inventory) {
        enum vital vital;

        more = archive_reader_next(reader, &member, error);
        if (more < 0)
            return -1;
        if (more == 0) {
            vital = !walk->spec_dump.data     ? VITAL_SPEC
                    : !walk->config_dump.data ? VITAL_CONFIG
                                              : VITAL_INVENTORY;
            return error_set(error, ERROR_ARCHIVE,
                             "not a container checkpoint: %s is missing from the archive",
                             vital_members[vital].path);
        }
        vital = find_vital(member);
        has_inventory = has_inventory || vital == VITAL_INVENTORY;
        if (take_metadata(walk, reader, member, vital, error))
            return -1;
    }
    return 0;
}

void walk_done(struct walk *walk)
{
    buffer_done(&walk->spec_dump);
    buffer_done(&walk->config_dump);
    buffer_done(&walk->status_dump);
    buffer_done(&walk->bind_mounts);
    buffer_done(&walk->network_status);
    buffer_done(&walk->core_head);
    criu_traits_done(&walk->criu);
    suspects_done(&walk->suspects);
}
