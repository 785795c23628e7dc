# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Real registries for tests: Debian's docker-registry on free loopback ports. Source this file, then
#
#     registry_start_plain        http, for everybody
#     registry_start_htpasswd     http, Basic authentication
#     registry_start_tls          https with a certificate of its own
#     registry_start_client_tls   the same, for those with a client certificate only
#     registry_start_token        http, Bearer tokens from token-server.py
#     registry_start_nginx        http, nginx in front: bodies of 1 MiB at the most
#     registry_start_proxy        in front of the last one: cuts connections
#     registry_start_persona NAME http, none of them: behaves as that one, and fails where told to
#     registry_stop_all           at the end, also after failures
#
# Each start function sets and exports
#     REGISTRY            host:port
#     REGISTRY_DIR        its directory, with config.yml, log and storage/
#     REGISTRY_STORAGE    where repositories lie
#     REGISTRY_CREDS      user:password, where there is one
#     REGISTRY_CERT_DIR   a directory for --cert-dir, where there is TLS
#     REGISTRY_TOKEN_LOG  a line per token, registry_start_token only
#     REGISTRY_JOURNAL    a line per exchange, registry_start_persona only
# Several registries may run at once. Directories lie under $REGISTRY_ROOT and stay until
# registry_stop_all; registry_logs prints what they have logged.

REGISTRY_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lib/wait.bash
. "$REGISTRY_LIB/wait.bash"

registry_missing_tools() {
    local tool
    for tool in docker-registry htpasswd nginx openssl python3; do
        PATH=$PATH:/usr/sbin command -v "$tool" >/dev/null || echo "$tool"
    done
}

# registry_new_dir: a directory for one more registry, in REGISTRY_DIR
registry_new_dir() {
    if [ -z "${REGISTRY_ROOT:-}" ]; then
        REGISTRY_ROOT=$(mktemp -d "${TMPDIR:-/tmp}/ckptoci-registry.XXXXXX") || return 1
        export REGISTRY_ROOT
    fi
    REGISTRY_DIR=$(mktemp -d "$REGISTRY_ROOT/XXXXXX") || return 1
    REGISTRY_STORAGE=$REGISTRY_DIR/storage
    mkdir "$REGISTRY_STORAGE"
    unset REGISTRY_CREDS REGISTRY_CERT_DIR REGISTRY_TOKEN_LOG REGISTRY_JOURNAL
    export REGISTRY_DIR REGISTRY_STORAGE
}

# registry_run LOG COMMAND...: in the background, its pid in REGISTRY_PID and noted for
# registry_stop_all; the log is there at once. Without this shell's variables: docker-registry takes
# REGISTRY_* as its configuration.
registry_run() {
    local log=$1
    shift
    : >"$log"
    env -i PATH="$PATH" HOME="$REGISTRY_DIR" "$@" </dev/null >"$log" 2>&1 3>&- &
    REGISTRY_PID=$!
    echo "$REGISTRY_PID" >>"$REGISTRY_ROOT/pids"
}

# registry_wait_for COMMAND...: until it succeeds; fails with the logs if the server that was started
# last ends before that
registry_wait_for() {
    wait_for "$REGISTRY_PID" "$@" || {
        registry_logs >&2
        return 1
    }
}

registry_find_port() {
    local line
    while IFS= read -r line; do
        if [[ $line =~ listening\ on\ (127\.0\.0\.1:[0-9]+) ]]; then
            REGISTRY=${BASH_REMATCH[1]}
            return 0
        fi
    done <"$REGISTRY_DIR/log"
    return 1
}

# registry_start [YAML]: a registry with these further sections in its configuration; "  tls:" and
# the like may come first, to go under "http:"
registry_start() {
    cat >"$REGISTRY_DIR/config.yml" <<YAML
version: 0.1
log:
  level: info
storage:
  filesystem:
    rootdirectory: $REGISTRY_STORAGE
  delete:
    enabled: true
  maintenance:
    uploadpurging:
      enabled: false
http:
  addr: 127.0.0.1:0
${1:-}
YAML
    registry_run "$REGISTRY_DIR/log" docker-registry serve "$REGISTRY_DIR/config.yml"
    registry_wait_for registry_find_port || return 1
    export REGISTRY
}

# registry_make_cert NAME: NAME.crt and NAME.key for loopback, its own CA
registry_make_cert() {
    openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 2 -subj "/CN=ckptoci test $1" \
        -addext "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:reg.localhost" \
        -keyout "$REGISTRY_DIR/$1.key" -out "$REGISTRY_DIR/$1.crt" 2>"$REGISTRY_DIR/openssl.log"
}

