#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A token service for the tests' registry (distribution's token authentication specification).

One user may pull and push; without credentials one may pull only; wrong credentials get a 401.
With --identity-token, that token is good for others by OAuth2 (POST), or where --no-oauth2 is given
as the user's password; without it a POST is answered 404. Signs with the openssl command. Writes
its port into --port-file as soon as it listens, and one line per request into --log: "USER SCOPE..."
with "-" for nobody, "!" in front of a refused user and "POST " in front of OAuth2.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import ssl
import subprocess
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(options, claims):
    with open(options.cert, encoding="ascii") as file:
        certificate = ssl.PEM_cert_to_DER_cert(file.read())
    header = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(certificate).decode()]}
    text = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", options.key],
        input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
    return text + "." + base64url(signature)


def granted(scope, user):
    """What of "repository:NAME:pull,push" the user gets."""
    kind, rest = scope.split(":", 1)
    name, actions = rest.rsplit(":", 1)
    wanted = actions.split(",")
    return {"type": kind, "name": name,
            "actions": wanted if user else [action for action in wanted if action == "pull"]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def note(self, user, scopes):
        with open(self.server.options.log, "a", encoding="utf-8") as file:
            file.write(" ".join([user, *scopes]) + "\n")

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def credentials(self):
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        return base64.b64decode(value).decode()

    def do_POST(self):
        options = self.server.options
        form = urllib.parse.parse_qs(
            self.rfile.read(int(self.headers["Content-Length"])).decode(), strict_parsing=True)
        if options.no_oauth2 or not options.identity_token:
            self.note("!POST", [])
            self.answer(options.no_oauth2 or 404, {"detail": "no such method"})
        elif (form["grant_type"] != ["refresh_token"] or form["client_id"] != ["ckptoci"]
              or form["refresh_token"] != [options.identity_token]):
            self.note("!POST", [])
            self.answer(401, {"error": "invalid_grant"})
        else:
            scopes = form["scope"][0].split(" ") if "scope" in form else []
            self.note("POST", scopes)
            self.grant("oauth2", form["service"][0], scopes, "access_token")

    def is_known(self, credentials):
        options = self.server.options
        user = options.creds.partition(":")[0]
        known = [options.creds]
        if options.identity_token:
            known.append(user + ":" + options.identity_token)
        return any(hmac.compare_digest(credentials, one) for one in known)

    def do_GET(self):  # the name is http.server's
        options = self.server.options
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        scopes = query.get("scope", [])
        credentials = self.credentials()
        user = credentials.partition(":")[0] if credentials is not None else ""
        if credentials is not None and not self.is_known(credentials):
            self.note("!" + user, scopes)
            self.answer(401, {"errors": [{"code": "UNAUTHORIZED",
                                          "message": "wrong user name or password"}]})
            return
        self.note(user or "-", scopes)
        self.grant(user, query.get("service", [""])[0], scopes, options.field)

    def grant(self, user, service, scopes, field):
        options = self.server.options
        now = int(time.time())
        claims = {
            "iss": options.issuer,
            "sub": user,
            "aud": service,
            "exp": now + options.lifetime,
            "nbf": now - 5,
            "iat": now,
            "jti": hashlib.sha256(os.urandom(16)).hexdigest(),
            "access": [granted(scope, user) for scope in scopes],
        }
        self.answer(200, {field: sign(options, claims), "expires_in": options.lifetime})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--key", required=True)
    parser.add_argument("--cert", required=True)
    parser.add_argument("--creds", required=True, help="USER:PASSWORD")
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--lifetime", type=int, default=60, help="seconds")
    parser.add_argument("--identity-token")
    parser.add_argument("--no-oauth2", type=int, metavar="STATUS", help="refuse a POST with this")
    parser.add_argument("--field", default="token", help="or access_token")
    options = parser.parse_args()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.options = options
    with open(options.port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(server.server_address[1]))
    os.rename(options.port_file + ".new", options.port_file)
    server.serve_forever()


main()
