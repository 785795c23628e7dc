#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Running the command again: no blob bytes move where the image is there already, and everything
# does where it is not quite this one.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/image.bash
    . "$TEST_LIB/image.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    archive=$TEST_DATA/crio-1.36-counter.tar
}

teardown() {
    registry_stop_all
}

# body_requests: how many requests with a body the registry has seen: layers, blobs, manifests
body_requests() {
    grep -c 'response completed.*http.request.method=\(PATCH\|PUT\)' "$REGISTRY_DIR/log"
}

# layer_requests: how many of them with a layer's bytes
layer_requests() {
    grep -c 'response completed.*http.request.method=PATCH' "$REGISTRY_DIR/log"
}

# convert STATUS ARGUMENT...: the status of the first image; digest is the manifest's
convert() {
    local expected=$1
    shift
    run --separate-stderr "$CKPTOCI" convert -q --json --tls-verify=false "$@"
    echo "$output $stderr"
    [ "$status" -eq 0 ]
    [ "$(jq -r '.images[0].status' <<<"$output")" = "$expected" ]
    digest=$(jq -r .manifest.digest <<<"$output")
    [ "$(jq -r '.images[0].digest' <<<"$output")" = "$digest" ]
}

# files LAYOUT: every file of it with inode and time of change
files() {
    find "$1" -type f -printf '%P %i %s %C@\n' | sort
}

@test "registry: nothing is sent the second time, whatever the archive and the format" {
    registry_start_plain
    n=0
    while read -r sample; do
        for format in zstd gzip none; do
            n=$((n + 1))
            convert pushed --compression-format "$format" "$sample" "$REGISTRY/x:$n"
            first=$digest
            first_report=$(jq 'del(.seconds, .images)' <<<"$output")
            before=$(body_requests)
            convert unchanged --compression-format "$format" "$sample" "$REGISTRY/x:$n"
            [ "$digest" = "$first" ]
            [ "$(jq 'del(.seconds, .images)' <<<"$output")" = "$first_report" ]
            [ "$(body_requests)" -eq "$before" ]
        done
    done < <(sample_archives)
    [ "$n" -ge 15 ]
    [ "$(registry_open_uploads)" = "" ]
}

@test "layout: no file is touched the second time" {
    while read -r sample; do
        rm -rf image
        convert pushed "$sample" oci:image:tag
        files image >before
        convert unchanged "$sample" oci:image:tag
        files image | diff before -
    done < <(sample_archives)
}

@test "a layout without tags is looked through as well" {
    convert pushed "$archive" oci:image
    files image >before
    convert unchanged "$archive" oci:image
    files image | diff before -
}

@test "other options or another archive under the same tag are pushed" {
    registry_start_plain
    convert pushed "$archive" "$REGISTRY/x:tag"
    for arguments in "--compression-level=3 $archive" "--compression-format=gzip $archive" \
        "--annotation=a=b $archive" "--annotation=a=c $archive" "--name=other $archive" \
        "--arch=arm64 $archive" "$TEST_DATA/crio-1.36-shop.tar" "$archive"; do
        before=$(layer_requests)
        # shellcheck disable=SC2086 # an option and an archive
        convert pushed $arguments "$REGISTRY/x:tag"
        echo "$arguments: $(layer_requests)"
        [ "$(layer_requests)" -gt "$before" ]
        [ "$(skopeo inspect --tls-verify=false --raw "docker://$REGISTRY/x:tag" | sha256sum)" = \
            "${digest#sha256:}  -" ]
    done
    before=$(layer_requests)
    SOURCE_DATE_EPOCH=1 convert pushed "$archive" "$REGISTRY/x:tag"
    [ "$(layer_requests)" -gt "$before" ]
}

@test "an archive that has changed but kept its size is pushed" {
    registry_start_plain
    unpack "$archive" tree
    tar -cf changed.tar -C tree .
    size=$(stat -c %s changed.tar)
    convert pushed changed.tar "$REGISTRY/x:tag"
    first=$digest
    printf 'other memory' | dd of=tree/checkpoint/pages-1.img conv=notrunc status=none
    tar -cf changed.tar -C tree .
    [ "$(stat -c %s changed.tar)" -eq "$size" ]
    convert pushed changed.tar "$REGISTRY/x:tag"
    [ "$digest" != "$first" ]
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/x:tag" oci:readback:tag
    layout_layer readback tag | cmp - changed.tar
}

