#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a responder is told of a checkpoint: the same as checkpointctl tells, and more.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/image.bash
    . "$TEST_LIB/image.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    # As the kubelet leaves them; others would be warned of.
    umask 077
    cp "$TEST_DATA/crio-1.36-shop.tar" shop.tar
    cp "$TEST_DATA/crio-1.36-counter.tar" counter.tar
    shop=$PWD/shop.tar
    counter=$PWD/counter.tar
}

teardown() {
    registry_stop_all
}

# inspect ARGUMENT...: with the usual options
inspect() {
    "$CKPTOCI" inspect -q --tls-verify=false "$@"
}

# facts ARGUMENT...: the whole report as JSON, but for where it was read
facts() {
    inspect --json --show-secrets "$@" | jq -S 'del(.source)'
}

# tree: the sample's members in ./tree
tree() {
    unpack "$1" tree
}

# The same facts from checkpointctl's report and from ours. It leaves fractions out of some times,
# and writes an argument's end as a space.
peer_facts='.[0] | {
    container: [.container_name, .id, .engine, .runtime, .image, .ip],
    created: (.created | sub("\\.[0-9]+"; "")),
    sizes: .checkpoint_size, statistics,
    processes: [.process_tree | recurse(.children[]?)
        | [.pid, .command, .cmdline, (.task_state | ascii_downcase), .environment_variables]],
    parents: [.process_tree | recurse(.children[]?) | .pid as $pid | .children[]? | [$pid, .pid]] | sort,
    files: [.file_descriptors[] | [.pid, [.open_files[]
        | [({REG: "file", PIPE: "pipe"}[.type] // ""), (.fd | split(" ") | last), .path]]]],
    mounts: [.mounts[] | [.destination, .type, .source]]
}'
our_facts='{
    container: [.container.name, .container.id, .container.engine, .container.runtime, .image.name,
        .container.addresses[0]?],
    created: (.times.created | sub("\\.[0-9]+"; "")),
    sizes: {total_size: .sizes.checkpoint, memory_pages_size: .sizes.memory_pages,
        root_fs_diff_size: .sizes.rootfs_diff},
    statistics: (.criu.statistics | {freezing_time: .freezing_time_us, frozen_time: .frozen_time_us,
        memdump_time: .memdump_time_us, memwrite_time: .memwrite_time_us, pages_scanned,
        pages_written}),
    processes: [.processes[] | [.pid, .name, ([.arguments[] + " "] | add), .state,
        ([.environment[] | {(.name): .value}] | add)]],
    parents: [.processes[] | select(.parent > 0) | [.parent, .pid]] | sort,
    files: [.processes[] | [.pid, [.files[] | [.type, (.fd | tostring), .name]]
        + [["", "cwd", .working_directory], ["", "root", .root]]] | [.[0], .[1]]],
    mounts: [.mounts[] | [.destination, .type, .source]]
}'

@test "of every sample it tells what checkpointctl tells, field by field" {
    n=0
    while read -r sample; do
        peer=$(basename "$sample")
        peer=${peer/.tar.gz/-gz}
        peer=${peer/.tar.zst/-zst}
        peer=$TEST_DATA/peers/${peer%.tar}.inspect.json
        inspect --json --show-secrets "$sample" >ours.json
        for field in container created sizes statistics processes parents files mounts; do
            echo "# $sample: $field"
            jq -S "$peer_facts | .$field" "$peer" >expected
            jq -S "$our_facts | .$field" ours.json >told
            [ -s expected ]
            diff expected told
            n=$((n + 1))
        done
        [ "$(jq -r '.[0].checkpointed // "" | .[:19]' "$peer")" = "" ] ||
            [ "$(jq -r '.[0].checkpointed[:19]' "$peer")" = "$(jq -r '.times.checkpointed[:19]' ours.json)" ]
        jq -e '.notes == []' ours.json
    done < <(sample_archives)
    [ "$n" -ge 56 ]
}

@test "and it tells what checkpointctl does not" {
    inspect --json "$shop" >shop.json
    jq -e '.container | .pod == "shop" and .namespace == "prod-eu" and .architecture == "amd64"' shop.json
    jq -e '.image.digest | startswith("sha256:0d27d900ca4b8f1b")' shop.json
    jq -e '.criu | .version == "4.2" and (.kernel | startswith("6.18.44"))' shop.json
    jq -e '[.changes[] | select(.change == "deleted").path] == ["/etc/to-be-deleted"]' shop.json
    jq -e '[.changes[] | select(.type == "file").path] ==
        ["/tmp/count", "/tmp/count2", "/var/lib/app/state.txt"]' shop.json
    jq -e '[.processes[] | [.depth, .executable]] ==
        [[0, "/bin/busybox"], [1, "/bin/counter"], [1, "/bin/busybox"], [2, "/bin/counter"]]' shop.json
    jq -e '.configured.arguments[0] == "/bin/sh"' shop.json
    # containerd marks a deleted file with a whiteout, in a tar that is gzip.
    inspect --json "$TEST_DATA/containerd-2.3-counter.tar" >containerd.json
    jq -e '[.changes[] | select(.change == "deleted").path] == ["/etc/to-be-deleted"]' containerd.json
    jq -e '[.changes[] | select(.path == "/tmp/count").size] == [3]' containerd.json
    jq -e '.times.checkpointed_from == "config.dump"' containerd.json
    inspect --json "$TEST_DATA/podman-4.3-counter.tar" |
        jq -e '.times.checkpointed_from == "checkpoint/inventory.img"'
}

@test "the text tells it all in one screen" {
    inspect "$counter" >text
    for line in 'name          counter$' 'pod           counters$' 'namespace     default$' \
        'engine        CRI-O, runtime runc$' 'digest        sha256:0d27d900' 'CRIU          4.2 on Linux' \
        'created       2026-11-23T21:26:25.00582148Z$' 'checkpointed  2026-11-23T21:26:29.178743667Z$' \
        'frozen for 181.84 ms' '17 written of 24 scanned' 'memory pages 68.0 KiB; changed files 5.5 KiB' \
        ' 1 .* alive    /bin/counter /tmp/count$' 'HOSTNAME .*(hidden, 8 bytes)$' \
        ' 1  pipe      pipe\[251382\]$' '/etc/hosts  .*/var/lib/kubelet/pods/.*/etc-hosts$' \
        'changed  /tmp/count, 3 B$' 'deleted  /etc/to-be-deleted$'; do
        echo "# $line"
        grep -q -- "$line" text
    done
    run ! grep -q Findings text
    [ "$(wc -l <text)" -le 60 ]
}

@test "values of variables are told only when they are asked for" {
    for option in "" --json --all; do
        # shellcheck disable=SC2086 # none or one
        inspect $option "$shop" >hidden
        grep -q DB_PASSWORD hidden
        run ! grep -q hunter2 hidden
        # shellcheck disable=SC2086
        inspect $option --show-secrets "$shop" >shown
        grep -q hunter2-sample shown
    done
    # What kubectl apply leaves behind holds the variables too.
    tree "$shop"
    jq '.annotations["kubectl.kubernetes.io/last-applied-configuration"] = "{\"env\":\"hunter3\"}"' \
        tree/spec.dump >spec
    mv spec tree/spec.dump
    tar -cf applied.tar -C tree .
    inspect --all applied.tar >hidden
    grep -q 'last-applied-configuration  (hidden' hidden
    run ! grep -q hunter3 hidden
    inspect --json applied.tar >hidden
    run ! grep -q hunter3 hidden
    inspect --all --show-secrets applied.tar | grep -q hunter3
}

@test "from a pipe, compressed, and out of images of every kind: the same facts" {
    registry_start_plain
    facts "$shop" >expected
    facts - <"$shop" | diff expected -
    zstd -q "$shop" -o shop.zst
    gzip -c "$shop" >shop.gz
    facts ./shop.zst | diff expected -
    cat shop.gz | facts - | diff expected -
    for format in zstd gzip none; do
        "$CKPTOCI" convert -q --tls-verify=false --compression-format "$format" "$shop" \
            "$REGISTRY/x:$format" "oci:layout:$format" "oci-archive:$format.oci:x"
        for image in "$REGISTRY/x:$format" "docker://$REGISTRY/x:$format" "oci:layout:$format" \
            "oci-archive:$format.oci"; do
            facts "$image" | diff expected -
        done
    done
    inspect --json oci:layout:none >image.json
    jq -e '.source | .kind == "image" and .compression == "none" and .read == "in part" and
        (.manifest.digest | startswith("sha256:")) and .layer.size == .size' image.json
    inspect --json oci:layout:zstd | jq -e '.source.read == "whole"'
}

@test "of a large archive and of an uncompressed layer only a small part is read" {
    python3 "$TEST_LIB/grow-pages.py" "$counter" large.tar 64
    size=$(stat -c %s large.tar)
    ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=pread64,read -o trace "$CKPTOCI" inspect --json large.tar >file.json
    read_bytes=$(awk '/large|pread64/ { sum += $NF } END { print sum }' trace)
    echo "# file: $read_bytes of $size bytes"
    [ "$read_bytes" -gt 0 ]
    [ "$read_bytes" -lt $((size / 8)) ]
    jq -e '.processes[0].arguments == ["/bin/counter", "/tmp/count"]' file.json
    jq -e '.sizes.memory_pages > 64 * 1048576' file.json

    registry_start_persona spec
    "$CKPTOCI" convert -q --tls-verify=false --compression-format none large.tar "$REGISTRY/x:1"
    registry_start_proxy
    inspect --json "$REGISTRY/x:1" >image.json
    diff <(jq -S 'del(.source)' file.json) <(jq -S 'del(.source)' image.json)
    registry_stop_proxy
    down=$(jq -s 'map(.down // 0) | add' "$REGISTRY_PROXY_JOURNAL")
    echo "# layer: $down of $size bytes"
    [ "$down" -gt 0 ]
    [ "$down" -lt $((size / 3)) ]
}

@test "a registry without ranges does as well, and is not asked again at every hop" {
    python3 "$TEST_LIB/grow-pages.py" "$counter" large.tar 16
    registry_start_persona spec --option blob_ranges=false
    "$CKPTOCI" convert -q --tls-verify=false --compression-format none large.tar "$REGISTRY/x:1"
    registry_start_proxy
    facts large.tar >expected
    facts "$REGISTRY/x:1" | diff expected -
    registry_stop_proxy
    down=$(jq -s 'map(.down // 0) | add' "$REGISTRY_PROXY_JOURNAL")
    size=$(stat -c %s large.tar)
    echo "# layer: $down of $size bytes"
    [ "$down" -lt $((3 * size)) ]
}

@test "what verify would find is told, and nothing is refused" {
    chmod 644 "$counter"
    tree "$shop"
    jq '.hooks = {"prestart": [{"path": "/evil"}]}' tree/spec.dump >spec
    mv spec tree/spec.dump
    tar -cf hooked.tar -C tree .
    for archive in "$counter" hooked.tar; do
        run -0 "$CKPTOCI" verify -q --json "$archive"
        jq -S .findings <<<"$output" >expected
        [ "$(jq length expected)" -ge 1 ]
        inspect --json "$archive" | jq -S .findings | diff expected -
    done
    inspect hooked.tar | grep -A 3 '^Findings' | grep hook
}

@test "text that would drive the terminal does not" {
    tree "$counter"
    jq '.annotations["io.kubernetes.pod.name"] = "pod\u001b[2J\u009b31m\u202eevil\u0007\nname"' \
        tree/spec.dump >spec
    mv spec tree/spec.dump
    tar -cf nasty.tar -C tree .
    for option in --all --json; do
        inspect "$option" nasty.tar >text
        run ! grep -qP '[\x00-\x08\x0b-\x1f\x7f]' text
        run ! grep -q $'\u009b' text
        run ! grep -q $'\u202e' text
    done
    inspect nasty.tar | grep -qF 'pod\x1b[2J\xc2\x9b31m\xe2\x80\xaeevil\x07\x0aname'
    inspect --json nasty.tar | jq -e '.container.pod == "pod\u001b[2J\u009b31m\u202eevil\u0007\nname"'
}

@test "of a damaged archive it tells what there is" {
    head -c 170000 "$counter" >cut.tar
    inspect --json cut.tar >cut.json
    jq -e '[.findings[] | select(.verdict == "refused").check] == ["damaged-archive"]' cut.json
    jq -e '.processes[0].arguments[0] == "/bin/counter"' cut.json
    inspect cut.tar | grep -q '^  refused  damaged-archive: '
    head -c 170000 "$counter" | inspect --json - | jq -e '.processes[0].arguments[0] == "/bin/counter"'

    # Most archives are memory pages mostly, and so are cut in them: at once, within the
    # arguments, and behind these within the environment.
    for bytes in 90000 158592 158650; do
        echo "# $bytes bytes"
        head -c "$bytes" "$counter" >cut.tar
        facts cut.tar >cut.json
        jq -e '[.findings[] | select(.verdict == "refused").check] == ["damaged-archive"]' cut.json
        jq -e '.processes[0].name == "counter"' cut.json
        # shellcheck disable=SC2002 # a file would not be read through
        cat cut.tar | facts - >piped.json
        diff <(jq 'del(.findings)' cut.json) <(jq 'del(.findings)' piped.json)
    done

    tree "$counter"
    echo '{"half":' >tree/config.dump
    rm tree/checkpoint/mm-1.img
    head -c 20 tree/checkpoint/files.img >files
    mv files tree/checkpoint/files.img
    tar -cf bad.tar -C tree .
    inspect --json bad.tar >bad.json
    jq -e '.notes | map(select(startswith("config.dump is not valid JSON"))) | length == 1' bad.json
    jq -e '.notes | map(select(startswith("checkpoint/files.img: "))) | length == 1' bad.json
    jq -e '.processes[0] | .pid == 1 and .name == "counter" and .arguments == null' bad.json
    jq -e '.mounts | length == 13' bad.json
    inspect bad.tar | grep -q '\[counter\]'
}

@test "what is no checkpoint at all is refused" {
    head -c 100000 /dev/urandom >noise
    tar -cf other.tar -C / etc/hostname
    for archive in ./noise ./other.tar; do
        run --separate-stderr inspect "$archive"
        [ "$status" -eq 3 ]
        [ "$output" = "" ]
        [[ $stderr == *"inspect $archive: "* ]]
    done
    run inspect no-such-file.tar
    [ "$status" -eq 1 ]
    [[ $output == *"no-such-file.tar"*"No such file"* ]]
}

@test "a file that is there counts more than an image of that name" {
    mkdir -p localhost
    cp "$counter" localhost/counter
    run inspect localhost/counter
    [ "$status" -eq 0 ]
    [[ $output == *"archive       localhost/counter, "* ]]
    run inspect --retry-delay 10ms localhost:1/counter
    [ "$status" -eq 1 ]
    [[ $output == *"docker://localhost:1/counter:latest"* ]]
}
