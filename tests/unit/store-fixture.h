// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of both kinds of target need: a layer in memory, an image of it, a directory to
 * write to, and the ways a disk can fail. One struct store_fixture a test, set up and torn down by
 * cmocka; the layer's bytes depend on the `note` only.
 */
#ifndef CKPTOCI_TESTS_STORE_FIXTURE_H
#define CKPTOCI_TESTS_STORE_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/memory.h"
#include "oci/digest.h"
#include "oci/image-target.h"
#include "store/store.h"
#include "stream/codec.h"
#include "stream/source.h"

enum { LAYER_LEN = 10000, LAYER_PIECE_LEN = 999, FILE_MAX_BYTES = 32 << 20 };

/* Gives the layer in pieces; fails at offset `fail_at` if that is not 0. */
struct layer_source {
    struct source source;
    const char *bytes;
    size_t at, fail_at;
};

struct store_fixture {
    char dir[64];  /* an empty directory, made by mkdtemp() */
    char path[96]; /* in it; does not exist */
    struct error error;
    struct progress progress;
};

static inline int layer_next(struct source *source, const void **data, size_t *len,
                             struct error *error)
{
    struct layer_source *layer = (struct layer_source *)source;
    size_t rest = LAYER_LEN - layer->at;

    if (layer->fail_at && layer->at >= layer->fail_at)
        return error_set(error, ERROR_ARCHIVE, "the archive is cut short");
    if (rest == 0)
        return 0;
    *data = layer->bytes + layer->at;
    *len = rest < LAYER_PIECE_LEN ? rest : LAYER_PIECE_LEN;
    layer->at += *len;
    return 1;
}

static inline void layer_free(struct source *source)
{
    (void)source;
}

static inline struct layer_source layer_source(const char *bytes)
{
    static const struct source_ops ops = {.next = layer_next, .free = layer_free};

    return (struct layer_source){.source = {&ops}, .bytes = bytes};
}

static inline void make_layer(char bytes[LAYER_LEN], const char *note)
{
    size_t len = strlen(note);

    for (size_t i = 0; i < LAYER_LEN; i++)
        bytes[i] = len ? note[i % len] : '.';
}

/* An image of that layer; the manifest has annotation_len bytes more than it must. */
static inline struct image *make_image(const char *note, size_t annotation_len)
{
    char bytes[LAYER_LEN];
    cleanup_free char *value = xcalloc(annotation_len + 1, 1);
    cleanup(json_decrefp) json_t *annotations = NULL;
    struct image_parts parts = {
        .layer = {.media_type = LAYER_TYPE_OCI, .size = LAYER_LEN},
        .architecture = "amd64",
        .created = "2026-11-20T09:30:15Z",
    };
    struct image *image = NULL;
    struct error error;

    make_layer(bytes, note);
    memset(value, 'x', annotation_len);
    annotations = json_pack("{s:s}", "note", value);
    parts.annotations = annotations;
    sha256_of(bytes, sizeof bytes, &parts.layer.digest);
    parts.diff_id = parts.layer.digest;
    assert_int_equal(image_build(&image, &parts, &error), 0);
    return image;
}

static inline int setup(void **state)
{
    struct store_fixture *fixture = NEW(struct store_fixture);

    strcpy(fixture->dir, "/tmp/ckptoci-store-XXXXXX");
    assert_non_null(mkdtemp(fixture->dir));
    snprintf(fixture->path, sizeof fixture->path, "%s/image", fixture->dir);
    *state = fixture;
    return 0;
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int teardown(void **state)
{
    struct store_fixture *fixture = *state;

    nftw(fixture->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return 0;
}

/* For an image of that tag, which may be NULL. */
static inline int open_for(struct image_target *target, const char *tag, struct error *error)
{
    const struct manifest_name name = {.tag = tag};

    return image_target_open(target, &name, error);
}

static inline int publish(struct image_target *target, const struct image *image,
                          struct error *error)
{
    if (image_target_stage(target, image, error))
        return -1;
    return image_target_publish(target, error);
}

/* All of it, as a caller does it. 0 or -1; *already_there may be NULL. */
static inline int write_image(struct image_target *target, const char *tag, const char *note,
                              const struct image *image, bool *already_there,
                              struct progress *progress, struct error *error)
{
    char bytes[LAYER_LEN];
    struct layer_source layer;

    make_layer(bytes, note);
    layer = layer_source(bytes);
    if (open_for(target, tag, error) ||
        image_target_put_layer(target, &layer.source, -1, progress, error) ||
        publish(target, image, error))
        return -1;
    if (already_there)
        *already_there = target->already_there;
    return 0;
}

/* Names in the directory but "." and "..". */
static inline int count_names(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    int count = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)))
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static inline bool exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static inline mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static inline void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static inline void read_file(const char *path, struct buffer *content)
{
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    char block[4096];
    ssize_t len;

    buffer_init(content, FILE_MAX_BYTES);
    if (fd < 0)
        fail_msg("%s: %s", path, strerror(errno));
    while ((len = read(fd, block, sizeof block)) > 0)
        assert_int_equal(buffer_append(content, block, (size_t)len), 0);
    assert_int_equal(buffer_append(content, "", 0), 0);
}

static inline void assert_says(const struct error *error, const char *part)
{
    if (!strstr(error->text, part))
        fail_msg("\"%s\" is not in: %s", part, error->text);
}

/* From now on no file grows beyond this; what was larger before stays. SIGXFSZ must be ignored. */
static inline void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static inline void unlimit_file_size(void)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* For the rest of this process, as on a file system without nameless files. 0 or -1. */
static inline int forbid_nameless_files(void)
{
    enum { FLAGS = 2 }; /* the argument of openat() */
    const uint32_t flags_low = offsetof(struct seccomp_data, args[FLAGS])
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
                               + 4
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
        ;
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, flags_low),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {sizeof program / sizeof *program, program};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
}

enum { CHILD_SKIPPED = 77 };

/* Runs `child` in a process where no nameless file can be made; its value is the exit status. */
static inline int without_nameless_files(int (*child)(struct store_fixture *fixture),
                                         struct store_fixture *fixture)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(forbid_nameless_files() ? CHILD_SKIPPED : child(fixture));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
