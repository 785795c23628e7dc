# SPDX-License-Identifier: Apache-2.0
"""The registries that people use, as far as users have reported what they do. Each class holds only
what differs from the specification."""

import base64
import json

from personas import faulty
from personas.server import Answer, refusal
from personas.spec import CONTENT_RANGE, Spec

MIB = 1 << 20


class Distribution(Spec):
    """CNCF distribution 3: an offset inside _state. A stale one gets 416; a GET with it is answered
    all the same, and with a fresh Location."""

    name = "distribution"
    defaults = {"referrers": False}
    location_has_state = True
    accepts_single_post = False
    missing_blob_status = 400

    def state_of(self, upload):
        state = {"UUID": upload.id, "Offset": len(upload.data)}
        return base64.urlsafe_b64encode(json.dumps(state).encode()).decode()

    def offset_in(self, request):
        try:
            return json.loads(base64.urlsafe_b64decode(request.query["_state"]))["Offset"]
        except (KeyError, ValueError):
            return None

    def mount(self, request):
        return super().mount(request) if "from" in request.query else None

    def with_upload(self, request, work):
        if self.offset_in(request) is None:
            return refusal(404, "BLOB_UPLOAD_INVALID", "blob upload invalid")
        return super().with_upload(request, work)

    def check_state(self, request, upload):
        if self.offset_in(request) != len(upload.data) and request.method in ("PATCH", "PUT"):
            return self.out_of_order(request, upload)
        return None


class Distribution28(Distribution):
    """Debian 12 has this one. With a stale offset there is nothing but 404; so a PATCH that is cut
    short leaves a session that nobody can reach."""

    name = "distribution-2.8"

    def check_state(self, request, upload):
        if self.offset_in(request) != len(upload.data):
            return refusal(404, "BLOB_UPLOAD_INVALID", "blob upload invalid")
        return None

    def check_chunk(self, request, upload):
        """Content-Range is not looked at."""
        return None

    def check_range_length(self, request, data):
        return None

    def tear(self, request, upload, data):
        super().tear(request, upload, data)
        if data:
            request.store.strand(upload)

    def answer_lost(self, request):
        if request.upload and request.route == "upload" and request.body.received:
            request.store.strand(request.upload)
        super().answer_lost(request)


class LastWins(Spec):
    """Of several PATCHes only the last one counts, which shows when the digest is compared."""

    def assemble(self, request, upload):
        last = upload.parts[-1] if upload.parts else 0
        return upload.data[last:]


class Ghcr(Spec):
    """A chunk of more than 4 MiB is refused with 416, in words."""

    name = "ghcr"

    def check_chunk(self, request, upload):
        found = CONTENT_RANGE.match(request.headers.get("Content-Range", ""))
        if found and int(found[2]) - int(found[1]) + 1 > 4 * MIB:
            message = "chunk size exceeds the maximum of 4 MiB"
            return refusal(416, "BLOB_UPLOAD_INVALID", message,
                           self.upload_headers(request, upload))
        return super().check_chunk(request, upload)


class GhcrLastWins(Ghcr, LastWins):
    name = "ghcr-last-wins"


class Ecr(Spec):
    """Parts of at least 5 MiB but for the last; a Range that stands still after the first one,
    although the bytes are kept; tags that cannot be put again, not even with the same manifest."""

    name = "ecr"
    defaults = {"chunk_min": 5 * MIB, "immutable_tags": True, "keep_torn": False}
    patch_status = 201

    def reported_size(self, upload):
        return upload.parts[1] if len(upload.parts) > 1 else len(upload.data)

    def check_chunk(self, request, upload):
        """A part may be sent again, from where one began."""
        found = CONTENT_RANGE.match(request.headers.get("Content-Range", ""))
        if found and int(found[1]) in upload.parts:
            start = int(found[1])
            request.store.count("lost_bytes", len(upload.data) - start)
            del upload.data[start:]
            upload.parts = [part for part in upload.parts if part < start]
        return super().check_chunk(request, upload)

    def append(self, request, upload, data):
        if upload.parts and len(upload.data) - upload.parts[-1] < self.options["chunk_min"]:
            request.store.count("lost_bytes", len(data))
            return refusal(400, "BLOB_UPLOAD_INVALID", "a layer part is too small")
        return super().append(request, upload, data)


