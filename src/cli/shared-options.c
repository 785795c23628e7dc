// SPDX-License-Identifier: Apache-2.0
#include "cli/shared-options.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/nearest.h"
#include "cli/cmd.h"
#include "engines/reasoning.h"

enum { LIMIT_RATE_MIN = 1 << 10 }; /* bytes a second */

int option_check_standard_input(const char *archive, bool from_stdin, struct error *error)
{
    if ((!from_stdin && strcmp(archive, "-") != 0) || !isatty(STDIN_FILENO))
        return 0;
    error_set(error, ERROR_USAGE, "an archive is not read from a terminal");
    return error_advice(error, "name its file, or give it to standard input with < or a pipe");
}

int option_is_one_of(const char *value, const char *const *words, const char *text,
                     struct error *error)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], value) == 0)
            return i;
    error_set(error, ERROR_USAGE, "\"%s\" is %s", value, text);
    return nearest_advise(error, value, words, "");
}

static void wipe_creds(const char *creds)
{
    char *text = (char *)(uintptr_t)creds;

    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* Our copy is wiped at the end; the one on the command line at once, so that ps does not show it
 * for as long as the upload takes. */
int option_creds(void *field, const char *value, struct error *error)
{
    const char **creds = field;

    (void)error;
    wipe_creds(*creds);
    *creds = xstrdup(value);
    memset((char *)(uintptr_t)value, '*', strlen(value));
    return 0;
}

static void print_checks(void)
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        const struct check_info *info = check_info(i);

        printf("%-24s %-7s %s%s%s%s\n", info->name, check_severity_name(i), info->consequence,
               info->reference ? " (" : "", info->reference ? info->reference : "",
               info->reference ? ")" : "");
    }
}

static int unknown_check(const char *value, struct error *error)
{
    const char *names[CHECK_COUNT + 1] = {0};

    for (int i = 0; i < CHECK_COUNT; i++)
        names[i] = check_info(i)->name;
    error_set(error, ERROR_USAGE, "\"%s\" is no check", value);
    nearest_advise(error, value, names, "");
    return error_advice(error, "--allow list prints them");
}

int option_allow(void *policy, const char *value, struct error *error)
{
    enum check check;

    if (strcmp(value, "list") == 0) {
        print_checks();
        exit(cmd_flush());
    }
    if (!check_find(value, &check))
        return unknown_check(value, error);
    if (check_info(check)->severity == CHECK_REFUSES_ALWAYS)
        return error_set(error, ERROR_USAGE, "%s cannot be allowed: %s", value,
                         check_info(check)->consequence);
    ((struct finding_policy *)policy)->allowed[check] = true;
    return 0;
}

int option_engine_version(void *field, const char *value, struct error *error)
{
    *(const char **)field = value;
    return engine_version_parse(&(struct engine_version){0}, value, error);
}

int option_engine_version_use(const char *text, enum engine engine, struct engine_version *version,
                              struct error *error)
{
    if (text && engine == ENGINE_UNKNOWN)
        return error_set(error, ERROR_USAGE, "--engine-version has no meaning without --engine");
    return text ? engine_version_parse(version, text, error) : 0;
}

int option_limit_rate(void *field, const char *value, struct error *error)
{
    struct rate_limit **limit = field;

    if (!*limit) {
        *limit = NEW(struct rate_limit);
        pthread_mutex_init(&(*limit)->mutex, NULL);
    }
    return options_parse_size(value, LIMIT_RATE_MIN, INT64_MAX >> 20, &(*limit)->bytes_per_s,
                              error);
}

int option_platform(void *field, const char *value, struct error *error)
{
    struct platform platform;

    if (platform_parse(&platform, value, error))
        return -1;
    option_platform_done(field);
    *(struct platform *)field = platform;
    return 0;
}

void option_platform_done(struct platform *platform)
{
    free((char *)(uintptr_t)platform->os);
}

struct registry_options registry_side_options(const struct registry_side *side,
                                              const struct registry_options *all)
{
    struct registry_options options = *all;

    if (side->creds)
        options.creds = side->creds;
    if (side->cert_dir)
        options.cert_dir = side->cert_dir;
    if (side->tls_verify_given) {
        options.tls_verify = side->tls_verify;
        options.tls_verify_given = true;
    }
    return options;
}

void registry_side_done(struct registry_side *side)
{
    wipe_creds(side->creds);
}

void registry_options_done(struct registry_options *options)
{
    wipe_creds(options->creds);
    if (options->rate_limit)
        pthread_mutex_destroy(&options->rate_limit->mutex);
    free(options->rate_limit);
}

#define OPTION_OWNER struct registry_options
const struct option_spec registry_option_specs[] = {
    {AUTHFILE_OPTION(authfile)},
    {"cert-dir", 0, "DIRECTORY",
     "CAs (*.crt) and client certificates (*.cert, *.key) for registries, else certs.d is searched",
     OPTION_TEXT(cert_dir)},
    {"creds", 0, "USER:PASSWORD",
     "credentials for registries; other users of the system may see them, better use --authfile",
     OPTION_SPECIAL(option_creds, creds)},
    {"retry-delay", 0, "TIME",
     "wait before the first retry, then twice as long each time; default: 1s",
     OPTION_TIME(retry.delay_ms)},
    {"retry-times", 0, "N", "tries after the first one that failed; default: 3",
     RETRY_TIMES_FIELD(retry.times)},
    {"stall-timeout", 0, "TIME",
     "give a connection up that moves no byte for so long, 0 for never; default: 180s",
     OPTION_TIME(stall_timeout_ms)},
    {TLS_VERIFY_OPTION(tls_verify)},
    {0},
};
