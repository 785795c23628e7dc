#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images in local files: what becomes of an archive, and of the options.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/image.bash
    . "$TEST_LIB/image.bash"
    place_enter
    archive=$TEST_DATA/crio-1.36-counter.tar
}

@test "every sample becomes a sound layout whose layer is the archive, in every format" {
    while read -r sample; do
        for format in zstd gzip none; do
            rm -rf image
            "$CKPTOCI" convert -q --compression-format "$format" "$sample" oci:image:tag
            assert_layout_sound image
            layout_layer image tag | cmp - <(plain_tar "$sample")
            [ "$(layout_config image tag | jq -r '.rootfs.diff_ids[0]')" = \
                "sha256:$(plain_tar "$sample" | sha256sum | cut -d ' ' -f 1)" ]
        done
    done < <(sample_archives)
}

@test "zstd is the default; a compressed archive becomes the layer unchanged" {
    "$CKPTOCI" convert -q "$archive" oci:image:plain
    [ "$(layout_manifest image plain | jq -r '.layers[0].mediaType')" = \
        application/vnd.oci.image.layer.v1.tar+zstd ]
    for format in gzip:gz zstd:zst; do
        sample=$TEST_DATA/podman-4.3-counter.tar.${format#*:}
        "$CKPTOCI" convert -q "$sample" "oci:image:${format%:*}"
        [ "$(layout_manifest image "${format%:*}" | jq -r '.layers[0].digest')" = \
            "sha256:$(sha256sum <"$sample" | cut -d ' ' -f 1)" ]
        [ "$(layout_manifest image "${format%:*}" | jq -r '.layers[0].mediaType')" = \
            "application/vnd.oci.image.layer.v1.tar+${format%:*}" ]
    done
}

@test "the content decides what an archive is, not its name; the kubelet's names hold colons" {
    cp "$TEST_DATA/podman-4.3-counter.tar.zst" \
        "checkpoint-shop_prod-eu-cart-2026-11-20T09:31:02+01:00.tar"
    "$CKPTOCI" convert -q checkpoint-shop_prod-eu-cart-2026-11-20T09:31:02+01:00.tar oci:image:tag
    [ "$(layout_manifest image tag | jq -r '.layers[0].mediaType')" = \
        application/vnd.oci.image.layer.v1.tar+zstd ]
}

@test "the same digest for any number of threads, from a file and from a pipe" {
    one=$("$CKPTOCI" convert -q --jobs 1 "$archive" oci:one:tag)
    many=$("$CKPTOCI" convert -q --jobs 7 "$archive" oci:many:tag)
    # shellcheck disable=SC2002 # a pipe is what is to be tested
    piped=$(cat "$archive" | "$CKPTOCI" convert -q - oci:piped:tag)
    [ "${one#*@}" = "${many#*@}" ]
    [ "${one#*@}" = "${piped#*@}" ]
}

@test "the image tells the time of the checkpoint; SOURCE_DATE_EPOCH wins" {
    "$CKPTOCI" convert -q "$archive" oci:image:own
    [ "$(layout_config image own | jq -r .created)" = 2026-11-23T21:26:29Z ]
    SOURCE_DATE_EPOCH=86400 "$CKPTOCI" convert -q "$archive" oci:image:epoch
    [ "$(layout_config image epoch | jq -r .created)" = 1970-01-02T00:00:00Z ]
    SOURCE_DATE_EPOCH=tomorrow run "$CKPTOCI" convert -q "$archive" oci:image:bad
    [ "$status" -eq 2 ]
    [[ $output == *'SOURCE_DATE_EPOCH "tomorrow"'* ]]
}

@test "the config is the one the engines need, and differs when the annotations do" {
    "$CKPTOCI" convert -q "$archive" oci:image:a
    "$CKPTOCI" convert -q --annotation x=y "$archive" oci:image:b
    config=$(layout_config image a)
    [ "$(jq -r '"\(.os)/\(.architecture)"' <<<"$config")" = linux/amd64 ]
    [ "$(jq -c '[.config, .rootfs.type, (.history | length)]' <<<"$config")" = '[{},"layers",1]' ]
    [ "$config" != "$(layout_config image b)" ]
    [ "$(layout_manifest image a | jq -r '.layers[0].digest')" = \
        "$(layout_manifest image b | jq -r '.layers[0].digest')" ]
}

@test "the manifest differs from buildah's in nothing an engine needs" {
    "$CKPTOCI" convert -q --compression-format gzip "$archive" oci:image:tag
    needed='[.schemaVersion, .mediaType, .config.mediaType, [.layers[].mediaType],
        .annotations["io.kubernetes.cri-o.annotations.checkpoint.name"]]'
    [ "$(layout_manifest image tag | jq -c "$needed")" = \
        "$(jq -c "$needed" "$TEST_DATA/peers/buildah.manifest.json")" ]
    [ "$(layout_config image tag | jq -c '[.os, .architecture, .rootfs.type]')" = \
        "$(jq -c '[.os, .architecture, .rootfs.type]' "$TEST_DATA/peers/buildah.config.json")" ]
}

