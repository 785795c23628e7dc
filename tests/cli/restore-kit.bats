#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What restores a checkpoint: a Pod that Kubernetes takes, or crictl's files; and nothing of the host
# on the archive's word alone.
bats_require_minimum_version 1.5.0

setup() {
    # shellcheck source=tests/lib/place.bash
    . "$TEST_LIB/place.bash"
    # shellcheck source=tests/lib/registry.bash
    . "$TEST_LIB/registry.bash"
    place_enter
    umask 077
    counter=$TEST_DATA/crio-1.36-counter.tar
    shop=$TEST_DATA/crio-1.36-shop.tar
}

teardown() {
    registry_stop_all
}

check_pods() {
    python3 "$TEST_LIB/check-pod.py" "$TEST_DATA/pod.schema.json" "$@"
}

kit() {
    "$CKPTOCI" restore-kit -q "$@"
}

# archive_with FILTER NAME: the shop's, with what jq's FILTER makes of its spec.dump
archive_with() {
    if [ ! -d tree ]; then
        unpack "$shop" tree
        cp tree/spec.dump spec.dump
    fi
    jq "$1" spec.dump >tree/spec.dump
    tar -cf "$2" -C tree .
}

pod=/var/lib/kubelet/pods/d6334eb7-8a24-419c-a610-64160890d300

# mount DESTINATION SOURCE [OPTION]: a filter that adds a mount
mount() {
    jq -nr --arg d "$1" --arg s "$2" --arg o "${3:-rw}" \
        '".mounts += [" + ({destination: $d, type: "bind", source: $s, options: [$o]} | tojson) + "]"'
}

# every_kind: a filter that adds a mount of every kind
every_kind() {
    local kind filter=.
    for kind in empty-dir configmap secret projected downward-api csi; do
        filter+=" | $(mount "/at/$kind" "$pod/volumes/kubernetes.io~$kind/my-$kind" ro)"
    done
    filter+=" | $(mount /at/again "$pod/volumes/kubernetes.io~empty-dir/my-empty-dir" rslave)"
    filter+=" | $(mount /at/sub "$pod/volume-subpaths/my-csi/cart/3")"
    filter+=" | $(mount /at/engine /var/lib/containers/storage/volumes/x/_data)"
    filter+=" | $(mount /at/host /etc)"
    filter+=" | $(mount /tmp/why "$pod/containers/cart/12ab")"
    filter+=' | .mounts += [{destination: "/at/tmpfs", type: "tmpfs", source: "tmpfs"}]'
    filter+=' | .linux.devices = [{path: "/dev/xvdb", type: "b"}]'
    echo "$filter"
}

@test "the kit of each sample is the one in the docs" {
    python3 "$TEST_LIB/doc-commands.py" "$TEST_DOCS/restore-kit.md" "$CKPTOCI" "$TEST_DATA"
}

