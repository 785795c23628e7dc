#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Uploads over bad networks and to registries that are busy; what the sweep does not cover: pipes,
# limits of a real proxy, waiting, and what a failure says.
bats_require_minimum_version 1.5.0

setup_file() {
    "$TEST_LIB/../../scripts/make-archive" --size 8M "$BATS_FILE_TMPDIR/archive.tar" 2>/dev/null
}

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/image.bash
    . "$TEST_LIB/image.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    archive=$BATS_FILE_TMPDIR/archive.tar
}

teardown() {
    registry_stop_all
}

# push ARCHIVE [OPTION...]: uncompressed, so that what is sent is as much as the archive has
push() {
    local from=$1
    shift
    run --separate-stderr timeout "$WAIT_S" "$CKPTOCI" convert -q --tls-verify=false \
        --compression-format none --retry-delay 10ms "$@" "$from" "$REGISTRY/x:1"
    echo "status $status: $stderr"
}

assert_pushed() {
    [ "$status" -eq 0 ]
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/x:1" oci:readback:1
    layout_layer readback 1 | cmp - "$archive"
}

# cut_layer BYTES...: faults that cut the layer's requests after so many bytes of each
cut_layer() {
    local bytes
    for bytes in "$@"; do
        printf '{"method": "PATCH", "where": "body", "bytes": %d}\n' "$bytes"
    done | jq -cs '{faults: .}'
}

@test "a file: only what the registry does not have is sent again" {
    registry_start_persona distribution
    persona_control "$(cut_layer 7000000 1000000 100)"
    push "$archive"
    assert_pushed
    sent=$(persona_control | jq .upload_bytes)
    [ "$sent" -ge "$(stat -c %s "$archive")" ]
    # The two documents, and no byte of the layer twice.
    [ "$sent" -lt "$(($(stat -c %s "$archive") + 4096))" ]
}

@test "standard input: what is in the window is sent again" {
    registry_start_persona distribution
    persona_control "$(cut_layer 7000000 1000000)"
    push - < <(cat "$archive")
    assert_pushed
}

@test "standard input: a window that is too small is said to be so" {
    registry_start_persona zot # forgets an upload that is cut
    persona_control "$(cut_layer 7000000)"
    push - --window 1M < <(cat "$archive")
    [ "$status" -eq 1 ]
    [[ $stderr == *"standard input"*"--window"* ]]
    [ "$(persona_control | jq '.open_uploads | length')" -eq 0 ]
    persona_control '{"reset": true}'
    persona_control "$(cut_layer 7000000)"
    push - --window 16M < <(cat "$archive")
    assert_pushed
}

@test "a proxy that limits requests: found out, or told" {
    registry_start_nginx 1m
    push "$archive"
    assert_pushed
    registry_start_nginx 1m
    push "$archive" --chunk-size 512K
    assert_pushed
}

@test "a real registry behind a proxy that buffers goes on where it was cut" {
    registry_start_nginx 0 on
    storage=$REGISTRY_STORAGE
    registry_start_proxy --cut-up 3000000,5000000,7000000
    push "$archive" --chunk-size 1M
    assert_pushed
    REGISTRY_STORAGE=$storage
    [ "$(registry_open_uploads)" = "" ]
    registry_stop_proxy
    sent=$(jq -s 'map(.up // 0) | add' "$REGISTRY_PROXY_JOURNAL")
    [ "$(jq -s 'map(select(.cut == "up")) | length' "$REGISTRY_PROXY_JOURNAL")" -eq 3 ]
    # Each cut costs no more than its request.
    [ "$sent" -lt "$(($(stat -c %s "$archive") + 3 * (1 << 20) + 100000))" ]
}

@test "a lost answer to the commit is not a lost upload" {
    registry_start_persona spec
    persona_control '{"faults": [{"method": "PUT", "where": "answer"}]}'
    push "$archive"
    assert_pushed
    [ "$(persona_control | jq .upload_bytes)" -lt "$(($(stat -c %s "$archive") + 4096))" ]
}

@test "Retry-After is waited for, in seconds and as a date" {
    for after in 1 '{"date": 2}'; do
        registry_start_persona spec --fault \
            "{\"method\": \"POST\", \"status\": 503, \"retry_after\": $after}"
        begin=$(date +%s%3N)
        push "$archive"
        [ $(($(date +%s%3N) - begin)) -ge 1000 ]
        assert_pushed
        [ "$(grep -c '"status": 503' "$REGISTRY_JOURNAL")" -eq 1 ]
    done
}

