#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Answers that registries, and what stands before them, give in other ways than most.
bats_require_minimum_version 1.5.0

setup_file() {
    "$CKPTOCI" convert -q "$TEST_DATA/crio-1.36-counter.tar" "oci:$BATS_FILE_TMPDIR/layout:tag"
}

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/wait.bash
    . "$TEST_LIB/wait.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    layout=$BATS_FILE_TMPDIR/layout
}

teardown() {
    registry_stop_all
}

# copy ARGUMENT...: without TLS, and hardly a wait between tries
copy() {
    run --separate-stderr "$CKPTOCI" copy --tls-verify=false --retry-delay 10ms "$@"
    echo "status $status: $output $stderr"
}

# fault JSON: at $REGISTRY, of all exchanges of that kind
fault() {
    persona_control "{\"faults\": [{\"times\": 1000, $1}]}" >summary
}

@test "where HEAD is not allowed, or tells nothing, the second run moves nothing either" {
    for head in none bare; do
        registry_start_persona spec --option "head=$head" --option immutable_tags=true
        copy "oci:$layout:tag" "$REGISTRY/x:1"
        [ "$status" -eq 0 ]
        sent=$(persona_control | jq .upload_bytes)
        copy "oci:$layout:tag" "$REGISTRY/x:1"
        [ "$status" -eq 0 ]
        [ "$(persona_control | jq .upload_bytes)" -eq "$sent" ]
        copy "oci:$layout:tag" "$REGISTRY/x:2"
        [ "$status" -eq 0 ]
        [ "$(persona_control | jq .upload_bytes)" -eq "$sent" ]
        # Nor is a commit begun again whose answer was lost.
        persona_control '{"faults": [{"method": "PUT", "path": "/uploads/", "where": "answer"}]}'
        copy "oci:$layout:tag" "$REGISTRY/y:1"
        [ "$status" -eq 0 ]
        [ "$(persona_control | jq .upload_bytes)" -eq "$((2 * sent))" ]
    done
}

@test "a web page in the place of an answer is no success" {
    registry_start_persona spec
    page='"status": 200, "page": "<html><title>Please log in</title></html>"'
    for what in '"method": "PUT", "path": "/manifests/"' '"method": "POST"' \
        '"method": "PUT", "path": "/uploads/"'; do
        fault "$what, $page"
        copy "oci:$layout:tag" "$REGISTRY/p$((++number)):1"
        [ "$status" -eq 1 ]
        [[ $stderr == *"200 OK: Please log in"* ]]
    done
    persona_control '{"faults": []}' >summary
    copy "oci:$layout:tag" "$REGISTRY/x:1"
    [ "$status" -eq 0 ]
    for what in manifests blobs; do
        fault "\"path\": \"/$what/\", $page"
        copy "$REGISTRY/x:1" oci:out:1
        [ "$status" -eq 1 ]
        [[ $stderr == *"$REGISTRY gives a web page and no ${what%s}; is it a registry"* ]]
    done
    fault "$page"
    run --separate-stderr "$CKPTOCI" login --tls-verify=false --authfile auth.json -u u \
        --password-stdin "$REGISTRY" <<<p
    [ "$status" -eq 1 ]
    [[ $stderr == *"gives a web page"* ]]
}

@test "a manifest may be taken with another success than 201" {
    registry_start_persona spec
    for code in 200 202; do
        fault "\"method\": \"PUT\", \"path\": \"/manifests/\", \"where\": \"answer\", \"status\": $code"
        copy "oci:$layout:tag" "$REGISTRY/x:$code"
        [ "$status" -eq 0 ]
    done
}

@test "a mount that is refused, or not made, is an upload, of each byte once" {
    registry_start_persona spec --option foreign_uploads=true --option auth=basic
    printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf u:p | base64)" >auth.json
    copy --authfile auth.json "oci:$layout:tag" "$REGISTRY/x:1"
    [ "$status" -eq 0 ]
    sent=$(persona_control | jq .upload_bytes)
    for code in 400 401 403 404 405; do
        fault "\"method\": \"POST\", \"path\": \"[?&]mount=\", \"status\": $code"
        copy --authfile auth.json "$REGISTRY/x:1" "$REGISTRY/m$code:1"
        [ "$status" -eq 0 ]
    done
    # From where nothing can be mounted: 202, whose Location is on the other host.
    persona_control '{"faults": []}' >summary
    copy --authfile auth.json "oci:$layout:tag" "$REGISTRY/z:1"
    [ "$status" -eq 0 ]
    [ "$(persona_control | jq '[.upload_bytes, .foreign_authorizations]' -c)" = "[$((7 * sent)),0]" ]
    [ "$(persona_control | jq '.open_uploads | length')" -eq 0 ]
}

@test "a registry that wants to be left alone for a day is asked again sooner, and that is told" {
    registry_start_persona spec
    fault '"path": "/v2/x/", "status": 503, "retry_after": 86400'
    "$CKPTOCI" copy -q --tls-verify=false "oci:$layout:tag" "$REGISTRY/x:1" 2>err 3>&- &
    pid=$!
    wait_for "$pid" grep -q "warning: $REGISTRY asks to be left alone for 86400 s.*after 900 s" err
    wait_for "$pid" grep -q "503.*: trying again in 900.0 s (try 2 of 4)" err
    kill "$pid"
    wait_end "$pid"
    [ "$status" -eq 130 ]
}

@test "nobody there: the message says where, and how often it was tried" {
    copy --retry-times 2 "oci:$layout:tag" 127.0.0.1:1/x:1
    [ "$status" -eq 1 ]
    [ "$(grep -c ': trying again in ' <<<"$stderr")" -eq 2 ]
    [[ $stderr == *"127.0.0.1"*" 1"*"onnection refused"*"given up after 3 tries"* ]]
}
