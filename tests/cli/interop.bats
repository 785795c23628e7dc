#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Programs that are not ours take the images, and find in them what was in the archive.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/image.bash
    . "$TEST_LIB/image.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
}

teardown() {
    registry_stop_all
}

# A container storage of our own, that needs nothing from the kernel.
in_storage() {
    local program=$1
    shift
    "$program" --root "$BATS_TEST_TMPDIR/storage" --runroot "$BATS_TEST_TMPDIR/runroot" \
        --storage-driver vfs "$@"
}

# assert_buildah_unpacks SAMPLE IMAGE [OPTION...]
assert_buildah_unpacks() {
    local sample=$1 image=$2 container
    shift 2
    container=$(in_storage buildah from -q "$@" "$image")
    assert_same_tree "$sample" "$(in_storage buildah mount "$container")"
    in_storage buildah rm "$container" >/dev/null
    in_storage buildah rmi --all --force >/dev/null
}

need_root() {
    [ "$(id -u)" -eq 0 ] || skip "archives hold files of root's"
}

@test "skopeo inspects and copies every sample from a layout and an archive" {
    while read -r sample; do
        rm -rf image image.tar copy
        digest=$("$CKPTOCI" convert -q "$sample" oci:image:tag oci-archive:image.tar:tag | head -n 1)
        for source in oci:image:tag oci-archive:image.tar:tag; do
            [ "$(skopeo inspect "$source" | jq -r .Digest)" = "${digest#*@}" ]
            skopeo inspect --config "$source" | jq -e '.os == "linux"'
            skopeo copy -q "$source" oci:copy:tag
            layout_layer copy tag | cmp - <(plain_tar "$sample")
        done
    done < <(sample_archives)
}

@test "umoci unpacks every sample" {
    need_root
    while read -r sample; do
        for format in gzip none; do
            rm -rf image bundle
            "$CKPTOCI" convert -q --compression-format $format "$sample" oci:image:tag
            umoci unpack --image image:tag bundle
            assert_same_tree "$sample" bundle/rootfs
        done
    done < <(sample_archives)
}

@test "buildah pulls and unpacks every sample, in every format, from a layout" {
    need_root
    while read -r sample; do
        for format in zstd gzip none; do
            rm -rf image
            "$CKPTOCI" convert -q --compression-format $format "$sample" oci:image:tag
            assert_buildah_unpacks "$sample" oci:image:tag
        done
    done < <(sample_archives)
}

@test "buildah pulls and unpacks every sample from an archive and from a registry" {
    need_root
    registry_start_plain
    n=0
    while read -r sample; do
        n=$((n + 1))
        rm -f image.tar
        "$CKPTOCI" convert -q --tls-verify=false "$sample" oci-archive:image.tar:tag \
            "$REGISTRY/user/checkpoint:$n"
        assert_buildah_unpacks "$sample" oci-archive:image.tar:tag
        assert_buildah_unpacks "$sample" "docker://$REGISTRY/user/checkpoint:$n" --tls-verify=false
    done < <(sample_archives)
}

@test "podman sees the checkpoint's annotations" {
    need_root
    "$CKPTOCI" convert -q "$TEST_DATA/podman-4.3-counter.tar.zst" oci-archive:image.tar:tag
    in_storage podman load -q -i image.tar
    in_storage podman image inspect "$(in_storage podman images -q | head -n 1)" |
        jq -e '.[0].Annotations["io.podman.annotations.checkpoint.runtime.name"] == "runc"'
}

@test "what buildah makes of the same archive has the same layer contents" {
    need_root
    sample=$TEST_DATA/crio-1.36-counter.tar
    "$CKPTOCI" convert -q "$sample" oci:image:ours
    container=$(in_storage buildah from scratch)
    in_storage buildah add -q "$container" "$sample" / >/dev/null
    assert_same_tree "$sample" "$(in_storage buildah mount "$container")"
}
