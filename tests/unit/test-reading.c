// SPDX-License-Identifier: Apache-2.0
/*
 * Whatever a command does with an archive: the parsers of what is in it run in a sealed thread, and
 * take each document once. The linker puts this file between the program and its parsers (--wrap).
 * Rights are given up for good, so each command runs in a child.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/walk.h"
#include "base/memory.h"
#include "base/sandbox.h"
#include "convert/convert.h"
#include "inspect/inspect.h"
#include "inspect/list.h"
#include "restore/kit.h"
#include "stream/input.h"
#include "verify/verify.h"

#define SAMPLE "crio-1.36-shop.tar"

static char directory[] = "/tmp/ckptoci-test-reading-XXXXXX";
static char *archive;
static struct walk documents; /* of the archive */

static int spec_count, config_count, mounts_count; /* how often they were parsed */
static int nested_count;   /* how often the JSON of an annotation in spec.dump was */
static int unsealed_count; /* how often anything was, with the right to open paths */

static bool is_sealed(void)
{
    cleanup_close int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 && errno == EACCES;
}

static void note_parser(void)
{
    if (!is_sealed())
        unsealed_count++;
}

static bool is_text(const struct buffer *document, const char *text, size_t len)
{
    return document->data && len == document->len && memcmp(text, document->data, len) == 0;
}

json_t *__real_json_loadb(const char *text, size_t len, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *text, size_t len, size_t flags, json_error_t *error);
ProtobufCMessage *__real_protobuf_c_message_unpack(const ProtobufCMessageDescriptor *descriptor,
                                                   ProtobufCAllocator *allocator, size_t len,
                                                   const uint8_t *data);
ProtobufCMessage *__wrap_protobuf_c_message_unpack(const ProtobufCMessageDescriptor *descriptor,
                                                   ProtobufCAllocator *allocator, size_t len,
                                                   const uint8_t *data);

/* The JSON of a layout is read, too, and is not the archive's. */
json_t *__wrap_json_loadb(const char *text, size_t len, size_t flags, json_error_t *error)
{
    static const char metadata[] = "{\"name\":\"cart\"}";
    bool is_spec = is_text(&documents.spec_dump, text, len);
    bool is_config = is_text(&documents.config_dump, text, len);
    bool is_mounts = is_text(&documents.bind_mounts, text, len);
    bool is_nested = len == strlen(metadata) && memcmp(text, metadata, len) == 0;

    spec_count += is_spec;
    config_count += is_config;
    mounts_count += is_mounts;
    nested_count += is_nested;
    if (is_spec || is_config || is_mounts || is_nested)
        note_parser();
    return __real_json_loadb(text, len, flags, error);
}

ProtobufCMessage *__wrap_protobuf_c_message_unpack(const ProtobufCMessageDescriptor *descriptor,
                                                   ProtobufCAllocator *allocator, size_t len,
                                                   const uint8_t *data)
{
    note_parser();
    return __real_protobuf_c_message_unpack(descriptor, allocator, len, data);
}

static int read_documents(struct error *error)
{
    cleanup(cancel_freep) struct cancel *cancel = cancel_new();
    cleanup(source_freep) struct source *source = NULL;
    cleanup(findings_done) struct findings findings = {0};
    struct input *input;

    if (input_open(&input, archive, cancel, error))
        return -1;
    source = input_source_new(input, cancel);
    if (walk_archive(&documents, source, NULL, &findings, error))
        return -1;
    unsealed_count = 0; /* these were ours */
    return 0;
}

static int set_up(void **state)
{
    struct error error;

    (void)state;
    archive = xasprintf("%s/%s", getenv("TEST_DATA"), SAMPLE);
    return mkdtemp(directory) && chdir(directory) == 0 ? read_documents(&error) : -1;
}

static int tear_down(void **state)
{
    cleanup_free char *command = xasprintf("rm -r '%s'", directory);

    (void)state;
    walk_done(&documents);
    free(archive);
    return chdir("/") || system(command);
}

/* One run of each command, as far as it concerns the archive. */
struct run {
    struct subject subject;
    struct progress progress;
    struct cancel *cancel;
    struct error error;
};

static int run_list(struct run *run)
{
    json_t *archives;

    return list_run(archive, false, 0, &archives, run->cancel, &run->error) ||
           !json_object_get(json_array_get(archives, 0), "container");
}

static int run_inspect(struct run *run)
{
    const struct inspect_options options = {.subject = &run->subject};
    json_t *report;

    return inspect_run(&options, &report, &run->progress, run->cancel, &run->error);
}

static int run_verify(struct run *run)
{
    const struct verify_options options = {.subject = &run->subject};
    struct verify_result result = {0};

    return verify_run(&options, &result, &run->progress, run->cancel, &run->error) ||
           result.answers.count == 0;
}

static int run_restore_kit(struct run *run)
{
    struct sandbox writable = {0};
    const struct restore_kit_options options = {.subject = &run->subject, .writable = &writable};
    struct restore_kit kit = {0};

    return restore_kit_run(&options, &kit, &run->progress, run->cancel, &run->error);
}

static int convert_to(struct run *run, const char *place)
{
    struct destination destination;
    const struct convert_options options = {.archive = archive,
                                            .destinations = &destination,
                                            .destination_count = 1,
                                            .jobs = 1};
    struct convert_result result;

    return destination_parse(&destination, place, &run->error) ||
           convert_run(&options, &result, &run->progress, run->cancel, &run->error) ||
           !result.image;
}

static int run_convert(struct run *run)
{
    return convert_to(run, "oci:new:tag");
}

static int run_convert_again(struct run *run)
{
    return convert_to(run, "oci:there:tag");
}

static void in_child(int (*command)(struct run *run))
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct run run = {.subject = {.kind = SUBJECT_ARCHIVE, .path = archive},
                          .cancel = cancel_new()};
        int result = command(&run);

        fprintf(
            stderr,
            "result %d (%s), parsed: spec.dump %d times, config.dump %d, bind.mounts %d, nested "
            "%d, unsealed %d\n",
            result, result ? run.error.text : "", spec_count, config_count, mounts_count,
            nested_count, unsealed_count);
        if (sandbox_landlock_version() == 0)
            unsealed_count = 0;
        /* A list stops before bind.mounts. */
        _exit(result || spec_count != 1 || config_count != 1 ||
              mounts_count != (command != run_list) || nested_count != 1 || unsealed_count != 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_list(void **state)
{
    (void)state;
    in_child(run_list);
}

static void test_inspect(void **state)
{
    (void)state;
    in_child(run_inspect);
}

static void test_verify(void **state)
{
    (void)state;
    in_child(run_verify);
}

static void test_restore_kit(void **state)
{
    (void)state;
    in_child(run_restore_kit);
}

static void test_convert(void **state)
{
    (void)state;
    in_child(run_convert);
}

/* The second one compares the archive with the image that the first one has made. */
static void test_convert_again(void **state)
{
    (void)state;
    in_child(run_convert_again);
    in_child(run_convert_again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),    cmocka_unit_test(test_inspect),
        cmocka_unit_test(test_verify),  cmocka_unit_test(test_restore_kit),
        cmocka_unit_test(test_convert), cmocka_unit_test(test_convert_again),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
