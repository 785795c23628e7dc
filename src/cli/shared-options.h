// SPDX-License-Identifier: Apache-2.0
/*
 * Options that several commands have, and parts of their help texts. Those of every command that
 * talks to registries, who we are there and whom we trust, are a table. The others are rows for the
 * commands' own tables, which say what field is set.
 */
#ifndef CKPTOCI_SHARED_OPTIONS_H
#define CKPTOCI_SHARED_OPTIONS_H

#include "config.h"

#include "archive/expansion.h"
#include "archive/finding.h"
#include "base/error.h"
#include "checkpoint/engine.h"
#include "cli/options.h"
#include "oci/manifest.h"
#include "registry/registry.h"
#include "stream/codec.h"

struct engine_version;

/* The base of this table is a struct registry_options, at first REGISTRY_OPTIONS_INIT. */
extern const struct option_spec registry_option_specs[];

#define REGISTRY_OPTIONS_INIT                                                          \
    {                                                                                  \
        .tls_verify = true,                                                            \
        .retry = {.times = REGISTRY_RETRY_TIMES, .delay_ms = REGISTRY_RETRY_DELAY_MS}, \
        .stall_timeout_ms = REGISTRY_STALL_TIMEOUT_MS,                                 \
    }

/* Wipes the credentials and frees what options have allocated. */
void registry_options_done(struct registry_options *options);

/* What holds for one side of a copy alone, instead of what holds for all registries of it. */
struct registry_side {
    const char *creds, *cert_dir; /* NULL: not given */
    bool tls_verify, tls_verify_given;
};

/* `all`, with what was given for that side. Borrows everything: not for registry_options_done(). */
struct registry_options registry_side_options(const struct registry_side *side,
                                              const struct registry_options *all);
void registry_side_done(struct registry_side *side);

/* Where an archive is to come from standard input: -1, ERROR_USAGE, if that is a terminal, where a
 * command would seem to hang. `archive` is "-", or with `from_stdin` anything. */
int option_check_standard_input(const char *archive, bool from_stdin, struct error *error);

/* Which of the words it is, a list that ends with NULL. -1: none, and `text`, as in "not yaml or
 * json", says so. */
int option_is_one_of(const char *value, const char *const *words, const char *text,
                     struct error *error);

/* Of a const char *, a copy of ours; what was on the command line is overwritten. */
int option_creds(void *field, const char *value, struct error *error);
/* Of a struct finding_policy: the name of a check; or "list", which prints all checks and ends the
 * program. */
int option_allow(void *policy, const char *value, struct error *error);
/* Of a const char *, which becomes the text if that is a version of an engine. */
int option_engine_version(void *field, const char *value, struct error *error);
/* What prepare() makes of that text; NULL is none. -1: ERROR_USAGE, no engine was given. */
int option_engine_version_use(const char *text, enum engine engine, struct engine_version *version,
                              struct error *error);
/* Of a struct platform, which owns its strings then. */
int option_platform(void *field, const char *value, struct error *error);
void option_platform_done(struct platform *platform);
/* Of a struct rate_limit *, for registry_options_done(). */
int option_limit_rate(void *field, const char *value, struct error *error);

/* Fields with their limits, for commands that have another help text. */
#define CHUNK_SIZE_FIELD(field) OPTION_SIZE(field, 64 << 10, REGISTRY_CHUNK_MAX_BYTES)
#define LIMIT_RATE_FIELD(field) OPTION_SPECIAL(option_limit_rate, field)
#define RETRY_TIMES_FIELD(field) OPTION_INTEGER(field, 0, 1000)

#define ALLOW_OPTION(field)                                                                \
    "allow", 0, "CHECK",                                                                   \
        "let pass what this check finds; may be given several times; \"list\" prints the " \
        "checks",                                                                          \
        OPTION_SPECIAL(option_allow, field)

#define AUTHFILE_OPTION(field)                                                              \
    "authfile", 0, "FILE", "credentials for registries, else the usual files are searched", \
        OPTION_TEXT(field)

/* For those that change the file. */
#define KEPT_AUTHFILE_OPTION(field)                                               \
    "authfile", 0, "FILE",                                                        \
        "where credentials are kept, else $REGISTRY_AUTH_FILE or the usual file", \
        OPTION_TEXT(field)

