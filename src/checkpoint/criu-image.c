// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/criu-image.h"

enum { MAGIC_COMMON = 0x54564319, MAGIC_SERVICE = 0x55105940, WORD = 4 };

/* A number of an image: little-endian. */
static uint32_t word_at(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

int criu_image_damaged(struct error *error)
{
    return error_set(error, ERROR_ARCHIVE, "a message in it is damaged");
}

static int take_word(struct criu_image *image, uint32_t expected)
{
    if (image->len - image->at < WORD || word_at(image->bytes + image->at) != expected)
        return -1;
    image->at += WORD;
    return 0;
}

int criu_image_open(struct criu_image *ret, enum criu_magic magic, const void *bytes, size_t len,
                    struct error *error)
{
    struct criu_image image = {.bytes = bytes, .len = len};
    uint32_t family = magic == CRIU_MAGIC_STATS ? MAGIC_SERVICE : MAGIC_COMMON;

    if (len > CRIU_IMAGE_MAX_BYTES)
        return error_set(error, ERROR_ARCHIVE, "it is larger than %d MiB",
                         CRIU_IMAGE_MAX_BYTES >> 20);
    if ((magic != CRIU_MAGIC_INVENTORY && take_word(&image, family)) || take_word(&image, magic))
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
    message_len = word_at(image->bytes + image->at);
    if (message_len > CRIU_MESSAGE_MAX_BYTES)
        return error_set(error, ERROR_ARCHIVE, "a message in it is larger than %d KiB",
                         CRIU_MESSAGE_MAX_BYTES >> 10);
    if (message_len > rest - WORD)
        return error_set(error, ERROR_ARCHIVE, "it ends in the middle of a message");
    if (image->messages == CRIU_MESSAGES_MAX)
        return error_set(error, ERROR_ARCHIVE, "it has more than %d messages", CRIU_MESSAGES_MAX);
    *message = image->bytes + image->at + WORD;
    *len = message_len;
    image->at += WORD + message_len;
    image->messages++;
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
    uint8_t machine;

    if (head->len < MESSAGE_AT + 2 || word_at(bytes) != MAGIC_COMMON ||
        word_at(bytes + WORD) != CRIU_MAGIC_CORE || bytes[MESSAGE_AT] != FIELD_1_VARINT)
        return NULL;
    machine = bytes[MESSAGE_AT + 1];
    return machine < sizeof architectures / sizeof *architectures ? architectures[machine] : NULL;
}
