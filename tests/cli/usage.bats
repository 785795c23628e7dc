#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line itself: help, manual, wrong usage.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    place_enter
    archive=$TEST_DATA/crio-1.36-counter.tar
}

# wrong TEXT ARGUMENT...: exit status 2 and TEXT in the message; nothing on standard output
wrong() {
    local text=$1
    shift
    run --separate-stderr "$CKPTOCI" "$@"
    echo "status $status: $stderr"
    [ "$status" -eq 2 ]
    [ "$output" = "" ]
    [[ $stderr == *"$text"* ]]
}

# fails STATUS ARGUMENT...: one object is printed, with the message and the status
fails() {
    local status_wanted=$1
    shift
    run --separate-stderr "$CKPTOCI" "$@"
    echo "status $status: $output $stderr"
    [ "$status" -eq "$status_wanted" ]
    [ "$(jq -r .exit_status <<<"$output")" -eq "$status" ]
    [ "${stderr##*ckptoci: }" = "$(jq -r .error <<<"$output")" ]
}

@test "--json prints an object on every failure" {
    fails 2 convert --json
    fails 2 convert --json --frobnicate "$archive" oci:image
    fails 2 convert "$archive" oci:image --jobs 0 --json
    fails 2 verify --json --engine docker "$archive"
    fails 2 checkpoint --json n/p
    fails 2 copy --json --fail-fast oci:a:1 oci:b:1
    fails 2 pull --json oci:layout:tag -
    fails 2 transmogrify --json
    fails 1 convert --json "$archive" oci:/dev/null/none:1
    fails 1 convert --json -q --authfile /nowhere "$archive" 127.0.0.1:1/x:1
    fails 1 convert --json -q --digestfile /nowhere/x "$archive" oci:image:1
    fails 3 convert --json -q /dev/null oci:image:2
    fails 1 inspect --json ./nothing
    fails 1 verify --json ./nothing
    fails 1 list --json /nowhere
    fails 1 pull --json --retry-times 0 127.0.0.1:1/x:1 out.tar
    fails 1 copy --json --retry-times 0 127.0.0.1:1/x:1 oci:copied:1
    [[ $stderr == *"it is the source that failed, docker://127.0.0.1:1/x:1" ]]
    "$CKPTOCI" convert -q "$archive" oci:image:1
    fails 1 copy --json --retry-times 0 oci:image:1 127.0.0.1:1/x:1
    [[ $stderr == *"it is the destination that failed, docker://127.0.0.1:1/x:1" ]]
}

@test "what is no UTF-8, or drives a terminal, is shown and hides nothing" {
    local odd=$'o\xff\e[31m\x7f\u009b\u202e'
    "$CKPTOCI" convert -q --json "$archive" "oci:$odd:1" oci:image:1 >report
    [ "$(jq -r '[.images[].status] | join(" ")' report)" = "pushed pushed" ]
    run ! grep -qP '[^\n\x20-\x7e]' report
    grep -qF '"oci:o\uFFFD\u001B[31m\u007f\u009B\u202E:1"' report
    cp "$archive" "$odd.tar"
    {
        "$CKPTOCI" convert -q "$archive" "oci:$odd:1"
        "$CKPTOCI" copy -q "oci:$odd:1" "oci:copy-$odd:1"
        "$CKPTOCI" copy -q --dry-run "oci:$odd:1" "oci:new-$odd:1"
        "$CKPTOCI" verify -q "$odd.tar"
        "$CKPTOCI" pull -q -f "oci:$odd:1" "$odd.tar"
        "$CKPTOCI" inspect "./$odd" || true
    } >plain 2>&1
    LC_ALL=C run ! grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2\x9b|\xe2\x80\xae' plain
    [ "$(grep -cF '\x1b[31m\x7f\xc2\x9b\xe2\x80\xae' plain)" -ge 4 ]
    grep -q '^would copy oci:new-.*:1@sha256:' plain
    "$CKPTOCI" copy -q --json "oci:$odd:1" "oci:other-$odd:1" >report
    [ "$(jq -r '.destinations[0].images[0].status' report)" = copied ]
    wrong "is not valid UTF-8" convert --name $'\xff' "$archive" oci:image:1
}

