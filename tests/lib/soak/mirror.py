# SPDX-License-Identifier: Apache-2.0
"""A repository of three tags with what refers to them, copied from registry to registry; and the
samples, there and back."""

import glob
import json
import os
import subprocess

from soak.stage import LIB, Failed, digest_of, sha256

DATA = os.path.join(LIB, "..", "data")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
TAGS = {"one": "crio-1.36-counter.tar", "two": "containerd-2.3-counter.tar",
        "three": "podman-4.3-counter.tar.zst"}


def add_referrer(registry, repository, subject, kind):
    """An artifact that says something of a manifest; its descriptor."""
    document = {
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": kind,
        "config": {"mediaType": EMPTY, **registry.put_blob(repository, b"{}")},
        "layers": [{"mediaType": "text/plain", **registry.put_blob(
            repository, ("%s of %s" % (kind, subject["digest"])).encode())}],
        "subject": subject}
    return {**registry.put_manifest(repository, None, document), "artifactType": kind}


def list_referrers(registry, repository, digest):
    """By the API, or else by the tag in its place."""
    headers, body = registry.ask("/v2/%s/referrers/%s" % (repository, digest))
    if headers is None:
        body = registry.manifest(repository, digest.replace(":", "-"))
    return [entry["digest"] for entry in json.loads(body)["manifests"]] if body else []


def fill(stage, place, registry, repository, has_api):
    """Three images; each with a signature, and that with an attachment. Digests of all."""
    for tag, sample in TAGS.items():
        stage.run(place, "convert", os.path.join(DATA, sample),
                  registry.image("%s:%s" % (repository, tag)))
        data = registry.manifest(repository, tag)
        subject = {"mediaType": MANIFEST, "digest": digest_of(data), "size": len(data)}
        for kind in ("application/x-signature", "application/x-attachment"):
            referrer = add_referrer(registry, repository, subject, kind)
            if not has_api:
                registry.put_manifest(repository, subject["digest"].replace(":", "-"), {
                    "schemaVersion": 2, "mediaType": INDEX, "manifests": [referrer]})
            subject = {name: referrer[name] for name in ("mediaType", "digest", "size")}


def everything(registry, repository):
    """{what: digest} of all that the tags lead to; each is looked for and its bytes are hashed."""
    found = {}

    def follow(reference, name):
        data = registry.manifest(repository, reference)
        if data is None:
            raise Failed("%s is missing" % name)
        digest = digest_of(data)
        found[name] = digest
        manifest = json.loads(data)
        for number, part in enumerate([manifest["config"], *manifest["layers"]]):
            headers, blob = registry.ask("/v2/%s/blobs/%s" % (repository, part["digest"]))
            if headers is None or digest_of(blob) != part["digest"]:
                raise Failed("blob %d of %s is missing or wrong" % (number, name))
            found["%s blob %d" % (name, number)] = part["digest"]
        for number, referrer in enumerate(sorted(list_referrers(registry, repository, digest))):
            follow(referrer, "%s referrer %d" % (name, number))

    for tag in TAGS:
        follow(tag, tag)
    return found


def agree(stage, place, registry, repository, found):
    """That skopeo reads the same tags and images."""
    for tag in TAGS:
        image = registry.image("%s:%s" % (repository, tag))
        raw = stage.other(place, "skopeo", "inspect", "--raw", "--tls-verify=false", image)
        if digest_of(raw) != found[tag]:
            raise Failed("skopeo sees another image under %s" % tag)
        stage.other(place, "skopeo", "copy", "--quiet", "--preserve-digests",
                    "--src-tls-verify=false", image, "oci:%s/work/%s:1" % (place, tag))


def copy_between(stage, name, source, destination, place):
    found = everything(source, "soak/from")
    if len(found) != len(TAGS) * 9:
        raise Failed("the source has %d parts" % len(found))
    command = ("copy", "--json", "--all-tags", "--referrers", source.image("soak/from"),
               destination.image("soak/to"))
    stage.run(place, *command)
    if everything(destination, "soak/to") != found:
        raise Failed("digests differ")
    agree(stage, place, destination, "soak/to", found)
    before = destination.blob_requests()
    if before == 0:
        raise Failed("no blob has moved: this tests nothing")
    again = json.loads(stage.run(place, *command))["destinations"][0]
    moved = destination.blob_requests() - before
    if moved or again["moved"]["blobs"]:
        raise Failed("the second run has moved %d blobs" % max(moved, again["moved"]["blobs"]))
    if everything(destination, "soak/to") != found or destination.open_uploads():
        raise Failed("the second run has changed something")
    return "%d digests equal, second run moves 0 blobs of %d, skopeo agrees" % (len(found), before)


def run_copy(stage):
    real, api = "registry_start_plain", "registry_start_persona spec"
    pairs = (("docker-registry to docker-registry", (real, real), False),
             ("referrers API to referrers API", (api, api), True),
             ("docker-registry to referrers API", (real, api), False),
             ("referrers API to docker-registry", (api, real), True))
    for name, servers, has_api in pairs[2:] if stage.short else pairs:
        with stage.registry(servers[0]) as source, stage.registry(servers[1]) as destination:
            place = stage.place()
            fill(stage, place, source, "soak/from", has_api)
            try:
                yield name, copy_between(stage, name, source, destination, place), True
            except Failed as error:
                yield name, str(error), False


def plain_digest(path):
    """Of the tar, whatever has packed it."""
    for suffix, command in ((".gz", "gzip"), (".zst", "zstd")):
        if path.endswith(suffix):
            data = subprocess.run([command, "-dcq", path], stdout=subprocess.PIPE, check=True)
            return digest_of(data.stdout)
    return sha256(path)


def pull_back(stage, registry, place, sample):
    name = os.path.basename(sample)
    images = (registry.image("soak/pull:" + name), "oci:%s/work/layout:%s" % (place, name))
    stage.run(place, "convert", sample, *images)
    for number, image in enumerate(images):
        for suffix, options, expected in (
                ("tar", (), plain_digest(sample)),
                ("blob", ("--keep-compression",), sha256(sample))):
            if suffix == "blob" and not name.endswith((".gz", ".zst")):
                continue
            path = "%s/work/%s.%d.%s" % (place, name, number, suffix)
            stage.run(place, "pull", *options, image, path)
            if sha256(path) != expected:
                raise Failed("%s from %s differs" % (name, image))


def run_pull(stage):
    samples = sorted(glob.glob(DATA + "/*.tar") + glob.glob(DATA + "/*.tar.*"))
    place = stage.place()
    with stage.registry("registry_start_plain") as registry:
        for sample in samples:
            pull_back(stage, registry, place, sample)
    yield "samples", "%d archives equal, from a registry and from a layout" % len(samples), bool(
        samples)
