#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Copying all tags: what names become, and what becomes of the others where one cannot be copied.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/layout.bash
    . "$TEST_LIB/layout.bash"
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

# tags_at: of the persona's repository x
tags_at() {
    curl -sf "http://$REGISTRY/v2/x/tags/list" | jq -r '.tags | join(" ")'
}

bad=../../../prod/app/manifests/latest

@test "a name that is no tag is told, and nobody is asked for it" {
    add_image one "$(ref_name v1)"
    registry_start_persona spec --layout layout --option "more_tags=[\"$bad\"]"
    source=$REGISTRY journal=$REGISTRY_JOURNAL
    add_image two "$(ref_name "$bad")"
    tar -C layout -cf lay.tar .
    registry_start_persona spec
    for from in "$source/x" oci:layout oci-archive:lay.tar; do
        copy --all-tags "$from" "$REGISTRY/x" oci:out
        [ "$status" -eq 1 ]
        [ "${#lines[@]}" -eq 2 ]
        [[ $stderr == *"tag $bad: "*"1 of 2 tags could not be copied"* ]]
    done
    [ "$(tags_at)" = v1 ]
    ! grep -q prod "$REGISTRY_JOURNAL" "$journal"
}

@test "a full name gives its tag, and keeps its name in a layout" {
    add_image one "$(ref_name registry.example/team/app:1.0)"
    add_image two '{"io.containerd.image.name": "docker.io/library/app:2.0"}'
    add_image three "$(ref_name latest docker.io/library/app:latest)"
    registry_start_persona spec
    copy --all-tags oci:layout "$REGISTRY/x" oci:out
    [ "$status" -eq 0 ]
    [ "$(tags_at)" = "1.0 2.0 latest" ]
    [ "$(jq -r '[.manifests[].annotations["org.opencontainers.image.ref.name"]] | join(" ")' \
        out/index.json)" = "registry.example/team/app:1.0 docker.io/library/app:2.0 latest" ]
    copy oci:layout:docker.io/library/app:2.0 oci:out:two
    [ "$status" -eq 0 ]
    [[ $output == *"@$(jq -r '.manifests[1].digest' layout/index.json)" ]]
}

@test "a name for two images is an error, unless a full name tells them apart" {
    add_image one "$(ref_name v1 docker.io/a/app:1)"
    add_image two "$(ref_name v1 docker.io/a/app:2)"
    add_image three "$(ref_name v3)"
    add_image four "$(ref_name v3)"
    add_image five "$(ref_name r.example/app:v5)"
    add_image six "$(ref_name s.example/app:v5)"
    add_image six "$(ref_name s.example/app:v6)"
    add_image six "$(ref_name v6)"
    registry_start_persona spec
    copy --all-tags oci:layout "$REGISTRY/x"
    [ "$status" -eq 1 ]
    [ "$(tags_at)" = "1 2 v6" ]
    [[ $stderr == *'several images called "v3"'* ]]
    [[ $stderr == *"r.example/app:v5"*"s.example/app:v5"*"different images"* ]]
    copy oci:layout:v1 oci:out:v1
    [ "$status" -eq 1 ]
    copy oci:layout:docker.io/a/app:2 oci:out:v1
    [ "$status" -eq 0 ]
    # Nor is it taken from both of them, for an image that comes.
    cp layout/index.json before
    copy oci:out:v1 oci:layout:v1
    [ "$status" -eq 1 ]
    [[ $stderr == *'several images in it are called "v1"'* ]]
    cmp before layout/index.json
}

@test "images without a name are counted" {
    add_image one "$(ref_name v1)"
    add_image two
    copy --all-tags oci:layout oci:out
    [ "$status" -eq 0 ]
    [[ $stderr == *"oci:layout: 1 of its manifests have no name"* ]]
    layout_begin
    add_image two
    copy --all-tags oci:layout oci:none
    [ "$status" -eq 1 ]
    [[ $stderr == *"no tags, and 1 images without a name"* ]]
}

@test "one tag that cannot be copied does not keep the others" {
    for tag in t1 t3 t2; do
        add_image "$tag" "$(ref_name $tag)"
    done
    # The layer of t2, the last one, breaks off again and again.
    registry_start_persona spec --layout layout --option 'more_tags=["gone"]' --fault \
        "{\"path\": \"/blobs/$layer\", \"where\": \"answer-body\", \"times\": 1000}"
    from=$REGISTRY
    registry_start_persona spec
    copy --all-tags --jobs 1 --retry-times 1 "$from/x" "$REGISTRY/x" oci:out oci-archive:out.tar
    [ "$status" -eq 1 ]
    [ "$(tags_at)" = "t1 t3" ]
    [ "$(cut -d @ -f 1 <<<"$output" | tr '\n' ' ')" = "docker://$REGISTRY/x:t1 docker://$REGISTRY/x:t3 \
oci:out:t1 oci:out:t3 oci-archive:out.tar:t1 oci-archive:out.tar:t3 " ]
    [ "$(grep -c 'tag gone: get manifest gone: .*404' <<<"$stderr")" -eq 3 ]
    [ "$(grep -c 'tag t2: blob ' <<<"$stderr")" -eq 3 ]
    [ "$(grep -c ': 2 of 4 tags could not be copied' <<<"$stderr")" -eq 3 ]
    [[ $stderr != *:latest* ]]
    tar -tf out.tar >/dev/null
    copy --all-tags oci-archive:out.tar oci:back
    [ "$status" -eq 0 ]
    cmp <(jq -S '[.manifests[].digest]' back/index.json) <(jq -S '[.manifests[].digest]' out/index.json)
    # What an upload has got of the broken one is nobody's.
    [ "$(persona_control '{}' | jq '.open_uploads | length')" -eq 0 ]
    copy --all-tags --fail-fast --retry-times 1 "$from/x" "$REGISTRY/y" oci-archive:fast.tar
    [ "$status" -eq 1 ]
    [ "$(grep -c 'tag gone:' <<<"$stderr")" -eq 2 ]
    [ "$output" = "" ]
    [ ! -e fast.tar ]
    copy --json --all-tags --retry-times 0 "$from/x" oci:json
    [ "$(jq -c '.destinations[0] | [[.failed[].tag], [.images[].status]]' <<<"$output")" = \
        '[["gone","t2"],["copied","copied"]]' ]
}

@test "tags that a layout cannot hold are named" {
    add_image one "$(ref_name v1)"
    registry_start_persona spec --layout layout
    for tag in _x a..b 1.0-; do
        curl -sf "http://$REGISTRY/v2/x/manifests/v1" -H "Accept: $manifest_type" |
            curl -sf -X PUT --data-binary @- -H "Content-Type: $manifest_type" \
                "http://$REGISTRY/v2/x/manifests/$tag"
    done
    copy --all-tags "$REGISTRY/x" oci:out
    [ "$status" -eq 1 ]
    [ "$output" = "oci:out:v1@$(jq -r '.manifests[0].digest' layout/index.json)" ]
    for tag in _x a..b 1.0-; do
        [[ $stderr == *"tag $tag: a tag in an image layout"* ]]
    done
    copy --all-tags "$REGISTRY/x" "$REGISTRY/y"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 4 ]
}

@test "a list that goes in a circle is no list" {
    add_image one "$(ref_name v1)"
    add_image two "$(ref_name v2)"
    registry_start_persona spec --layout layout --option tags_page=1 --option tags_circle=true
    copy --all-tags "$REGISTRY/x" oci:out
    [ "$status" -eq 1 ]
    [[ $stderr == *"goes in a circle"* ]]
    [ ! -e out ]
}
