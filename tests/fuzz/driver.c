// SPDX-License-Identifier: Apache-2.0
/*
 * Runs a fuzz target over files, for compilers that have no libFuzzer and for `make check`:
 *
 *     fuzz-NAME [FILE|DIRECTORY]...
 *
 * Without arguments the corpus is $FUZZ_CORPUS/NAME. A run without any input fails.
 */
#include <errno.h>
#include <fts.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fuzz.h"

enum { INPUT_MAX_BYTES = 4 << 20 };

static void close_file(FILE **file)
{
    if (*file)
        fclose(*file);
}

/* Each input in a block of its own size, so that a read beyond its end is seen. */
static int run_file(const char *path)
{
    cleanup(close_file) FILE *file = fopen(path, "rb");
    cleanup_free uint8_t *all = NULL, *data = NULL;
    size_t size;

    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    all = xcalloc(INPUT_MAX_BYTES, 1);
    size = fread(all, 1, INPUT_MAX_BYTES, file);
    if (ferror(file) || !feof(file)) {
        fprintf(stderr, "%s: cannot be read, or is larger than %d bytes\n", path, INPUT_MAX_BYTES);
        return -1;
    }
    data = xcalloc(size + !size, 1);
    memcpy(data, all, size);
    LLVMFuzzerTestOneInput(data, size);
    return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* How many files there were; -1: one could not be read. */
static int run_tree(char *path)
{
    char *paths[] = {path, NULL};
    FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    int count = 0;

    for (FTSENT *entry; tree && count >= 0 && (entry = fts_read(tree));) {
        if (entry->fts_info == FTS_F)
            count = run_file(entry->fts_path) < 0 ? -1 : count + 1;
        else if (entry->fts_info != FTS_D && entry->fts_info != FTS_DP)
            count = -1;
    }
    if (tree)
        fts_close(tree);
    return tree ? count : -1;
}

static int run(const char *name, char *path)
{
    int count = run_tree(path);

    if (count < 0)
        fprintf(stderr, "%s: %s cannot be read\n", name, path);
    else if (count == 0)
        fprintf(stderr, "%s: there is no input in %s\n", name, path);
    else
        printf("%s: %d inputs of %s\n", name, count, path);
    return count > 0;
}

int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
    const char *corpora = getenv("FUZZ_CORPUS");
    cleanup_free char *corpus = NULL;
    int good = 1;

    setlocale(LC_CTYPE, "C.UTF-8"); /* as the program does */
    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            good &= run(name, argv[i]);
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    if (!corpora || strncmp(name, "fuzz-", 5) != 0) {
        fprintf(stderr, "%s: name files, or set FUZZ_CORPUS\n", name);
        return EXIT_FAILURE;
    }
    corpus = xasprintf("%s/%s", corpora, name + 5);
    return run(name, corpus) ? EXIT_SUCCESS : EXIT_FAILURE;
}
