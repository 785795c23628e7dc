#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# From a running container to its archive and its image, by a kubelet that is asked for it.
bats_require_minimum_version 1.5.0

setup_file() {
    # shellcheck source=tests/lib/kubelet.bash
    . "$TEST_LIB/kubelet.bash"
    kubelet_make_certs
    : >"$BATS_FILE_TMPDIR/messages"
}

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    # shellcheck source=tests/lib/image.bash
    . "$TEST_LIB/image.bash"
    # shellcheck source=tests/lib/kubelet.bash
    . "$TEST_LIB/kubelet.bash"
    place_enter
    unset KUBECONFIG KUBERNETES_SERVICE_HOST KUBERNETES_SERVICE_PORT
    counter=$TEST_DATA/crio-1.36-counter.tar
    shop=$TEST_DATA/crio-1.36-shop.tar
    one=(--archive "default/counters/counter=$counter")
    two=(--archive "prod-eu/shop/cart=$shop" --archive "prod-eu/shop/other=$counter")
}

teardown() {
    collect
    kubelet_stop
    registry_stop_all
}

# note: what was said, for the last test
note() {
    printf '%s\n' "$stderr" >>said
}

# collect: what this test has noted, as it would be on a node
collect() {
    [ -e said ] || return 0
    sed -e "s#$KUBELET#https://localhost:10250#g; s#$PWD/checkpoints#/var/lib/kubelet/checkpoints#g" \
        -e 's#/nonexistent#/var/lib/kubelet/checkpoints#g; s#of config\b#of /root/.kube/config#g' \
        -e 's#default/counters/[a-z-]*#default/counters/counter#g; s#container not-running#container counter#' \
        -e 's#_default-[a-z]*-[0-9TZ:-]*.tar#_default-counter-2026-11-20T09:30:15Z.tar#g' \
        said >>"$BATS_FILE_TMPDIR/messages"
}

# ask STATUS ARGUMENT...: the kubelet, trusted; the exit status is that
ask() {
    local expected=$1
    shift
    run --separate-stderr "$CKPTOCI" checkpoint --node "$KUBELET" \
        --cacert "$KUBELET_CERTS/server.crt" "$@"
    echo "$output"
    echo "status $status: $stderr"
    note
    [ "$status" -eq "$expected" ]
}

