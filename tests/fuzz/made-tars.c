// SPDX-License-Identifier: Apache-2.0
#include "made-tars.h"

#include <stdio.h>
#include <string.h>

enum {
    MODE_AT = 100,
    SIZE_AT = 124,
    CHECKSUM_AT = 148,
    CHECKSUM_BYTES = 8,
    TYPE_AT = 156,
    LINK_AT = 157,
    MAGIC_AT = 257,
    MAJOR_AT = 329,
    MINOR_AT = 337,
    PREFIX_AT = 345,
};

static unsigned checksum(const uint8_t *header, bool is_signed)
{
    unsigned sum = CHECKSUM_BYTES * ' ';

    for (int i = 0; i < TAR_BLOCK_BYTES; i++)
        if (i < CHECKSUM_AT || i >= CHECKSUM_AT + CHECKSUM_BYTES)
            sum += is_signed ? (unsigned)(int8_t)header[i] : header[i];
    return sum;
}

static void mend(uint8_t *header, bool is_signed)
{
    char text[16];

    snprintf(text, sizeof text, "%06o", checksum(header, is_signed) & 0777777);
    memcpy(header + CHECKSUM_AT, text, 7);
    header[CHECKSUM_AT + 7] = ' ';
}

void made_set(uint8_t *header, size_t at, const void *bytes, size_t len)
{
    memcpy(header + at, bytes, len);
    mend(header, false);
}

uint8_t *made_header(struct made_tar *tar, enum made_magic magic, char type, const char *name,
                     size_t size)
{
    static const char *const magics[] = {"\0\0\0\0\0\0\0\0", "ustar\00000", "ustar  \0"};
    uint8_t *header = tar->bytes + tar->len;
    char number[16];

    memset(header, 0, TAR_BLOCK_BYTES);
    tar->len += TAR_BLOCK_BYTES;
    memcpy(header, name, strnlen(name, 100));
    memcpy(header + MODE_AT, "0000644\0000000000\0000000000", 24);
    snprintf(number, sizeof number, "%011zo", size);
    memcpy(header + SIZE_AT, number, 12);
    memcpy(header + SIZE_AT + 12, "14524770400", 12);
    header[TYPE_AT] = (uint8_t)type;
    made_set(header, MAGIC_AT, magics[magic], 8);
    return header;
}

void made_content(struct made_tar *tar, const void *bytes, size_t len)
{
    memset(tar->bytes + tar->len, 0, tar_padded(len));
    memcpy(tar->bytes + tar->len, bytes, len);
    tar->len += tar_padded(len);
}

/* "LENGTH KEY=VALUE\n" */
static size_t add_record(char *out, size_t room, const char *record, size_t record_len)
{
    size_t len = record_len + 3;

    while (len != record_len + 2 + (size_t)snprintf(NULL, 0, "%zu", len))
        len = record_len + 2 + (size_t)snprintf(NULL, 0, "%zu", len);
    if (len >= room)
        return 0;
    snprintf(out, room, "%zu ", len);
    memcpy(out + len - record_len - 1, record, record_len);
    out[len - 1] = '\n';
    return len;
}

void made_pax(struct made_tar *tar, char type, const char *records)
{
    char content[2048];
    size_t len = 0;

    for (; *records; records += strlen(records) + 1)
        len += add_record(content + len, sizeof content - len, records, strlen(records));
    made_header(tar, MADE_USTAR, type, type == 'g' ? "pax_global_header" : "PaxHeaders/x", len);
    made_content(tar, content, len);
}

void made_end(struct made_tar *tar)
{
    memset(tar->bytes + tar->len, 0, 2 * TAR_BLOCK_BYTES);
    tar->len += 2 * TAR_BLOCK_BYTES;
}

static const char long_text[] = "srv/"
                                "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
                                "dddddddddddddddddddddddddddd/"
                                "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn";

static void file(struct made_tar *tar, enum made_magic magic, const char *name, const char *content)
{
    made_header(tar, magic, '0', name, strlen(content));
    made_content(tar, content, strlen(content));
}

static void sound_v7(struct made_tar *tar)
{
    made_header(tar, MADE_V7, '\0', "srv/", 0);
    made_header(tar, MADE_V7, '\0', "srv/old", 3);
    made_content(tar, "abc", 3);
    made_set(made_header(tar, MADE_V7, '1', "srv/hard", 0), LINK_AT, "srv/old", 7);
}

