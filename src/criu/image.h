// SPDX-License-Identifier: Apache-2.0
/*
 * CRIU's image files, as bytes in memory: magic numbers, then messages of protobuf, each behind its
 * length. These numbers are words of the machine that wrote them, big-endian on s390x; what is
 * inside of a message is not. Pure functions over what the caller owns; the bytes are an attacker's
 * until proven.
 */
#ifndef CKPTOCI_CRIU_IMAGE_H
#define CKPTOCI_CRIU_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

enum {
    CRIU_IMAGE_MAX_BYTES = 16 << 20,  /* of an image that is parsed; real ones are far below */
    CRIU_MESSAGE_MAX_BYTES = 1 << 20, /* of a message in it */
};

/* The second number of an image; the first one says whether it is a service file (CRIU's magic.h).
 * Only the inventory has but this one. */
enum criu_magic {
    CRIU_MAGIC_CGROUP = 0x59383330,
    CRIU_MAGIC_CORE = 0x55053847,
    CRIU_MAGIC_FDINFO = 0x56213732,
    CRIU_MAGIC_FILES = 0x56303138,
    CRIU_MAGIC_FS = 0x51403912,
    CRIU_MAGIC_GHOST_FILE = 0x52583605,
    CRIU_MAGIC_IDS = 0x54432030,
    CRIU_MAGIC_INVENTORY = 0x58313116,
    CRIU_MAGIC_MM = 0x57492820,
    CRIU_MAGIC_MOUNTPOINTS = 0x55563928,
    CRIU_MAGIC_PAGEMAP = 0x56084025,
    CRIU_MAGIC_PSTREE = 0x50273030,
    CRIU_MAGIC_REG_FILES = 0x50363636,
    CRIU_MAGIC_REMAP_FPATH = 0x59133954,
    CRIU_MAGIC_STATS = 0x57093306,
};

/* A place in an image; the bytes are borrowed. */
struct criu_image {
    const uint8_t *bytes;
    size_t len;
    size_t at; /* of the next length */
    bool is_big_endian;
};

/* -1: ERROR_ARCHIVE, these are not the bytes of such an image. */
int criu_image_open(struct criu_image *image, enum criu_magic magic, const void *bytes, size_t len,
                    struct error *error);

/* 1: *message has *len bytes, maybe none; 0: the end; -1: ERROR_ARCHIVE. */
int criu_image_next(struct criu_image *image, const uint8_t **message, size_t *len,
                    struct error *error);

/* The message of an image that has but one. -1: ERROR_ARCHIVE, also where there is none. */
int criu_image_only(enum criu_magic magic, const void *bytes, size_t len, const uint8_t **message,
                    size_t *message_len, struct error *error);

/* For a message that protobuf refuses: ERROR_ARCHIVE. */
int criu_image_damaged(struct error *error);

/* From the head of a core image, checkpoint/core-<pid>.img: the machine the process ran on, as Go
 * names it (amd64, arm64 ...). NULL: these bytes are no core image, or name a machine that OCI has
 * no name for. */
const char *criu_core_architecture(const struct buffer *head);

#endif
