// SPDX-License-Identifier: Apache-2.0
#include "restore/pod-settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

enum {
    CAPABILITIES_MAX = 64, /* Linux has 41 */
    GRACE_PERIOD_MAX_S = 30 * 24 * 3600,
    CPU_MAX_MILLICORES = 1000 * 1000,
    CPU_SHARES_MIN = 2, /* stands for no request */
    CPU_SHARES_OF_CORE = 1024,
};

bool spec_is_privileged(const json_t *spec)
{
    const json_t *resources = json_object_get(json_object_get(spec, "linux"), "resources"), *rule;
    size_t i;

    json_array_foreach(json_object_get(resources, "devices"), i, rule)
    {
        const char *type = json_get_nonempty(rule, "type");

        if (json_get_bool(rule, "allow") && json_text_is(rule, "access", "rwm") &&
            (!type || strcmp(type, "a") == 0) && !json_object_get(rule, "major"))
            return true;
    }
    return false;
}

/* The namespace of that type which the container had, or NULL: the host's. */
static const json_t *find_namespace(const json_t *spec, const char *wanted)
{
    const json_t *list = json_object_get(json_object_get(spec, "linux"), "namespaces"), *entry;
    size_t i;

    json_array_foreach(list, i, entry)
    {
        if (json_text_is(entry, "type", wanted))
            return entry;
    }
    return NULL;
}

static void read_namespaces(struct pod_settings *settings, const json_t *spec)
{
    const json_t *processes = find_namespace(spec, "pid");

    settings->has_host_network = !find_namespace(spec, "network");
    settings->has_host_ipc = !find_namespace(spec, "ipc");
    settings->has_host_pid = !processes;
    settings->shares_processes = json_get_nonempty(processes, "path") != NULL;
}

static void read_capabilities(struct pod_settings *settings, const json_t *process,
                              enum engine engine)
{
    const json_t *bounding = json_object_get(json_object_get(process, "capabilities"), "bounding");
    const char *const *defaults = engine_info(engine)->capabilities;
    const json_t *entry;
    size_t i, count = 0;

    settings->further_capabilities = json_array();
    settings->kept_capabilities = json_array();
    json_array_foreach(bounding, i, entry)
    {
        const char *name = json_string_value(entry);

        if (i == CAPABILITIES_MAX || !name || !pattern_matches("^CAP_[A-Z_]{1,40}$", name))
            continue;
        name += strlen("CAP_");
        json_array_append_new(text_is_among(name, defaults) ? settings->kept_capabilities
                                                            : settings->further_capabilities,
                              json_string(name));
    }
    while (defaults[count])
        count++;
    settings->drops_capabilities = process && json_array_size(settings->kept_capabilities) < count;
}

static int64_t bounded(int64_t value, int64_t max)
{
    return value > 0 && value <= max ? value : 0;
}

static void read_resources(struct pod_settings *settings, const json_t *spec)
{
    const json_t *resources = json_object_get(json_object_get(spec, "linux"), "resources");
    const json_t *cpu = json_object_get(resources, "cpu");
    int64_t quota = bounded(json_get_integer(cpu, "quota"), INT64_MAX / 1000);
    int64_t period = json_get_integer(cpu, "period");
    int64_t shares = bounded(json_get_integer(cpu, "shares"), INT64_MAX / 1000);

    settings->memory_limit_bytes = json_get_integer(json_object_get(resources, "memory"), "limit");
    if (settings->memory_limit_bytes < 0 || settings->memory_limit_bytes > INT64_MAX / 2)
        settings->memory_limit_bytes = 0;
    if (period > 0)
        settings->cpu_limit_millicores = bounded(quota * 1000 / period, CPU_MAX_MILLICORES);
    if (shares > CPU_SHARES_MIN)
        settings->cpu_request_millicores =
            bounded(shares * 1000 / CPU_SHARES_OF_CORE, CPU_MAX_MILLICORES);
    if (settings->cpu_limit_millicores > 0 &&
        settings->cpu_request_millicores > settings->cpu_limit_millicores)
        settings->cpu_request_millicores = settings->cpu_limit_millicores;
}

static int64_t read_grace_period(const json_t *annotations)
{
    const char *text = json_get_nonempty(annotations, "io.kubernetes.pod.terminationGracePeriod");
    char *end;
    long long seconds;

    if (!text)
        return 0;
    errno = 0;
    seconds = strtoll(text, &end, 10);
    return errno || *end ? 0 : bounded(seconds, GRACE_PERIOD_MAX_S);
}

void pod_settings_read(struct pod_settings *settings, const json_t *spec, enum engine engine)
{
    const json_t *process = json_object_get(spec, "process");
    const json_t *user = json_object_get(process, "user");
    const json_t *annotations = json_object_get(spec, "annotations");

    read_namespaces(settings, spec);
    settings->is_privileged = spec_is_privileged(spec);
    read_capabilities(settings, process, engine);
    read_resources(settings, spec);
    settings->has_no_new_privileges = json_get_bool(process, "noNewPrivileges");
    settings->has_read_only_root = json_get_bool(json_object_get(spec, "root"), "readonly");
    settings->has_terminal = json_get_bool(process, "terminal");
    settings->has_stdin = json_text_is(annotations, "io.kubernetes.cri-o.Stdin", "true");
    settings->user_id = bounded(json_get_integer(user, "uid"), INT32_MAX);
    settings->group_id = bounded(json_get_integer(user, "gid"), INT32_MAX);
    settings->grace_period_s = read_grace_period(annotations);
    settings->selinux_label = json_get_nonempty(process, "selinuxLabel");
    settings->apparmor_profile = json_get_nonempty(process, "apparmorProfile");
}

void pod_settings_done(struct pod_settings *settings)
{
    json_decref(settings->further_capabilities);
    json_decref(settings->kept_capabilities);
    *settings = (struct pod_settings){0};
}
