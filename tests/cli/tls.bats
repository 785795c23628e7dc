#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Whom we trust, who we are, and through whom we go.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    archive=$TEST_DATA/crio-1.36-counter.tar
}

teardown() {
    registry_stop_all
}

push() {
    run --separate-stderr "$CKPTOCI" convert -q "$@" "$archive" "$REGISTRY/x:1"
    echo "status $status: $stderr"
}

@test "a client certificate, from --cert-dir and from certs.d" {
    registry_start_client_tls
    push --cert-dir "$REGISTRY_CERT_DIR"
    [ "$status" -eq 0 ]
    mkdir -p "home/.config/containers/certs.d/$REGISTRY"
    cp "$REGISTRY_CERT_DIR"/* "home/.config/containers/certs.d/$REGISTRY/"
    push
    [ "$status" -eq 0 ]
    skopeo inspect --raw --cert-dir "$REGISTRY_CERT_DIR" "docker://$REGISTRY/x:1" >manifest
    [ -s manifest ]
}

@test "a registry that wants a client certificate says so" {
    registry_start_client_tls
    rm "$REGISTRY_CERT_DIR"/client.*
    push --cert-dir "$REGISTRY_CERT_DIR"
    [ "$status" -eq 1 ]
    [[ $stderr == *certificate* ]]
    rm -f "$REGISTRY_DIR/client.key"
    cp "$REGISTRY_DIR/client.crt" "$REGISTRY_CERT_DIR/client.cert"
    push --cert-dir "$REGISTRY_CERT_DIR"
    [ "$status" -eq 1 ]
    [[ $stderr == *client.cert*client.key* ]]
}

@test "the system's CAs: \$SSL_CERT_FILE, \$SSL_CERT_DIR, \$CURL_CA_BUNDLE" {
    registry_start_tls
    push
    [ "$status" -eq 1 ]
    SSL_CERT_FILE=$REGISTRY_DIR/server.crt push
    [ "$status" -eq 0 ]
    CURL_CA_BUNDLE=$REGISTRY_DIR/server.crt push
    [ "$status" -eq 0 ]
    mkdir hashed
    cp "$REGISTRY_DIR/server.crt" \
        "hashed/$(openssl x509 -in "$REGISTRY_DIR/server.crt" -noout -subject_hash).0"
    SSL_CERT_DIR=hashed push
    [ "$status" -eq 0 ]
    # Beside a CA of our own they still count.
    mkdir other
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=other" -keyout other.key \
        -out other/ca.crt 2>openssl.log
    SSL_CERT_FILE=$REGISTRY_DIR/server.crt push --cert-dir other
    [ "$status" -eq 0 ]
    push --cert-dir other
    [ "$status" -eq 1 ]
    SSL_CERT_FILE=/nonexistent push
    [ "$status" -eq 1 ]
    [[ $stderr == *SSL_CERT_FILE* ]]
}

@test "proxies: https_proxy and no_proxy; credentials do not go to the proxy" {
    registry_new_dir
    registry_make_cert server
    htpasswd -Bbn tester hunter2 >"$REGISTRY_DIR/htpasswd"
    registry_serve_tls "auth:
  htpasswd:
    realm: tests
    path: $REGISTRY_DIR/htpasswd"
    registry_run "$REGISTRY_DIR/proxy.log" python3 "$TEST_LIB/connect-proxy.py" \
        "$REGISTRY_DIR/proxy-port" "$REGISTRY_DIR/connects"
    registry_wait_for test -e "$REGISTRY_DIR/proxy-port"
    https_proxy=http://127.0.0.1:$(cat "$REGISTRY_DIR/proxy-port")
    export https_proxy
    # Of this machine itself no proxy knows.
    push --cert-dir "$REGISTRY_CERT_DIR" --creds tester:hunter2
    [ "$status" -eq 0 ]
    REGISTRY=reg.localhost:${REGISTRY#*:}
    for list in reg.localhost localhost .localhost "*.localhost" "x,reg.localhost:${REGISTRY#*:}"; do
        no_proxy=$list push --cert-dir "$REGISTRY_CERT_DIR" --creds tester:hunter2
        [ "$status" -eq 0 ]
    done
    [ ! -e "$REGISTRY_DIR/connects" ]
    push --cert-dir "$REGISTRY_CERT_DIR" --creds tester:hunter2
    [ "$status" -eq 0 ]
    grep -qx "CONNECT $REGISTRY" "$REGISTRY_DIR/connects"
    run ! grep -qi "^authorization" "$REGISTRY_DIR/connects"
    https_proxy=http://127.0.0.1:1 push --retry-delay 10ms --cert-dir "$REGISTRY_CERT_DIR"
    [ "$status" -eq 1 ]
}
