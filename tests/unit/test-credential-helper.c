// SPDX-License-Identifier: Apache-2.0
#include "registry-files.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "base/child.h"
#include "registry/credentials.h"

#define NAME "test"
static const char server[] = "registry.example:5000";

/* A helper that keeps its arguments and its input in files beside itself, and goes on as told. */
static void put_helper(void **state, const char *then)
{
    cleanup_free char *script = xasprintf("cd \"$(dirname \"$0\")\" && echo \"$*\" >arguments && "
                                          "cat >input && tr '\\0' '\\n' </proc/$$/environ >env\n%s",
                                          then);

    put_program(state, "docker-credential-" NAME, script);
}

static void assert_file_is(void **state, const char *name, const char *content)
{
    cleanup_free char *path = xasprintf("%s/%s", (const char *)*state, name);
    char text[512] = "";
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof text - 1, file), strlen(content));
    fclose(file);
    assert_string_equal(text, content);
}

static void assert_fails(const char *name, const char *word)
{
    struct credentials credentials = {0};
    struct error error;

    assert_int_equal(credential_helper_get(&credentials, name, server, NULL, &error), -1);
    assert_null(credentials.username);
    assert_null(credentials.origin);
    if (!strstr(error.text, word))
        fail_msg("%s: no word of %s", error.text, word);
    assert_null(strstr(error.text, "s3cret"));
}

static void test_get(void **state)
{
    cleanup(credentials_done) struct credentials credentials = {0};
    struct error error;

    put_helper(state, "echo '{\"ServerURL\":\"x\",\"Username\":\"me\",\"Secret\":\"s3cret\"}'");
    assert_int_equal(credential_helper_get(&credentials, NAME, server, NULL, &error), 1);
    assert_string_equal(credentials.username, "me");
    assert_string_equal(credentials.password, "s3cret");
    assert_null(credentials.identity_token);
    assert_string_equal(credentials.origin, "docker-credential-" NAME);
    assert_file_is(state, "arguments", "get\n");
    assert_file_is(state, "input", server);
}

static void test_an_identity_token(void **state)
{
    cleanup(credentials_done) struct credentials credentials = {0};
    struct error error;

    put_helper(state, "echo '{\"Username\":\"<token>\",\"Secret\":\"s3cret\"}'");
    assert_int_equal(credential_helper_get(&credentials, NAME, server, NULL, &error), 1);
    assert_null(credentials.username);
    assert_string_equal(credentials.identity_token, "s3cret");
}

static void test_not_found_is_no_error(void **state)
{
    static const char *const answers[] = {
        "echo 'credentials not found in native keychain'; exit 1",
        "echo '{\"Username\":\"\",\"Secret\":\"\"}'",
    };
    struct credentials credentials = {0};
    struct error error;

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        put_helper(state, answers[i]);
        assert_int_equal(credential_helper_get(&credentials, NAME, server, NULL, &error), 0);
        assert_null(credentials.username);
    }
}

static void test_failures_are_told_apart(void **state)
{
    put_helper(state, "echo 'the keychain is locked'; exit 3");
    assert_fails(NAME, "exit status 3: the keychain is locked");
    put_helper(state, "kill -9 $$");
    assert_fails(NAME, "exit status 137");
    put_helper(state, "echo 's3cret, not JSON'");
    assert_fails(NAME, "no JSON object");
    put_helper(state, "echo '{\"Username\":\"s3cret\"}'");
    assert_fails(NAME, "no JSON object");
    put_helper(state, "exec head -c 300000 /dev/zero");
    assert_fails(NAME, "more than 262144 bytes");
}

static void test_one_that_is_not_installed_has_nothing(void **state)
{
    struct credentials credentials = {0};
    struct error error;

    (void)state;
    assert_int_equal(credential_helper_get(&credentials, "nowhere", server, NULL, &error), 0);
    assert_null(credentials.origin);
    /* What is to be kept has to be kept somewhere. */
    assert_int_equal(credential_helper_store("nowhere", server, "u", "p", NULL, &error), -1);
    assert_non_null(strstr(error.text, "docker-credential-nowhere"));
}

