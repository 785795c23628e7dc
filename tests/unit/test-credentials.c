// SPDX-License-Identifier: Apache-2.0
#include "registry-files.h"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#include "base/tmpfile.h"
#include "registry/authfile.h"
#include "registry/credentials.h"

/* "user-x:pass:x", and the same for y and z */
#define X "{\"auth\":\"dXNlci14OnBhc3M6eA==\"}"
#define Y "{\"auth\":\"dXNlci15OnBhc3M6eQ==\"}"
#define Z "{\"auth\":\"dXNlci16OnBhc3M6eg==\"}"

static char docker_io[] = "docker.io", hub_path[] = "library/x";
static char domain[] = "registry.example:5000", path[] = "team/app/checkpoint", tag[] = "1";
static const struct reference repository = {.domain = domain,
                                            .host = domain,
                                            .path = path,
                                            .tag = tag};
static const struct reference hub = {.domain = docker_io,
                                     .host = docker_io,
                                     .path = hub_path,
                                     .tag = tag};

static void assert_found(const struct reference *reference, const struct registry_options *options,
                         const char *letter)
{
    cleanup(credentials_done) struct credentials credentials = {0};
    struct error error;

    if (credentials_find(&credentials, reference, options, NULL, &error))
        fail_msg("%s", error.text);
    if (!letter) {
        assert_null(credentials.username);
        return;
    }
    if (!credentials.username)
        fail_msg("no credentials, not %s", letter);
    assert_memory_equal(credentials.username, "user-", 5);
    assert_string_equal(credentials.username + 5, letter);
    assert_memory_equal(credentials.password, "pass:", 5);
    assert_string_equal(credentials.password + 5, letter);
    assert_non_null(credentials.origin);
}

/* The error names the file and its text has all the words; never what the file holds. */
static void assert_refused(const struct registry_options *options, const char *words[])
{
    struct credentials credentials = {0};
    struct error error;

    assert_int_equal(credentials_find(&credentials, &repository, options, NULL, &error), -1);
    assert_null(credentials.username);
    for (size_t i = 0; words[i]; i++)
        if (!strstr(error.text, words[i]))
            fail_msg("%s: no word of %s", error.text, words[i]);
    assert_null(strstr(error.text, "c2VjcmV0"));
}

/* Whom the options' own file gives for each reference. */
static void assert_file(void **state, const char *content, const struct reference *reference,
                        const char *letter)
{
    cleanup_free char *file = write_file(state, "auth.json", content);
    const struct registry_options options = {.authfile = file};

    assert_found(reference, &options, letter);
}

static void test_nothing_anywhere_is_anonymous(void **state)
{
    const struct registry_options options = {0};

    (void)state;
    assert_found(&repository, &options, NULL);
}

static void test_creds_come_first_and_split_at_the_first_colon(void **state)
{
    cleanup_free char *file = write_file(state, "auth.json", "{");
    const struct registry_options options = {.creds = "user-c:pass:c", .authfile = file};

    assert_found(&repository, &options, "c");
}

static void test_creds_without_a_password(void **state)
{
    cleanup(credentials_done) struct credentials credentials = {0};
    struct registry_options options = {.creds = "user"};
    struct error error;

    (void)state;
    assert_int_equal(credentials_find(&credentials, &repository, &options, NULL, &error), 0);
    assert_string_equal(credentials.username, "user");
    assert_string_equal(credentials.password, "");
    options.creds = ":password";
    assert_int_equal(credentials_find(&credentials, &repository, &options, NULL, &error), -1);
    assert_int_equal(error.kind, ERROR_USAGE);
    assert_null(strstr(error.text, "password;"));
}

static void test_the_longest_key_wins(void **state)
{
#define HOST "\"registry.example:5000\":" X
    assert_file(state, "{\"auths\":{" HOST "}}", &repository, "x");
    assert_file(state, "{\"auths\":{" HOST ",\"registry.example:5000/team\":" Y "}}", &repository,
                "y");
    assert_file(state,
                "{\"auths\":{\"registry.example:5000/team/app/checkpoint\":" Z
                ",\"registry.example:5000/team\":" Y "," HOST "}}",
                &repository, "z");
    assert_file(state,
                "{\"auths\":{\"registry.example:5000/team/app/checkpoint-2\":" Z "," HOST "}}",
                &repository, "x");
#undef HOST
}

