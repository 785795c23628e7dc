// SPDX-License-Identifier: Apache-2.0
#include "cmd.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/memory.h"
#include "registry-request.h"
#include "watch/agent.h"
#include "watch/conversion.h"
#include "watch/metrics-server.h"
#include "watch/template.h"

enum option_id {
    OPTION_ATTEMPT_DELAY,
    OPTION_ATTEMPTS,
    OPTION_DRAIN,
    OPTION_HOOK,
    OPTION_HOOK_TIMEOUT,
    OPTION_JOBS,
    OPTION_KEEP_AGE,
    OPTION_KEEP_COUNT,
    OPTION_KEEP_SIZE,
    OPTION_METRICS,
    OPTION_NODE_NAME,
    OPTION_ONCE,
    OPTION_REFUSE_AFTER,
    OPTION_RESCAN,
    OPTION_SETTLE,
    OPTION_STATE_DIR,
    OPTION_THREADS,
    /* From here on: convert's own, passed on as they are. */
    OPTION_PASSED,
    OPTION_ALLOW = OPTION_PASSED,
    OPTION_ANNOTATION,
    OPTION_ARCH,
    OPTION_COMPRESSION_FORMAT,
    OPTION_COMPRESSION_LEVEL,
    OPTION_DEADLINE,
    OPTION_STRICT,
};

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
    MAX_THREADS = 256,
    NODE_NAME_MAX_BYTES = 256,
};

#define DEFAULT_STATE_DIRECTORY "/var/lib/ckptoci"

/* Without --creds: it would be seen for as long as the agent runs. */
static const struct option_spec options[] = {
    {"allow", 0, "CHECK", "as convert has it, also the other options named so", OPTION_ALLOW},
    {"annotation", 0, "KEY=VALUE", "as convert has it", OPTION_ANNOTATION},
    {"arch", 0, "ARCH", "as convert has it", OPTION_ARCH},
    {"attempt-delay", 0, "TIME",
     "wait before an archive is tried again, then twice as long each time; default: 10s",
     OPTION_ATTEMPT_DELAY},
    {"attempts", 0, "N", "give an archive up until the next scan when N tries failed; default: 5",
     OPTION_ATTEMPTS},
    {"authfile", 0, "FILE", "credentials for registries, else the usual files are searched",
     REGISTRY_OPTION_AUTHFILE},
    {"cert-dir", 0, "DIRECTORY", "as convert has it", REGISTRY_OPTION_CERT_DIR},
    {"chunk-size", 0, "SIZE", "as convert has it", REGISTRY_OPTION_CHUNK_SIZE},
    {"compression-format", 0, "FORMAT", "as convert has it", OPTION_COMPRESSION_FORMAT},
    {"compression-level", 0, "N", "as convert has it", OPTION_COMPRESSION_LEVEL},
    {"deadline", 0, "SECONDS", "as convert has it, for each archive", OPTION_DEADLINE},
    {"drain", 0, NULL, "when asked to stop, finish what is being pushed", OPTION_DRAIN},
    {"hook", 0, "COMMAND",
     "run it for each archive that was pushed or has failed: words, without a shell", OPTION_HOOK},
    {"hook-timeout", 0, "TIME", "kill a hook that takes longer, 0 for never; default: 60s",
     OPTION_HOOK_TIMEOUT},
    {"jobs", 'j', "N", "archives that are converted at the same time; default: 2", OPTION_JOBS},
    {"keep-age", 0, "TIME", "remove archives that are pushed and older, as in 30d",
     OPTION_KEEP_AGE},
    {"keep-count", 0, "N", "remove all but the newest N of each container that are pushed",
     OPTION_KEEP_COUNT},
    {"keep-size", 0, "SIZE",
     "remove the oldest that are pushed while all archives together are larger", OPTION_KEEP_SIZE},
    {"limit-rate", 0, "RATE", "as convert has it, for each archive", REGISTRY_OPTION_LIMIT_RATE},
    {"metrics", 0, "PORT",
     "serve /metrics and /healthz on the loopback interface, or with ADDRESS:PORT there",
     OPTION_METRICS},
    {"node-name", 0, "NAME", "for {node}; default: $NODE_NAME, else the host's name",
     OPTION_NODE_NAME},
    {"once", 0, NULL, "handle what is there and end", OPTION_ONCE},
    {"refuse-after", 0, "TIME",
     "what is no whole archive may still become one, until it has not changed for so long; "
     "default: 60s",
     OPTION_REFUSE_AFTER},
    {"rescan", 0, "TIME", "look at the whole directory again so often; default: 10m",
     OPTION_RESCAN},
    {"retry-delay", 0, "TIME", "as convert has it", REGISTRY_OPTION_RETRY_DELAY},
    {"retry-times", 0, "N", "as convert has it", REGISTRY_OPTION_RETRY_TIMES},
    {"settle", 0, "TIME",
     "wait for a file that nobody was seen to close until it has not changed for so long; "
     "default: 5s",
     OPTION_SETTLE},
    {"stall-timeout", 0, "TIME", "as convert has it", REGISTRY_OPTION_STALL_TIMEOUT},
    {"state-dir", 0, "DIRECTORY",
     "where it is kept what was pushed; default: $STATE_DIRECTORY, else " DEFAULT_STATE_DIRECTORY,
     OPTION_STATE_DIR},
    {"strict", 0, NULL, "as convert has it", OPTION_STRICT},
    {"threads", 0, "N", "as --jobs of convert: threads that compress an archive", OPTION_THREADS},
    {"tls-verify", 0, "[=BOOL]", REGISTRY_TLS_VERIFY_HELP, REGISTRY_OPTION_TLS_VERIFY},
    {0},
};

