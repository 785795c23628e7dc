#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whether a persona answers as the real registry does, request by request.

Sends the same requests to a real docker-registry 2.8 at REFERENCE and to a persona at HOST and
compares statuses, error codes and the headers that a push or a pull goes by. Where the two are meant
to differ stands in DIFFERENCES with a reason; one more, or one less, is a failure.
"""

import argparse
import hashlib
import http.client
import json
import os
import re
import socket
import sys
import time
import urllib.parse

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
OCTETS = "application/octet-stream"
ABSENT = "sha256:" + "1" * 64
HANG_S = 600  # only against hanging for good
PIECE = 64 << 10

ACCEPT = "the persona does not look at Accept"
MALFORMED = "the registry has only an internal error to say"
TORN = "a session goes on after a PATCH that was cut short"
STATE = "Locations carry no state and do not go stale"
RANGE = "Content-Range is checked"
DIFFERENCES = {
    "distribution-2.8": {
        "manifest: HEAD without Accept": ACCEPT,
        "manifest: PUT of an empty object": MALFORMED,
    },
    "spec": {
        "manifest: HEAD without Accept": ACCEPT,
        "manifest: PUT of an empty object": MALFORMED,
        "manifest: PUT with a blob missing": "404, as the specification has it",
        "referrers": "there is a referrers API",
        "single POST": "is taken",
        "chunks: PATCH out of order": RANGE,
        "chunks: GET after that": RANGE,
        "stale: GET with the first Location": STATE,
        "stale: PATCH with the first Location": STATE,
        "stale: GET with the newest Location": STATE,
        "torn: GET": TORN,
        "torn: PATCH": TORN,
        "torn: DELETE": TORN,
        "mount: without from": "is taken when the blob is anywhere in the registry",
        "upload: GET of none": "another code for the same 404",
    },
}


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def kind_of(location):
    """A Location without what differs from one upload to the next."""
    path = urllib.parse.urlsplit(location).path
    return re.sub(r"uploads/.+", "uploads/ID", path)


class Client:
    def __init__(self, host):
        self.host = host
        self.location = None
        self.answers = {}

    def send(self, step, method, path, body=None, **headers):
        """Notes the answer under the step's name, and the Location for the next."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is None and method in ("POST", "PUT"):
            body = b""
        connection = http.client.HTTPConnection(self.host, timeout=HANG_S)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        data = response.read()
        connection.close()
        answer = {"status": response.status}
        for name in ("Range", "Content-Range", "Docker-Content-Digest", "WWW-Authenticate"):
            if response.headers.get(name):
                answer[name] = response.headers[name]
        location = response.headers.get("Location")
        if location:
            answer["Location"] = kind_of(location)
            parts = urllib.parse.urlsplit(location)
            self.location = parts.path + ("?" + parts.query if parts.query else "")
        if method == "HEAD" and response.status == 200:
            answer["Content-Length"] = response.headers.get("Content-Length")
            answer["Content-Type"] = response.headers.get("Content-Type")
        if response.status >= 400 and data.startswith(b"{"):
            answer["code"] = json.loads(data)["errors"][0]["code"]
        elif method == "GET" and response.status in (200, 206):
            is_json = "json" in response.headers.get("Content-Type", "")
            answer["body"] = json.loads(data) if is_json else digest_of(data)
        self.answers[step] = answer

    def start(self, step, repository="x"):
        self.send(step, "POST", "/v2/%s/blobs/uploads/" % repository)

    def tear(self, data, length):
        """A PATCH that ends after the data although it promised more."""
        host, port = self.host.split(":")
        head = "PATCH %s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n" % (
            self.location, self.host, OCTETS, length)
        with socket.create_connection((host, int(port)), HANG_S) as connection:
            connection.sendall(head.encode() + data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(PIECE):  # until the server has seen that and gone
                pass

    def commit(self, step, digest):
        separator = "&" if "?" in self.location else "?"
        self.send(step, "PUT", "%s%sdigest=%s" % (self.location, separator, digest))


def check_streamed(client, data):
    client.send("base", "GET", "/v2/")
    client.start("stream: POST")
    client.send("stream: GET", "GET", client.location)
    client.send("stream: PATCH", "PATCH", client.location, data, Content_Type=OCTETS)
    kept = client.location
    client.commit("stream: PUT with another digest", ABSENT)
    client.location = kept
    client.send("stream: GET after that", "GET", client.location)
    client.commit("stream: PUT", digest_of(data))
    client.send("stream: GET in the end", "GET", kept)
    client.start("one PUT: POST")
    path = client.location + ("&" if "?" in client.location else "?")
    client.send("one PUT: PUT", "PUT", path + "digest=" + digest_of(data), data, Content_Type=OCTETS)
    client.send("single POST", "POST", "/v2/x/blobs/uploads/?digest=" + digest_of(data), data)
    client.send("upload: GET of none", "GET", "/v2/x/blobs/uploads/" + "0" * 8)


def check_chunks(client, data):
    half = len(data) // 2
    client.start("chunks: POST")
    first = client.location
    client.send("chunks: PATCH", "PATCH", client.location, data[:half], Content_Type=OCTETS,
                Content_Range="0-%d" % (half - 1))
    client.send("chunks: PATCH 2", "PATCH", client.location, data[half:], Content_Type=OCTETS,
                Content_Range="%d-%d" % (half, len(data) - 1))
    last = client.location
    client.send("stale: GET with the first Location", "GET", first)
    client.send("stale: PATCH with the first Location", "PATCH", first, b"more")
    client.send("stale: GET with the newest Location", "GET", last)
    client.send("upload: DELETE", "DELETE", last)
    client.send("upload: GET after DELETE", "GET", last)
    client.start("chunks: another POST")
    client.send("chunks: PATCH out of order", "PATCH", client.location, b"data",
                Content_Type=OCTETS, Content_Range="5-8")
    client.send("chunks: GET after that", "GET", client.location)
    client.send("chunks: DELETE", "DELETE", client.location)


def check_torn(client, data):
    client.start("torn: POST")
    kept = client.location
    client.tear(data[: len(data) // 2], len(data))
    client.send("torn: GET", "GET", kept)
    client.send("torn: PATCH", "PATCH", kept, b"data", Content_Type=OCTETS)
    client.send("torn: DELETE", "DELETE", kept)


def check_blobs(client, data):
    digest = digest_of(data)
    client.send("blob: HEAD", "HEAD", "/v2/x/blobs/" + digest)
    client.send("blob: HEAD elsewhere", "HEAD", "/v2/y/blobs/" + digest)
    client.send("blob: GET", "GET", "/v2/x/blobs/" + digest)
    client.send("blob: GET of a range", "GET", "/v2/x/blobs/" + digest, Range="bytes=10-19")
    client.send("blob: GET to the end", "GET", "/v2/x/blobs/" + digest, Range="bytes=100-")
    client.send("blob: GET of none", "GET", "/v2/x/blobs/" + ABSENT)
    mount = "/v2/y/blobs/uploads/?mount=%s%s"
    client.send("mount: of none", "POST", mount % (ABSENT, "&from=x"))
    client.send("mount: without from", "POST", mount % (digest, ""))
    client.send("mount", "POST", mount % (digest, "&from=x"))
    client.send("mount: HEAD", "HEAD", "/v2/y/blobs/" + digest)


def manifest_of(digest, size):
    config = {"mediaType": CONFIG, "digest": digest, "size": size}
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
    return json.dumps(document).encode()


def check_manifests(client, data):
    manifest = manifest_of(digest_of(data), len(data))
    tagged = "/v2/x/manifests/1"
    client.send("tags: of none", "GET", "/v2/z/tags/list")
    client.send("manifest: HEAD of none", "HEAD", tagged, Accept=MANIFEST)
    client.send("manifest: PUT of something else", "PUT", tagged, b"{", Content_Type=MANIFEST)
    client.send("manifest: PUT of an empty object", "PUT", tagged, b"{}", Content_Type=MANIFEST)
    client.send("manifest: PUT with a blob missing", "PUT", tagged, manifest_of(ABSENT, 1),
                Content_Type=MANIFEST)
    client.send("manifest: PUT", "PUT", tagged, manifest, Content_Type=MANIFEST)
    client.send("manifest: PUT again", "PUT", tagged, manifest, Content_Type=MANIFEST)
    client.send("manifest: PUT with another digest", "PUT", "/v2/x/manifests/" + ABSENT, manifest,
                Content_Type=MANIFEST)
    client.send("manifest: HEAD", "HEAD", tagged, Accept=MANIFEST)
    client.send("manifest: HEAD without Accept", "HEAD", tagged)
    client.send("manifest: GET", "GET", tagged, Accept=MANIFEST)
    client.send("manifest: GET by digest", "GET", "/v2/x/manifests/" + digest_of(manifest),
                Accept=MANIFEST)
    client.send("tags", "GET", "/v2/x/tags/list")
    client.send("referrers", "GET", "/v2/x/referrers/" + digest_of(manifest))
    client.send("blob: DELETE", "DELETE", "/v2/x/blobs/" + digest_of(data))
    client.send("blob: HEAD after DELETE", "HEAD", "/v2/x/blobs/" + digest_of(data))


def answers_of(host, data):
    client = Client(host)
    for check in (check_streamed, check_chunks, check_torn, check_blobs, check_manifests):
        check(client, data)
    return client.answers


def compare(reference, answers, allowed):
    """Prints what is not as it should be; the number of such steps."""
    wrong = 0
    for step, expected in reference.items():
        differs = answers[step] != expected
        if differs != (step in allowed):
            wrong += 1
            print("%s:\n  registry %s\n  persona  %s%s" % (
                step, json.dumps(expected), json.dumps(answers[step]),
                "" if differs else "\n  although they are said to differ"))
    for step in set(allowed) - set(reference):
        wrong += 1
        print("%s: there is no such step" % step)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persona", required=True, choices=sorted(DIFFERENCES))
    parser.add_argument("reference", metavar="REFERENCE", help="host:port of docker-registry")
    parser.add_argument("host", metavar="HOST", help="host:port of the persona")
    options = parser.parse_args()

    data = os.urandom(300_000)
    reference = answers_of(options.reference, data)
    wrong = compare(reference, answers_of(options.host, data), DIFFERENCES[options.persona])
    print("%s: %d requests, %d not as expected" % (options.persona, len(reference), wrong))
    sys.exit(1 if wrong else 0)


main()
