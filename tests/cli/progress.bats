#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is seen of the work while it goes on.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    place_enter
    archive=$TEST_DATA/crio-1.36-counter.tar
    mkfifo archive.fifo
}

# slowly SECONDS: the archive into the pipe, with a pause in the middle
slowly() {
    { head -c 100000 "$archive"; sleep "$1"; tail -c +100001 "$archive"; } >archive.fifo 3>&- &
}

@test "on a terminal there is a bar, and it is wiped at the end" {
    slowly 1
    script -qec "$CKPTOCI convert archive.fifo oci:image:tag" typescript </dev/null >/dev/null
    grep -q 'read, .* sent, .*/s' typescript
    [[ $(tail -c 200 typescript) == *$'\r\033[K'*oci:image:tag@sha256:* ]]
}

@test "on a terminal with --quiet there is none" {
    slowly 1
    script -qec "$CKPTOCI convert -q archive.fifo oci:image:tag" typescript </dev/null >/dev/null
    grep -q oci:image:tag@sha256: typescript
    run grep -q 'read, .* sent' typescript
    [ "$status" -eq 1 ]
}

@test "off a terminal there is a line after 30 seconds, on standard error" {
    slowly 31
    run --separate-stderr "$CKPTOCI" convert archive.fifo oci:image:tag
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 1 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ $stderr == "ckptoci: "*" KiB read, "*" sent, "*/s* ]]
}

@test "for a quick run there is nothing to show" {
    run --separate-stderr "$CKPTOCI" convert "$archive" oci:image:tag
    [ "$stderr" = "" ]
    [ "${#lines[@]}" -eq 1 ]
}