class Gar(Spec):
    """Google Artifact Registry: one PATCH without Content-Range, each Location good for one
    request, a POST only with a length."""

    name = "gar"
    defaults = {"keep_torn": False}
    patch_status = 204
    location_has_state = True

    def post_uploads(self, request):
        if "Content-Length" not in request.headers:
            return Answer(411)
        return super().post_uploads(request)

    def check_state(self, request, upload):
        if request.query.get("_state") != str(upload.generation):
            return refusal(404, "BLOB_UPLOAD_UNKNOWN", "this Location has been used")
        return None

    def check_chunk(self, request, upload):
        if "Content-Range" in request.headers or (request.method == "PATCH" and upload.parts):
            return refusal(400, "UNSUPPORTED", "chunked uploads are not supported")
        return None

    def tear(self, request, upload, data):
        super().tear(request, upload, data)
        request.store.lose(upload)

    def answer_lost(self, request):
        """Nor is there another Location to go on with."""
        if request.upload and request.route == "upload":
            request.store.lose(request.upload)
        super().answer_lost(request)


class Acr(Spec):
    """Azure: bodies of 20 MB at the most; chunked encoding does not go with Content-Range."""

    name = "acr"
    defaults = {"body_limit": 20_000_000}

    def check_chunk(self, request, upload):
        if request.body.chunked and "Content-Range" in request.headers:
            return refusal(400, "BLOB_UPLOAD_INVALID", "Content-Range without Content-Length")
        return super().check_chunk(request, upload)


class Artifactory(LastWins):
    """Says of every blob that it is there."""

    name = "artifactory"

    def head_blob(self, request):
        answer = super().head_blob(request)
        return answer if answer.status == 200 else Answer(200)


class Quay(Spec):
    name = "quay"
    defaults = {"body_limit": 20_000_000_000}

    def mount(self, request):
        if "from" not in request.query:
            return refusal(500, "UNKNOWN", "internal server error")
        return super().mount(request)


class Harbor(Spec):
    """No mounts; layers over the limit are a bad gateway."""

    name = "harbor"
    defaults = {"layer_limit": 32 << 30}

    def mount(self, request):
        return self.unauthorized(request)

    def layer_too_large(self, request):
        return Answer(502, {"Content-Type": "text/html"}, b"<html><h1>502 Bad Gateway</h1></html>")


class DockerHub(Spec):
    name = "dockerhub"
    defaults = {"auth": "bearer"}

    def mount(self, request):
        return super().mount(request) or refusal(400, "BLOB_UNKNOWN", "cannot mount from there")


class Zot(Spec):
    """A PATCH that is cut short takes its session with it."""

    name = "zot"
    defaults = {"keep_torn": False}

    def tear(self, request, upload, data):
        super().tear(request, upload, data)
        request.store.lose(upload)


class GitLab(Spec):
    """Takes the tag sha256-HEX, where there is none, for the digest."""

    name = "gitlab"
    defaults = {"referrers": False}

    def get_manifest(self, request):
        answer = super().get_manifest(request)
        if answer.status == 404 and request.target.startswith("sha256-"):
            request.target = request.target.replace("-", ":", 1)
            answer = super().get_manifest(request)
        return answer


class Front(Spec):
    """A proxy in front that reads a whole body before it passes it on, and not more than so much
    of it."""

    def too_large(self, request):
        page = b"<html><head><title>413 Request Entity Too Large</title></head></html>"
        return Answer(413, {"Content-Type": "text/html"}, page)


class Nginx(Front):
    name = "nginx"
    defaults = {"body_limit": MIB, "keep_torn": False}


class Cloudflare(Front):
    name = "cloudflare"
    defaults = {"body_limit": 100_000_000, "keep_torn": False}


PERSONAS = {
    persona.name: persona
    for persona in (
        Spec, Distribution, Distribution28, Ghcr, GhcrLastWins, Ecr, Gar, Acr, Artifactory, Quay,
        Harbor, DockerHub, Zot, GitLab, Nginx, Cloudflare, faulty.Damaged, faulty.DamagedManifests,
        faulty.Long, faulty.WrongRange, faulty.Claiming, faulty.Forgetful, faulty.Redirecting,
    )
}
