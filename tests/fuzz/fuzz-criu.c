// SPDX-License-Identifier: Apache-2.0
/* CRIU's images. The first byte says which one it is to be read as. */
#include "base/buffer.h"
#include "checkpoint/core-image.h"
#include "fuzz.h"

static void fuzz_core(const uint8_t *data, size_t size)
{
    struct buffer head;

    buffer_init(&head, size);
    buffer_append(&head, data, size);
    core_image_architecture(&head);
    buffer_done(&head);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    switch (*data) {
    case 'c':
        fuzz_core(data + 1, size - 1);
        break;
    }
    return 0;
}
