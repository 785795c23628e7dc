#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Copying any image between any two places, with every digest as it was.
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

# copy ARGUMENT...: with the usual options; has to succeed
copy() {
    run --separate-stderr "$CKPTOCI" copy -q --tls-verify=false --retry-delay 10ms "$@"
    echo "status $status: $stderr"
    [ "$status" -eq 0 ]
}

# digest_at IMAGE: what skopeo says, from the bytes of the manifest
digest_at() {
    skopeo inspect --raw --tls-verify=false "$1" | sha256sum | sed 's/^/sha256:/; s/ .*//'
}

# add_part FILE: into layout; the members "digest" and "size" of its descriptor
add_part() {
    add_blob "$1" | tr -d '{}\n'
}

# enter MEDIA-TYPE DIGEST-AND-SIZE TAG: into layout's index; without a name if TAG is empty
enter() {
    jq -c --arg tag "$3" --argjson entry "{\"mediaType\":\"$1\",$2}" '.manifests += [$entry
        + if $tag == "" then {} else
            {annotations: {"org.opencontainers.image.ref.name": $tag}} end]' \
        layout/index.json >index.new
    cp index.new layout/index.json
}

manifest_type=application/vnd.oci.image.manifest.v1+json
index_type=application/vnd.oci.image.index.v1+json

# make_layout: three images for three platforms and an index of them, "multi"
make_layout() {
    local arch parts=""
    for arch in amd64 arm64 s390x; do
        "$CKPTOCI" convert -q --compression-format gzip --arch "$arch" "$archive" "oci:layout:$arch"
        parts+=$(jq -c --arg arch "$arch" '.manifests[]
            | select(.annotations["org.opencontainers.image.ref.name"] == $arch)
            | {mediaType, digest, size, platform: {os: "linux", architecture: $arch}}' \
            layout/index.json),
    done
    printf '{"schemaVersion":2,"mediaType":"%s","manifests":[%s]}' "$index_type" "${parts%,}" >multi
    enter "$index_type" "$(add_part multi)" multi
}

# add_referrer SUBJECT-DIGEST-AND-SIZE NOTE: an artifact; its digest and size in $added
add_referrer() {
    local blob config
    echo "$2" >note
    printf '{}' >empty
    blob=$(add_part note)
    config=$(add_part empty)
    printf '{"schemaVersion":2,"mediaType":"%s","artifactType":"application/x-note",
        "config":{"mediaType":"application/vnd.oci.empty.v1+json",%s},
        "layers":[{"mediaType":"text/plain",%s}],"subject":{"mediaType":"%s",%s}}' \
        "$manifest_type" "$config" "$blob" "$manifest_type" "$1" >referrer
    added=$(add_part referrer)
    enter "$manifest_type" "$added" ""
}

# in_layout TAG: its digest and size, as in a descriptor
in_layout() {
    jq -r --arg tag "$1" '.manifests[]
        | select(.annotations["org.opencontainers.image.ref.name"] == $tag)
        | "\"digest\":\"\(.digest)\",\"size\":\(.size)"' layout/index.json
}

