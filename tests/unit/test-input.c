// SPDX-License-Identifier: Apache-2.0
/* Files and pipes as inputs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/memory.h"
#include "stream/input.h"

struct fixture {
    char path[64];
    struct cancel *cancel;
    int saved_stdin;
};

static int set_up(void **state)
{
    struct fixture *fixture = NEW(struct fixture);
    int fd;

    strcpy(fixture->path, "/tmp/ckptoci-test-XXXXXX");
    fd = mkstemp(fixture->path);
    if (fd < 0)
        return -1;
    close(fd);
    fixture->cancel = cancel_new();
    fixture->saved_stdin = dup(STDIN_FILENO);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    unlink(fixture->path);
    cancel_free(fixture->cancel);
    if (fixture->saved_stdin >= 0) {
        dup2(fixture->saved_stdin, STDIN_FILENO);
        close(fixture->saved_stdin);
    }
    free(fixture);
    return 0;
}

static void write_file(const struct fixture *fixture, const void *data, size_t len)
{
    FILE *file = fopen(fixture->path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, len, file), len);
    fclose(file);
}

/* Standard input becomes the reading end of a pipe; returns the writing end. */
static int make_stdin_a_pipe(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    return ends[1];
}

static struct input *open_ok(const struct fixture *fixture, const char *path)
{
    struct input *input;
    struct error error = {0};

    if (input_open(&input, path, fixture->cancel, &error) < 0)
        fail_msg("%s", error.text);
    return input;
}

static void assert_reads(struct input *input, const char *text)
{
    char buffer[64];
    size_t got;
    struct error error;

    assert_int_equal(input_read(input, buffer, sizeof buffer, &got, &error), 0);
    assert_int_equal(got, strlen(text));
    assert_memory_equal(buffer, text, got);
    assert_int_equal(input_read(input, buffer, sizeof buffer, &got, &error), 0);
    assert_int_equal(got, 0);
}

static void test_file(void **state)
{
    struct fixture *fixture = *state;
    _Atomic int64_t counter = 0;
    cleanup(input_freep) struct input *input = NULL;
    struct error error;

    write_file(fixture, "checkpoint", 10);
    input = open_ok(fixture, fixture->path);
    input_count_into(input, &counter);
    assert_int_equal(input_size(input), 10);
    assert_int_equal(input_compression(input), COMPRESSION_NONE);
    assert_reads(input, "checkpoint");
    assert_int_equal(counter, 10);
    assert_true(input_is_at(input, fixture->path));
    assert_false(input_is_at(input, "/tmp"));
    assert_false(input_is_at(input, "/nonexistent"));
    assert_int_equal(input_check_unchanged(input, &error), 0);
}

static void test_pipe_gives_its_first_bytes_too(void **state)
{
    struct fixture *fixture = *state;
    cleanup(input_freep) struct input *input = NULL;
    int writer = make_stdin_a_pipe();

    assert_int_equal(write(writer, "checkpoint", 10), 10);
    close(writer);
    input = open_ok(fixture, "-");
    assert_int_equal(input_size(input), -1);
    assert_reads(input, "checkpoint");
}

static void test_a_pipe_cannot_be_read_again(void **state)
{
    struct fixture *fixture = *state;
    cleanup(input_freep) struct input *input = NULL;
    struct input *again;
    struct error error;
    int writer = make_stdin_a_pipe();

    assert_int_equal(write(writer, "x", 1), 1);
    close(writer);
    input = open_ok(fixture, "-");
    assert_int_equal(input_reopen(input, 0, &again, &error), -1);
}

static void *cancel_later(void *cancel)
{
    usleep(50000);
    cancel_trigger(cancel);
    return NULL;
}

static void test_cancel_ends_the_wait_for_a_pipe(void **state)
{
    struct fixture *fixture = *state;
    struct input *input;
    struct error error;
    pthread_t thread;
    int writer = make_stdin_a_pipe();

    pthread_create(&thread, NULL, cancel_later, fixture->cancel);
    assert_int_equal(input_open(&input, "-", fixture->cancel, &error), -1);
    assert_int_equal(error.kind, ERROR_INTERRUPTED);
    pthread_join(thread, NULL);
    close(writer);
}

static void write_gzip(const struct fixture *fixture, const char *text)
{
    gzFile file = gzopen(fixture->path, "w");

    assert_non_null(file);
    gzputs(file, text);
    gzclose(file);
}

static void test_compressed_file_decoded_and_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    cleanup(input_freep) struct input *decoded = NULL, *raw = NULL;
    char buffer[2];
    size_t got;
    struct error error;

    write_gzip(fixture, "checkpoint");
    decoded = open_ok(fixture, fixture->path);
    assert_int_equal(input_compression(decoded), COMPRESSION_GZIP);
    input_decode(decoded);
    assert_reads(decoded, "checkpoint");
    assert_int_equal(input_check_unchanged(decoded, &error), 0);
    raw = open_ok(fixture, fixture->path);
    assert_int_equal(input_read(raw, buffer, 2, &got, &error), 0);
    assert_memory_equal(buffer, "\x1f\x8b", 2);
}

static void test_reopen_goes_to_the_offset(void **state)
{
    struct fixture *fixture = *state;
    cleanup(input_freep) struct input *input = NULL, *again = NULL, *decoded = NULL,
                                      *decoded_again = NULL;
    struct error error;

    write_file(fixture, "checkpoint", 10);
    input = open_ok(fixture, fixture->path);
    assert_int_equal(input_reopen(input, 5, &again, &error), 0);
    assert_reads(again, "point");
    assert_reads(input, "checkpoint");
    write_gzip(fixture, "checkpoint");
    decoded = open_ok(fixture, fixture->path);
    input_decode(decoded);
    assert_int_equal(input_reopen(decoded, 5, &decoded_again, &error), 0);
    assert_reads(decoded_again, "point");
}

static void test_change_is_seen(void **state)
{
    struct fixture *fixture = *state;
    cleanup(input_freep) struct input *input = NULL;
    struct error error;

    write_file(fixture, "checkpoint", 10);
    input = open_ok(fixture, fixture->path);
    write_file(fixture, "checkpoints", 11);
    assert_reads(input, "checkpoints");
    assert_int_equal(input_check_unchanged(input, &error), -1);
    assert_int_equal(error.kind, ERROR_ARCHIVE);
}

static void assert_not_opened(const struct fixture *fixture, const char *path, enum error_kind kind)
{
    struct input *input;
    struct error error;

    assert_int_equal(input_open(&input, path, fixture->cancel, &error), -1);
    assert_int_equal(error.kind, kind);
}

static void test_what_is_no_archive_is_refused(void **state)
{
    struct fixture *fixture = *state;

    assert_not_opened(fixture, fixture->path, ERROR_ARCHIVE); /* empty */
    assert_not_opened(fixture, "/tmp", ERROR_ARCHIVE);
    assert_not_opened(fixture, "/nonexistent/archive.tar", ERROR_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pipe_gives_its_first_bytes_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_pipe_cannot_be_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cancel_ends_the_wait_for_a_pipe, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_compressed_file_decoded_and_as_it_is, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_reopen_goes_to_the_offset, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_change_is_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_no_archive_is_refused, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
