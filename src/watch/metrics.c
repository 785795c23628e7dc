// SPDX-License-Identifier: Apache-2.0
#include "config.h"

#include "watch/metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <microhttpd.h>

#include "base/clock.h"
#include "base/memory.h"

/* Who is connected. He may say a little now and then, which libmicrohttpd takes for a sign of life;
 * so his time is counted from the beginning. */
struct visitor {
    int fd; /* libmicrohttpd's */
    int64_t due_ms;
    bool is_sent_away; /* it will be told that the connection is closed, and then forgets him */
    struct visitor *next;
};

struct metrics_server {
    struct MHD_Daemon *daemon;
    struct visitor *visitors; /* the one that has come first, first */
    int visitor_count;        /* without those that are sent away */
    struct metrics_server_options options;
    char *address;
    int fd;
};

static const struct {
    const char *name, *help;
} counters[METRIC_COUNT] = {
    [METRIC_PUSHED] = {"pushed", "Archives that were converted and pushed."},
    [METRIC_UNCHANGED] = {"unchanged", "Of those, whose image was there before."},
    [METRIC_PUSHED_BYTES] = {"pushed_bytes", "Sizes of the archives that were pushed."},
    [METRIC_RETRIES] = {"retries", "Failures after which an archive was tried again."},
    [METRIC_REFUSED] = {"refused", "Archives that were refused for good."},
    [METRIC_FAILED] = {"failed", "Archives that failed too often, until the next scan."},
    [METRIC_CRASHES] = {"crashes", "Children that were killed by a signal."},
    [METRIC_DELETED] = {"deleted", "Archives that were removed once their images were confirmed."},
    [METRIC_UNCONFIRMED] = {"unconfirmed",
                            "Archives that stay because their images could not be confirmed."},
    [METRIC_HOOK_FAILURES] = {"hook_failures", "Hooks that failed."},
    [METRIC_OVERFLOWS] = {"overflows", "Times that events of the directory were lost."},
};

static void format_counters(FILE *stream, const struct metrics *metrics)
{
    for (int i = 0; i < METRIC_COUNT; i++)
        fprintf(stream,
                "# HELP ckptoci_watch_%s_total %s\n"
                "# TYPE ckptoci_watch_%s_total counter\n"
                "ckptoci_watch_%s_total %" PRIu64 "\n",
                counters[i].name, counters[i].help, counters[i].name, counters[i].name,
                metrics->counters[i]);
}

static void format_archives(FILE *stream, const struct archive_table *table, int64_t now_ms)
{
    int64_t oldest_ms = now_ms, bytes = 0;

    fputs("# HELP ckptoci_watch_archives Archives in the directory, by what has become of them.\n"
          "# TYPE ckptoci_watch_archives gauge\n",
          stream);
    for (int i = 0; i < ARCHIVE_STATE_COUNT; i++)
        fprintf(stream, "ckptoci_watch_archives{state=\"%s\"} %zu\n",
                archive_state_name((enum archive_state)i),
                archive_table_count(table, (enum archive_state)i));
    for (size_t i = 0; i < table->count; i++) {
        const struct archive *archive = table->archives[i];

        bytes += archive->identity.size;
        if ((archive->state == ARCHIVE_WAITING || archive->state == ARCHIVE_CONVERTING) &&
            archive->changed_ms < oldest_ms)
            oldest_ms = archive->changed_ms;
    }
    fprintf(stream,
            "# HELP ckptoci_watch_archives_bytes Sizes of the archives in the directory.\n"
            "# TYPE ckptoci_watch_archives_bytes gauge\n"
            "ckptoci_watch_archives_bytes %" PRId64 "\n"
            "# HELP ckptoci_watch_oldest_waiting_seconds Age of the oldest archive to be pushed.\n"
            "# TYPE ckptoci_watch_oldest_waiting_seconds gauge\n"
            "ckptoci_watch_oldest_waiting_seconds %.3f\n",
            bytes, (double)(now_ms - oldest_ms) / 1000);
}

