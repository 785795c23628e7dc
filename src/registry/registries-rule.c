// SPDX-License-Identifier: Apache-2.0
#include "registry/registries-rule.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void registries_rule_done(struct registries_rule *rule)
{
    free(rule->prefix);
    free(rule->location);
    free(rule->file);
    *rule = (struct registries_rule){0};
}

/* "*.example.com": hosts below example.com, on any port. */
static size_t match_subdomain(const char *domain, const char *name)
{
    size_t host_len = strcspn(name, "/:@"), len = strlen(domain);

    if (host_len <= len || strncmp(name + host_len - len, domain, len) != 0)
        return 0;
    return host_len;
}

size_t registries_prefix_match(const char *prefix, const char *name)
{
    size_t len = strlen(prefix);

    if (strncmp(prefix, "*.", 2) == 0)
        return match_subdomain(prefix + 1, name);
    if (len == 0 || strncmp(prefix, name, len) != 0)
        return 0;
    /* Behind a host, ":" begins a port, and that is another registry. */
    if (name[len] == ':')
        return strchr(prefix, '/') ? len : 0;
    return strchr("/@", name[len]) ? len : 0; /* finds the end of the name, too */
}

/* A mere word would be a namespace on Docker Hub, which nobody means by a location. */
static bool has_host(const char *name)
{
    cleanup_free char *host = xstrndup(name, strcspn(name, "/"));

    return strpbrk(host, ".:") || strcmp(host, "localhost") == 0;
}

int registries_rule_locate(struct reference *place, const struct registries_rule *rule,
                           const struct reference *reference, struct error *error)
{
    cleanup_free char *name = reference_format(reference), *moved = NULL;

    if (!rule->location)
        return reference_parse(place, name, error);
    moved = xasprintf("%s%s", rule->location, name + rule->matched_len);
    if (!has_host(moved))
        return error_set(error, ERROR_FAILED, "%s: location \"%s\" does not begin with a host",
                         rule->file, rule->location);
    if (reference_parse(place, moved, error))
        return error_context(error, "%s: location \"%s\"", rule->file, rule->location);
    return 0;
}
