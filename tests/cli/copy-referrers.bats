#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What refers to an image comes along, however its place keeps that. tests/cli/copy.bats has what
# docker-registry and skopeo say.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/layout.bash
    . "$TEST_LIB/layout.bash"
    # shellcheck source=tests/lib/wait.bash
    . "$TEST_LIB/wait.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    layout_begin
}

teardown() {
    registry_stop_all
}

copy() {
    run --separate-stderr "$CKPTOCI" copy -q --tls-verify=false --retry-delay 10ms "$@"
    echo "status $status: $output $stderr"
}

# add_signed NAME: an index with one image and a signature of the index, "artifact"; the descriptor
# of each in $image, $subject and $signature
add_signed() {
    make_image "$1"
    image=$added
    add_index "[$image]" "$(ref_name "$1")"
    subject=$added
    make_image "signature of $1" ".artifactType = \"application/x-note\" | .subject = $subject"
    signature=$added
}

# stem DESCRIPTOR: sha256-HEX
stem() {
    digest_in "$1" | tr : -
}

# manifest_at REPOSITORY/manifests/REFERENCE: at $REGISTRY
manifest_at() {
    curl -sf "http://$REGISTRY/v2/$1"
}

@test "cosign's images come along from registries and layouts" {
    add_signed v1
    for end in sig att sbom; do
        add_image "$end" "$(ref_name "$(stem "$subject").$end")"
        add_image "$end of the image" "$(ref_name "$(stem "$image").$end")"
    done
    add_image "sig of the sbom" "$(ref_name "$(stem "$added").sig")"
    registry_start_persona spec --layout layout
    from=$REGISTRY
    registry_start_persona spec
    for source in "$from/x:v1" oci:layout:v1; do
        rm -rf out
        copy --referrers "$source" "$REGISTRY/x:v1" oci:out:v1
        [ "$status" -eq 0 ]
        [ "${#lines[@]}" -eq 16 ]
        [ "$(persona_control | jq '.tags.x | length')" -eq 8 ]
        [ "$(jq '.manifests | length' out/index.json)" -eq 8 ]
        persona_control '{"reset": true}' >summary
    done
    copy "$from/x:v1" "$REGISTRY/x:v1"
    [ "${#lines[@]}" -eq 1 ]
}

@test "cosign's images of its images end somewhere" {
    make_image v1
    enter "$added" "$(ref_name v1)"
    for i in 1 2 3 4 5 6 7 8 9; do
        add_image "sig $i" "$(ref_name "$(stem "$added").sig")"
    done
    copy --referrers oci:layout:v1 oci:out:v1
    [ "$status" -eq 1 ]
    [[ $stderr == *"more than 8 indexes or referrers inside each other"* ]]
}

@test "the list under a tag is read in layouts, too" {
    add_signed v1
    add_index "[$signature]" "$(ref_name "$(stem "$subject")")"
    copy --referrers oci:layout:v1 oci:out:v1
    [ "$status" -eq 0 ]
    [ -e "$(blob_path out "$(digest_in "$signature")")" ]
    jq -e --arg digest "$(digest_in "$signature")" \
        '.manifests | map(.digest) | contains([$digest])' out/index.json
}

@test "what takes a tag for a digest has no list there" {
    add_signed v1
    registry_start_persona gitlab --layout layout
    copy --referrers "$REGISTRY/x:v1" oci:out:v1
    [ "$status" -eq 0 ]
    [ "$(jq '.manifests | length' out/index.json)" -eq 1 ]
    enter "$signature"
    copy --referrers oci:layout:v1 "$REGISTRY/y:v1"
    [ "$status" -eq 0 ]
    manifest_at "y/manifests/$(stem "$subject")" >list
    [ "$(jq -c '[.manifests[].digest]' list)" = "[\"$(digest_in "$signature")\"]" ]
    copy --referrers "$REGISTRY/y:v1" oci:back:v1
    [ "$status" -eq 0 ]
    [ -e "$(blob_path back "$(digest_in "$signature")")" ]
}