@test "every Pod is one by the schema of Kubernetes, and another one is found out" {
    for sample in crio-1.36-counter crio-1.36-shop crio-1.26-counter containerd-2.3-counter; do
        kit "$TEST_DATA/$sample.tar" >"$sample.yaml"
    done
    archive_with "$(every_kind)" every.tar
    kit --privileges --pull-base volume --pull-secret a --pull-secret b every.tar >every.yaml
    kit --engine cri-o --engine-version 1.34 --node n --pull-base pod --format json every.tar >every.json
    check_pods ./*.yaml every.json
    n=0
    for change in 's/volumeMounts/volumemounts/' 's/readOnly: true/readOnly: "yes"/' \
        's/kind: Pod/kind: Pot/' 's/^  - name: my-secret/  - name: others/' 's/image: FILL-IN/image: 5/'; do
        n=$((n + 1))
        sed "$change" every.yaml >"wrong$n"
    done
    run check_pods wrong?
    [ "$status" -eq 1 ]
    [ "$(cut -d : -f 1 <<<"$output" | sort -u | wc -l)" -eq "$n" ]
}

@test "the manifests that come with the agent are right by the schema, too" {
    check_pods "$TEST_DOCS"/deploy/*.yaml
    sed 's/readOnlyRootFilesystem/readOnlyRoot/' "$TEST_DOCS/deploy/job.yaml" >wrong.yaml
    run ! check_pods wrong.yaml
    [[ $output == *readOnlyRoot* ]]
}

@test "each kind of volume is known by its path, and what is not known is marked" {
    archive_with "$(every_kind)" every.tar
    kit --format json every.tar 2>notes >pod.json
    jq -e '.spec | [.containers[0].volumeMounts[] | [.name, .mountPath, .readOnly // false]] == [
        ["my-empty-dir", "/at/empty-dir", true], ["my-configmap", "/at/configmap", true],
        ["my-secret", "/at/secret", true], ["my-projected", "/at/projected", true],
        ["my-downward-api", "/at/downward-api", true], ["at-csi", "/at/csi", true],
        ["my-empty-dir", "/at/again", false], ["at-csi", "/at/sub", false],
        ["at-engine", "/at/engine", false], ["at-host", "/at/host", false],
        ["at-tmpfs", "/at/tmpfs", false]]' pod.json
    jq -e '.spec.containers[0] | .volumeMounts[6].mountPropagation == "HostToContainer"
        and .volumeMounts[7].subPath == "../FILL-IN" and .terminationMessagePath == "/tmp/why"
        and .volumeDevices == [{name: "dev-xvdb", devicePath: "/dev/xvdb"}]' pod.json
    claim='{"persistentVolumeClaim":{"claimName":"FILL-IN"}}'
    jq -e --argjson claim "$claim" '[.spec.volumes[] | del(.name)] == [{emptyDir: {}},
        {configMap: {name: "FILL-IN"}}, {secret: {secretName: "FILL-IN"}},
        {projected: {sources: [{configMap: {name: "FILL-IN"}}]}},
        {downwardAPI: {items: [{path: "FILL-IN", fieldRef: {fieldPath: "FILL-IN"}}]}},
        $claim, {emptyDir: {}}, $claim, {emptyDir: {medium: "Memory"}}, $claim]' pod.json
    # Every mark has its line: those in the Pod and the image.
    [ "$(grep -cE '^- (image|volume [a-z-]+|subPath of the mount on /at/sub):' notes)" -eq 9 ]
    grep -q '^ckptoci: warning: host-mount: .*"/etc" of the host' notes
    # Both mounts of the token, the hosts file and the log are the kubelet's business.
    run ! grep -q 'serviceaccount\|/etc/hosts\|termination-log' pod.json
}

@test "nothing of the host, and no value of a variable, is in any kit" {
    archive_with "$(mount /at/host /etc) | $(mount /at/other \
        /var/lib/kubelet/pods/0-0/volumes/kubernetes.io~secret/x) | $(mount /at/up \
        "$pod/volumes/kubernetes.io~empty-dir/../../../../../../../root")" host.tar
    for arguments in "" "--privileges" "--format json" "--format crictl" "--format crictl --privileges"; do
        # shellcheck disable=SC2086 # several words
        kit $arguments host.tar >kit.out 2>notes
        run ! grep -qi 'hostPath:\|"hostPath"\|: "*/etc"*$\|0-0\|root"*$\|hunter2' <(grep -v '^#' kit.out)
        run ! grep -q hunter2 notes
        [ "$(grep -c '^ckptoci: warning: host-mount' notes)" -eq 3 ]
    done
    jq -e '[.["container-config.json"].mounts[] | select(.container_path | startswith("/at/")).host_path]
        == ["/dev/null/FILL-IN", "/dev/null/FILL-IN", "/dev/null/FILL-IN"]' kit.out
}

