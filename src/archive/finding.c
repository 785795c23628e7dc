// SPDX-License-Identifier: Apache-2.0
#include "archive/finding.h"

#include <stdio.h>
#include <string.h>

#include "archive/member.h"
#include "base/memory.h"
#include "base/text.h"

static const struct check_info checks[CHECK_COUNT] = {
    [CHECK_DAMAGED_ARCHIVE] = {"damaged-archive", CHECK_REFUSES_ALWAYS,
                               "no engine could restore it, or each would see another part of it",
                               NULL},
    [CHECK_TRAILING_DATA] = {"trailing-data", CHECK_REFUSES_ALWAYS,
                             "readers that go on behind the end would see members that were never "
                             "checked",
                             NULL},
    [CHECK_OTHER_COMPRESSION] = {"other-compression", CHECK_REFUSES_ALWAYS,
                                 "an engine that undoes it would see another archive than the one "
                                 "that was checked",
                                 NULL},
    [CHECK_ARCHIVE_CHANGED] = {"archive-changed", CHECK_REFUSES_ALWAYS,
                               "the image would hold a mixture of two states", NULL},
    [CHECK_MISSING_MEMBER] = {"missing-member", CHECK_REFUSES_ALWAYS,
                              "an engine would fail to restore it", NULL},
    [CHECK_METADATA] = {"metadata", CHECK_REFUSES_ALWAYS,
                        "an engine would fail to restore it, or read other values from it than "
                        "were checked",
                        NULL},
    [CHECK_MEMBER_TYPE] = {"member-type", CHECK_REFUSES,
                           "an engine that unpacks it as root could read or overwrite the file of "
                           "the host that it stands for",
                           "CVE-2026-53489"},
    [CHECK_MEMBER_NAME] = {"member-name", CHECK_REFUSES,
                           "it could pass for another member, or be dropped by one reader and "
                           "taken by the next",
                           NULL},
    [CHECK_PATH_ESCAPE] = {"path-escape", CHECK_REFUSES,
                           "unpacking it could write outside of its directory, onto the host",
                           NULL},
    [CHECK_DUPLICATE_MEMBER] = {"duplicate-member", CHECK_REFUSES,
                                "one reader would take the first and another the last of them",
                                NULL},
    [CHECK_WHITEOUT] = {"whiteout", CHECK_REFUSES,
                        "a layer's reader takes the name as an order to delete another file", NULL},
    [CHECK_LINK_ESCAPE] = {"link-escape", CHECK_REFUSES,
                           "what follows the link could read or write outside of the container",
                           NULL},
    [CHECK_HARD_LINK_OUTSIDE] = {"hard-link-outside", CHECK_REFUSES,
                                 "unpacking it could give the container a file of the host", NULL},
    [CHECK_WRITE_THROUGH_LINK] = {"write-through-link", CHECK_REFUSES,
                                  "unpacking it could write where the link points, onto the host",
                                  NULL},
    [CHECK_BASE_IMAGE_LINK] = {"base-image-link", CHECK_WARNS,
                               "where the base image has an absolute link there, CRI-O and Podman "
                               "would follow it to the host, without a chroot",
                               NULL},
    [CHECK_DEVICE_NODE] = {"device-node", CHECK_REFUSES,
                           "a restore as root could give the container a device of the host", NULL},
    [CHECK_SPARSE_MEMBER] = {"sparse-member", CHECK_REFUSES,
                             "a few bytes could fill the disk that it is unpacked to, and not all "
                             "readers know such members",
                             NULL},
    [CHECK_HEADER_OVERRIDE] = {"header-override", CHECK_REFUSES,
                               "readers that obey different ones of its headers would see "
                               "different members",
                               NULL},
    [CHECK_AMBIGUOUS_HEADER] = {"ambiguous-header", CHECK_REFUSES,
                                "readers could take its content for members, or members for "
                                "content",
                                NULL},
    [CHECK_INNER_ARCHIVE] = {"inner-archive", CHECK_REFUSES,
                             "its members cannot be checked, and an engine would fail or see "
                             "others",
                             NULL},
    [CHECK_DECOMPRESSION_BOMB] = {"decompression-bomb", CHECK_REFUSES,
                                  "unpacking it could fill the disk of the node", NULL},
    [CHECK_TOO_MANY_MEMBERS] = {"too-many-members", CHECK_REFUSES,
                                "unpacking it could use up the node's inodes, and duplicates can "
                                "no longer be told",
                                NULL},
    [CHECK_CASE_VARIANT] = {"case-variant", CHECK_WARNS,
                            "on a file system that ignores case one would overwrite the other",
                            NULL},
    [CHECK_HIDDEN_CHARACTERS] = {"hidden-characters", CHECK_WARNS,
                                 "listings would show another name than the file has", NULL},
    [CHECK_DELETED_FILES] = {"deleted-files", CHECK_REFUSES,
                             "the engine could be made to delete files of the host",
                             "podman#27977"},
    [CHECK_BIND_MOUNTS] = {"bind-mounts", CHECK_REFUSES,
                           "the engine could be made to mount or create files outside of the "
                           "container",
                           "CVE-2024-8676"},
    [CHECK_IMAGE_REFERENCE] = {"image-reference", CHECK_REFUSES,
                               "the engine could take another image for the base, or give an image "
                               "a name that others rely on",
                               "CVE-2026-50195"},
    [CHECK_IMAGE_NAMES_DIFFER] = {"image-names-differ", CHECK_WARNS,
                                  "a restore could give one image the name of the other",
                                  "CVE-2026-50195"},
    [CHECK_EMPTY_IMAGE_REF] = {"empty-image-ref", CHECK_WARNS,
                               "nothing ties the checkpoint to the image it was made from", NULL},
    [CHECK_HOST_MOUNT] = {"host-mount", CHECK_WARNS,
                          "a restore could give the container files of the host or of another pod",
                          "CVE-2024-8676"},
    [CHECK_HOOK] = {"hook", CHECK_WARNS, "a restore could run this program on the host as root",
                    NULL},
    [CHECK_CDI_DEVICE] = {"cdi-device", CHECK_WARNS,
                          "a restore could give the container devices that its pod did not ask for",
                          "CVE-2026-53492"},
    [CHECK_ENGINE_ANNOTATION] = {"engine-annotation", CHECK_REFUSES,
                                 "the engine would take it for a setting of its own, and could "
                                 "write the container's log over a file of the host",
                                 NULL},
    [CHECK_RUNTIME_ANNOTATION] = {"runtime-annotation", CHECK_REFUSES,
                                  "the runtime or CRIU would obey it as root, and could run a "
                                  "program or write a file of the host",
                                  NULL},
    [CHECK_UNMASKED_PATHS] = {"unmasked-paths", CHECK_WARNS,
                              "a restore could let the container read the node's memory or change "
                              "its settings",
                              NULL},
    [CHECK_HOST_ACCESS] = {"host-access", CHECK_WARNS,
                           "a restore could give the container more of the host than others have",
                           NULL},
    [CHECK_PODMAN_CONFIG] = {"podman-config", CHECK_WARNS,
                             "a restore by Podman could use this of the host as root", NULL},
    [CHECK_GPU_PLUGIN] = {"gpu-plugin", CHECK_WARNS,
                          "it can be restored only beside the same kind of GPU, with CRIU's plugin",
                          NULL},
    [CHECK_UNKNOWN_ARCHITECTURE] = {"unknown-architecture", CHECK_WARNS,
                                    "nodes that cannot restore it would not be told apart", NULL},
    [CHECK_CRIU_PATH] = {"criu-path", CHECK_REFUSES,
                         "CRIU, as root, could make or write files of the host", NULL},
    [CHECK_CRIU_IMAGES] = {"criu-images", CHECK_REFUSES,
                           "CRIU cannot read them all, and no engine restore the container", NULL},
    [CHECK_CRIU_HOST_ACTION] = {"criu-host-action", CHECK_WARNS,
                                "CRIU, as root, could change the node's own kernel or mount what "
                                "is the node's",
                                NULL},
    [CHECK_CRIU_UNKNOWN_FILE] = {"criu-unknown-file", CHECK_WARNS,
                                 "nobody can tell what CRIU, or a plugin of it, would do with it",
                                 NULL},
    [CHECK_CONTAINER_NAME] = {"container-name", CHECK_WARNS,
                              "the checkpoint could be restored in place of another container",
                              NULL},
    [CHECK_FILE_NAME] = {"file-name", CHECK_WARNS,
                         "the file could hold another container than the one it is named after",
                         NULL},
    [CHECK_READABLE_ARCHIVE] = {"readable-archive", CHECK_WARNS,
                                "every user of this machine can read the secrets in the memory of "
                                "its processes",
                                NULL},
    [CHECK_REGISTRY_LIMIT] = {"registry-limit", CHECK_WARNS,
                              "the registry would refuse it once all of it has been sent", NULL},
    [CHECK_PLAIN_HTTP] = {"plain-http", CHECK_WARNS,
                          "everyone on the way can read the secrets in the memory of its processes",
                          NULL},
    [CHECK_IMAGE_MANIFEST] = {"image-manifest", CHECK_REFUSES_ALWAYS,
                              "each reader could see another image in it, or none", NULL},
    [CHECK_IMAGE_MANIFEST_TYPE] = {"image-manifest-type", CHECK_REFUSES,
                                   "engines look for their annotations in OCI manifests, and would "
                                   "start the container anew",
                                   NULL},
    [CHECK_IMAGE_MEDIA_TYPE_MISSING] = {"image-media-type-missing", CHECK_WARNS,
                                        "a reader has to guess which kind of document it is", NULL},
    [CHECK_IMAGE_INDEX] = {"image-index", CHECK_WARNS,
                           "CRI-O reads the annotations of the manifest and containerd those of "
                           "the index, so that one of them could miss the checkpoint",
                           NULL},
    [CHECK_IMAGE_UNMARKED] = {"image-unmarked", CHECK_REFUSES,
                              "no engine would know the checkpoint, and the pod fail for want of a "
                              "command",
                              NULL},
    [CHECK_IMAGE_LAYERS] = {"image-layers", CHECK_REFUSES,
                            "what is restored would not be the archive that was checked", NULL},
    [CHECK_IMAGE_CONFIG] = {"image-config", CHECK_REFUSES_ALWAYS,
                            "engines would fail to pull it, or read other values than were checked",
                            NULL},
    [CHECK_IMAGE_CONFIG_TYPE] = {"image-config-type", CHECK_REFUSES,
                                 "engines would take it for no image at all", NULL},
    [CHECK_IMAGE_PLATFORM] = {"image-platform", CHECK_WARNS,
                              "containerd would not take it, or a node get it that cannot restore "
                              "it",
                              NULL},
    [CHECK_IMAGE_LAYER_DIGEST] = {"image-layer-digest", CHECK_REFUSES_ALWAYS,
                                  "engines would fail to pull it", NULL},
    [CHECK_IMAGE_LAYER_TYPE] = {"image-layer-type", CHECK_REFUSES,
                                "containerd goes by the type and would fail to unpack it", NULL},
    [CHECK_IMAGE_DIFF_ID] = {"image-diff-id", CHECK_REFUSES_ALWAYS,
                             "engines would fail to unpack it, or take another layer for it", NULL},
    [CHECK_IMAGE_ANNOTATION_MISSING] = {"image-annotation-missing", CHECK_WARNS,
                                        "engines and tools that look for them could not tell what "
                                        "it is",
                                        NULL},
    [CHECK_IMAGE_ANNOTATION_DIFFERS] = {"image-annotation-differs", CHECK_WARNS,
                                        "who goes by the annotation would restore something else "
                                        "than was meant",
                                        NULL},
};

