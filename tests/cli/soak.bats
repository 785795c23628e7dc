#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The short form of scripts/soak: lines that break, runs that are killed or interrupted, copies of
# repositories.
bats_require_minimum_version 1.5.0

soak() {
    run "$TEST_LIB/../../scripts/soak" --short --program "$CKPTOCI" \
        --directory "$BATS_TEST_TMPDIR" "$@"
    echo "$output"
}

@test "the trials of scripts/soak end well" {
    soak
    [ "$status" -eq 0 ]
    for trial in cuts kill publish interrupt copy pull watch; do
        [[ $output == *"pass $trial "* ]]
    done
    [[ ${lines[-1]} =~ ^soak:\ [0-9]+\ trials,\ 0\ failed ]]
}

@test "they notice what goes wrong" {
    # Forgets a file where the program may write.
    cat >"$BATS_TEST_TMPDIR/litter" <<END
#!/bin/sh
"$CKPTOCI" "\$@" || exit
[ "\$1" = convert ] || echo old >"\$4"
END
    chmod +x "$BATS_TEST_TMPDIR/litter"
    CKPTOCI=$BATS_TEST_TMPDIR/litter soak pull
    [ "$status" -eq 1 ]
    [[ $output == "FAIL pull "*differs* ]]
}