@test "from each kind of place to each, images and indexes" {
    registry_start_plain
    make_layout
    for tag in amd64 multi; do
        expected=$(digest_at "oci:layout:$tag")
        copy "oci:layout:$tag" "oci-archive:first-$tag.tar:$tag" "$REGISTRY/first:$tag"
        for source in "oci:layout:$tag" "oci-archive:first-$tag.tar" "docker://$REGISTRY/first:$tag"; do
            rm -rf copied other.tar
            copy "$source" oci:copied:x oci-archive:other.tar:x "$REGISTRY/second:$tag"
            [ "$output" = "oci:copied:x@$expected
oci-archive:other.tar:x@$expected
docker://$REGISTRY/second:$tag@$expected" ]
            for image in oci:copied:x oci-archive:other.tar:x "docker://$REGISTRY/second:$tag"; do
                [ "$(digest_at "$image")" = "$expected" ]
                rm -rf readback
                skopeo copy -q --all --preserve-digests --src-tls-verify=false "$image" oci:readback:x
                assert_layout_sound readback || [ "$tag" = multi ]
            done
            tar -tf other.tar | sort | uniq -d | diff - /dev/null
        done
    done
    [ "$(registry_open_uploads)" = "" ]
}

@test "copying again moves nothing and leaves the tag alone" {
    registry_start_plain
    make_layout
    copy --json oci:layout:multi "$REGISTRY/x:multi"
    [ "$(jq '.destinations[0].moved.blobs' <<<"$output")" -eq 4 ]
    [ "$(jq '.destinations[0].moved.bytes' <<<"$output")" -gt 10000 ]
    puts=$(grep -c 'http.request.method=PUT' "$REGISTRY_DIR/log")
    copy --json oci:layout:multi "$REGISTRY/x:multi"
    [ "$(jq -c '[.destinations[0] | .moved.blobs, .mounted.blobs]' <<<"$output")" = "[0,0]" ]
    [ "$(jq '.destinations[0].skipped.blobs' <<<"$output")" -ge 4 ]
    [ "$(jq -r '.destinations[0].images[0].status' <<<"$output")" = unchanged ]
    [ "$(grep -c 'http.request.method=PUT' "$REGISTRY_DIR/log")" -eq "$puts" ]
    copy oci:layout:multi oci:copied:multi
    find copied -newermt @0 -printf '%p %i %T@\n' | sort >before
    copy --json oci:layout:multi oci:copied:multi
    find copied -newermt @0 -printf '%p %i %T@\n' | sort | diff before -
}

@test "within a registry, blobs are mounted" {
    registry_start_plain
    make_layout
    copy oci:layout:amd64 "$REGISTRY/user/from:1"
    copy --json "$REGISTRY/user/from:1" "$REGISTRY/user/to:1"
    [ "$(jq -c '[.destinations[0] | .moved.blobs, .mounted.blobs]' <<<"$output")" = "[0,2]" ]
    [ "$(digest_at "docker://$REGISTRY/user/to:1")" = "$(digest_at oci:layout:amd64)" ]
    registry_start_token
    copy --creds "$REGISTRY_CREDS" oci:layout:amd64 "$REGISTRY/from:1"
    copy --creds "$REGISTRY_CREDS" "$REGISTRY/from:1" "$REGISTRY/to:1"
    skopeo copy -q --src-creds "$REGISTRY_CREDS" --src-tls-verify=false "docker://$REGISTRY/to:1" \
        oci:readback:x
    [ "$(registry_open_uploads)" = "" ]
}

@test "a docker schema 2 image stays one" {
    registry_start_plain
    make_layout
    skopeo copy -q --dest-tls-verify=false --format v2s2 oci:layout:amd64 "docker://$REGISTRY/v2s2:1"
    expected=$(digest_at "docker://$REGISTRY/v2s2:1")
    copy "$REGISTRY/v2s2:1" "$REGISTRY/copied:1" oci:copied:1
    [ "$(digest_at "docker://$REGISTRY/copied:1")" = "$expected" ]
    [ "$(skopeo inspect --raw --tls-verify=false "docker://$REGISTRY/copied:1" | jq -r .mediaType)" = \
        application/vnd.docker.distribution.manifest.v2+json ]
    copy oci:copied:1 "$REGISTRY/again:1"
    [ "$(digest_at "docker://$REGISTRY/again:1")" = "$expected" ]
}

@test "one platform gives its image, several a sparse index" {
    registry_start_plain
    make_layout
    copy --platform linux/arm64 oci:layout:multi "$REGISTRY/x:arm64" oci:one:x
    [ "$(digest_at "docker://$REGISTRY/x:arm64")" = "$(digest_at oci:layout:arm64)" ]
    [ "$(digest_at oci:one:x)" = "$(digest_at oci:layout:arm64)" ]
    copy --platform linux/arm64 --platform linux/s390x oci:layout:multi oci:two:x
    [ "$(digest_at oci:two:x)" = "$(digest_at oci:layout:multi)" ]
    for arch in amd64 arm64 s390x; do
        digest=$(digest_at "oci:layout:$arch")
        [ "$([ -e "$(blob_path two "$digest")" ] && echo there)" = \
            "$([ $arch = amd64 ] || echo there)" ]
    done
    copy --platform linux/arm64 --all-platforms oci:layout:multi oci:all:x
    [ -e "$(blob_path all "$(digest_at oci:layout:amd64)")" ]
    run --separate-stderr "$CKPTOCI" copy --platform linux/riscv64 oci:layout:multi oci:none:x
    [ "$status" -eq 1 ]
    [[ $stderr == *"no image for linux/riscv64"* ]]
    [ ! -e none ]
}

@test "--all-tags, over several pages" {
    registry_start_plain
    to=$REGISTRY
    make_layout
    registry_start_persona spec --layout layout --option tags_page=1
    copy --all-tags "$REGISTRY/x" "$to/y" oci:copied
    [ "${#lines[@]}" -eq 8 ]
    [ "$(persona_requests | grep -c '/tags/list')" -eq 8 ]
    for tag in amd64 arm64 s390x multi; do
        [ "$(digest_at "docker://$to/y:$tag")" = "$(digest_at "oci:layout:$tag")" ]
        [ "$(digest_at "oci:copied:$tag")" = "$(digest_at "oci:layout:$tag")" ]
    done
    for places in "$REGISTRY/x:1 $to/y" "$REGISTRY/x $to/y:1" "$REGISTRY/x oci:copied:1"; do
        # shellcheck disable=SC2086 # two words
        run "$CKPTOCI" copy --all-tags $places
        [ "$status" -eq 2 ]
    done
}

@test "referrers go along, by the API and by the tag in its place" {
    make_layout
    subject=$(in_layout amd64)
    add_referrer "$subject" "a signature"
    signature=$added
    add_referrer "$signature" "a signature of the signature"
    registry_start_plain # has no referrers API
    to=$REGISTRY
    registry_start_persona spec --layout layout
    copy --referrers "$REGISTRY/x:amd64" "$to/y:amd64" oci:copied:amd64
    for pair in "$subject $signature" "$signature $added"; do
        tag=$(grep -o '[0-9a-f]\{64\}' <<<"${pair% *}")
        digest=$(grep -o 'sha256:[0-9a-f]*' <<<"${pair#* }")
        skopeo inspect --raw --tls-verify=false "docker://$to/y:sha256-$tag" >fallback
        [ "$(jq -r '.manifests | length' fallback)" -eq 1 ]
        [ "$(jq -r '.manifests[0].digest' fallback)" = "$digest" ]
        [ "$(jq -r '.manifests[0].artifactType' fallback)" = application/x-note ]
        [ -e "$(blob_path copied "$digest")" ]
    done
    # And from there, where only the tags tell of them; twice, for one entry each.
    copy --referrers "$to/y:amd64" "$to/z:1" oci:second:1
    copy --referrers oci:copied:amd64 "$to/z:1"
    digest=$(grep -o 'sha256:[0-9a-f]*' <<<"$added")
    [ -e "$(blob_path second "$digest")" ]
    skopeo inspect --raw --tls-verify=false "docker://$to/z@$digest" | cmp - referrer
    tag=$(grep -o '[0-9a-f]\{64\}' <<<"$subject")
    [ "$(skopeo inspect --raw --tls-verify=false "docker://$to/z:sha256-$tag" |
        jq '.manifests | length')" -eq 1 ]
    # Without --referrers they stay.
    copy "$to/y:amd64" oci:alone:x
    [ ! -e "$(blob_path alone "$digest")" ]
}

@test "--dry-run prints what would move and moves nothing" {
    registry_start_plain
    make_layout
    copy --dry-run oci:layout:multi "$REGISTRY/x:1" oci:copied oci-archive:copied.tar
    [ "$(grep -c "^docker://$REGISTRY/x:1 blob sha256:" <<<"$output")" -eq 6 ]
    [ "$(grep -c "^oci:copied manifest sha256:" <<<"$output")" -eq 4 ]
    [ ! -e copied ]
    [ ! -e copied.tar ]
    [ "$(find "$REGISTRY_STORAGE" -type f)" = "" ]
    copy oci:layout:multi "$REGISTRY/x:1"
    copy --dry-run oci:layout:multi "$REGISTRY/x:1"
    [ "$output" = "" ]
}

@test "a destination that fails does not stop the others" {
    registry_start_htpasswd
    closed=$REGISTRY
    registry_start_plain
    make_layout
    echo precious >file
    run --separate-stderr "$CKPTOCI" copy -q --tls-verify=false oci:layout:multi "$closed/x:1" \
        oci:file:1 "$REGISTRY/x:1"
    [ "$status" -eq 4 ]
    [ "$output" = "docker://$REGISTRY/x:1@$(digest_at oci:layout:multi)" ]
    [[ $stderr == *"copy to docker://$closed/x:1: "*"copy to oci:file:1: "* ]]
}

@test "what is damaged does not get a name" {
    registry_start_plain
    to=$REGISTRY
    make_layout
    registry_start_persona damaged --layout layout
    run --separate-stderr "$CKPTOCI" copy -q --tls-verify=false --retry-delay 10ms \
        "$REGISTRY/x:amd64" "$to/y:1" oci:copied:1 oci-archive:copied.tar:1
    [ "$status" -eq 3 ]
    [ "$(grep -c "is damaged" <<<"$stderr")" -eq 3 ]
    [ "$output" = "" ]
    [ ! -e copied/index.json ]
    [ ! -e copied.tar ]
    [ "$(find "$REGISTRY_ROOT" -path '*/_manifests/tags/*')" = "" ]
}

@test "a layer behind another blob, where the registry limits requests" {
    "$CKPTOCI" convert -q --compression-format none "$archive" oci:layout:1
    registry_start_persona quay --option body_limit=100000
    copy --jobs 1 oci:layout:1 "$REGISTRY/x:1"
    [ "$(digest_at "docker://$REGISTRY/x:1")" = "$(digest_at oci:layout:1)" ]
    # From the first byte on, not from where the one before has ended.
    "$CKPTOCI" pull -q --tls-verify=false "$REGISTRY/x:1" back.tar
    cmp back.tar "$archive"
}

@test "a broken connection is taken up while a blob streams through" {
    registry_start_plain
    to=$REGISTRY
    "$CKPTOCI" convert -q --compression-format none "$archive" oci:layout:tag
    registry_start_persona spec --layout layout --fault \
        '{"path": "/blobs/", "where": "answer-body", "bytes": 100000, "times": 1000}'
    copy "$REGISTRY/x:tag" "$to/y:1" oci-archive:copied.tar:1
    [ "$(digest_at "docker://$to/y:1")" = "$(digest_at oci:layout:tag)" ]
    persona_requests | grep 'bytes=100000- 206'
    skopeo copy -q --src-tls-verify=false "docker://$to/y:1" oci:readback:x
    layout_layer readback x | cmp - "$archive"
}