registry_set_creds() {
    REGISTRY_CREDS="tester:s3cret:with colon"
    export REGISTRY_CREDS
}

registry_start_plain() {
    registry_new_dir && registry_start
}

registry_start_htpasswd() {
    registry_new_dir || return 1
    registry_set_creds
    htpasswd -Bbn "${REGISTRY_CREDS%%:*}" "${REGISTRY_CREDS#*:}" >"$REGISTRY_DIR/htpasswd"
    registry_start "auth:
  htpasswd:
    realm: ckptoci tests
    path: $REGISTRY_DIR/htpasswd"
}

registry_start_tls() {
    registry_new_dir && registry_make_cert server || return 1
    registry_serve_tls
}

# registry_serve_tls [YAML]: with server.crt and server.key, and further lines under "tls:"
registry_serve_tls() {
    mkdir "$REGISTRY_DIR/certs"
    cp "$REGISTRY_DIR/server.crt" "$REGISTRY_DIR/certs/ca.crt"
    registry_start "  tls:
    certificate: $REGISTRY_DIR/server.crt
    key: $REGISTRY_DIR/server.key
${1:-}" || return 1
    REGISTRY_CERT_DIR=$REGISTRY_DIR/certs
    export REGISTRY_CERT_DIR
}

registry_start_client_tls() {
    registry_new_dir && registry_make_cert server && registry_make_cert client || return 1
    registry_serve_tls "    clientcas:
      - $REGISTRY_DIR/client.crt" || return 1
    cp "$REGISTRY_DIR/client.crt" "$REGISTRY_CERT_DIR/client.cert"
    cp "$REGISTRY_DIR/client.key" "$REGISTRY_CERT_DIR/client.key"
}

# registry_start_token [OPTION...]: options for token-server.py
registry_start_token() {
    registry_new_dir && registry_make_cert token || return 1
    registry_set_creds
    REGISTRY_TOKEN_LOG=$REGISTRY_DIR/tokens
    export REGISTRY_TOKEN_LOG
    : >"$REGISTRY_TOKEN_LOG"
    registry_run "$REGISTRY_DIR/token-server.log" python3 "$REGISTRY_LIB/token-server.py" \
        --key "$REGISTRY_DIR/token.key" --cert "$REGISTRY_DIR/token.crt" \
        --creds "$REGISTRY_CREDS" --issuer ckptoci-tests --log "$REGISTRY_TOKEN_LOG" \
        --port-file "$REGISTRY_DIR/token-port" "$@"
    registry_wait_for test -e "$REGISTRY_DIR/token-port" || return 1
    registry_start "auth:
  token:
    realm: http://127.0.0.1:$(cat "$REGISTRY_DIR/token-port")/token
    service: ckptoci tests
    issuer: ckptoci-tests
    rootcertbundle: $REGISTRY_DIR/token.crt"
}

registry_write_nginx_config() {
    local limit=$1 buffering=$2 upstream=$3
    cat >"$REGISTRY_DIR/nginx.conf" <<CONF
daemon off;
user $(id -un) $(id -gn);
worker_processes 1;
pid $REGISTRY_DIR/nginx.pid;
error_log $REGISTRY_DIR/nginx-error.log warn;
events {}
http {
    access_log $REGISTRY_DIR/nginx-access.log;
    client_body_temp_path $REGISTRY_DIR/nginx-body;
    proxy_temp_path $REGISTRY_DIR/nginx-proxy;
    fastcgi_temp_path $REGISTRY_DIR/nginx-fastcgi;
    uwsgi_temp_path $REGISTRY_DIR/nginx-uwsgi;
    scgi_temp_path $REGISTRY_DIR/nginx-scgi;
    server {
        include $REGISTRY_DIR/listen;
        client_max_body_size $limit;
        location / {
            proxy_pass http://$upstream;
            proxy_http_version 1.1;
            proxy_request_buffering $buffering;
            proxy_set_header Host \$http_host;
        }
    }
}
CONF
}

# registry_start_nginx [LIMIT [BUFFERING]]: the largest body, as nginx has it (default 1m; 0: any),
# and whether nginx reads all of a body before it passes it on (on or off, the default)
registry_start_nginx() {
    local upstream
    registry_new_dir && registry_start || return 1
    upstream=$REGISTRY
    registry_write_nginx_config "${1:-1m}" "${2:-off}" "$upstream"
    PATH=$PATH:/usr/sbin registry_run "$REGISTRY_DIR/nginx.log" \
        python3 "$REGISTRY_LIB/on-socket.py" "$REGISTRY_DIR/listen" \
        nginx -p "$REGISTRY_DIR" -c "$REGISTRY_DIR/nginx.conf" -e "$REGISTRY_DIR/nginx-error.log"
    # Written when it has taken the socket over, which listens already.
    registry_wait_for test -s "$REGISTRY_DIR/nginx.pid" || return 1
    read -r _ REGISTRY <"$REGISTRY_DIR/listen"
    REGISTRY=${REGISTRY%;}
}