struct request {
    struct agent_options agent;
    struct registry_request registry;
    char **passed; /* ends with NULL */
    size_t passed_count;
    char **hook; /* words in hook_text */
    char *hook_text;
    char *directory, *state_directory;
    char node[NODE_NAME_MAX_BYTES];
};

static void request_done(struct request *request)
{
    for (size_t i = 0; i < request->passed_count; i++)
        free(request->passed[i]);
    free(request->passed);
    free(request->hook);
    free(request->hook_text);
    free(request->directory);
    free(request->state_directory);
    registry_request_done(&request->registry);
}

/* Takes `argument`. */
static void pass(struct request *request, char *argument)
{
    request->passed =
        xreallocarray(request->passed, request->passed_count + 2, sizeof *request->passed);
    request->passed[request->passed_count++] = argument;
    request->passed[request->passed_count] = NULL;
}

static void pass_option(struct request *request, int id, const char *value)
{
    const struct option_spec *spec = options;

    while (spec->id != id)
        spec++;
    pass(request, value ? xasprintf("--%s=%s", spec->name, value) : xasprintf("--%s", spec->name));
}

static int set_registry_option(struct request *request, int id, const char *value,
                               struct error *error)
{
    if (registry_request_set(&request->registry, id, value, error))
        return -1;
    pass_option(request, id, value);
    return 0;
}

static int set_number(unsigned *number, const char *value, int max, struct error *error)
{
    int given;

    if (options_parse_int(value, 1, max, &given, error) < 0)
        return -1;
    *number = (unsigned)given;
    return 0;
}

static int set_hook(struct request *request, const char *value, struct error *error)
{
    char *rest, *word;
    size_t count = 0;

    free(request->hook_text);
    free(request->hook);
    request->hook_text = xstrdup(value);
    request->hook = xcalloc(strlen(value) / 2 + 2, sizeof *request->hook);
    rest = request->hook_text;
    while ((word = strsep(&rest, " \t")))
        if (*word)
            request->hook[count++] = word;
    if (count == 0)
        return error_set(error, ERROR_USAGE, "the command is empty");
    request->agent.hook = request->hook;
    return 0;
}

static int set_retention(struct retention *retention, int id, const char *value,
                         struct error *error)
{
    int64_t ms;
    int count;

