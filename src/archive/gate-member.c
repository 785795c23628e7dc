// SPDX-License-Identifier: Apache-2.0
/* What one member is called and what it is, without a look at the others of its tar. */
#include "archive/gate.h"

#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

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

/* To whoever unpacks a layer they are orders. A container engine in the
 * container has them in its own storage: podman unpacks volumes without looking for them
 * (pkg/archive of containers/storage, GetWhiteoutConverter), and GNU tar, which unpacks a tmpfs,
 * knows none. */
static bool whiteout_is_harmless(const struct gate_tar *tar, const char *path)
{
    switch (tar->kind) {
    case INNER_TAR_TMPFS:
    case INNER_TAR_VOLUME:
        return true;
    case INNER_TAR_ROOTFS:
        return whiteout_is_usual(path);
    case INNER_TAR_NONE:
    case INNER_TAR_SHM:
        break;
    }
    return false;
}

int gate_check_name(struct gate *gate, const struct gate_tar *tar, const struct member *member,
                    struct error *error)
{
    struct findings *findings = gate->findings;

    if (!*member->raw_path)
        return finding_report_member(findings, CHECK_MEMBER_NAME, member, error,
                                     "a member has no name");
    if ((*member->path == '/' || member_path_climbs(member->path)) &&
        finding_report_member(findings, CHECK_PATH_ESCAPE, member, error,
                              *member->path == '/'
                                  ? "the path begins at the root of the file system"
                                  : "the path has a \"..\"") < 0)
        return -1;
    if (has_whiteout(member->path) && !whiteout_is_harmless(tar, member->path) &&
        finding_report_member(findings, CHECK_WHITEOUT, member, error, "the name is a whiteout's") <
            0)
        return -1;
    return check_letters(gate, member, error);
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

struct device_number {
    unsigned major, minor;
};

static bool is_one_of(const struct member *member, const struct device_number *numbers,
                      size_t count)
{
    for (size_t i = 0; member->type == MEMBER_CHARACTER_DEVICE && i < count; i++)
        if (member->device_major == numbers[i].major && member->device_minor == numbers[i].minor)
            return true;
    return false;
}

/* They are in every container and harmless wherever they are, as in a chroot. 0:0 is no device:
 * with it overlayfs marks a file that was deleted. */
static bool is_harmless_device(const struct member *member)
{
    static const struct device_number harmless[] = {
        {0, 0}, /* whiteout */
        {1, 3}, /* null */
        {1, 5}, /* zero */
        {1, 7}, /* full */
        {1, 8}, /* random */
        {1, 9}, /* urandom */
        {5, 0}, /* tty */
    };

    return is_one_of(member, harmless, sizeof harmless / sizeof *harmless);
}

/* What else engines put into a container's /dev: OCI runtime-spec, "Default Devices", and fuse and
 * tun, which pods commonly get. */
static bool is_usual_in_dev(const struct gate_tar *tar, const struct member *member)
{
    static const struct device_number usual[] = {
        {5, 1},    /* console */
        {5, 2},    /* ptmx */
        {10, 200}, /* net/tun */
        {10, 229}, /* fuse */
    };
    bool is_terminal = member->type == MEMBER_CHARACTER_DEVICE && member->device_major >= 136 &&
                       member->device_major <= 143; /* pts/N */

    return tar->kind == INNER_TAR_TMPFS &&
           (is_terminal || is_one_of(member, usual, sizeof usual / sizeof *usual));
}

static bool is_device(const struct member *member)
{
    return member->type == MEMBER_CHARACTER_DEVICE || member->type == MEMBER_BLOCK_DEVICE;
}

/* runc and crun make the devices of spec.dump's linux.devices below the container's root, mostly in
 * /dev, which is a tmpfs. Those in other tars were made by the container. */
static int check_device(struct gate *gate, const struct gate_tar *tar, const struct member *member,
                        struct error *error)
{
    const char *type = type_name(member->type);
    bool is_below_root = tar->kind == INNER_TAR_ROOTFS;

    if (is_harmless_device(member) || is_usual_in_dev(tar, member))
        return 0;
    if (is_below_root || tar->kind == INNER_TAR_TMPFS) {
        cleanup_free char *path = xasprintf("%s/%s", is_below_root ? "" : "/dev", member->path);

        suspects_add(&gate->suspects, SUSPECT_DEVICE, member, path,
                     "it is %s, %u:%u, which spec.dump does not give to the container", type,
                     member->device_major, member->device_minor);
        return 0;
    }
    return finding_report_member(gate->findings, CHECK_DEVICE_NODE, member, error,
                                 "it is %s, %u:%u", type, member->device_major,
                                 member->device_minor);
}

/* "podman container checkpoint --with-previous" makes this link itself
 * (container_internal_common.go of podman 5.8, "WithPrevious"), and CRIU follows it for the pages
 * that have not changed. */
static bool is_parent_link(const struct member *member)
{
    return member->type == MEMBER_SYMLINK && strcmp(member->path, "checkpoint/parent") == 0 &&
           member->link && strcmp(member->link, "../pre-checkpoint") == 0;
}

int gate_check_type(struct gate *gate, const struct gate_tar *tar, const struct member *member,
                    struct error *error)
{
    struct findings *findings = gate->findings;

    /* CRIU lets GNU tar look for holes in a tmpfs; the engines' tars never have any. */
    if (member->sparse && tar->kind != INNER_TAR_TMPFS &&
        finding_report_member(findings, CHECK_SPARSE_MEMBER, member, error,
                              "it has holes that are not stored") < 0)
        return -1;
    if (is_device(member) && tar->kind != INNER_TAR_NONE)
        return check_device(gate, tar, member, error);
    if (member->type == MEMBER_FILE || member->type == MEMBER_DIRECTORY ||
        (tar->kind != INNER_TAR_NONE && member->type != MEMBER_OTHER))
        return 0;
    if (tar->kind == INNER_TAR_NONE && is_parent_link(member)) {
        suspects_add(&gate->suspects, SUSPECT_PARENT_LINK, member, NULL,
                     "it is a symbolic link, which only podman makes");
        return 0;
    }
    return finding_report_member(findings, CHECK_MEMBER_TYPE, member, error,
                                 tar->kind == INNER_TAR_NONE ? "it is %s, not a regular file"
                                                             : "it is %s",
                                 type_name(member->type));
}
