# SPDX-License-Identifier: Apache-2.0
"""What a registry holds. Nothing here knows HTTP."""

import collections
import hashlib
import json
import os
import threading
import uuid


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Upload:
    """A session. Its lock is held by the request that works on it."""

    def __init__(self, repository):
        self.id = str(uuid.uuid4())
        self.repository = repository
        self.data = bytearray()
        self.parts = []  # where each PATCH began
        self.generation = 0  # of its Location
        self.reachable = True  # by a Location that a client can know
        self.lock = threading.Lock()


class Repository:
    def __init__(self):
        self.blobs = set()
        self.manifests = {}  # digest: (media type, bytes)
        self.tags = {}  # tag: digest


class Store:
    """All repositories and uploads; the numbers are what the tests look at in the end."""

    def __init__(self):
        self.lock = threading.RLock()
        self.blobs = {}  # digest: bytes
        self.repositories = collections.defaultdict(Repository)
        self.uploads = {}
        self.counts = collections.Counter()

    def count(self, what, number=1):
        with self.lock:
            self.counts[what] += number

    def start(self, repository):
        upload = Upload(repository)
        with self.lock:
            self.uploads[upload.id] = upload
            self.counts["uploads_started"] += 1
        return upload

    def find(self, repository, upload_id):
        with self.lock:
            upload = self.uploads.get(upload_id)
        return upload if upload and upload.repository == repository else None

    def close(self, upload):
        with self.lock:
            self.uploads.pop(upload.id, None)

    def lose(self, upload):
        """Ends a session from the registry's side: the client has to send all of it again."""
        self.count("lost_bytes", len(upload.data))
        self.close(upload)

    def strand(self, upload):
        """Leaves a session open for which no client has a Location any more."""
        upload.reachable = False
        self.count("lost_bytes", len(upload.data))
        self.count("uploads_unreachable")

    def add_blob(self, repository, data):
        digest = digest_of(data)
        with self.lock:
            self.blobs[digest] = bytes(data)
            self.repositories[repository].blobs.add(digest)
        return digest

    def load(self, layout, repository):
        """All that an OCI image layout has."""
        blobs = os.path.join(layout, "blobs", "sha256")
        for name in os.listdir(blobs):
            with open(os.path.join(blobs, name), "rb") as file:
                self.add_blob(repository, file.read())
        with open(os.path.join(layout, "index.json"), encoding="utf-8") as file:
            entries = json.load(file)["manifests"]
        held = self.repositories[repository]
        for entry in entries:
            self.load_manifest(held, entry)
            tag = entry.get("annotations", {}).get("org.opencontainers.image.ref.name")
            if tag:
                held.tags[tag] = entry["digest"]

    def load_manifest(self, held, entry):
        """With those that an index has."""
        data = self.blobs.get(entry["digest"])
        if data is None:
            return
        held.manifests[entry["digest"]] = (entry["mediaType"], data)
        if "index" in entry["mediaType"]:
            for part in json.loads(data).get("manifests") or []:
                self.load_manifest(held, part)

    def mount(self, repository, digest, source):
        """source None: from wherever it is."""
        with self.lock:
            if source is None:
                found = digest in self.blobs
            else:
                found = source in self.repositories and self.has_blob(source, digest)
            if found:
                self.repositories[repository].blobs.add(digest)
            return found

    def has_blob(self, repository, digest):
        with self.lock:
            return repository in self.repositories and digest in self.repositories[repository].blobs

    def find_manifest(self, repository, reference):
        """(digest, media type, bytes) or None."""
        with self.lock:
            if repository not in self.repositories:
                return None
            held = self.repositories[repository]
            digest = held.tags.get(reference, reference)
            if digest not in held.manifests:
                return None
            return (digest, *held.manifests[digest])

    def summary(self):
        with self.lock:
            return {
                **self.counts,
                "blobs": {digest: len(data) for digest, data in self.blobs.items()},
                "open_uploads": [
                    {"id": upload.id, "repository": upload.repository}
                    for upload in self.uploads.values() if upload.reachable],
                "tags": {name: held.tags for name, held in self.repositories.items()},
            }