const struct check_info *check_info(enum check check)
{
    return &checks[check];
}

const char *check_severity_name(enum check check)
{
    return checks[check].severity == CHECK_WARNS ? "warn" : "refuse";
}

bool check_find(const char *name, enum check *check)
{
    for (int i = 0; i < CHECK_COUNT; i++) {
        if (strcmp(checks[i].name, name) == 0) {
            *check = i;
            return true;
        }
    }
    return false;
}

static enum finding_level level_of(const struct finding_policy *policy, enum check check)
{
    enum check_severity severity = check_info(check)->severity;
    enum finding_level level = severity == CHECK_WARNS ? FINDING_WARNING : FINDING_REFUSAL;

    if (severity == CHECK_REFUSES_ALWAYS)
        return FINDING_REFUSAL;
    if (policy->allowed[check])
        return level - 1;
    return policy->strict ? FINDING_REFUSAL : level;
}

char *finding_line(const struct finding *finding)
{
    const struct check_info *info = check_info(finding->check);

    return xasprintf("%s: %s%s%s; %s", info->name, finding->member ? finding->member : "",
                     finding->member ? ": " : "", finding->detail, info->consequence);
}

/* Takes `finding` over. */
static void keep(struct findings *findings, struct finding *finding)
{
    enum check check = finding->check;
    bool first_refusal = finding->level == FINDING_REFUSAL && findings->refusals == 0;

    findings->refusals += finding->level == FINDING_REFUSAL;
    /* findings_refusal() must find one. */
    if (findings->counts[check]++ >= FINDINGS_MAX_KEPT && !first_refusal) {
        free(finding->member);
        free(finding->detail);
        return;
    }
    findings->list = xreallocarray(findings->list, findings->count + 1, sizeof *findings->list);
    findings->list[findings->count++] = *finding;
}

