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
