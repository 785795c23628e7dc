# SPDX-License-Identifier: Apache-2.0
"""The distribution specification, request by request, with a hook wherever vendors differ."""

import base64
import hmac
import json
import re
import secrets
import threading
import time
import urllib.parse

from personas.server import Answer, Torn, json_answer, refusal
from personas.store import digest_of

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
CONTENT_RANGE = re.compile(r"^(?:bytes[ =])?(\d+)-(\d+)(?:/.*)?$")
BYTE_RANGE = re.compile(r"^bytes=(\d+)-(\d*)$")

# What may be chosen when the server starts or later; a class may change the value.
OPTIONS = {
    "body_limit": None,  # bytes of a request's body
    "layer_limit": None,  # bytes of a whole blob
    "chunk_min": None,  # bytes, for OCI-Chunk-Min-Length
    "auth": "none",  # or basic, bearer
    "creds": None,  # user:password; None: everybody may do everything
    "open_base": False,  # /v2/ is open to everybody, whatever the rest asks for
    "scope_prefix": "",  # before the names in scopes: the registry is behind a prefix
    "one_repository": False,  # a token is for one alone, and mounts want one for two
    "token_lifetime": 300.0,  # seconds
    "token_requests": None,  # how often a token is taken
    "foreign_uploads": False,  # Locations of uploads point to the other port
    "foreign_blobs": False,  # GET of a blob is redirected there
    "foreign_name": "127.0.0.1",  # what that host is called; from the start only
    "tags_page": None,  # the most tags of a list at once
    "tags_circle": False,  # the last page leads to the first one
    "more_tags": [],  # that a list has, too, and nothing stands for
    "referrers": True,
    "referrers_page": None,  # the most entries of a list of referrers at once
    "index_blobs": False,  # an index may name what is no manifest
    "blob_ranges": True,
    "head": "full",  # or bare: HEAD tells neither size nor digest; or none: it is not allowed
    "immutable_tags": False,
    "keep_torn": True,  # what came of a PATCH that was cut short
}


class Tokens:
    def __init__(self):
        self.lock = threading.Lock()
        self.tokens = {}

    def issue(self, lifetime, requests, grants):
        token = secrets.token_urlsafe(24)
        with self.lock:
            self.tokens[token] = [time.monotonic() + lifetime, requests, grants]
        return token

    def take(self, token, grant):
        """Whether it is good for this, once more."""
        with self.lock:
            held = self.tokens.get(token)
            if not held or held[0] < time.monotonic() or held[1] == 0:
                return False
            if held[1] is not None:
                held[1] -= 1
            return grant is None or grant in held[2]


