# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Waiting. A test waits for an event for as long as the process lives that brings it about, however
# long that takes on a busy machine, and never for a time.

# Only against hanging for good: no test passes or fails because of how long something took.
WAIT_S=600

# wait_for PID COMMAND...: until the command succeeds; fails if the process ends before that. Without
# a process for each turn: there are many tests, and many turns in each.
wait_for() {
    local pid=$1 deadline=$((SECONDS + WAIT_S)) has_ended silence
    shift
    exec {silence}<> <(:)
    while true; do
        # Looked at first: what a process has done last counts.
        is_gone "$pid" && has_ended=true || has_ended=false
        if "$@"; then
            exec {silence}>&-
            return 0
        fi
        if $has_ended || [ "$SECONDS" -ge "$deadline" ]; then
            echo "process $pid has ended, or $WAIT_S s are over, without: $*" >&2
            exec {silence}>&-
            return 1
        fi
        read -r -t 0.02 -u "$silence" || true
    done
}

# is_gone PID: it has ended, whether or not its parent knows
is_gone() {
    local stat=''
    { read -r stat <"/proc/$1/stat"; } 2>/dev/null || true
    [[ -z $stat || $stat == *") Z "* ]]
}

# wait_end PID: until that child has ended; its exit status is in $status
wait_end() {
    wait_for "$$" is_gone "$1" || return 1
    status=0
    # shellcheck disable=SC2034 # for the caller
    wait "$1" || status=$?
}
