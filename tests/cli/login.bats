#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Logging in and out, side by side with podman and skopeo.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    archive=$TEST_DATA/crio-1.36-counter.tar
    mkdir bin
    export PATH=$BATS_TEST_TMPDIR/bin:$PATH
}

teardown() {
    registry_stop_all
}

# login [PASSWORD [ARGUMENT...]]
login() {
    local password=${1-${REGISTRY_CREDS#*:}}
    shift || true
    run --separate-stderr "$CKPTOCI" login --tls-verify=false -u "${REGISTRY_CREDS%%:*}" \
        --password-stdin "${@:-$REGISTRY}" <<<"$password"
    echo "status $status: $stderr"
}

@test "what login keeps lets ckptoci, skopeo and podman in; podman logout ends it" {
    registry_start_htpasswd
    login
    [ "$status" -eq 0 ]
    [ "$output" = "logged in to $REGISTRY as tester; kept in $PWD/run/containers/auth.json" ]
    [ "$(stat -c %a run/containers/auth.json)" = 600 ]
    [ "$(ls run/containers)" = auth.json ]
    "$CKPTOCI" convert -q --tls-verify=false "$archive" "$REGISTRY/x:1"
    skopeo inspect --tls-verify=false "docker://$REGISTRY/x:1" | jq -e .Digest
    [ "$(podman login --get-login "$REGISTRY")" = tester ]
    podman logout "$REGISTRY"
    run ! podman login --get-login "$REGISTRY"
    run "$CKPTOCI" convert -q --tls-verify=false "$archive" "$REGISTRY/x:1"
    [ "$status" -eq 4 ]
}

@test "logout takes away what podman login kept, and nothing else" {
    registry_start_htpasswd
    podman login --tls-verify=false -u tester --password-stdin "$REGISTRY" <<<"${REGISTRY_CREDS#*:}"
    jq '.auths["other.example"] = {auth: "eDp5", more: 1} | .HttpHeaders = {"X-Y": "z"}' \
        run/containers/auth.json >changed
    cp changed run/containers/auth.json
    run --separate-stderr "$CKPTOCI" logout "$REGISTRY"
    [ "$status" -eq 0 ]
    [ "$output" = "logged out of $REGISTRY; gone from $PWD/run/containers/auth.json" ]
    diff <(jq -S --arg key "$REGISTRY" 'del(.auths[$key])' changed) <(jq -S . run/containers/auth.json)
    run ! podman login --get-login "$REGISTRY"
    run --separate-stderr "$CKPTOCI" logout "$REGISTRY"
    [ "$status" -eq 1 ]
    [[ $stderr == *"not logged in to $REGISTRY"*auth.json* ]]
}

@test "a wrong password: exit status 4, nothing is written or shown" {
    registry_start_htpasswd
    login hunter2
    [ "$status" -eq 4 ]
    [[ $stderr == *"check the user name and the password"* ]]
    [[ $stderr != *hunter2* && $output = "" ]]
    [ ! -e run/containers ]
    registry_start_token
    login hunter2
    [ "$status" -eq 4 ]
    [ ! -e run/containers ]
}

@test "login to a registry with a token service" {
    registry_start_token
    login
    [ "$status" -eq 0 ]
    "$CKPTOCI" convert -q --tls-verify=false "$archive" "$REGISTRY/x:1"
}

@test "login over TLS" {
    registry_start_tls
    run --separate-stderr "$CKPTOCI" login -u me --password-stdin "$REGISTRY" <<<x
    [ "$status" -eq 1 ]
    [[ $stderr == *--cert-dir* ]]
    run --separate-stderr "$CKPTOCI" login --cert-dir "$REGISTRY_CERT_DIR" -u me --password-stdin \
        "$REGISTRY" <<<x
    [ "$status" -eq 0 ]
    [[ $stderr == *"asks for no credentials"* ]]
}

@test "for a part of a registry, in the file that is named" {
    registry_start_htpasswd
    login "${REGISTRY_CREDS#*:}" --authfile new/auth.json "$REGISTRY/team/app"
    [ "$status" -eq 0 ]
    [ "$(jq -r '.auths | keys[]' new/auth.json)" = "$REGISTRY/team/app" ]
    "$CKPTOCI" convert -q --tls-verify=false --authfile new/auth.json "$archive" \
        "$REGISTRY/team/app/x:1"
    skopeo inspect --tls-verify=false --authfile new/auth.json "docker://$REGISTRY/team/app/x:1" |
        jq -e .Digest
    run "$CKPTOCI" convert -q --tls-verify=false --authfile new/auth.json "$archive" "$REGISTRY/x:1"
    [ "$status" -eq 4 ]
    run "$CKPTOCI" logout --authfile new/auth.json "$REGISTRY"
    [ "$status" -eq 1 ]
    "$CKPTOCI" logout --authfile new/auth.json "$REGISTRY/team/app"
    [ "$(jq -c .auths new/auth.json)" = '{}' ]
}

@test "\$REGISTRY_AUTH_FILE, a symbolic link, and an entry that is replaced" {
    registry_start_htpasswd
    mkdir real
    printf '{"auths":{"%s":{"auth":"eDp5","identitytoken":"old"}}}' "$REGISTRY" >real/auth.json
    ln -s real/auth.json link.json
    REGISTRY_AUTH_FILE=$PWD/link.json login
    [ "$status" -eq 0 ]
    [ -L link.json ]
    [ "$(jq -r --arg key "$REGISTRY" '.auths[$key] | keys[]' real/auth.json)" = auth ]
    REGISTRY_AUTH_FILE=$PWD/link.json "$CKPTOCI" convert -q --tls-verify=false "$archive" \
        "$REGISTRY/x:1"
}

@test "logout --all" {
    printf '{"auths":{"a.example":{"auth":"eDp5"},"b.example/x":{}},"more":[1]}' >auth.json
    "$CKPTOCI" logout --all --authfile auth.json
    [ "$(jq -c . auth.json)" = '{"auths":{},"more":[1]}' ]
}

@test "Docker Hub's many names" {
    printf '{"auths":{"https://index.docker.io/v1/":{"auth":"eDp5"},"docker.io":{},"x.io":{}}}' \
        >auth.json
    "$CKPTOCI" logout --authfile auth.json docker.io
    [ "$(jq -c .auths auth.json)" = '{"x.io":{}}' ]
}

# A helper that keeps one registry a file, the secret as it came.
helper() {
    cat >bin/docker-credential-files <<'END'
#!/bin/sh
mkdir -p "$HOME/kept"
case $1 in
store)
    input=$(cat)
    printf %s "$input" >"$HOME/kept/$(printf %s "$input" | jq -r .ServerURL | tr / _)"
    ;;
get | erase)
    file=$HOME/kept/$(cat | tr / _)
    if [ ! -e "$file" ]; then
        echo 'credentials not found in native keychain'
        exit 1
    fi
    if [ "$1" = get ]; then cat "$file"; else rm "$file"; fi
    ;;
esac
END
    chmod +x bin/docker-credential-files
}

