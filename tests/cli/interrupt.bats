#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Stopped in the middle, or out of space: a clear message, its exit status, and nothing left.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/image.bash
    . "$TEST_LIB/image.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    archive=$TEST_DATA/crio-1.36-shop.tar
}

teardown() {
    registry_stop_all
}

# start DESTINATION...: converts a pipe that stays open behind half of the archive; sets pid
start() {
    mkfifo archive.fifo
    "$CKPTOCI" convert -q --tls-verify=false --compression-format none archive.fifo "$@" \
        >out 2>err 3>&- &
    pid=$!
    exec 5>archive.fifo
    head -c 300000 "$archive" >&5
}

# finish STATUS TEXT
finish() {
    local status
    wait_end "$pid"
    exec 5>&-
    cat err
    [ "$status" -eq "$1" ]
    [[ $(cat err) == *"$2"* ]]
    [ ! -s out ]
}

@test "SIGINT, SIGTERM and SIGHUP: exit status 130, nothing left" {
    for signal in INT TERM HUP; do
        # A shell lets its background jobs ignore SIGINT; env gives it back.
        mkfifo archive.fifo
        env --default-signal=INT "$CKPTOCI" convert -q archive.fifo oci:new/image:tag \
            oci-archive:image.tar >out 2>err 3>&- &
        pid=$!
        exec 5>archive.fifo
        head -c 300000 "$archive" >&5
        wait_for "$pid" has_begun
        kill -$signal "$pid"
        finish 130 interrupted
        [ ! -e new ]
        [ ! -e image.tar ]
        rm archive.fifo
    done
}

@test "a signal that was ignored before stays ignored" {
    install -m 600 "$archive" archive.tar
    mkfifo archive.fifo
    (trap '' HUP INT TERM && exec "$CKPTOCI" convert -q archive.fifo oci:image:1 >out 2>err 3>&-) &
    pid=$!
    exec 5>archive.fifo
    head -c 300000 archive.tar >&5
    wait_for "$pid" test -d image
    kill -HUP "$pid"
    kill -INT "$pid"
    kill -TERM "$pid"
    tail -c +300001 archive.tar >&5
    exec 5>&-
    wait "$pid"
    [[ $(<out) == oci:image:1@* ]]
}

# leaves_hup COMMAND...: until TEST, in the array `until`, then SIGHUP must neither be blocked, so that
# somebody waits for it, nor end the process
leaves_hup() {
    (trap '' HUP && exec "$CKPTOCI" "$@" >out 2>err 3>&-) &
    pid=$!
    wait_for "$pid" "${until[@]}"
    [ $((0x$(sed -n 's/^SigBlk:\t//p' "/proc/$pid/status") & 1)) -eq 0 ]
    [ $((0x$(sed -n 's/^SigIgn:\t//p' "/proc/$pid/status") & 1)) -eq 1 ]
    kill -HUP "$pid"
    kill -TERM "$pid"
    wait_end "$pid"
}

@test "nohup works for each command that goes on for long" {
    "$CKPTOCI" convert -q "$archive" oci:layout:1
    mkdir dir
    until=(grep -q '"started"' out)
    leaves_hup watch --state-dir state dir 'oci:image:{time}'
    grep -q '"stopped"' out
    for command in pull copy; do
        registry_start_persona spec --layout layout --fault \
            '{"path": "/blobs/", "status": 503, "times": 100}'
        until=(grep -q '"status": 503' "$REGISTRY_JOURNAL")
        leaves_hup $command -q --tls-verify=false "$REGISTRY/x:1" "oci:$command"
        [ "$status" -eq 130 ]
    done
}

@test "interrupted, --json says so" {
    mkfifo archive.fifo
    "$CKPTOCI" convert -q --json archive.fifo oci:new:tag >out 2>err 3>&- &
    pid=$!
    exec 5>archive.fifo
    head -c 300000 "$archive" >&5
    wait_for "$pid" test -d new
    kill -TERM "$pid"
    wait_end "$pid"
    exec 5>&-
    [ "$(jq -c '[.exit_status, .images]' out)" = "[130,[]]" ]
    [[ $(jq -r .error out) == *interrupted* ]]
}

