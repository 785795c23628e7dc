#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Getting the archive back: from registries, layouts and archives, whole or not at all.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/image.bash
    . "$TEST_LIB/image.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    archive=$TEST_DATA/crio-1.36-counter.tar
}

teardown() {
    registry_stop_all
}

# pull ARGUMENT...: with the usual options
pull() {
    run --separate-stderr "$CKPTOCI" pull -q --tls-verify=false --retry-delay 10ms "$@"
    echo "status $status: $stderr"
}

# refuse STATUS TEXT ARGUMENT...: no file is left, not even a hidden one
refuse() {
    local expected=$1 text=$2
    shift 2
    mkdir -p out
    pull "$@" out/archive
    [ "$status" -eq "$expected" ]
    [[ $stderr == *"$text"* ]]
    [ "$output" = "" ]
    [ "$(ls -A out)" = "" ]
}

# start_cutting BYTES OPTION...: a persona that has layout, and of each blob sends so many bytes at
# the most
start_cutting() {
    registry_start_persona "${@:2}" --layout layout --fault \
        '{"path": "/blobs/", "where": "answer-body", "bytes": '"$1"', "times": 1000}'
}

@test "every sample, in every format, comes back as it was, from everywhere" {
    registry_start_plain
    n=0
    while read -r sample; do
        plain_tar "$sample" >expected
        for format in zstd gzip none; do
            n=$((n + 1))
            "$CKPTOCI" convert -fq --tls-verify=false --compression-format "$format" "$sample" \
                "$REGISTRY/user/x:$n" "oci:layout:$n" "oci-archive:image.tar:tag"
            for image in "docker://$REGISTRY/user/x:$n" "$REGISTRY/user/x:$n" "oci:layout:$n" \
                oci-archive:image.tar oci-archive:image.tar:tag; do
                pull -f "$image" archive
                [ "$status" -eq 0 ]
                cmp archive expected
                [ "$output" = "$(sha256sum archive)" ]
            done
        done
    done < <(sample_archives)
}

