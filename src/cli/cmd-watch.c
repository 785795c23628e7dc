// SPDX-License-Identifier: Apache-2.0
#include "cli/cmd.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/convert-shared.h"
#include "watch/agent.h"
#include "watch/conversion.h"
#include "watch/metrics.h"
#include "watch/template.h"

enum {
    DEFAULT_JOBS = 2,
    DEFAULT_ATTEMPTS = 5,
    MAX_ATTEMPTS = 1000,
    DEFAULT_ATTEMPT_DELAY_MS = 10 * 1000,
    DEFAULT_SETTLE_MS = 5 * 1000,
    DEFAULT_REFUSE_AFTER_MS = 60 * 1000,
    DEFAULT_RESCAN_MS = 10 * 60 * 1000,
    MIN_RESCAN_MS = 1000,
    DEFAULT_HOOK_TIMEOUT_MS = 60 * 1000,
    DEFAULT_JOB_TIMEOUT_MS = 24 * 60 * 60 * 1000,
    MAX_THREADS = 256,
    NODE_NAME_MAX_BYTES = 256,
};

#define DEFAULT_STATE_DIRECTORY "/var/lib/ckptoci"

/* Words, ended by NULL; they are on the heap. */
struct words {
    char **list;
    size_t count;
};

struct request {
    struct agent_options agent;
    struct words passed; /* convert's options, as they were given */
    struct words hook;
    unsigned attempts;
    unsigned threads; /* only checked here: see pass_options() */
    const char *node; /* NULL: not given */
    char host[NODE_NAME_MAX_BYTES];
    char *directory, *default_state_directory;
    bool has_failed; /* to write an event */
};

static void words_done(struct words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->list[i]);
    free(words->list);
    *words = (struct words){0};
}

/* Takes `word`. */
static void words_add(struct words *words, char *word)
{
    words->list = xreallocarray(words->list, words->count + 2, sizeof *words->list);
    words->list[words->count++] = word;
    words->list[words->count] = NULL;
}

static int set_hook(void *field, const char *value, struct error *error)
{
    struct words *hook = field;

    words_done(hook);
    while (*value) {
        size_t len = strcspn(value, " \t");

        if (len)
            words_add(hook, xstrndup(value, len));
        value += len + (value[len] != '\0');
    }
    return hook->count ? 0 : error_set(error, ERROR_USAGE, "the command is empty");
}

static int set_metrics(void *field, const char *value, struct error *error)
{
    *(const char **)field = value;
    return metrics_server_check(value, error);
}

static int set_node(void *field, const char *value, struct error *error)
{
    if (!*value || strlen(value) >= NODE_NAME_MAX_BYTES)
        return error_set(error, ERROR_USAGE, "a node's name has 1 to %d characters",
                         NODE_NAME_MAX_BYTES - 1);
    *(const char **)field = value;
    return 0;
}

static int set_rescan(void *field, const char *value, struct error *error)
{
    int64_t *rescan_ms = field;

    if (options_parse_time_ms(value, rescan_ms, error))
        return -1;
    if (*rescan_ms < MIN_RESCAN_MS)
        return error_set(error, ERROR_USAGE, "less than a second is too often");
    return 0;
}

#define AS_CONVERT "as convert has it"
/* The options that convert has as well go to the children, which convert. Where one sets a field,
 * the agent needs it, too: it asks registries itself. Without --creds: it would be seen for as long
 * as the agent runs. */