@test "privileges are told, and granted only if the user says so" {
    archive_with '.linux.namespaces |= map(select(.type == "mount"))
        | .linux.resources.devices = [{allow: true, access: "rwm"}]
        | .linux.devices = [{path: "/dev/sda", type: "b"}]' privileged.tar
    archive_with '.process.capabilities.bounding += ["CAP_SYS_ADMIN"]
        | .process.capabilities.bounding -= ["CAP_KILL"] | .process.noNewPrivileges = true' caps.tar
    kit --format json privileged.tar >pod.json 2>notes
    jq -e '.spec | has("hostNetwork") or has("hostPID") or has("hostIPC")
        or .containers[0].securityContext.privileged or has("volumes") | not' pod.json
    for privilege in privileged hostNetwork hostPID hostIPC; do
        grep -q "^- $privilege\$" notes
    done
    grep -q 'left out: --privileges grants' notes
    kit --format json --privileges privileged.tar 2>/dev/null |
        jq -e '.spec | .hostNetwork and .hostPID and .hostIPC and .containers[0].securityContext.privileged'
    kit --format json caps.tar 2>notes | jq -e '.spec.containers[0].securityContext
        | .capabilities.drop == ["ALL"] and (.capabilities.add | length) == 8
        and (.capabilities.add | index("SYS_ADMIN") | not) and .allowPrivilegeEscalation == false'
    grep -q '^- capability SYS_ADMIN$' notes
    # The API server takes no Pod that may do everything and gain nothing.
    kit --format json --privileges caps.tar 2>/dev/null | jq -e '.spec.containers[0].securityContext
        | (.capabilities.add | index("SYS_ADMIN")) and (has("allowPrivilegeEscalation") | not)'
    kit --format crictl --privileges privileged.tar 2>/dev/null |
        jq -e '.["pod-config.json"].linux.security_context | .privileged
            and .namespace_options == {network: 2, pid: 2, ipc: 2}'
}

