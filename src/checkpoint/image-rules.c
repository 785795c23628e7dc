// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "checkpoint/rules.h"
#include "oci/reference.h"

static int check_reference(struct findings *findings, const json_t *config, const char *key,
                           struct error *error)
{
    const json_t *value = json_object_get(config, key);
    const char *text = json_text(value);

    if (!value || json_is_null(value) ||
        (text && (!*text || reference_image_id(text) || reference_is_valid(text))))
        return 0;
    return finding_report(findings, CHECK_IMAGE_REFERENCE, "config.dump", error,
                          "%s is \"%s\", which names no image", key, text ? text : "");
}

static int check_references(const struct checkpoint *checkpoint, struct findings *findings,
                            struct error *error)
{
    static const char *const keys[] = {"rootfsImage", "rootfsImageName", "rootfsImageRef",
                                       "rootfsImageID"};
    const struct engine_info *engine = engine_info(checkpoint->engine);

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (check_reference(findings, checkpoint->config, keys[i], error) < 0)
            return -1;
    if (engine->insists_on_image_id && checkpoint->image_id &&
        reference_image_id(checkpoint->image_id) != checkpoint->image_id &&
        finding_report(findings, CHECK_IMAGE_REFERENCE, "config.dump", error,
                       "%s is \"%s\", not the id that %s insists on", engine->image_id_key,
                       checkpoint->image_id, engine->name) < 0)
        return -1;
    if (!checkpoint->image_id)
        return finding_report(findings, CHECK_EMPTY_IMAGE_REF, "config.dump", error, "%s is empty",
                              engine->image_id_key);
    return 0;
}

/* Whether the second path is the first one, or ends with it behind a slash. */
static bool path_ends_with(const char *path, const char *end)
{
    size_t len = strlen(path), end_len = strlen(end);

    return text_ends_with(path, end) && (len == end_len || path[len - end_len - 1] == '/');
}

/* The repository of a name that says no registry, without the namespace that Docker Hub adds. */
static const char *short_path(const struct reference *reference)
{
    static const char library[] = "library/";
    const char *path = reference->path;

    return strncmp(path, library, strlen(library)) == 0 ? path + strlen(library) : path;
}

/* Whether two names are of one repository. A name without a registry can be completed by the node's
 * settings: it is the same as one in full that ends with it. */
static bool names_agree(const char *requested, const char *name)
{
    cleanup(reference_done) struct reference asked = {0}, called = {0};
    struct error ignored;

    if (reference_parse_any_digest(&asked, requested, &ignored) ||
        reference_parse_any_digest(&called, name, &ignored))
        return strcmp(requested, name) == 0;
    if (strcmp(asked.domain, called.domain) == 0 && strcmp(asked.path, called.path) == 0)
        return true;
    return !reference_names_registry(requested) && path_ends_with(called.path, short_path(&asked));
}

/* The first digits of an id stand for an image as well: "podman run 0123456789ab". */
static bool is_id_of(const char *requested, const char *id)
{
    const char *digits = reference_image_id(requested), *all = id ? reference_image_id(id) : NULL;

    if (!digits)
        digits = requested;
    return all && *digits && strspn(digits, "0123456789abcdef") == strlen(digits) &&
           strncmp(all, digits, strlen(digits)) == 0;
}

static int check_requested(const struct checkpoint *checkpoint, struct findings *findings,
                           struct error *error)
{
    static const char docker[] = "docker://";
    const char *requested = checkpoint->image_requested, *name = checkpoint->image_name;

    if (!requested || !name)
        return 0;
    if (strncmp(requested, docker, strlen(docker)) == 0)
        requested += strlen(docker);
    /* An id that cannot be compared with one says nothing about names; what is no name has been
     * told. */
    if (reference_image_id(name) || !reference_is_valid(name) ||
        is_id_of(requested, checkpoint->image_id) ||
        (reference_image_id(requested) && !reference_image_id(checkpoint->image_id ?: "")) ||
        (!reference_image_id(requested) && names_agree(requested, name)))
        return 0;
    return finding_report(findings, CHECK_IMAGE_NAMES_DIFFER, "config.dump", error,
                          "the image was asked for as \"%s\" and is called \"%s\"",
                          checkpoint->image_requested, name);
}

/* containerd pulls and runs what rootfsImageRef names, and gives it the name that rootfsImageName
 * is. An image that is known by several repositories has the one in one and the next in the
 * other. */
static int check_repositories(const struct checkpoint *checkpoint, struct findings *findings,
                              struct error *error)
{
    cleanup(reference_done) struct reference pulled = {0}, called = {0};
    const char *ref = json_get_text(checkpoint->config, "rootfsImageRef");
    const char *name = json_get_text(checkpoint->config, "rootfsImageName");
    struct error ignored;

    if (!ref || !name || reference_image_id(ref) || reference_image_id(name) ||
        reference_parse_any_digest(&pulled, ref, &ignored) ||
        reference_parse_any_digest(&called, name, &ignored) ||
        (strcmp(pulled.domain, called.domain) == 0 && strcmp(pulled.path, called.path) == 0))
        return 0;
    return finding_report(findings, CHECK_IMAGE_NAMES_DIFFER, "config.dump", error,
                          "\"%s\" would be run under the name of \"%s\"", ref, name);
}

int image_rules_check(const struct checkpoint *checkpoint, struct findings *findings,
                      struct error *error)
{
    if (check_references(checkpoint, findings, error) < 0 ||
        check_requested(checkpoint, findings, error) < 0)
        return -1;
    return check_repositories(checkpoint, findings, error);
}