#define OPTION_OWNER struct request
static const struct option_spec options[] = {
    {"allow", 0, "CHECK", AS_CONVERT ", also the other options named so", OPTION_NO_FIELD},
    {"annotation", 0, "KEY=VALUE", AS_CONVERT, OPTION_NO_FIELD},
    {"arch", 0, "ARCH", AS_CONVERT, OPTION_NO_FIELD},
    {"attempt-delay", 0, "TIME",
     "wait before an archive is tried again, then twice as long each time; default: 10s",
     OPTION_TIME(agent.schedule.attempts.delay_ms)},
    {"attempts", 0, "N", "give an archive up until the next scan when N tries failed; default: 5",
     OPTION_INTEGER(attempts, 1, MAX_ATTEMPTS)},
    {AUTHFILE_OPTION(agent.registry.authfile)},
    {"cert-dir", 0, "DIRECTORY", AS_CONVERT, OPTION_TEXT(agent.registry.cert_dir)},
    {"chunk-size", 0, "SIZE", AS_CONVERT, CHUNK_SIZE_FIELD(agent.registry.chunk_bytes)},
    {"compression-format", 0, "FORMAT", AS_CONVERT, OPTION_NO_FIELD},
    {"compression-level", 0, "N", AS_CONVERT, OPTION_NO_FIELD},
    {"deadline", 0, "SECONDS", AS_CONVERT ", for each archive", OPTION_NO_FIELD},
    {"drain", 0, NULL, "when asked to stop, finish what is being pushed",
     OPTION_FLAG(agent.drains)},
    {"force", 0, NULL, AS_CONVERT, OPTION_NO_FIELD},
    {"hook", 0, "COMMAND",
     "run it for each archive that was pushed or has failed: words, without a shell",
     OPTION_SPECIAL(set_hook, hook)},
    {"hook-timeout", 0, "TIME", "kill a hook that takes longer, 0 for never; default: 60s",
     OPTION_TIME(agent.hook_timeout_ms)},
    {"job-timeout", 0, "TIME",
     "kill what converts an archive when it takes longer, 0 for never; default: 24h",
     OPTION_TIME(agent.job_timeout_ms)},
    {"jobs", 'j', "N", "archives that are converted at the same time; default: 2",
     OPTION_INTEGER(agent.jobs, 1, AGENT_MAX_JOBS)},
    {"keep-age", 0, "TIME", "remove archives that are pushed and older, as in 30d",
     OPTION_AGE(agent.retention.age_s)},
    {"keep-count", 0, "N", "remove all but the newest N of each container that are pushed",
     OPTION_INTEGER(agent.retention.count, 0, WATCH_MAX_ARCHIVES)},
    {"keep-size", 0, "SIZE",
     "remove the oldest that are pushed while all archives together are larger",
     OPTION_SIZE(agent.retention.size_bytes, 0, INT64_MAX)},
    {"limit-rate", 0, "RATE", AS_CONVERT ", for each archive",
     LIMIT_RATE_FIELD(agent.registry.rate_limit)},
    {"max-unpacked", 0, "SIZE", AS_CONVERT, OPTION_NO_FIELD},
    {"metrics", 0, "PORT",
     "serve /metrics and /healthz on the loopback interface, or with ADDRESS:PORT there",
     OPTION_SPECIAL(set_metrics, agent.metrics_address)},
    {"node-name", 0, "NAME", "for {node}; default: $NODE_NAME, else the host's name",
     OPTION_SPECIAL(set_node, node)},
    {"once", 0, NULL, "handle what is there and end", OPTION_FLAG(agent.once)},
    {"refuse-after", 0, "TIME",
     "what is no whole archive may still become one, until it has not changed for so long; "
     "default: 60s",
     OPTION_TIME(agent.schedule.incomplete_ms)},
    {"rescan", 0, "TIME", "look at the whole directory again so often; default: 10m",
     OPTION_SPECIAL(set_rescan, agent.rescan_ms)},
    {"retry-delay", 0, "TIME", AS_CONVERT, OPTION_TIME(agent.registry.retry.delay_ms)},
    {"retry-times", 0, "N", AS_CONVERT, RETRY_TIMES_FIELD(agent.registry.retry.times)},
    {"settle", 0, "TIME",
     "wait for a file that nobody was seen to close until it has not changed for so long; "
     "default: 5s",
     OPTION_TIME(agent.schedule.settle_ms)},
    {"stall-timeout", 0, "TIME", AS_CONVERT, OPTION_TIME(agent.registry.stall_timeout_ms)},
    {"state-dir", 0, "DIRECTORY",
     "where it is kept what was pushed; default: $STATE_DIRECTORY, else " DEFAULT_STATE_DIRECTORY,
     OPTION_TEXT(agent.state_directory)},
    {"strict", 0, NULL, AS_CONVERT, OPTION_NO_FIELD},
    {"threads", 0, "N", "as --jobs of convert: threads that compress an archive",
     OPTION_INTEGER(threads, 1, MAX_THREADS)},
    {TLS_VERIFY_OPTION(agent.registry.tls_verify)},
    {0},
};

/* As they were given. --jobs means something else here; convert's --jobs is called --threads. */
static void pass_options(struct words *passed, const struct command_line *line)
{
    passed->list = xcalloc(1, sizeof *passed->list);
    for (size_t i = 0; i < line->given_count; i++) {
        const char *name = line->given[i].name, *value = line->given[i].value;

        if (strcmp(name, "threads") == 0)
            words_add(passed, xasprintf("--jobs=%d", atoi(value)));
        else if (strcmp(name, "jobs") != 0 && convert_has_option(name))
            words_add(passed, value ? xasprintf("--%s=%s", name, value) : xasprintf("--%s", name));
    }
}

static int choose_node(struct request *request, struct error *error)
{
    const char *given = getenv("NODE_NAME");

    if (request->node)
        return 0;
    if (given && *given)
        return set_node(&request->node, given, error) ? error_context(error, "NODE_NAME") : 0;
    if (gethostname(request->host, sizeof request->host - 1))
        return error_set_errno(error, errno, "find out the host's name");
    request->node = request->host;
    return 0;
}

/* systemd may name several, with colons between them. */
static const char *choose_state_directory(struct request *request)
{
    const char *given = getenv("STATE_DIRECTORY");

    if (!given || !*given)
        return DEFAULT_STATE_DIRECTORY;
    request->default_state_directory = xstrndup(given, strcspn(given, ":"));
    return request->default_state_directory;
}