static void test_another_host_or_repository_is_not_ours(void **state)
{
    assert_file(state,
                "{\"auths\":{\"registry.example\":" X ",\"registry.example:500\":" X
                ",\"example:5000\":" X ",\"registry.example:5000/other\":" X
                ",\"https://registry.example:50001/v1/\":" X "}}",
                &repository, NULL);
}

static void test_keys_as_docker_once_wrote_them(void **state)
{
    static const char *const keys[] = {
        "https://registry.example:5000",     "http://registry.example:5000",
        "https://registry.example:5000/v1/", "https://registry.example:5000/v2/",
        "registry.example:5000/v2/",
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        cleanup_free char *content = xasprintf("{\"auths\":{\"%s\":" X "}}", keys[i]);

        assert_file(state, content, &repository, "x");
    }
}

static void test_docker_hub_has_many_names(void **state)
{
    static const char *const keys[] = {
        "https://index.docker.io/v1/", "docker.io",         "index.docker.io",
        "registry-1.docker.io",        "docker.io/library", "docker.io/library/x"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        cleanup_free char *content = xasprintf("{\"auths\":{\"%s\":" X "}}", keys[i]);

        assert_file(state, content, &hub, "x");
        assert_file(state, content, &repository, NULL);
    }
}

static void test_user_and_password_in_fields_of_their_own(void **state)
{
    assert_file(state,
                "{\"auths\":{\"registry.example:5000\":{\"username\":\"user-f\","
                "\"password\":\"pass:f\",\"email\":\"\"}}}",
                &repository, "f");
}

static void test_an_entry_without_a_password_is_none(void **state)
{
    assert_file(state, "{\"auths\":{\"registry.example:5000\":{}}}", &repository, NULL);
    assert_file(state, "{}", &repository, NULL);
    assert_file(state, "", &repository, NULL);
}

static void test_the_usual_files_come_in_order(void **state)
{
    const struct registry_options options = {0};

    put_file(state, ".dockercfg", "{\"https://registry.example:5000/v1/\":" X "}");
    assert_found(&repository, &options, "x");
    put_file(state, ".docker/config.json",
             "{\"auths\":{\"registry.example:5000\":" Y "},\"HttpHeaders\":{}}");
    assert_found(&repository, &options, "y");
    put_file(state, ".config/containers/auth.json",
             "{\"auths\":{\"registry.example:5000\":" Z "}}");
    assert_found(&repository, &options, "z");
    put_file(state, "run/containers/auth.json",
             "{\"auths\":{\"registry.example:5000/team\":" X "}}");
    assert_found(&repository, &options, "x");
    assert_found(&hub, &options, NULL);
}

static void test_environment_moves_the_usual_files(void **state)
{
    const struct registry_options options = {0};
    cleanup_free char *docker_dir = xasprintf("%s/d", (const char *)*state);
    cleanup_free char *config_dir = xasprintf("%s/c", (const char *)*state);

    put_file(state, "c/containers/auth.json", "{\"auths\":{\"registry.example:5000\":" Z "}}");
    put_file(state, "d/config.json", "{\"auths\":{\"registry.example:5000\":" Y "}}");
    setenv("DOCKER_CONFIG", docker_dir, 1);
    assert_found(&repository, &options, "y");
    setenv("XDG_CONFIG_HOME", config_dir, 1);
    assert_found(&repository, &options, "z");
}

static void test_a_named_file_is_the_only_one(void **state)
{
    struct registry_options options = {0};
    cleanup_free char *empty = write_file(state, "empty.json", "{\"auths\":{}}");
    cleanup_free char *named =
        write_file(state, "named.json", "{\"auths\":{\"registry.example:5000\":" Y "}}");

    put_file(state, ".docker/config.json", "{\"auths\":{\"registry.example:5000\":" X "}}");
    setenv("REGISTRY_AUTH_FILE", empty, 1);
    assert_found(&repository, &options, NULL);
    options.authfile = named;
    assert_found(&repository, &options, "y");
}

static void test_a_named_file_must_be_there(void **state)
{
    struct registry_options options = {.authfile = "/nonexistent/auth.json"};
    const char *by_option[] = {"--authfile", "/nonexistent/auth.json", NULL};
    const char *by_environment[] = {"$REGISTRY_AUTH_FILE", "/nonexistent/env.json", NULL};

    (void)state;
    assert_refused(&options, by_option);
    options.authfile = NULL;
    setenv("REGISTRY_AUTH_FILE", "/nonexistent/env.json", 1);
    assert_refused(&options, by_environment);
}

