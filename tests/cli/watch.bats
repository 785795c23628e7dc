#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# watch: each archive that comes is pushed, once, whatever happens in between.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    unset NODE_NAME STATE_DIRECTORY NOTIFY_SOCKET
    umask 077
    mkdir dir
    counter=$TEST_DATA/crio-1.36-counter.tar
    shop=$TEST_DATA/crio-1.36-shop.tar
}

teardown() {
    if [ -n "${agent-}" ]; then
        kill -9 "$agent" 2>/dev/null || true
        wait "$agent" 2>/dev/null || true
    fi
    registry_stop_all
}

# begin TEMPLATE [OPTION...]: an agent in the background, its events in ./events
begin() {
    : >events
    "$CKPTOCI" watch --state-dir state --node-name n1 --settle 200ms --refuse-after 2s \
        "${@:2}" dir "$1" >>events 2>>errors 3>&- &
    agent=$!
    until_count 1 '.event == "started"'
}

# end STATUS: of the agent, after SIGTERM
end() {
    kill "$agent"
    ends "$1"
}

# ends STATUS: the agent, by itself
ends() {
    wait_end "$agent"
    agent=
    [ "$status" -eq "$1" ]
}

# count FILTER: of the events
count() {
    jq -c "select($1)" events | wc -l
}

# has_count NUMBER FILTER: that many events are so. A line that is being written does not count.
has_count() {
    [ "$(count "$2" 2>/dev/null)" -ge "$1" ]
}

# until_count NUMBER FILTER: waits until that many events are so
until_count() {
    wait_for "$agent" has_count "$@" || {
        cat events errors
        return 1
    }
}

faults() {
    persona_control | jq '.faults // 0'
}

has_more_faults() {
    [ "$(faults)" -gt "$1" ]
}

# arrive ARCHIVE NAME: under its final name at once
arrive() {
    cp "$1" "dir/.$2"
    mv "dir/.$2" "dir/$2"
}

@test "archives that are there, are written, are moved in, are half-written, are removed" {
    cp "$counter" dir/checkpoint-early.tar
    cp "$shop" dir/other.tar
    ln -s "$counter" dir/checkpoint-link.tar
    cp "$counter" $'dir/checkpoint-\xff.tar'
    begin 'oci:layout:{namespace}-{pod}-{container}-{node}-{time}' --refuse-after 1h
    until_count 1 '.event == "pushed" and .archive == "checkpoint-early.tar"'
    arrive "$shop" checkpoint-moved.tar
    cp "$shop" dir/checkpoint-written.tar
    # Its writer stops for longer than files take to settle, and goes on.
    exec 7>dir/checkpoint-slow.tar
    head -c 100000 "$counter" >&7
    head -c 100000 "$counter" >dir/checkpoint-cut.tar
    head -c 100000 "$counter" >dir/checkpoint-gone.tar
    until_count 1 '.event == "incomplete" and .archive == "checkpoint-slow.tar"'
    tail -c +100001 "$counter" >&7
    exec 7>&-
    until_count 1 '.event == "incomplete" and .archive == "checkpoint-gone.tar"'
    rm dir/checkpoint-gone.tar
    until_count 4 '.event == "pushed"'
    until_count 1 '.event == "removed" and .archive == "checkpoint-gone.tar"'
    [ "$(count '.event == "skipped" and .file == "other.tar"')" -eq 1 ]
    [ "$(count '.event == "skipped" and (.reason | contains("symbolic link"))')" -eq 1 ]
    [ "$(count '.event == "skipped" and (.reason | contains("UTF-8"))')" -eq 1 ]
    end 0
    [ "$(count '.event == "pushed"')" -eq 4 ]
    [ "$(count '.event == "refused"')" -eq 0 ]
    begin 'oci:layout:{namespace}-{pod}-{container}-{node}-{time}' --refuse-after 1s
    until_count 1 '.event == "refused" and .archive == "checkpoint-cut.tar"'
    end 0
    [ "$(count '.event == "pushed"')" -eq 0 ]
    [ "$(jq '.manifests | length' layout/index.json)" -eq 4 ]
    jq -r '.manifests[].annotations[]' layout/index.json | sort -u >tags
    [ "$(grep -cE '^default-counters-counter-n1-20261123-212629-[0-9a-f]{8}$' tags)" -eq 2 ]
    [ "$(grep -cE '^prod-eu-shop-cart-n1-20261123-212633-[0-9a-f]{8}$' tags)" -eq 2 ]

    # systemd is told.
    if ldd "$CKPTOCI" | grep -q libsystemd; then
        python3 -c '
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("notify")
s.settimeout(600)
while (text := s.recv(99).decode()) != "STOPPING=1":
    print(text, flush=True)' >notes 3>&- &
        wait_for "$!" test -S notify
        export NOTIFY_SOCKET=$PWD/notify WATCHDOG_USEC=200000
    fi

    # Nothing of it again; but another file of the same name is another archive.
    rm dir/checkpoint-moved.tar
    arrive "$counter" checkpoint-moved.tar
    run -3 env -u NOTIFY_SOCKET "$CKPTOCI" watch --once --state-dir fresh --settle 0 \
        --refuse-after 0 dir 'oci:all:{time}'
    begin 'oci:layout:{pod}-{time}'
    until_count 1 '.event == "pushed" and .archive == "checkpoint-moved.tar"'
    end 0
    [ "$(count '.event == "pushed" or .event == "refused"')" -eq 1 ]
    if [ -n "${NOTIFY_SOCKET-}" ]; then
        wait
        [ "$(grep -c READY=1 notes)" -eq 1 ]
        grep -q WATCHDOG=1 notes
    fi
}

