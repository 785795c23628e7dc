// SPDX-License-Identifier: Apache-2.0
/*
 * What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput(), the function
 * that libFuzzer calls with one hostile input after another; where there is no libFuzzer, driver.c
 * calls it with the files of the corpus. One thread. A broken promise of the code under test ends
 * the program by fuzz_require(), as a memory error does.
 */
#ifndef CKPTOCI_FUZZ_FUZZ_H
#define CKPTOCI_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "stream/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says which promise was broken, and ends the program. */
#define fuzz_require(promise)                          \
    do {                                               \
        if (!(promise))                                \
            fuzz_broken(__FILE__, __LINE__, #promise); \
    } while (0)
void fuzz_broken(const char *file, int line, const char *promise) __attribute__((noreturn));

/* An error that was filled in is one that may be shown: it says something, and has nothing in it
 * that drives a terminal. */
void fuzz_require_error(const struct error *error);

/* Texts that one input holds, one behind the other with a NUL between them. */
struct fuzz_input {
    const uint8_t *data;
    size_t len;
};

/* The bytes up to the next NUL or the end, with a NUL behind; free() them. *len: without it; may be
 * NULL. */
char *fuzz_next_text(struct fuzz_input *input, size_t *len);

/* Bytes in memory as a source that gives them in pieces. On the stack; source_free() may be
 * called. */
struct fuzz_source {
    struct source source;
    const uint8_t *data;
    size_t len, piece;
};

void fuzz_source_init(struct fuzz_source *source, const uint8_t *data, size_t len, size_t piece);

/* A path under which the bytes can be read, until the next call. */
const char *fuzz_file(const void *data, size_t len);
/* The same as a descriptor, at its beginning. */
int fuzz_file_fd(const void *data, size_t len);

#endif