static void format_times(FILE *stream, const struct metrics *metrics)
{
    fprintf(stream,
            "# HELP ckptoci_watch_push_duration_seconds Time that conversions have taken which "
            "ended well.\n"
            "# TYPE ckptoci_watch_push_duration_seconds summary\n"
            "ckptoci_watch_push_duration_seconds_sum %.3f\n"
            "ckptoci_watch_push_duration_seconds_count %" PRIu64 "\n"
            "# HELP ckptoci_watch_last_push_timestamp_seconds When the last one ended; 0: none.\n"
            "# TYPE ckptoci_watch_last_push_timestamp_seconds gauge\n"
            "ckptoci_watch_last_push_timestamp_seconds %" PRId64 "\n"
            "# HELP ckptoci_watch_start_timestamp_seconds When the agent began.\n"
            "# TYPE ckptoci_watch_start_timestamp_seconds gauge\n"
            "ckptoci_watch_start_timestamp_seconds %" PRId64 "\n"
            "# HELP ckptoci_watch_build_info Which program it is.\n"
            "# TYPE ckptoci_watch_build_info gauge\n"
            "ckptoci_watch_build_info{version=\"%s\"} 1\n",
            (double)metrics->push_ms / 1000, metrics->counters[METRIC_PUSHED],
            metrics->last_pushed_s, metrics->started_s, PACKAGE_VERSION);
}

char *metrics_format(const struct metrics *metrics, const struct archive_table *table,
                     int64_t now_ms)
{
    char *text = NULL;
    size_t len;
    FILE *stream = open_memstream(&text, &len);

    if (!stream)
        abort();
    format_counters(stream, metrics);
    format_archives(stream, table, now_ms);
    format_times(stream, metrics);
    if (fclose(stream))
        abort();
    return text;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24) == 127;
    return address->sa_family == AF_INET6 &&
           IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

/* The first IPv4 address, as other programs listen at a name; else the first there is. NULL: a name
 * is not one of this machine alone, and somebody else's DNS is not to say where metrics are shown.
 */
static const struct addrinfo *choose_address(const struct addrinfo *found, bool is_name)
{
    const struct addrinfo *chosen = NULL;

    for (; found; found = found->ai_next) {
        if (is_name && !is_loopback(found->ai_addr))
            return NULL;
        if (!chosen || (chosen->ai_family != AF_INET && found->ai_family == AF_INET))
            chosen = found;
    }
    return chosen;
}

static int resolve(const char *host, const char *port, struct sockaddr_storage *address)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
    const struct addrinfo *chosen;
    struct addrinfo *found = NULL;
    bool is_name = false;
    int result = getaddrinfo(*host ? host : NULL, port, &hints, &found);

    if (result == EAI_NONAME && *host) {
        is_name = true;
        hints.ai_flags = AI_NUMERICSERV;
        result = getaddrinfo(host, port, &hints, &found);
    }
    if (result != 0)
        return -1;
    chosen = choose_address(found, is_name);
    if (chosen)
        memcpy(address, chosen->ai_addr, chosen->ai_addrlen);
    freeaddrinfo(found);
    return chosen ? 0 : -1;
}

static int parse_address(const char *text, struct sockaddr_storage *address, struct error *error)
{
    const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
    cleanup_free char *host = colon ? xstrndup(text, (size_t)(colon - text)) : xstrdup("127.0.0.1");
    size_t len = strlen(host);

    if (len > 1 && host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        memmove(host, host + 1, len - 1);
    } else if (strchr(host, ':')) {
        return error_set(error, ERROR_USAGE, "an IPv6 address needs brackets, and \"%s\" has none",
                         text);
    }
    if (strlen(port) > 5 || *port == '\0' || strspn(port, "0123456789") != strlen(port) ||
        strtol(port, NULL, 10) > UINT16_MAX || resolve(host, port, address))
        return error_set(error, ERROR_USAGE,
                         "\"%s\" is not [ADDRESS:]PORT with an address in numbers or a name of the "
                         "loopback interface, as localhost",
                         text);
    return 0;
}

int metrics_server_check(const char *text, struct error *error)
{
    struct sockaddr_storage address = {0};

    return parse_address(text, &address, error);
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, char *text,
                              const char *type)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result result;

    if (!response)
        abort();
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *len, void **state)
{
    struct metrics_server *server = context;
    static char seen;

    (void)version;
    (void)data;
    /* A body is read, and ignored. */
    if (!*state || *len > 0) {
        *state = &seen;
        *len = 0;
        return MHD_YES;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, xstrdup("only GET and HEAD\n"),
                      "text/plain; charset=utf-8");
    if (strcmp(url, "/metrics") == 0)
        return answer(connection, MHD_HTTP_OK, server->options.format(server->options.context),
                      "text/plain; version=0.0.4; charset=utf-8");
    if (strcmp(url, "/healthz") == 0)
        return answer(connection, MHD_HTTP_OK, xstrdup("ok\n"), "text/plain; charset=utf-8");
    return answer(connection, MHD_HTTP_NOT_FOUND, xstrdup("there are /metrics and /healthz\n"),
                  "text/plain; charset=utf-8");
}

