#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where credentials come from, what becomes of them, and where they never go.
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

push() {
    run --separate-stderr "$CKPTOCI" convert -q --tls-verify=false "$@" "$archive" "$REGISTRY/x:1"
    echo "status $status: $stderr"
}

basic() {
    printf %s "$1" | base64 -w 0
}

# helper NAME: docker-credential-NAME, which knows what $REGISTRY wants
helper() {
    cat >"bin/docker-credential-$1" <<END
#!/bin/sh
read -r server
[ "\$*" = get ] || exit 1
if [ "\$server" != "$REGISTRY" ]; then
    echo 'credentials not found in native keychain'
    exit 1
fi
echo '{"ServerURL":"$REGISTRY","Username":"${2-${REGISTRY_CREDS%%:*}}","Secret":"${3-${REGISTRY_CREDS#*:}}"}'
END
    chmod +x "bin/docker-credential-$1"
}

@test "credential helpers: of the registry, of all registries, and none that knows" {
    registry_start_htpasswd
    helper one
    mkdir home/.docker
    printf '{"credHelpers":{"%s":"one"}}' "$REGISTRY" >home/.docker/config.json
    push
    [ "$status" -eq 0 ]
    echo '{"credsStore":"one"}' >home/.docker/config.json
    push
    [ "$status" -eq 0 ]
    echo '{"credsStore":"one"}' >auth.json
    sed -i "s/$REGISTRY/other:1/" bin/docker-credential-one
    push --authfile auth.json
    [ "$status" -eq 4 ]
    [[ $stderr == *"no credentials for $REGISTRY"* ]]
}

@test "a credential helper that is missing or fails is named, its secret is not" {
    registry_start_htpasswd
    echo '{"credsStore":"none-such"}' >auth.json
    push --authfile auth.json
    [ "$status" -eq 4 ]
    [ "$(grep -c docker-credential-none-such <<<"$stderr")" -eq 1 ]
    # What the file has itself is good, also in several lines.
    jq --arg host "$REGISTRY" --arg auth "$(printf %s "$REGISTRY_CREDS" | base64 -w 8)" \
        '.auths = {($host): {auth: $auth}}' auth.json >wrapped.json
    push --authfile wrapped.json
    [ "$status" -eq 0 ]
    [[ $stderr == *"docker-credential-none-such is not installed"* ]]
    helper wrong tester hunter2
    echo '{"credsStore":"wrong"}' >auth.json
    push --authfile auth.json
    [ "$status" -eq 4 ]
    [[ $stderr == *docker-credential-wrong*auth.json* ]]
    [[ $stderr != *hunter2* ]]
}

@test "a helper that hangs does not outlive a signal" {
    # For longer than wait_end waits.
    printf '#!/bin/sh\ntouch started\nexec sleep %d\n' $((2 * WAIT_S)) >bin/docker-credential-slow
    chmod +x bin/docker-credential-slow
    echo '{"credsStore":"slow"}' >auth.json
    "$CKPTOCI" convert -q --authfile auth.json "$archive" 127.0.0.1:1/x:1 2>stderr &
    pid=$!
    wait_for "$pid" test -e started
    kill -TERM "$pid"
    wait_end "$pid"
    [ "$status" -eq 130 ]
}

