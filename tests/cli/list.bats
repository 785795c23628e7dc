#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The checkpoints that a node has.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    place_enter
    mkdir checkpoints
    cp "$TEST_DATA/crio-1.36-shop.tar" \
        "checkpoints/checkpoint-shop_prod-eu-cart-2026-11-20T09:31:02+01:00.tar"
    cp "$TEST_DATA/crio-1.36-counter.tar" \
        "checkpoints/checkpoint-counters_default-counter-2026-11-20T09:30:15Z.tar"
    cp "$TEST_DATA/podman-4.3-counter.tar.zst" checkpoints/
}

@test "a line for each archive, the newest first" {
    run --separate-stderr "$CKPTOCI" list checkpoints
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$stderr" = "" ]
    [ "${#lines[@]}" -eq 4 ]
    [[ ${lines[0]} =~ ^CONTAINER\ +POD\ +NAMESPACE\ +ENGINE\ +CHECKPOINTED\ +SIZE\ +IMAGE\ +PATH$ ]]
    [[ ${lines[1]} =~ ^counter\ +-\ +-\ +Podman\ +2026-11-23T21:27:43Z\ +25.8\ KiB ]]
    [[ ${lines[2]} =~ ^cart\ +shop\ +prod-eu\ +CRI-O\ +2026-11-23T21:26:33Z\ +469.5\ KiB\ +127.0.0.1:5000/counter:1\ +checkpoints/checkpoint-shop_prod-eu-cart-2026-11-20T09:31:02\+01:00.tar$ ]]
    [[ ${lines[3]} =~ ^counter\ +counters\ +default\ +CRI-O\ +2026-11-23T21:26:29Z ]]
}

@test "the list agrees with inspect" {
    "$CKPTOCI" list --json checkpoints/ >list.json
    [ "$(jq length list.json)" -eq 3 ]
    while read -r path; do
        "$CKPTOCI" inspect -q --json "$path" >inspect.json
        diff <(jq -S --arg path "$path" '.[] | select(.path == $path) | del(.path, .size)' list.json) \
            <(jq -S '{checkpointed: (.times.checkpointed[:19] + "Z"), image: .image.name} +
                (.container | {container: .name, engine} + if .pod then {pod, namespace} else {} end)' inspect.json)
        [ "$(jq --arg path "$path" '.[] | select(.path == $path).size' list.json)" -eq \
            "$(stat -c %s "$path")" ]
    done < <(jq -r '.[].path' list.json)
}

@test "what cannot be read comes last, with the reason; other files do not count" {
    head -c 1000 "$TEST_DATA/crio-1.36-shop.tar" >checkpoints/checkpoint-cut.tar
    echo hello >checkpoints/$'checkpoint-\e[31mred.tar'
    : >checkpoints/checkpoint-empty.tar
    echo hello >checkpoints/README
    mkdir checkpoints/checkpoint-directory.tar
    mkfifo checkpoints/checkpoint-fifo.tar
    run --separate-stderr timeout 600 "$CKPTOCI" list checkpoints
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 8 ]
    [[ ${lines[4]} == "No checkpoint that could be read:" ]]
    [[ $output == *"checkpoint-empty.tar: it is empty"* ]]
    [[ $output == *"checkpoint-cut.tar: "* ]]
    [[ $output == *'checkpoint-\x1b[31mred.tar: '* ]]
    [[ $output != *README* ]]
    "$CKPTOCI" list --json checkpoints |
        jq -e 'length == 6 and ([.[] | select(.error)] | length == 3) and .[5].error and .[3].error'
}

@test "nothing to list, and nowhere to look" {
    mkdir none
    run "$CKPTOCI" list none
    [ "$status" -eq 0 ]
    [ "$output" = "There is no checkpoint in none." ]
    [ "$("$CKPTOCI" list --json none)" = "[]" ]
    run --separate-stderr "$CKPTOCI" list missing
    [ "$status" -eq 1 ]
    [ "$output" = "" ]
    [[ $stderr == *"list missing: open: No such file"* ]]
    run "$CKPTOCI" list none missing
    [ "$status" -eq 2 ]
    run "$CKPTOCI" list --help
    [[ $output == *"/var/lib/kubelet/checkpoints"* ]]
}

@test "of large archives only a small part is read" {
    python3 "$TEST_LIB/grow-pages.py" "$TEST_DATA/crio-1.36-counter.tar" checkpoints/large.tar 64
    ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=pread64 -o trace "$CKPTOCI" list checkpoints >list
    grep -q 'checkpoints/large.tar$' list
    bytes=$(awk '{ sum += $NF } END { print sum }' trace)
    echo "# $bytes bytes"
    [ "$bytes" -gt 0 ]
    [ "$bytes" -lt $((16 << 20)) ]
}

@test "standard input is read under the name that is given" {
    run -0 "$CKPTOCI" list --json --from-stdin no/such/name.tar <"$TEST_DATA/crio-1.36-shop.tar"
    jq -e '.[0] | .path == "no/such/name.tar" and .pod == "shop" and .size > 0' <<<"$output"
    run -2 --separate-stderr "$CKPTOCI" list --from-stdin <"$TEST_DATA/crio-1.36-shop.tar"
    [[ $stderr == *"needs a name"* ]]
    run -2 --separate-stderr "$CKPTOCI" list --from-stdin x.tar </dev/null
    [[ $stderr == *"standard input is no file"* ]]

    # So does convert, and what the name says is still compared.
    name=checkpoint-web_team-a-web-2026-11-20T09:30:15Z.tar
    run -0 --separate-stderr "$CKPTOCI" convert --json --from-stdin "no/$name" oci:layout:x \
        <"$TEST_DATA/crio-1.36-shop.tar"
    jq -e --arg name "no/$name" '.archive == $name and (.findings[] | select(.check == "file-name"))' \
        <<<"$output"
}