@test "wrong usage is told apart, exit status 2" {
    wrong "Usage:"
    wrong '"transmogrify" is no command' transmogrify
    wrong "an archive and at least one destination" convert
    wrong "an archive and at least one destination" convert "$archive"
    wrong '"--frobnicate" is unknown' convert --frobnicate "$archive" oci:image
    wrong '"-x"' convert -x "$archive" oci:image
    wrong '"--name" needs an argument' convert "$archive" oci:image --name
    wrong '"--json=1" takes no argument' convert --json=1 "$archive" oci:image
    wrong '"maybe" is neither true nor false' convert --tls-verify=maybe "$archive" oci:image
    wrong '"0" is not a number from 1' convert --jobs 0 "$archive" oci:image
    wrong '"lzma" is not zstd, gzip or none' convert --compression-format lzma "$archive" oci:image
    wrong '"novalue" is not KEY=VALUE' convert --annotation novalue "$archive" oci:image
    wrong "needs one NAMESPACE/POD/CONTAINER" checkpoint
    wrong '"n/p" is not NAMESPACE/POD/CONTAINER' checkpoint n/p
    wrong '"n/p/c" is not NAMESPACE/POD' checkpoint --all-containers n/p/c
    wrong 'pod "P" is none: it is at most 253' checkpoint n/P/c
    wrong "--cert and --key go together" checkpoint --cert a n/p/c
    wrong '--node "http://a": it has to begin with https://' checkpoint --node http://a n/p/c
    wrong "--node: wrong URL" checkpoint --node https://user:s3cret@a n/p/c
    [[ $stderr != *s3cret* ]]
    wrong "exclude each other" checkpoint --node https://a --via-apiserver a n/p/c
    wrong '"1.5" is not a number from 1' checkpoint --timeout 1.5 n/p/c
    wrong "--delete-after-push has no meaning without --to" checkpoint --delete-after-push n/p/c
    wrong "options for images have no meaning without --to" checkpoint --arch arm64 n/p/c
    wrong "--name is for one container" checkpoint --all-containers --name x --to oci:image:1 n/p
    wrong "oci-archive:image.tar holds one image" checkpoint --all-containers \
        --to oci-archive:image.tar n/p
    wrong "oci:image has no tag" checkpoint --all-containers --to oci:image n/p
    wrong "an image and the archive to write" pull
    wrong "an image and the archive to write" pull oci:image
    wrong "an image and the archive to write" pull oci:image archive another
    wrong 'a digest is "sha256:"' pull oci:image@sha256:123 archive
    wrong '"arm64" is not OS/ARCH' pull --platform arm64 oci:image archive
    wrong "needs an archive or an image" verify
    wrong "needs an archive or an image" verify oci:image archive.tar
    wrong '"docker" is not cri-o, containerd or podman' verify --engine docker oci:image
    wrong '"1" is no version' verify --engine cri-o --engine-version 1 oci:image
    wrong "no meaning without --engine" verify --engine-version 1.36 oci:image
    wrong "a source and at least one destination" copy oci:image
    wrong "no meaning without --all-tags" copy --fail-fast oci:image oci:copied
    wrong "inspect needs one archive or image" inspect
    wrong "inspect needs one archive or image" inspect "$archive" "$archive"
    wrong '"arm64" is not OS/ARCH' inspect --platform arm64 oci:image
    wrong "list takes one directory or archive" list a b
    wrong "watch needs a directory and a template" watch .
    wrong '"0" is not a number from 1' watch --jobs 0 . 'oci:image:{time}'
    wrong "restore-kit needs one archive or image" restore-kit
    wrong '"toml" is not yaml, json or crictl' restore-kit --format toml "$archive"
    wrong '"Pod" is no name in Kubernetes' restore-kit --name Pod "$archive"
    wrong '"a.b" is no name in Kubernetes' restore-kit --namespace a.b "$archive"
    wrong '"Upper/case"' restore-kit --image Upper/case "$archive"
    wrong 'needs --node' restore-kit --pull-base pod "$archive"
    wrong '"init" is neither pod nor volume' restore-kit --pull-base init "$archive"
    wrong 'no meaning with --format crictl' restore-kit --format crictl --node n "$archive"
    wrong 'no meaning without --output' restore-kit --force "$archive"
    wrong 'no meaning without --engine' restore-kit --engine-version 1.36 "$archive"
    wrong 'podman does not restore into pods' restore-kit --engine podman "$archive"
    wrong '"0" is not a number from 1' copy --jobs 0 oci:image oci:other
    wrong '"arm64" is not OS/ARCH' copy --platform arm64 oci:image oci:other
    wrong 'is not supported' convert "$archive" docker-archive:image.tar
    wrong 'destination "docker://Upper/case"' convert "$archive" docker://Upper/case
    wrong 'cannot name a digest' convert "$archive" \
        "localhost:5000/x@sha256:$(printf '0%.0s' {1..64})"
    [ ! -e image ]
}