__attribute__((format(printf, 6, 0))) static int note(struct findings *findings, enum check check,
                                                      bool fatal, const char *member,
                                                      struct error *error, const char *format,
                                                      va_list args)
{
    struct finding finding = {.check = check, .level = level_of(&findings->policy, check)};
    char detail[FINDING_DETAIL_MAX_BYTES + 1];
    int result = 0;

    vsnprintf(detail, sizeof detail, format, args);
    finding.detail = display_text(detail, FINDING_DETAIL_MAX_BYTES);
    finding.member = member ? display_text(member, FINDING_NAME_MAX_BYTES) : NULL;
    if (fatal)
        finding.level = FINDING_REFUSAL;
    if (fatal || (finding.level == FINDING_REFUSAL && !findings->policy.keeps_going) ||
        check_info(check)->severity == CHECK_REFUSES_ALWAYS) {
        cleanup_free char *line = finding_line(&finding);

        result = error_set(error, ERROR_ARCHIVE, "%s", line);
    }
    keep(findings, &finding);
    return result;
}

int finding_report(struct findings *findings, enum check check, const char *member,
                   struct error *error, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = note(findings, check, false, member, error, format, args);
    va_end(args);
    return result;
}

int finding_report_member(struct findings *findings, enum check check, const struct member *member,
                          struct error *error, const char *format, ...)
{
    cleanup_free char *name = xasprintf("%s%s%s", member->container ? member->container : "",
                                        member->container ? ":" : "", member->path);
    va_list args;
    int result;

