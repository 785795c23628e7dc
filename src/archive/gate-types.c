// SPDX-License-Identifier: Apache-2.0
/* The checks of what a member is. */
#include "archive/gate.h"

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

int gate_check_type(struct gate *gate, const struct gate_tar *tar, const struct member *member,
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
