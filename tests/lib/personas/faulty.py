# SPDX-License-Identifier: Apache-2.0
"""Registries as nobody would want one: they send other bytes than they have, do not know what they
have, or send their clients elsewhere."""

import json
import urllib.parse

from personas.server import Answer
from personas.spec import Spec

DAMAGED_BYTE = 5000
LARGE = 10000


class Damaged(Spec):
    """A byte of each large blob is another one."""

    name = "damaged"

    def blob_data(self, request):
        data = super().blob_data(request)
        if len(data) <= LARGE:
            return data
        other = bytes([data[DAMAGED_BYTE] ^ 1])
        return data[:DAMAGED_BYTE] + other + data[DAMAGED_BYTE + 1:]


class DamagedManifests(Spec):
    """A byte too many comes with each manifest."""

    name = "damaged-manifests"

    def get_manifest(self, request):
        answer = super().get_manifest(request)
        if answer.status == 200:
            answer.body += b"\n"
        return answer


class Long(Spec):
    """A blob's last byte comes twice, and no length is told."""

    name = "long"

    def get_blob(self, request):
        answer = super().get_blob(request)
        if answer.status in (200, 206):
            answer.body += answer.body[-1:]
            answer.has_length = False
        return answer


class WrongRange(Spec):
    """A part of a blob begins a byte before the one that was asked for."""

    name = "wrong-range"

    def first_byte(self, asked):
        return asked - 1


class Claiming(Spec):
    """Says of every blob that it is there, and has no bytes."""

    name = "claiming"

    def head_blob(self, request):
        return Answer(200, {"Content-Length": "0"})


class Forgetful(Spec):
    """Loses the config of the first manifest, refuses the manifest for that, and says of the config
    still that it is there."""

    name = "forgetful"

    def reset(self):
        super().reset()
        self.lost = None

    def put_manifest(self, request):
        if self.lost is None:
            data = request.body.all()
            request.body.rest = iter([data])
            self.lost = json.loads(data)["config"]["digest"]
            request.store.repositories[request.name].blobs.discard(self.lost)
        return super().put_manifest(request)

    def head_blob(self, request):
        if request.target == self.lost:
            return Answer(200, {"Content-Length": str(len(request.store.blobs[self.lost]))})
        return super().head_blob(request)


class Redirecting(Spec):
    """Sends every POST and PUT to the other port, those for tokens too, which its challenge names by
    a relative URL."""

    name = "redirecting"

    def challenge(self, request):
        if self.options["auth"] == "basic":
            return "Basic realm=/"
        return 'Bearer realm="/token",service="a, b"'

    def handle(self, request):
        if request.foreign or request.method not in ("POST", "PUT"):
            return super().handle(request)
        body = request.body.all()
        if request.route == "token":
            self.note_identity_token(request, body)
        else:
            denied = self.authorize(request)
            if denied:
                return denied
        return Answer(307, {"Location": "http://%s%s" % (self.foreign_host, request.uri)})

    def note_identity_token(self, request, body):
        """Whether it is the password of the credentials."""
        given = urllib.parse.parse_qs(body.decode()).get("refresh_token")
        if given == [self.options["creds"].partition(":")[2]]:
            request.store.count("identity_tokens")
