#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A machine that is about to be taken away: what is on its way is brought to its end, as fast as the
# line allows. And the opposite: a line that others need as well.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/image.bash
    . "$TEST_LIB/image.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    install -m 600 "$TEST_DATA/crio-1.36-shop.tar" archive.tar
    size=$(stat -c %s archive.tar)
}

teardown() {
    registry_stop_all
}

push() {
    "$CKPTOCI" convert -q --tls-verify=false "$@" "$REGISTRY/x:1"
}

# start_push OPTION...: in the background, until the upload has begun; sets pid. The archive comes
# from a pipe with half of it, open as 5, so that the push lasts as long as the test wants.
start_push() {
    rm -f archive.fifo
    mkfifo archive.fifo
    # A shell lets its background jobs ignore SIGINT; env gives it back.
    env --default-signal=INT "$CKPTOCI" convert -q --tls-verify=false "$@" archive.fifo \
        "$REGISTRY/x:1" >out 2>err 3>&- &
    pid=$!
    exec 5>archive.fifo
    head -c 200000 archive.tar >&5
    wait_for "$pid" registry_has_upload
}

# finish STATUS
finish() {
    local status
    wait_end "$pid"
    exec 5>&-
    cat err
    [ "$status" -eq "$1" ]
}

@test "--limit-rate: no more bytes a second, to all registries together" {
    registry_start_persona spec
    first=$REGISTRY
    registry_start_persona spec
    begin=$(date +%s%3N)
    push --compression-format none --limit-rate 1M archive.tar "$first/x:1"
    ms=$(($(date +%s%3N) - begin))
    # But for the first tenth of a second.
    [ "$ms" -ge $((2 * size * 1000 / (1 << 20) - 100)) ]
    [ "$(persona_control | jq .upload_bytes)" -ge "$size" ]
    "$CKPTOCI" copy -q --tls-verify=false "$REGISTRY/x:1" oci:layout:1
    begin=$(date +%s%3N)
    "$CKPTOCI" copy -q --tls-verify=false --limit-rate 1M oci:layout:1 "$REGISTRY/y:1"
    [ $(($(date +%s%3N) - begin)) -ge $((size * 1000 / (1 << 20) - 100)) ]
}

@test "--deadline: SIGTERM lets the upload come to its end" {
    registry_start_plain
    start_push --deadline 3600
    kill -TERM "$pid"
    wait_for "$pid" grep -q 'going on until the deadline' err
    tail -c +200001 archive.tar >&5
    exec 5>&-
    finish 0
    "$CKPTOCI" pull -q --tls-verify=false "$REGISTRY/x:1" back.tar
    cmp archive.tar back.tar
}

@test "--deadline: another signal, SIGINT, or the deadline itself interrupt" {
    registry_start_plain
    start_push --deadline 3600
    kill -TERM "$pid"
    wait_for "$pid" grep -q 'going on' err
    kill -TERM "$pid"
    finish 130
    start_push --deadline 3600
    kill -INT "$pid"
    finish 130
    start_push --deadline 1
    kill -TERM "$pid"
    finish 130
    [ "$(registry_open_uploads)" = "" ]
    run ! push --compression-format none archive.tar --deadline 0
}

@test "--deadline: compresses as hard as the line is slow, and what is there is known again" {
    scripts=$TEST_LIB/../../scripts
    # More than the pipeline holds of one worker; and a line so slow that compressing is the faster
    # part on the busiest machine.
    "$scripts/make-archive" --size 12M large.tar 2>/dev/null
    registry_start_persona distribution
    persona_control '{"faults": [{"method": "PATCH", "where": "body", "bytes": 3000000}]}'
    push --jobs 1 --retry-delay 10ms --deadline 3600 --limit-rate 1M --json large.tar >slow.json
    "$CKPTOCI" pull -q --tls-verify=false "$REGISTRY/x:1" back.tar
    cmp large.tar back.tar
    push --deadline 3600 --json large.tar >again.json
    [ "$(jq -r '.images[0].status' again.json)" = unchanged ]
    "$CKPTOCI" convert -q --json large.tar oci:image:1 >default.json
    [ "$(jq .layer.size slow.json)" -lt "$(jq .layer.size default.json)" ]
    # Who asks for a level gets it.
    "$CKPTOCI" convert -q --json --deadline 3600 --compression-level 1 large.tar oci:image:1 >level.json
    [ "$(jq .layer.digest level.json)" = "$(jq .layer.digest default.json)" ]
}

@test "--deadline: a run that took longer says so" {
    mkfifo slow
    { head -c 100000 archive.tar; sleep 1; tail -c +100001 archive.tar; } >slow 3>&- &
    run --separate-stderr "$CKPTOCI" convert -q --deadline 1 slow oci:image:1
    [ "$status" -eq 0 ]
    [[ $stderr =~ took\ [1-9][0-9]*\.[0-9]+\ s,\ more\ than\ the\ 1\ s\ until\ the\ deadline ]]
}
