#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What containers-registries.conf(5) decides.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    "$CKPTOCI" convert --help | grep -q registries.conf || skip "built without registries.conf"
    place_enter
    archive=$TEST_DATA/crio-1.36-counter.tar
    mkdir -p home/.config/containers
    conf=home/.config/containers/registries.conf
}

teardown() {
    registry_stop_all
}

push() {
    run --separate-stderr "$CKPTOCI" convert -q "$@" "$archive" "$REGISTRY/team/x:1"
    echo "status $status: $stderr"
}

# table PREFIX SETTING...
table() {
    printf '[[registry]]\nprefix = "%s"\n' "$1"
    shift
    printf '%s\n' "$@"
}

@test "insecure: without TLS, or with a certificate that nobody knows" {
    for start in registry_start_plain registry_start_tls; do
        $start
        table "$REGISTRY/other" "insecure = true" >$conf
        push
        [ "$status" -eq 1 ]
        table "$REGISTRY/team" "insecure = true" >$conf
        push
        [ "$status" -eq 0 ]
        skopeo inspect "docker://$REGISTRY/team/x:1" | jq -e .Digest
    done
}

@test "insecure does not count where --tls-verify is given" {
    registry_start_plain
    table "$REGISTRY" "insecure = true" >$conf
    push --tls-verify
    [ "$status" -eq 1 ]
    [[ $stderr == *--tls-verify=false* ]]
    push --tls-verify=true
    [ "$status" -eq 1 ]
    table "$REGISTRY" "insecure = false" >$conf
    push --tls-verify=false
    [ "$status" -eq 0 ]
}

@test "insecure for login, too" {
    registry_start_htpasswd
    table "$REGISTRY" "insecure = true" >$conf
    "$CKPTOCI" login -u "${REGISTRY_CREDS%%:*}" --password-stdin "$REGISTRY" \
        <<<"${REGISTRY_CREDS#*:}"
    push
    [ "$status" -eq 0 ]
}

@test "blocked: refused before anything is sent, other destinations go on" {
    registry_start_plain
    table "$REGISTRY/team" "blocked = true" "insecure = true" >$conf
    push
    [ "$status" -eq 2 ]
    [[ $stderr == *"$REGISTRY/team/x:1 is blocked"*registries.conf* ]]
    run ! grep -q "http.request" "$REGISTRY_DIR/log"
    run --separate-stderr "$CKPTOCI" convert -q "$archive" "$REGISTRY/team/x:1" oci:image:1
    [ "$status" -eq 2 ]
    [ -e image/index.json ]
}

@test "the file that \$CONTAINERS_REGISTRIES_CONF names, and drop-ins" {
    registry_start_plain
    table "$REGISTRY" "insecure = true" >named.conf
    table "$REGISTRY" "blocked = true" >$conf
    CONTAINERS_REGISTRIES_CONF=named.conf push
    [ "$status" -eq 0 ]
    mkdir $conf.d
    cp named.conf $conf.d/10.conf
    push
    [ "$status" -eq 0 ]
    CONTAINERS_REGISTRIES_CONF=nowhere.conf push
    [ "$status" -eq 1 ]
    [[ $stderr == *CONTAINERS_REGISTRIES_CONF*nowhere.conf* ]]
}

@test "a push goes where it is told to, whatever location and mirrors say" {
    registry_start_plain
    table "$REGISTRY" "insecure = true" 'location = "127.0.0.1:1"' '[[registry.mirror]]' \
        'location = "127.0.0.1:2"' >$conf
    push
    [ "$status" -eq 0 ]
    [ -d "$REGISTRY_STORAGE/docker/registry/v2/repositories/team/x" ]
}

@test "a broken file is named with the line" {
    printf '\n[[registry]\n' >$conf
    REGISTRY=127.0.0.1:1 push
    [ "$status" -eq 1 ]
    [[ $stderr == *"registries.conf: not TOML, line 2"* ]]
}

@test "location: images are read from where it says" {
    registry_start_plain
    table "$REGISTRY" "insecure = true" >$conf
    push
    [ "$status" -eq 0 ]
    table registry.invalid/shop "location = \"$REGISTRY/team\"" "insecure = true" >$conf
    "$CKPTOCI" pull -q registry.invalid/shop/x:1 pulled.tar
    cmp pulled.tar "$archive"
}

@test "--creds are not shown to a host that nobody has typed" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    registry_start_persona spec --layout layout
    table typed.invalid/team "location = \"$REGISTRY\"" "insecure = true" >$conf
    run --separate-stderr "$CKPTOCI" pull -q --creds alice:s3cret typed.invalid/team/x:tag pulled.tar
    [ "$status" -eq 0 ]
    [[ $stderr == *"--creds are for typed.invalid and are not shown to $REGISTRY"* ]]
    persona_control '{"options": {"auth": "basic"}}' >summary
    run "$CKPTOCI" pull -q --creds alice:s3cret typed.invalid/team/x:tag again.tar
    [ "$status" -eq 4 ]
    [ "$(jq -c 'select(.user)' "$REGISTRY_JOURNAL")" = "" ]
    # Its own, from a file, are for it.
    printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf u:p | base64)" >auth.json
    run "$CKPTOCI" pull -q --authfile auth.json typed.invalid/team/x:tag again.tar
    [ "$status" -eq 0 ]
}

@test "version 1: what it blocks is blocked" {
    registry_start_persona spec
    printf '[registries.block]\nregistries = ["%s"]\n' "$REGISTRY" >$conf
    push --tls-verify=false
    [ "$status" -eq 2 ]
    [[ $stderr == *"is blocked"*registries.conf* ]]
    [ "$(persona_requests)" = "" ]
    printf '[registries.insecure]\nregistries = ["%s"]\n' "$REGISTRY" >$conf
    push
    [ "$status" -eq 0 ]
}

