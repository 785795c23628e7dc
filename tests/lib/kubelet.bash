# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# A kubelet for tests, kubelet.py. Source this file, then
#
#     kubelet_make_certs          once, into $BATS_FILE_TMPDIR
#     kubelet_start [OPTION...]   options for kubelet.py; in a directory that is the test's own
#     kubelet_stop                at the end, also after failures
#
# kubelet_start sets, and exports the first of
#     KUBELET        https://127.0.0.1:PORT
#     KUBELET_CERTS  server.crt and .key, the kubelet's; client.crt and .key, signed by nobody but
#                    themselves, as the client CA that the kubelet may be told of; other.crt
#     KUBELET_LOG    a line per request
# Its archives lie in ./checkpoints.

# shellcheck source=tests/lib/wait.bash
. "$TEST_LIB/wait.bash"

kubelet_make_certs() {
    local name
    for name in server client other; do
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
            -subj "/CN=ckptoci test $name" -addext "subjectAltName=IP:127.0.0.1,DNS:node-1.example" \
            -keyout "$BATS_FILE_TMPDIR/$name.key" -out "$BATS_FILE_TMPDIR/$name.crt" \
            2>"$BATS_FILE_TMPDIR/openssl.log" || return 1
    done
}

kubelet_start() {
    KUBELET_CERTS=$BATS_FILE_TMPDIR
    KUBELET_LOG=$PWD/kubelet.log
    mkdir -p checkpoints
    rm -f kubelet.port
    python3 "$TEST_LIB/kubelet.py" --cert "$KUBELET_CERTS/server.crt" \
        --key "$KUBELET_CERTS/server.key" --checkpoints checkpoints --port-file kubelet.port "$@" \
        >"$KUBELET_LOG" 2>&1 3>&- &
    KUBELET_PID=$!
    wait_for "$KUBELET_PID" test -e kubelet.port || {
        cat "$KUBELET_LOG" >&2
        return 1
    }
    KUBELET=https://127.0.0.1:$(cat kubelet.port)
    export KUBELET
}

kubelet_stop() {
    [ -n "${KUBELET_PID:-}" ] || return 0
    kill "$KUBELET_PID" 2>/dev/null
    wait "$KUBELET_PID" 2>/dev/null || true
    unset KUBELET_PID
    return 0
}
