// SPDX-License-Identifier: Apache-2.0
#include "archive/tar-block.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* POSIX.1-1988 ustar. GNU tar's own format has the same fields up to the devices, V7's up to the
 * link. */
struct ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
    char link[100], magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155];
    char rest[12];
};
_Static_assert(sizeof(struct ustar) == TAR_BLOCK_BYTES, "a header is one block");

enum {
    MAGIC_AT = 257,
    /* GNU tar's own header, where ustar has its prefix. */
    GNU_ATIME_AT = 345,
    GNU_CTIME_AT = 357,
    GNU_OFFSET_AT = 369, /* of the file, in another volume: not in a whole archive */
    GNU_SPARSE_AT = 386,
    GNU_REALSIZE_END_AT = 495,
    NUMBER_FIELD_BYTES = 12,
    /* What Linux has: include/linux/kdev_t.h. Engines cut off the bits above. */
    DEVICE_MAJOR_MAX = (1 << 12) - 1,
    DEVICE_MINOR_MAX = (1 << 20) - 1,
    MODE_PERMISSIONS = 07777,
    MODE_MAX = S_IFMT | MODE_PERMISSIONS,
};

bool tar_is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            return false;
    return true;
}

/* GNU's base 256: the sign in the first byte, 0x80 or 0xff, the rest is big-endian. */
static bool parse_binary(const uint8_t *field, size_t len, int64_t *number)
{
    uint8_t sign = field[0] == 0xff ? 0xff : 0;
    uint64_t value = sign ? UINT64_MAX : 0;

    if (field[0] != 0x80 && field[0] != 0xff)
        return false;
    for (size_t i = 1; i < len; i++) {
        if (len - i > sizeof value && field[i] != sign)
            return false;
        value = value << 8 | field[i];
    }
    if (len > sizeof value && (field[len - sizeof value] & 0x80) != (sign & 0x80))
        return false;
    *number = (int64_t)value;
    return true;
}

static bool parse_octal(const uint8_t *field, size_t len, uint64_t *number)
{
    size_t i = 0;

    *number = 0;
    while (i < len && field[i] == ' ')
        i++;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
        *number = *number * 8 + (uint64_t)(field[i] - '0'); /* of 12 digits at most */
    while (i < len && (field[i] == ' ' || field[i] == '\0'))
        i++;
    return i == len;
}

bool tar_number_parse(const uint8_t *field, size_t len, uint64_t max, uint64_t *number)
{
    int64_t binary;

    if (!(field[0] & 0x80))
        return parse_octal(field, len, number) && *number <= max;
    if (!parse_binary(field, len, &binary) || binary < 0 || (uint64_t)binary > max)
        return false;
    *number = (uint64_t)binary;
    return true;
}

/* Times may lie before 1970. */
static bool is_time(const uint8_t *field)
{
    uint64_t octal;
    int64_t binary;

    return field[0] & 0x80 ? parse_binary(field, NUMBER_FIELD_BYTES, &binary)
                           : parse_octal(field, NUMBER_FIELD_BYTES, &octal);
}

bool tar_block_is_header(const uint8_t bytes[TAR_BLOCK_BYTES])
{
    const struct ustar *ustar = (const struct ustar *)bytes;
    uint64_t told;
    unsigned sum = 0;

    for (size_t at = 0; at < sizeof *ustar; at++)
        sum += bytes[at];
    for (size_t at = 0; at < sizeof ustar->checksum; at++)
        sum += (unsigned)' ' - (uint8_t)ustar->checksum[at];
    return parse_octal((const uint8_t *)ustar->checksum, sizeof ustar->checksum, &told) &&
           sum == told;
}

/* V7 ends with the link. GNU tar's writes the device's numbers, always 0, behind that. */
static bool is_v7(const struct ustar *ustar, const uint8_t *bytes)
{
    uint64_t number;

    return tar_is_zero(bytes + MAGIC_AT, offsetof(struct ustar, major) - MAGIC_AT) &&
           tar_is_zero((const uint8_t *)ustar->prefix,
                       TAR_BLOCK_BYTES - offsetof(struct ustar, prefix)) &&
           tar_number_parse((const uint8_t *)ustar->major, sizeof ustar->major, 0, &number) &&
           tar_number_parse((const uint8_t *)ustar->minor, sizeof ustar->minor, 0, &number);
}

static const char *read_format(struct tar_block *block, const uint8_t *bytes)
{
    const struct ustar *ustar = (const struct ustar *)bytes;

    block->format = TAR_FORMAT_V7;
    if (memcmp(bytes + MAGIC_AT, "ustar\00000", 8) == 0) {
        block->format = TAR_FORMAT_USTAR;
        if (!tar_is_zero((const uint8_t *)ustar->rest, sizeof ustar->rest))
            return "there is something behind the prefix of its header";
    } else if (memcmp(bytes + MAGIC_AT, "ustar  ", 8) == 0) {
        block->format = TAR_FORMAT_GNU;
    } else if (!is_v7(ustar, bytes)) {
        return "its header is of no format that all readers know";
    }
    return NULL;
}

