# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Looking into images, and changing them, without any code of ckptoci's: jq, sha256sum, gunzip, zstd.

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
    local digest type blob
    read -r digest type < <(layout_manifest "$@" | jq -r '.layers[0] | "\(.digest) \(.mediaType)"')
    blob=$1/blobs/sha256/${digest#sha256:}
    case $type in
    application/vnd.oci.image.layer.v1.tar) cat "$blob" ;;
    application/vnd.oci.image.layer.v1.tar+gzip) gunzip -c "$blob" ;;
    application/vnd.oci.image.layer.v1.tar+zstd) zstd -dcq "$blob" ;;
    *) return 1 ;;
    esac
}

# assert_layout_sound LAYOUT: every blob has the digest that is its name, and is referred to with
# its true size; nothing else lies about
assert_layout_sound() {
    local layout=$1 manifests
    [ "$(<"$layout/oci-layout")" = '{"imageLayoutVersion":"1.0.0"}' ]
    [ "$(shopt -s dotglob && cd "$layout" && echo *)" = "blobs index.json oci-layout" ]
    ! (cd "$layout/blobs/sha256" && sha256sum -- *) | grep -vE '^([0-9a-f]{64})  \1$' || return 1
    mapfile -t manifests < <(jq -r '.manifests[].digest' "$layout/index.json")
    manifests=("${manifests[@]#sha256:}")
    # Of what is referred to, nothing is missing, and nothing has another size.
    [ "$({
        jq -r '.manifests[] | "\(.digest) \(.size)"' "$layout/index.json"
        jq -r '.config, .layers[] | "\(.digest) \(.size)"' "${manifests[@]/#/$layout/blobs/sha256/}"
    } | sort -u | comm -23 - <(cd "$layout/blobs/sha256" && stat -c 'sha256:%n %s' -- * | sort))" = "" ]
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

# add_blob FILE: to ./layout; prints digest and size as JSON
add_blob() {
    local digest
    digest=$(sha256sum <"$1" | cut -d ' ' -f 1)
    cp "$1" "layout/blobs/sha256/$digest"
    jq -nc --arg digest "sha256:$digest" --argjson size "$(stat -c %s "$1")" \
        '{digest: $digest, size: $size}'
}

# tag_blob DESCRIPTOR [TYPE]: the layout's tag "edited"
tag_blob() {
    jq -c --argjson blob "$1" --arg type \
        "${2:-application/vnd.oci.image.manifest.v1+json}" '.manifests |= map(select(
        .annotations["org.opencontainers.image.ref.name"] != "edited")) | .manifests += [$blob
        + {mediaType: $type, annotations: {"org.opencontainers.image.ref.name": "edited"}}]' \
        layout/index.json >index
    cp index layout/index.json
}

# edit MANIFEST-FILTER [CONFIG-FILTER]: the image "tag" of ./layout, changed, as "edited"
edit() {
    local config
    layout_config layout tag | jq -c "${2:-.}" | tr -d '\n' >config
    config=$(add_blob config)
    layout_manifest layout tag | jq -c --argjson config "$config" \
        ".config += \$config | $1" | tr -d '\n' >manifest
    tag_blob "$(add_blob manifest)"
}
