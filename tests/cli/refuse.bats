#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is no checkpoint is refused with exit status 3, and nothing is left behind.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    place_enter
    archive=$TEST_DATA/crio-1.36-counter.tar
}

# refused TEXT ARCHIVE: exit status 3, TEXT in the message, nothing at the destinations
refused() {
    run --separate-stderr "$CKPTOCI" convert -q "$2" oci:image:tag oci-archive:image.tar
    echo "status $status: $stderr"
    [ "$status" -eq 3 ]
    [ "$output" = "" ]
    [[ $stderr == *"$1"* ]]
    [[ $stderr == *"$2"* || $2 == - ]]
    [ ! -e image ]
    [ ! -e image.tar ]
}

# tree: the sample's members in ./tree
tree() {
    unpack "$archive" tree
}

@test "a member that every checkpoint has is missing" {
    tree
    for member in spec.dump config.dump checkpoint/inventory.img; do
        tar -cf "without.tar" --exclude "$member" -C tree .
        refused "$member is missing" without.tar
    done
}

@test "metadata is not JSON" {
    tree
    for member in spec.dump config.dump; do
        cp "tree/$member" saved
        echo '{"half":' >"tree/$member"
        tar -cf bad.tar -C tree .
        refused "$member is not valid JSON" bad.tar
        cp saved "tree/$member"
    done
}

@test "a truncated archive, wherever it ends" {
    size=$(stat -c %s "$archive")
    for bytes in 1 512 1000 100000 $((size - 1024)) $((size - 512)) $((size - 1)); do
        head -c "$bytes" "$archive" >cut.tar
        refused "not a whole tar archive" cut.tar
    done
}

@test "a truncated compressed archive" {
    for suffix in gz zst; do
        head -c 20000 "$TEST_DATA/podman-4.3-counter.tar.$suffix" >cut.tar
        refused "truncated" cut.tar
    done
}

@test "a damaged compressed archive" {
    cp "$TEST_DATA/podman-4.3-counter.tar.gz" bad.tar
    printf 'xxxx' | dd of=bad.tar bs=1 seek=10000 conv=notrunc status=none
    refused "damaged gzip data" bad.tar
}

@test "an empty file" {
    : >empty.tar
    refused "empty" empty.tar
}

@test "an empty pipe" {
    refused "empty" - </dev/null
}

@test "a directory" {
    mkdir directory
    refused "is a directory" directory
}

@test "files of other kinds" {
    head -c 100000 /dev/urandom >noise
    refused "not a whole tar archive" noise
    tar -cf other.tar -C / etc/hostname
    refused "not a container checkpoint: spec.dump is missing" other.tar
    gzip -k other.tar
    refused "not a container checkpoint" other.tar.gz
}

@test "data behind the end of the archive" {
    { cat "$archive"; cat "$archive"; } >double.tar
    refused "data behind the end-of-archive mark" double.tar
}

@test "an existing layout stays as it is" {
    "$CKPTOCI" convert -q "$archive" oci:kept:tag
    before=$(find kept | sort | xargs -d '\n' stat -c '%n %Y %s')
    head -c 100000 "$archive" >cut.tar
    run "$CKPTOCI" convert -q cut.tar oci:kept:tag oci:kept:other
    [ "$status" -eq 3 ]
    [ "$before" = "$(find kept | sort | xargs -d '\n' stat -c '%n %Y %s')" ]
}

@test "a file that cannot be opened is a failure, not a refusal" {
    run "$CKPTOCI" convert -q no-such-file.tar oci:image:tag
    [ "$status" -eq 1 ]
    [[ $output == *"no-such-file.tar"*"No such file"* ]]
    [ ! -e image ]
}

@test "an archive is never replaced by its own image" {
    cp "$archive" mine.tar
    ln -s mine.tar link.tar
    for name in mine.tar ./mine.tar; do
        run "$CKPTOCI" convert -q mine.tar "oci-archive:$name"
        [ "$status" -eq 2 ]
        [[ $output == *"would replace the archive"* ]]
        cmp mine.tar "$archive"
    done
    run "$CKPTOCI" convert -q link.tar oci-archive:mine.tar
    [ "$status" -eq 2 ]
    cmp mine.tar "$archive"
}
