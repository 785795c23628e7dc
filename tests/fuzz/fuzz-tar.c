// SPDX-License-Identifier: Apache-2.0
/*
 * A tar: what the program's reader takes must be what Go's archive/tar would see, by an independent
 * reader with its rules. In how many pieces the bytes come must make no difference.
 */
#include <stdio.h>
#include <string.h>

#include "compare-tars.h"
#include "fuzz.h"
#include "made-tars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cleanup_free char *why = NULL, *pieces_why = NULL;
    enum tar_verdict verdict = tar_compare(data, size, size, &why);

    if (verdict == TAR_DIFFERS)
        fprintf(stderr, "%s", why);
    fuzz_require(verdict != TAR_DIFFERS);
    fuzz_require(tar_compare(data, size, 331, &pieces_why) == verdict);
    return 0;
}

#ifdef ENABLE_FUZZING
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

/* Mostly changes that keep the checksums right. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    struct made_tar tar = {.len = size / TAR_BLOCK_BYTES * TAR_BLOCK_BYTES};
    uint64_t state = seed;

    if (seed % 4 == 0 || tar.len == 0 || tar.len > sizeof tar.bytes)
        return LLVMFuzzerMutate(data, size, max_size);
    memcpy(tar.bytes, data, tar.len);
    made_mutate(&tar, &state);
    if (tar.len > max_size)
        return size;
    memcpy(data, tar.bytes, tar.len);
    return tar.len;
}
#endif
