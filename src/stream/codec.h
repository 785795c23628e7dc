// SPDX-License-Identifier: Apache-2.0
/*
 * How a layer's or an archive's bytes are compressed. Each codec is a struct of its own in a file
 * of its own, which has all that the program knows of it; everything else asks the functions below.
 * A new one needs its file, a row in codec.c, and here its number and its place in the two texts.
 *
 * Encoding works on blocks that do not know of each other, so that any number of workers gives the
 * same bytes and any block can be encoded again on its own; what the codec needs of the whole is
 * put in front of the first block and behind the last.
 */
#ifndef CKPTOCI_STREAM_CODEC_H
#define CKPTOCI_STREAM_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "stream/source.h"

enum compression {
    COMPRESSION_NONE,
    COMPRESSION_GZIP,
    COMPRESSION_ZSTD,
    COMPRESSION_COUNT,
    COMPRESSION_DEFAULT = COMPRESSION_ZSTD, /* of layers, where nobody asks for another one */
};

/* The codecs in words, for the command line: as an option takes them, and as an archive may be. */
#define CODEC_NAMES "zstd, gzip or none"
#define CODEC_ARCHIVES "plain tar, gzip or zstd"

/* What the types of layers begin with, in OCI's images (image-spec, layer.md) and in docker's. */
#define LAYER_TYPE_OCI "application/vnd.oci.image.layer.v1.tar"
#define LAYER_TYPE_DOCKER "application/vnd.docker.image.rootfs.diff.tar"

enum { CODEC_MAGIC_MAX_LEN = 6, CODEC_SUFFIXES_MAX = 2 };

struct codec {
    enum compression compression;
    const char *name; /* as in --compression-format */
    /* How every stream begins; magic_len 0: the codec leaves the bytes as they are. */
    uint8_t magic[CODEC_MAGIC_MAX_LEN];
    size_t magic_len;
    const char *media_type, *docker_type;     /* of layers; the first one is what we write */
    const char *suffixes[CODEC_SUFFIXES_MAX]; /* of the names of tars; NULL: no more */
    /* The codec to advise where a registry refuses such a layer; NULL: all registries take it. */
    const char *alternative;

    /* Of what follows, a codec that leaves the bytes as they are has nothing. */
    int min_level, max_level, default_level;
    const int *ladder; /* levels to adapt with, the fastest first; NULL: none */
    unsigned ladder_count;

    /* Most bytes that encoding `len` bytes can give, with what goes in front and behind. */
    size_t (*bound)(size_t len);

    /* What one worker needs to encode; one thread at a time. */
    void *(*state_new)(int level);
    void (*state_free)(void *state);
    /* For the blocks that follow; a level of the ladder. NULL where that is. */
    void (*state_set_level)(void *state, int level);

    /* Encodes one block into `out`, which holds bound(len) bytes. *checksum is of this block alone.
     * -1: the library failed. */
    int (*encode)(void *state, const uint8_t *in, size_t len, uint8_t *out, size_t *out_len,
                  uint32_t *checksum);

    size_t head_len; /* bytes of `head`, in front of the first block */
    const uint8_t *head;
    /* What goes behind the last block: writes to `out`, returns its length. NULL for none.
     * `checksum` and `total` (bytes) are of everything encoded. */
    size_t (*tail)(uint32_t checksum, uint64_t total, uint8_t *out);
    /* The checksum of a stretch of bytes followed by another one of `len` bytes. */
    uint32_t (*checksum_append)(uint32_t checksum, uint32_t next, size_t len);

    /* What a decoder needs; one thread. */
    void *(*decoding_new)(void);
    void (*decoding_free)(void *state);
    /* As decoder_run(), but may stop anywhere. *inside, false at first, is set while a member or
     * frame has begun and not ended. */
    int (*decode)(void *state, bool *inside, const uint8_t **in, size_t *in_len, uint8_t *out,
                  size_t capacity, size_t *out_len, struct error *error);
};

extern const struct codec gzip_codec, zstd_codec;

const struct codec *codec_for(enum compression compression);
/* By the first bytes of a stream, CODEC_MAGIC_MAX_LEN of them if there are as many. */
const struct codec *codec_detect(const uint8_t *bytes, size_t len);
/* For what codec_detect() takes for uncompressed: the compression that an engine, or the gzip it
 * runs, would undo there, in words; NULL: none. */
const char *codec_unread(const uint8_t *bytes, size_t len);
/* By the name on the command line, by the type of a layer; NULL: none has it. */
const struct codec *codec_by_name(const char *name);
const struct codec *codec_by_media_type(const char *media_type);
/* Whether a file is called as a tar, compressed or not, is. */
bool codec_names_tar(const char *file_name);

/* Decompresses any number of members or frames, one behind the other. One thread. */
struct decoder;

/* `compression` is any but COMPRESSION_NONE. */
struct decoder *decoder_new(enum compression compression);
void decoder_free(struct decoder *decoder);
DEFINE_CLEANUP(struct decoder *, decoder_free);

/*
 * Decompresses from *in (advanced, *in_len lowered) into out; *out_len gets the bytes written, at
 * most `capacity`. Zero written means that more input is needed. -1: ERROR_ARCHIVE, damaged data.
 */
int decoder_run(struct decoder *decoder, const uint8_t **in, size_t *in_len, uint8_t *out,
                size_t capacity, size_t *out_len, struct error *error);
/* To be asked when the input has ended: -1, ERROR_ARCHIVE, where it ended too early. */
int decoder_finish(const struct decoder *decoder, struct error *error);

/* The decompressed bytes of `compressed`, which the new source owns. */
struct source *decoding_source_new(struct source *compressed, enum compression compression);

#endif
