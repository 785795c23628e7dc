#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pushing to a real registry, in each way that one may be guarded.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/image.bash
    . "$TEST_LIB/image.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    archive=$TEST_DATA/crio-1.36-counter.tar
}

teardown() {
    registry_stop_all
}

# assert_pushed ARCHIVE NAME [SKOPEO-OPTION...]: skopeo gets an image whose layer is the archive
assert_pushed() {
    local sample=$1 name=$2
    shift 2
    rm -rf readback
    skopeo copy -q "$@" "docker://$REGISTRY/$name" oci:readback:tag
    layout_layer readback tag | cmp - <(plain_tar "$sample")
    [ "$(registry_open_uploads)" = "" ]
}

write_authfile() {
    printf '{"auths":{"%s":{"auth":"%s"}}}' "$REGISTRY" "$(printf %s "$1" | base64 -w 0)"
}

@test "every sample, in every format" {
    registry_start_plain
    n=0
    while read -r sample; do
        for format in zstd gzip none; do
            n=$((n + 1))
            run --separate-stderr "$CKPTOCI" convert --tls-verify=false \
                --compression-format "$format" "$sample" "$REGISTRY/user/checkpoint:$n"
            [ "$status" -eq 0 ]
            assert_pushed "$sample" "user/checkpoint:$n" --src-tls-verify=false
            [ "$output" = "docker://$REGISTRY/user/checkpoint:$n@$(
                skopeo inspect --tls-verify=false --raw "docker://$REGISTRY/user/checkpoint:$n" |
                    sha256sum | sed 's/^/sha256:/; s/ .*//')" ]
        done
    done < <(sample_archives)
}

@test "from a pipe" {
    registry_start_plain
    # shellcheck disable=SC2002 # a pipe is what is to be tested
    cat "$archive" | "$CKPTOCI" convert -q --tls-verify=false - "$REGISTRY/piped:tag"
    assert_pushed "$archive" piped:tag --src-tls-verify=false
}

@test "pushing the same again leaves the tag alone" {
    registry_start_plain
    first=$("$CKPTOCI" convert -q --tls-verify=false "$archive" "$REGISTRY/x:tag")
    run --separate-stderr "$CKPTOCI" convert -q --json --tls-verify=false "$archive" "$REGISTRY/x:tag"
    [ "$status" -eq 0 ]
    [ "$(jq -r '.images[0].status' <<<"$output")" = unchanged ]
    [ "${first#*@}" = "$(jq -r .manifest.digest <<<"$output")" ]
    [ "$(registry_open_uploads)" = "" ]
    [ "$(grep -c 'http.request.method=PUT.*/manifests/' "$REGISTRY_DIR/log")" -eq 1 ]
}

@test "two registries, a layout and an archive from one read" {
    registry_start_plain
    first=$REGISTRY
    registry_start_plain
    # shellcheck disable=SC2002 # a pipe can be read only once
    cat "$archive" | "$CKPTOCI" convert -q --tls-verify=false - "$first/x:1" "docker://$REGISTRY/x:1" \
        oci:image:1 oci-archive:image.tar:1
    assert_pushed "$archive" x:1 --src-tls-verify=false
    REGISTRY=$first assert_pushed "$archive" x:1 --src-tls-verify=false
    layout_layer image 1 | cmp - "$archive"
}

@test "basic authentication: --creds, --authfile and the usual files" {
    registry_start_htpasswd
    "$CKPTOCI" convert -q --tls-verify=false --creds "$REGISTRY_CREDS" "$archive" "$REGISTRY/x:1"
    write_authfile "$REGISTRY_CREDS" >auth.json
    "$CKPTOCI" convert -q --tls-verify=false --authfile auth.json "$archive" "$REGISTRY/x:2"
    REGISTRY_AUTH_FILE=auth.json "$CKPTOCI" convert -q --tls-verify=false "$archive" "$REGISTRY/x:3"
    n=4
    for file in run/containers/auth.json home/.config/containers/auth.json \
        home/.docker/config.json; do
        mkdir -p "$(dirname $file)"
        cp auth.json "$file"
        "$CKPTOCI" convert -q --tls-verify=false "$archive" "$REGISTRY/x:$n"
        rm "$file"
        n=$((n + 1))
    done
    for n in 1 2 3 4 5 6; do
        assert_pushed "$archive" "x:$n" --src-tls-verify=false --src-creds "$REGISTRY_CREDS"
    done
}

@test "credentials that podman login wrote" {
    registry_start_htpasswd
    podman login --tls-verify=false --authfile auth.json -u "${REGISTRY_CREDS%%:*}" \
        --password-stdin "$REGISTRY" <<<"${REGISTRY_CREDS#*:}"
    "$CKPTOCI" convert -q --tls-verify=false --authfile auth.json "$archive" "$REGISTRY/x:1"
    assert_pushed "$archive" x:1 --src-tls-verify=false --src-creds "$REGISTRY_CREDS"
}