@test "registries without the API say so in many ways" {
    add_signed v1
    enter "$signature"
    add_index "[$signature]" "$(ref_name "$(stem "$subject")")"
    registry_start_persona spec --layout layout
    for answer in '"status": 400' '"status": 406' '"status": 501' \
        '"status": 200, "page": "<!DOCTYPE html><title>Projects</title>"'; do
        persona_control "{\"faults\": [{\"path\": \"/referrers/\", \"times\": 1000, $answer}]}" \
            >summary
        rm -rf out
        copy --referrers "$REGISTRY/x:v1" oci:out:v1
        [ "$status" -eq 0 ]
        [ -e "$(blob_path out "$(digest_in "$signature")")" ]
    done
    # It has one, and does not tell.
    persona_control '{"faults": [{"path": "/referrers/", "times": 1000, "status": 403}]}' >summary
    copy --referrers "$REGISTRY/x:v1" oci:none:v1
    [ "$status" -eq 4 ]
    [[ $stderr == *"list the referrers of"*403* ]]
}

@test "long lists, in pages and in one" {
    add_signed v1
    head -c 2000000 /dev/zero | tr '\0' x >note
    for i in 1 2 3; do
        jq -c --rawfile note note --arg i "$i" '.annotations = {note: ($i + $note)}' \
            "$(blob_path layout "$(digest_in "$signature")")" >referrer
        enter "$(describe referrer "$manifest_type")"
    done
    registry_start_persona spec --layout layout
    for page in null 1 2; do
        persona_control "{\"options\": {\"referrers_page\": $page}}" >summary
        rm -rf out
        copy --referrers "$REGISTRY/x:v1" oci:out:v1
        [ "$status" -eq 0 ]
        [ "$(jq '.manifests | length' out/index.json)" -eq 4 ]
    done
}

# has_put NUMBER: so many manifests were put
has_put() {
    [ "$(grep -c '"method": "PUT", "path": "/v2/x/manifests/' "$REGISTRY_JOURNAL")" -ge "$1" ]
}

@test "after an interruption nothing is moved twice" {
    for name in one two three; do
        add_signed "$name"
        enter "$signature"
    done
    for referrers in true false; do
        registry_start_persona spec --option "referrers=$referrers" --fault \
            '{"method": "PUT", "path": "/manifests/", "nth": 6, "do": "hold"}'
        "$CKPTOCI" copy -q --all-tags --referrers --tls-verify=false oci:layout "$REGISTRY/x" \
            >out 2>err 3>&- &
        pid=$!
        wait_for "$pid" has_put 5
        kill "$pid"
        persona_control '{"release": true}' >summary
        wait_end "$pid"
        [ "$status" -eq 130 ]
        copy --all-tags --referrers oci:layout "$REGISTRY/x"
        [ "$status" -eq 0 ]
        # Each blob is there once, and so it was sent.
        persona_control >summary
        [ "$(jq '.upload_bytes' summary)" -eq "$(jq '[.blobs[]] | add' summary)" ]
        [ "$(jq '.open_uploads | length' summary)" -eq 0 ]
        copy --all-tags --referrers oci:layout "$REGISTRY/x"
        [ "$status" -eq 0 ]
        [ "$(persona_control | jq .upload_bytes)" -eq "$(jq .upload_bytes summary)" ]
    done
}

@test "copies side by side do not disturb each other" {
    for name in one two three; do
        add_signed "$name"
        enter "$signature"
    done
    registry_start_persona distribution
    pids=()
    for number in 1 2 3; do
        "$CKPTOCI" copy -q --all-tags --referrers --tls-verify=false oci:layout "$REGISTRY/x" \
            >"out$number" 2>"err$number" 3>&- &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait_end "$pid"
        [ "$status" -eq 0 ]
    done
    [ "$(cat out? | sort | uniq -c | awk '{print $1}' | sort -u)" -eq 3 ]
    [ "$(persona_control | jq '.open_uploads | length')" -eq 0 ]
    "$CKPTOCI" copy -q --all-tags --referrers --tls-verify=false "$REGISTRY/x" oci:back
    [ "$(comm -23 <(ls layout/blobs/sha256) <(ls back/blobs/sha256))" = "" ]
}

@test "an entry that somebody else has written over is put into the list again" {
    add_signed one
    enter "$signature"
    registry_start_persona distribution --fault \
        '{"method": "PUT", "path": "/manifests/sha256-", "where": "before", "status": 201}'
    copy --referrers oci:layout:one "$REGISTRY/x:1"
    [ "$status" -eq 0 ]
    manifest_at "x/manifests/$(stem "$subject")" | jq -e '.manifests | length == 1'
}