@test "mirrors are read from first, and need not have anything" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    registry_start_persona spec --layout layout
    primary=$REGISTRY
    registry_start_persona spec
    empty=$REGISTRY
    registry_start_persona spec --layout layout
    table typed.invalid "location = \"$primary\"" "insecure = true" '[[registry.mirror]]' \
        'location = "127.0.0.1:1"' '[[registry.mirror]]' "location = \"$empty\"" "insecure = true" \
        '[[registry.mirror]]' "location = \"$REGISTRY\"" "insecure = true" >$conf
    run --separate-stderr "$CKPTOCI" pull -q --retry-delay 1h typed.invalid/x:tag pulled.tar
    [ "$status" -eq 0 ]
    cmp pulled.tar "$archive"
    [ "$(grep -c 'mirror 127.0.0.1:1 of "typed.invalid"' <<<"$stderr")" -eq 1 ]
    [ "$(persona_requests | grep -c /blobs/)" -ge 1 ]
    # The last of them is gone, too; and for all tags nobody asks a mirror.
    persona_control '{"faults": [{"status": 404, "times": 1000}]}' >summary
    "$CKPTOCI" pull -q typed.invalid/x:tag again.tar
    cmp again.tar "$archive"
    persona_control '{"reset": true}' >summary
    "$CKPTOCI" copy -q --all-tags typed.invalid/x oci:all
    [ "$(persona_control | jq .requests)" -eq 0 ]
    # A push goes where it was told to.
    table "$primary" "insecure = true" '[[registry.mirror]]' "location = \"$empty\"" >$conf
    REGISTRY=$primary push
    [ "$status" -eq 0 ]
    [ "$(REGISTRY=$empty persona_control | jq '.upload_bytes // 0')" -eq 0 ]
}

# mirrored MIRROR... [NAME=VALUE]: typed.invalid is $primary, with these mirrors
mirrored() {
    local mirror
    printf '[[registry]]\nprefix = "typed.invalid"\nlocation = "%s"\ninsecure = true\n%s\n' \
        "$primary" "${settings-}"
    for mirror; do
        printf '[[registry.mirror]]\nlocation = "%s"\ninsecure = true\n' "$mirror"
    done
}

# start_mirror_and_primary: both have the image; the mirror is $REGISTRY
start_mirror_and_primary() {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    registry_start_persona spec --layout layout
    primary=$REGISTRY primary_journal=$REGISTRY_JOURNAL
    registry_start_persona spec --layout layout
    mirrored "$REGISTRY" >$conf
}

@test "a mirror that lacks a blob, or breaks in the middle, is left for the next place" {
    start_mirror_and_primary
    for fault in '"status": 404' '"status": 401' '"status": 500' '"status": 200, "page": "<html>Log in"' \
        '"where": "answer-body", "bytes": 1000, "times": 1'; do
        persona_control '{"reset": true}' >summary
        registry_mirror_has_image
        # The first one is the config.
        persona_control "{\"faults\": [
            {\"method\": \"GET\", \"path\": \"/blobs/\", \"nth\": 2, \"times\": 1000, $fault},
            {\"method\": \"GET\", \"path\": \"/blobs/\", \"nth\": 3, \"times\": 9, \"status\": 404}]}" \
            >summary
        run --separate-stderr "$CKPTOCI" pull -q --retry-times 1 --retry-delay 10ms \
            typed.invalid/x:tag "pulled-$((++number)).tar"
        echo "$fault: $status $stderr"
        [ "$status" -eq 0 ]
        cmp "pulled-$number.tar" "$archive"
        [ "$(grep -c "mirror $REGISTRY of \"typed.invalid\".*going on without it" <<<"$stderr")" -eq 1 ]
    done
}

# What the mirror had is put there again.
registry_mirror_has_image() {
    "$CKPTOCI" copy -q --tls-verify=false oci:layout:tag "$REGISTRY/x:tag"
}

@test "lists of what refers to an image come from the registry itself" {
    start_mirror_and_primary
    registry_mirror_has_image
    digest=$(jq -r '.manifests[0].digest' layout/index.json)
    "$CKPTOCI" copy -q --referrers typed.invalid/x:tag oci:out:tag
    [ "$(persona_requests | grep -c /referrers/)" -eq 0 ]
    [ "$(grep -c "/referrers/$digest" "$primary_journal")" -eq 1 ]
}

@test "who blocks a registry and names mirrors wants these alone" {
    start_mirror_and_primary
    settings='blocked = true' mirrored "$REGISTRY" >$conf
    "$CKPTOCI" pull -q typed.invalid/x:tag pulled.tar
    cmp pulled.tar "$archive"
    persona_control '{"faults": [{"status": 404, "times": 1000}]}' >summary
    run --separate-stderr "$CKPTOCI" pull -q typed.invalid/x:tag again.tar
    [ "$status" -eq 2 ]
    [[ $stderr == *"is blocked"* ]]
}

@test "whether an archive may go is for the registry to say that it was pushed to" {
    registry_start_persona spec
    primary=$REGISTRY
    registry_start_persona spec
    printf '[[registry]]\nprefix = "%s"\ninsecure = true\n[[registry.mirror]]\nlocation = "%s"\n' \
        "$primary" "$REGISTRY" >$conf
    mkdir dir
    cp "$archive" dir/checkpoint-1.tar
    run -0 "$CKPTOCI" watch --once --settle 0 --state-dir state --keep-count 0 dir \
        "$primary/x:{time}"
    [[ $output == *'"deleted"'* ]]
    [ "$(persona_requests)" = "" ]
}
