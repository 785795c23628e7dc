// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/walk.h"

#include <fnmatch.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "checkpoint/archive-reader.h"
#include "checkpoint/inner-tar.h"

/* Members that every checkpoint has. */
enum required { REQUIRED_SPEC, REQUIRED_CONFIG, REQUIRED_INVENTORY, REQUIRED_COUNT };
static const char *const required_paths[REQUIRED_COUNT] = {
    [REQUIRED_SPEC] = "spec.dump",
    [REQUIRED_CONFIG] = "config.dump",
    [REQUIRED_INVENTORY] = "checkpoint/inventory.img",
};

struct walker {
    struct walk walk;
    const struct walk_visitor *visitor; /* never NULL; its functions may be */
    struct findings *findings;
    struct archive_reader *archive;
    bool seen[REQUIRED_COUNT];
};

/* REQUIRED_COUNT: it is none of them. */
static enum required find_required(const struct member *member)
{
    int i = 0;

    if (member->container)
        return REQUIRED_COUNT;
    while (i < REQUIRED_COUNT && strcmp(member->path, required_paths[i]) != 0)
        i++;
    return i;
}

static int note_required(struct walker *walker, const struct member *member, struct error *error)
{
    enum required required = find_required(member);

    if (required == REQUIRED_COUNT)
        return 0;
    if (member->type != MEMBER_FILE || member->sparse)
        return finding_report_fatal(walker->findings, CHECK_MEMBER_TYPE, member->path, error,
                                    "it is not a regular file");
    if (walker->seen[required])
        return finding_report_fatal(walker->findings, CHECK_DUPLICATE_MEMBER, member->path, error,
                                    "it is there twice");
    if (required != REQUIRED_INVENTORY && member->size > METADATA_MAX_BYTES)
        return finding_report_fatal(walker->findings, CHECK_METADATA, member->path, error,
                                    "it is larger than %d MiB", METADATA_MAX_BYTES >> 20);
    walker->seen[required] = true;
    if (required == REQUIRED_INVENTORY)
        walker->walk.inventory_time = member->mtime;
    return 0;
}

/* Where the walk itself keeps content of this member, and how much; NULL: it does not. */
static struct buffer *kept_in(struct walk *walk, const struct member *member, size_t *bytes)
{
    switch (find_required(member)) {
    case REQUIRED_SPEC:
        *bytes = METADATA_MAX_BYTES;
        return &walk->spec_dump;
    case REQUIRED_CONFIG:
        *bytes = METADATA_MAX_BYTES;
        return &walk->config_dump;
    case REQUIRED_INVENTORY:
    case REQUIRED_COUNT:
        break;
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

static int take_content(struct walker *walker, struct archive_reader *reader,
                        const struct member *member, struct error *error)
{
    const struct walk_visitor *visitor = walker->visitor;
    cleanup(buffer_done) struct buffer content = {0};
    size_t wanted = 0, kept_bytes = 0;
    struct buffer *kept;

    if (member->type != MEMBER_FILE || member->sparse)
        return 0;
    kept = kept_in(&walker->walk, member, &kept_bytes);
    if (visitor->wants)
        wanted = visitor->wants(visitor->context, member);
    if (!kept && wanted == 0)
        return 0;
    buffer_init(&content, kept && kept_bytes > wanted ? kept_bytes : wanted);
    if (read_content(reader, &content, error) < 0)
        return -1;
    if (kept)
        keep(kept, &content, kept_bytes);
    if (wanted == 0 || !visitor->content)
        return 0;
    if (content.len > wanted) {
        content.len = wanted;
        content.data[wanted] = '\0';
    }
    return visitor->content(visitor->context, member, &content, error);
}

static int visit(struct walker *walker, struct archive_reader *reader, const struct member *member,
                 struct error *error)
{
    const struct walk_visitor *visitor = walker->visitor;

    if (visitor->member && visitor->member(visitor->context, member, error) < 0)
        return -1;
    return take_content(walker, reader, member, error);
}

static int read_inner(struct walker *walker, struct archive_reader *reader, struct error *error)
{
    const struct member *member;
    int more;

    while ((more = archive_reader_next(reader, &member, error)) > 0)
        if (visit(walker, reader, member, error) < 0)
            return -1;
    return more < 0 ? -1 : archive_reader_finish(reader, error);
}

/* The members of the tar that is the archive's present member. */
static int walk_inner(struct walker *walker, const char *container, struct error *error)
{
    cleanup(source_freep) struct source *tar = NULL;
    cleanup(archive_reader_freep) struct archive_reader *reader = NULL;
    struct error cause = {0};

    if (inner_tar_source_new(walker->archive, &tar, error) < 0)
        return -1;
    if (!tar)
        return 0;
    reader = archive_reader_new(tar, container);
    if (read_inner(walker, reader, &cause) == 0)
        return 0;
    /* Only if it is this tar that is wrong, not the archive around it or a member. */
    if (cause.kind == ERROR_ARCHIVE && archive_reader_failed(reader) &&
        !archive_reader_failed(walker->archive))
        return finding_report(walker->findings, CHECK_INNER_ARCHIVE, container, error, "%s",
                              cause.text);
    *error = cause;
    return -1;
}

static int walk_member(struct walker *walker, const struct member *member, struct error *error)
{
    if (note_required(walker, member, error) < 0)
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
    for (int required = 0; required < REQUIRED_COUNT; required++)
        if (!walker->seen[required])
            return finding_report_fatal(walker->findings, CHECK_MISSING_MEMBER,
                                        required_paths[required], error,
                                        "not a container checkpoint: %s is missing from the "
                                        "archive",
                                        required_paths[required]);
    return 0;
}

static int walk_members(struct walker *walker, struct error *error)
{
    const struct member *member;
    int more;

    while ((more = archive_reader_next(walker->archive, &member, error)) > 0)
        if (walk_member(walker, member, error) < 0)
            return -1;
    if (more < 0 || check_complete(walker, error) < 0)
        return -1;
    return archive_reader_finish(walker->archive, error);
}

int walk_archive(struct walk *ret, struct source *tar, const struct walk_visitor *visitor,
                 struct findings *findings, struct error *error)
{
    static const struct walk_visitor nobody = {0};
    cleanup(archive_reader_freep) struct archive_reader *archive = archive_reader_new(tar, NULL);
    struct walker walker = {.visitor = visitor ? visitor : &nobody,
                            .findings = findings,
                            .archive = archive};
    struct error cause = {0};

    if (walk_members(&walker, &cause) == 0) {
        walker.walk.bytes = archive_reader_bytes(archive);
        *ret = walker.walk;
        return 0;
    }
    walk_done(&walker.walk);
    *error = cause;
    if (archive_reader_failed(archive) && archive_reader_fault(archive) != CHECK_COUNT)
        finding_report_fatal(findings, archive_reader_fault(archive), NULL, error, "%s",
                             cause.text);
    return -1;
}

void walk_done(struct walk *walk)
{
    buffer_done(&walk->spec_dump);
    buffer_done(&walk->config_dump);
    buffer_done(&walk->core_head);
}
