// SPDX-License-Identifier: Apache-2.0
#include "archive/gate.h"

#include <string.h>

#include "archive/gate-lists.h"

void gate_init(struct gate *gate, struct findings *findings)
{
    *gate = (struct gate){.findings = findings, .archive.paths = path_set_new()};
    buffer_init(&gate->deleted_files, GATE_LIST_MAX_BYTES);
    buffer_init(&gate->mounts, GATE_LIST_MAX_BYTES);
}

void gate_done(struct gate *gate)
{
    path_set_free(gate->archive.paths);
    path_set_free(gate->inner.paths);
    path_set_free(gate->rootfs);
    buffer_done(&gate->deleted_files);
    buffer_done(&gate->mounts);
}

void gate_begin_inner(struct gate *gate, enum inner_tar kind)
{
    gate->inner = (struct gate_tar){.kind = kind, .paths = path_set_new()};
}

void gate_end_inner(struct gate *gate)
{
    if (gate->inner.kind == INNER_TAR_ROOTFS && !gate->rootfs)
        gate->rootfs = steal(gate->inner.paths);
    path_set_free(steal(gate->inner.paths));
}

static int count_member(struct gate *gate, const struct member *member, struct error *error)
{
    uint64_t *count = member->container ? &gate->inner_member_count : &gate->member_count;
    uint64_t max = member->container ? GATE_MAX_INNER_MEMBERS : GATE_MAX_MEMBERS;

    if (++*count != max + 1)
        return 0;
    return finding_report(gate->findings, CHECK_TOO_MANY_MEMBERS, member->container, error,
                          "there are more than %llu members%s", (unsigned long long)max,
                          member->container ? " in the tars inside" : "");
}

int gate_member(struct gate *gate, const struct member *member, struct error *error)
{
    struct gate_tar *tar = member->container ? &gate->inner : &gate->archive;

    if (count_member(gate, member, error) < 0 || gate_check_name(gate, tar, member, error) < 0 ||
        gate_check_type(gate, tar, member, error) < 0)
        return -1;
    /* Only if it is allowed: memory stays bounded, and duplicates are no longer seen. */
    if (gate->member_count > GATE_MAX_INNER_MEMBERS ||
        gate->inner_member_count > GATE_MAX_INNER_MEMBERS)
        return 0;
    return gate_check_paths(gate, tar, member, error);
}

int gate_oddity(struct gate *gate, const char *container, const struct tar_fault *fault,
                struct error *error)
{
    const struct member member = {.container = container, .path = fault->member};

    if (!*fault->member)
        return finding_report(gate->findings, fault->check, container, error, "%s", fault->what);
    return finding_report_member(gate->findings, fault->check, &member, error, "%s", fault->what);
}

enum watched { WATCHED_NONE, WATCHED_DELETED_FILES, WATCHED_MOUNTS, WATCHED_INVENTORY };

static enum watched watched(const struct member *member)
{
    if (member->container)
        return WATCHED_NONE;
    if (strcmp(member->path, "deleted.files") == 0)
        return WATCHED_DELETED_FILES;
    if (strcmp(member->path, "bind.mounts") == 0)
        return WATCHED_MOUNTS;
    return strcmp(member->path, "checkpoint/inventory.img") == 0 ? WATCHED_INVENTORY : WATCHED_NONE;
}

size_t gate_wants(const struct member *member)
{
    enum { INVENTORY_BYTES = 64 << 10 };

    switch (watched(member)) {
    case WATCHED_DELETED_FILES:
    case WATCHED_MOUNTS:
        return GATE_LIST_MAX_BYTES;
    case WATCHED_INVENTORY:
        return INVENTORY_BYTES;
    case WATCHED_NONE:
        break;
    }
    return 0;
}

/* inventory.img names the plugins that CRIU needs; their names stand in it as they are. */
static int check_plugins(struct gate *gate, const struct member *member,
                         const struct buffer *content, struct error *error)
{
    static const char *const plugins[] = {"cuda_plugin", "amdgpu_plugin"};

    for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++)
        if (memmem(content->data, content->len, plugins[i], strlen(plugins[i])) &&
            finding_report_member(gate->findings, CHECK_GPU_PLUGIN, member, error, "CRIU used %s",
                                  plugins[i]) < 0)
            return -1;
    return 0;
}

static int keep_list(struct gate *gate, struct buffer *list, bool *has, const struct member *member,
                     const struct buffer *content, struct error *error)
{
    *has = true;
    buffer_clear(list);
    buffer_append(list, content->data, content->len);
    if (member->size <= GATE_LIST_MAX_BYTES)
        return 0;
    *has = false;
    return finding_report_member(gate->findings,
                                 list == &gate->mounts ? CHECK_BIND_MOUNTS : CHECK_DELETED_FILES,
                                 member, error, "it is larger than %d MiB",
                                 GATE_LIST_MAX_BYTES >> 20);
}

int gate_content(struct gate *gate, const struct member *member, const struct buffer *content,
                 struct error *error)
{
    switch (watched(member)) {
    case WATCHED_DELETED_FILES:
        return keep_list(gate, &gate->deleted_files, &gate->has_deleted_files, member, content,
                         error);
    case WATCHED_MOUNTS:
        return keep_list(gate, &gate->mounts, &gate->has_mounts, member, content, error);
    case WATCHED_INVENTORY:
        return check_plugins(gate, member, content, error);
    case WATCHED_NONE:
        break;
    }
    return 0;
}

int gate_finish(struct gate *gate, struct error *error)
{
    if (gate->has_deleted_files &&
        gate_check_deleted_files(gate->findings, &gate->deleted_files, gate->rootfs, error) < 0)
        return -1;
    return gate->has_mounts ? gate_check_bind_mounts(gate->findings, &gate->mounts, error) : 0;
}
