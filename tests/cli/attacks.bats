#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every attack of tests/attacks/make-attacks is told from a real checkpoint, by the right finding,
# and nothing of it is published.
bats_require_minimum_version 1.5.0

setup_file() {
    attacks=$TEST_LIB/../attacks/make-attacks
    export attacks
    "$attacks" --all "$BATS_FILE_TMPDIR"
    "$attacks" --list small >"$BATS_FILE_TMPDIR/small.list"
}

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    small=$BATS_FILE_TMPDIR/small.list
    install -m 600 "$TEST_DATA/crio-1.36-counter.tar" archive.tar
}

teardown() {
    registry_stop_all
}

# values KEY FILE: the values of KEY in the JSON, in order. Without a process for each of hundreds.
values() {
    local line found=()
    while IFS= read -r line; do
        if [[ $line =~ \"$1\":\ \"([^\"]*)\" ]]; then
            found+=("${BASH_REMATCH[1]}")
        fi
    done <"$2"
    echo "${found[*]}"
}

# try NAME [OPTION...]: converts that attack from a pipe; its JSON is in out.json. Sets status.
try() {
    local name=$1
    shift
    rm -rf image image.tar
    status=0
    # shellcheck disable=SC2002 # a file would have a mode that is warned of
    cat "$BATS_FILE_TMPDIR/$name" | timeout "$WAIT_S" "$CKPTOCI" convert -q --json "$@" - \
        oci:image:tag oci-archive:image.tar >out.json 2>stderr || status=$?
}

# table NAME FINDING: a line of the table in the test's output
table() {
    printf '# %-32s %-20s %s\n' "$1" "$2" "$status" >&3
}

# refused FINDING: it was, for that alone, and nothing is there
refused() {
    local text
    text=$(<stderr)
    [ "$status" -eq 3 ]
    [ "$(values check out.json)" = "$1" ]
    [ "$(values verdict out.json)" = refused ]
    [[ $text == "ckptoci: convert -: $1: "* ]]
    [ ! -e image ]
    [ ! -e image.tar ]
}

@test "each attack that is refused" {
    while read -r name finding severity; do
        [ "$severity" = refuse ] || continue
        try "$name"
        table "$name" "$finding"
        refused "$finding"
    done <"$small"
}

@test "what explains why an archive cannot be read is told once" {
    for name in dangling-header pax-without-records two-pax-headers; do
        run --separate-stderr "$CKPTOCI" verify -q --json - <"$BATS_FILE_TMPDIR/$name"
        [ "$status" -eq 3 ]
        [ "$(jq '[.findings[] | select(.check != "readable-archive")] | length' <<<"$output")" -eq 1 ]
    done
}

@test "each attack that is warned of, and refused with --strict" {
    while read -r name finding severity; do
        [ "$severity" = warn ] || continue
        try "$name"
        table "$name" "$finding"
        [ "$status" -eq 0 ]
        [ "$(values check out.json)" = "$finding" ]
        [ "$(values verdict out.json)" = warning ]
        [[ $(<stderr) == "ckptoci: warning: $finding: "* ]]
        [ -e image/index.json ]
        try "$name" --strict
        refused "$finding"
        try "$name" --strict --allow "$finding"
        [ "$status" -eq 0 ]
        [ "$(values verdict out.json)" = allowed ]
        [ "$(<stderr)" = "" ]
    done <"$small"
}

@test "what honest archives have passes" {
    while read -r name; do
        try "$name"
        table "$name" "$(values check out.json)"
        [ "$status" -eq 0 ]
    done < <("$attacks" --list harmless)
    # What podman makes with --with-previous needs the checkpoint before: everybody tells.
    previous=$BATS_FILE_TMPDIR/second-checkpoint-of-two
    [[ $("$CKPTOCI" verify -q --engine podman "$previous") == *" --import-previous FILE"* ]]
    [[ $("$CKPTOCI" inspect -q --json "$previous" | jq -r '.notes[]') == *" --import-previous"* ]]
    run --separate-stderr "$CKPTOCI" restore-kit "$previous"
    [[ $stderr == *"podman container restore --import-previous "* ]]
}

# peak_kib COMMAND...: its peak memory, in KiB; the status is in $status
peak_kib() {
    python3 - "$@" <<'END'
import resource, subprocess, sys
with open("out.json", "w") as out, open("stderr", "w") as errors:
    status = subprocess.run(sys.argv[1:], stdin=open("large.fifo"), stdout=out, stderr=errors).returncode
print(status, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END
}

@test "large attacks are refused in little memory" {
    mkfifo large.fifo
    while read -r name finding severity; do
        [ "$severity" = refuse ]
        "$attacks" "$name" >large.fifo &
        read -r status peak < <(peak_kib timeout "$WAIT_S" "$CKPTOCI" convert -q --json -j 2 --window 0 - \
            oci:image:tag oci-archive:image.tar)
        wait "$!"
        table "$name ($((peak >> 10)) MiB)" "$finding"
        refused "$finding"
        # AddressSanitizer has a memory of its own.
        grep -q __asan_init "$CKPTOCI" || [ "$peak" -lt $((64 << 10)) ]
    done < <("$attacks" --list large)
}

# bomb: a zstd archive on standard output, of a megabyte, in which one image has 6 GiB of zeros: the
# sample's members come first, or last with the argument "first", which stands for the bomb.
bomb() {
    python3 - "${1-last}" <<'END'
import subprocess, sys, tarfile

def zstd(data):
    return subprocess.run(["zstd", "-q", "-3"], input=data, stdout=subprocess.PIPE, check=True).stdout

sample = tarfile.open("archive.tar")
last = sample.getmembers()[-1]
end = last.offset_data + (last.size + 511) // 512 * 512
members = zstd(open("archive.tar", "rb").read(end))
image = tarfile.TarInfo("checkpoint/pages-9.img")
image.size = 6 << 30
zeros = zstd(image.tobuf(tarfile.USTAR_FORMAT)) + 96 * zstd(bytes(64 << 20))
sys.stdout.buffer.write(b"".join((zeros, members) if sys.argv[1] == "first" else (members, zeros))
                        + zstd(bytes(1024)))
END
}

@test "inspect, list and verify stop at a bomb, and tell of it once" {
    bomb >bomb.tar.zst
    bomb first >bomb-first.tar.zst
    timeout 60 "$CKPTOCI" inspect -q --json bomb.tar.zst >out.json
    [ "$(jq -r '.container.name, .source.read' out.json | xargs)" = "counter in part" ]
    [ "$(jq -c '[.findings[] | [.check, .verdict, .count]]' out.json)" = \
        '[["decompression-bomb","refused",1]]' ]
    run --separate-stderr timeout 60 "$CKPTOCI" verify -q --json bomb.tar.zst
    [ "$status" -eq 3 ]
    [ "$(jq -c '[.findings[] | [.check, .count]]' <<<"$output")" = '[["decompression-bomb",1]]' ]
    # What convert has read ahead does not count.
    run --separate-stderr "$CKPTOCI" convert -q --max-unpacked 1M bomb.tar.zst oci:image:x
    [ "$status" -eq 3 ]
    [[ $stderr =~ ([0-9]+)" bytes have become more than " ]]
    [ "${BASH_REMATCH[1]}" -lt "$(stat -c %s bomb.tar.zst)" ]

    # Where nothing else can be told, that is.
    run --separate-stderr timeout 60 "$CKPTOCI" inspect -q bomb-first.tar.zst
    [ "$status" -eq 3 ]
    [[ $stderr == *"decompression-bomb: "* ]]
    mkdir directory
    mv bomb*.zst directory
    timeout 60 "$CKPTOCI" list --json directory >out.json
    [ "$(jq -r '.[0].container' out.json)" = counter ] # before the bomb
    [[ $(jq -r '.[1].error' out.json) == "decompression-bomb: "* ]]
}

@test "memory that is mostly zeros passes, and --max-unpacked says how much of it" {
    # 1280 MiB of zeros with 256 KiB of other memory: 1:4000
    python3 - <<'END'
import random, subprocess, tarfile

def zstd(data):
    return subprocess.run(["zstd", "-q", "-3"], input=data, stdout=subprocess.PIPE, check=True).stdout

sample = tarfile.open("archive.tar")
last = sample.getmembers()[-1]
end = last.offset_data + (last.size + 511) // 512 * 512
noise = random.Random(1).randbytes(256 << 10)
image = tarfile.TarInfo("checkpoint/pages-9.img")
image.size = len(noise) + (1280 << 20)
head = open("archive.tar", "rb").read(end) + image.tobuf(tarfile.USTAR_FORMAT) + noise
open("zeros.tar.zst", "wb").write(zstd(head) + 20 * zstd(bytes(64 << 20)) + zstd(bytes(1024)))
END
    chmod 600 zeros.tar.zst
    [ "$("$CKPTOCI" inspect -q --json zeros.tar.zst | jq -c .findings)" = "[]" ]
    for command in inspect restore-kit; do
        run --separate-stderr "$CKPTOCI" "$command" -q --max-unpacked 1M zeros.tar.zst
        [[ $output$stderr == *"decompression-bomb: "*"--max-unpacked allows more"* ]]
    done
    run --separate-stderr "$CKPTOCI" verify -q --max-unpacked 1M zeros.tar.zst
    [ "$status" -eq 3 ]
    [ "$(grep -c decompression-bomb <<<"$output")" -eq 1 ]
    run --separate-stderr "$CKPTOCI" convert -q --max-unpacked 1M zeros.tar.zst oci:image:x
    [ "$status" -eq 3 ]
    run --separate-stderr "$CKPTOCI" convert -q --max-unpacked 8T zeros.tar.zst oci:image:x
    [ "$status" -eq 2 ]
}

# Those of images are in verify.bats.
@test "each check that can refuse has an attack" {
    diff <("$attacks" --list | awk '{ print $2 }' | sort -u) \
        <("$CKPTOCI" convert --allow list | awk '{ print $1 }' | grep -vxE \
            'archive-changed|container-name|file-name|plain-http|readable-archive|registry-limit' |
            grep -vE '^image-(manifest|media|index|unm|layer|config|platform|diff|annot)' | sort)
}

@test "real archives pass with true warnings only" {
    for sample in "$TEST_DATA"/*.tar*; do
        install -m 600 "$sample" sample
        rm -rf image
        "$CKPTOCI" convert -q --json sample oci:image:tag >out.json
        printf '# %-32s %s\n' "${sample##*/}" "$(values check out.json)" >&3
        case $sample in
        *crio-1.26*) [ "$(values check out.json)" = empty-image-ref ] ;;
        *) [ "$(values check out.json)" = "" ] ;;
        esac
    done
}