@test "every annotation that checkpointctl writes is there, with the same value" {
    "$CKPTOCI" convert -q "$archive" oci:image:tag
    criu='.annotations | with_entries(select(.key | startswith("org.criu.")))'
    peer=$(jq -c "$criu" "$TEST_DATA/peers/checkpointctl-build.manifest.json")
    [ "$(jq length <<<"$peer")" -eq 8 ]
    [ "$(layout_manifest image tag | jq -c --argjson peer "$peer" \
        '.annotations as $ours | $peer | with_entries(.value = $ours[.key])')" = "$peer" ]
}

@test "--name, --annotation and --arch go into the image" {
    "$CKPTOCI" convert -q --name mine --arch riscv64 --annotation a=1 --annotation b= \
        --annotation org.criu.checkpoint.pod.name=other --annotation a=2 "$archive" oci:image:tag
    annotations=$(layout_manifest image tag | jq .annotations)
    [ "$(jq -r '.["io.kubernetes.cri-o.annotations.checkpoint.name"]' <<<"$annotations")" = mine ]
    [ "$(jq -r '.["org.criu.checkpoint.container.name"]' <<<"$annotations")" = mine ]
    [ "$(jq -r '.["org.criu.checkpoint.pod.name"]' <<<"$annotations")" = other ]
    [ "$(jq -r '[.a, .b] | join(",")' <<<"$annotations")" = 2, ]
    [ "$(layout_config image tag | jq -r .architecture)" = riscv64 ]
}

@test "--compression-level changes the layer, not the archive in it; its range is checked" {
    "$CKPTOCI" convert -q "$archive" oci:image:one
    "$CKPTOCI" convert -q --compression-level 9 "$archive" oci:image:nine
    [ "$(layout_manifest image nine | jq '.layers[0].size')" -lt \
        "$(layout_manifest image one | jq '.layers[0].size')" ]
    layout_layer image nine | cmp - "$archive"
    for arguments in "--compression-level 20" "--compression-format gzip --compression-level 10" \
        "--compression-format none --compression-level 1"; do
        # shellcheck disable=SC2086 # two arguments each
        run "$CKPTOCI" convert -q $arguments "$archive" oci:image:bad
        [ "$status" -eq 2 ]
        [[ $output == *--compression-level* ]]
    done
    run "$CKPTOCI" convert -q --compression-level 2 "$TEST_DATA/podman-4.3-counter.tar.zst" oci:i:t
    [ "$status" -eq 2 ]
    [[ $output == *"compressed already"* ]]
}

@test "several destinations are written from one read" {
    # shellcheck disable=SC2002 # a pipe can be read only once
    run --separate-stderr bash -c \
        'cat "$1" | "$0" convert - oci:a:1 oci:b:2 oci-archive:c.tar:3' "$CKPTOCI" "$archive"
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 3 ]
    [[ ${lines[0]} == oci:a:1@sha256:* ]]
    [[ ${lines[2]} == oci-archive:c.tar:3@sha256:* ]]
    unpack c.tar c
    for image in a:1 b:2 c:3; do
        assert_layout_sound "${image%:*}"
        layout_layer "${image%:*}" "${image#*:}" | cmp - "$archive"
    done
}

@test "one destination that fails does not stop the others" {
    run --separate-stderr "$CKPTOCI" convert -q "$archive" oci:good:1 oci-archive:no/such/dir.tar:2
    [ "$status" -eq 1 ]
    [[ $output == oci:good:1@sha256:* ]]
    [[ $stderr == *"push to oci-archive:no/such/dir.tar:2: "*"No such file or directory"* ]]
    assert_layout_sound good
    [ ! -e no ]
}

@test "an image is added to a layout; a tag moves to the new one; again changes nothing" {
    "$CKPTOCI" convert -q "$archive" oci:image:a
    "$CKPTOCI" convert -q "$TEST_DATA/crio-1.36-shop.tar" oci:image:b
    [ "$(jq '.manifests | length' image/index.json)" -eq 2 ]
    "$CKPTOCI" convert -q "$TEST_DATA/crio-1.36-shop.tar" oci:image:a
    [ "$(jq '.manifests | length' image/index.json)" -eq 2 ]
    layout_layer image a | cmp - "$TEST_DATA/crio-1.36-shop.tar"
    before=$(find image -type f -exec stat -c '%n %Y %i %s' {} + | sort)
    run --separate-stderr "$CKPTOCI" convert -q --json "$TEST_DATA/crio-1.36-shop.tar" oci:image:a
    [ "$(jq -r '.images[0].status' <<<"$output")" = unchanged ]
    [ "$before" = "$(find image -type f -exec stat -c '%n %Y %i %s' {} + | sort)" ]
}