# says TEXT...: on standard error, in this order
says() {
    local text rest=$stderr
    for text in "$@"; do
        if [[ $rest != *"$text"* ]]; then
            echo "no word of: $text"
            return 1
        fi
        rest=${rest#*"$text"}
    done
}

# refused_for CONTAINER STATUS TEXT...
refused_for() {
    ask "$2" "default/counters/$1"
    [ "$output" = "" ]
    says "checkpoint default/counters/$1: " "${@:3}"
}

@test "prints where the archive is; --timeout is passed on" {
    kubelet_start "${one[@]}"
    ask 0 default/counters/counter
    [ "$stderr" = "" ]
    [[ $output == "$PWD"/checkpoints/checkpoint-counters_default-counter-*.tar ]]
    cmp "$output" "$counter"
    grep -qx 'POST /checkpoint/default/counters/counter 200 nothing' "$KUBELET_LOG"
    ask 0 --timeout 7 --json default/counters/counter
    [ "$(jq -c '[.namespace, .pod, .container, .images, .deleted]' <<<"$output")" = \
        '["default","counters","counter",[],false]' ]
    cmp "$(jq -r .path <<<"$output")" "$counter"
    grep -qF '/counter?timeout=7 200' "$KUBELET_LOG"
}

@test "every refusal says what to do" {
    local faults=() fault
    for fault in gate-off no-support no-criu unimplemented deadline no-space not-running other \
        redirect garbage; do
        faults+=(--archive "default/counters/$fault=$counter" --fault "$fault=$fault")
    done
    kubelet_start "${one[@]}" "${faults[@]}"
    refused_for gate-off 1 "404: Page Not Found" "featureGates: {ContainerCheckpoint: true}"
    refused_for no-support 1 "checkpoint/restore support not available" "enable_criu_support = true"
    refused_for no-criu 1 "CRIU binary not found" "install criu on the node"
    refused_for unimplemented 1 "unknown method" "containerd has them from 2.0 on"
    refused_for deadline 1 "context deadline exceeded" "--timeout SECONDS"
    refused_for no-space 1 "no space left" "make room on the node"
    refused_for not-running 1 "not found" "does not run now"
    refused_for other 1 "runc checkpoint" "journalctl -u crio"
    refused_for redirect 1 "answered 302" "redirects are not followed"
    refused_for garbage 1 "does not name the archive"
    refused_for nope 1 "container nope does not exist" \
        "kubectl get pod -n default counters -o jsonpath='{.spec.containers[*].name}'"
    ask 1 default/nope/counter
    says "404: pod does not exist" "kubectl get pod -n default nope -o wide"
    [ "$(find checkpoints -type f)" = "" ]
}

@test "no answer: nobody there, a certificate that is not trusted, silence" {
    kubelet_start "${one[@]}" --fault silence
    run --separate-stderr "$CKPTOCI" checkpoint --node "https://127.0.0.1:1" default/counters/counter
    [ "$status" -eq 1 ]
    says "refused" "--node https://HOST:10250" "--via-apiserver NODE"
    run --separate-stderr "$CKPTOCI" checkpoint --node "$KUBELET" default/counters/counter
    note
    [ "$status" -eq 1 ]
    says "certificate" "--cacert FILE" "--insecure-skip-tls-verify"
    # With --cacert, nobody else is trusted.
    SSL_CERT_FILE=$KUBELET_CERTS/server.crt run "$CKPTOCI" checkpoint --node "$KUBELET" \
        --cacert "$KUBELET_CERTS/other.crt" default/counters/counter
    [ "$status" -eq 1 ]
    [[ $output == *"certificate"*"--cacert FILE"* ]]
    [ ! -s "$KUBELET_LOG" ]
    ask 1 --timeout 1 --stall-timeout 100ms default/counters/counter
    says "not a byte moved for 1.1 seconds" "--timeout"
}

@test "who is let in: certificate, token; without rights, the rule that is missing" {
    kubelet_start "${one[@]}" --client-ca "$BATS_FILE_TMPDIR/client.crt" --token weak --token good \
        --rights pods
    printf 'good\n' >token
    printf 'weak\n' >weak
    printf 'bad' >bad
    ask 0 --cert "$KUBELET_CERTS/client.crt" --key "$KUBELET_CERTS/client.key" \
        default/counters/counter
    ask 0 --token-file token default/counters/counter
    run "$CKPTOCI" checkpoint --node "$KUBELET" --insecure-skip-tls-verify --token-file token \
        default/counters/counter
    [ "$status" -eq 0 ]
    [ "$(sed 's/.* //' "$KUBELET_LOG" | xargs)" = "certificate token token" ]
    ask 4 default/counters/counter
    says "401: Unauthorized" "no credentials were given" "--cert and --key"
    ask 4 --token-file bad default/counters/counter
    says "the credentials of the options are unknown there"
    ask 4 --token-file weak default/counters/counter
    says "verb=create, resource=nodes, subresource=checkpoint" \
        '{apiGroups: [""], resources: ["nodes/checkpoint"], verbs: ["create"]}'
    ask 1 --token-file nothing default/counters/counter
    says "--token-file: read nothing: there is no such file"
    ask 1 --cert "$KUBELET_CERTS/client.crt" --key token default/counters/counter
    says "check the files of --cacert, --cert and --key"
}

# kubeconfig CLUSTER USER: ./config with these in flow style
kubeconfig() {
    cat >config <<YAML
apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: c, user: u}}]
clusters:
- name: c
  cluster: {server: "$KUBELET", $1}
users:
- name: u
  user: {$2}
YAML
}

# via STATUS ARGUMENT...
via() {
    local expected=$1
    shift
    run --separate-stderr "$CKPTOCI" checkpoint --kubeconfig config --via-apiserver "$@"
    echo "$output"
    echo "status $status: $stderr"
    note
    [ "$status" -eq "$expected" ]
}