@test "hostile metadata: names that are none, paths that no pod can declare, a thousand mounts" {
    archive_with '.annotations["io.kubernetes.pod.name"] = "x\u001b[31m: y"
        | .annotations["io.kubernetes.pod.namespace"] = "../../etc"
        | .annotations["io.kubernetes.cri-o.Metadata"] = "{\"name\":\"$(reboot)\"}"
        | .mounts += [range(1000) | {destination: "/m/\(.)", type: "bind", source: "/x/\(.)"}]' hostile.tar
    kit hostile.tar >kit.yaml 2>/dev/null
    check_pods kit.yaml
    [ "$(grep -c 'claimName: FILL-IN' kit.yaml)" -eq 1000 ]
    for line in '  name: FILL-IN' '  namespace: FILL-IN' '  - name: FILL-IN'; do
        grep -qxF -- "$line" kit.yaml
    done
    grep -q '^# - name of the pod: the archive says "x\\x1b\[31m: y", which cannot be one' kit.yaml
    run ! grep -q "$(printf '\033')" kit.yaml
    run ! grep -q reboot <(grep -v '^#' kit.yaml)
    kit --name p --namespace n hostile.tar 2>/dev/null | grep -qx '  name: p'
    # Words of the archive's never begin a line, as if they were ours.
    archive_with ".annotations[\"io.kubernetes.cri-o.Metadata\"] =
        ({name: (\"x. Then run:\" + \" \" * 200 + \"reboot now\")} | tojson)
        | $(mount /at "/x$(printf '%90s' '')reboot now")" words.tar
    kit words.tar >kit.yaml 2>/dev/null
    grep -q '^# A Pod that restores the container (not a name) of pod shop' kit.yaml
    [ "$(grep -c 'reboot now' kit.yaml)" -eq 2 ]
    run ! grep -q '^#  *reboot' kit.yaml
    for destination in /a:b /a/../etc etc '/a\u202e'; do
        archive_with ".mounts += [{destination: \"$destination\", type: \"bind\", source: \"/x\"}]" bad.tar
        run --separate-stderr kit bad.tar
        [ "$status" -eq 3 ]
        [ "$output" = "" ]
        [[ $stderr == *"no pod can declare"* ]]
    done
    archive_with '.mounts += [range(1025) | {destination: "/m/\(.)", source: "/x"}]' many.tar
    run --separate-stderr kit many.tar
    [ "$status" -eq 3 ]
    [[ $stderr == *"more than 1024 mounts"* ]]
}

@test "of a large archive only a small part is read" {
    python3 "$TEST_LIB/grow-pages.py" "$counter" large.tar 32
    ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=pread64,read -o trace \
        "$CKPTOCI" restore-kit -q large.tar >large.yaml
    kit "$counter" | diff <(tail -n +5 large.yaml) <(tail -n +5 /dev/stdin)
    bytes=$(awk '/large|pread64/ { sum += $NF } END { print sum }' trace)
    echo "# $bytes bytes"
    [ "$bytes" -gt 0 ]
    [ "$bytes" -lt $((4 << 20)) ]
}

@test "an image is named by its digest" {
    registry_start_plain
    "$CKPTOCI" convert -q --tls-verify=false --compression-format none --digestfile digest "$counter" \
        "$REGISTRY/counter:1" oci:layout:1 2>/dev/null
    kit --tls-verify=false "$REGISTRY/counter:1" >kit.yaml
    check_pods kit.yaml
    grep -q "image: \"$REGISTRY/counter@$(cat digest)\"" kit.yaml
    run ! grep -q FILL-IN kit.yaml
    kit --tls-verify=false --format crictl "$REGISTRY/counter:1" 2>notes >kit.json
    jq -e --arg image "$REGISTRY/counter@$(cat digest)" \
        '.["container-config.json"].image.image == $image' kit.json
    grep -qx "    crictl pull $REGISTRY/counter@$(cat digest)" notes
    # Nodes cannot pull from a layout.
    kit oci:layout:1 2>/dev/null | grep -qx '    image: FILL-IN'
    kit --image registry.example/x:1 oci:layout:1 | grep -qx '    image: registry.example/x:1'
}

@test "the engine's word: what cannot be restored is no kit" {
    run --separate-stderr kit --engine cri-o --engine-version 1.26 "$counter"
    [ "$status" -eq 1 ]
    [ "$output" = "" ]
    [[ $stderr == *"CRI-O 1.26 would not restore it"* ]]
    run --separate-stderr kit --engine containerd "$counter"
    [ "$status" -eq 1 ]
    [[ $stderr == *"made by CRI-O, and no engine restores another one's"* ]]
    kit --engine cri-o --engine-version main "$counter" | grep -q '^# - container_level_enabled'
    run ! grep -q container_level_enabled <(kit --engine cri-o --engine-version 1.36 "$counter")
    archive_with "$(mount /etc/passwd /run/containers/storage/x/passwd)" passwd.tar
    kit --engine cri-o --engine-version 1.34 passwd.tar | grep -q 'mountPath: /etc/passwd'
    run ! grep -q 'mountPath: /etc/passwd' <(kit --engine cri-o --engine-version 1.35 passwd.tar)
    run --separate-stderr kit "$TEST_DATA/podman-4.3-counter.tar"
    [ "$status" -eq 1 ]
    [[ $stderr == *"podman container restore --import $TEST_DATA/podman-4.3-counter.tar"* ]]
    head -c 100000 "$counter" >cut.tar
    run --separate-stderr kit --output kit.yaml cut.tar
    [ "$status" -eq 3 ]
    [ ! -e kit.yaml ]
}

@test "files appear complete, replace none unasked, and a failure leaves nothing" {
    kit -o kit.yaml "$counter"
    check_pods kit.yaml
    cp kit.yaml before
    run kit -o kit.yaml --node n "$counter"
    [ "$status" -eq 1 ]
    [[ $output == *"exists already"* ]]
    cmp before kit.yaml
    kit -o kit.yaml --force --node n "$counter"
    grep -q 'nodeName: "n"' kit.yaml
    cp "$counter" counter.tar
    kit --format crictl -o kit/ counter.tar 2>notes
    [ "$(cd kit && echo ./*)" = "./container-config.json ./pod-config.json" ]
    jq -e --arg path "$PWD/counter.tar" '.image.image == $path and .metadata.name == "counter"
        and ([.mounts[].container_path] == ["/etc/hosts", "/dev/termination-log",
            "/var/run/secrets/kubernetes.io/serviceaccount"])
        and .linux.security_context.namespace_options.pid == 1' kit/container-config.json
    jq -e '.metadata == {name: "counters", namespace: "default", uid: "ckptoci-restore", attempt: 0}
        ' kit/pod-config.json
    # Every path that the files name is made by the commands.
    jq -r '.mounts[].host_path' kit/container-config.json | while read -r path; do
        grep -qE "^    (cp .*|touch|mkdir( -p)?) $path\$" notes
    done
    run kit --format crictl -o kit counter.tar
    [ "$status" -eq 1 ]
    kit --format crictl -f -o kit counter.tar 2>/dev/null
    touch kit/other
    run kit --format crictl -f -o kit counter.tar
    [[ $output == *"there is other in this directory"* ]]
    run kit --format crictl -o none no-such-file.tar
    [ "$status" -eq 1 ]
    [ ! -e none ]
    [ "$(find . -name '.ckptoci-*')" = "" ]
}