static void sound_ustar(struct made_tar *tar)
{
    uint8_t *header;

    made_header(tar, MADE_USTAR, '5', "srv/", 0);
    made_set(made_header(tar, MADE_USTAR, '2', "srv/link", 0), LINK_AT, "../etc/x", 8);
    header = made_header(tar, MADE_USTAR, '3', "srv/null", 0);
    made_set(header, MAJOR_AT, "0000001\0000000003", 15);
    made_set(made_header(tar, MADE_USTAR, '0', "name", 4), PREFIX_AT, "srv/long", 8);
    made_content(tar, "data", 4);
    made_header(tar, MADE_USTAR, '6', "srv/pipe", 0);
}

static void sound_gnu(struct made_tar *tar)
{
    uint8_t *header;

    made_header(tar, MADE_GNU, 'L', "././@LongLink", sizeof long_text);
    made_content(tar, long_text, sizeof long_text);
    made_header(tar, MADE_GNU, 'K', "././@LongLink", sizeof long_text);
    made_content(tar, long_text, sizeof long_text);
    header = made_header(tar, MADE_GNU, '2', long_text, 0);
    made_set(header, LINK_AT, long_text, 100);
    header = made_header(tar, MADE_GNU, '0', "srv/times", 1);
    made_set(header, PREFIX_AT, "14524770400\00014524770400", 23);
    made_content(tar, "x", 1);
    header = made_header(tar, MADE_GNU, '4', "srv/disk", 0);
    made_set(header, 108, "\x80\0\0\0\xb2\xd0\x5e\0\x80\0\0\0\xb2\xd0\x5e\0", 16);
}

static void sound_pax(struct made_tar *tar)
{
    made_pax(tar, 'x',
             "mtime=1700000000.25\0atime=-1.5\0uname=j\xc3\xb6rg\0SCHILY.xattr.user.a=x\0"
             "uid=3000000000\0");
    file(tar, MADE_USTAR, "srv/pax", "pax");
    made_pax(tar, 'x',
             "path=srv/dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
             "dddddddddddddddddd/nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn\0");
    file(tar, MADE_USTAR, long_text, "a");
    made_pax(tar, 'x', "path=srv/\xc3\xbc\0size=4\0");
    file(tar, MADE_USTAR, "srv/", "name");
}

static void sound_sparse(struct made_tar *tar)
{
    uint8_t *header = made_header(tar, MADE_GNU, 'S', "srv/holes", 516);

    made_set(header, 386, "00000001000\00000000001000\00000000010000\00000000000004", 47);
    made_set(header, 483, "00000010004", 12);
    made_content(tar, long_text, sizeof long_text);
    made_content(tar, long_text, sizeof long_text);
    tar->len = 3 * (size_t)TAR_BLOCK_BYTES;
    made_pax(tar, 'x',
             "GNU.sparse.major=1\0GNU.sparse.minor=0\0GNU.sparse.name=srv/map\0"
             "GNU.sparse.realsize=4096\0");
    made_header(tar, MADE_USTAR, '0', "srv/GNUSparseFile.1/map", 1024);
    made_content(tar, "2\n512\n512\n4096\n0\n", 17);
    made_content(tar, long_text, sizeof long_text);
    file(tar, MADE_GNU, "srv/behind", "x");
}

static void sound_global(struct made_tar *tar)
{
    made_pax(tar, 'g', "comment=0123456789\0");
    file(tar, MADE_USTAR, "srv/a", "a");
    file(tar, MADE_USTAR, "srv/b", "");
}

bool made_sound(struct made_tar *tar, unsigned number)
{
    static void (*const all[])(struct made_tar *) = {sound_v7,  sound_ustar,  sound_gnu,
                                                     sound_pax, sound_sparse, sound_global};

    if (number >= sizeof all / sizeof *all)
        return false;
    tar->len = 0;
    all[number](tar);
    made_end(tar);
    return true;
}

/* splitmix64, by Sebastiano Vigna: public domain. */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15ULL;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static size_t below(uint64_t *seed, size_t bound)
{
    return next(seed) % bound;
}

#define ONE_OF(seed, array) ((array)[below(seed, sizeof(array) / sizeof *(array))])

struct piece {
    const char *bytes;
    size_t len;
};
#define PIECE(text)            \
    {                          \
        text, sizeof(text) - 1 \
    }

