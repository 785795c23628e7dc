// SPDX-License-Identifier: Apache-2.0
#include "oci/reference.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "oci/digest.h"

enum {
    NAME_MAX_LEN = 255, /* domain, "/" and path */
    TAG_MAX_LEN = 128,
    KNOWN_DIGEST_MAX_LEN = 7 + 128, /* of SHA-512 */
    /* The longest text that can be right: name, ":", tag, "@" and digest. */
    REFERENCE_MAX_LEN = NAME_MAX_LEN + 1 + TAG_MAX_LEN + 1 + KNOWN_DIGEST_MAX_LEN,
    PORT_MAX = 65535,
};

static const char hub[] = "docker.io";
static const char hub_old_name[] = "index.docker.io";
static const char hub_host[] = "registry-1.docker.io";
static const char hub_namespace[] = "library/";

#define DOMAIN_COMPONENT "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
static const char domain_name[] = "^" DOMAIN_COMPONENT "(\\." DOMAIN_COMPONENT ")*$";
static const char port_number[] = "^[0-9]{1,5}$";
static const char path_component[] = "^[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*$";
static const char tag_grammar[] = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$";
static const char image_id[] = "^[0-9a-f]{64}$";
static const char known_digest[] =
    "^(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$";

static int refuse(struct error *error, const char *rule, const char *part)
{
    return error_set(error, ERROR_USAGE, "%s, and \"%s\" is not", rule, part);
}

static int check_port(const char *port, struct error *error)
{
    if (!pattern_matches(port_number, port) || atoi(port) < 1 || atoi(port) > PORT_MAX)
        return refuse(error, "a port is a number from 1 to 65535", port);
    return 0;
}

/* "[address]" or "[address]:port" */
static int check_ipv6_domain(const char *domain, struct error *error)
{
    const char *bracket = strchr(domain, ']');
    size_t len = bracket ? (size_t)(bracket - domain - 1) : 0;
    cleanup_free char *address = xstrndup(domain + 1, len);
    struct in6_addr ignored;

    if (!bracket || inet_pton(AF_INET6, address, &ignored) != 1)
        return refuse(error, "a host that starts with \"[\" is an IPv6 address in brackets",
                      domain);
    if (bracket[1] == ':')
        return check_port(bracket + 2, error);
    if (bracket[1])
        return refuse(error, "behind \"]\" comes \":\" with a port, or \"/\"", domain);
    return 0;
}

static int check_domain(const char *domain, struct error *error)
{
    const char *colon = strchr(domain, ':');
    size_t len = colon ? (size_t)(colon - domain) : strlen(domain);
    cleanup_free char *host = xstrndup(domain, len);

    if (domain[0] == '[')
        return check_ipv6_domain(domain, error);
    if (!pattern_matches(domain_name, host))
        return refuse(error, "a host is letters, digits and inner dashes between single dots",
                      host);
    return colon ? check_port(colon + 1, error) : 0;
}

static int check_path(const char *path, struct error *error)
{
    cleanup_free char *copy = xstrdup(path);
    char *rest = copy, *component;

    while ((component = strsep(&rest, "/")))
        if (!pattern_matches(path_component, component))
            return refuse(error,
                          "each part of a repository path is lower-case letters and digits, "
                          "with one of \".\", \"_\", \"__\" or dashes between them",
                          component);
    return 0;
}

static int check_name_len(const struct reference *reference, struct error *error)
{
    size_t len = strlen(reference->domain) + 1 + strlen(reference->path);

    if (len <= NAME_MAX_LEN)
        return 0;
    return error_set(error, ERROR_USAGE,
                     "host and repository path are at most %d characters together, and these "
                     "are %zu",
                     NAME_MAX_LEN, len);
}

static int check_tag(const char *tag, struct error *error)
{
    if (pattern_matches(tag_grammar, tag))
        return 0;
    return refuse(error,
                  "a tag is 1 to 128 letters, digits, \"_\", \".\" and \"-\" and does not start "
                  "with \".\" or \"-\"",
                  tag);
}

static int check_digest(const char *text, bool takes_any, struct error *error)
{
    struct digest digest;

    if (takes_any && pattern_matches(known_digest, text))
        return 0;
    if (digest_parse(&digest, text))
        return refuse(error, "a digest is \"sha256:\" and 64 lower-case hex digits", text);
    return 0;
}

static int check(const struct reference *reference, bool takes_any_digest, struct error *error)
{
    if (check_domain(reference->domain, error) || check_path(reference->path, error) ||
        check_name_len(reference, error))
        return -1;
    if (reference->tag && check_tag(reference->tag, error))
        return -1;
    if (reference->digest && check_digest(reference->digest, takes_any_digest, error))
        return -1;
    return 0;
}

