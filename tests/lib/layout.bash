# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Image layouts of small images that are no checkpoints, made in ./layout by jq alone.

# shellcheck source=tests/lib/image.bash
. "$TEST_LIB/image.bash"

manifest_type=application/vnd.oci.image.manifest.v1+json
index_type=application/vnd.oci.image.index.v1+json
layer_type=application/vnd.oci.image.layer.v1.tar
config_type=application/vnd.oci.image.config.v1+json

# layout_begin: one without images
layout_begin() {
    rm -rf layout
    mkdir -p layout/blobs/sha256
    printf '{"imageLayoutVersion":"1.0.0"}' >layout/oci-layout
    echo '{"schemaVersion":2,"manifests":[]}' >layout/index.json
}

# describe FILE TYPE: adds it as a blob; prints its descriptor
describe() {
    add_blob "$1" | jq -c --arg type "$2" '{mediaType: $type} + .'
}

# enter DESCRIPTOR [ANNOTATIONS]: into the layout's index
enter() {
    jq -c --argjson entry "$1" --argjson annotations "${2:-{\}}" \
        '.manifests += [$entry + {annotations: $annotations}]' layout/index.json >index.new
    cp index.new layout/index.json
}

# ref_name NAME [FULL-NAME]: annotations
ref_name() {
    jq -nc --arg name "$1" --arg full "${2:-}" '{"org.opencontainers.image.ref.name": $name}
        + if $full == "" then {} else {"io.containerd.image.name": $full} end'
}

# make_image NOTE [FILTER]: an image whose one layer is the note, its manifest changed by the filter;
# its descriptor in $added, the digest of the layer in $layer
make_image() {
    local config
    printf '{"architecture":"amd64","os":"linux"}' >config
    config=$(describe config "$config_type")
    echo "$1" >note
    layer=$(describe note "$layer_type")
    jq -nc --argjson config "$config" --argjson layer "$layer" --arg type "$manifest_type" \
        "{schemaVersion: 2, mediaType: \$type, config: \$config, layers: [\$layer]} | ${2:-.}" >manifest
    layer=$(jq -r .digest <<<"$layer")
    # shellcheck disable=SC2034 # for the caller
    added=$(describe manifest "$manifest_type")
}

# add_image NOTE [ANNOTATIONS [FILTER]]: the same, with an entry in the index
add_image() {
    make_image "$1" "${3:-.}"
    enter "$added" "${2:-}"
}

# add_index DESCRIPTORS [ANNOTATIONS]: an index of these, a JSON array; its descriptor in $added
add_index() {
    jq -nc --argjson list "$1" --arg type "$index_type" \
        '{schemaVersion: 2, mediaType: $type, manifests: $list}' >index
    added=$(describe index "$index_type")
    enter "$added" "${2:-}"
}

# digest_in DESCRIPTOR
digest_in() {
    jq -r .digest <<<"$1"
}