/* Some readers take what stands here for a prefix, others for a map of holes whatever the type. */
static const char *check_gnu(const struct tar_block *block, const uint8_t *bytes)
{
    size_t map_from = block->type == 'S' ? GNU_SPARSE_AT : TAR_BLOCK_BYTES;

    if (!is_time(bytes + GNU_ATIME_AT) || !is_time(bytes + GNU_CTIME_AT))
        return "its GNU header has something else where its times are";
    if (!tar_is_zero(bytes + GNU_OFFSET_AT, map_from - GNU_OFFSET_AT) ||
        !tar_is_zero(bytes + GNU_REALSIZE_END_AT, TAR_BLOCK_BYTES - GNU_REALSIZE_END_AT))
        return "its GNU header has something where it must be empty";
    return NULL;
}

static void read_texts(struct tar_block *block, const struct ustar *ustar)
{
    block->has_prefix = block->format == TAR_FORMAT_USTAR && *ustar->prefix;
    snprintf(block->name, sizeof block->name, "%.*s%s%.*s",
             block->has_prefix ? (int)sizeof ustar->prefix : 0, ustar->prefix,
             block->has_prefix ? "/" : "", (int)sizeof ustar->name, ustar->name);
    snprintf(block->link, sizeof block->link, "%.*s", (int)sizeof ustar->link, ustar->link);
}

/* Go takes a type in the mode for the member's. */
static bool mode_fits(const struct tar_block *block)
{
    mode_t type = block->mode & S_IFMT;

    switch (block->type) {
    case '2':
        return type == 0 || type == S_IFLNK;
    case '3':
        return type == 0 || type == S_IFCHR;
    case '4':
        return type == 0 || type == S_IFBLK;
    case '5':
        return type == 0 || type == S_IFDIR;
    case '6':
        return type == 0 || type == S_IFIFO;
    default:
        return type == 0 || type == S_IFREG;
    }
}

static const char *read_devices(struct tar_block *block, const struct ustar *ustar)
{
    bool is_device = block->type == '3' || block->type == '4';
    uint64_t major, minor;

    if (!tar_number_parse((const uint8_t *)ustar->major, sizeof ustar->major, DEVICE_MAJOR_MAX,
                          &major) ||
        !tar_number_parse((const uint8_t *)ustar->minor, sizeof ustar->minor, DEVICE_MINOR_MAX,
                          &minor))
        return "its device is no number, or none that Linux has";
    block->device_major = is_device ? (unsigned)major : 0;
    block->device_minor = is_device ? (unsigned)minor : 0;
    return NULL;
}

static const char *read_numbers(struct tar_block *block, const struct ustar *ustar)
{
    uint64_t mode, owner;

    if (!tar_number_parse((const uint8_t *)ustar->size, sizeof ustar->size, INT64_MAX,
                          &block->size))
        return "its size is no number";
    if (!tar_number_parse((const uint8_t *)ustar->mode, sizeof ustar->mode, MODE_MAX, &mode))
        return "its mode is no number, or too large";
    block->mode = (unsigned)mode;
    if (!mode_fits(block))
        return "its mode is that of another type";
    if (!tar_number_parse((const uint8_t *)ustar->uid, sizeof ustar->uid, UINT32_MAX, &owner) ||
        !tar_number_parse((const uint8_t *)ustar->gid, sizeof ustar->gid, UINT32_MAX, &owner))
        return "its owner is no number, or too large";
    if (!is_time((const uint8_t *)ustar->mtime))
        return "its time is no number";
    return block->format == TAR_FORMAT_V7 ? NULL : read_devices(block, ustar);
}

const char *tar_block_read(struct tar_block *block, const uint8_t bytes[TAR_BLOCK_BYTES])
{
    const struct ustar *ustar = (const struct ustar *)bytes;
    const char *problem;

    *block = (struct tar_block){.type = ustar->type};
    problem = read_format(block, bytes);
    read_texts(block, ustar);
    if (!problem && block->format == TAR_FORMAT_GNU)
        problem = check_gnu(block, bytes);
    /* One reader puts another slash behind it. */
    if (!problem && block->has_prefix &&
        ustar->prefix[strnlen(ustar->prefix, sizeof ustar->prefix) - 1] == '/')
        problem = "the prefix of its name ends in a slash";
    return problem ? problem : read_numbers(block, ustar);
}