@test "with a credential helper the file holds no secret" {
    registry_start_htpasswd
    helper
    for setting in '{"credsStore":"files"}' "{\"credHelpers\":{\"$REGISTRY\":\"files\"}}"; do
        printf %s "$setting" >auth.json
        login "${REGISTRY_CREDS#*:}" --authfile auth.json "$REGISTRY"
        [ "$status" -eq 0 ]
        [[ $output == *"kept in docker-credential-files" ]]
        [ "$(jq -c '.auths[]' auth.json)" = '{}' ]
        [ "$(jq -r .Secret "home/kept/$REGISTRY")" = "${REGISTRY_CREDS#*:}" ]
        "$CKPTOCI" convert -q --tls-verify=false --authfile auth.json "$archive" "$REGISTRY/x:1"
        "$CKPTOCI" logout --authfile auth.json "$REGISTRY"
        [ ! -e "home/kept/$REGISTRY" ]
        [ "$(jq -c .auths auth.json)" = '{}' ]
    done
    # The last setting is one that podman knows, too.
    login "${REGISTRY_CREDS#*:}" --authfile auth.json "$REGISTRY"
    [ "$(podman login --authfile auth.json --get-login "$REGISTRY")" = tester ]
    "$CKPTOCI" logout --all --authfile auth.json
    [ "$(ls home/kept)" = "" ]
}

@test "name and password typed on a terminal; the password is not shown" {
    registry_start_htpasswd
    run python3 "$TEST_LIB/on-terminal.py" tester "${REGISTRY_CREDS#*:}" -- \
        "$CKPTOCI" login --tls-verify=false "$REGISTRY"
    [ "$status" -eq 0 ]
    [[ $output == *"Username: tester"*"Password: "*"logged in"* ]]
    [[ $output != *"${REGISTRY_CREDS#*:}"* ]]
    [ "$(podman login --get-login "$REGISTRY")" = tester ]
}

@test "no terminal: the message says what to do" {
    run --separate-stderr setsid -w "$CKPTOCI" login -u me localhost:1 </dev/null
    [ "$status" -eq 2 ]
    [[ $stderr == *--password-stdin* ]]
    run --separate-stderr setsid -w "$CKPTOCI" login localhost:1 </dev/null
    [ "$status" -eq 2 ]
    [[ $stderr == *--username* ]]
}

@test "wrong usage" {
    for arguments in "login" "login a.example b.example" "login word" "login https://a.example" \
        "login --password-stdin a.example" "login -u a:b --password-stdin a.example" \
        "login a.example/x:tag" "logout" "logout --all a.example" "logout Word/"; do
        # shellcheck disable=SC2086 # words
        run --separate-stderr "$CKPTOCI" $arguments <<<password
        echo "$arguments: $status $stderr"
        [ "$status" -eq 2 ]
        [ "$output" = "" ]
    done
    run --separate-stderr "$CKPTOCI" login -u me --password-stdin a.example </dev/null
    [ "$status" -eq 2 ]
    [[ $stderr == *empty* ]]
}

@test "a file that is broken or cannot be written stays as it is" {
    registry_start_htpasswd
    echo '{"auths":' >auth.json
    login "${REGISTRY_CREDS#*:}" --authfile auth.json "$REGISTRY"
    [ "$status" -eq 1 ]
    [[ $stderr == *"auth.json: not JSON"* ]]
    [ "$(cat auth.json)" = '{"auths":' ]
    login "${REGISTRY_CREDS#*:}" --authfile /proc/none/auth.json "$REGISTRY"
    [ "$status" -eq 1 ]
    [[ $stderr == */proc/none*--authfile* ]]
    XDG_RUNTIME_DIR=$PWD/nowhere login
    [ "$status" -eq 1 ]
    [[ $stderr == *XDG_RUNTIME_DIR* ]]
    [ ! -e nowhere ]
}
