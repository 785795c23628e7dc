// SPDX-License-Identifier: Apache-2.0
#include "transport/destination.h"

#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "oci/manifest.h"
#include "store/store.h"
#include "stream/codec.h"
#include "transport/place.h"

static int cannot_name_digest(struct error *error)
{
    return error_set(error, ERROR_USAGE,
                     "a destination cannot name a digest: it is known only afterwards");
}

static int parse_registry(struct destination *destination, const char *text, bool takes_digest,
                          struct error *error)
{
    struct reference *reference = &destination->reference;
    cleanup_free char *formatted = NULL;

    destination->kind = DESTINATION_REGISTRY;
    if (reference_parse(reference, text, error) < 0)
        return -1;
    if (reference->digest && !takes_digest)
        return cannot_name_digest(error);
    formatted = reference_format(reference);
    destination->name = xasprintf("docker://%s", formatted);
    return 0;
}

/* The digest that a text ends with, where it is not part of a tar's name; NULL: none. */
static const char *find_digest(const char *text)
{
    static const char *const beginnings[] = {"@sha256:", "@sha384:", "@sha512:"};

    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        const char *at = strstr(text, beginnings[i]);

        if (at && !strchr(at + strlen(beginnings[i]), ':') && !codec_names_tar(text))
            return at;
    }
    return NULL;
}

static int check_digest(const char *text, bool takes_digest, struct digest *digest,
                        struct error *error)
{
    if (!takes_digest)
        return cannot_name_digest(error);
    if (digest_parse(digest, text))
        return error_set(error, ERROR_USAGE,
                         "a digest is \"sha256:\" and 64 lower-case hex digits, and \"%s\" is not",
                         text);
    return 0;
}

static int parse_path(struct destination *destination, enum destination_kind kind,
                      const char *transport, const char *text, bool takes_digest,
                      struct error *error)
{
    const char *at = find_digest(text);
    cleanup_free char *named = at ? xstrndup(text, (size_t)(at - text)) : xstrdup(text);
    struct place place;
    struct digest digest;

    if ((at && check_digest(at + 1, takes_digest, &digest, error)) ||
        place_parse(&place, transport, named, error))
        return -1;
    destination->kind = kind;
    destination->path = place.path;
    destination->tag = place.tag;
    destination->digest = at ? xstrdup(digest.text) : NULL;
    destination->name = xasprintf("%s%s", transport, text);
    return 0;
}

/* Refuses transports that only skopeo has, so that none is taken for the name of a host. */
static int check_transport(const char *text, struct error *error)
{
    static const char *const others[] = {"containers-storage:",
                                         "dir:",
                                         "docker-archive:",
                                         "docker-daemon:",
                                         "oci-layout:",
                                         "ostree:",
                                         "sif:",
                                         "tarball:",
                                         NULL};
    const char *scheme = strstr(text, "://");

    for (const char *const *other = others; *other; other++)
        if (strncmp(text, *other, strlen(*other)) == 0)
            return error_set(error, ERROR_USAGE,
                             "\"%s\" is not supported; use docker://, oci: or oci-archive:",
                             *other);
    if (scheme)
        return error_set(error, ERROR_USAGE, "\"%.*s://\" is not supported; use docker://",
                         (int)(scheme - text), text);
    return 0;
}

static bool begins_with_one_of(const char *text, const char *const *beginnings)
{
    for (; *beginnings; beginnings++)
        if (strncmp(text, *beginnings, strlen(*beginnings)) == 0)
            return true;
    return false;
}

static bool names_transport(const char *text)
{
    static const char *const transports[] = {"docker://", "oci:", "oci-archive:", NULL};

    return begins_with_one_of(text, transports);
}

/* What is written as a path is, or ends as a tar does, whether it exists or not. */
static bool looks_like_file(const char *text)
{
    static const char *const beginnings[] = {"/", "./", "../", "~/", NULL};

    return begins_with_one_of(text, beginnings) || strcmp(text, ".") == 0 ||
           strcmp(text, "..") == 0 || codec_names_tar(text);
}

static bool exists(const char *text)
{
    struct stat st;

    return stat(text, &st) == 0;
}

enum role { SOURCE, DESTINATION, DESTINATION_OF_COPY };

/* A reference without docker://: a path that was given without oci: or oci-archive: is not to be
 * taken for a name on Docker Hub, which everybody can write to and read from. */