static void test_a_malformed_usual_file_is_named_but_not_quoted(void **state)
{
    const struct registry_options options = {0};
    const char *words[] = {".docker/config.json", "line 2", "--authfile", NULL};

    put_file(state, ".docker/config.json",
             "{\"auths\":\n{\"registry.example:5000\":{\"auth\":\"c2VjcmV0");
    assert_refused(&options, words);
}

static void test_auth_that_is_no_pair_is_named_but_not_quoted(void **state)
{
    static const char *const values[] = {"c2VjcmV0", "c2VjcmV0OnNlY3JldA", "c2VjcmV0:!"};
    const struct registry_options options = {0};
    const char *words[] = {".docker/config.json", "\"registry.example:5000\"", "base64", NULL};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        cleanup_free char *content =
            xasprintf("{\"auths\":{\"registry.example:5000\":{\"auth\":\"%s\"}}}", values[i]);

        put_file(state, ".docker/config.json", content);
        assert_refused(&options, words);
    }
}

static void test_refuses_another_shape(void **state)
{
    static const char *const contents[] = {"[]", "{\"auths\":[]}"};
    const struct registry_options options = {0};
    const char *words[] = {".docker/config.json", "not a", NULL};

    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        put_file(state, ".docker/config.json", contents[i]);
        assert_refused(&options, words);
    }
}

static void test_refuses_files_over_the_limit(void **state)
{
    cleanup_free char *content = xcalloc(AUTHFILE_MAX_BYTES + 2, 1);
    cleanup_free char *file = NULL;
    const char *words[] = {"auth.json", "more than", NULL};
    struct registry_options options = {0};

    memset(content, ' ', AUTHFILE_MAX_BYTES + 1);
    content[0] = '{';
    content[AUTHFILE_MAX_BYTES] = '}';
    file = write_file(state, "auth.json", content);
    options.authfile = file;
    assert_refused(&options, words);
    content[AUTHFILE_MAX_BYTES - 1] = '}';
    content[AUTHFILE_MAX_BYTES] = '\0';
    assert_file(state, content, &repository, NULL);
}

/* Says in its answer what it was asked for: user-SERVER, pass:SERVER. */
#define ECHOING_HELPER                                                                 \
    "read server; [ \"$1\" = get ] || exit 9\n"                                        \
    "printf '{\"ServerURL\":\"%s\",\"Username\":\"user-%s\",\"Secret\":\"pass:%s\"}' " \
    "\"$server\" \"$server\" \"$server\""

static void test_helpers_come_before_entries(void **state)
{
#define AUTHS "\"auths\":{\"registry.example:5000/team/app\":" X "}"
    put_program(state, "docker-credential-echo", ECHOING_HELPER);
    put_program(state, "docker-credential-empty",
                "echo 'credentials not found in native keychain'; exit 1");
    assert_file(state,
                "{" AUTHS ",\"credsStore\":\"empty\",\"credHelpers\":{\"registry.example:5000\":"
                "\"echo\"}}",
                &repository, "registry.example:5000");
    assert_file(state,
                "{" AUTHS ",\"credHelpers\":{\"registry.example:5000\":\"empty\","
                "\"registry.example:5000/team\":\"echo\",\"registry.example\":\"none\"}}",
                &repository, "registry.example:5000/team");
    assert_file(state, "{" AUTHS ",\"credsStore\":\"echo\"}", &repository, "registry.example:5000");
    assert_file(state, "{" AUTHS ",\"credsStore\":\"echo\"}", &hub, "https://index.docker.io/v1/");
    assert_file(state, "{" AUTHS ",\"credsStore\":\"empty\"}", &repository, "x");
    assert_file(state,
                "{" AUTHS ",\"credsStore\":\"echo\",\"credHelpers\":"
                "{\"registry.example:5000\":\"\"}}",
                &repository, "x");
#undef AUTHS
}

static unsigned warnings;

static void count_warning(const char *text)
{
    assert_non_null(strstr(text, "docker-credential-nowhere is not installed"));
    warnings++;
}

