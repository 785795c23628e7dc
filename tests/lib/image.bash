# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Looking into images without any code of ckptoci's: jq, sha256sum, gunzip, zstd.

# Every member of $TEST_DATA that is a checkpoint archive.
sample_archives() {
    printf '%s\n' "$TEST_DATA"/*.tar "$TEST_DATA"/*.tar.gz "$TEST_DATA"/*.tar.zst
}

# plain_tar ARCHIVE: the tar itself, on standard output
plain_tar() {
    case $1 in
    *.gz) gunzip -c "$1" ;;
    *.zst) zstd -dcq "$1" ;;
    *) cat "$1" ;;
    esac
}

# blob_path LAYOUT DIGEST
blob_path() {
    echo "$1/blobs/sha256/${2#sha256:}"
}

# layout_manifest LAYOUT [TAG]: the manifest, on standard output
layout_manifest() {
    local digest
    digest=$(jq -r --arg tag "${2:-}" '.manifests[]
        | select((.annotations["org.opencontainers.image.ref.name"] // "") == $tag) | .digest' \
        "$1/index.json")
    cat "$(blob_path "$1" "$digest")"
}

# layout_config LAYOUT [TAG]
layout_config() {
    cat "$(blob_path "$1" "$(layout_manifest "$@" | jq -r .config.digest)")"
}

# layout_layer LAYOUT [TAG]: the layer uncompressed, whatever its media type says it is
layout_layer() {
    local manifest blob
    manifest=$(layout_manifest "$@")
    blob=$(blob_path "$1" "$(jq -r '.layers[0].digest' <<<"$manifest")")
    case $(jq -r '.layers[0].mediaType' <<<"$manifest") in
    application/vnd.oci.image.layer.v1.tar) cat "$blob" ;;
    application/vnd.oci.image.layer.v1.tar+gzip) gunzip -c "$blob" ;;
    application/vnd.oci.image.layer.v1.tar+zstd) zstd -dcq "$blob" ;;
    *) return 1 ;;
    esac
}

# assert_layout_sound LAYOUT: every blob has the digest that is its name, and is referred to with
# its true size; nothing else lies about
assert_layout_sound() {
    local layout=$1 digest size blob
    [ "$(cat "$layout/oci-layout")" = '{"imageLayoutVersion":"1.0.0"}' ]
    [ "$(find "$layout" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort | xargs)" = \
        "blobs index.json oci-layout" ]
    for blob in "$layout"/blobs/sha256/*; do
        [ "$(sha256sum <"$blob" | cut -d ' ' -f 1)" = "${blob##*/}" ] || return 1
    done
    jq -r '.manifests[] | "\(.digest) \(.size)"' "$layout/index.json" | while read -r digest size; do
        assert_blob_size "$layout" "$digest" "$size" || return 1
        jq -r '.config, .layers[] | "\(.digest) \(.size)"' "$(blob_path "$layout" "$digest")" |
            while read -r digest size; do
                assert_blob_size "$layout" "$digest" "$size" || return 1
            done || return 1
    done
}

assert_blob_size() {
    [ "$(stat -c %s "$(blob_path "$1" "$2")")" = "$3" ]
}

# assert_same_tree ARCHIVE DIRECTORY: the directory holds what tar makes of the archive: names,
# contents, types and permissions
assert_same_tree() {
    local expected
    expected=$(mktemp -d "$BATS_TEST_TMPDIR/tree.XXXXXX")
    plain_tar "$1" | tar -xpf - -C "$expected"
    diff -r "$expected" "$2" &&
        diff <(list_tree "$expected") <(list_tree "$2")
}

list_tree() {
    (cd "$1" && find . -mindepth 1 -printf '%P %y %m %s\n' | sed 's/ d \([0-7]*\) .*/ d \1/' | sort)
}