# registry_start_proxy [OPTION...]: in front of $REGISTRY, which it replaces; options for
# cutting-proxy.py. REGISTRY_PROXY_JOURNAL has a line per connection.
registry_start_proxy() {
    local port_file
    port_file=$(mktemp -u "$REGISTRY_DIR/proxy.XXXXXX") || return 1
    REGISTRY_PROXY_JOURNAL=$port_file.journal
    registry_run "$port_file.log" python3 "$REGISTRY_LIB/cutting-proxy.py" \
        --upstream "$REGISTRY" --port-file "$port_file" --journal "$REGISTRY_PROXY_JOURNAL" "$@"
    REGISTRY_PROXY_PID=$REGISTRY_PID
    registry_wait_for test -e "$port_file" || return 1
    REGISTRY=127.0.0.1:$(<"$port_file")
    export REGISTRY REGISTRY_PROXY_JOURNAL
}

# registry_stop_proxy: when all of its connections have ended; then the journal is complete
registry_stop_proxy() {
    kill -USR1 "$REGISTRY_PROXY_PID" && wait_for "$$" is_gone "$REGISTRY_PROXY_PID"
}

# registry_start_persona NAME [OPTION...]: options for persona-registry.py
registry_start_persona() {
    registry_new_dir || return 1
    REGISTRY_JOURNAL=$REGISTRY_DIR/journal
    : >"$REGISTRY_JOURNAL"
    registry_run "$REGISTRY_DIR/log" python3 "$REGISTRY_LIB/persona-registry.py" --persona "$@" \
        --port-file "$REGISTRY_DIR/port" --journal "$REGISTRY_JOURNAL"
    registry_wait_for test -e "$REGISTRY_DIR/port" || return 1
    REGISTRY=127.0.0.1:$(<"$REGISTRY_DIR/port")
    export REGISTRY REGISTRY_JOURNAL
}

# registry_start_refusing POINT STATUS CODE MESSAGE: a persona that refuses every start (POST), data
# (PATCH), commit (PUT of a blob) or manifest
registry_start_refusing() {
    local -A requests=([start]='POST /uploads/' [data]='PATCH ' [commit]='PUT /uploads/'
        [manifest]='PUT /manifests/')
    local method=${requests[$1]% *} path=${requests[$1]#* }
    registry_start_persona spec --fault "$(jq -nc --arg method "$method" --arg path "$path" \
        --argjson status "$2" --arg code "$3" --arg text "$4" \
        '{$method, $path, $status, $code, $text, times: 1000}')"
}

# persona_requests: what $REGISTRY was asked: method, path, Range or "-", status
persona_requests() {
    persona_control '' >"$REGISTRY_DIR/summary" &&
        jq -r 'select(.request) | "\(.method) \(.path) \(.headers.Range // "-") \(.status)"' \
            "$REGISTRY_JOURNAL"
}

# persona_control [JSON]: the summary of $REGISTRY, after a change; see persona-registry.py --help
persona_control() {
    curl -sS --fail-with-body ${1:+--data "$1"} "http://$REGISTRY/_control"
}

# registry_open_uploads: the upload sessions that nobody has closed, one per line. A deleted session
# may leave an empty shell behind; what counts is the mark of its start.
registry_open_uploads() {
    find "$REGISTRY_STORAGE" -path '*/_uploads/*/startedat'
}

registry_has_upload() {
    [ "$(registry_open_uploads)" != "" ]
}

registry_logs() {
    local log
    for log in "$REGISTRY_ROOT"/*/*log; do
        [ -e "$log" ] || continue
        echo "== $log"
        tail -n 30 "$log"
    done
}

registry_stop_all() {
    local pid
    [ -n "${REGISTRY_ROOT:-}" ] || return 0
    if [ -e "$REGISTRY_ROOT/pids" ]; then
        while read -r pid; do
            kill "$pid" 2>/dev/null
            wait "$pid" 2>/dev/null
        done <"$REGISTRY_ROOT/pids"
    fi
    rm -rf "$REGISTRY_ROOT"
    unset REGISTRY_ROOT REGISTRY REGISTRY_DIR REGISTRY_STORAGE REGISTRY_CREDS REGISTRY_CERT_DIR \
        REGISTRY_TOKEN_LOG REGISTRY_JOURNAL REGISTRY_PROXY_JOURNAL
    return 0
}
