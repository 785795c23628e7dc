// SPDX-License-Identifier: Apache-2.0
#include "criu/image.h"

enum { MAGIC_COMMON = 0x54564319, MAGIC_SERVICE = 0x55105940, WORD = 4 };

static uint32_t word_at(const uint8_t *bytes, bool is_big_endian)
{
    uint32_t word = 0;

    for (int i = 0; i < WORD; i++)
        word |= (uint32_t)bytes[i] << 8 * (is_big_endian ? WORD - 1 - i : i);
    return word;
}

int criu_image_damaged(struct error *error)
{
    return error_set(error, ERROR_ARCHIVE, "a message in it is damaged");
}

static int take_word(struct criu_image *image, uint32_t expected)
{
    if (image->len - image->at < WORD ||
        word_at(image->bytes + image->at, image->is_big_endian) != expected)
        return -1;
    image->at += WORD;
    return 0;
}

/* Past the magic numbers, which also tell the order of bytes. */
static int take_magic(struct criu_image *image, enum criu_magic magic)
{
    uint32_t family = magic == CRIU_MAGIC_STATS ? MAGIC_SERVICE : MAGIC_COMMON;

    for (int is_big_endian = 0; is_big_endian <= 1; is_big_endian++) {
        image->is_big_endian = is_big_endian;
        image->at = 0;
        if ((magic == CRIU_MAGIC_INVENTORY || take_word(image, family) == 0) &&
            take_word(image, magic) == 0)
            return 0;
    }
    return -1;
}

int criu_image_open(struct criu_image *ret, enum criu_magic magic, const void *bytes, size_t len,
                    struct error *error)
{
    struct criu_image image = {.bytes = bytes, .len = len};

    if (len > CRIU_IMAGE_MAX_BYTES)
        return error_set(error, ERROR_ARCHIVE, "it is larger than %d MiB",
                         CRIU_IMAGE_MAX_BYTES >> 20);
    if (take_magic(&image, magic))
        return error_set(error, ERROR_ARCHIVE, "it does not begin as a CRIU image of its kind");
    *ret = image;
    return 0;
}

int criu_image_next(struct criu_image *image, const uint8_t **message, size_t *len,
                    struct error *error)
{
    size_t rest = image->len - image->at;
    uint32_t message_len;

    if (rest == 0)
        return 0;
    if (rest < WORD)
        return error_set(error, ERROR_ARCHIVE, "it ends in the middle of a message");
    message_len = word_at(image->bytes + image->at, image->is_big_endian);
    if (message_len > CRIU_MESSAGE_MAX_BYTES)
        return error_set(error, ERROR_ARCHIVE, "a message in it is larger than %d KiB",
                         CRIU_MESSAGE_MAX_BYTES >> 10);
    if (message_len > rest - WORD)
        return error_set(error, ERROR_ARCHIVE, "it ends in the middle of a message");
    *message = image->bytes + image->at + WORD;
    *len = message_len;
    image->at += WORD + message_len;
    return 1;
}

int criu_image_only(enum criu_magic magic, const void *bytes, size_t len, const uint8_t **message,
                    size_t *message_len, struct error *error)
{
    struct criu_image image = {0};
    int more;

    if (criu_image_open(&image, magic, bytes, len, error))
        return -1;
    more = criu_image_next(&image, message, message_len, error);
    if (more == 0)
        return error_set(error, ERROR_ARCHIVE, "it is empty");
    return more < 0 ? -1 : 0;
}

const char *criu_core_architecture(const struct buffer *head)
{
    /* Behind the magic numbers and the length of the message is its first field: `required
     * machine_type mtype = 1` (CRIU's core.proto). */
    enum { MESSAGE_AT = 3 * WORD, FIELD_1_VARINT = 0x08 };
    /* By machine_type. S390 is always s390x: CRIU has no 31-bit port; MIPS64 is little-endian. */
    static const char *const architectures[] = {
        NULL, "amd64", "arm", "arm64", "ppc64le", "s390x", "mips64le", "loong64", "riscv64",
    };
    const uint8_t *bytes = (const uint8_t *)head->data;
    struct criu_image image = {.bytes = bytes, .len = head->len};
    uint8_t machine;

    if (take_magic(&image, CRIU_MAGIC_CORE) || head->len < MESSAGE_AT + 2 ||
        bytes[MESSAGE_AT] != FIELD_1_VARINT)
        return NULL;
    machine = bytes[MESSAGE_AT + 1];
    return machine < sizeof architectures / sizeof *architectures ? architectures[machine] : NULL;
}
