#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The personas that stand for docker-registry and for the specification answer as the real one does,
# but for the differences that conformance.py names.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
}

teardown() {
    registry_stop_all
}

# assert_conforms PERSONA
assert_conforms() {
    local real
    registry_start_plain
    real=$REGISTRY
    registry_start_persona "$1"
    python3 "$TEST_LIB/conformance.py" --persona "$1" "$real" "$REGISTRY"
}

@test "distribution-2.8 is as docker-registry" {
    assert_conforms distribution-2.8
}

@test "spec is as docker-registry but where that is not as specified" {
    assert_conforms spec
}

@test "a persona that is not what it is said to be is found out" {
    registry_start_plain
    real=$REGISTRY
    registry_start_persona gar
    run python3 "$TEST_LIB/conformance.py" --persona distribution-2.8 "$real" "$REGISTRY"
    [ "$status" -eq 1 ]
    [[ $output == *"stream: PATCH:"*'"status": 204'* ]]
}