@test "a refusal that is allowed becomes a warning" {
    try write-through-symlink --allow write-through-link
    [ "$status" -eq 0 ]
    [ "$(values verdict out.json)" = warning ]
    grep -q '^ckptoci: warning: write-through-link: rootfs-diff.tar:tmp/out/etc/cron.d/evil: ' stderr
    # Another refusal is one still.
    try whiteout-of-parent --allow write-through-link
    refused whiteout
    grep -q -- '--allow whiteout' stderr
}

@test "what cannot be allowed, or is no check, is wrong usage" {
    run "$CKPTOCI" convert --allow no-such-check archive.tar oci:image:tag
    [ "$status" -eq 2 ]
    [[ $output == *'"no-such-check" is no check'*"--allow list"* ]]
    run "$CKPTOCI" convert --allow damaged-archive archive.tar oci:image:tag
    [ "$status" -eq 2 ]
    [[ $output == *"damaged-archive cannot be allowed"* ]]
    [ ! -e image ]
}

@test "the file's name must be that of the container in it" {
    for name in "checkpoint-counters_default-counter-2026-11-20T09:30:15Z.tar" "evidence_7.tar"; do
        cp -p archive.tar "$name"
        "$CKPTOCI" convert -q --strict "$name" oci:image:tag
    done
    for name in "checkpoint-counters_default-other-2026-11-20T09:30:15Z.tar" \
        "checkpoint-counters_kube-system-counter-2026-11-20T09:30:15+01:00.tar"; do
        cp -p archive.tar "$name"
        run --separate-stderr "$CKPTOCI" convert -q --strict "$name" oci:image:other
        [ "$status" -eq 3 ]
        [[ $stderr == *"file-name: "*"holds container counter of pod counters in default"* ]]
    done
}

