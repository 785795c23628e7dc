#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The servers that stand for registries and for bad networks, seen by other clients than ckptoci.
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

@test "personas do what is said of the registries they stand for" {
    python3 "$TEST_LIB/../registry/check-personas"
}

@test "skopeo pushes to and pulls from a persona; what it pushed is in the summary" {
    "$CKPTOCI" convert -q "$TEST_DATA/crio-1.36-counter.tar" oci:image:1
    registry_start_persona dockerhub
    skopeo copy -q --preserve-digests --dest-tls-verify=false oci:image:1 "docker://$REGISTRY/x:1"
    skopeo copy -q --preserve-digests --src-tls-verify=false "docker://$REGISTRY/x:1" oci:back:1
    layout_layer back 1 | cmp - "$TEST_DATA/crio-1.36-counter.tar"
    [ "$(persona_control | jq -r '.tags.x["1"]')" = \
        "sha256:$(layout_manifest image 1 | sha256sum | cut -d ' ' -f 1)" ]
    [ "$(persona_control | jq '.open_uploads | length')" -eq 0 ]
    [ "$(persona_control | jq .tokens)" -ge 1 ]
}

@test "a push to a persona whose uploads go to another host sends no Authorization there" {
    registry_start_persona spec --option foreign_uploads=true --option auth=basic \
        --option creds=tester:secret
    "$CKPTOCI" convert -q --tls-verify=false --creds tester:secret \
        "$TEST_DATA/crio-1.36-counter.tar" "$REGISTRY/x:1"
    [ "$(persona_control | jq .foreign_requests)" -ge 2 ]
    [ "$(persona_control | jq .foreign_authorizations)" -eq 0 ]
    [ "$(grep -c '"authorization": true' "$REGISTRY_JOURNAL")" -ge 3 ]
}

@test "the proxy cuts where it is told to, once, and counts" {
    registry_start_plain
    registry_start_proxy --cut-down 50 --cut-up 100000 --refuse 3
    head -c 200000 /dev/zero >body
    run ! curl -sS "http://$REGISTRY/v2/"
    curl -sS -o /dev/null "http://$REGISTRY/v2/"
    run ! curl -sS "http://$REGISTRY/v2/"
    run ! curl -sS -T body "http://$REGISTRY/v2/x/blobs/uploads/0"
    registry_stop_proxy
    [ "$(jq -c '[.connection, .down, .cut]' "$REGISTRY_PROXY_JOURNAL" | head -n 1)" = '[1,50,"down"]' ]
    [ "$(jq -r 'select(.connection == 3).cut' "$REGISTRY_PROXY_JOURNAL")" = refused ]
    [ "$(jq -r 'select(.cut == "up").connection' "$REGISTRY_PROXY_JOURNAL")" = 4 ]
    [ "$(jq -s 'map(.up // 0) | add' "$REGISTRY_PROXY_JOURNAL")" -eq 100000 ]
}

@test "nginx limits bodies, or reads all of them first" {
    head -c 1100000 /dev/zero >body
    registry_start_nginx
    [ "$(patch_with body)" = 413 ]
    registry_start_nginx 0 on
    [ "$(patch_with body)" = 202 ]
    grep -q 'buffered to a temporary file' "$REGISTRY_DIR/nginx-error.log"
    registry_start_nginx 0 off
    [ "$(patch_with body)" = 202 ]
    run ! grep -q 'buffered to a temporary file' "$REGISTRY_DIR/nginx-error.log"
}

# patch_with FILE: the status of a PATCH with that body
patch_with() {
    local location
    location=$(curl -sS -X POST -o /dev/null -w '%header{location}' -H 'Content-Length: 0' \
        "http://$REGISTRY/v2/x/blobs/uploads/")
    curl -sS -X PATCH -o /dev/null -w '%{http_code}' -T "$1" "$location"
}