class Spec:
    """Takes everything the specification allows and keeps what it was given."""

    name = "spec"
    defaults = {}
    patch_status = 202
    accepts_single_post = True  # a whole blob with the POST
    missing_blob_status = 404  # for a manifest of which blobs are missing
    location_has_state = False  # each answer gives another Location

    def __init__(self, options):
        self.options = {**OPTIONS, **self.defaults}
        self.set_options(options)
        self.foreign_host = None
        self.reset()

    def set_options(self, options):
        unknown = set(options) - set(OPTIONS)
        if unknown:
            raise ValueError("no option %s" % ", ".join(sorted(unknown)))
        self.options.update(options)

    def reset(self):
        self.tokens = Tokens()

    def handle(self, request):
        if request.route is None:
            return Answer(404)
        if request.route == "token":
            return self.get_token(request)
        # A Location on another host carries its own permission.
        denied = None if request.foreign else self.authorize(request)
        if denied:
            return denied
        work = getattr(self, "%s_%s" % (request.method.lower(), request.route), None)
        if not work or (request.method == "HEAD" and self.options["head"] == "none"):
            return refusal(405, "UNSUPPORTED", "no %s here" % request.method)
        answer = work(request)
        if request.method == "HEAD" and self.options["head"] == "bare":
            for name in ("Content-Length", "Docker-Content-Digest"):
                answer.headers.pop(name, None)
        return answer

    # Authorisation

    def challenge(self, request):
        if self.options["auth"] == "basic":
            return 'Basic realm="%s"' % self.name
        value = 'Bearer realm="http://%s/token",service="%s"' % (request.host, self.name)
        if request.name:
            actions = "pull" if request.method in ("GET", "HEAD") else "pull,push"
            name = self.options["scope_prefix"] + request.name
            value += ',scope="repository:%s:%s%s"' % (name, actions, self.scope_of_mount(request))
        return value

    def scope_of_mount(self, request):
        """As distribution has it, which wants to know both repositories."""
        source = request.query.get("from")
        return " repository:%s%s:pull" % (self.options["scope_prefix"], source) if source else ""

    def unauthorized(self, request):
        headers = {"WWW-Authenticate": self.challenge(request)}
        return refusal(401, "UNAUTHORIZED", "authentication required", headers)

    def has_creds(self, request):
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        given = base64.b64decode(value).decode(errors="replace")
        creds = self.options["creds"]
        return creds is None or hmac.compare_digest(given.encode(), creds.encode())

    def authorize(self, request):
        mode = self.options["auth"]
        if mode == "none" or (mode == "basic" and self.has_creds(request)):
            return None
        if request.route == "base" and self.options["open_base"]:
            return None
        if mode == "bearer":
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            action = "pull" if request.method in ("GET", "HEAD") else "push"
            grant = (self.options["scope_prefix"] + request.name, action) if request.name else None
            is_mount = self.options["one_repository"] and "from" in request.query
            if not is_mount and scheme.lower() == "bearer" and self.tokens.take(token, grant):
                return None
        return self.unauthorized(request)

    def get_token(self, request):
        given = "Authorization" in request.headers
        known = self.has_creds(request)
        if given and not known:
            return refusal(401, "UNAUTHORIZED", "wrong user name or password")
        everything = known or self.options["creds"] is None
        grants = set()
        names = {scope.split(":")[1] for scope in " ".join(request.scopes).split()}
        if self.options["one_repository"] and len(names) > 1:
            return refusal(403, "DENIED", "no token for several repositories")
        for scope in " ".join(request.scopes).split():
            _, name, actions = scope.split(":", 2)
            grants |= {(name, action) for action in actions.split(",")
                       if everything or action == "pull"}
        lifetime = self.options["token_lifetime"]
        token = self.tokens.issue(lifetime, self.options["token_requests"], grants)
        request.store.count("tokens")
        return json_answer(200, {"token": token, "expires_in": max(1, int(lifetime))})

    def get_base(self, request):
        return json_answer(200, {}, {"Docker-Distribution-API-Version": "registry/2.0"})

    # Starting an upload

    def post_uploads(self, request):
        data = request.body.all()
        if "mount" in request.query:
            answer = self.mount(request)
            if answer:
                return answer
        if "digest" in request.query and self.accepts_single_post:
            if digest_of(data) != request.query["digest"]:
                return refusal(400, "DIGEST_INVALID", "the blob has another digest")
            request.store.add_blob(request.name, data)
            return Answer(201, self.blob_headers(request, request.query["digest"]))
        upload = request.upload = request.store.start(request.name)
        headers = self.upload_headers(request, upload)
        if self.options["chunk_min"]:
            headers["OCI-Chunk-Min-Length"] = str(self.options["chunk_min"])
        return Answer(202, headers)

    def mount(self, request):
        """An answer, or None for an upload like any other."""
        digest = request.query["mount"]
        if request.store.mount(request.name, digest, request.query.get("from")):
            request.store.count("mounts")
            return Answer(201, self.blob_headers(request, digest))
        return None

    # The session

    def location(self, request, upload):
        path = "/v2/%s/blobs/uploads/%s" % (upload.repository, upload.id)
        if self.location_has_state:
            path += "?_state=" + self.state_of(upload)
        if self.options["foreign_uploads"]:
            return "http://%s%s" % (self.foreign_host, path)
        return path

    def state_of(self, upload):
        return str(upload.generation)

    def reported_size(self, upload):
        return len(upload.data)

    def upload_headers(self, request, upload):
        last = max(0, self.reported_size(upload) - 1)
        return {
            "Location": self.location(request, upload),
            "Range": "0-%d" % last,
            "Docker-Upload-UUID": upload.id,
        }

    def unknown_upload(self):
        return refusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")

    def with_upload(self, request, work):
        upload = request.store.find(request.name, request.target)
        if not upload:
            return self.unknown_upload()
        with upload.lock:
            if not request.store.find(request.name, request.target):
                return self.unknown_upload()
            return self.check_state(request, upload) or work(request, upload)

    def check_state(self, request, upload):
        """An answer for a Location that is not the newest, or None."""
        return None

    def get_upload(self, request):
        return self.with_upload(
            request, lambda request, upload: Answer(204, self.upload_headers(request, upload)))

    def delete_upload(self, request):
        def delete(request, upload):
            request.store.count("uploads_deleted")
            request.store.close(upload)
            return Answer(204)
        return self.with_upload(request, delete)

    def patch_upload(self, request):
        return self.with_upload(request, self.patch)

    def put_upload(self, request):
        return self.with_upload(request, self.put)

    # Data

    def patch(self, request, upload):
        refused = self.take_body(request, upload)
        if refused:
            return refused
        upload.generation += 1
        request.upload = upload
        return Answer(self.patch_status, self.upload_headers(request, upload))

    def put(self, request, upload):
        digest = request.query.get("digest")
        if not digest:
            return refusal(400, "DIGEST_INVALID", "no digest")
        if not request.body.at_end:
            refused = self.take_body(request, upload)
            if refused:
                return refused
        data = self.assemble(request, upload)
        if digest_of(data) != digest:
            request.store.count("lost_bytes", len(upload.data))
            return refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        request.store.add_blob(upload.repository, data)
        request.store.close(upload)
        return Answer(201, self.blob_headers(request, digest))

    def assemble(self, request, upload):
        """All that counts at the end."""
        return upload.data

    def take_body(self, request, upload):
        """Adds what the request brings to the upload; an answer where it is refused."""
        refused = self.check_chunk(request, upload) or self.check_length(request, upload)
        if refused:
            return refused
        limit = self.options["body_limit"]
        data = bytearray()
        try:
            for piece in request.body.pieces():
                data += piece
                if limit is not None and len(data) > limit:
                    request.store.count("lost_bytes", len(data))
                    return self.too_large(request)
        except Torn:
            self.tear(request, upload, data)
            raise
        return self.check_range_length(request, data) or self.append(request, upload, data)

    def check_chunk(self, request, upload):
        """Whether the Content-Range, if there is one, goes on where the upload ends."""
        given = request.headers.get("Content-Range")
        if given is None:
            return None
        found = CONTENT_RANGE.match(given)
        if not found or int(found[1]) > int(found[2]):
            return refusal(400, "BLOB_UPLOAD_INVALID", "malformed Content-Range")
        if int(found[1]) != len(upload.data):
            return self.out_of_order(request, upload)
        return None

    def out_of_order(self, request, upload):
        message = "the upload goes on at byte %d" % len(upload.data)
        return refusal(416, "BLOB_UPLOAD_INVALID", message, self.upload_headers(request, upload))

    def check_range_length(self, request, data):
        """A Content-Range that promises another number of bytes than there are."""
        found = CONTENT_RANGE.match(request.headers.get("Content-Range", ""))
        if found and int(found[2]) - int(found[1]) + 1 != len(data):
            request.store.count("lost_bytes", len(data))
            return refusal(400, "SIZE_INVALID", "Content-Range and body differ in length")
        return None

    def check_length(self, request, upload):
        length, limit = request.body.length, self.options["body_limit"]
        if limit is not None and length is not None and length > limit:
            return self.too_large(request)
        return None

    def too_large(self, request):
        return refusal(413, "SIZE_INVALID", "the body is too large")

    def append(self, request, upload, data):
        limit = self.options["layer_limit"]
        if limit is not None and len(upload.data) + len(data) > limit:
            request.store.count("lost_bytes", len(data))
            return self.layer_too_large(request)
        upload.parts.append(len(upload.data))
        upload.data += data
        return None

    def layer_too_large(self, request):
        return self.too_large(request)

    def tear(self, request, upload, data):
        """A body that was cut short."""
        if self.options["keep_torn"]:
            upload.parts.append(len(upload.data))
            upload.data += data
        else:
            request.store.count("lost_bytes", len(data))

    def answer_lost(self, request):
        """The client does not get this answer. Nobody can know a session whose first Location is
        lost."""
        upload = request.upload
        if upload and request.route == "uploads":
            request.store.count("uploads_unreachable")
            request.store.close(upload)

    # Blobs

    def blob_headers(self, request, digest):
        return {"Location": "/v2/%s/blobs/%s" % (request.name, digest),
                "Docker-Content-Digest": digest}

    def unknown_blob(self, request):
        return refusal(404, "BLOB_UNKNOWN", "blob unknown to registry")

    def head_blob(self, request):
        if not request.store.has_blob(request.name, request.target):
            return self.unknown_blob(request)
        length = str(len(request.store.blobs[request.target]))
        return Answer(200, {"Content-Length": length, "Docker-Content-Digest": request.target,
                            "Content-Type": "application/octet-stream"})

    def get_blob(self, request):
        if not request.store.has_blob(request.name, request.target):
            return self.unknown_blob(request)
        if self.options["foreign_blobs"] and not request.foreign:
            return Answer(307, {"Location": "http://%s%s" % (self.foreign_host, request.path)})
        data = self.blob_data(request)
        headers = {"Docker-Content-Digest": request.target,
                   "Content-Type": "application/octet-stream"}
        found = BYTE_RANGE.match(request.headers.get("Range", ""))
        if not found or not self.options["blob_ranges"]:
            return Answer(200, headers, data)
        first, last = int(found[1]), int(found[2] or len(data) - 1)
        if first >= len(data) or last < first:
            return Answer(416, {"Content-Range": "bytes */%d" % len(data)})
        first, last = self.first_byte(first), min(last, len(data) - 1)
        headers["Content-Range"] = "bytes %d-%d/%d" % (first, last, len(data))
        return Answer(206, headers, data[first : last + 1])

    def blob_data(self, request):
        return request.store.blobs[request.target]

    def first_byte(self, asked):
        """Of the part that is sent."""
        return asked

    def delete_blob(self, request):
        if not request.store.has_blob(request.name, request.target):
            return self.unknown_blob(request)
        request.store.repositories[request.name].blobs.discard(request.target)
        return Answer(202)

    # Manifests

    def unknown_manifest(self, request):
        return refusal(404, "MANIFEST_UNKNOWN", "manifest unknown")

    def get_manifest(self, request):
        found = request.store.find_manifest(request.name, request.target)
        if not found:
            return self.unknown_manifest(request)
        digest, media_type, data = found
        return Answer(200, {"Content-Type": media_type, "Docker-Content-Digest": digest}, data)

    def head_manifest(self, request):
        answer = self.get_manifest(request)
        answer.headers["Content-Length"] = str(len(answer.body))
        return answer

    def delete_manifest(self, request):
        found = request.store.find_manifest(request.name, request.target)
        if not found:
            return self.unknown_manifest(request)
        held = request.store.repositories[request.name]
        if request.target in held.tags:
            del held.tags[request.target]
        else:
            del held.manifests[found[0]]
            held.tags = {tag: digest for tag, digest in held.tags.items() if digest != found[0]}
        return Answer(202)

    def missing_part(self, request, manifest):
        """The first thing that the manifest names and the repository has not."""
        parts = [manifest["config"]] if "config" in manifest else []
        for part in parts + (manifest.get("layers") or []):
            if not request.store.has_blob(request.name, part["digest"]):
                return part["digest"]
        for part in manifest.get("manifests") or []:
            if not request.store.find_manifest(request.name, part["digest"]) and not (
                    self.options["index_blobs"]
                    and request.store.has_blob(request.name, part["digest"])):
                return part["digest"]
        return None

    def put_manifest(self, request):
        data = request.body.all()
        media_type = request.headers.get("Content-Type")
        digest = digest_of(data)
        try:
            manifest = json.loads(data)
            missing = self.missing_part(request, manifest)
            is_manifest = manifest["schemaVersion"] == 2
        except (ValueError, KeyError, TypeError, AttributeError):
            is_manifest = False
        if not is_manifest:
            return refusal(400, "MANIFEST_INVALID", "this is no manifest")
        if manifest.get("mediaType", media_type) != media_type:
            return refusal(400, "MANIFEST_INVALID", "Content-Type and mediaType differ")
        if ":" in request.target and request.target != digest:
            return refusal(400, "DIGEST_INVALID", "the manifest has another digest")
        if missing:
            return refusal(self.missing_blob_status, "MANIFEST_BLOB_UNKNOWN",
                           "unknown to registry: " + missing)
        held = request.store.repositories[request.name]
        if self.options["immutable_tags"] and request.target in held.tags:
            return refusal(400, "TAG_INVALID", "the tag exists and cannot be overwritten")
        held.manifests[digest] = (media_type, data)
        if ":" not in request.target:
            held.tags[request.target] = digest
        headers = {"Location": "/v2/%s/manifests/%s" % (request.name, digest),
                   "Docker-Content-Digest": digest}
        if "subject" in manifest and self.options["referrers"]:
            headers["OCI-Subject"] = manifest["subject"]["digest"]
        return Answer(201, headers)

    def get_tags(self, request):
        if request.name not in request.store.repositories:
            return refusal(404, "NAME_UNKNOWN", "repository name not known to registry")
        tags = sorted([*request.store.repositories[request.name].tags, *self.options["more_tags"]])
        tags = [tag for tag in tags if tag > request.query.get("last", "")]
        count = min(int(request.query.get("n", len(tags))), self.options["tags_page"] or len(tags))
        headers = {}
        if 0 < count < len(tags):
            query = urllib.parse.urlencode({"n": count, "last": tags[count - 1]})
            headers["Link"] = '<%s?%s>; rel="next"' % (request.path, query)
        elif self.options["tags_circle"]:
            headers["Link"] = '<%s?%s>; rel="next"' % (request.path, "n=%d" % count)
        return json_answer(200, {"name": request.name, "tags": tags[:count]}, headers)

    def get_referrers(self, request):
        if not self.options["referrers"]:
            return Answer(404)
        found = []
        held = request.store.repositories.get(request.name)
        for digest, (media_type, data) in held.manifests.items() if held else ():
            manifest = json.loads(data)
            if manifest.get("subject", {}).get("digest") != request.target:
                continue
            kind = manifest.get("artifactType") or manifest.get("config", {}).get("mediaType")
            if request.query.get("artifactType", kind) == kind:
                found.append({"mediaType": media_type, "digest": digest, "size": len(data),
                              "artifactType": kind,
                              "annotations": manifest.get("annotations", {})})
        headers = {"OCI-Filters-Applied": "artifactType"} if "artifactType" in request.query else {}
        first, count = int(request.query.get("first", 0)), self.options["referrers_page"]
        if count and first + count < len(found):
            headers["Link"] = '<%s?first=%d>; rel="next"' % (request.path, first + count)
        found = found[first : first + count] if count else found
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": found}
        return json_answer(200, index, headers, OCI_INDEX)