@test "interrupted while uploading: the registry is left without the upload" {
    registry_start_plain
    start "$REGISTRY/x:1"
    wait_for "$pid" registry_has_upload
    kill -TERM "$pid"
    finish 130 interrupted
    [ "$(registry_open_uploads)" = "" ]
    [ "$(find "$REGISTRY_STORAGE" -name data)" = "" ]
}

@test "interrupted before the registry has said where the upload is: it is closed all the same" {
    install -m 600 "$archive" archive.tar
    "$CKPTOCI" convert -q archive.tar oci:layout:1
    for command in "convert -q archive.tar" "copy -q oci:layout:1"; do
        registry_start_persona distribution --fault \
            '{"method": "POST", "where": "answer", "do": "hold", "times": 9}'
        # shellcheck disable=SC2086 # two arguments or three
        env --default-signal=INT "$CKPTOCI" $command --tls-verify=false "$REGISTRY/x:1" \
            >out 2>err 3>&- &
        pid=$!
        wait_for "$pid" registry_holds
        kill -INT "$pid"
        persona_control '{"release": true}'
        finish 130 interrupted
        [ "$(persona_control | jq '.uploads_started')" -ge 1 ]
        [ "$(persona_control | jq -c .open_uploads)" = "[]" ]
    done
}

@test "interrupted while an existing layout is written: it stays as it was" {
    "$CKPTOCI" convert -q "$TEST_DATA/crio-1.36-counter.tar" oci:image:tag
    before=$(find image | sort | xargs -d '\n' stat -c '%n %Y %s')
    start oci:image:tag
    wait_for "$pid" has_begun
    kill -TERM "$pid"
    finish 130 interrupted
    [ "$before" = "$(find image | sort | xargs -d '\n' stat -c '%n %Y %s')" ]
}

# registry_holds: an upload has begun, and its answer is held
registry_holds() {
    [ "$(persona_control | jq '.uploads_started // 0')" -ge 1 ]
}

# has_begun: the program has a file open that is going to be the image, with a hidden name or none
has_begun() {
    [ "$(find "/proc/$pid/fd" -lname '*/#* (deleted)' -o -lname '*/.ckptoci-*')" != "" ]
}

@test "a full disk: a clear message, nothing left" {
    unshare -rm true 2>/dev/null || skip "no user namespaces"
    mkdir small
    # shellcheck disable=SC2016 # for the inner shell
    run unshare -rm bash -c '
        mount -t tmpfs -o size=256k none small &&
            "$0" convert -q --compression-format none "$1" oci:small/image:tag
        status=$?
        find small -mindepth 1
        exit $status' "$CKPTOCI" "$archive"
    [ "$status" -eq 1 ]
    [[ $output == *"push to oci:small/image:tag: "*"No space left on device"* ]]
    [[ $output == *"free some space"* ]]
    [ "${#lines[@]}" -eq 1 ]
}

@test "a full disk under an archive file" {
    unshare -rm true 2>/dev/null || skip "no user namespaces"
    mkdir small
    # shellcheck disable=SC2016 # for the inner shell
    run unshare -rm bash -c '
        mount -t tmpfs -o size=256k none small &&
            "$0" convert -q --compression-format none "$1" oci-archive:small/image.tar
        status=$?
        find small -mindepth 1
        exit $status' "$CKPTOCI" "$archive"
    [ "$status" -eq 1 ]
    [[ $output == *"No space left on device"* ]]
    [ "${#lines[@]}" -eq 1 ]
}

@test "a file size limit is an error like a full disk, not a crash" {
    run bash -c 'ulimit -f 100; "$0" convert -q --compression-format none "$1" oci:image:tag' \
        "$CKPTOCI" "$archive"
    [ "$status" -eq 1 ]
    [[ $output == *"File too large"* ]]
    [ ! -e image ]
}

@test "a full disk at one destination does not stop the other" {
    unshare -rm true 2>/dev/null || skip "no user namespaces"
    mkdir small
    # shellcheck disable=SC2016 # for the inner shell
    run unshare -rm bash -c '
        mount -t tmpfs -o size=256k none small &&
            "$0" convert -q --compression-format none "$1" oci:small/image:tag oci:image:tag' \
        "$CKPTOCI" "$archive"
    [ "$status" -eq 1 ]
    assert_layout_sound image
    layout_layer image tag | cmp - "$archive"
}