@test "credentials in \$DOCKER_AUTH_CONFIG" {
    registry_start_htpasswd
    DOCKER_AUTH_CONFIG=$(printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" \
        "$(basic "$REGISTRY_CREDS")")
    export DOCKER_AUTH_CONFIG
    push
    [ "$status" -eq 0 ]
}

@test "an identity token gets tokens by OAuth2" {
    registry_start_token --identity-token "long & secret+token=="
    printf '{"auths":{"%s":{"identitytoken":"long & secret+token=="}}}' "$REGISTRY" >auth.json
    push --authfile auth.json
    [ "$status" -eq 0 ]
    grep -qx 'POST repository:x:pull,push' "$REGISTRY_TOKEN_LOG"
    run ! grep -v '^POST' "$REGISTRY_TOKEN_LOG"
    helper token "<token>" "long & secret+token=="
    echo '{"credsStore":"token"}' >auth.json
    push --authfile auth.json
    [ "$status" -eq 0 ]
}

@test "a wrong identity token: exit status 4, and it is not shown" {
    registry_start_token --identity-token right
    printf '{"auths":{"%s":{"identitytoken":"hunter2"}}}' "$REGISTRY" >auth.json
    push --authfile auth.json
    [ "$status" -eq 4 ]
    [[ $stderr == *auth.json* ]]
    [[ $stderr != *hunter2* ]]
}

@test "an identity token is a password where OAuth2 is not known" {
    for refusal in 404 401 400 405; do
        registry_start_token --identity-token secret --no-oauth2 $refusal
        printf '{"auths":{"%s":{"auth":"%s","identitytoken":"secret"}}}' "$REGISTRY" \
            "$(basic "${REGISTRY_CREDS%%:*}:")" >auth.json
        push --authfile auth.json
        [ "$status" -eq 0 ]
        grep -qx '!POST' "$REGISTRY_TOKEN_LOG"
        grep -qx 'tester repository:x:pull,push' "$REGISTRY_TOKEN_LOG"
    done
}

@test "a registry token is used as it is" {
    registry_start_token
    token=$(curl -s -u "$REGISTRY_CREDS" -G --data-urlencode "service=ckptoci tests" \
        --data-urlencode "scope=repository:x:pull,push" \
        "http://127.0.0.1:$(cat "$REGISTRY_DIR/token-port")/token" | jq -r .token)
    : >"$REGISTRY_TOKEN_LOG"
    printf '{"auths":{"%s":{"registrytoken":"%s"}}}' "$REGISTRY" "$token" >auth.json
    push --authfile auth.json
    [ "$status" -eq 0 ]
    [ ! -s "$REGISTRY_TOKEN_LOG" ]
    printf '{"auths":{"%s":{"registrytoken":"hunter2"}}}' "$REGISTRY" >auth.json
    push --authfile auth.json
    [ "$status" -eq 4 ]
    [[ $stderr != *hunter2* ]]
}

@test "tokens that live for seconds are renewed" {
    registry_start_token --lifetime 1
    push --creds "$REGISTRY_CREDS"
    [ "$status" -eq 0 ]
    [ "$(grep -c repository:x:pull,push "$REGISTRY_TOKEN_LOG")" -gt 2 ]
}

# start_redirecting basic|bearer
start_redirecting() {
    registry_start_persona redirecting --option "auth=$1" --option creds=tester:hunter2
}

# told FILTER: the requests of which that is so
told() {
    persona_requests >requests
    jq -c "select(.request) | select($1) | [.method, .path, .status]" "$REGISTRY_JOURNAL"
}

@test "credentials do not follow a redirect to another place" {
    for scheme in basic bearer; do
        start_redirecting $scheme
        push --creds tester:hunter2
        [ "$status" -eq 0 ]
        told '(.foreign | not) and .authorization' | grep -F '["POST","/v2/x/blobs/uploads/",307]'
        told '.foreign and (.authorization | not)' | grep -F '["PUT","/v2/x/manifests/1",201]'
        [ "$(told '.foreign and .authorization')" = "" ]
    done
    # It gives a token only to who has the right password.
    told .authorization | grep '^\["GET","/token?service=a%2c+b&scope=[^ ]*",200\]'
}

@test "an identity token does not follow a redirect to another place" {
    start_redirecting bearer
    printf '{"auths":{"%s":{"auth":"%s","identitytoken":"hunter2"}}}' "$REGISTRY" \
        "$(basic tester:)" >auth.json
    push --authfile auth.json
    [ "$status" -eq 1 ]
    [[ $stderr == *307* ]]
    [ "$(persona_control | jq .identity_tokens)" -eq 1 ]
    [ "$(told '.path == "/token" and (.authorization | not)' | wc -l)" -eq 1 ]
    [ "$(told .foreign)" = "" ]
}

@test "the scope that a challenge names is asked for, wherever it comes" {
    for base in true false; do
        registry_start_persona spec --option auth=bearer --option creds=u:p \
            --option scope_prefix=prefix/ --option open_base=$base
        push --creds u:p --retry-times 0
        [ "$status" -eq 0 ]
        run "$CKPTOCI" pull -q --tls-verify=false --creds u:p "$REGISTRY/x:1" "back-$base.tar"
        [ "$status" -eq 0 ]
        cmp "back-$base.tar" "$archive"
    done
}

@test "a mount that no token is given for is an upload" {
    registry_start_persona spec --option auth=bearer --option creds=u:p --option one_repository=true
    push --creds u:p
    [ "$status" -eq 0 ]
    run --separate-stderr "$CKPTOCI" copy --json -q --tls-verify=false --creds u:p "$REGISTRY/x:1" \
        "$REGISTRY/y:1"
    [ "$status" -eq 0 ]
    [ "$(jq -c '.destinations[0] | [.moved.blobs, .mounted.blobs]' <<<"$output")" = "[2,0]" ]
}

# shown_to JOURNAL: the users whose credentials a persona was shown
shown_to() {
    jq -r '.user // empty' "$1" | sort -u
}

@test "a copy has credentials for either side" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    registry_start_persona spec --layout layout --option auth=basic --option creds=a:from
    from=$REGISTRY journal=$REGISTRY_JOURNAL
    registry_start_persona spec --option auth=basic --option creds=b:to
    run "$CKPTOCI" copy -q --src-tls-verify=false --dest-tls-verify=false --src-creds a:from \
        --dest-creds b:to "$from/x:tag" "$REGISTRY/y:1"
    [ "$status" -eq 0 ]
    [ "$(shown_to "$journal")" = a ]
    [ "$(shown_to "$REGISTRY_JOURNAL")" = b ]
    run "$CKPTOCI" copy -q --tls-verify=false --creds a:from --dest-creds b:to "$from/x:tag" \
        "$REGISTRY/y:1"
    [ "$status" -eq 0 ]
    run "$CKPTOCI" copy -q --tls-verify=false --dest-creds b:to "$from/x:tag" "$REGISTRY/y:1"
    [ "$status" -eq 4 ]
    run --separate-stderr "$CKPTOCI" copy -q --src-tls-verify=false --creds a:from "$from/x:tag" \
        "$REGISTRY/y:1"
    [ "$status" -eq 1 ]
    [[ $stderr == *--tls-verify=false* ]]
}

@test "a public source is read without credentials that are another's" {
    "$CKPTOCI" convert -q "$archive" oci:layout:tag
    registry_start_persona spec --layout layout --option auth=bearer --option creds=a:from
    from=$REGISTRY
    registry_start_persona spec --option auth=basic --option creds=b:to
    run --separate-stderr "$CKPTOCI" copy -q --tls-verify=false --creds b:to "$from/x:tag" \
        "$REGISTRY/y:1"
    [ "$status" -eq 0 ]
    [ "$(grep -c "$from does not take the credentials from --creds: trying without" <<<"$stderr")" \
        -eq 1 ]
    # A push wants to be let in as whom it says it is.
    run "$CKPTOCI" copy -q --tls-verify=false --creds b:to oci:layout:tag "$from/x:2"
    [ "$status" -eq 4 ]
}
