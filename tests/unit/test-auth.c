// SPDX-License-Identifier: Apache-2.0
#include "registry-files.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "registry/auth.h"

enum { REQUESTS_MAX = 64, REQUEST_MAX_BYTES = 8192 };

/* A registry on loopback that wants a token for /v2/ and is its own token service: it gives t1, t2
 * and so on. It answers one request a connection, and keeps the first line of each. */
static struct {
    int socket;
    char url[64];
    char lines[REQUESTS_MAX][REQUEST_MAX_BYTES];
    unsigned count;
    unsigned tokens;
} server;

static void answer(int fd, char *request)
{
    cleanup_free char *response = NULL;
    const char *body = "";
    cleanup_free char *token = NULL;

    request[strcspn(request, "\r")] = '\0';
    strcpy(server.lines[server.count++], request);
    if (strncmp(request, "GET /token", 10) == 0)
        body = token = xasprintf("{\"token\":\"t%u\",\"expires_in\":300}", ++server.tokens);
    response = xasprintf("HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                         token ? "200 OK" : "401 Unauthorized",
                         token ? "" : "WWW-Authenticate: Bearer realm=\"/token\",service=\"s\"\r\n",
                         strlen(body), body);
    if (write(fd, response, strlen(response)) < 0)
        abort();
}

static void *serve(void *unused)
{
    int fd;

    while ((fd = accept(server.socket, NULL, NULL)) >= 0) {
        char request[REQUEST_MAX_BYTES] = "";
        size_t len = 0;

        while (!strstr(request, "\r\n\r\n") && len < sizeof request - 1) {
            ssize_t n = read(fd, request + len, sizeof request - 1 - len);

            if (n <= 0)
                break;
            len += (size_t)n;
        }
        if (len && server.count < REQUESTS_MAX)
            answer(fd, request);
        close(fd);
    }
    return unused;
}

static void start_server(pthread_t *thread)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    server.count = server.tokens = 0;
    server.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server.socket, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server.socket, 8), 0);
    assert_int_equal(getsockname(server.socket, (struct sockaddr *)&address, &len), 0);
    snprintf(server.url, sizeof server.url, "http://127.0.0.1:%u/v2/", ntohs(address.sin_port));
    assert_int_equal(pthread_create(thread, NULL, serve, NULL), 0);
}

struct fixture {
    pthread_t thread;
    struct tls_settings files;
    struct cancel *cancel;
    struct http *http;
    struct auth *auth;
};

/* Up to the point where the registry has said that it wants a token. */
static void set_up(struct fixture *fixture, const struct credentials *credentials,
                   const char *scope)
{
    const struct http_request request = {.method = "GET", .url = server.url};
    struct http_options options = {.tls = &fixture->files};
    struct error error;

    setenv("no_proxy", "127.0.0.1", 1);
    start_server(&fixture->thread);
    tls_settings_init(&fixture->files);
    options.cancel = fixture->cancel = cancel_new();
    assert_int_equal(http_new(&fixture->http, &options, &error), 0);
    fixture->auth = auth_new(fixture->http, credentials, "registry.example", scope);
    assert_int_equal(http_send(fixture->http, &request, &error), 401);
    assert_int_equal(auth_take_challenges(fixture->auth, false), 1);
}

static void tear_down(struct fixture *fixture)
{
    auth_free(fixture->auth);
    http_free(fixture->http);
    cancel_free(fixture->cancel);
    tls_settings_done(&fixture->files);
    shutdown(server.socket, SHUT_RDWR);
    pthread_join(fixture->thread, NULL);
    close(server.socket);
}

static void assert_header(struct auth *auth, const char *expected)
{
    const char *header;
    struct error error;

    if (auth_header(auth, &header, &error))
        fail_msg("%s", error.text);
    assert_string_equal(header, expected);
}

static const char *last_line(void)
{
    return server.lines[server.count - 1];
}

/* Whether an encoded character has upper-case digits is curl's business. */
static void assert_line(const char *expected)
{
    if (strcasecmp(last_line(), expected) != 0)
        fail_msg("%s, not %s", last_line(), expected);
}

static void test_a_token_is_kept_until_it_needs_another_scope(void **state)
{
    const struct credentials credentials = {0};
    struct fixture fixture = {0};

    (void)state;
    set_up(&fixture, &credentials, "repository:a:pull");
    assert_header(fixture.auth, "Bearer t1");
    assert_line("GET /token?service=s&scope=repository%3aa%3apull HTTP/1.1");
    auth_prepare_long(fixture.auth);
    assert_header(fixture.auth, "Bearer t1");
    auth_add_scope(fixture.auth, "repository:b:pull");
    assert_header(fixture.auth, "Bearer t2");
    assert_line("GET /token?service=s&scope=repository%3aa%3apull"
                "&scope=repository%3ab%3apull HTTP/1.1");
    auth_add_scope(fixture.auth, "repository:a:pull");
    auth_add_scope(fixture.auth, "repository:b:pull");
    assert_header(fixture.auth, "Bearer t2");
    tear_down(&fixture);
}

static void test_too_many_scopes(void **state)
{
    const struct credentials credentials = {0};
    struct fixture fixture = {0};

    (void)state;
    set_up(&fixture, &credentials, "first");
    for (int i = 0; i < AUTH_SCOPES_MAX; i++) {
        cleanup_free char *scope = xasprintf("more-%d-", i);

        auth_add_scope(fixture.auth, scope);
    }
    assert_header(fixture.auth, "Bearer t1");
    assert_non_null(strstr(last_line(), "&scope=first&"));
    assert_null(strstr(last_line(), "more-0-"));
    assert_non_null(strstr(last_line(), "more-1-"));
    assert_non_null(strstr(last_line(), "more-15-"));
    tear_down(&fixture);
}

static void test_without_a_scope(void **state)
{
    const struct credentials credentials = {0};
    struct fixture fixture = {0};

    (void)state;
    set_up(&fixture, &credentials, NULL);
    assert_header(fixture.auth, "Bearer t1");
    assert_line("GET /token?service=s HTTP/1.1");
    tear_down(&fixture);
}

static void test_a_registry_token_is_tried_once(void **state)
{
    char token[] = "mine";
    const struct credentials credentials = {.registry_token = token};
    struct fixture fixture = {0};

    (void)state;
    set_up(&fixture, &credentials, "repository:a:pull");
    assert_header(fixture.auth, "Bearer mine");
    auth_add_scope(fixture.auth, "repository:b:pull");
    assert_header(fixture.auth, "Bearer mine");
    assert_int_equal(server.tokens, 0);
    assert_int_equal(auth_take_challenges(fixture.auth, true), 0);
    tear_down(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_is_kept_until_it_needs_another_scope),
        cmocka_unit_test(test_too_many_scopes),
        cmocka_unit_test(test_without_a_scope),
        cmocka_unit_test(test_a_registry_token_is_tried_once),
    };
    struct error error;

    if (http_global_init(&error))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