@test "what fails is tried again, and what does not change is given up" {
    registry_start_persona spec --fault '{"method": "PUT", "path": "/manifests/", "times": 2, "status": 500}'
    arrive "$counter" checkpoint-a.tar
    begin "docker://$REGISTRY/{namespace}/{pod}:{time}" --tls-verify=false --retry-times 0 \
        --attempts 3 --attempt-delay 100ms --metrics 0 --hook "sh $PWD/hook"
    cat >hook <<'END'
echo "$CKPTOCI_EVENT $CKPTOCI_POD $CKPTOCI_REFERENCE@$CKPTOCI_DIGEST $CKPTOCI_ERROR" >>hooks
[ "$CKPTOCI_POD" = counters ]
END
    until_count 1 '.event == "pushed"'
    [ "$(count '.event == "retry" and (.error | contains("500"))')" -eq 2 ]
    reference=$(jq -r 'select(.event == "pushed") | .reference' events)
    digest=$(jq -r 'select(.event == "pushed") | .digest' events)
    [[ $reference == "docker://$REGISTRY/default/counters:20261123-212629-"* ]]
    persona_control '{"faults": [{"method": "PUT", "path": "/manifests/", "times": 3, "status": 500}]}'
    arrive "$shop" checkpoint-b.tar
    until_count 1 '.event == "failed" and .attempts == 3'
    until_count 1 '.event == "hook-failed" and (.error | contains("exit status 1"))'
    grep -xF "pushed counters $reference@$digest " hooks
    grep -E '^failed shop .*500' hooks
    address=$(jq -r 'select(.event == "started") | .metrics' events)
    curl -sSf "http://$address/metrics" >metrics
    for line in 'pushed_total 1' 'retries_total 4' 'failed_total 1' 'hook_failures_total 1' \
        'archives{state="pushed"} 1' 'archives{state="failed"} 1'; do
        grep -xF "ckptoci_watch_$line" metrics
    done
    [ "$(curl -sSf "http://$address/healthz")" = ok ]
    end 0
    # The next start is another chance, for what has failed alone.
    run -0 --separate-stderr "$CKPTOCI" watch --once --state-dir state --tls-verify=false dir \
        "docker://$REGISTRY/x:{time}"
    [ "$(jq -r 'select(.event == "pushed") | .archive' <<<"$output")" = checkpoint-b.tar ]
}

@test "only what the registry confirms is removed" {
    registry_start_persona spec
    for name in a b c d e; do
        arrive "$counter" "checkpoint-$name.tar"
        touch -d "2026-11-20 00:00:0$((++number))" "dir/checkpoint-$name.tar"
    done
    touch dir/checkpoint-b.tar.keep
    template="docker://$REGISTRY/x/{pod}:{time}"
    run -0 --separate-stderr "$CKPTOCI" watch --once --state-dir state --tls-verify=false dir \
        "$template"
    echo "$output" >events
    # Somebody else's image under the name of the first one.
    reference=$(jq -r 'select(.event == "pushed" and .archive == "checkpoint-a.tar") | .reference' events)
    "$CKPTOCI" convert -q --tls-verify=false "$shop" "$reference"
    run -0 --separate-stderr "$CKPTOCI" watch --once --state-dir state --tls-verify=false \
        --keep-count 1 dir "$template"
    echo "$output" >events
    cat events
    [ "$(jq -r 'select(.event == "deleted") | .archive + .reason' events | sort | xargs)" = \
        "checkpoint-c.tarcount checkpoint-d.tarcount" ]
    [ "$(count '.event == "unconfirmed" and .archive == "checkpoint-a.tar"')" -eq 1 ]
    [ "$(cd dir && echo *)" = "checkpoint-a.tar checkpoint-b.tar checkpoint-b.tar.keep checkpoint-e.tar" ]
    [ "$(count '.event == "pushed"')" -eq 0 ]
    for options in '--keep-age 1s' '--keep-size 1'; do
        touch dir/.keep
        # shellcheck disable=SC2086 # two words
        run -0 "$CKPTOCI" watch --once --state-dir state --tls-verify=false $options dir "$template"
        [ -e dir/checkpoint-e.tar ]
        rm dir/.keep
    done
    run -0 "$CKPTOCI" watch --once --state-dir state --tls-verify=false --keep-size 1 dir "$template"
    [ ! -e dir/checkpoint-e.tar ]
    [ -e dir/checkpoint-b.tar ]
}

@test "a registry that does not answer is soon asked again whether it has the images" {
    registry_start_persona spec
    for name in a b; do
        arrive "$counter" "checkpoint-$name.tar"
    done
    template="docker://$REGISTRY/x:{time}"
    run -0 "$CKPTOCI" watch --once --state-dir state --tls-verify=false dir "$template"
    persona_control '{"faults": [{"method": "GET", "path": "/v2/$", "times": 2}]}'
    begin "$template" --tls-verify=false --keep-count 0 --retry-times 0
    until_count 2 '.event == "deleted"'
    [ "$(count '.event == "unconfirmed" and .wait_seconds < 61')" -ge 2 ]
    end 0
    [ "$(echo dir/*)" = 'dir/*' ]
}

@test "killed, crashed and interrupted" {
    registry_start_persona spec --fault '{"method": "PATCH", "do": "stall", "times": 4}'
    template="docker://$REGISTRY/x/{pod}:{time}"
    arrive "$counter" checkpoint-a.tar
    begin "$template" --tls-verify=false --attempt-delay 0
    # Children that crash are tried again; the agent goes on.
    until_count 1 '.event == "converting"'
    pkill -ABRT -P "$agent"
    until_count 1 '.event == "retry" and (.error | contains("ABRT"))'
    until_count 2 '.event == "converting"'
    # Nobody else may have the state meanwhile, and children die with the agent.
    child=$(pgrep -P "$agent")
    kill -9 "$agent"
    wait "$agent" || true
    wait_for "$$" is_gone "$child"
    [ ! -s state/archives.jsonl ] || ! grep -q pushed state/archives.jsonl
    # A line that was being written when it was killed does not count.
    printf '{"name":"checkpoint-a.tar","state":"pus' >>state/archives.jsonl
    begin "$template" --tls-verify=false --deadline 3600
    until_count 1 '.event == "converting"'
    end 0
    [ "$(count '.event == "retry" or .event == "failed"')" -eq 0 ]
    persona_control | jq -e '.open_uploads | length <= 2'
    # With --drain it ends only when that is pushed.
    persona_control '{"faults": [{"method": "PATCH", "do": "hold"}]}'
    begin "$template" --tls-verify=false --drain
    until_count 1 '.event == "converting"'
    kill "$agent"
    persona_control '{"release": true}'
    ends 0
    [ "$(count '.event == "pushed"')" -eq 1 ]
    begin "$template" --tls-verify=false
    run "$CKPTOCI" watch --once --state-dir state dir "$template"
    [ "$status" -eq 1 ]
    [[ $output == *"another agent uses it"* ]]
    end 0
    # The directory goes: it cannot go on, whatever a registry still has to be asked.
    persona_control '{"faults": [{"method": "GET", "path": "/manifests/", "do": "stall", "times": 9},
                                 {"method": "HEAD", "path": "/manifests/", "do": "stall", "times": 9}]}'
    before=$(faults)
    begin "$template" --tls-verify=false --keep-count 0 --stall-timeout 1h
    wait_for "$agent" has_more_faults "$before"
    rm -r dir
    ends 1
    grep "the directory was removed" errors
}