    switch (id) {
    case OPTION_KEEP_AGE:
        if (options_parse_age_ms(value, &ms, error))
            return -1;
        retention->age_s = ms / 1000;
        return 0;
    case OPTION_KEEP_COUNT:
        if (options_parse_int(value, 0, WATCH_MAX_ARCHIVES, &count, error))
            return -1;
        retention->count = count;
        return 0;
    default:
        return options_parse_size(value, 0, INT64_MAX, &retention->size_bytes, error);
    }
}

static int set_threads(struct request *request, const char *value, struct error *error)
{
    unsigned threads;

    if (set_number(&threads, value, MAX_THREADS, error))
        return -1;
    pass(request, xasprintf("--jobs=%u", threads));
    return 0;
}

static int set_attempts(struct agent_options *agent, const char *value, struct error *error)
{
    unsigned attempts;

    if (set_number(&attempts, value, MAX_ATTEMPTS, error))
        return -1;
    agent->schedule.attempts.times = attempts - 1;
    return 0;
}

static int set_rescan(struct agent_options *agent, const char *value, struct error *error)
{
    if (options_parse_time_ms(value, &agent->rescan_ms, error))
        return -1;
    if (agent->rescan_ms < MIN_RESCAN_MS)
        return error_set(error, ERROR_USAGE, "less than a second is too often");
    return 0;
}

static int set_node(struct request *request, const char *value, struct error *error)
{
    if (!*value || strlen(value) >= sizeof request->node)
        return error_set(error, ERROR_USAGE, "a node's name has 1 to %zu characters",
                         sizeof request->node - 1);
    strcpy(request->node, value);
    return 0;
}

static int set_option(void *context, int id, const char *value, struct error *error)
{
    struct request *request = context;
    struct agent_options *agent = &request->agent;

    if (id >= REGISTRY_OPTION_FIRST)
        return set_registry_option(request, id, value, error);
    switch (id) {
    case OPTION_ATTEMPT_DELAY:
        return options_parse_time_ms(value, &agent->schedule.attempts.delay_ms, error);
    case OPTION_ATTEMPTS:
        return set_attempts(agent, value, error);
    case OPTION_DRAIN:
        agent->drains = true;
        return 0;
    case OPTION_HOOK:
        return set_hook(request, value, error);
    case OPTION_HOOK_TIMEOUT:
        return options_parse_time_ms(value, &agent->hook_timeout_ms, error);
    case OPTION_JOBS:
        return set_number(&agent->jobs, value, AGENT_MAX_JOBS, error);
    case OPTION_KEEP_AGE:
    case OPTION_KEEP_COUNT:
    case OPTION_KEEP_SIZE:
        return set_retention(&agent->retention, id, value, error);
    case OPTION_METRICS:
        agent->metrics_address = value;
        return metrics_server_check(value, error);
    case OPTION_NODE_NAME:
        return set_node(request, value, error);
    case OPTION_ONCE:
        agent->once = true;
        return 0;
    case OPTION_REFUSE_AFTER:
        return options_parse_time_ms(value, &agent->schedule.incomplete_ms, error);
    case OPTION_RESCAN:
        return set_rescan(agent, value, error);
    case OPTION_SETTLE:
        return options_parse_time_ms(value, &agent->schedule.settle_ms, error);
    case OPTION_STATE_DIR:
        free(request->state_directory);
        request->state_directory = xstrdup(value);
        return 0;
    case OPTION_THREADS:
        return set_threads(request, value, error);
    default:
        pass_option(request, id, value);
        return 0;
    }
}

static int choose_node(struct request *request, struct error *error)
{
    const char *given = getenv("NODE_NAME");

    if (*request->node)
        return 0;
    if (given && *given)
        return set_node(request, given, error) ? error_context(error, "NODE_NAME") : 0;
    if (gethostname(request->node, sizeof request->node - 1))
        return error_set_errno(error, errno, "find out the host's name");
    return 0;
}