@test "without rights: exit status 4, and no secret in any message" {
    registry_start_htpasswd
    for credentials in "" "--creds=tester:hunter2"; do
        # shellcheck disable=SC2086 # none or one
        run --separate-stderr "$CKPTOCI" convert --tls-verify=false $credentials "$archive" \
            "$REGISTRY/x:1"
        [ "$status" -eq 4 ]
        [ "$output" = "" ]
        [[ $stderr == *"push to docker://$REGISTRY/x:1: "* ]]
        [[ $stderr == *UNAUTHORIZED* ]]
        [[ $stderr == *--creds* ]]
        [[ $stderr != *hunter2* ]]
    done
    [ "$(registry_open_uploads)" = "" ]
}

@test "bearer tokens: anonymous refused, credentials taken" {
    registry_start_token
    "$CKPTOCI" convert -q --tls-verify=false --creds "$REGISTRY_CREDS" "$archive" "$REGISTRY/x:1"
    assert_pushed "$archive" x:1 --src-tls-verify=false --src-creds "$REGISTRY_CREDS"
    run "$CKPTOCI" convert -q --tls-verify=false --creds tester:wrong "$archive" "$REGISTRY/x:2"
    [ "$status" -eq 4 ]
}

@test "TLS: refused without the CA, taken with it, from --cert-dir and from certs.d" {
    registry_start_tls
    run --separate-stderr "$CKPTOCI" convert "$archive" "$REGISTRY/x:1"
    [ "$status" -eq 1 ]
    [[ $stderr == *certificate* ]]
    [[ $stderr == *--cert-dir* ]]
    "$CKPTOCI" convert -q --cert-dir "$REGISTRY_CERT_DIR" "$archive" "$REGISTRY/x:1"
    assert_pushed "$archive" x:1 --src-cert-dir "$REGISTRY_CERT_DIR"
    mkdir -p "home/.config/containers/certs.d/$REGISTRY"
    cp "$REGISTRY_CERT_DIR"/* "home/.config/containers/certs.d/$REGISTRY/"
    "$CKPTOCI" convert -q "$archive" "$REGISTRY/x:2"
    rm -r home/.config
    "$CKPTOCI" convert -q --tls-verify=false "$archive" "$REGISTRY/x:3"
    for n in 2 3; do
        assert_pushed "$archive" "x:$n" --src-tls-verify=false
    done
}

@test "plain HTTP only when asked for" {
    registry_start_plain
    run --separate-stderr "$CKPTOCI" convert "$archive" "$REGISTRY/x:1"
    [ "$status" -eq 1 ]
    [[ $stderr == *--tls-verify=false* ]]
}

@test "no registry there" {
    run --separate-stderr "$CKPTOCI" convert --retry-delay 10ms "$archive" 127.0.0.1:1/x:1
    [ "$status" -eq 1 ]
    [[ $stderr == *"push to docker://127.0.0.1:1/x:1: "* ]]
    run --separate-stderr "$CKPTOCI" convert "$archive" no-such-host.invalid/x:1
    [ "$status" -eq 1 ]
    [[ $stderr == *no-such-host.invalid* ]]
}

@test "an archive that is refused leaves nothing in the registry" {
    registry_start_plain
    head -c 150000 "$archive" >cut.tar
    run "$CKPTOCI" convert -q --tls-verify=false cut.tar "$REGISTRY/x:1"
    [ "$status" -eq 3 ]
    [ "$(registry_open_uploads)" = "" ]
    [ "$(find "$REGISTRY_STORAGE" -name data)" = "" ]
    [ "$(curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY/v2/x/tags/list")" = 404 ]
}

@test "a registry that refuses is quoted; the upload is cancelled" {
    for point in start data commit manifest; do
        registry_start_refusing $point 403 DENIED "quota is used up"
        run --separate-stderr "$CKPTOCI" convert --tls-verify=false "$archive" "$REGISTRY/x:1"
        echo "$point: $status $stderr"
        [ "$status" -eq 4 ]
        [[ $stderr == *"403"*"DENIED: quota is used up"* ]]
        case $point in
        data | commit) [ "$(persona_control | jq .uploads_deleted)" -ge 1 ] ;;
        esac
    done
}

@test "a registry that answers with a page instead of an error" {
    registry_start_persona spec --fault '{"method": "PATCH", "status": 413, "times": 1000,
        "page": "<html><h1>Go away</h1></html>"}'
    run --separate-stderr "$CKPTOCI" convert --tls-verify=false "$archive" "$REGISTRY/x:1"
    [ "$status" -eq 1 ]
    [[ $stderr == *413* ]]
    [[ $stderr != *"<html>"* ]]
}

@test "a refused zstd manifest tells of gzip, a refused gzip manifest does not" {
    registry_start_refusing manifest 400 MANIFEST_INVALID "unknown media type"
    run --separate-stderr "$CKPTOCI" convert --tls-verify=false "$archive" "$REGISTRY/x:1"
    [ "$status" -eq 1 ]
    [[ $stderr == *"MANIFEST_INVALID: unknown media type"* ]]
    [[ $stderr == *"--compression-format gzip"* ]]
    run --separate-stderr "$CKPTOCI" convert --tls-verify=false --compression-format gzip \
        "$archive" "$REGISTRY/x:1"
    [ "$status" -eq 1 ]
    [[ $stderr != *"--compression-format gzip"* ]]
}
