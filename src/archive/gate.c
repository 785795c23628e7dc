// SPDX-License-Identifier: Apache-2.0
#include "archive/gate.h"

#include <limits.h>
#include <string.h>

#include "base/json.h"

void gate_init(struct gate *gate, struct findings *findings, const struct cancel *cancel)
{
    *gate = (struct gate){.findings = findings, .cancel = cancel, .archive.paths = path_set_new()};
    buffer_init(&gate->deleted_files, GATE_LIST_MAX_BYTES);
}

void gate_done(struct gate *gate)
{
    path_set_free(gate->archive.paths);
    path_set_free(gate->inner.paths);
    path_set_free(gate->rootfs);
    buffer_done(&gate->deleted_files);
    suspects_done(&gate->suspects);
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

/* An absolute target is one inside of the container. A tmpfs and a volume are mounted below the
 * container's root, so links may lead out of their tars: GNU tar unpacks the one in the container's
 * mount namespace, podman the other in a chroot. containerd, which resolves every path below the
 * root, may have such links in rootfs-diff.tar, too. */
static int check_symlink(struct gate *gate, const struct gate_tar *tar, const struct member *member,
                         struct error *error)
{
    static const char problem[] = "it points to \"%s\", above the top";

    if (member->type != MEMBER_SYMLINK || !member->link || *member->link == '/' ||
        (tar->kind != INNER_TAR_ROOTFS && tar->kind != INNER_TAR_SHM) ||
        !leads_out(member->path, member->link))
        return 0;
    if (tar->kind == INNER_TAR_SHM)
        return finding_report_member(gate->findings, CHECK_LINK_ESCAPE, member, error, problem,
                                     member->link);
    suspects_add(&gate->suspects, SUSPECT_LINK_ABOVE, member, NULL, problem, member->link);
    return 0;
}

/* Where many base images have an absolute link. CRI-O and podman unpack rootfs-diff.tar and remove
 * deleted.files as root without a chroot, so that a path through it leads to the node (checkpoint_
 * restore_utils.go:87 and :112 in crutils of containers/common). The links of a merged /usr are
 * relative, and lead to the container's own files in any case. */
static const char *base_link_above(const char *path)
{
    static const char *const links[] = {"var/run", "var/lock"};

    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        size_t len = strlen(links[i]);

        if (strncmp(path, links[i], len) == 0 && path[len] == '/')
            return links[i];
    }
    return NULL;
}

/* Once for each list of paths: the first one tells. */
static void suspect_base_link(struct gate *gate, struct gate_tar *tar, const struct member *member,
                              const char *path)
{
    const char *link = base_link_above(path);

    if (!link || tar->base_link_suspected)
        return;
    tar->base_link_suspected = true;
    suspects_add(&gate->suspects, SUSPECT_BASE_LINK, member, NULL,
                 "/%s lies behind /%s, which many base images have as an absolute link", path,
                 link);
}

/* A directory that the tar itself has brought under the link's name has taken its place: the
 * engines remove first what is there and no directory. An image without /var/run gets one for the
 * secrets of its pod. */
