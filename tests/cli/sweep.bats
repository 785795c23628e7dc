#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A push that is cut anywhere, at any kind of registry, ends with the same image: the short form of
# scripts/sweep.
bats_require_minimum_version 1.5.0

@test "a push that breaks off anywhere gives the same image at every registry" {
    run python3 "$TEST_LIB/../registry/sweep" --program "$CKPTOCI" --short --offsets 1 \
        --directory "$BATS_TEST_TMPDIR"
    sed 's/^/# /' <<<"$output" >&3 # the table, also when all is well
    [ "$status" -eq 0 ]
    [[ $output == *"spec "*"pass"* ]]
    [[ ${lines[-1]} =~ ^sweep:\ [0-9]+\ runs,\ 0\ failed ]]
}

@test "the sweep notices what goes wrong" {
    # Leaves a file in its home directory, but for the first time.
    cat >"$BATS_TEST_TMPDIR/litter" <<END
#!/bin/sh
if [ "\$1" = convert ] && [ "\$2" != --help ]; then
    [ ! -e "$BATS_TEST_TMPDIR/ran" ] || echo >"\$HOME/left"
    echo >"$BATS_TEST_TMPDIR/ran"
fi
exec "$CKPTOCI" "\$@"
END
    chmod +x "$BATS_TEST_TMPDIR/litter"
    run python3 "$TEST_LIB/../registry/sweep" --program "$BATS_TEST_TMPDIR/litter" --short \
        --persona spec --directory "$BATS_TEST_TMPDIR"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output == *"FAIL spec: push: undisturbed: left behind: "*/HOME/left* ]]
    [[ ${lines[-1]} == "sweep: 1 runs, 1 failed, "* ]]
}