static void write_event(void *context, const json_t *event)
{
    struct request *request = context;
    struct error error;

    json_dumpf(event, stdout, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
    putchar('\n');
    if ((fflush(stdout) == 0 && !ferror(stdout)) || request->has_failed)
        return;
    request->has_failed = true;
    error_set_errno(&error, errno, "write events to standard output");
    cmd_fail(&error);
}

static void relay(const char *line)
{
    fprintf(stderr, "%s\n", line);
}

static int check_order(const struct command_line *line, struct error *error)
{
    struct stat st;

    if (!strchr(line->arguments[0], '{') || stat(line->arguments[1], &st) || !S_ISDIR(st.st_mode))
        return 0;
    error_set(error, ERROR_USAGE, "the arguments look swapped: %s is a directory",
              line->arguments[1]);
    return error_advice(error, "the directory is named first: ckptoci watch %s '%s'",
                        line->arguments[1], line->arguments[0]);
}

static int prepare(void *context, const struct command_line *line, struct error *error)
{
    struct request *request = context;
    struct agent_options *agent = &request->agent;

    if (check_order(line, error))
        return -1;
    if (choose_node(request, error) || template_check(line->arguments[1], request->node, error))
        return -1;
    pass_options(&request->passed, line);
    request->directory = realpath(line->arguments[0], NULL);
    agent->directory = request->directory ? request->directory : line->arguments[0];
    agent->template = line->arguments[1];
    agent->node = request->node;
    if (!agent->state_directory)
        agent->state_directory = choose_state_directory(request);
    agent->convert_options = request->passed.list;
    agent->schedule.attempts.times = request->attempts - 1;
    agent->hook = request->hook.list;
    agent->events = (struct event_writer){write_event, request};
    agent->relay = relay;
    return conversion_check_options(&(struct conversion_options){.convert_options =
                                                                     agent->convert_options},
                                    error);
}

static int status_of(bool once, const struct agent_result *result)
{
    enum error_kind kind = ERROR_NONE;

    if (!once)
        return EXIT_SUCCESS;
    if (result->was_interrupted)
        kind = ERROR_INTERRUPTED;
    else if (result->failed)
        kind = ERROR_FAILED;
    else if (result->refused)
        kind = ERROR_ARCHIVE;
    return error_exit_status(&(struct error){.kind = kind});
}

static int run(void *context, struct cancel *cancel, struct error *error)
{
    struct request *request = context;
    struct agent_result result = {0};

    if (agent_run(&request->agent, &result, cancel, error) < 0)
        return -1;
    return request->has_failed ? EXIT_FAILURE : status_of(request->agent.once, &result);
}

static void done(void *context)
{
    struct request *request = context;

    words_done(&request->passed);
    words_done(&request->hook);
    free(request->directory);
    free(request->default_state_directory);
    registry_options_done(&request->agent.registry);
}

static const struct request defaults = {
    .agent = {.jobs = DEFAULT_JOBS,
              .job_timeout_ms = DEFAULT_JOB_TIMEOUT_MS,
              .schedule = {.settle_ms = DEFAULT_SETTLE_MS,
                           .incomplete_ms = DEFAULT_REFUSE_AFTER_MS,
                           .attempts = {.delay_ms = DEFAULT_ATTEMPT_DELAY_MS}},
              .rescan_ms = DEFAULT_RESCAN_MS,
              .retention = {.count = -1, .age_s = -1, .size_bytes = -1},
              .registry = REGISTRY_OPTIONS_INIT,
              .hook_timeout_ms = DEFAULT_HOOK_TIMEOUT_MS},
    .attempts = DEFAULT_ATTEMPTS,
};

const struct command watch_command = {
    .name = "watch",
    .summary = "convert and push each archive that comes into a directory",
    .arguments = "[OPTIONS] DIRECTORY TEMPLATE",
    .details =
        "Watches DIRECTORY, as a rule /var/lib/kubelet/checkpoints, and has each finished\n"
        "archive in it that is called checkpoint-*.tar converted and pushed, once. Goes on\n"
        "until it gets SIGTERM or SIGINT; then what is not finished is taken back.\n\n"
        "TEMPLATE is a destination as convert has it, with\n"
        "  {namespace} {pod} {container}   as the archive says; \"none\" where it does not.\n"
        "                                  What the kubelet's name of the file contradicts,\n"
        "                                  or is no name in Kubernetes, is refused\n"
        "  {time}                          of the checkpoint, and what tells archives apart;\n"
        "                                  it must be there\n"
        "  {node}                          see --node-name\n"
        "as in registry.example/{namespace}/{pod}:{container}-{time}.\n\n"
        "Prints a line of JSON for each thing that happens.",
    .needs = "watch needs a directory and a template for destinations",
    .min_arguments = 2,
    .max_arguments = 2,
    .options = options,
    .request_size = sizeof(struct request),
    .defaults = &defaults,
    .prepare = prepare,
    .run = run,
    .done = done,
};