/* What is wrong with the text as a whole, where its parts would only make a puzzling message. */
static int check_text(const char *text, struct error *error)
{
    if (!*text)
        return error_set(error, ERROR_USAGE, "an image name has at least a repository path");
    if (strlen(text) > REFERENCE_MAX_LEN)
        return error_set(error, ERROR_USAGE,
                         "an image name has at most %d characters, and this one has %zu",
                         REFERENCE_MAX_LEN, strlen(text));
    if (strstr(text, "://"))
        return error_set(error, ERROR_USAGE,
                         "an image name starts with a host or a path, not with a scheme and "
                         "\"://\"");
    if (pattern_matches(image_id, text))
        return error_set(error, ERROR_USAGE,
                         "64 hex digits are an image ID, and a repository cannot be called so; "
                         "name host and path");
    return 0;
}

/* "user:password@host/path". A "@" that is right has only a digest behind it. */
static bool has_credentials(const char *text)
{
    const char *at = strchr(text, '@');

    return at && strchr(at, '/');
}

/* Of "a/b", whether "a" is the registry and not the first part of a Docker Hub path. */
static bool is_domain(const char *component)
{
    return strpbrk(component, ".:") || strcmp(component, "localhost") == 0;
}

static bool is_hub(const char *domain)
{
    return strcmp(domain, hub) == 0 || strcmp(domain, hub_old_name) == 0;
}

/* Cuts the text behind the last `separator` off, NULL if there is none. */
static char *cut(char *text, char separator)
{
    char *at = strrchr(text, separator);

    if (!at)
        return NULL;
    *at = '\0';
    return xstrdup(at + 1);
}

/* Takes "[domain/]path[:tag][@digest]" apart without judging the parts. */
static void split(struct reference *reference, const char *text)
{
    cleanup_free char *copy = xstrdup(text);
    char *slash = strchr(copy, '/'), *path = copy;
    const char *domain = hub;
    bool needs_namespace;

    if (slash) {
        *slash = '\0';
        if (is_domain(copy)) {
            domain = copy;
            path = slash + 1;
        } else {
            *slash = '/';
        }
    }
    reference->digest = strchr(path, '@') ? xstrdup(strchr(path, '@') + 1) : NULL;
    path[strcspn(path, "@")] = '\0';
    reference->tag = cut(path, ':');
    needs_namespace = is_hub(domain) && !strchr(path, '/') && *path;
    reference->domain = xstrdup(is_hub(domain) ? hub : domain);
    reference->host = xstrdup(is_hub(domain) ? hub_host : domain);
    reference->path = xasprintf("%s%s", needs_namespace ? hub_namespace : "", path);
}

static int parse(struct reference *reference, const char *text, bool takes_any_digest,
                 struct error *error)
{
    cleanup(reference_done) struct reference parsed = {0};

    if (has_credentials(text)) /* not quoted: a password does not belong in a log */
        return error_set(error, ERROR_USAGE,
                         "the image name has a user before \"@\"; credentials come from "
                         "--authfile, not from the name");
    if (check_text(text, error))
        return error_context(error, "image name \"%s\"", text);
    split(&parsed, text);
    if (check(&parsed, takes_any_digest, error))
        return error_context(error, "image name \"%s\"", text);
    if (!parsed.tag && !parsed.digest)
        parsed.tag = xstrdup("latest");
    *reference = parsed;
    parsed = (struct reference){0};
    return 0;
}

int reference_parse(struct reference *reference, const char *text, struct error *error)
{
    return parse(reference, text, false, error);
}

int reference_parse_any_digest(struct reference *reference, const char *text, struct error *error)
{
    return parse(reference, text, true, error);
}

bool reference_is_valid(const char *text)
{
    cleanup(reference_done) struct reference reference = {0};
    struct error ignored;

    return reference_parse_any_digest(&reference, text, &ignored) == 0;
}

bool reference_names_registry(const char *text)
{
    cleanup_free char *first = xstrndup(text, strcspn(text, "/"));

    return text[strlen(first)] == '/' && is_domain(first);
}

const char *reference_image_id(const char *text)
{
    static const char prefix[] = "sha256:";
    const char *digits = text;

    if (strncmp(text, prefix, strlen(prefix)) == 0)
        digits += strlen(prefix);
    return strlen(digits) == SHA256_HEX_LEN && pattern_matches(image_id, digits) ? digits : NULL;
}

static char *copy_text(const char *text)
{
    return text ? xstrdup(text) : NULL;
}

void reference_copy(struct reference *copy, const struct reference *reference)
{
    *copy = (struct reference){
        .domain = copy_text(reference->domain),
        .host = copy_text(reference->host),
        .path = copy_text(reference->path),
        .tag = copy_text(reference->tag),
        .digest = copy_text(reference->digest),
    };
}

void reference_done(struct reference *reference)
{
    free(reference->domain);
    free(reference->host);
    free(reference->path);
    free(reference->tag);
    free(reference->digest);
    *reference = (struct reference){0};
}

char *reference_format(const struct reference *reference)
{
    return xasprintf("%s/%s%s%s%s%s", reference->domain, reference->path, reference->tag ? ":" : "",
                     reference->tag ? reference->tag : "", reference->digest ? "@" : "",
                     reference->digest ? reference->digest : "");
}