static int check_bare_reference(const char *text, enum role role, struct error *error)
{
    bool names_registry = reference_names_registry(text);

    if (strcmp(text, "-") == 0) {
        error_set(error, ERROR_USAGE, "an image is not %s",
                  role == SOURCE ? "read from standard input" : "written to standard output");
        return error_advice(error, "name a file with oci-archive:FILE, or a directory with "
                                   "oci:DIRECTORY");
    }
    if (looks_like_file(text) || (role == SOURCE && !names_registry && exists(text))) {
        error_set(error, ERROR_USAGE, "this looks like a file or directory");
        return error_advice(error,
                            "write oci-archive:%s for a tar file of images, oci:%s for a directory "
                            "of them, docker://%s for a registry",
                            text, text, text);
    }
    if (names_registry || role == SOURCE || !reference_is_valid(text))
        return 0;
    error_set(error, ERROR_USAGE, "this names no registry");
    return error_advice(error,
                        "write docker.io/%s for Docker Hub, HOST/%s for another registry, oci:%s "
                        "for a directory",
                        text, text, text);
}

static int parse_known(struct destination *destination, const char *text, enum role role,
                       struct error *error)
{
    static const char docker[] = "docker://", layout[] = "oci:", archive[] = "oci-archive:";
    bool takes_digest = role != DESTINATION;

    if (strncmp(text, docker, sizeof docker - 1) == 0)
        return parse_registry(destination, text + sizeof docker - 1, takes_digest, error);
    if (strncmp(text, layout, sizeof layout - 1) == 0)
        return parse_path(destination, DESTINATION_LAYOUT, layout, text + sizeof layout - 1,
                          takes_digest, error);
    if (strncmp(text, archive, sizeof archive - 1) == 0)
        return parse_path(destination, DESTINATION_ARCHIVE, archive, text + sizeof archive - 1,
                          takes_digest, error);
    if (check_transport(text, error) || check_bare_reference(text, role, error))
        return -1;
    return parse_registry(destination, text, takes_digest, error);
}

static int parse(struct destination *ret, const char *text, enum role role, struct error *error)
{
    cleanup(destination_done) struct destination destination = {0};

    if (parse_known(&destination, text, role, error))
        return error_context(error, "%s \"%s\"", role == SOURCE ? "image" : "destination", text);
    *ret = destination;
    destination = (struct destination){0};
    return 0;
}

int destination_parse(struct destination *destination, const char *text, struct error *error)
{
    return parse(destination, text, DESTINATION, error);
}

int destination_parse_source(struct destination *source, const char *text, struct error *error)
{
    return parse(source, text, SOURCE, error);
}

int destination_parse_copy(struct destination *destination, const char *text, struct error *error)
{
    return parse(destination, text, DESTINATION_OF_COPY, error);
}

void destination_done(struct destination *destination)
{
    free(destination->name);
    reference_done(&destination->reference);
    free(destination->path);
    free(destination->tag);
    free(destination->digest);
}

const char *destination_tag(const struct destination *destination)
{
    return destination->kind == DESTINATION_REGISTRY ? destination->reference.tag
                                                     : destination->tag;
}

const char *destination_digest(const struct destination *destination)
{
    return destination->kind == DESTINATION_REGISTRY ? destination->reference.digest
                                                     : destination->digest;
}

void destination_drop_tag(struct destination *destination)
{
    struct reference *reference = &destination->reference;

    if (destination->kind != DESTINATION_REGISTRY)
        return;
    free(steal(reference->tag));
    free(destination->name);
    destination->name = destination_name_with(destination, NULL);
}

char *destination_name_with(const struct destination *destination, const char *tag)
{
    const struct reference *reference = &destination->reference;
    cleanup_free char *place = NULL;

    if (destination->kind == DESTINATION_REGISTRY)
        return xasprintf("docker://%s/%s%s%s", reference->domain, reference->path, tag ? ":" : "",
                         tag ? tag : "");
    place = place_format(destination->path, tag);
    return xasprintf("%s%s",
                     destination->kind == DESTINATION_LAYOUT ? "oci:" : "oci-archive:", place);
}

int destination_tag_for(const struct destination *destination, const char *name, char **ret,
                        struct error *error)
{
    char *tag;

    if (destination->kind != DESTINATION_REGISTRY) {
        if (ref_name_check(name, error))
            return -1;
        *ret = xstrdup(name);
        return 0;
    }
    tag = reference_tag_in_name(name);
    if (!tag)
        return error_set(error, ERROR_FAILED, "\"%.300s\" is no tag, and names none", name);
    *ret = tag;
    return 0;
}