@test "through the API server, with a kubeconfig" {
    kubelet_start "${one[@]}" --client-ca "$BATS_FILE_TMPDIR/client.crt" --token weak --token good \
        --rights pods
    local ca
    ca="certificate-authority-data: $(base64 -w 0 "$KUBELET_CERTS/server.crt")"
    cp "$KUBELET_CERTS/server.crt" ca.crt
    cp "$KUBELET_CERTS"/client.* .
    kubeconfig "$ca" "client-certificate-data: $(base64 -w 0 client.crt), \
        client-key-data: $(base64 -w 0 client.key)"
    via 0 node-1 default/counters/counter
    cmp "$output" "$counter"
    grep -qx 'POST /api/v1/nodes/node-1:10250/proxy/checkpoint/default/counters/counter 200 .*' \
        "$KUBELET_LOG"
    kubeconfig "$ca, tls-server-name: node-1.example" "client-certificate: client.crt, \
        client-key: client.key"
    # By whatever name: no proxy is asked for this machine itself.
    https_proxy=http://127.0.0.1:1 via 0 node-1 default/counters/counter
    kubeconfig "$ca, tls-server-name: node-2.example" "token: good"
    via 1 node-1 default/counters/counter
    says "node-2.example"
    kubeconfig "certificate-authority: ca.crt" "tokenFile: token, token: bad"
    echo good >token
    KUBECONFIG=config run "$CKPTOCI" checkpoint --via-apiserver node-1 default/counters/counter
    [ "$status" -eq 0 ]
    cat >plugin <<'SH'
#!/bin/sh
[ "$1 $COLOUR" = "get-token blue" ] || exit 7
echo "$KUBERNETES_EXEC_INFO" | grep -q '"kind":"ExecCredential"' || exit 8
echo '{"kind":"ExecCredential","status":{"token":"good"}}'
SH
    chmod +x plugin
    kubeconfig "insecure-skip-tls-verify: true" "exec: {apiVersion: \
        client.authentication.k8s.io/v1, command: ./plugin, args: [get-token], \
        env: [{name: COLOUR, value: blue}], interactiveMode: IfAvailable}"
    via 0 node-1 default/counters/counter
    # The same user asks a kubelet directly.
    ask 0 --kubeconfig config default/counters/counter
}

@test "what the API server refuses, and a kubeconfig that does not help" {
    kubelet_start "${one[@]}" --token weak --token good --rights checkpoint
    kubeconfig "insecure-skip-tls-verify: true" "token: weak"
    via 4 node-1 default/counters/counter
    says 'cannot create resource "nodes/proxy"' \
        '{apiGroups: [""], resources: ["nodes/proxy"], verbs: ["create"]}'
    via 4 node-1 --all-containers default/counters
    says '{apiGroups: [""], resources: ["pods"], verbs: ["get"]}'
    kubeconfig "insecure-skip-tls-verify: true" "token: s3cret"
    via 4 node-1 default/counters/counter
    says "401: Unauthorized" 'user "u" of config' "log in again"
    [[ $stderr != *s3cret* ]]
    kubeconfig "insecure-skip-tls-verify: true" "token: good"
    via 1 node-7 default/counters/counter
    says 'nodes "node-7" not found' "kubectl get nodes"
    via 1 node-1 --all-containers default/nope
    says 'pods "nope" not found' "kubectl get pod -n default"
    kubeconfig "insecure-skip-tls-verify: true" "auth-provider: {name: gcp}"
    via 2 node-1 default/counters/counter
    says '"auth-provider" is not supported' "--token-file"
    kubeconfig "proxy-url: 'http://u:s3cret@a b:1'" "token: good"
    via 1 node-1 default/counters/counter
    says "the proxy's URL is not understood"
    [[ $stderr != *s3cret* ]]
    kubeconfig "certificate-authority-data: '!'" "token: good"
    via 1 node-1 default/counters/counter
    says 'cluster "c": certificate-authority-data: not base64'
    echo '{"a: b' >config
    via 1 node-1 default/counters/counter
    says "kubeconfig config: line "
    KUBECONFIG=a:b run "$CKPTOCI" checkpoint --via-apiserver node-1 default/counters/counter
    [ "$status" -eq 2 ]
    [[ $output == *"kubectl config view --flatten"* ]]
    run "$CKPTOCI" checkpoint --via-apiserver node-1 default/counters/counter
    [ "$status" -eq 2 ]
    [[ $output == *"--kubeconfig FILE"* ]]
    kubelet_stop
    kubelet_start "${one[@]}" --fault unreachable
    kubeconfig "insecure-skip-tls-verify: true" "token: good"
    via 1 node-1 default/counters/counter
    says "error trying to reach service" "kubectl get node node-1"
}