static void change_field(uint8_t *header, uint64_t *seed)
{
    static const struct {
        size_t at, len;
    } fields[] = {{0, 100},   {100, 8},  {108, 8},  {116, 8},  {124, 12}, {136, 12}, {148, 8},
                  {157, 100}, {257, 8},  {265, 32}, {329, 8},  {337, 8},  {345, 12}, {357, 12},
                  {369, 17},  {386, 12}, {398, 12}, {410, 12}, {482, 1},  {483, 12}, {500, 12}};
    static const struct piece values[] = {
        PIECE("00000000000"),
        PIECE("00000001000"),
        PIECE("0000001"),
        PIECE("1000\0"),
        PIECE("   10 "),
        PIECE("\0\0"
              "10"),
        PIECE(" \0"
              "7"),
        PIECE("0000\0"
              "777"),
        PIECE("-1"),
        PIECE("+1"),
        PIECE("0x1"),
        PIECE("9"),
        PIECE("\t1"),
        PIECE("\x80\0\0\0\0\0\0\1"),
        PIECE("\xff\xff\xff\xff\xff\xff\xff\xfe"),
        PIECE("\x80\0\0\0\0\0\0\0\0\0\2\0"),
        PIECE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        PIECE("\x81\0\0\0\0\0\0\0\0\0\0\0"),
        PIECE("\xc0\0\0\0\0\0\0\0\0\0\0\0"),
        PIECE("\0\0\0\0\0\0\0\0\0\0\0\0"),
        PIECE("ustar\00000"),
        PIECE("ustar  \0"),
        PIECE("ustar\0\0\0"),
        PIECE("ustar 00"),
        PIECE("tar\0"),
        PIECE("a/"),
        PIECE("/"),
        PIECE("../"),
        PIECE("srv/x\0"),
        PIECE("0100644\0"),
        PIECE("0040755\0"),
        PIECE("0010001\0"),
        PIECE("7777777\0"),
        PIECE("777777777777"),
        PIECE("\1"),
        PIECE("\xc3\xbc\0"),
    };
    size_t field = below(seed, sizeof fields / sizeof *fields);
    struct piece value = ONE_OF(seed, values);

    if (below(seed, 3) == 0) { /* one byte of it, or of another */
        header[fields[field].at + below(seed, fields[field].len)] = (uint8_t)next(seed);
        return;
    }
    if (below(seed, 2) == 0)
        memset(header + fields[field].at, 0, fields[field].len);
    memcpy(header + fields[field].at, value.bytes,
           value.len < fields[field].len ? value.len : fields[field].len);
}

static void change_type(uint8_t *header, uint64_t *seed)
{
    static const char types[] = "\0"
                                "01234567SxgLKXVDMNA";

    header[TYPE_AT] = (uint8_t)types[below(seed, sizeof types - 1)];
}

static void copy_blocks(struct made_tar *tar, uint64_t *seed)
{
    size_t blocks = tar->len / TAR_BLOCK_BYTES, from = below(seed, blocks),
           to = below(seed, blocks);

    if (below(seed, 2) == 0) { /* over another one */
        memmove(tar->bytes + to * TAR_BLOCK_BYTES, tar->bytes + from * TAR_BLOCK_BYTES,
                TAR_BLOCK_BYTES);
        return;
    }
    if (tar->len == sizeof tar->bytes)
        return;
    {
        uint8_t copy[TAR_BLOCK_BYTES];
        uint8_t *place = tar->bytes + to * TAR_BLOCK_BYTES;

        memcpy(copy, tar->bytes + from * TAR_BLOCK_BYTES, sizeof copy);
        memmove(place + TAR_BLOCK_BYTES, place, tar->len - to * TAR_BLOCK_BYTES);
        memcpy(place, copy, sizeof copy);
        tar->len += TAR_BLOCK_BYTES;
    }
}

