// SPDX-License-Identifier: Apache-2.0
#include "criu/unpack.h"

#include "base/memory.h"

void *criu_grow(void *list, size_t count, size_t *capacity, size_t size, struct error *error)
{
    if (count == CRIU_LIST_MAX) {
        error_set(error, ERROR_ARCHIVE, "it has more than %d entries", CRIU_LIST_MAX);
        return NULL;
    }
    return xgrow(list, count, capacity, size);
}

void *criu_unpack_only(const ProtobufCMessageDescriptor *type, enum criu_magic magic,
                       const void *bytes, size_t len, struct error *error)
{
    const uint8_t *message;
    size_t message_len;
    void *unpacked;

    if (criu_image_only(magic, bytes, len, &message, &message_len, error))
        return NULL;
    unpacked = protobuf_c_message_unpack(type, NULL, message_len, message);
    if (!unpacked)
        criu_image_damaged(error);
    return unpacked;
}

int criu_unpack_each(const ProtobufCMessageDescriptor *type, enum criu_magic magic,
                     const void *bytes, size_t len,
                     int (*take)(void *context, const void *message, struct error *error),
                     void *context, struct error *error)
{
    struct criu_image image;
    const uint8_t *message;
    size_t message_len;
    int more;

    if (criu_image_open(&image, magic, bytes, len, error))
        return -1;
    while ((more = criu_image_next(&image, &message, &message_len, error)) > 0) {
        ProtobufCMessage *unpacked = protobuf_c_message_unpack(type, NULL, message_len, message);
        int result;

        if (!unpacked)
            return criu_image_damaged(error);
        result = take(context, unpacked, error);
        protobuf_c_message_free_unpacked(unpacked, NULL);
        if (result < 0)
            return -1;
    }
    return more;
}