/* systemd may name several, with colons between them. */
static void choose_state_directory(struct request *request)
{
    const char *given = getenv("STATE_DIRECTORY");

    if (!request->state_directory)
        request->state_directory = given && *given ? xstrndup(given, strcspn(given, ":"))
                                                   : xstrdup(DEFAULT_STATE_DIRECTORY);
}

static int parse_request(struct request *request, const struct command *command, int argc,
                         char **argv, struct error *error)
{
    struct agent_options *agent = &request->agent;
    int first = options_parse(command, argc, argv, set_option, request, error);

    if (first < 0)
        return -1;
    if (argc - first != 2) {
        error_set(error, ERROR_USAGE, "watch needs a directory and a template for destinations");
        return error_advice(error, "see ckptoci watch --help");
    }
    if (choose_node(request, error) || template_check(argv[first + 1], request->node, error))
        return -1;
    choose_state_directory(request);
    if (!request->passed)
        request->passed = xcalloc(1, sizeof *request->passed);
    request->directory = realpath(argv[first], NULL);
    agent->directory = request->directory ? request->directory : argv[first];
    agent->template = argv[first + 1];
    agent->node = request->node;
    agent->state_directory = request->state_directory;
    agent->convert_options = request->passed;
    agent->registry = request->registry.options;
    return conversion_check_options(&(struct conversion_options){.convert_options =
                                                                     request->passed},
                                    error);
}

static void write_event(void *context, const json_t *event)
{
    bool *has_failed = context;
    struct error error;

    json_dumpf(event, stdout, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
    putchar('\n');
    if ((fflush(stdout) == 0 && !ferror(stdout)) || *has_failed)
        return;
    *has_failed = true;
    error_set_errno(&error, errno, "write events to standard output");
    cmd_fail(&error);
}

static void relay(const char *line)
{
    fprintf(stderr, "%s\n", line);
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

static int run_watch(const struct command *command, int argc, char **argv)
{
    bool has_failed = false;
    cleanup(request_done) struct request request = {
        .registry = REGISTRY_REQUEST_INIT,
        .agent = {.jobs = DEFAULT_JOBS,
                  .schedule = {.settle_ms = DEFAULT_SETTLE_MS,
                               .incomplete_ms = DEFAULT_REFUSE_AFTER_MS,
                               .attempts = {.times = DEFAULT_ATTEMPTS - 1,
                                            .delay_ms = DEFAULT_ATTEMPT_DELAY_MS}},
                  .rescan_ms = DEFAULT_RESCAN_MS,
                  .retention = {.count = -1, .age_s = -1, .size_bytes = -1},
                  .hook_timeout_ms = DEFAULT_HOOK_TIMEOUT_MS,
                  .events = {write_event, &has_failed},
                  .relay = relay},
    };
    struct agent_result result = {0};
    struct cancel *cancel;
    struct error error = {0};

    if (parse_request(&request, command, argc, argv, &error) < 0 || !(cancel = cmd_start(&error)) ||
        agent_run(&request.agent, &result, cancel, &error) < 0)
        return cmd_fail(&error);
    return has_failed ? EXIT_FAILURE : status_of(request.agent.once, &result);
}

const struct command watch_command = {
    .name = "watch",
    .summary = "convert and push each archive that comes into a directory",
    .arguments = "[OPTIONS] DIRECTORY TEMPLATE",
    .details =
        "Watches DIRECTORY, as a rule /var/lib/kubelet/checkpoints, and has each finished\n"
        "archive in it that is called checkpoint-*.tar converted and pushed, once. Goes on\n"
        "until it gets SIGTERM or SIGINT; then what is not finished is taken back.\n\n"
        "TEMPLATE is a destination as convert has it, with\n"
        "  {namespace} {pod} {container}   as the archive says; \"none\" where it does not\n"
        "  {time}                          of the checkpoint, and what tells archives apart;\n"
        "                                  it must be there\n"
        "  {node}                          see --node-name\n"
        "as in registry.example/{namespace}/{pod}:{container}-{time}.\n\n"
        "Prints a line of JSON for each thing that happens.",
    .options = options,
    .run = run_watch,
};
