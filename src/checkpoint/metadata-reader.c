// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/metadata-reader.h"

#include <string.h>

#include "checkpoint/archive-reader.h"

static int keep(struct archive_reader *reader, const struct member *member, struct buffer *buffer,
                struct error *error)
{
    const void *data;
    size_t len;
    int more;

    if (buffer->data)
        return error_set(error, ERROR_ARCHIVE, "%s is there twice", member->path);
    buffer_init(buffer, METADATA_MAX_BYTES);
    buffer_append(buffer, "", 0);
    while ((more = archive_reader_content(reader, &data, &len, error)) > 0)
        if (buffer_append(buffer, data, len) < 0)
            return error_set(error, ERROR_ARCHIVE, "%s is larger than %d MiB", member->path,
                             METADATA_MAX_BYTES >> 20);
    return more;
}

static int take_member(struct walk *walk, struct archive_reader *reader,
                       const struct member *member, struct error *error)
{
    if (member->type != MEMBER_FILE)
        return 0;
    if (strcmp(member->path, "spec.dump") == 0)
        return keep(reader, member, &walk->spec_dump, error);
    if (strcmp(member->path, "config.dump") == 0)
        return keep(reader, member, &walk->config_dump, error);
    if (strcmp(member->path, "checkpoint/inventory.img") == 0)
        walk->inventory_time = member->mtime;
    return 0;
}

static int read_members(struct walk *walk, struct archive_reader *reader, struct error *error)
{
    const struct member *member;
    bool has_inventory = false;
    int more;

    while (!walk->spec_dump.data || !walk->config_dump.data || !has_inventory) {
        more = archive_reader_next(reader, &member, error);
        if (more < 0)
            return -1;
        if (more == 0)
            return error_set(error, ERROR_ARCHIVE,
                             "not a container checkpoint: %s is missing from the archive",
                             !walk->spec_dump.data     ? "spec.dump"
                             : !walk->config_dump.data ? "config.dump"
                                                       : "checkpoint/inventory.img");
        has_inventory = has_inventory || strcmp(member->path, "checkpoint/inventory.img") == 0;
        if (take_member(walk, reader, member, error))
            return -1;
    }
    return 0;
}

int metadata_read(struct checkpoint *checkpoint, struct source *tar, uint64_t hops_within,
                  struct error *error)
{
    cleanup(archive_reader_freep) struct archive_reader *reader = archive_reader_new(tar, NULL);
    cleanup(walk_done) struct walk walk = {0};

    if (hops_within)
        archive_reader_may_hop(reader, hops_within);
    if (read_members(&walk, reader, error))
        return -1;
    return checkpoint_parse(checkpoint, &walk, error);
}