@test "--json tells all of the image" {
    run --separate-stderr "$CKPTOCI" convert --json "$archive" oci:image:tag
    [ "$status" -eq 0 ]
    manifest=$(layout_manifest image tag)
    [ "$(jq -r .manifest.digest <<<"$output")" = \
        "sha256:$(layout_manifest image tag | sha256sum | cut -d ' ' -f 1)" ]
    [ "$(jq -c '.layer | {digest, mediaType, size}' <<<"$output")" = \
        "$(jq -c '.layers[0] | {digest, mediaType, size}' <<<"$manifest")" ]
    [ "$(jq -r .layer.diff_id <<<"$output")" = \
        "sha256:$(sha256sum <"$archive" | cut -d ' ' -f 1)" ]
    [ "$(jq -r .layer.uncompressed_size <<<"$output")" -eq "$(stat -c %s "$archive")" ]
    [ "$(jq -c .annotations <<<"$output")" = "$(jq -c .annotations <<<"$manifest")" ]
    [ "$(jq -c '[.images[] | {reference, status}]' <<<"$output")" = \
        '[{"reference":"oci:image:tag","status":"pushed"}]' ]
    jq -e '.seconds > 0' <<<"$output"
}

@test "what holds memory is its owner's alone, whatever the umask" {
    umask 0
    mkdir -m 755 theirs
    touch old.tar
    "$CKPTOCI" convert -q "$archive" oci:image:tag oci:theirs:tag oci-archive:new.tar oci-archive:old.tar
    "$CKPTOCI" copy -q oci:image:tag oci-archive:copied.tar
    "$CKPTOCI" copy -q oci:image:tag oci:copied
    "$CKPTOCI" pull -q oci:image:tag pulled.tar
    [ -z "$(find image copied theirs/* ./*.tar -perm /077)" ]
    [ "$(stat -c %a theirs image)" = $'755\n700' ]
    # What others may read already stays so, but for the new image.
    chmod 755 image image/blobs image/blobs/sha256
    find image -type f -exec chmod 644 {} +
    "$CKPTOCI" convert -q "$TEST_DATA/crio-1.36-shop.tar" oci:image:b
    [ "$(stat -c %a image/index.json image/oci-layout image/blobs)" = $'644\n644\n755' ]
    [ "$(find image/blobs -type f -perm 600 | wc -l)" -eq 3 ]
}

@test "--digestfile holds the digest and nothing else" {
    run --separate-stderr "$CKPTOCI" convert -q --digestfile digest "$archive" oci:image:tag
    [ "$output" = "oci:image:tag@$(cat digest)" ]
    [ "$(stat -c %s digest)" -eq 71 ]
}

@test "an archive of another architecture or without core images" {
    unpack "$archive" tree
    printf '\x03' | dd of=tree/checkpoint/core-1.img bs=1 seek=13 conv=notrunc status=none
    tar -cf arm64.tar -C tree checkpoint config.dump spec.dump
    "$CKPTOCI" convert -q arm64.tar oci:image:arm64
    [ "$(layout_config image arm64 | jq -r .architecture)" = arm64 ]
    rm tree/checkpoint/core-1.img
    tar -cf unknown.tar -C tree checkpoint config.dump spec.dump
    run --separate-stderr "$CKPTOCI" convert -q unknown.tar oci:image:unknown
    [ "$status" -eq 3 ]
    [[ $stderr == *"criu-images: "*core-1.img* ]]
    run --separate-stderr "$CKPTOCI" convert -q --allow criu-images unknown.tar oci:image:unknown
    [ "$status" -eq 0 ]
    [[ $stderr == *"warning: "*--arch* ]]
}

@test "nothing is written but the destination" {
    mkdir out tmp
    # A program that is traced cannot also be searched for leaks, and a sanitizer that is told where
    # to report to makes that directory: here it reports on standard error.
    ASAN_OPTIONS=exitcode=99:detect_leaks=0 UBSAN_OPTIONS='' TSAN_OPTIONS=exitcode=99 \
        TMPDIR=$PWD/tmp strace -f -y -qq -o trace \
        -e trace=open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink \
        "$CKPTOCI" convert -q "$archive" oci:out/image:tag oci-archive:out/image.tar
    grep -E 'O_WRONLY|O_RDWR|O_CREAT|O_TMPFILE|mkdir|rename|link' trace | grep -v resumed >writes
    [ "$(wc -l <writes)" -ge 5 ]
    # tsan.rodata is a file of the thread sanitizer's own.
    run grep -v -e "$PWD/out" -e '"out/' -e '"out"' -e '/tsan\.rodata\.' writes
    [ "$output" = "" ]
    [ "$(find home tmp -mindepth 1)" = "" ]
}