@test "inside a pod, the service account's token and CA are taken" {
    unshare -rm true 2>/dev/null || skip "no user namespaces"
    kubelet_start "${one[@]}" --token good
    cat >in-pod <<'SH'
mount -t tmpfs none /run || exit 9
directory=/run/secrets/kubernetes.io/serviceaccount
mkdir -p "$directory"
[ /var/run -ef /run ] || mount --bind /run /var/run || exit 9
echo good >"$directory/token"
cp "$1" "$directory/ca.crt"
shift
"$@"
SH
    KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT=${KUBELET##*:} \
        run --separate-stderr unshare -rm bash in-pod "$KUBELET_CERTS/server.crt" bash -c '
            "$0" checkpoint --node "$1" default/counters/counter &&
            "$0" checkpoint --via-apiserver node-1 default/counters/counter' "$CKPTOCI" "$KUBELET"
    [ "$status" -eq 0 ]
    [ "$(sed 's/.* //' "$KUBELET_LOG" | xargs)" = "token token" ]
}

@test "on to images with one command; the archive goes when they are confirmed" {
    registry_start_persona spec
    kubelet_start "${one[@]}"
    ask 0 --tls-verify=false --to "$REGISTRY/x:1" --to oci:image:1 --delete-after-push --json --annotation a=b \
        --compression-format gzip --digestfile digest default/counters/counter
    [ "$(layout_manifest image 1 | jq -r '.annotations.a, .layers[0].mediaType' | xargs)" = \
        "b application/vnd.oci.image.layer.v1.tar+gzip" ]
    layout_layer image 1 | cmp - "$counter"
    [ "$(jq -r '.deleted, .images[].status' <<<"$output" | xargs)" = "true pushed pushed" ]
    [ "$(jq -r '.images[].digest' <<<"$output" | uniq)" = "$(cat digest)" ]
    [ ! -e "$(jq -r .path <<<"$output")" ]
    # Asked for again, after it was put.
    [ "$(persona_requests | grep '/manifests/1 ' | cut -d ' ' -f 1 | tail -n 2 | xargs)" = "PUT GET" ]
    ask 0 --to oci:image:2 default/counters/counter
    [ "$output" = "oci:image:2@sha256:$(layout_manifest image 2 | sha256sum | cut -d ' ' -f 1)" ]
    cmp checkpoints/* "$counter"
}

# kept: one archive is there, and the message names it
kept() {
    local archives=(checkpoints/*.tar)
    [ "${#archives[@]}" -eq 1 ]
    says "$PWD/${archives[0]}"
    rm checkpoints/*.tar
}

@test "the archive stays where there is any doubt" {
    head -c 100000 "$counter" >cut.tar
    registry_start_persona spec
    kubelet_start "${one[@]}" --archive "default/counters/elsewhere=$counter" \
        --fault elsewhere=elsewhere --archive "default/counters/foreign=$counter" \
        --fault foreign=foreign --archive default/counters/cut=cut.tar \
        --archive "default/counters/longer=$counter" --fault longer=longer \
        --archive "default/counters/mixed=$shop" \
        --archive "default/counters/commands=$counter" --fault commands=commands
    # The registry had it, and has lost it.
    persona_control '{"faults": [{"method": "GET", "path": "/manifests/1$", "nth": 2, "status": 404}]}'
    ask 1 --tls-verify=false --to "$REGISTRY/x:1" --delete-after-push default/counters/counter
    says "was not removed" "has not confirmed the image" 404
    kept
    # It does not take it.
    persona_control '{"faults": [{"method": "PUT", "path": "/manifests/2$", "times": 9, "status": 400}]}'
    ask 1 --to oci:image:2 --tls-verify=false --to "$REGISTRY/x:2" --delete-after-push default/counters/counter
    says "docker://$REGISTRY/x:2" 400
    kept
    # It is no checkpoint.
    ask 3 --to oci:image:3 --delete-after-push --json default/counters/cut
    [ "$(jq -r '.deleted, .images[], .findings[].check' <<<"$output" | xargs)" = \
        "false damaged-archive" ]
    kept
    # It is another one than was asked for.
    ask 1 --to oci:image:4 --delete-after-push default/counters/foreign
    says "is not what it calls archives of this container" "ckptoci inspect"
    kept
    ask 1 --to oci:image:4 --delete-after-push default/counters/longer
    says "is not what it calls archives of this container"
    kept
    ask 1 --to oci:mixed:1 --delete-after-push default/counters/mixed
    says "was not removed: it says that its pod.namespace is \"prod-eu\", and not default"
    kept
    # Nor is a command to be copied what the kubelet makes of it.
    ask 1 --to oci:image:5 default/counters/commands
    says "it lies on the node" "sudo cat ARCHIVE |"
    # It is not here.
    ask 1 --to oci:image:5 default/counters/elsewhere
    says "the checkpoint was taken" "No such file" "it lies on the node" "ckptoci convert - DEST"
    [ ! -e image/blobs ] || [ "$(jq -r '.manifests | length' image/index.json)" -eq 1 ]
}

@test "all containers of a pod, and one index" {
    unpack "$shop" tree
    jq '.annotations["io.kubernetes.cri-o.Metadata"] |= (fromjson | .name = "other" | tojson)' \
        tree/spec.dump >spec.dump
    mv spec.dump tree
    (umask 077 && tar -cf other.tar -C tree .)
    registry_start_persona spec
    kubelet_start "${two[@]}" --archive prod-eu/shop/other=other.tar
    ask 0 --all-containers --tls-verify=false --to "$REGISTRY/shop:1" --to oci:image:1 --delete-after-push prod-eu/shop
    [ "$(sed 's/@.*//' <<<"$output" | xargs)" = "docker://$REGISTRY/shop:1-cart oci:image:1-cart \
docker://$REGISTRY/shop:1-other oci:image:1-other docker://$REGISTRY/shop:1 oci:image:1" ]
    [ "$(find checkpoints -type f)" = "" ]
    # Each image as it would be alone, and all that its annotations say once more in the index.
    layout_layer image 1-cart | cmp - "$shop"
    layout_layer image 1-other | cmp - other.tar
    layout_manifest image 1 >index
    for i in 0 1; do
        digest=$(jq -r ".manifests[$i].digest" index)
        [ "$(jq -cS ".manifests[$i].annotations" index)" = \
            "$(jq -cS .annotations "$(blob_path image "$digest")")" ]
        [ "$(jq -r ".manifests[$i] | .size, .platform.architecture" index | xargs)" = \
            "$(stat -c %s "$(blob_path image "$digest")") amd64" ]
    done
    [ "$(jq -r .mediaType index)" = application/vnd.oci.image.index.v1+json ]
    # Nothing by which an engine would take the index for a checkpoint.
    [ "$(jq -r '.annotations // {} | keys | map(select(test("container|checkpoint.name"))) | length' \
        index)" -eq 0 ]
    skopeo copy -q --all --src-tls-verify=false "docker://$REGISTRY/shop:1" oci:copied:1
    [ "$(jq -r '.manifests[0].digest' copied/index.json)" = \
        "sha256:$(sha256sum <index | cut -d ' ' -f 1)" ]
}

@test "one container fails: the others go on, and there is no index" {
    kubelet_start "${two[@]}" --sidecar prod-eu/shop/mesh --fault mesh=not-running
    kubeconfig "insecure-skip-tls-verify: true" "token: good"
    via 1 node-1 --all-containers --json --to oci:image:1 prod-eu/shop
    says "checkpoint prod-eu/shop/mesh: " "does not run now" \
        "oci:image:1 was not written: there is no image of container mesh"
    [ "$(jq -c '[.containers[] | [.container, .images[].status]]' <<<"$output")" = \
        '[["mesh"],["cart","pushed"],["other","pushed"]]' ]
    [ "$(jq -r '.indexes[].status' <<<"$output")" = failed ]
    [ "$(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"]' image/index.json |
        xargs)" = "1-cart 1-other" ]
    ask 1 --all-containers nope
    says "there is no pod nope in namespace default"
}

@test "the documentation shows what is said" {
    [ "$(grep -c '^    ckptoci: ' "$TEST_DOCS/kubernetes.md")" -gt 10 ]
    sed -n 's/^    \(ckptoci: .*\)/\1/p' "$TEST_DOCS/kubernetes.md" >shown
    sort -u "$BATS_FILE_TMPDIR/messages" >real
    sort -u shown | comm -23 - real >untrue
    cat untrue
    [ ! -s untrue ]
}
