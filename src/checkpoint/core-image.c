// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/core-image.h"

#include <stdint.h>
#include <string.h>

#include "checkpoint/criu-image.h"

/*
 * Little-endian: two magic numbers, the length of the message, and the message: protobuf, whose
 * first field is `required machine_type mtype = 1` (CRIU's magic.h and core.proto).
 */
enum { MAGIC_IMAGE = 0x54564319, MESSAGE_AT = 12, FIELD_1_VARINT = 0x08 };

/* By CRIU's machine_type. S390 is always s390x: CRIU has no 31-bit port; MIPS64 little-endian. */
static const char *const architectures[] = {
    NULL, "amd64", "arm", "arm64", "ppc64le", "s390x", "mips64le", "loong64", "riscv64",
};

const char *core_image_architecture(const struct buffer *head)
{
    const uint8_t *bytes = (const uint8_t *)head->data;
    uint8_t machine;

    if (head->len < MESSAGE_AT + 2 || criu_word(bytes) != MAGIC_IMAGE ||
        criu_word(bytes + 4) != CRIU_MAGIC_CORE || bytes[MESSAGE_AT] != FIELD_1_VARINT)
        return NULL;
    machine = bytes[MESSAGE_AT + 1];
    return machine < sizeof architectures / sizeof *architectures ? architectures[machine] : NULL;
}