@test "options may stand behind the arguments, and -- ends them" {
    "$CKPTOCI" convert "$archive" oci:image:tag --quiet
    cp "$archive" ./-archive.tar
    "$CKPTOCI" convert -q -- -archive.tar oci:image:tag
}

@test "help and version go to standard output" {
    for arguments in --help help -h "help convert" "convert --help" "convert -h" --version; do
        # shellcheck disable=SC2086 # two words
        run --separate-stderr "$CKPTOCI" $arguments
        [ "$status" -eq 0 ]
        [ "$output" != "" ]
        [ "$stderr" = "" ]
    done
}

@test "the manual pages know every option and every exit status, and no other option" {
    for status in 0 1 2 3 4 130; do
        grep -qE "^\.B $status\$" "$TEST_DOCS/ckptoci.1"
    done
    "$CKPTOCI" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' >commands
    [ -s commands ]
    while read -r command; do
        grep -qF "ckptoci\\-${command//-/\\-}" "$TEST_DOCS/ckptoci.1"
        "$CKPTOCI" "$command" --help | grep -oE -- '--[a-z-]+' | sort -u >help
        sed 's/\\-/-/g' "$TEST_DOCS/ckptoci-$command.1" | grep -oE -- '--[a-z-]+' | sort -u >manual
        diff help manual
    done <commands
}

@test "the manual pages are well-formed" {
    command -v man >/dev/null || skip "no man"
    for page in "$TEST_DOCS"/*.1; do
        run --separate-stderr man --warnings -l -Tutf8 "$page"
        [ "$status" -eq 0 ]
        [ "$output" != "" ]
        [ "$stderr" = "" ]
    done
}

@test "credentials do not stay on the command line" {
    mkfifo archive.fifo
    "$CKPTOCI" convert -q --creds user:secret123 archive.fifo oci:image:tag 3>&- &
    pid=$!
    # It has read its options when it opens the archive.
    exec 5>archive.fifo
    cmdline=$(tr '\0' ' ' <"/proc/$pid/cmdline")
    cat "$archive" >&5
    exec 5>&-
    wait "$pid"
    [[ $cmdline == *"--creds *************"* ]]
}

@test "a result that cannot be written is a failure" {
    run bash -c '"$0" convert -q "$1" oci:image:tag >/dev/full' "$CKPTOCI" "$archive"
    [ "$status" -eq 1 ]
    [[ $output == *"standard output"* ]]
}

@test "the Containerfile installs every library that the program is linked with" {
    command -v dpkg-query >/dev/null || skip "not Debian"
    installed=" $(tr -s '\\\n ' ' ' <"$TEST_LIB/../../Containerfile") "
    libraries=$(readelf --dynamic "$CKPTOCI" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    [[ $libraries == *libcurl* ]]
    for library in $libraries; do
        case $library in libc.so.6 | libm.so.6 | libgcc_s.so.1 | lib[at]san.* | libubsan.*) continue ;; esac
        packages=$(dpkg-query --search "*/$library" | sed 's/:.*//' | sort -u)
        echo "# $library: $packages"
        for package in $packages; do
            [[ $installed != *" $package "* ]] || continue 2
        done
        false
    done
}