@test "what podman compressed comes back compressed with --keep-compression" {
    registry_start_plain
    for sample in "$TEST_DATA"/*.tar.gz "$TEST_DATA"/*.tar.zst; do
        "$CKPTOCI" convert -q --tls-verify=false "$sample" "$REGISTRY/x:tag"
        pull -f --keep-compression "$REGISTRY/x:tag" archive
        [ "$status" -eq 0 ]
        cmp archive "$sample"
        [ "$output" = "$(sha256sum archive)" ]
    done
}

@test "the file is its owner's alone, and an existing one is replaced only with --force" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    pull oci:layout:tag archive
    [ "$(stat -c %a archive)" = 600 ]
    echo precious >other
    pull oci:layout:tag other
    [ "$status" -eq 1 ]
    [[ $stderr == *"write other: this file exists already"*--force* ]]
    [ "$(cat other)" = precious ]
    pull --force oci:layout:tag other
    [ "$status" -eq 0 ]
    cmp other "$archive"
    [ "$(find . -name ".ckptoci*")" = "" ]
}

@test "to standard output, and nothing else goes there" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    "$CKPTOCI" pull oci:layout:tag - 2>messages | cmp - "$archive"
    [ ! -s messages ]
    run --separate-stderr "$CKPTOCI" pull --json oci:layout:tag -
    [ "$status" -eq 2 ]
    run bash -c '"$0" pull -q oci:layout:tag - >/dev/full' "$CKPTOCI"
    [ "$status" -eq 1 ]
    [[ $output == *"standard output: No space left"* ]]
}

@test "--json tells every digest" {
    "$CKPTOCI" convert -q --compression-format gzip "$archive" oci:layout:tag
    pull --json oci:layout:tag archive
    layout_manifest layout tag >manifest
    [ "$(jq -r .manifest.digest <<<"$output")" = "sha256:$(sha256sum <manifest | cut -d ' ' -f 1)" ]
    [ "$(jq -r .layer.digest <<<"$output")" = "$(jq -r .layers[0].digest manifest)" ]
    [ "$(jq -r .layer.size <<<"$output")" = "$(jq -r .layers[0].size manifest)" ]
    [ "$(jq -r .layer.mediaType <<<"$output")" = application/vnd.oci.image.layer.v1.tar+gzip ]
    [ "$(jq -r .layer.diff_id <<<"$output")" = "sha256:$(sha256sum <archive | cut -d ' ' -f 1)" ]
    [ "$(jq -r .layer.uncompressed_size <<<"$output")" = "$(stat -c %s archive)" ]
    [ "$(jq -r .image <<<"$output")" = oci:layout:tag ]
}

@test "by digest" {
    registry_start_plain
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    skopeo copy -q --preserve-digests --dest-tls-verify=false oci:layout:tag "docker://$REGISTRY/x:tag"
    digest=$(jq -r .manifests[0].digest layout/index.json)
    for image in "$REGISTRY/x@$digest" "docker://$REGISTRY/x:other@$digest" "oci:layout@$digest" \
        "oci:layout:other@$digest"; do
        pull -f "$image" archive
        [ "$status" -eq 0 ]
        cmp archive "$archive"
    done
    none=sha256:$(printf '0%.0s' {1..64})
    refuse 1 "404" "$REGISTRY/x@$none"
    refuse 1 "No such file" "oci:layout@$none"
}

@test "images that skopeo has copied, as docker schema 2 and in an OCI archive of its own" {
    registry_start_plain
    "$CKPTOCI" convert -q --compression-format gzip "$archive" oci:layout:tag
    skopeo copy -q oci:layout:tag oci-archive:skopeo.tar:tag
    pull oci-archive:skopeo.tar:tag archive
    cmp archive "$archive"
    skopeo copy -q --dest-tls-verify=false --format v2s2 oci:layout:tag "docker://$REGISTRY/x:tag"
    refuse 3 "without any annotation of a checkpoint" "$REGISTRY/x:tag"
}

@test "credentials and TLS" {
    registry_start_token
    "$CKPTOCI" convert -q --tls-verify=false --creds "$REGISTRY_CREDS" "$archive" "$REGISTRY/x:1"
    : >"$REGISTRY_TOKEN_LOG"
    pull --creds "$REGISTRY_CREDS" "$REGISTRY/x:1" archive
    [ "$status" -eq 0 ]
    cmp archive "$archive"
    cat "$REGISTRY_TOKEN_LOG"
    run grep -c push "$REGISTRY_TOKEN_LOG"
    [ "$output" -eq 0 ]
    refuse 4 "$REGISTRY" --creds tester:wrong "$REGISTRY/x:1"
    registry_start_tls
    "$CKPTOCI" convert -q --cert-dir "$REGISTRY_CERT_DIR" "$archive" "$REGISTRY/x:1"
    "$CKPTOCI" pull -q -f --cert-dir "$REGISTRY_CERT_DIR" "$REGISTRY/x:1" archive
    cmp archive "$archive"
    run "$CKPTOCI" pull -q -f "$REGISTRY/x:1" archive
    [ "$status" -eq 1 ]
}

@test "a broken connection is taken up where it broke" {
    "$CKPTOCI" convert -q --compression-format none "$archive" oci:layout:tag
    size=$(stat -c %s "$archive")
    cut=$((size / 4))
    start_cutting "$cut" spec
    pull "$REGISTRY/x:tag" archive
    [ "$status" -eq 0 ]
    cmp archive "$archive"
    persona_requests | grep "bytes=$cut- 206"
    persona_requests | grep "bytes=$((3 * cut))- 206"
}

@test "a registry that ignores Range starts over, and what is there is passed over" {
    "$CKPTOCI" convert -q --compression-format none "$archive" oci:layout:tag
    layer=$(layout_manifest layout tag | jq -r .layers[0].digest)
    registry_start_persona spec --layout layout --option blob_ranges=false --fault \
        '{"path": "'"$layer"'", "where": "answer-body", "bytes": 100000}'
    pull "$REGISTRY/x:tag" archive
    [ "$status" -eq 0 ]
    cmp archive "$archive"
    persona_requests | grep 'bytes=100000- 200'
    # Each try brings no more than the one before: given up, after a bounded number of them.
    start_cutting 100000 spec --option blob_ranges=false
    refuse 1 "given up after" "$REGISTRY/x:tag"
    [ "$(persona_requests | grep -c 'bytes=100000- 200')" -ge 3 ]
    [ "$(persona_requests | grep -c /blobs/)" -le 10 ]
}

@test "what is not the blob is refused" {
    "$CKPTOCI" convert -q --compression-format none "$archive" oci:layout:tag
    registry_start_persona damaged --layout layout
    refuse 3 "is damaged" "$REGISTRY/x:tag"
    registry_start_persona long --layout layout
    refuse 1 "more than the" "$REGISTRY/x:tag"
    start_cutting 100000 wrong-range
    refuse 1 "asked for the bytes from 100000 on" "$REGISTRY/x:tag"
    registry_start_persona damaged-manifests --layout layout
    refuse 1 "damaged on the way" "$REGISTRY/x:tag"
    run bash -c '"$0" pull -q --tls-verify=false "$1" - >archive' "$CKPTOCI" "$REGISTRY/x:tag"
    [ "$status" -ne 0 ]
}

@test "blobs from another origin are fetched without our credentials" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    registry_start_persona spec --layout layout --option foreign_blobs=true \
        --option foreign_name=localhost --option auth=basic --option creds=user:secret
    pull --creds user:secret "$REGISTRY/x:tag" archive
    [ "$status" -eq 0 ]
    cmp archive "$archive"
    persona_requests | grep ' 307$'
    [ "$(persona_control | jq .foreign_authorizations)" -eq 0 ]
}

@test "an image that is no checkpoint is refused, and the message says what it is" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    edit .
    pull oci:layout:edited archive
    [ "$status" -eq 0 ]
    edit 'del(.annotations)'
    refuse 3 "an image of 1 layer, without any annotation" oci:layout:edited
    edit '.layers += .layers'
    refuse 3 "an image of 2 layers, with annotations" oci:layout:edited
    edit 'del(.annotations) | .artifactType = "application/x"'
    refuse 3 "an artifact of type application/x" oci:layout:edited
    edit '.layers[0].mediaType = "application/pdf"'
    refuse 3 "application/pdf, which is no tar" oci:layout:edited
    edit '.layers[0].mediaType |= sub("zstd"; "gzip")'
    refuse 3 'compression "gzip", and its bytes are "zstd"' oci:layout:edited
    edit '.layers[0].size += 1'
    refuse 1 "bytes instead of" oci:layout:edited
}

@test "a layer that is not what the config says is refused" {
    "$CKPTOCI" convert -q --compression-format none "$archive" oci:layout:tag
    "$CKPTOCI" convert -q --compression-format none "$TEST_DATA/crio-1.36-shop.tar" oci:layout:shop
    config=$(layout_manifest layout shop | jq -c .config)
    edit ".config = $config"
    refuse 3 "the image's config says" oci:layout:edited
    run bash -c '"$0" pull -q oci:layout:edited - >archive' "$CKPTOCI"
    [ "$status" -eq 3 ]
}

@test "of an index, the image for a platform" {
    "$CKPTOCI" convert -q --arch s390x "$archive" oci:layout:tag
    "$CKPTOCI" convert -q --arch arm64 "$TEST_DATA/crio-1.36-shop.tar" oci:layout:shop
    jq -c '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: [.manifests[] | del(.annotations)]
        | (.[0].platform = {os: "linux", architecture: "s390x"})
        | (.[1].platform = {os: "linux", architecture: "arm64", variant: "v8"})}' \
        layout/index.json | tr -d '\n' >both
    digest=$(sha256sum <both | cut -d ' ' -f 1)
    cp both "layout/blobs/sha256/$digest"
    pull --platform linux/arm64 "oci:layout@sha256:$digest" shop
    cmp shop "$TEST_DATA/crio-1.36-shop.tar"
    pull --platform linux/s390x "oci:layout@sha256:$digest" counter
    cmp counter "$archive"
    refuse 1 "but for linux/s390x, linux/arm64/v8; choose one with --platform" \
        --platform linux/riscv64 "oci:layout@sha256:$digest"
    refuse 2 "is not OS/ARCH" --platform arm64 "oci:layout@sha256:$digest"
}

@test "interrupted, nothing is left" {
    "$CKPTOCI" convert -q --compression-format none "$archive" oci:layout:tag
    mkdir out
    registry_start_persona spec --layout layout --fault \
        '{"path": "/blobs/", "status": 503, "times": 100}'
    "$CKPTOCI" pull -q --tls-verify=false "$REGISTRY/x:tag" out/archive 3>&- &
    pid=$!
    wait_for "$pid" grep -q '"status": 503' "$REGISTRY_JOURNAL"
    kill -INT "$pid"
    wait_end "$pid"
    [ "$status" -eq 130 ]
    [ "$(ls -A out)" = "" ]
}

@test "several images in one place have to be told apart" {
    "$CKPTOCI" convert -q "$archive" oci:layout:a oci:layout:b
    refuse 1 "2 images; name one by its tag or digest" oci:layout
    refuse 1 'no image called "c"' oci:layout:c
    refuse 1 "No such file" oci:absent
    refuse 1 "no plain tar file" "oci-archive:$TEST_LIB/image.bash"
}
