#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Names on the command line: each stands for one thing, and nothing is lost by it.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/layout.bash
    . "$TEST_LIB/layout.bash"
    place_enter
    archive=$TEST_DATA/crio-1.36-counter.tar
    other=$TEST_DATA/crio-1.36-shop.tar
}

# ckptoci COMMAND ARGUMENT...
ckptoci() {
    local quiet=-q
    [ "$1" != watch ] || quiet=
    run --separate-stderr "$CKPTOCI" "$1" $quiet "${@:2}"
    echo "status $status: $output $stderr"
}

# wrong TEXT COMMAND ARGUMENT...: wrong usage, with the text in the message
wrong() {
    ckptoci "${@:2}"
    [ "$status" -eq 2 ]
    [ "$output" = "" ]
    [[ $stderr == *"$1"* ]]
}

kubelet=checkpoint-web_shop-cart-2026-05-01T09:30

@test "archives with the names of the kubelet get a file each" {
    mkdir out
    for second in 15Z 16Z 15+02:00; do
        cp "$archive" "$kubelet:$second.tar"
        ckptoci convert "$kubelet:$second.tar" "oci-archive:out/$kubelet:$second.tar" "oci:out/$kubelet:$second"
        [ "$status" -eq 0 ]
    done
    [ "$(ls out)" = "$(printf '%s\n' "$kubelet":{15+02:00,15Z,16Z}{,.tar} | LC_ALL=C sort)" ]
    # As sources, with a tag, and in the other commands.
    ckptoci copy "oci-archive:out/$kubelet:15Z.tar" "oci-archive:out/$kubelet:17Z.tar:v1" "oci:a:b::v1"
    [ "$status" -eq 0 ]
    [ "${lines[1]%@*}" = oci:a:b::v1 ]
    ckptoci pull "oci-archive:out/$kubelet:17Z.tar:v1" pulled.tar
    [ "$status" -eq 0 ]
    cmp pulled.tar "$archive"
    ckptoci inspect "oci:a:b::v1"
    [ "$status" -eq 0 ]
    ckptoci verify "oci:out/$kubelet:15Z"
    [[ $output == *"in order"* ]]
    wrong "oci:a:b::v1" pull oci:a:b:v1 other.tar
}

@test "an archive file with another image is replaced only with --force" {
    convert=(convert --compression-format none)
    ckptoci "${convert[@]}" "$archive" oci-archive:image.tar:v1
    cp image.tar before
    ckptoci "${convert[@]}" "$archive" oci-archive:image.tar:v1
    [ "$status" -eq 0 ]
    "$CKPTOCI" convert -q "$other" oci:layout:v1 oci:layout:v2
    for refused in "${convert[*]} $other oci-archive:image.tar:v1" "${convert[*]} $archive oci-archive:image.tar:v2" \
        "copy oci:layout:v1 oci-archive:image.tar:v1" "copy oci:layout:v2 oci-archive:image.tar:v2" \
        "copy --all-tags oci:layout oci-archive:image.tar" "copy --dry-run oci:layout:v1 oci-archive:image.tar:v1"; do
        # shellcheck disable=SC2086 # words
        ckptoci $refused
        [ "$status" -eq 1 ]
        [[ $stderr == *'holds another image, "v1"'*"--force"* ]]
        cmp before image.tar
    done
    cp "$other" other.tar
    ckptoci convert "$archive" oci-archive:other.tar
    [ "$status" -eq 1 ]
    [[ $stderr == *"other.tar"*"is no archive of images"* ]]
    cmp "$other" other.tar
    ckptoci copy --force --all-tags oci:layout oci-archive:image.tar
    [ "$status" -eq 0 ]
    # Nothing of what is there is missing in what comes.
    ckptoci copy --all-tags oci:layout oci-archive:image.tar
    [ "$status" -eq 0 ]
    ckptoci convert -f "$archive" oci-archive:image.tar
    [ "$status" -eq 0 ]
}

@test "what was meant for a file does not go to Docker Hub" {
    for name in backups/out.tar out.tar.gz ./x "$PWD/x"; do
        wrong "oci-archive:$name" convert "$archive" "$name"
        wrong "oci-archive:$name" copy oci:layout:v1 "$name"
        wrong "oci-archive:$name" copy "$name" oci:layout:v1
        wrong "oci-archive:$name" pull "$name" archive.tar
        wrong "oci-archive:" watch . "$name-{time}.tar"
        wrong "oci-archive:$name" checkpoint --to "$name" n/p/c
    done
    wrong "docker.io/team/app:1" convert "$archive" team/app:1
    wrong "docker.io/team/app:1" copy oci:layout:v1 team/app:1
    wrong "docker.io/team/" watch . 'team/{pod}:{time}'
    mkdir lay
    wrong "oci:lay" copy lay oci:layout:v1
    wrong "standard output" convert "$archive" -
    wrong "standard input" copy - oci:layout:v1
}
