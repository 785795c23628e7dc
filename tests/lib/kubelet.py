#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A kubelet, and the API server before it, as far as checkpoints go.

usage: kubelet.py --cert FILE --key FILE --checkpoints DIRECTORY --port-file FILE [OPTION...]

Speaks HTTPS on a free loopback port, writes that port to the port file and runs until it is killed.
POST /checkpoint/NAMESPACE/POD/CONTAINER copies the container's archive into the directory, under the
name that a kubelet gives it, and answers as a kubelet does; so do /pods, the API server's pod and
its proxy /api/v1/nodes/NODE:10250/proxy/... What exists:

  --archive NAMESPACE/POD/CONTAINER=FILE   a container and its archive; may be given several times
  --sidecar NAMESPACE/POD/CONTAINER        a container that is listed, and that does not run
  --node NAME         its name for the API server; default: node-1

Who is let in; without any of these, everybody:

  --client-ca FILE    a client certificate of this CA
  --token TOKEN       this bearer token; may be given several times
  --rights WORDS      what the one with the first token may do, separated by commas, of checkpoint,
                      pods, proxy, pod; default: all

What goes wrong, for every checkpoint or with CONTAINER= before it for those of one:

  --fault gate-off         the feature gate is off
  --fault no-support       the engine has no support for checkpoints
  --fault no-criu          nor has it criu
  --fault unimplemented    nor the call
  --fault deadline         the engine was not done in time
  --fault no-space         the node's disk is full
  --fault not-running      the container does not run
  --fault other            something else
  --fault silence          no answer, ever
  --fault redirect         an answer from elsewhere
  --fault garbage          200, and not what it should be
  --fault elsewhere        200, and the path of a file that is not there
  --fault foreign          200, and the path of another container's archive
  --fault longer           the same, of one whose name begins with this one's and "-"
  --fault commands         200, and a path that a shell would take for more
  --fault unreachable      the API server does not reach the node

