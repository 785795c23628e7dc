#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is seen of the work while it goes on.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/wait.bash
    . "$TEST_LIB/wait.bash"
    place_enter
    install -m 600 "$TEST_DATA/crio-1.36-counter.tar" archive.tar # no warning about its mode
    archive=$PWD/archive.tar
    mkfifo archive.fifo
}

# start COMMAND...: in the background, until it reads the pipe, of which it gets half of the archive;
# sets pid
start() {
    "$@" </dev/null >out 2>err 3>&- &
    pid=$!
    exec 5>archive.fifo
    head -c 100000 "$archive" >&5
}

# finish: the other half of the archive; the program has to succeed
finish() {
    tail -c +100001 "$archive" >&5
    exec 5>&-
    wait_end "$pid"
    [ "$status" -eq 0 ]
}

@test "on a terminal there is a bar, and it is wiped at the end" {
    start script -qefc "$CKPTOCI convert archive.fifo oci:image:tag" typescript
    wait_for "$pid" grep -q 'read, .* sent, .*/s' typescript
    finish
    [[ $(tail -c 200 typescript) == *$'\r\033[K'*oci:image:tag@sha256:* ]]
}

@test "on a terminal with --quiet there is none" {
    start script -qefc "$CKPTOCI convert -q archive.fifo oci:image:tag" typescript
    sleep 1
    finish
    grep -q oci:image:tag@sha256: typescript
    run grep -q 'read, .* sent' typescript
    [ "$status" -eq 1 ]
}

@test "off a terminal there is a line every 30 seconds, on standard error" {
    # Here every tenth of a second.
    start env CKPTOCI_PROGRESS_INTERVAL_MS=100 "$CKPTOCI" convert archive.fifo oci:image:tag
    wait_for "$pid" grep -q 'KiB read, .* sent' err
    finish
    [ "$(wc -l <out)" -eq 1 ]
    while IFS= read -r line; do
        [[ $line == "ckptoci: "*B" read, "*" sent, "*/s* ]]
    done <err
}

@test "for a quick run there is nothing to show" {
    run --separate-stderr "$CKPTOCI" convert "$archive" oci:image:tag
    [ "$stderr" = "" ]
    [ "${#lines[@]}" -eq 1 ]
}

# An image with a layer of 3 MiB at a registry, as x:1, of which 1 MiB a second is sent.
begin_with_registry() {
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    "$TEST_LIB/../../scripts/make-archive" --size 3M big.tar 2>/dev/null
    registry_start_persona spec
    "$CKPTOCI" convert -q --compression-format none --tls-verify=false big.tar "$REGISTRY/x:1"
}

# run_shown COMMAND...: off a terminal, with a line every tenth of a second in $stderr
run_shown() {
    run --separate-stderr env CKPTOCI_PROGRESS_INTERVAL_MS=100 "$CKPTOCI" "$@"
    echo "status $status: $stderr"
}

@test "what is cut is told: a line off a terminal, the bar on one; no byte counts twice" {
    begin_with_registry
    cut='{"faults": [{"method": "PATCH", "where": "body", "bytes": 2000000}]}'
    persona_control "$cut"
    run_shown convert --compression-format none --tls-verify=false --retry-delay 10ms \
        --limit-rate 8M big.tar "$REGISTRY/y:1"
    [ "$status" -eq 0 ]
    [ "$(grep -c "^ckptoci: $REGISTRY/y: .*PATCH.*: trying again .* (try 2 of 4)$" \
        <<<"$stderr")" -eq 1 ]
    persona_control "$cut"
    script -qefc "$CKPTOCI convert --compression-format none --tls-verify=false \
        --retry-delay 10ms big.tar $REGISTRY/z:1" typescript </dev/null
    grep -q 'sent, reconnecting' typescript
    run grep -q 'trying again' typescript
    [ "$status" -eq 1 ]
    registry_stop_all
}

@test "with --quiet, too, it is told that something is tried again" {
    begin_with_registry
    persona_control '{"faults": [{"method": "GET", "path": "/manifests/", "status": 503,
                                  "text": "tea break"}]}'
    run_shown pull -q --tls-verify=false --retry-delay 10ms "$REGISTRY/x:1" out.tar
    [ "$status" -eq 0 ]
    [[ $stderr == "ckptoci: $REGISTRY/x: "*GET*503*"tea break"*": trying again in "*" s (try 2 of 4)" ]]
    registry_stop_all
}

@test "pull receives and writes; copy has all that is to be moved as its total" {
    begin_with_registry
    "$CKPTOCI" copy -q --tls-verify=false "$REGISTRY/x:1" oci:lay:1
    run_shown copy --tls-verify=false --limit-rate 4M oci:lay:1 "$REGISTRY/y:1"
    [ "$status" -eq 0 ]
    grep -q '^ckptoci: .*B of 3.0 MiB copied, .*B/s, 0:0[0-9] left$' <<<"$stderr"
    # What is there already is not among it.
    run_shown copy --tls-verify=false --limit-rate 4M oci:lay:1 "$REGISTRY/y:2"
    [ "$status" -eq 0 ]
    [ "$stderr" = "" ]
    persona_control '{"faults": [{"method": "GET", "path": "/blobs/sha256", "nth": 2,
                                  "where": "answer-body", "bytes": 1000000, "do": "stall"}]}'
    CKPTOCI_PROGRESS_INTERVAL_MS=100 "$CKPTOCI" pull --tls-verify=false "$REGISTRY/x:1" out.tar \
        >out 2>err 3>&- &
    pid=$!
    wait_for "$pid" grep -q '^ckptoci: .*B of 3.0 MiB received, .*B written, .*B/s' err
    kill "$pid"
    wait_end "$pid"
    run grep -q sent err
    [ "$status" -eq 1 ]
    registry_stop_all
}
