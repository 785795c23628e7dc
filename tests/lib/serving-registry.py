#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A registry to pull from, with the faults that a real one shows only on a bad day.

usage: serving-registry.py LAYOUT PORT-FILE [FAULT...]

Serves the OCI image layout LAYOUT as every repository on a free loopback port, writes that port to
PORT-FILE and runs until it is killed. FAULT is any of

  cut=N           breaks the connection after N bytes of every blob answer
  cut-once=N      does that once, for the first blob that is larger
  range=ignore    answers Range requests with everything, status 200
  range=wrong     answers them with bytes from elsewhere
  damage          changes a byte of every blob larger than 10000 bytes
  damage-manifest adds a byte to every manifest
  long            sends a blob's last byte twice, without a length
  busy=N          answers the first N requests for blobs with 503
  redirect        sends requests for blobs to another origin, which wants no Authorization
  no-referrers    has no referrers API
  pages           lists tags one at a time

Each request is noted on standard output: method, path, Range or "-", status.
"""

import hashlib
import http.server
import json
import os
import sys
import threading
import urllib.parse

LAYOUT, PORT_FILE = sys.argv[1:3]
FAULTS = dict(fault.partition("=")[::2] for fault in sys.argv[3:])
busy_left = int(FAULTS.get("busy", 0))
other_port = None


def blob(digest):
    try:
        with open(os.path.join(LAYOUT, "blobs/sha256", digest.removeprefix("sha256:")), "rb") as f:
            return f.read()
    except FileNotFoundError:
        return None


def entries():
    with open(os.path.join(LAYOUT, "index.json"), encoding="utf-8") as f:
        return json.load(f)["manifests"]


def tag_of(entry):
    return entry.get("annotations", {}).get("org.opencontainers.image.ref.name")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, status):
        print(self.command, self.path, self.headers.get("Range", "-"), status, flush=True)

    def answer(self, status, body=b"", **headers):
        self.note(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def missing(self):
        self.answer(404, b'{"errors":[{"code":"NOT_FOUND","message":"not here"}]}')

    def send_manifest(self, reference):
        found = [e["digest"] for e in entries() if tag_of(e) == reference]
        body = blob(found[0] if found else reference)
        if body is None:
            return self.missing()
        digest = "sha256:" + hashlib.sha256(body).hexdigest()
        media_type = json.loads(body).get("mediaType", "application/vnd.oci.image.manifest.v1+json")
        if "damage-manifest" in FAULTS:
            body += b"\n"
        return self.answer(200, body, Content_Type=media_type, Docker_Content_Digest=digest)

    def send_tags(self, query):
        tags = sorted(t for t in map(tag_of, entries()) if t)
        headers = {}
        if "pages" in FAULTS:
            last = query.get("last", [""])[0]
            rest = [t for t in tags if t > last]
            tags = rest[:1]
            if rest[1:]:
                headers["Link"] = f'</v2/x/tags/list?last={tags[0]}>; rel="next"'
        self.answer(200, json.dumps({"name": "x", "tags": tags}).encode(), **headers)

    def send_referrers(self, subject):
        if "no-referrers" in FAULTS:
            return self.missing()
        found = [
            {k: e[k] for k in ("mediaType", "digest", "size")}
            for e in entries()
            if json.loads(blob(e["digest"])).get("subject", {}).get("digest") == subject
        ]
        index = {"schemaVersion": 2, "manifests": found}
        media_type = "application/vnd.oci.image.index.v1+json"
        return self.answer(200, json.dumps(index).encode(), Content_Type=media_type)

    def send_blob(self, digest):
        global busy_left
        body = blob(digest)
        if body is None:
            return self.missing()
        if busy_left > 0:
            busy_left -= 1
            return self.answer(503, b"<html><title>Busy</title></html>")
        if "redirect" in FAULTS and self.server.server_port != other_port:
            return self.answer(307, Location=f"http://localhost:{other_port}{self.path}")
        if self.server.server_port == other_port and self.headers.get("Authorization"):
            return self.answer(400, b"somebody tells us a secret")
        if "damage" in FAULTS and len(body) > 10000:
            body = body[:5000] + bytes([body[5000] ^ 1]) + body[5001:]
        return self.send_range(body)

    def send_range(self, body):
        start, status = 0, 200
        asked = self.headers.get("Range")
        if asked and FAULTS.get("range") != "ignore":
            start, status = int(asked.removeprefix("bytes=").rstrip("-")), 206
            if FAULTS.get("range") == "wrong":
                start -= 1
        rest = body[start:]
        self.note(status)
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if "long" in FAULTS:
            rest += rest[-1:]
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        limit = int(FAULTS.get("cut", len(rest)))
        if len(rest) > int(FAULTS.get("cut-once", len(rest))):
            limit = int(FAULTS.pop("cut-once"))
        self.wfile.write(rest[:limit])
        if limit < len(rest):
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        parts = url.path.split("/")
        if url.path == "/v2/":
            if "redirect" in FAULTS and not self.headers.get("Authorization"):
                return self.answer(401, WWW_Authenticate='Basic realm="x"')
            return self.answer(200, b"{}")
        if parts[-2:] == ["tags", "list"]:
            return self.send_tags(urllib.parse.parse_qs(url.query))
        return {
            "manifests": self.send_manifest,
            "blobs": self.send_blob,
            "referrers": self.send_referrers,
        }.get(parts[-2], lambda _: self.missing())(parts[-1])

    do_HEAD = do_GET


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


server, other = Server(("127.0.0.1", 0), Handler), Server(("127.0.0.1", 0), Handler)
other_port = other.server_port
threading.Thread(target=other.serve_forever, daemon=True).start()
with open(PORT_FILE + ".new", "w", encoding="ascii") as port_file:
    port_file.write(str(server.server_port))
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