void destination_keep_writable(const struct destination *destination, struct sandbox *sandbox)
{
    cleanup_free char *above = NULL;

    switch (destination->kind) {
    case DESTINATION_REGISTRY:
        break;
    case DESTINATION_LAYOUT: /* a new directory is removed again if it stays empty */
        above = xasprintf("%s/..", destination->path);
        sandbox_keep(sandbox, SANDBOX_TREE, destination->path);
        sandbox_keep(sandbox, SANDBOX_RMDIR, above);
        break;
    case DESTINATION_ARCHIVE:
        sandbox_keep_directory_of(sandbox, destination->path);
        break;
    }
}

struct image_target *destination_target_new(const struct destination *destination,
                                            const struct registry_options *options,
                                            struct cancel *cancel)
{
    switch (destination->kind) {
    case DESTINATION_LAYOUT:
        return layout_target_new(destination->path);
    case DESTINATION_ARCHIVE:
        return oci_archive_target_new(destination->path, destination->may_replace);
    case DESTINATION_REGISTRY:
        break;
    }
    return registry_target_new(&destination->reference, options, cancel);
}

struct image_source *destination_source_new(const struct destination *source,
                                            const struct registry_options *options,
                                            struct cancel *cancel)
{
    const char *reference = source->digest ? source->digest : source->tag;

    switch (source->kind) {
    case DESTINATION_LAYOUT:
        return layout_source_new(source->path, reference);
    case DESTINATION_ARCHIVE:
        return oci_archive_source_new(source->path, reference);
    case DESTINATION_REGISTRY:
        break;
    }
    return registry_source_new(&source->reference, options, cancel);
}

int image_digest(const char *image, const struct registry_options *options, struct cancel *cancel,
                 struct digest *digest, struct error *error)
{
    cleanup(destination_done) struct destination place = {0};
    cleanup(image_source_freep) struct image_source *source = NULL;
    cleanup(manifest_freep) struct manifest *manifest = NULL;
    struct registry_options there = *options;

    there.only_named = true;
    if (destination_parse_source(&place, image, error))
        return -1;
    source = destination_source_new(&place, &there, cancel);
    if (image_source_open(source, error) ||
        image_source_get_manifest(source, NULL, &manifest, error))
        return error_context(error, "look up %s", place.name);
    *digest = manifest->digest;
    return 0;
}

/* A file that exists is an archive, even if its name could also be an image's. What looks like a
 * path is one, too, so that no registry is asked for a file that was mistyped. */
static bool is_path(const char *text)
{
    struct stat st;

    return strcmp(text, "-") == 0 || (stat(text, &st) == 0 && !S_ISDIR(st.st_mode)) ||
           looks_like_file(text);
}

bool subject_is_archive(const char *text)
{
    return !names_transport(text) && is_path(text);
}

bool subject_is_image(const char *text)
{
    return !is_path(text) && (names_transport(text) || reference_names_registry(text));
}

/* What could be an image's name, and is a directory's: a registry is not asked for what may have
 * been meant otherwise. */
static int refuse_directory(const char *text, struct error *error)
{
    error_set(error, ERROR_USAGE, "%s is a directory, not a checkpoint archive", text);
    return error_advice(error,
                        "name an archive in it; or say docker://%s for an image in a registry, "
                        "oci:%s for an image layout",
                        text, text);
}

static bool is_directory(const char *text)
{
    struct stat st;

    return stat(text, &st) == 0 && S_ISDIR(st.st_mode);
}

int subject_parse(struct subject *ret, const char *text, struct error *error)
{
    struct subject subject = {.kind = SUBJECT_ARCHIVE, .path = text};

    if (!names_transport(text) && !is_path(text) && is_directory(text))
        return refuse_directory(text, error);
    if (names_transport(text) || !is_path(text)) {
        subject = (struct subject){.kind = SUBJECT_IMAGE};
        if (destination_parse_source(&subject.image, text, error))
            return names_transport(text) ? -1
                                         : error_advice(error, "and there is no file of that name");
    }
    *ret = subject;
    return 0;
}

void subject_done(struct subject *subject)
{
    destination_done(&subject->image);
}

const char *subject_name(const struct subject *subject)
{
    return subject->kind == SUBJECT_IMAGE ? subject->image.name : subject->path;
}
