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

@test "what was meant is told, of words and of tags" {
    for words in "conver|convert" "help puul|pull" "convert --digest-file x a b|--digestfile" \
        "convert --compression-format gzp a oci:x|gzip" "verify --engine crio a|cri-o" \
        "restore-kit --format jsno a|json" "restore-kit --pull-base pdo a|pod" "convert --allow member-tpye a oci:x|member-type"; do
        # shellcheck disable=SC2086 # words
        run --separate-stderr "$CKPTOCI" ${words%|*}
        [ "$status" -eq 2 ]
        [[ $stderr == *"did you mean \"${words#*|}\"?"* ]]
    done
    wrong "--engine-version has no meaning without --engine" verify --engine-version 1.36 "$archive"
    wrong "--engine-version has no meaning without --engine" restore-kit --engine-version 1.36 "$archive"
}

@test "of a tag that is missing, those that are there are told" {
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    for n in {1..12}; do
        tags+=("oci:layout:v$n")
    done
    "$CKPTOCI" convert -q "$archive" "${tags[@]}"
    enter "$(jq -c '.manifests[0] | del(.annotations)' layout/index.json)"
    jq 'del(.manifests[-1].annotations)' layout/index.json >index && cp index layout/index.json
    registry_start_persona spec --layout layout
    for place in oci:layout "docker://$REGISTRY/x"; do
        for command in "pull $place:v111 new.tar" "copy $place:v111 oci:new:x" "verify $place:v111" "inspect $place:v111"; do
            command+=" --tls-verify=false"
            # shellcheck disable=SC2086 # words
            ckptoci $command
            [ "$status" -eq 1 ]
            [[ $stderr == *'there are the tags "v1'[12]'", '*'"v1'* ]]
            [[ $stderr == *" and 2 more"* ]]
            [[ $place != oci* || $stderr == *", and 1 without a name"* ]]
        done
    done
    registry_stop_all
    ckptoci pull oci:layout new.tar
    [ "$status" -eq 1 ]
    [[ $stderr == *"13 images; name one"*" and 2 more, and 1 without a name"* ]]
    [ ! -e new ]
    [ ! -e new.tar ]
}

@test "images without a name are read, if there is but one" {
    "$CKPTOCI" convert -q "$archive" oci:layout
    for command in "pull oci:layout out.tar" "inspect oci:layout" "copy oci:layout oci-archive:image.tar" "verify oci-archive:image.tar"; do
        # shellcheck disable=SC2086 # words
        ckptoci $command
        [ "$status" -eq 0 ]
    done
    cmp out.tar "$archive"
    "$CKPTOCI" convert -q "$other" oci:layout
    ckptoci copy oci:layout oci:new:x
    [ "$status" -eq 1 ]
    [[ $stderr == *"2 images; name one"*"no tags, but 2 without a name"* ]]
    digest=$(jq -r '.manifests[0].digest' layout/index.json)
    ckptoci copy "oci:layout@$digest" "oci:new@$digest"
    [ "$status" -eq 0 ]
    [ "$(jq -r '.manifests[0] | .digest, .annotations' new/index.json | xargs)" = "$digest null" ]
    ckptoci copy "oci:layout@$(jq -r '.manifests[1].digest' layout/index.json)" "oci:new@$digest"
    [ "$status" -eq 1 ]
}

@test "what is no manifest in an index is not taken for the image" {
    layout_begin
    echo x >blob
    blob=$(describe blob "$layer_type")
    add_index "[$blob]" "$(ref_name cache)"
    ckptoci pull oci:layout:cache out.tar
    [ "$status" -eq 1 ]
    [[ $stderr == *"an index without an image for"*"but for nothing"* ]]
    "$CKPTOCI" convert -q "$archive" oci:layout:one
    image=$(jq -c '.manifests[-1] | del(.annotations)' layout/index.json)
    add_index "[$blob, $image]" "$(ref_name both)"
    ckptoci pull oci:layout:both out.tar
    [ "$status" -eq 0 ]
    cmp out.tar "$archive"
}

@test "an output that cannot be is seen before anything is sent" {
    ckptoci convert --digestfile no/digest "$archive" oci:new
    [ "$status" -eq 1 ]
    [[ $stderr == *"--digestfile: write no/digest: "*"No such file"*"create this directory"* ]]
    ckptoci convert --digestfile . "$archive" oci:new
    [ "$status" -eq 1 ]
    [[ $stderr == *"this is a directory"* ]]
    ckptoci checkpoint --digestfile no/digest --to oci:new:x n/p/c
    [ "$status" -eq 1 ]
    [[ $stderr == *"--digestfile"* ]]
    [ ! -e new ]
    ckptoci pull oci:no-such-layout no/archive.tar
    [[ $stderr == *"no/archive.tar"*"create this directory"* ]]
    ckptoci restore-kit -o no/pod.yaml no-such-archive.tar
    [[ $stderr == *"no/pod.yaml"*"create this directory"* ]]
    # What is there is kept until there is a digest.
    echo old >digest
    ckptoci convert --digestfile digest no-such.tar oci:new
    [ "$(<digest)" = old ]
    ckptoci convert --digestfile /dev/null "$archive" oci:new
    [ "$status" -eq 0 ]
}

@test "arguments in the wrong order are told" {
    for image in oci:lay:v1 localhost:5000/x:1 docker://x/y; do
        wrong "look swapped" convert "$image" "$archive"
        wrong "look swapped" pull "$archive" "$image"
        wrong "look swapped" pull "no-such.tar" "$image"
        wrong "ckptoci copy" convert "$image" oci:lay
    done
    wrong "ckptoci watch . 'oci:{time}'" watch 'oci:{time}' .
}

@test "an archive is not read from a terminal" {
    for words in "convert - oci:new" "convert --from-stdin x oci:new" "verify -" "inspect -" "restore-kit -" "list --from-stdin x"; do
        # shellcheck disable=SC2086 # words
        run python3 "$TEST_LIB/on-terminal.py" -- "$CKPTOCI" $words
        [ "$status" -eq 2 ]
        [[ $output == *"is not read from a terminal; name its file"* ]]
    done
    [ ! -e new ]
}

@test "what cannot be written to standard output is a failure" {
    "$CKPTOCI" convert -q "$archive" oci:layout:v1
    for words in --version --help "help convert" "convert --help" "convert --allow list" "inspect $archive" "inspect --json --all $archive" \
        "verify $archive" "list $TEST_DATA" "copy --dry-run oci:layout:v1 oci:new" "pull oci:layout:v1 pulled.tar" "pull oci:layout:v1 -" \
        "restore-kit $archive" "convert --json $archive oci:layout:v1"; do
        # shellcheck disable=SC2086 # words
        run bash -c '"$@" >/dev/full 2>err' - "$CKPTOCI" $words
        echo "$words: $status $(<err)"
        [ "$status" -eq 1 ]
        grep -q "standard output: No space left" err
    done
}

@test "--metrics listens where other exporters would" {
    mkdir dir
    for address in localhost:0 127.0.0.2:0 '[::1]:0' :0; do
        run --separate-stderr "$CKPTOCI" watch --once --state-dir state --metrics "$address" dir 'oci:x:{time}'
        [ "$status" -eq 0 ] || [[ $address == *::* && $stderr == *"address"* ]]
        [[ $status -ne 0 || $output == *'"metrics":"'*:[1-9]* ]]
    done
    wrong "loopback" watch --metrics no.such.name.invalid:1 dir 'oci:x:{time}'
}