static struct visitor *first_to_go(const struct metrics_server *server)
{
    struct visitor *visitor = server->visitors;

    while (visitor && visitor->is_sent_away)
        visitor = visitor->next;
    return visitor;
}

static void send_first_away(struct metrics_server *server)
{
    struct visitor *visitor = first_to_go(server);

    if (!visitor)
        return;
    visitor->is_sent_away = true;
    server->visitor_count--;
    shutdown(visitor->fd, SHUT_RDWR);
}

/* Where there are too many, the first has to go, and not the last to wait: a probe of /healthz is
 * answered at once, and is in nobody's way. */
static void add_visitor(struct metrics_server *server, struct visitor *visitor)
{
    struct visitor **end = &server->visitors;

    if (server->visitor_count == METRICS_MAX_CONNECTIONS)
        send_first_away(server);
    while (*end)
        end = &(*end)->next;
    *end = visitor;
    server->visitor_count++;
}

static void remove_visitor(struct metrics_server *server, struct visitor *visitor)
{
    struct visitor **at = &server->visitors;

    while (*at != visitor)
        at = &(*at)->next;
    *at = visitor->next;
    server->visitor_count -= !visitor->is_sent_away;
    free(visitor);
}

static void notice(void *context, struct MHD_Connection *connection, void **socket_context,
                   enum MHD_ConnectionNotificationCode what)
{
    const union MHD_ConnectionInfo *info;
    struct visitor *visitor;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        remove_visitor(context, *socket_context);
        return;
    }
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    visitor = NEW(struct visitor);
    visitor->fd = info ? info->connect_fd : -1;
    visitor->due_ms = clock_monotonic_ms() + METRICS_TIMEOUT_MS;
    add_visitor(context, visitor);
    *socket_context = visitor;
}

/* With the port that it has, which may have been left to the system. */
static char *format_address(struct MHD_Daemon *daemon, const struct sockaddr_storage *address)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    unsigned port = info ? info->port : 0;
    char host[INET6_ADDRSTRLEN] = "?";

    if (address->ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, host, sizeof host);
        return xasprintf("[%s]:%u", host, port);
    }
    inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, host, sizeof host);
    return xasprintf("%s:%u", host, port);
}

int metrics_server_start(struct metrics_server **ret, const struct metrics_server_options *options,
                         struct error *error)
{
    cleanup(metrics_server_freep) struct metrics_server *server = NEW(struct metrics_server);
    const union MHD_DaemonInfo *info;
    struct sockaddr_storage address = {0};
    unsigned flags = MHD_USE_EPOLL;

    if (parse_address(options->address, &address, error))
        return -1;
    if (address.ss_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    server->options = *options;
    errno = 0;
    server->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, server, MHD_OPTION_SOCK_ADDR,
                                      (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT,
                                      (unsigned)(2 * METRICS_MAX_CONNECTIONS),
                                      MHD_OPTION_NOTIFY_CONNECTION, notice, server, MHD_OPTION_END);
    if (!server->daemon) {
        error_set_errno(error, errno, "serve metrics on %s", options->address);
        return error_advice(error, "name another port with --metrics");
    }
    info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    server->fd = info ? info->epoll_fd : -1;
    server->address = format_address(server->daemon, &address);
    *ret = steal(server);
    return 0;
}

const char *metrics_server_address(const struct metrics_server *server)
{
    return server->address;
}

int metrics_server_fd(const struct metrics_server *server)
{
    return server->fd;
}

int metrics_server_timeout_ms(const struct metrics_server *server)
{
    const struct visitor *first = first_to_go(server);
    MHD_UNSIGNED_LONG_LONG library_ms;
    int64_t ms = INT64_MAX;

    if (MHD_get_timeout(server->daemon, &library_ms) == MHD_YES)
        ms = library_ms < INT_MAX ? (int64_t)library_ms : INT_MAX;
    if (first && first->due_ms - clock_monotonic_ms() < ms)
        ms = first->due_ms - clock_monotonic_ms();
    if (ms == INT64_MAX)
        return -1;
    return ms > 0 ? (int)ms : 0;
}

void metrics_server_serve(struct metrics_server *server)
{
    int64_t now_ms = clock_monotonic_ms();
    struct visitor *first;

    while ((first = first_to_go(server)) && first->due_ms <= now_ms)
        send_first_away(server);
    MHD_run(server->daemon);
}

void metrics_server_free(struct metrics_server *server)
{
    if (!server)
        return;
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    free(server->address);
    free(server);
}
