#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A registry whose word on blobs is not to be relied on.

usage: forgetful-registry.py PORT-FILE MODE

Binds a free loopback port, writes it to PORT-FILE and serves until it is killed. MODE is what is
wrong with it:

    claims    every blob is there, a HEAD says, but without its length
    forgets   the first manifest is refused, because its config is gone; HEAD does not know

A line on standard output for each blob that is stored and each manifest, with its digest, and for
each manifest that is refused.
"""

import http.server
import json
import os
import re
import sys
import urllib.parse

PORT_FILE, MODE = sys.argv[1:3]
sizes = {}  # of blobs that have been here
blobs = set()  # that are here now
received = {}  # bytes, by the number of an upload
manifests_refused = 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def read_body(self):
        body = b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return body

    def answer(self, status, body=b"", length=None, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is None:
            length = len(body)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        self.answer(200 if self.path == "/v2/" else 404)

    def do_HEAD(self):
        digest = self.path.rpartition("/")[2]
        if "/blobs/" in self.path and MODE == "claims":
            self.answer(200)
        elif digest in sizes:
            self.answer(200, length=sizes[digest])
        else:
            self.answer(404)

    def do_POST(self):
        self.read_body()
        number = str(len(received))
        received[number] = 0
        self.answer(202, Location="/v2/x/blobs/uploads/" + number, Range="0-0")

    def do_PATCH(self):
        number = self.path.rpartition("/")[2]
        received[number] += len(self.read_body())
        self.answer(202, Location=self.path, Range="0-%d" % (received[number] - 1))

    def do_DELETE(self):
        self.answer(204)

    def do_PUT(self):
        body = self.read_body()
        if "/manifests/" in self.path:
            self.put_manifest(body)
            return
        number, digest = re.fullmatch(r".*/(\d+)\?digest=(.*)", self.path).groups()
        digest = urllib.parse.unquote(digest)
        sizes[digest] = received[number] + len(body)
        blobs.add(digest)
        print("blob", digest, flush=True)
        self.answer(201, Docker_Content_Digest=digest)

    def put_manifest(self, body):
        global manifests_refused
        manifest = json.loads(body)
        if MODE == "forgets" and manifests_refused == 0:
            blobs.discard(manifest["config"]["digest"])
        if {manifest["config"]["digest"], manifest["layers"][0]["digest"]} <= blobs:
            print("manifest", manifest["config"]["digest"], flush=True)
            self.answer(201)
        else:
            manifests_refused += 1
            print("refused", flush=True)
            error = {"code": "MANIFEST_BLOB_UNKNOWN", "message": "blob unknown to registry"}
            self.answer(404, json.dumps({"errors": [error]}).encode())


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(PORT_FILE + ".new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
