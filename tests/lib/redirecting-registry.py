#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A registry that sends every write elsewhere, and notes who brings credentials along.

usage: redirecting-registry.py DIRECTORY basic|bearer

Binds two free loopback ports. The first, written to DIRECTORY/port, wants an Authorization and then
answers POST and PUT with 307 to the second, which takes everything. With bearer, tokens come from
/token on the first port, named by a relative realm: GET gives one, POST is sent elsewhere like all
others. DIRECTORY/first and DIRECTORY/second get a line per request: method, path, Authorization,
and the body if it is a form.
"""

import http.server
import os
import sys
import threading

DIRECTORY, SCHEME = sys.argv[1:3]
CHALLENGE = {"basic": "Basic realm=/", "bearer": 'Bearer realm="/token",service="a, b"'}[SCHEME]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def read_body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
            return b""
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def note(self, name):
        body = self.read_body()
        is_form = self.headers.get("Content-Type") == "application/x-www-form-urlencoded"
        with open(os.path.join(DIRECTORY, name), "a", encoding="ascii") as file:
            print(self.command, self.path, self.headers.get("Authorization", "-"),
                  body.decode() if is_form else "", file=file)

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def handle_any(self):
        self.note("first")
        if self.path.startswith("/token") and self.command == "GET":
            self.answer(200, b'{"token":"good"}')
        elif "Authorization" not in self.headers and not self.path.startswith("/token"):
            self.answer(401, WWW_Authenticate=CHALLENGE)
        elif self.command in ("POST", "PUT"):
            self.answer(307, Location="http://127.0.0.1:%d%s" % (second.server_address[1],
                                                                self.path))
        else:
            self.answer(200 if self.path == "/v2/" else 404)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


class Second(Handler):
    def handle_any(self):
        self.note("second")
        status = {"POST": 202, "PATCH": 202, "PUT": 201}.get(self.command, 404)
        self.answer(status, Location="/v2/x/blobs/uploads/session")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any


first = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
second = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Second)
threading.Thread(target=second.serve_forever, daemon=True).start()
with open(os.path.join(DIRECTORY, "port.new"), "w", encoding="ascii") as port:
    port.write(str(first.server_address[1]))
os.rename(os.path.join(DIRECTORY, "port.new"), os.path.join(DIRECTORY, "port"))
first.serve_forever()
