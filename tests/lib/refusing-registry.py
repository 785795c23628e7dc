#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A registry that takes everything up to a point and then refuses.

usage: refusing-registry.py PORT-FILE POINT STATUS [CODE MESSAGE]

Binds a free loopback port, writes it to PORT-FILE and serves until it is killed. POINT is what it
refuses: start (POST), data (PATCH), commit (PUT of a blob) or manifest, with the HTTP STATUS and an
error body of that CODE and MESSAGE, or an HTML page where none are given. Uploads that are deleted
are noted on standard output.
"""

import http.server
import json
import os
import sys

PORT_FILE, POINT, STATUS = sys.argv[1], sys.argv[2], int(sys.argv[3])
CODE, MESSAGE = (sys.argv[4:6] + [None, None])[:2]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def read_body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self):
        if CODE:
            body = json.dumps({"errors": [{"code": CODE, "message": MESSAGE}]}).encode()
            self.answer(STATUS, body, Content_Type="application/json")
        else:
            self.answer(STATUS, b"<html><h1>Go away</h1></html>", Content_Type="text/html")

    def step(self, point, status, **headers):
        self.read_body()
        if point == POINT:
            self.refuse()
        else:
            self.answer(status, **headers)

    def do_GET(self):
        self.answer(200 if self.path == "/v2/" else 404)

    def do_HEAD(self):
        self.answer(404)

    def do_POST(self):
        self.step("start", 202, Location=self.path + "session")

    def do_PATCH(self):
        self.step("data", 202, Location=self.path, Range="0-0")

    def do_PUT(self):
        if "/manifests/" in self.path:
            self.step("manifest", 201)
        else:
            self.step("commit", 201)

    def do_DELETE(self):
        print("deleted", self.path, flush=True)
        self.answer(204)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(PORT_FILE + ".new", "w") as file:
    file.write(str(server.server_address[1]))
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