static void test_names_are_plain_words(void **state)
{
    static const char *const names[] = {"", "../test", "a/b", "x y", "$(x)", "-x", ".."};

    put_helper(state, "exit 0");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_fails(names[i], "cannot be the name");
}

static void test_store(void **state)
{
    struct error error;
    cleanup_free char *env = xasprintf("%s/env", (const char *)*state);
    cleanup_free char *search = xasprintf("grep -q s3cret %s", env);

    put_helper(state, "");
    assert_int_equal(credential_helper_store(NAME, server, "me", "s3cret\"", NULL, &error), 0);
    assert_file_is(state, "arguments", "store\n");
    assert_file_is(state, "input",
                   "{\"ServerURL\":\"registry.example:5000\",\"Username\":\"me\",\"Secret\":"
                   "\"s3cret\\\"\"}");
    assert_int_not_equal(system(search), 0);
    put_helper(state, "echo no room; exit 1");
    assert_int_equal(credential_helper_store(NAME, server, "me", "s3cret", NULL, &error), -1);
    assert_non_null(strstr(error.text, "store failed with exit status 1: no room"));
}

static void test_erase(void **state)
{
    struct error error;

    put_helper(state, "");
    assert_int_equal(credential_helper_erase(NAME, server, NULL, &error), 1);
    assert_file_is(state, "arguments", "erase\n");
    assert_file_is(state, "input", server);
    put_helper(state, "echo 'credentials not found in native keychain'; exit 1");
    assert_int_equal(credential_helper_erase(NAME, server, NULL, &error), 0);
}

static void test_one_that_reads_nothing_is_heard(void **state)
{
    cleanup_free char *much = xcalloc((1 << 20) + 1, 1);
    struct error error;

    memset(much, 'x', 1 << 20);
    put_program(state, "docker-credential-" NAME, "exec <&-; sleep 0.1; exit 7");
    assert_int_equal(credential_helper_store(NAME, server, "me", much, NULL, &error), -1);
    assert_non_null(strstr(error.text, "exit status 7"));
}

static int run_child(const char *script, int timeout_ms, struct cancel *cancel, struct error *error)
{
    char shell[] = "sh", option[] = "-c";
    cleanup_free char *text = xstrdup(script);
    char *const argv[] = {shell, option, text, NULL};
    const struct child_options options = {.argv = argv,
                                          .input = "",
                                          .timeout_ms = timeout_ms,
                                          .cancel = cancel};
    cleanup(buffer_done) struct buffer output;
    int exit_status;

    buffer_init(&output, 100);
    return child_run(&options, &output, &exit_status, error);
}

static void test_time_out(void **state)
{
    static const char *const scripts[] = {"sleep 60", "exec >&-; sleep 60"};
    time_t begin = time(NULL);
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        assert_int_equal(run_child(scripts[i], 200, NULL, &error), -1);
        assert_non_null(strstr(error.text, "has not ended"));
    }
    assert_true(time(NULL) - begin < 30);
}

static void *cancel_soon(void *cancel)
{
    const struct timespec soon = {.tv_nsec = 200000000};

    nanosleep(&soon, NULL);
    cancel_trigger(cancel);
    return NULL;
}

static void test_cancel_ends_it(void **state)
{
    struct cancel *cancel = cancel_new();
    time_t begin = time(NULL);
    struct error error;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, cancel), 0);
    assert_int_equal(run_child("sleep 60", 60000, cancel, &error), -1);
    assert_int_equal(error.kind, ERROR_INTERRUPTED);
    assert_true(time(NULL) - begin < 30);
    pthread_join(thread, NULL);
    cancel_free(cancel);
}

#define HOME_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_home, tear_down_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME_TEST(test_get),
        HOME_TEST(test_an_identity_token),
        HOME_TEST(test_not_found_is_no_error),
        HOME_TEST(test_failures_are_told_apart),
        HOME_TEST(test_one_that_is_not_installed_has_nothing),
        HOME_TEST(test_names_are_plain_words),
        HOME_TEST(test_store),
        HOME_TEST(test_erase),
        HOME_TEST(test_one_that_reads_nothing_is_heard),
        HOME_TEST(test_time_out),
        HOME_TEST(test_cancel_ends_it),
    };

    signal(SIGPIPE, SIG_IGN); /* as the program does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
