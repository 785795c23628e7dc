// SPDX-License-Identifier: Apache-2.0
/* The checks of names: where a member would be unpacked to, and through what. */
#include <string.h>

#include "archive/gate.h"
#include "archive/member-path.h"
#include "base/file.h"
#include "base/text.h"

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

int gate_check_name(struct gate *gate, const struct gate_tar *tar, const struct member *member,
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

int gate_check_paths(struct gate *gate, struct gate_tar *tar, const struct member *member,
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
