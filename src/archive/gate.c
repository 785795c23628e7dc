// SPDX-License-Identifier: Apache-2.0
#include "archive/gate.h"

#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

void gate_init(struct gate *gate, struct findings *findings)
{
    *gate = (struct gate){.findings = findings, .archive.paths = path_set_new()};
    buffer_init(&gate->deleted_files, GATE_LIST_MAX_BYTES);
}

void gate_done(struct gate *gate)
{
    path_set_free(gate->archive.paths);
    path_set_free(gate->inner.paths);
    path_set_free(gate->rootfs);
    buffer_done(&gate->deleted_files);
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

/* What a member is called: where it would be unpacked to, and through what. */

/* Names in the archive itself are the engines' and CRIU's own: plain ASCII. So nothing can look
 * like spec.dump, or become it on another file system, without being it. */
static int check_letters(struct gate *gate, const struct member *member, struct error *error)
{
    for (const unsigned char *c = (const unsigned char *)member->path; *c; c++)
        if (!member->container && (*c <= ' ' || *c >= 0x7f || *c == '\\'))
            return finding_report_member(gate->findings, CHECK_MEMBER_NAME, member, error,
                                         "the name has characters that no engine uses");
    if (member->container && display_hides(member->path))
        return finding_report_member(gate->findings, CHECK_HIDDEN_CHARACTERS, member, error,
                                     "the name has characters that cannot be seen");
    return 0;
}

static bool has_whiteout(const char *path)
{
    return strncmp(path, ".wh.", 4) == 0 || strstr(path, "/.wh.");
}

/* In a layer .wh.NAME deletes NAME and .wh..wh..opq what is below (OCI image-spec, layer.md); other
 * names that begin with .wh..wh. are reserved. Deleting "." or ".." is nothing but an attack. */
static bool whiteout_is_usual(const char *path)
{
    const char *name = file_name(path);
    size_t above = (size_t)(name - path);

    if (above > 0 && memmem(path, above, "/.wh.", 5))
        return false;
    if (above > 0 && strncmp(path, ".wh.", 4) == 0)
        return false;
    name += strlen(".wh.");
    return strcmp(name, ".wh..opq") == 0 ||
           (*name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
            strncmp(name, ".wh.", 4) != 0);
}

/* Linux has no longer ones. */
static bool is_too_long(const char *path)
{
    if (strlen(path) > PATH_MAX)
        return true;
    for (const char *at = path; *at; at += *at == '/') {
        size_t len = strcspn(at, "/");

        if (len > NAME_MAX)
            return true;
        at += len;
    }
    return false;
}

static int check_name(struct gate *gate, const struct gate_tar *tar, const struct member *member,
                      struct error *error)
{
    struct findings *findings = gate->findings;

    if (!*member->raw_path)
        return finding_report_member(findings, CHECK_MEMBER_NAME, member, error,
                                     "a member has no name");
    if (*member->path == '/' &&
        finding_report_member(findings, CHECK_PATH_ESCAPE, member, error,
                              "the path begins at the root of the file system") < 0)
        return -1;
    if (member_path_climbs(member->path) &&
        finding_report_member(findings, CHECK_PATH_ESCAPE, member, error, "the path has a \"..\"") <
            0)
        return -1;
    if (has_whiteout(member->path) &&
        (tar->kind != INNER_TAR_ROOTFS || !whiteout_is_usual(member->path)) &&
        finding_report_member(findings, CHECK_WHITEOUT, member, error, "the name is a whiteout's") <
            0)
        return -1;
    return check_letters(gate, member, error);
}

/* Whether a relative target leads above the top of the tar, seen from the link's own directory. */
static bool leads_out(const char *link_path, const char *target)
{
    int depth = 0;

    for (const char *c = link_path; *c; c++)
        depth += *c == '/';
    for (const char *at = target; *at; at += strcspn(at, "/"), at += *at == '/') {
        size_t len = strcspn(at, "/");

        if (len == 2 && at[0] == '.' && at[1] == '.')
            depth--;
        else if (len > 0 && !(len == 1 && *at == '.'))
            depth++;
        if (depth < 0)
            return true;
    }
    return false;
}

/* An absolute target is one inside of the container. A tmpfs is mounted below the container's root,
 * so links may lead out of its tar, which GNU tar unpacks in the container's mount namespace. */
static int check_symlink(struct gate *gate, const struct gate_tar *tar, const struct member *member,
                         struct error *error)
{
    if (tar->kind == INNER_TAR_NONE || tar->kind == INNER_TAR_TMPFS ||
        member->type != MEMBER_SYMLINK || !member->link || *member->link == '/' ||
        !leads_out(member->path, member->link))
        return 0;
    return finding_report_member(gate->findings, CHECK_LINK_ESCAPE, member, error,
                                 "it points to \"%s\", above the top", member->link);
}

/* *is_symlink: what a link of that name would be. */
static int check_hard_link(struct gate *gate, struct gate_tar *tar, const struct member *member,
                           bool *is_symlink, struct error *error)
{
    cleanup_free char *target = member_path_clean(member->link);

    if (*target == '/' || member_path_climbs(target) ||
        !path_set_has(tar->paths, target, strlen(target), is_symlink))
        return finding_report_member(gate->findings, CHECK_HARD_LINK_OUTSIDE, member, error,
                                     "it links to \"%s\", which is not before it in the tar",
                                     member->link);
    if (path_set_symlink_above(tar->paths, target))
        return finding_report_member(gate->findings, CHECK_WRITE_THROUGH_LINK, member, error,
                                     "it links to \"%s\", which lies behind a symlink",
                                     member->link);
    return 0;
}

static int report_duplicate(struct gate *gate, const struct member *member, enum path_match match,
                            struct error *error)
{
    if (match == PATH_THERE)
        return finding_report_member(gate->findings, CHECK_DUPLICATE_MEMBER, member, error,
                                     "it is there twice");
    if (match == PATH_NEW)
        return 0;
    return finding_report_member(gate->findings,
                                 member->container ? CHECK_CASE_VARIANT : CHECK_DUPLICATE_MEMBER,
                                 member, error,
                                 "another member differs from it only in upper and lower case");
}

static int check_paths(struct gate *gate, struct gate_tar *tar, const struct member *member,
                       struct error *error)
{
    bool is_symlink = member->type == MEMBER_SYMLINK;
    size_t above = path_set_symlink_above(tar->paths, member->path);

    if (above && finding_report_member(gate->findings, CHECK_WRITE_THROUGH_LINK, member, error,
                                       "\"%.*s\" is a symlink in the same tar", (int)above,
                                       member->path) < 0)
        return -1;
    if (check_symlink(gate, tar, member, error) < 0)
        return -1;
    if (member->type == MEMBER_HARD_LINK &&
        check_hard_link(gate, tar, member, &is_symlink, error) < 0)
        return -1;
    return report_duplicate(gate, member, path_set_add(tar->paths, member->path, is_symlink),
                            error);
}

/* What a member is. */

static const char *type_name(enum member_type type)
{
    static const char *const names[] = {
        [MEMBER_FILE] = "a file",
        [MEMBER_DIRECTORY] = "a directory",
        [MEMBER_SYMLINK] = "a symbolic link",
        [MEMBER_HARD_LINK] = "a hard link",
        [MEMBER_CHARACTER_DEVICE] = "a character device",
        [MEMBER_BLOCK_DEVICE] = "a block device",
        [MEMBER_FIFO] = "a named pipe",
        [MEMBER_OTHER] = "of an unknown type",
    };

    return names[type];
}

/* Overlayfs marks a deleted file with the character device 0, 0. */
static bool is_overlay_whiteout(const struct gate_tar *tar, const struct member *member)
{
    return tar->kind == INNER_TAR_ROOTFS && member->type == MEMBER_CHARACTER_DEVICE &&
           member->device_major == 0 && member->device_minor == 0;
}

/* What engines put into a container's /dev: OCI runtime-spec, "Default Devices", and fuse and tun,
 * which pods commonly get. */
static bool is_usual_in_dev(const struct gate_tar *tar, const struct member *member)
{
    static const struct {
        unsigned major, minor;
    } usual[] = {
        {1, 3},    /* null */ {1, 5},       /* zero */ {1, 7}, /* full */ {1, 8},    /* random */
        {1, 9},    /* urandom */ {5, 0},    /* tty */ {5, 1},  /* console */ {5, 2}, /* ptmx */
        {10, 200}, /* net/tun */ {10, 229},                                          /* fuse */
    };

    if (tar->kind != INNER_TAR_TMPFS || member->type != MEMBER_CHARACTER_DEVICE)
        return false;
    if (member->device_major >= 136 && member->device_major <= 143)
        return true; /* pts/N */
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (member->device_major == usual[i].major && member->device_minor == usual[i].minor)
            return true;
    return false;
}

static bool is_device(const struct member *member)
{
    return member->type == MEMBER_CHARACTER_DEVICE || member->type == MEMBER_BLOCK_DEVICE;
}

static int check_type(struct gate *gate, const struct gate_tar *tar, const struct member *member,
                      struct error *error)
{
    struct findings *findings = gate->findings;

    /* CRIU lets GNU tar look for holes in a tmpfs; the engines' tars never have any. */
    if (member->sparse && tar->kind != INNER_TAR_TMPFS &&
        finding_report_member(findings, CHECK_SPARSE_MEMBER, member, error,
                              "it has holes that are not stored") < 0)
        return -1;
    if (tar->kind == INNER_TAR_NONE) {
        if (member->type == MEMBER_FILE || member->type == MEMBER_DIRECTORY)
            return 0;
        return finding_report_member(findings, CHECK_MEMBER_TYPE, member, error,
                                     "it is %s, not a regular file", type_name(member->type));
    }
    if (member->type == MEMBER_OTHER)
        return finding_report_member(findings, CHECK_MEMBER_TYPE, member, error, "it is %s",
                                     type_name(member->type));
    if (is_device(member) && !is_overlay_whiteout(tar, member) && !is_usual_in_dev(tar, member))
        return finding_report_member(findings, CHECK_DEVICE_NODE, member, error, "it is %s, %u:%u",
                                     type_name(member->type), member->device_major,
                                     member->device_minor);
    return 0;
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

    if (count_member(gate, member, error) < 0)
        return -1;
    /* Nothing else is looked at: only the path's length would make that slow. */
    if (is_too_long(member->path) || (member->link && strlen(member->link) > PATH_MAX))
        return finding_report_member(gate->findings, CHECK_MEMBER_NAME, member, error,
                                     "a path is longer than any of Linux");
    if (check_name(gate, tar, member, error) < 0 || check_type(gate, tar, member, error) < 0)
        return -1;
    /* Only if it is allowed: memory stays bounded, and duplicates are no longer seen. */
    if (gate->member_count > GATE_MAX_INNER_MEMBERS ||
        gate->inner_member_count > GATE_MAX_INNER_MEMBERS)
        return 0;
    return check_paths(gate, tar, member, error);
}

int gate_oddity(struct gate *gate, const char *container, const struct tar_fault *fault,
                struct error *error)
{
    const struct member member = {.container = container, .path = fault->member};

    if (!*fault->member)
        return finding_report(gate->findings, fault->check, container, error, "%s", fault->what);
    return finding_report_member(gate->findings, fault->check, &member, error, "%s", fault->what);
}

/* The list that engines act upon when they restore. */

/* An array, a new reference; NULL if it was found not to be one, with the result in *result. Go,
 * which the engines are written in, takes null for an empty list. */
static json_t *load_list(struct findings *findings, const char *member, const struct buffer *list,
                         int *result, struct error *error)
{
    size_t values_left = JSON_GO_MAX_VALUES;
    struct error reason = {.text = "not a JSON list"};
    json_t *json = json_parse_go(list->data, list->len, &values_left, &reason);

    *result = 0;
    if (json_is_array(json))
        return json;
    if (!json_is_null(json))
        *result =
            finding_report(findings, CHECK_DELETED_FILES, member, error, "it is %s", reason.text);
    json_decref(json);
    return NULL;
}

/* deleted.files: a JSON array of paths, each of which the engine removes below the container's
 * root. `rootfs` has the paths of rootfs-diff.tar, which is unpacked before; NULL without one. */
static int check_deleted_files(struct findings *findings, const struct buffer *list,
                               const struct path_set *rootfs, struct error *error)
{
    static const char member[] = "deleted.files";
    int result;
    cleanup(json_decrefp) json_t *paths = load_list(findings, member, list, &result, error);
    size_t i;
    json_t *entry;

    json_array_foreach(paths, i, entry)
    {
        const char *path = json_text(entry);
        cleanup_free char *clean = path ? member_path_clean(path) : NULL;
        const char *problem = !path                      ? "it lists what is no path"
                              : member_path_climbs(path) ? "it lists a path with \"..\""
                              : strcmp(clean, "/") == 0 || strcmp(clean, ".") == 0 || !*clean
                                  ? "it lists the container's root itself"
                              : rootfs && path_set_symlink_above(rootfs, clean + (*clean == '/'))
                                  ? "it lists a path behind a symlink of rootfs-diff.tar"
                                  : NULL;

        if (problem && finding_report(findings, CHECK_DELETED_FILES, member, error, "%s: \"%s\"",
                                      problem, path ? path : "") < 0)
            return -1;
    }
    return result;
}

enum watched { WATCHED_NONE, WATCHED_DELETED_FILES, WATCHED_INVENTORY };

static enum watched watched(const struct member *member)
{
    if (member->container)
        return WATCHED_NONE;
    if (strcmp(member->path, "deleted.files") == 0)
        return WATCHED_DELETED_FILES;
    return strcmp(member->path, "checkpoint/inventory.img") == 0 ? WATCHED_INVENTORY : WATCHED_NONE;
}

size_t gate_wants(const struct member *member)
{
    enum { INVENTORY_BYTES = 64 << 10 };

    switch (watched(member)) {
    case WATCHED_DELETED_FILES:
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

static int keep_deleted_files(struct gate *gate, const struct member *member,
                              const struct buffer *content, struct error *error)
{
    if (member->size > GATE_LIST_MAX_BYTES)
        return finding_report_member(gate->findings, CHECK_DELETED_FILES, member, error,
                                     "it is larger than %d MiB", GATE_LIST_MAX_BYTES >> 20);
    buffer_clear(&gate->deleted_files);
    buffer_append(&gate->deleted_files, content->data, content->len);
    return 0;
}

int gate_content(struct gate *gate, const struct member *member, const struct buffer *content,
                 struct error *error)
{
    switch (watched(member)) {
    case WATCHED_DELETED_FILES:
        return keep_deleted_files(gate, member, content, error);
    case WATCHED_INVENTORY:
        return check_plugins(gate, member, content, error);
    case WATCHED_NONE:
        break;
    }
    return 0;
}

int gate_finish(struct gate *gate, struct error *error)
{
    return gate->deleted_files.data
               ? check_deleted_files(gate->findings, &gate->deleted_files, gate->rootfs, error)
               : 0;
}