@test "an archive that others can read, and another container's name" {
    chmod 0604 archive.tar
    run --separate-stderr "$CKPTOCI" convert -q --name other archive.tar oci:image:tag
    [ "$status" -eq 0 ]
    [[ $stderr == *"warning: container-name: "*'"counter"'*'"other"'* ]]
    [[ $stderr == *"warning: readable-archive: "*0604* ]]
}

@test "an archive that changes while it is read" {
    cp -p archive.tar changing.tar
    truncate -s 256M changing.tar
    (while [ ! -e stop ]; do touch changing.tar && sleep 0.01; done) &
    toucher=$!
    run --separate-stderr "$CKPTOCI" convert -q --json changing.tar oci:image:tag
    touch stop
    wait "$toucher"
    [ "$status" -eq 3 ]
    [[ $output == *'"check": "archive-changed"'* ]]
    [ ! -e image ]
}

@test "a registry without encryption, on another address than the loopback's own" {
    registry_start_plain
    other=0.0.0.0:${REGISTRY##*:} # which the system takes for this machine, too
    run --separate-stderr "$CKPTOCI" convert -q --strict --tls-verify=false archive.tar "$other/x:1"
    echo "$status $stderr"
    [ "$status" -eq 3 ]
    [[ $stderr == *"plain-http: docker://$other/x:1 is spoken to without encryption"* ]]
    run --separate-stderr "$CKPTOCI" convert -q --strict --tls-verify=false archive.tar \
        "$REGISTRY/x:1"
    [ "$status" -eq 0 ]
}

@test "the documentation lists the checks as the program does" {
    diff <("$CKPTOCI" convert --allow list | awk '{ print $1, $2 }') \
        <(sed -n 's/^| `\([a-z-]*\)` | \([a-z]*\) | .*/\1 \2/p' "$TEST_DOCS/findings.md")
    # Each consequence and reference too.
    while read -r name severity text; do
        if [[ $text =~ ^(.*)\ \((CVE-[0-9-]+|[a-z]+#[0-9]+)\)$ ]]; then
            line="| \`$name\` | $severity | ${BASH_REMATCH[1]} | ${BASH_REMATCH[2]} |"
        else
            line="| \`$name\` | $severity | $text |  |"
        fi
        grep -qF -- "$line" "$TEST_DOCS/findings.md" || { echo "not there: $line" && return 1; }
    done < <("$CKPTOCI" convert --allow list)
    # And each has the place that it protects.
    diff <("$CKPTOCI" convert --allow list | awk '{ print $1 }') \
        <(sed -n '/^## What they protect/,$s/^| `\([a-z-]*\)` | .* |$/\1/p' "$TEST_DOCS/findings.md")
}
