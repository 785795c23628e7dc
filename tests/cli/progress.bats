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