#define CHUNK_SIZE_OPTION(field)                                                              \
    "chunk-size", 0, "SIZE",                                                                  \
        "send layers in requests of at most SIZE, for a proxy that limits them; default: in " \
        "one, and smaller where that is refused",                                             \
        CHUNK_SIZE_FIELD(field)

/* Where images are written. */
#define REPLACE_OPTION(field)                                                              \
    "force", 'f', NULL, "replace the file of oci-archive: also if it holds another image", \
        OPTION_FLAG(field)

#define FROM_STDIN_OPTION(field)                                                                   \
    "from-stdin", 0, NULL, "read ARCHIVE from standard input; its path is only what it is called", \
        OPTION_FLAG(field)

#define JSON_OPTION(field) "json", 0, NULL, "print the result as JSON", OPTION_FLAG(field)

#define LIMIT_RATE_OPTION(field)                                                             \
    "limit-rate", 0, "RATE",                                                                 \
        "send at most RATE bytes of layers a second, to all registries together; 50M is 50 " \
        "MiB",                                                                               \
        LIMIT_RATE_FIELD(field)

#define MAX_UNPACKED_OPTION(field)                                                          \
    "max-unpacked", 0, "SIZE",                                                              \
        "take compressed data that becomes SIZE, and 2000 bytes more for each one that is " \
        "stored; default: 1G",                                                              \
        OPTION_SIZE(field, 1, INT64_MAX >> 1)

#define PLATFORM_OPTION(field)                                                       \
    "platform", 0, "OS/ARCH[/VARIANT]",                                              \
        "which image of an index, as in linux/arm64; default: that of this machine", \
        OPTION_SPECIAL(option_platform, field)

#define QUIET_OPTION(field) "quiet", 'q', NULL, "show no progress", OPTION_FLAG(field)

#ifdef HAVE_REGISTRIES_CONF
#define TLS_VERIFY_DEFAULT "as registries.conf says, else true"
#else
#define TLS_VERIFY_DEFAULT "true"
#endif
/* The field has another one beside it that is called FIELD_given. */
#define TLS_VERIFY_OPTION(field)                                              \
    "tls-verify", 0, "[=BOOL]",                                               \
        "require HTTPS and verify certificates; default: " TLS_VERIFY_DEFAULT \
        ". With false, unverified HTTPS and then HTTP are taken",             \
        OPTION_FLAG(field), OPTION_GIVEN(field##_given)

/* Rows for one side, "src" or "dest", whose struct registry_side is the field. */
#define SIDE_OPTIONS(side, place, field)                                              \
    {side "-cert-dir", 0, "DIRECTORY", "as --cert-dir, for the " place " alone",      \
     OPTION_TEXT(field.cert_dir)},                                                    \
        {side "-creds", 0, "USER:PASSWORD", "as --creds, for the " place " alone",    \
         OPTION_SPECIAL(option_creds, field.creds)},                                  \
    {                                                                                 \
        side "-tls-verify", 0, "[=BOOL]", "as --tls-verify, for the " place " alone", \
            OPTION_FLAG(field.tls_verify), OPTION_GIVEN(field.tls_verify_given)       \
    }

#define ARCHIVE_HELP "ARCHIVE is a file, or - for standard input: " CODEC_ARCHIVES ".\n"
/* Where an image is written to. */
#define PLACE_HELP                                                                   \
    "  docker://HOST[:PORT]/NAME[:TAG]   a registry; HOST/NAME says the same\n"      \
    "  oci:DIRECTORY[:TAG]               an OCI image layout, created or added to\n" \
    "  oci-archive:FILE[:TAG]            a tar file of an OCI image layout\n"        \
    "What ends in .tar is a path with all of its colons; PATH::TAG ends any path.\n"
/* What is read. */
#define IMAGE_HELP                                                                         \
    "IMAGE is one of\n"                                                                    \
    "  docker://HOST[:PORT]/NAME[:TAG][@DIGEST]   a registry; docker:// may be left out\n" \
    "  oci:DIRECTORY[:TAG][@DIGEST]               an OCI image layout\n"                   \
    "  oci-archive:FILE[:TAG][@DIGEST]            a tar file of an OCI image layout\n"

#endif