/* As docker's desktop leaves it where only the file is shared. */
static void test_a_helper_that_is_not_installed_is_passed_over(void **state)
{
    const struct registry_options options = {0};

    log_set_writer(count_warning);
    put_file(state, ".docker/config.json", "{\"credsStore\":\"nowhere\"}");
    assert_found(&repository, &options, NULL);
    put_file(state, ".docker/config.json",
             "{\"credsStore\":\"nowhere\",\"auths\":{\"registry.example:5000\":" X "}}");
    assert_found(&repository, &options, "x");
    log_set_writer(NULL);
    assert_int_equal(warnings, 1);
}

static void test_lists_may_be_null(void **state)
{
    const struct registry_options options = {0};

    put_file(state, ".docker/config.json", "{\"auths\":null,\"credHelpers\":null}");
    assert_found(&repository, &options, NULL);
}

static void test_environment_comes_before_the_usual_files(void **state)
{
    struct registry_options options = {0};
    cleanup_free char *named =
        write_file(state, "named.json", "{\"auths\":{\"registry.example:5000\":" Y "}}");
    const char *words[] = {"$DOCKER_AUTH_CONFIG", "not JSON", NULL};

    put_file(state, "run/containers/auth.json", "{\"auths\":{\"docker.io\":" X "}}");
    setenv("DOCKER_AUTH_CONFIG", "{\"auths\":{\"registry.example:5000\":" Z "}}", 1);
    assert_found(&repository, &options, "z");
    assert_found(&hub, &options, "x");
    options.authfile = named;
    assert_found(&repository, &options, "y");
    options.authfile = NULL;
    setenv("DOCKER_AUTH_CONFIG", "{\"auths\":{\"registry.example:5000\":c2VjcmV0", 1);
    assert_refused(&options, words);
}

static void test_tokens(void **state)
{
    cleanup(credentials_done) struct credentials credentials = {0};
    cleanup_free char *file = write_file(
        state, "auth.json",
        "{\"auths\":{\"registry.example:5000\":{\"auth\":\"dXNlci14Og==\",\"identitytoken\":"
        "\"refresh\"},\"docker.io\":{\"registrytoken\":\"bearer\"}}}");
    const struct registry_options options = {.authfile = file};
    struct error error;

    assert_int_equal(credentials_find(&credentials, &repository, &options, NULL, &error), 0);
    assert_string_equal(credentials.username, "user-x");
    assert_string_equal(credentials.password, "");
    assert_string_equal(credentials.identity_token, "refresh");
    assert_null(credentials.registry_token);
    credentials_done(&credentials);
    assert_int_equal(credentials_find(&credentials, &hub, &options, NULL, &error), 0);
    assert_null(credentials.username);
    assert_string_equal(credentials.registry_token, "bearer");
}

static void test_advice_says_where_credentials_came_from(void **state)
{
    cleanup_free char *file =
        write_file(state, ".docker/config.json", "{\"auths\":{\"registry.example:5000\":" X "}}");
    const struct registry_options options = {0};
    cleanup(credentials_done) struct credentials credentials = {0};
    struct error error;

    error_set(&error, ERROR_UNAUTHORIZED, "401");
    credentials_advise(&credentials, domain, &error);
    assert_non_null(strstr(error.text, "no credentials for registry.example:5000"));
    assert_non_null(strstr(error.text, "--creds"));
    assert_int_equal(credentials_find(&credentials, &repository, &options, NULL, &error), 0);
    error_set(&error, ERROR_UNAUTHORIZED, "401");
    credentials_advise(&credentials, domain, &error);
    assert_non_null(strstr(error.text, file));
    assert_null(strstr(error.text, "pass:x"));
}

static void save_entry(const char *file)
{
    const struct authfile_key key = {.key = "registry.example", .domain = "registry.example"};
    struct authfile_edit edit;
    cleanup_free char *where = NULL;
    struct error error;

    assert_int_equal(authfile_edit_open(&edit, file, &error), 0);
    assert_int_equal(authfile_edit_put(&edit, &key, "me", "s3cret", NULL, &where, &error), 0);
    assert_int_equal(authfile_edit_save(&edit, &error), 0);
    authfile_edit_done(&edit);
}

static int count_names(const char *directory)
{
    struct dirent **names;
    int count = scandir(directory, &names, NULL, NULL);

    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return count - 2;
}