    va_start(args, format);
    result = note(findings, check, false, name, error, format, args);
    va_end(args);
    return result;
}

int finding_report_fatal(struct findings *findings, enum check check, const char *member,
                         struct error *error, const char *format, ...)
{
    va_list args;
    int result;

    va_start(args, format);
    result = note(findings, check, true, member, error, format, args);
    va_end(args);
    return result;
}

void findings_count(struct findings *findings, enum check check, size_t more)
{
    findings->counts[check] += more;
    if (level_of(&findings->policy, check) == FINDING_REFUSAL)
        findings->refusals += more;
}

const struct finding *findings_refusal(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (findings->list[i].level == FINDING_REFUSAL)
            return &findings->list[i];
    return NULL;
}

json_t *findings_json(const struct findings *findings)
{
    static const char *const level_names[] = {[FINDING_ALLOWED] = "allowed",
                                              [FINDING_WARNING] = "warning",
                                              [FINDING_REFUSAL] = "refused"};
    json_t *array = json_array();

    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->list[i];
        const struct check_info *info = check_info(finding->check);

        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:s, s:s*, s:s, s:s, s:s*, s:I}", "check",
                                        info->name, "severity", check_severity_name(finding->check),
                                        "verdict", level_names[finding->level], "member",
                                        finding->member, "detail", finding->detail, "consequence",
                                        info->consequence, "reference", info->reference, "count",
                                        (json_int_t)findings->counts[finding->check]));
    }
    return array;
}

void findings_clear(struct findings *findings)
{
    struct finding_policy policy = findings->policy;

    findings_done(findings);
    findings->policy = policy;
}

void findings_done(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->list[i].member);
        free(findings->list[i].detail);
    }
    free(findings->list);
    *findings = (struct findings){0};
}