Each request is noted on standard output: method, path with its query, status, and what it was let in
by: certificate, token, or nothing.
"""

import argparse
import datetime
import http.server
import json
import os
import shutil
import ssl
import threading
import urllib.parse

parser = argparse.ArgumentParser(usage=__doc__)
for name in ("cert", "key", "checkpoints", "port-file"):
    parser.add_argument("--" + name, required=True)
for name in ("archive", "sidecar", "token", "fault"):
    parser.add_argument("--" + name, action="append", default=[])
parser.add_argument("--node", default="node-1")
parser.add_argument("--client-ca")
parser.add_argument("--rights", default="checkpoint,pods,proxy,pod")
ARGS = parser.parse_args()
ARCHIVES = dict(item.split("=", 1) for item in ARGS.archive)
RIGHTS = ARGS.rights.split(",")

ENGINE_ERRORS = {
    "no-support": "rpc error: code = Unknown desc = checkpoint/restore support not available",
    "no-criu": "rpc error: code = Unknown desc = CRIU binary not found or too old (<31600). "
               "Failed to checkpoint container \"c0ffee\"",
    "unimplemented": "rpc error: code = Unimplemented desc = unknown method CheckpointContainer for "
                     "service runtime.v1.RuntimeService",
    "deadline": "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
    "no-space": "rpc error: code = Unknown desc = write checkpoint: no space left on device",
    "other": "rpc error: code = Unknown desc = failed to checkpoint container: `runc checkpoint` "
             "failed: exit status 1",
}


def fault_for(container):
    for fault in ARGS.fault:
        where, _, what = fault.rpartition("=")
        if where in ("", container):
            return what
    return None


def status(code, reason, message, **details):
    return code, json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {},
                             "status": "Failure", "message": message, "reason": reason,
                             "details": details, "code": code}).encode()


def text(code, line):
    return code, line.encode() + b"\n"


def names_of(pod):
    return [name.split("/")[2] for name in [*ARGS.sidecar, *ARCHIVES]
            if name.rpartition("/")[0] == pod]


def describe(pod):
    namespace, name = pod.split("/")
    sidecars = [{"name": n.split("/")[2], "restartPolicy": "Always"} for n in ARGS.sidecar
                if n.rpartition("/")[0] == pod]
    containers = [{"name": n.split("/")[2]} for n in ARCHIVES if n.rpartition("/")[0] == pod]
    return {"metadata": {"name": name, "namespace": namespace},
            "spec": {"initContainers": [{"name": "once"}, *sidecars], "containers": containers}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def who(self):
        """What the request was let in by, and the name of who that is; None: it is nobody."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.connection.getpeercert():
            return "certificate", "kubelet-admin"
        if token in ARGS.token:
            return "token", "system:serviceaccount:backup:ckptoci"
        return None if ARGS.token or ARGS.client_ca else ("nothing", "system:anonymous")

    def may(self, right):
        """Rights are those of whoever has the first token."""
        return right in RIGHTS or not self.headers.get("Authorization", "").endswith(ARGS.token[0])

    def forbidden(self, verb, subresource):
        return text(403, "Forbidden (user=%s, verb=%s, resource=nodes, subresource=%s)"
                    % (self.who()[1], verb, subresource))

    def forbidden_by_server(self, verb, resource, what):
        return status(403, "Forbidden", '%s is forbidden: User "%s" cannot %s resource "%s" in API '
                      'group "" at the cluster scope' % (what, self.who()[1], verb, resource))

    def checkpoint(self, namespace, pod, container, query):
        name = "/".join((namespace, pod, container))
        fault = fault_for(container)
        if fault == "gate-off":
            return text(404, "404: Page Not Found")
        if not self.may("checkpoint"):
            return self.forbidden("create", "checkpoint")
        if not names_of(namespace + "/" + pod):
            return text(404, "pod does not exist")
        if container not in names_of(namespace + "/" + pod):
            return text(404, "container %s does not exist" % container)
        timeout = query.get("timeout", ["0"])[-1]
        if not timeout.lstrip("-").isdigit():
            return text(404, "cannot parse value of timeout parameter")
        if fault == "silence":
            threading.Event().wait()
        if fault == "redirect":
            return 302, b""
        if fault == "garbage":
            return 200, b'{"items":"none"}'
        if fault == "elsewhere":
            return 200, json.dumps({"items": ["/nonexistent/checkpoint-%s_%s-%s-2026-11-20T09:30:15Z.tar"
                                              % (pod, namespace, container)]}).encode()
        if fault == "commands":
            return 200, json.dumps({"items": ["/x; touch y; /checkpoint-%s_%s-%s-2026-11-20T09:30:15Z"
                                              ".tar" % (pod, namespace, container)]}).encode()
        failure = ENGINE_ERRORS.get(fault)
        if fault == "not-running" or name not in ARCHIVES:
            failure = "container %s not found" % container
        if failure:
            return text(500, "checkpointing of %s failed (%s)" % (name, failure))
        return self.take(name, {"foreign": "other", "longer": container + "-2"}.get(fault, container))

    def take(self, name, container):
        namespace, pod, _ = name.split("/")
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        path = os.path.join(os.path.abspath(ARGS.checkpoints), "checkpoint-%s_%s-%s-%s.tar"
                            % (pod, namespace, container, now))
        with open(ARCHIVES[name], "rb") as source, \
                open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as target:
            shutil.copyfileobj(source, target)
        return 200, json.dumps({"items": [path]}, separators=(",", ":")).encode()

    def pods(self):
        if not self.may("pods"):
            return self.forbidden("get", "proxy")
        pods = sorted({name.rpartition("/")[0] for name in [*ARGS.sidecar, *ARCHIVES]})
        return 200, json.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {},
                                "items": [describe(pod) for pod in pods]}).encode()

    def pod(self, namespace, name):
        if not self.may("pod"):
            return self.forbidden_by_server("get", "pods", 'pods "%s"' % name)
        if not names_of(namespace + "/" + name):
            return status(404, "NotFound", 'pods "%s" not found' % name, name=name, kind="pods")
        return 200, json.dumps({"kind": "Pod", "apiVersion": "v1",
                                **describe(namespace + "/" + name)}).encode()

    def proxied(self, node, rest, query):
        if not self.may("proxy"):
            return self.forbidden_by_server("create", "nodes/proxy", 'nodes "%s"' % node)
        if node != ARGS.node + ":10250":
            name = node.partition(":")[0]
            return status(404, "NotFound", 'nodes "%s" not found' % name, name=name, kind="nodes")
        if "unreachable" in ARGS.fault:
            return status(503, "ServiceUnavailable", "error trying to reach service: dial tcp "
                          "10.0.0.7:10250: connect: connection refused")
        return self.route(rest, query)

    def route(self, parts, query):
        if self.command == "POST" and len(parts) == 4 and parts[0] == "checkpoint":
            return self.checkpoint(*parts[1:], query)
        if self.command == "GET" and parts == ["pods"]:
            return self.pods()
        if parts[:3] == ["api", "v1", "nodes"] and parts[4:5] == ["proxy"]:
            return self.proxied(parts[3], parts[5:], query)
        if parts[:3] == ["api", "v1", "namespaces"] and parts[4:5] == ["pods"] and len(parts) == 6:
            return self.pod(parts[3], parts[5])
        return text(404, "404: Page Not Found")

    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        who = self.who()
        if who:
            code, body = self.route(url.path.strip("/").split("/"),
                                    urllib.parse.parse_qs(url.query, keep_blank_values=True))
        elif url.path.startswith("/api/"):
            code, body = status(401, "Unauthorized", "Unauthorized")
        else:
            code, body = text(401, "Unauthorized")
        print(self.command, self.path, code, who[0] if who else "nobody", flush=True)
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "https://127.0.0.1:1/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(ARGS.cert, ARGS.key)
if ARGS.client_ca:
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(ARGS.client_ca)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def get_request(self):
        connection, address = self.socket.accept()
        return context.wrap_socket(connection, server_side=True,
                                   do_handshake_on_connect=False), address

    def handle_error(self, request, client_address):
        pass  # who does not trust our certificate ends the handshake


server = Server(("127.0.0.1", 0), Handler)
with open(ARGS.port_file + ".new", "w", encoding="ascii") as port_file:
    port_file.write(str(server.server_port))
os.rename(ARGS.port_file + ".new", ARGS.port_file)
server.serve_forever()