static void check_base_link(struct gate *gate, struct gate_tar *tar, const struct member *member)
{
    const char *link = base_link_above(member->path);

    if (link && !path_set_has(tar->paths, link, strlen(link), NULL))
        suspect_base_link(gate, tar, member, member->path);
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
    bool may_vary;

    if (match == PATH_THERE)
        return finding_report_member(gate->findings, CHECK_DUPLICATE_MEMBER, member, error,
                                     "it is there twice");
    if (match == PATH_NEW)
        return 0;
    /* podman's volumes may be called Data and data. */
    may_vary = member->container || inner_tar_kind(member->path) == INNER_TAR_VOLUME;
    return finding_report_member(gate->findings,
                                 may_vary ? CHECK_CASE_VARIANT : CHECK_DUPLICATE_MEMBER, member,
                                 error,
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
    if (tar->kind == INNER_TAR_ROOTFS && !above)
        check_base_link(gate, tar, member);
    if (check_symlink(gate, tar, member, error) < 0)
        return -1;
    if (member->type == MEMBER_HARD_LINK &&
        check_hard_link(gate, tar, member, &is_symlink, error) < 0)
        return -1;
    return report_duplicate(gate, member, path_set_add(tar->paths, member->path, is_symlink),
                            error);
}

/* What there is too much of; NULL: nothing. The caller's. */
static char *describe_excess(const struct gate *gate)
{
    if (gate->member_count > GATE_MAX_MEMBERS)
        return xasprintf("there are more than %d members", GATE_MAX_MEMBERS);
    if (gate->inner_member_count > GATE_MAX_INNER_MEMBERS)
        return xasprintf("there are more than %d members in the tars inside",
                         GATE_MAX_INNER_MEMBERS);
    if (gate->path_bytes > GATE_MAX_PATHS_BYTES)
        return xasprintf("the paths of all members have more than %d MiB",
                         GATE_MAX_PATHS_BYTES >> 20);
    if (gate->header_bytes >> 20 > GATE_MAX_HEADERS_MIB)
        return xasprintf("the headers of all members have more than %d MiB", GATE_MAX_HEADERS_MIB);
    return NULL;
}

/* Unless it is allowed, the walk ends, also where findings are only collected: nobody is to be kept
 * busy. If it is, the further members are not compared with each other, so that memory stays
 * bounded. */
static int report_excess(struct gate *gate, const struct member *member, struct error *error)
{
    bool is_allowed = gate->findings->policy.allowed[CHECK_TOO_MANY_MEMBERS];
    cleanup_free char *excess = gate->is_too_many ? NULL : describe_excess(gate);

    if (!excess)
        return 0;
    gate->is_too_many = true;
    return (is_allowed ? finding_report
                       : finding_report_fatal)(gate->findings, CHECK_TOO_MANY_MEMBERS,
                                               member->container, error, "%s", excess);
}

static int count_member(struct gate *gate, const struct member *member, struct error *error)
{
    gate->member_count += !member->container;
    gate->inner_member_count += member->container != NULL;
    gate->path_bytes += strlen(member->path);
    gate->header_bytes += member->header_bytes;
    return report_excess(gate, member, error);
}

int gate_member(struct gate *gate, const struct member *member, struct error *error)
{
    struct gate_tar *tar = member->container ? &gate->inner : &gate->archive;

    if ((gate->cancel && cancel_check(gate->cancel, error) < 0) ||
        count_member(gate, member, error) < 0)
        return -1;
    /* Nothing else is looked at: only the path's length would make that slow. */
    if (member_path_is_too_long(member->path) || (member->link && strlen(member->link) > PATH_MAX))
        return finding_report_member(gate->findings, CHECK_MEMBER_NAME, member, error,
                                     "a path is longer than any of Linux");
    if (gate_check_name(gate, tar, member, error) < 0 ||
        gate_check_type(gate, tar, member, error) < 0)
        return -1;
    return gate->is_too_many ? 0 : check_paths(gate, tar, member, error);
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

/* What is wrong with a path of deleted.files; NULL: nothing. */
static const char *deleted_path_problem(struct gate *gate, const char *path)
{
    static const struct member list = {.path = "deleted.files"};
    cleanup_free char *clean = NULL;
    const char *relative;

    if (!path)
        return "it lists what is no path";
    if (member_path_is_too_long(path))
        return "it lists a path that is longer than any of Linux";
    if (member_path_climbs(path))
        return "it lists a path with \"..\"";
    clean = member_path_clean(path);
    relative = clean + (*clean == '/');
    if (!*relative || strcmp(clean, ".") == 0)
        return "it lists the container's root itself";
    if (gate->rootfs && path_set_symlink_above(gate->rootfs, relative))
        return "it lists a path behind a symlink of rootfs-diff.tar";
    suspect_base_link(gate, &gate->archive, &list, relative);
    return NULL;
}

/* deleted.files: a JSON array of paths, each of which the engine removes below the container's
 * root, after it has unpacked rootfs-diff.tar. */
static int check_deleted_files(struct gate *gate, struct error *error)
{
    static const char member[] = "deleted.files";
    int result;
    cleanup(json_decrefp) json_t *paths =
        load_list(gate->findings, member, &gate->deleted_files, &result, error);
    size_t i;
    json_t *entry;

    json_array_foreach(paths, i, entry)
    {
        const char *path = json_text(entry);
        const char *problem = deleted_path_problem(gate, path);

        if ((gate->cancel && cancel_check(gate->cancel, error) < 0) ||
            (problem &&
             finding_report(gate->findings, CHECK_DELETED_FILES, member, error, "%s: \"%.*s\"",
                            problem, FINDING_DETAIL_MAX_BYTES, path ? path : "") < 0))
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
    return gate->deleted_files.data ? check_deleted_files(gate, error) : 0;
}
