#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Images and documents of kinds that only some tools write are copied as any other.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/layout.bash
    . "$TEST_LIB/layout.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    layout_begin
}

teardown() {
    registry_stop_all
}

copy() {
    run --separate-stderr "$CKPTOCI" copy -q --tls-verify=false --retry-delay 10ms "$@"
    echo "status $status: $output $stderr"
}

@test "a layer that may not be distributed stays only where it says that is" {
    type=application/vnd.oci.image.layer.nondistributable.v1.tar
    add_image here "$(ref_name here)" ".layers[0].mediaType = \"$type\""
    here=$layer
    add_image there "$(ref_name there)" \
        ".layers[0] += {mediaType: \"$type\", urls: [\"https://x.example/layer\"]}"
    there=$layer
    registry_start_persona spec
    copy oci:layout:here "$REGISTRY/x:here" oci:out:here oci-archive:here.tar:here
    [ "$status" -eq 0 ]
    [ -e "$(blob_path out "$here")" ]
    tar -tf here.tar | grep "${here#sha256:}"
    curl -sf "http://$REGISTRY/v2/x/blobs/$here" | grep here
    rm "$(blob_path layout "$there")"
    copy oci:layout:there oci:out:there
    [ "$status" -eq 0 ]
    [ ! -e "$(blob_path out "$there")" ]
}

@test "what an index names and is no manifest is copied as a blob" {
    make_image image
    image=$added
    echo "a layer of the cache" >cache
    cache=$(describe cache "$layer_type+gzip")
    echo '{"layers":[]}' >config
    config=$(describe config application/vnd.buildkit.cacheconfig.v0)
    add_index "[$cache, $image, $config]" "$(ref_name cache)"
    registry_start_persona spec --option index_blobs=true
    copy oci:layout:cache "$REGISTRY/x:cache" oci-archive:cache.tar:cache
    [ "$status" -eq 0 ]
    curl -sf "http://$REGISTRY/v2/x/blobs/$(digest_in "$cache")" | cmp - cache
    copy "$REGISTRY/x:cache" oci:out:cache
    [ "$status" -eq 0 ]
    diff -r layout/blobs out/blobs
}

@test "lists that are null are empty" {
    printf '{"schemaVersion":2,"mediaType":"%s","manifests":null}' "$index_type" >empty
    enter "$(describe empty "$index_type")" "$(ref_name index)"
    printf '{"schemaVersion":2,"mediaType":"%s"}' "$index_type" >none
    enter "$(describe none "$index_type")" "$(ref_name none)"
    add_image image "$(ref_name image)" '.layers = null'
    rm "$(blob_path layout "$layer")" # nobody's
    registry_start_persona spec
    for manifests in '"manifests":null' '"x":0'; do
        mkdir -p out/blobs/sha256
        cp layout/oci-layout out
        echo "{\"schemaVersion\":2,$manifests}" >out/index.json
        copy --all-tags oci:layout oci:out "$REGISTRY/x"
        [ "$status" -eq 0 ]
        [ "${#lines[@]}" -eq 6 ]
        jq -e '.manifests | length == 3' out/index.json
        rm -r out
    done
    copy --all-tags "$REGISTRY/x" oci:out
    [ "$status" -eq 0 ]
    diff -r layout/blobs out/blobs
}

@test "to a digest, if it is that of the image" {
    add_image one "$(ref_name one)"
    one=$(digest_in "$added")
    add_image two "$(ref_name two)"
    registry_start_persona spec
    copy oci:layout:two "$REGISTRY/x:latest"
    copy "oci:layout@$one" "$REGISTRY/x@$one" "oci:out@$one"
    [ "$status" -eq 0 ]
    [ "$output" = "docker://$REGISTRY/x@$one
oci:out@$one" ]
    [ "$(persona_control | jq -c .tags.x)" = "{\"latest\":\"$(digest_in "$added")\"}" ]
    curl -sf -o /dev/null "http://$REGISTRY/v2/x/manifests/$one"
    [ "$(jq -c '.manifests[0].annotations' out/index.json)" = null ]
    copy "oci:layout:one" "$REGISTRY/x:one@$one"
    [ "$status" -eq 0 ]
    [ "$(persona_control | jq -r .tags.x.one)" = "$one" ]
    copy oci:layout:two "$REGISTRY/y@$one" "$REGISTRY/y:1@$one" "oci:other@$one"
    [ "$status" -eq 1 ]
    [ "$output" = "" ]
    [ "$(grep -c "is to have $one, and the image at the source has" <<<"$stderr")" -eq 3 ]
    [ "$(persona_requests | grep -c '/v2/y/')" -eq 0 ]
    [ ! -e other ]
}

@test "the image for the very platform, before one for its kin" {
    for variant in v9 v8; do
        make_image "$variant"
        parts+=$(jq -c --arg variant "$variant" \
            '. + {platform: {os: "linux", architecture: "arm64", variant: $variant}}' <<<"$added"),
    done
    add_index "[${parts%,}]" "$(ref_name multi)"
    copy --platform linux/arm64 oci:layout:multi oci:out:one
    [ "$status" -eq 0 ]
    [[ $output == *"@$(jq -r '.manifests[1].digest' index)" ]]
}

@test "an archive that is compressed is refused with words about it" {
    add_image one "$(ref_name one)"
    tar -C layout -czf layout.tar.gz .
    copy oci-archive:layout.tar.gz:one oci:out:one
    [ "$status" -eq 1 ]
    [[ $stderr == *"compressed with gzip"*"gzip -d"* ]]
    for name in zstd xz bzip2; do
        command -v $name >/dev/null || continue
        gzip -dc layout.tar.gz | $name >"layout.$name"
        copy "oci-archive:layout.$name:one" oci:out:one
        [ "$status" -eq 1 ]
        [[ $stderr == *"compressed with $name"*"$name -d"* ]]
    done
}