/* The secrets are in one file, even when a run before was killed. */
static void test_a_file_is_replaced_as_a_whole(void **state)
{
    cleanup_free char *file = write_file(state, "x/auth.json", "{\"auths\": {}, \"more\": 1}");
    cleanup_free char *directory = xasprintf("%s/x", (const char *)*state);
    cleanup(json_decrefp) json_t *json = NULL;
    struct stat status;

    put_file(state, "x/" TMPFILE_PREFIX "0123456789abcdef", "{");
    save_entry(file);
    json = json_load_file(file, 0, NULL);
    assert_non_null(json_object_get(json, "more"));
    assert_non_null(json_object_get(json_object_get(json, "auths"), "registry.example"));
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(count_names(directory), 1);
}

/* Root may read everything. */
static void become(uid_t id)
{
    if (getuid() == 0 && seteuid(id))
        fail_msg("seteuid");
}

static void test_the_directory_of_the_file_need_not_be_readable(void **state)
{
    enum { NOBODY = 65534 };
    cleanup_free char *file = write_file(state, "x/auth.json", "{}");
    cleanup_free char *directory = xasprintf("%s/x", (const char *)*state);
    const char *const paths[] = {*state, directory, file};
    cleanup(json_decrefp) json_t *json = NULL;

    for (size_t i = 0; i < 3 && getuid() == 0; i++)
        assert_int_equal(chown(paths[i], NOBODY, (gid_t)-1), 0);
    assert_int_equal(chmod(directory, 0300), 0);
    become(NOBODY);
    save_entry(file);
    become(0);
    assert_int_equal(chmod(directory, 0700), 0);
    json = json_load_file(file, 0, NULL);
    assert_non_null(json_object_get(json_object_get(json, "auths"), "registry.example"));
    assert_int_equal(count_names(directory), 1);
}

static void test_a_file_behind_a_link_is_replaced_where_it_is(void **state)
{
    cleanup_free char *file = write_file(state, "x/auth.json", "{}");
    cleanup_free char *link = xasprintf("%s/link", (const char *)*state);
    cleanup_free char *lost = xasprintf("%s/lost", (const char *)*state);
    struct stat status;

    assert_int_equal(symlink("x/auth.json", link), 0);
    save_entry(link);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(lstat(file, &status), 0);
    assert_true(S_ISREG(status.st_mode) && status.st_size > 10);
    /* A link that leads nowhere gives way. */
    assert_int_equal(symlink("nowhere", lost), 0);
    save_entry(lost);
    assert_int_equal(lstat(lost, &status), 0);
    assert_true(S_ISREG(status.st_mode));
}

#define HOME_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_home, tear_down_home)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOME_TEST(test_nothing_anywhere_is_anonymous),
        HOME_TEST(test_creds_come_first_and_split_at_the_first_colon),
        HOME_TEST(test_creds_without_a_password),
        HOME_TEST(test_the_longest_key_wins),
        HOME_TEST(test_another_host_or_repository_is_not_ours),
        HOME_TEST(test_keys_as_docker_once_wrote_them),
        HOME_TEST(test_docker_hub_has_many_names),
        HOME_TEST(test_user_and_password_in_fields_of_their_own),
        HOME_TEST(test_an_entry_without_a_password_is_none),
        HOME_TEST(test_the_usual_files_come_in_order),
        HOME_TEST(test_environment_moves_the_usual_files),
        HOME_TEST(test_a_named_file_is_the_only_one),
        HOME_TEST(test_a_named_file_must_be_there),
        HOME_TEST(test_a_malformed_usual_file_is_named_but_not_quoted),
        HOME_TEST(test_auth_that_is_no_pair_is_named_but_not_quoted),
        HOME_TEST(test_refuses_another_shape),
        HOME_TEST(test_refuses_files_over_the_limit),
        HOME_TEST(test_helpers_come_before_entries),
        HOME_TEST(test_a_helper_that_is_not_installed_is_passed_over),
        HOME_TEST(test_lists_may_be_null),
        HOME_TEST(test_environment_comes_before_the_usual_files),
        HOME_TEST(test_tokens),
        HOME_TEST(test_advice_says_where_credentials_came_from),
        HOME_TEST(test_a_file_is_replaced_as_a_whole),
        HOME_TEST(test_the_directory_of_the_file_need_not_be_readable),
        HOME_TEST(test_a_file_behind_a_link_is_replaced_where_it_is),
    };

    signal(SIGPIPE, SIG_IGN); /* as the program does */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
