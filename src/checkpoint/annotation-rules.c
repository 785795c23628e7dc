// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/json.h"
#include "checkpoint/rules.h"

/* A set of annotations that an engine acts upon. */
struct annotation_set {
    json_t *json;       /* an object; NULL: there are none */
    const char *member; /* of the archive */
    const char *where;  /* in it, with a blank at the end; or "" */
    bool is_obeyed;     /* by a runtime, to which the engine hands them on */
    bool is_podmans;    /* as podman has written them */
};

/* Ends with NULL. A name that ends with a dot or slash stands for all that begin with it. */
static bool is_one_of(const char *key, const char *const *names)
{
    for (; *names; names++) {
        size_t len = strlen(*names);
        bool is_prefix = (*names)[len - 1] == '.' || (*names)[len - 1] == '/';

        if (is_prefix ? strncmp(key, *names, len) == 0 : strcmp(key, *names) == 0)
            return true;
    }
    return false;
}

/* CDI takes the second kind; the first is what containerd refuses besides. */
static const char *const devices[] = {"cdi.k8s.io", "cdi.k8s.io/", NULL};

/* What runc, crun, Kata Containers and hooks obey: configurations of CRIU with programs to run,
 * files that are written, units that are started. */
static const char *const of_runtimes[] = {"org.criu.",
                                          "run.oci.",
                                          "krun.",
                                          "module.wasm.image/variant",
                                          "io.kubernetes.cri.container-type",
                                          "org.systemd.property.",
                                          "io.katacontainers.",
                                          "io.containers.trace-syscall",
                                          "io.containers.trace-syscall/",
                                          NULL};

/* Those that podman writes itself, for the stop signal and timeout and --group-add keep-groups. */
static const char *const of_podman[] = {"org.systemd.property.KillSignal",
                                        "org.systemd.property.TimeoutStopUSec",
                                        "run.oci.keep_original_groups", NULL};

/* CRI-O's own, "devices.crio.io" and "cpu-shared.crio.io/CONTAINER" among them. */
static bool is_crios(const char *key)
{
    static const char *const names[] = {"io.kubernetes.cri-o.", "io.container.manager",
                                        "seccomp-profile.kubernetes.cri-o.io",
                                        "seccomp-profile.kubernetes.cri-o.io/", NULL};
    static const char domain[] = ".crio.io";
    const char *at = strstr(key, domain);

    return is_one_of(key, names) || (at && (!at[strlen(domain)] || at[strlen(domain)] == '/'));
}

static int check_set(const struct annotation_set *set, struct findings *findings,
                     struct error *error)
{
    const char *key;
    json_t *value;

    json_object_foreach(set->json, key, value)
    {
        const char *text = json_string_value(value);

        if (is_one_of(key, devices) && finding_report(findings, CHECK_CDI_DEVICE, set->member,
                                                      error, "the annotation %s%s asks for \"%s\"",
                                                      set->where, key, text ? text : "") < 0)
            return -1;
        if (set->is_obeyed && is_one_of(key, of_runtimes) &&
            !(set->is_podmans && is_one_of(key, of_podman)) &&
            finding_report(findings, CHECK_RUNTIME_ANNOTATION, set->member, error,
                           "the annotation %s%s is \"%s\"", set->where, key, text ? text : "") < 0)
            return -1;
    }
    return 0;
}

/* The kubelet's annotations and those of device plugins: CRI-O makes them the new container's,
 * where they win over what CRI-O itself has set. */
static int check_crios(json_t *nested, struct findings *findings, struct error *error)
{
    const char *key;
    json_t *value;

    json_object_foreach(nested, key, value)
    {
        const char *text = json_string_value(value);

        if (is_crios(key) &&
            finding_report(findings, CHECK_ENGINE_ANNOTATION, "spec.dump", error,
                           "io.kubernetes.cri-o.Annotations has %s, \"%s\", which the kubelet "
                           "never writes there",
                           key, text ? text : "") < 0)
            return -1;
    }
    return 0;
}

int annotation_rules_check(const struct checkpoint *checkpoint, struct findings *findings,
                           struct error *error)
{
    json_t *outer = json_object_get(checkpoint->spec, "annotations");
    json_t *nested = checkpoint_nested_annotations(checkpoint);
    const struct annotation_set sets[] = {
        /* CRI-O and containerd hand on none of these. */
        {outer, "spec.dump", "", checkpoint_suits_podman(checkpoint), true},
        {nested, "spec.dump", "io.kubernetes.cri-o.Annotations: ", true, false},
        {json_object_get(checkpoint->status, "annotations"), "status.dump", "", true, false},
    };

    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (check_set(&sets[i], findings, error) < 0)
            return -1;
    return check_crios(nested, findings, error);
}
