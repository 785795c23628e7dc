// SPDX-License-Identifier: Apache-2.0
#include "base/kube-name.h"

#include <string.h>

#include "base/text.h"

#define LABEL_PATTERN "[a-z0-9]([-a-z0-9]*[a-z0-9])?"

bool dns_is_label(const char *name)
{
    return strlen(name) <= DNS_LABEL_MAX_LEN && pattern_matches("^" LABEL_PATTERN "$", name);
}

bool dns_is_subdomain(const char *name)
{
    return strlen(name) <= DNS_SUBDOMAIN_MAX_LEN &&
           pattern_matches("^" LABEL_PATTERN "(\\." LABEL_PATTERN ")*$", name);
}

static const char file_prefix[] = "checkpoint-";
enum { FILE_PREFIX_LEN = sizeof file_prefix - 1 };

/* Behind what has the form; NULL: it has another one. A 0 stands for any digit. */
static const char *skip_form(const char *text, const char *form)
{
    for (; *form; form++, text++)
        if (*form == '0' ? *text < '0' || *text > '9' : *text != *form)
            return NULL;
    return text;
}

/* "-TIME.tar": the time as RFC 3339 has it, in whatever zone. */
static bool is_time(const char *text)
{
    const char *zone = skip_form(text, "-0000-00-00T00:00:00"), *end;

    if (!zone)
        return false;
    if (!(end = skip_form(zone, "Z")) && !(end = skip_form(zone, "+00:00")) &&
        !(end = skip_form(zone, "-00:00")))
        return false;
    return skip_form(end, ".tar") != NULL;
}

/* No name in Kubernetes has an underscore or a T in it, so each stands for one thing only. */
size_t kubelet_file_container_len(const char *name)
{
    static const size_t date_len = sizeof "-0000-00-00" - 1;
    const char *underscore = strchr(name, '_'), *t = underscore ? strchr(underscore, 'T') : NULL;

    if (strncmp(name, file_prefix, FILE_PREFIX_LEN) != 0 || !t ||
        (size_t)(t - underscore) <= date_len || !is_time(t - date_len))
        return 0;
    return (size_t)(t - name) - date_len;
}

/* Whether the text, which ends at `end`, begins with the part and a dash. */
static bool begins_with(const char *text, const char *end, const char *part)
{
    size_t len = strlen(part);

    return (size_t)(end - text) > len && memcmp(text, part, len) == 0 && text[len] == '-';
}

static bool ends_with(const char *text, const char *end, const char *part)
{
    size_t len = strlen(part);

    return (size_t)(end - text) > len && end[-(ptrdiff_t)len - 1] == '-' &&
           memcmp(end - len, part, len) == 0;
}

/* Namespace and container may have dashes, so that the name alone does not tell where one ends. */
bool kubelet_file_may_hold(const char *name, const struct container_identity *what)
{
    size_t len = kubelet_file_container_len(name), pod_len;
    const char *pod = name + FILE_PREFIX_LEN, *rest, *end = name + len;

    if (len == 0)
        return true;
    pod_len = strcspn(pod, "_");
    rest = pod + pod_len + 1;
    if (what->pod && (strlen(what->pod) != pod_len || memcmp(what->pod, pod, pod_len) != 0))
        return false;
    if (what->pod_namespace && !begins_with(rest, end, what->pod_namespace))
        return false;
    if (what->container && !ends_with(rest, end, what->container))
        return false;
    return !what->pod_namespace || !what->container ||
           (size_t)(end - rest) == strlen(what->pod_namespace) + 1 + strlen(what->container);
}
