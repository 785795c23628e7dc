#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --all-or-nothing: every destination, or none.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/image.bash
    . "$TEST_LIB/image.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    install -m 600 "$TEST_DATA/crio-1.36-counter.tar" archive.tar # no warning about its mode
    archive=$PWD/archive.tar
}

teardown() {
    registry_stop_all
}

# start_refusing POINT: a registry that refuses there, at $REFUSING; $REGISTRY stays what it was
start_refusing() {
    local registry=$REGISTRY directory=$REGISTRY_DIR storage=$REGISTRY_STORAGE
    registry_start_refusing "$1" 403 DENIED "quota is used up"
    REFUSING=$REGISTRY
    REGISTRY=$registry REGISTRY_DIR=$directory REGISTRY_STORAGE=$storage
}

# all_or_nothing ARGUMENT...
all_or_nothing() {
    run --separate-stderr "$CKPTOCI" convert -q --tls-verify=false --all-or-nothing "$@"
    echo "status $status: $output $stderr"
}

# assert_no_tag: the registry has no tag x:1 and no upload that is open
assert_no_tag() {
    [ "$(curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY/v2/x/manifests/1")" = 404 ]
    [ "$(registry_open_uploads)" = "" ]
}

@test "all of them, if all go well" {
    registry_start_plain
    all_or_nothing "$archive" "$REGISTRY/x:1" oci:image:1 "$REGISTRY/y:1" oci-archive:image.tar:1
    [ "$status" -eq 0 ]
    [ "$(sed 's/.*@//' <<<"$output" | uniq -c | awk '{print $1}')" = 4 ]
    for name in x y; do
        skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/$name:1" "oci:readback:$name"
        layout_layer readback $name | cmp - "$archive"
    done
    layout_layer image 1 | cmp - "$archive"
    [ -e image.tar ]
    all_or_nothing "$archive" "$REGISTRY/x:1" oci:image:1
    [ "$status" -eq 0 ]
}

@test "none, if one cannot be reached, and the archive is not read" {
    registry_start_plain
    mkfifo archive.fifo
    # The beginning of an archive, and a writer that stays: reading on would not end.
    exec 5<>archive.fifo
    head -c 50000 "$archive" >&5
    run --separate-stderr timeout "$WAIT_S" "$CKPTOCI" convert -q --tls-verify=false --all-or-nothing \
        --retry-delay 10ms \
        archive.fifo "$REGISTRY/x:1" 127.0.0.1:1/x:1 oci:image:1 oci-archive:image.tar
    exec 5>&-
    echo "status $status: $output $stderr"
    [ "$status" -eq 1 ]
    [ "$output" = "" ]
    assert_no_tag
    [ ! -e image ]
    [ ! -e image.tar ]
    [[ $stderr == *"push to docker://127.0.0.1:1/x:1: "*"refused"* ]]
    for name in "docker://$REGISTRY/x:1" oci:image:1 oci-archive:image.tar; do
        [[ $stderr == *"push to $name: not published, because docker://127.0.0.1:1/x:1 failed"* ]]
    done
}

@test "none, if one refuses the layer or its commit; the status is that of the cause" {
    registry_start_plain
    "$CKPTOCI" convert -q "$TEST_DATA/crio-1.36-shop.tar" oci:image:1
    cp -a image before
    echo other >image.tar
    for point in start data commit; do
        start_refusing $point
        all_or_nothing "$archive" "$REGISTRY/x:1" "$REFUSING/x:1" oci:image:1 oci-archive:image.tar --force
        [ "$status" -eq 4 ]
        [ "$output" = "" ]
        assert_no_tag
        diff -r before image
        [ "$(cat image.tar)" = other ]
        [[ $stderr == *"push to docker://$REFUSING/x:1: "*"DENIED: quota is used up"* ]]
        for name in "docker://$REGISTRY/x:1" oci:image:1 oci-archive:image.tar; do
            [[ $stderr == *"push to $name: not published, because docker://$REFUSING/x:1 failed"* ]]
        done
    done
}

@test "a failure of the last step: none after it, and those before it are named" {
    registry_start_plain
    start_refusing manifest
    all_or_nothing "$archive" "$REGISTRY/x:1" oci:before:1 "$REFUSING/x:1" oci:after:1
    [ "$status" -eq 4 ]
    [ "${#lines[@]}" -eq 2 ]
    [[ $stderr == *"DENIED: quota is used up"*"; already published, which cannot be undone: docker://$REGISTRY/x:1, oci:before:1"* ]]
    [[ $stderr == *"push to oci:after:1: not published, because docker://$REFUSING/x:1 failed"* ]]
    layout_layer before 1 | cmp - "$archive"
    [ ! -e after ]
}

@test "a failure of the first one's last step: none" {
    registry_start_plain
    start_refusing manifest
    all_or_nothing "$archive" "$REFUSING/x:1" "$REGISTRY/x:1" oci:image:1
    [ "$status" -eq 4 ]
    [ "$output" = "" ]
    assert_no_tag
    [ ! -e image ]
    [[ $stderr != *"already published"* ]]
}

@test "without the option one that fails does not stop the others" {
    registry_start_plain
    start_refusing commit
    run --separate-stderr "$CKPTOCI" convert -q --tls-verify=false "$archive" "$REFUSING/x:1" \
        "$REGISTRY/x:1" oci:image:1
    [ "$status" -eq 4 ]
    [ "${#lines[@]}" -eq 2 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    layout_layer image 1 | cmp - "$archive"
}

@test "interrupted: exit status 130, nothing left" {
    registry_start_plain
    mkfifo archive.fifo
    "$CKPTOCI" convert -q --tls-verify=false --all-or-nothing archive.fifo "$REGISTRY/x:1" \
        oci:image:1 >out 2>err 3>&- &
    pid=$!
    exec 5>archive.fifo
    head -c 100000 "$archive" >&5
    wait_for "$pid" grep -q 'method=POST' "$REGISTRY_DIR/log"
    kill -TERM "$pid"
    wait_end "$pid"
    exec 5>&-
    cat err
    [ "$status" -eq 130 ]
    [[ $(cat err) == *interrupted* ]]
    assert_no_tag
    [ ! -e image ]
}

@test "an archive that is refused is published nowhere" {
    registry_start_plain
    head -c 150000 "$archive" >cut.tar
    all_or_nothing cut.tar "$REGISTRY/x:1" oci:image:1
    [ "$status" -eq 3 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    assert_no_tag
    [ ! -e image ]
}
