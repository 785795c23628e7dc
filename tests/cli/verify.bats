#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What verify says of archives and images: every finding, and which engine would restore it.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/image.bash
    . "$TEST_LIB/image.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    cp "$TEST_DATA"/*.tar "$TEST_DATA"/*.tar.gz "$TEST_DATA"/*.tar.zst .
    chmod 600 ./*.tar*
    archive=crio-1.36-counter.tar
}

teardown() {
    registry_stop_all
}

# verify STATUS ARGUMENT...
verify() {
    local expected=$1
    shift
    run --separate-stderr "$CKPTOCI" verify -q --tls-verify=false --retry-delay 10ms "$@"
    printf 'status %s: %s\n%s\n' "$status" "$output" "$stderr"
    [ "$status" -eq "$expected" ]
}

# finds VERDICT CHECK TEXT: among the findings in --json; and no refusal but those of this check
finds() {
    jq -e --arg verdict "$1" --arg check "$2" --arg text "$3" '
        any(.findings[]; .verdict == $verdict and .check == $check
            and (((.member // "") + ": " + .detail) | contains($text)))
        and all(.findings[]; .verdict != "refused" or .check == $check)' <<<"$output"
}

# checks: the names of all checks that found something
checks() {
    jq -r '[.findings[].check] | unique | join(" ")' <<<"$output"
}

# verdict ENGINE VERSIONS: of the table in --json
verdict() {
    jq -r --arg engine "$1" --arg versions "$2" \
        '.engines[] | select(.engine == $engine and .versions == $versions) | .verdict' <<<"$output"
}

# reason RULE: verdict and text of the only answer in --json
reason() {
    jq -r --arg rule "$1" '.engines[0].reasons[] | select(.rule == $rule)
        | "\(.verdict) \(.text)"' <<<"$output"
}

# assert_in_order SUBJECT KIND ENGINES: no refusal, nothing about the image, the table as expected
assert_in_order() {
    verify 0 --json "$1"
    jq -e --arg kind "$2" --argjson engines "$3" '.kind == $kind and .result == "passed"
        and all(.findings[]; .verdict != "refused" and (.check | startswith("image-") | not))
        and ([.engines[] | [.engine, .versions, .verdict]] == $engines)' <<<"$output"
}

@test "every sample is in order, as an archive and as an image" {
    for sample in *.tar *.tar.gz *.tar.zst; do
        verify 0 --json "$sample"
        [ "$(jq -r .archive <<<"$output")" = \
            "sha256:$(plain_tar "$sample" | sha256sum | cut -d ' ' -f 1)" ]
        [ "$(jq -r .archive_size <<<"$output")" = "$(plain_tar "$sample" | wc -c)" ]
        engines=$(jq -c '[.engines[] | [.engine, .versions, .verdict]]' <<<"$output")
        assert_in_order "$sample" archive "$engines"
        "$CKPTOCI" convert -q "$sample" oci:layout:tag
        assert_in_order oci:layout:tag image "$engines"
        [ "$(jq -r .manifest <<<"$output")" = \
            "sha256:$(layout_manifest layout tag | sha256sum | cut -d ' ' -f 1)" ]
    done
}

@test "an image in every format, wherever it is" {
    registry_start_plain
    engines=$("$CKPTOCI" verify -q --json "$archive" |
        jq -c '[.engines[] | [.engine, .versions, .verdict]]')
    for format in zstd gzip none; do
        "$CKPTOCI" convert -fq --tls-verify=false --compression-format $format "$archive" \
            "$REGISTRY/user/x:$format" "oci:layout:$format" "oci-archive:image.tar:tag"
        for image in "docker://$REGISTRY/user/x:$format" "$REGISTRY/user/x:$format" \
            "oci:layout:$format" oci-archive:image.tar; do
            assert_in_order "$image" image "$engines"
        done
    done
}

@test "an archive from standard input" {
    run --separate-stderr bash -c '"$0" verify -q - <"$1"' "$CKPTOCI" "$archive"
    [ "$status" -eq 0 ]
    [[ $output == *"standard input: in order"* ]]
    run --separate-stderr bash -c 'head -c 100000 "$1" | "$0" verify -q -' "$CKPTOCI" "$archive"
    [ "$status" -eq 3 ]
    [[ $output == *"refused: damaged-archive: "* ]]
    [[ $output == *"standard input: refused"* ]]
}

@test "what is no archive is refused, what cannot be read is a failure" {
    head -c 100000 "$archive" >cut.tar
    verify 3 --json cut.tar
    finds refused damaged-archive "not a whole tar"
    [ "$(jq -c .engines <<<"$output")" = "[]" ]
    tar -cf other.tar -C / etc/hostname
    verify 3 --json other.tar
    finds refused missing-member "spec.dump"
    head -c 20000 podman-4.3-counter.tar.zst >cut.tar.zst
    verify 3 --json cut.tar.zst
    finds refused damaged-archive "truncated"
    : >empty.tar
    verify 3 --json empty.tar
    finds refused damaged-archive "empty"
    verify 3 --json ./home
    finds refused damaged-archive "is a directory"
    verify 1 no-such-file.tar
    [[ $stderr == *"no-such-file.tar"*"No such file"* ]]
    verify 1 oci:no-such-layout
    verify 1 127.0.0.1:1/x --retry-times 0
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    verify 1 oci:layout:other
}

@test "the findings of an archive are those of convert" {
    unpack "$archive" tree
    jq -c '.hooks.prestart = [{path: "/bin/run-me"}]' tree/spec.dump >spec
    cp spec tree/spec.dump
    tar -cf hook.tar -C tree .
    chmod 600 hook.tar
    verify 0 --json hook.tar
    finds warning hook "spec.dump"
    verify 3 --json --strict hook.tar
    finds refused hook "spec.dump"
    verify 0 --json --strict --allow hook hook.tar
    finds allowed hook "spec.dump"
    verify 2 --allow no-such-check hook.tar
    [[ $stderr == *'"no-such-check"'* ]]
}

@test "all findings are told, not just the first" {
    "$CKPTOCI" convert -q --compression-format gzip "$archive" oci:layout:tag
    edit 'del(.annotations["org.criu.checkpoint.pod.name"])
        | .layers[0].mediaType |= sub("gzip"; "zstd")' '.rootfs.diff_ids[0] |= sub("[0-9a-f]$"; "x")'
    verify 3 --json oci:layout:edited
    [ "$(checks)" = "image-annotation-missing image-diff-id image-layer-type" ]
    verify 3 oci:layout:edited
    [[ $output == *"refused: image-diff-id: "*"refused, 2 of 3 findings forbid it"* ]]
}

@test "a config that does not fit the layer" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    edit .
    verify 0 --json oci:layout:edited
    [ "$(checks)" = "" ]
    other=$(sha256sum <crio-1.36-shop.tar | cut -d ' ' -f 1)
    edit . ".rootfs.diff_ids[0] = \"sha256:$other\""
    verify 3 --json oci:layout:edited
    finds refused image-diff-id "$other"
    edit . ".rootfs.diff_ids += [\"sha256:$other\"]"
    verify 3 --json oci:layout:edited
    finds refused image-diff-id "2 diff_ids for 1 layers"
    edit . '.rootfs.type = "x"'
    verify 3 --json oci:layout:edited
    finds refused image-config rootfs.type
    edit . 'del(.architecture)'
    verify 0 --json oci:layout:edited
    finds warning image-platform "for which platform"
    edit . '.architecture = "riscv64"'
    verify 0 --json oci:layout:edited
    finds warning image-platform "the config says riscv64, and the processes ran on amd64"
    edit '.config.mediaType = "application/vnd.oci.empty.v1+json"'
    verify 3 --json oci:layout:edited
    finds refused image-config-type "vnd.oci.empty"
    verify 3 --json --engine cri-o --engine-version 1.36 oci:layout:edited
    [[ $(reason config-type) == "no "* ]]
}

@test "digests and sizes" {
    "$CKPTOCI" convert -q --compression-format none "$archive" oci:layout:tag
    "$CKPTOCI" convert -q --compression-format none crio-1.36-shop.tar oci:layout:shop
    edit '.layers[0].size += 512'
    verify 3 --json oci:layout:edited
    finds refused image-layer-digest "bytes"
    edit '.config.size += 1'
    verify 3 --json oci:layout:edited
    finds refused image-config "bytes"
    # Another archive under the name of this one, whole by itself.
    shop=$(layout_manifest layout shop | jq -c '.layers[0]')
    edit ".layers[0] = $shop"
    verify 3 --json oci:layout:edited
    finds refused image-diff-id "the uncompressed layer has the digest"
    jq -e 'any(.findings[]; .check == "image-annotation-differs"
        and .member == "org.criu.checkpoint.container.name"
        and .detail == "it is \"counter\", and the archive says \"cart\"")' <<<"$output"
    # A layer that is damaged where no check of the archive looks.
    layer=$(blob_path layout "$(layout_manifest layout tag | jq -r '.layers[0].digest')")
    offset=$(grep -abo 'checkpoint/pages-1.img' "$layer" | head -n 1 | cut -d : -f 1)
    printf 'xxxx' | dd of="$layer" bs=1 seek=$((offset + 2048)) conv=notrunc status=none
    verify 3 --json oci:layout:tag
    jq -e 'any(.findings[]; .check == "image-layer-digest"
        and (.detail | contains("it is damaged")))' <<<"$output"
    [ "$(checks)" = "image-diff-id image-layer-digest" ]
}

@test "a manifest that is not the one that was named, or ambiguous" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    edit '.history = []'
    verify 3 --json oci:layout:edited
    finds refused image-manifest '"history"'
    edit '.mediaType = null | del(.mediaType)'
    verify 0 --json oci:layout:edited
    finds warning image-media-type-missing mediaType
    { layout_manifest layout tag | head -c -1; echo ',"config":{}}'; } >twice
    tag_blob "$(add_blob twice)"
    verify 3 --json oci:layout:edited
    finds refused image-manifest "duplicate"
    digest=$(layout_manifest layout tag | sha256sum | cut -d ' ' -f 1)
    tag_blob "{\"digest\": \"sha256:$digest\", \"size\": 12}"
    verify 3 --json oci:layout:edited
    finds refused image-manifest "says 12"
    echo >>"layout/blobs/sha256/$digest"
    verify 3 --json oci:layout:tag
    finds refused image-manifest "is damaged"
}

@test "a layer whose type is not what its bytes are" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    edit '.layers[0].mediaType |= sub("zstd"; "gzip")'
    verify 3 --json oci:layout:edited
    finds refused image-layer-type '"gzip", and its bytes are "zstd"'
    verify 0 --json --allow image-layer-type oci:layout:edited
    finds warning image-layer-type '"gzip"'
    edit '.layers[0].mediaType = "application/pdf"'
    verify 3 --json oci:layout:edited
    finds refused image-layer-type "application/pdf, which is no tar"
    edit '.layers += .layers' '.rootfs.diff_ids += .rootfs.diff_ids'
    verify 3 --json oci:layout:edited
    finds refused image-layers "2 layers"
}

@test "annotations against the archive" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    edit 'del(.annotations["org.criu.checkpoint.pod.name", "org.criu.checkpoint.pod.namespace"])'
    verify 0 --json oci:layout:edited
    finds warning image-annotation-missing \
        "lacks org.criu.checkpoint.pod.name, org.criu.checkpoint.pod.namespace"
    edit '.annotations["org.criu.checkpoint.pod.name"] = "other"'
    verify 0 --json oci:layout:edited
    finds warning image-annotation-differs \
        'org.criu.checkpoint.pod.name: it is "other", and the archive says "counters"'
    verify 3 --strict oci:layout:edited
    edit 'del(.annotations)'
    verify 3 --json oci:layout:edited
    finds refused image-unmarked "no annotation"
    [ "$(verdict CRI-O "1.35 and 1.36")" = no ]
    # What the user adds, and when the image was made, are his affair.
    SOURCE_DATE_EPOCH=1000000000 "$CKPTOCI" convert -q --annotation a=b "$archive" oci:layout:mine
    verify 0 --json --strict oci:layout:mine
    [ "$(checks)" = "" ]
}

@test "an index on top" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    layout_manifest layout tag >manifest
    jq -nc --argjson blob "$(add_blob manifest)" '{schemaVersion: 2,
        mediaType: "application/vnd.oci.image.index.v1+json", manifests: [$blob + {
            mediaType: "application/vnd.oci.image.manifest.v1+json",
            platform: {os: "linux", architecture: "amd64"}}]}' | tr -d '\n' >both
    tag_blob "$(add_blob both)" application/vnd.oci.image.index.v1+json
    verify 0 --json oci:layout:edited
    finds warning image-index "an index of 1 image"
    [ "$(verdict CRI-O "1.35 and 1.36")" = needs ]
    jq -c '.manifests[0].size += 1' both | tr -d '\n' >bigger
    tag_blob "$(add_blob bigger)" application/vnd.oci.image.index.v1+json
    verify 3 --json oci:layout:edited
    finds refused image-manifest "the index says"
    verify 1 --platform linux/s390x oci:layout:edited
    [[ $stderr == *"choose one with --platform"* ]]
}

@test "a registry that sends other bytes" {
    "$CKPTOCI" convert -q --compression-format none "$archive" oci:layout:tag
    for fault in damaged:image-layer-digest long:image-layer-digest \
        damaged-manifests:image-manifest; do
        registry_start_persona "${fault%%:*}" --layout layout
        verify 3 --json "$REGISTRY/x:tag"
        jq -e --arg check "${fault#*:}" \
            'any(.findings[]; .check == $check and .verdict == "refused")' <<<"$output"
    done
}

@test "an image that buildah has made passes, with what it does not say" {
    command -v buildah >/dev/null || skip "no buildah"
    [ "$(id -u)" -eq 0 ] || skip "the archive holds files of root's"
    in_storage() {
        "$1" --root "$PWD/storage" --runroot "$PWD/runroot" --storage-driver vfs "${@:2}"
    }
    container=$(in_storage buildah from scratch)
    in_storage buildah add -q "$container" "$archive" /
    in_storage buildah config \
        --annotation=io.kubernetes.cri-o.annotations.checkpoint.name=counter "$container"
    in_storage buildah commit -q "$container" oci:layout:tag
    verify 0 --json oci:layout:tag
    finds warning image-annotation-missing "org.criu.checkpoint.container.name"
    [ "$(verdict CRI-O "1.35 and 1.36")" = needs ]
    [ "$(verdict CRI-O 1.26)" = no ]
}

@test "one engine: every line of the reasoning" {
    verify 0 --engine cri-o --engine-version 1.36.3 "$archive"
    [[ $output == *$'\nCRI-O 1.36.3: needs\n'* ]]
    [[ $output == *$'\n  needs   the base image 127.0.0.1:5000/counter:1 (sha256:0d27'* ]]
    [[ $output == *$'\n  yes     the archive was made by CRI-O\n'* ]]
    [[ $output != *container_level_enabled* ]]
    verify 0 --engine cri-o "$archive"
    [[ $output == *$'\nCRI-O 1.26: no\n'* ]]
    [[ $output == *$'\n  needs   container_level_enabled = "checkpoint_restore"'* ]]
    verify 0 --json --engine containerd --engine-version 2.3.4 containerd-2.3-counter.tar
    [ "$(verdict containerd 2.3.4)" = needs ]
    [[ $(reason switch) == "needs enable_experimental_restore_via_create"* ]]
    verify 0 --json --engine containerd --engine-version 2.3.3 containerd-2.3-counter.tar
    [ "$(verdict containerd 2.3.3)" = yes ]
    verify 0 --json --engine podman --engine-version 5.8 podman-4.3-counter.tar.zst
    [[ $(reason annotation) == *'OCI runtime called "runc"'* ]]
    verify 0 --json --engine podman --engine-version 5.8 "$archive"
    [[ $(reason archive-engine) == "no the archive was made by CRI-O"* ]]
}

@test "the mounts that the new pod must declare" {
    unpack "$archive" tree
    jq -c '.mounts += [{destination: "/data", type: "bind", source: "/srv/data"}]' \
        tree/spec.dump >spec
    cp spec tree/spec.dump
    tar -cf mount.tar -C tree .
    verify 0 --json --engine cri-o --engine-version 1.36 mount.tar
    [[ $(reason mounts) == *"each of /data" ]]
    [ "$(jq -c '.engines[0].reasons[] | select(.rule == "mounts") | .items' <<<"$output")" = \
        '["/data"]' ]
}

@test "the manual page knows every check of images" {
    sed 's/\\-/-/g' "$TEST_DOCS/ckptoci-verify.1" | sed -n 's/^\.BR \(image-[a-z-]*\) .*/\1/p' |
        sort >manual
    # Two of the checks of archives have such a name, too: what they are about is another image.
    "$CKPTOCI" verify --allow list | grep -oE '^image-[a-z-]+' |
        grep -vxE 'image-reference|image-names-differ' | sort >program
    [ -s program ]
    diff program manual
}

@test "wrong usage" {
    verify 2
    verify 2 "$archive" "$archive"
    verify 2 --engine docker "$archive"
    [[ $stderr == *'"docker" is not cri-o, containerd or podman'* ]]
    verify 2 --engine cri-o --engine-version new "$archive"
    verify 2 --engine-version 1.36 "$archive"
    [[ $stderr == *"without --engine"* ]]
    verify 2 "No Such File"
    [[ $stderr == *"there is no file of that name"* ]]
}