@test "Retry-After is waited for by who reads a blob, too" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    for status in 429 503; do
        registry_start_persona spec --layout layout --fault \
            "{\"method\": \"GET\", \"path\": \"/blobs/\", \"status\": $status, \"retry_after\": 1}"
        begin=$(date +%s%3N)
        "$CKPTOCI" copy -q --tls-verify=false --retry-delay 1ms "$REGISTRY/x:tag" oci:back:tag
        [ $(($(date +%s%3N) - begin)) -ge 1000 ]
        [ "$(grep -c "\"status\": $status" "$REGISTRY_JOURNAL")" -eq 1 ]
        rm -r back
    done
}

@test "a registry that does not listen yet is tried as often as any" {
    run --separate-stderr "$CKPTOCI" convert -q --retry-times 2 --retry-delay 1ms "$archive" \
        127.0.0.1:1/x:1
    [ "$status" -eq 1 ]
    [[ $stderr == *"Connection refused"*"given up after 3 tries"* ]]
}

@test "a kept connection that ends under a manifest costs no try" {
    registry_start_persona spec --fault '{"method": "PUT", "path": "/manifests/"}'
    push "$archive" --retry-times 0
    assert_pushed
    persona_control '{"reset": true, "faults": [{"method": "PUT", "path": "/manifests/", "times": 2}]}'
    push "$archive" --retry-times 0
    [ "$status" -eq 1 ]
    [[ $stderr == *"no answer to PUT"* ]]
}

@test "a body that stalls is given up, in either direction" {
    # Near the end: our system has swallowed the rest, which does not count as sent.
    registry_start_persona spec
    persona_control '{"faults": [{"method": "PATCH", "where": "body", "bytes": 7000000,
        "do": "stall"}, {"method": "POST", "nth": 2, "where": "answer", "do": "stall"}]}'
    push "$archive" --stall-timeout 1s
    assert_pushed
}

@test "an answer that is cut among its headers is no answer" {
    registry_start_persona spec
    persona_control '{"faults": [{"method": "POST", "where": "answer", "bytes": 62}]}'
    push "$archive"
    assert_pushed
}

@test "a final failure says who failed, at which request, after how many tries" {
    registry_start_persona spec --fault '{"method": "POST", "status": 503, "times": 100}'
    push "$archive" --retry-times 2
    [ "$status" -eq 1 ]
    [[ $stderr == *"the registry answered POST with: 503 Service Unavailable"*"3 tries"* ]]
    persona_control '{"reset": true, "faults": [{"method": "POST", "times": 100}]}'
    push "$archive" --retry-times 2
    [ "$status" -eq 1 ]
    [[ $stderr == *"no answer to POST: http://$REGISTRY: "*"3 tries"* ]]
    persona_control '{"reset": true, "faults": [{"method": "PATCH", "times": 100}]}'
    push "$archive" --retry-times 2
    [ "$status" -eq 1 ]
    [[ $stderr == *"upload layer, from byte "*"no answer to PATCH"*"3 tries"* ]]
}

@test "as long as something gets through, it goes on" {
    registry_start_persona distribution --fault \
        '{"method": "PATCH", "where": "body", "bytes": 1000000, "times": 6}'
    push "$archive" --retry-times 1
    assert_pushed
}

@test "no retries when none are wanted" {
    registry_start_persona spec --fault '{"method": "POST", "status": 503}'
    push "$archive" --retry-times 0
    [ "$status" -eq 1 ]
    [[ $stderr == *"503"* ]]
    [[ $stderr != *"tries"* ]]
}

@test "interrupted while it waits for the next try" {
    registry_start_persona spec --fault '{"method": "POST", "status": 503, "times": 100}'
    "$CKPTOCI" convert -q --tls-verify=false --retry-delay 1h "$archive" "$REGISTRY/x:1" 2>stderr 3>&- &
    pid=$!
    wait_for "$pid" grep -q '"status": 503' "$REGISTRY_JOURNAL"
    kill -TERM "$pid"
    wait_end "$pid"
    [ "$status" -eq 130 ]
}
