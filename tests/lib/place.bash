# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Where a test runs.

# place_enter: a directory of the test's own, and an environment that knows nobody's credentials,
# certificates, proxies, registries or times. home/ and run/ are there.
place_enter() {
    cd "$BATS_TEST_TMPDIR" || return 1
    export HOME=$BATS_TEST_TMPDIR/home XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR/run
    mkdir home run
    unset REGISTRY_AUTH_FILE XDG_CONFIG_HOME DOCKER_CONFIG DOCKER_AUTH_CONFIG
    unset CONTAINERS_REGISTRIES_CONF SOURCE_DATE_EPOCH
    unset SSL_CERT_FILE SSL_CERT_DIR CURL_CA_BUNDLE
    unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
}

# unpack ARCHIVE DIRECTORY: a tar, so that whoever runs the test may change all of it: there are
# directories that only root could enter
unpack() {
    mkdir -p "$2"
    tar -xf "$1" -C "$2"
    chmod -R u+rwX "$2"
}