static void remove_block(struct made_tar *tar, uint64_t *seed)
{
    size_t at = below(seed, tar->len / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;

    if (tar->len <= TAR_BLOCK_BYTES)
        return;
    memmove(tar->bytes + at, tar->bytes + at + TAR_BLOCK_BYTES, tar->len - at - TAR_BLOCK_BYTES);
    tar->len -= TAR_BLOCK_BYTES;
}

static void insert(struct made_tar *tar, size_t at, const struct made_tar *what)
{
    if (tar->len + what->len > sizeof tar->bytes)
        return;
    memmove(tar->bytes + at + what->len, tar->bytes + at, tar->len - at);
    memcpy(tar->bytes + at, what->bytes, what->len);
    tar->len += what->len;
}

/* A PAX or GNU header in front of a block. */
static void insert_extension(struct made_tar *tar, uint64_t *seed)
{
    static const char *const records[] = {
        "path=srv/x\0",
        "path=srv/x/\0",
        "path=\0",
        "linkpath=srv/x\0",
        "size=0\0",
        "size=512\0",
        "size=3\0",
        "size=-1\0",
        "size=+3\0",
        "size= 3\0",
        "size=3x\0",
        "uid=1\0",
        "uid=-1\0",
        "gid=x\0",
        "mtime=1\0",
        "mtime=1e9\0",
        "mtime=.5\0",
        "mtime=5.\0",
        "atime=-0.5\0",
        "ctime=99999999999999999999\0",
        "comment=x\0",
        "hdrcharset=BINARY\0",
        "charset=x\0",
        "SCHILY.devmajor=0\0SCHILY.devminor=0\0",
        "SCHILY.realsize=9\0",
        "SCHILY.ino=1\0",
        "SCHILY.xattr.user.a=\0",
        "SCHILY.xattr.user.a=1\0SCHILY.xattr.user.a=2\0",
        "LIBARCHIVE.creationtime=1\0",
        "GNU.sparse.major=1\0GNU.sparse.minor=0\0",
        "GNU.sparse.size=3\0",
        "GNU.sparse.realsize=3\0",
        "GNU.sparse.name=srv/y\0",
        "GNU.sparse.map=0,3\0GNU.sparse.numblocks=1\0GNU.sparse.size=3\0",
        "GNU.sparse.offset=0\0GNU.sparse.numbytes=3\0GNU.sparse.numblocks=1\0",
        "SUN.holesdata= 0 3\0",
        "mtime=1\0mtime=2\0",
        "a=b\0",
        "uname=\0",
        "gname=x\0",
    };
    static const char types[] = "xxxxxgLK";
    struct made_tar extension = {.len = 0};
    size_t at = below(seed, tar->len / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
    char type = types[below(seed, sizeof types - 1)];
    const char *record = ONE_OF(seed, records), *value = strchr(record, '=') + 1;

    if (type == 'x' || type == 'g') {
        made_pax(&extension, type, record);
    } else {
        made_header(&extension, MADE_GNU, type, "././@LongLink", strlen(value) + 1);
        made_content(&extension, value, strlen(value) + 1);
    }
    insert(tar, at, &extension);
}

static void change_byte(struct made_tar *tar, uint64_t *seed)
{
    size_t at = below(seed, tar->len);

    if (tar->bytes[at] && below(seed, 2) == 0)
        tar->bytes[at] += below(seed, 2) ? 1 : (uint8_t)-1;
    else
        tar->bytes[at] = (uint8_t)next(seed);
}

static bool looks_like_header(const uint8_t *block)
{
    return memcmp(block + MAGIC_AT, "ustar", 5) == 0 ||
           (block[CHECKSUM_AT + 6] == '\0' && block[CHECKSUM_AT + 7] == ' ');
}

static void mutate_once(struct made_tar *tar, uint64_t *seed)
{
    uint8_t *header = tar->bytes + below(seed, tar->len / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;

    /* Mostly a header. */
    for (int i = 0; i < 4 && !looks_like_header(header); i++)
        header = tar->bytes + below(seed, tar->len / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
    switch (below(seed, 10)) {
    case 0:
        change_type(header, seed);
        break;
    case 1:
        copy_blocks(tar, seed);
        break;
    case 2:
        remove_block(tar, seed);
        break;
    case 3:
    case 4:
        insert_extension(tar, seed);
        break;
    case 5:
    case 6:
        change_byte(tar, seed);
        break;
    default:
        change_field(header, seed);
    }
}

void made_mutate(struct made_tar *tar, uint64_t *seed)
{
    size_t count = 1 + below(seed, 3);

    while (count-- > 0)
        mutate_once(tar, seed);
    for (size_t at = 0; at < tar->len; at += TAR_BLOCK_BYTES)
        if (looks_like_header(tar->bytes + at) && below(seed, 64) > 0)
            mend(tar->bytes + at, below(seed, 64) == 0);
}
