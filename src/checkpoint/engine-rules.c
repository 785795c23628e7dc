// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/engine-rules.h"

// clang-format off
/* Which versions a row holds for. */
#define ALL {0, 0, 0}, {0, 0, 0}
#define FROM(major, minor) {major, minor, 0}, {0, 0, 0}
#define BEFORE(major, minor) {0, 0, 0}, {major, minor, 0}
#define ONLY(major, minor) {major, minor, 0}, {major, (minor) + 1, 0}

#define FACT(verdict, text) verdict, text, NULL
#define CHECK(function) VERDICT_YES, NULL, function

const struct engine_rule engine_rules[] = {
    /* The version. */
    {ENGINE_CRIO, BEFORE(1, 26), "version", FACT(VERDICT_UNKNOWN,
        "CRI-O restores images from 1.26 on as far as is known here; nothing is known of older "
        "ones")},
    {ENGINE_CRIO, {1, 37, 0}, {ENGINE_VERSION_MAX, 0, 0}, "version", FACT(VERDICT_UNKNOWN,
        "these rules know CRI-O up to 1.36 and its main branch of August 2026; this version may "
        "be like either or different")},
    {ENGINE_CONTAINERD, BEFORE(2, 1), "version", FACT(VERDICT_NO,
        "containerd restores images from 2.1 on; older ones start the container anew or fail")},
    {ENGINE_CONTAINERD, FROM(2, 4), "version", FACT(VERDICT_NO,
        "containerd 2.4 has dropped the restore of images when a pod is created")},
    {ENGINE_PODMAN, BEFORE(4, 1), "version", FACT(VERDICT_NO,
        "podman knows checkpoint images from 4.1 on; pull the archive and import it instead")},
    {ENGINE_PODMAN, FROM(6, 0), "version", FACT(VERDICT_UNKNOWN,
        "these rules know podman up to 5.x; this version is newer")},

    /* The image. */
    {ENGINE_UNKNOWN, ALL, "manifest-type", CHECK(engine_check_manifest_type)},
    {ENGINE_UNKNOWN, ALL, "config-type", CHECK(engine_check_config_type)},
    {ENGINE_CRIO, ALL, "annotation", CHECK(engine_check_crio_annotation)},
    {ENGINE_CONTAINERD, ALL, "annotation", CHECK(engine_check_containerd_annotation)},
    {ENGINE_PODMAN, ALL, "annotation", CHECK(engine_check_podman_annotation)},
    {ENGINE_CONTAINERD, ALL, "layer-type", CHECK(engine_check_layer_type)},
    {ENGINE_CONTAINERD, ALL, "platform", CHECK(engine_check_platform)},

    /* The archive. */
    {ENGINE_CRIO, ALL, "crio-annotations", CHECK(engine_check_crio_annotations)},
    {ENGINE_CRIO, ALL, "base-image-id", CHECK(engine_check_crio_image_id)},
    {ENGINE_CRIO, ONLY(1, 26), "deleted-files", CHECK(engine_check_deleted_files)},
    {ENGINE_CRIO, ONLY(1, 26), "written-by-newer", CHECK(engine_check_written_by_newer)},
    {ENGINE_CONTAINERD, ALL, "status-dump", CHECK(engine_check_status_dump)},

    /* What somebody has to see to. */
    {ENGINE_CRIO, FROM(1, 37), "switch", FACT(VERDICT_NEEDS,
        "container_level_enabled = \"checkpoint_restore\" in [crio.checkpoint_restore] of "
        "crio.conf; the default is \"checkpoint_only\"")},
    {ENGINE_CONTAINERD, {2, 2, 7}, {2, 3, 0}, "switch", FACT(VERDICT_NEEDS,
        "enable_experimental_restore_via_create = true in containerd's config.toml; it is off by "
        "default from 2.2.7 on")},
    {ENGINE_CONTAINERD, {2, 3, 4}, {2, 4, 0}, "switch", FACT(VERDICT_NEEDS,
        "enable_experimental_restore_via_create = true in containerd's config.toml; it is off by "
        "default from 2.3.4 on")},
    {ENGINE_CRIO, ALL, "base-image", CHECK(engine_check_base_on_node)},
    {ENGINE_CONTAINERD, ALL, "base-image", CHECK(engine_check_containerd_base)},
    {ENGINE_PODMAN, ALL, "base-image", CHECK(engine_check_podman_base)},
    {ENGINE_CRIO, BEFORE(1, 35), "mounts", CHECK(engine_check_mounts)},
    {ENGINE_CRIO, FROM(1, 35), "mounts", CHECK(engine_check_mounts_and_passwd)},
    {ENGINE_CRIO, ALL, "signature-policy", FACT(VERDICT_NEEDS,
        "a node without signature_policy in crio.conf and without a signature policy for the "
        "pod's namespace; either of them blocks the restore of every image")},
    {.name = NULL},
};
// clang-format on