@test "of two destinations only the one without the image gets it" {
    registry_start_plain
    convert pushed "$archive" oci:image:tag
    files image >before
    convert unchanged "$archive" oci:image:tag "$REGISTRY/x:tag" oci-archive:image.tar:tag
    [ "$(jq -r '.images[1].status, .images[2].status' <<<"$output" | xargs)" = "pushed pushed" ]
    [ "$(jq -r '.images[].digest' <<<"$output" | sort -u)" = "$digest" ]
    files image | diff before -
    [ "$(layer_requests)" -eq 1 ]
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/x:tag" oci:readback:tag
    layout_layer readback tag | cmp - "$archive"
}

@test "from a pipe, the image is found unchanged in the end" {
    registry_start_plain
    convert pushed "$archive" "$REGISTRY/x:tag"
    # shellcheck disable=SC2002 # a pipe is what is to be tested
    convert unchanged - "$REGISTRY/x:tag" < <(cat "$archive")
    [ "$(registry_open_uploads)" = "" ]
}

@test "an image whose layer is gone from a layout is written again" {
    convert pushed "$archive" oci:image:tag
    rm "$(blob_path image "$(layout_manifest image tag | jq -r '.layers[0].digest')")"
    run --separate-stderr "$CKPTOCI" convert -q "$archive" oci:image:tag
    [ "$status" -eq 0 ]
    assert_layout_sound image
    layout_layer image tag | cmp - "$archive"
}

@test "images of others under the tag are replaced" {
    registry_start_plain
    skopeo copy -q --dest-tls-verify=false \
        "oci:$(make_foreign_image)" "docker://$REGISTRY/x:tag"
    convert pushed "$archive" "$REGISTRY/x:tag"
    skopeo copy -q --src-tls-verify=false "docker://$REGISTRY/x:tag" oci:readback:tag
    layout_layer readback tag | cmp - "$archive"
}

# make_foreign_image: a layout with one image that has no history
make_foreign_image() {
    umoci init --layout foreign >&2
    umoci new --image foreign:tag >&2
    echo foreign:tag
}

@test "an archive that is refused is refused although its image is there" {
    registry_start_plain
    convert pushed "$archive" "$REGISTRY/x:tag"
    sed 's/inventory\.img/inventorx.img/' "$archive" >damaged.tar
    [ "$(stat -c %s damaged.tar)" -eq "$(stat -c %s "$archive")" ]
    run --separate-stderr "$CKPTOCI" convert -q --tls-verify=false damaged.tar "$REGISTRY/x:tag"
    echo "$stderr"
    [ "$status" -eq 3 ]
    [[ $stderr == *"convert damaged.tar: "* ]]
    [ "$(layer_requests)" -eq 1 ]
    [ "$(registry_open_uploads)" = "" ]
}

# puts: what was put, in order: blob or manifest, and the status
puts() {
    persona_requests | sed -nE 's,^PUT /v2/x/(blob|manifest)s/[^ ]* - ,\1 ,p' | xargs
}

@test "a registry that has every blob, it says, gets the config all the same" {
    registry_start_persona claiming
    "$CKPTOCI" convert -q --tls-verify=false "$archive" "$REGISTRY/x:1"
    [ "$(puts)" = "blob 201 blob 201 manifest 201" ]
}

@test "a registry that has lost the config gets it once more, and then the manifest" {
    registry_start_persona forgetful
    "$CKPTOCI" convert -q --tls-verify=false "$archive" "$REGISTRY/x:1"
    [ "$(puts)" = "blob 201 blob 201 manifest 404 blob 201 manifest 201" ]
    config=$(curl -s "http://$REGISTRY/v2/x/manifests/1" | jq -r .config.digest)
    [ "$(persona_requests | grep -c "^PUT .*digest=sha256\(:\|%3[Aa]\)${config#*:}")" -eq 2 ]
}