@test "an archive goes where the kubelet's name of its file says, or nowhere" {
    for name in counters_default-counter web_team-a-web; do
        arrive "$counter" "checkpoint-$name-2026-11-20T09:30:15Z.tar"
    done
    run -3 --separate-stderr "$CKPTOCI" watch --once --state-dir state --settle 0 --refuse-after 0 \
        --allow file-name dir 'oci:layout:{namespace}-{pod}-{time}'
    echo "$output" >events
    cat events
    [ "$(count '.event == "pushed"')" -eq 1 ]
    [ "$(count '.event == "refused" and .archive == "checkpoint-web_team-a-web-2026-11-20T09:30:15Z.tar" and
        (.error | contains("counter of pod counters in default")) and .namespace == null')" -eq 1 ]
    [ "$(jq '.manifests | length' layout/index.json)" -eq 1 ]
}

@test "one that takes too long is killed" {
    registry_start_persona spec --fault '{"method": "PATCH", "do": "stall"}'
    arrive "$counter" checkpoint-a.tar
    run -1 --separate-stderr "$CKPTOCI" watch --once --state-dir state --tls-verify=false \
        --attempts 1 --job-timeout 500ms dir "docker://$REGISTRY/x:{time}"
    [[ $output == *'"failed"'*"not done in time"* ]]
}

@test "--max-unpacked is for the child that reads the names, too" {
    mkdir x
    tar -xf "$counter" -C x
    truncate -s 300M x/checkpoint/pages-1.img
    tar -C x --zstd -cf dir/checkpoint-1.tar .
    run -3 "$CKPTOCI" watch --once --refuse-after 0 --state-dir state --max-unpacked 64M dir \
        'oci:layout:{time}'
    [[ $output == *'"refused"'*max-unpacked* ]]
    [[ $output != *'"converting"'* ]]
}

@test "whoever holds connections to --metrics, /healthz is answered" {
    begin 'oci:layout:{time}' --metrics 0
    address=$(jq -r 'select(.event == "started") | .metrics' events)
    python3 -c '
import socket, sys
from urllib.request import urlopen
host, port = sys.argv[1].split(":")
begun = [b"", b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
         b"POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"]
held = []
for number in range(300):
    held.append(socket.create_connection((host, int(port)), 600))
    held[-1].sendall(begun[number % 3])
for name in ("healthz", "metrics", "healthz"):
    assert urlopen("http://%s/%s" % (sys.argv[1], name), timeout=600).status == 200
held[0].settimeout(600)
assert held[0].recv(1) == b"" # the first had to go' "$address"
    end 0
}

@test "a template that cannot be, and options that convert refuses" {
    while IFS='|' read -r template options text; do
        # shellcheck disable=SC2086 # words
        run --separate-stderr "$CKPTOCI" watch --once --state-dir state $options dir "$template"
        echo "$template: $status $stderr"
        [ "$status" -eq 2 ]
        [[ $stderr == *"$text"* ]]
    done <<'END'
r.example/x/{pod}:{tag}-{time}||there is no {tag}
r.example/x/{pod}:{time||without its other half
r.example/x/{pod}:latest||{time} is not in it
Upper/{pod}:{time}||repository path
oci:x:{time}|--compression-format lzma|"lzma" is not zstd
oci:x:{time}|--annotation x|"x" is not KEY=VALUE
oci:x:{time}|--metrics 1:2:3|needs brackets
oci:x:{time}|--hook-timeout 1x|"1x" is not a time
oci:x:{time}|--job-timeout 1x|"1x" is not a time
END
    [ ! -e state ]
}
