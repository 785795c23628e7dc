# SPDX-License-Identifier: Apache-2.0
"""A large push over a line that breaks three times."""

import os

from soak.stage import Failed, Layout, sha256

LIMIT = 1.05  # times the layer's bytes
CUTS = 3


def prepare(stage):
    """A layout that skopeo can copy, with the archive as it is for a layer; its sizes."""
    size = "64M" if stage.short else "2G"
    archive, place = stage.archive(size), stage.place()
    layout = os.path.join(place, "work", "layout")
    stage.run(place, "convert", "--compression-format", "none", archive, "oci:%s:1" % layout)
    image = Layout(layout).images()[0]
    return place, archive, layout, image["digest"], os.path.getsize(archive)


def measure(registry, layer_bytes):
    sent, cuts = registry.proxied()
    if cuts != CUTS:
        raise Failed("%d cuts instead of %d" % (cuts, CUTS))
    return sent / layer_bytes


def places(layer_bytes, short):
    """What stands behind the cuts, and what ckptoci needs to be told of it."""
    cut = "registry_start_proxy --cut-up " + ",".join(
        str(layer_bytes * i // (CUTS + 1)) for i in range(1, CUTS + 1))
    # nginx keeps nothing of a request that is cut.
    chunk = "512K" if short else "16M"
    yield "distribution", ("registry_start_persona distribution", cut), ()
    yield "docker-registry behind nginx", ("registry_start_nginx 0 on", cut), ("--chunk-size",
                                                                              chunk)


def ours(stage, commands, prepared, options):
    place, archive, _, digest, layer_bytes = prepared
    with stage.registry(*commands) as registry:
        stage.run(place, "convert", "--compression-format", "none", "--retry-delay", "100ms",
                  *options, archive, registry.image("x:1"))
        if "--chunk-size" in options and stage.pulled(
                place, registry.image("x:1")) != sha256(archive):
            raise Failed("another archive comes back")
        headers, _ = registry.ask("/v2/x/manifests/1", "HEAD", headers={
            "Accept": "application/vnd.oci.image.manifest.v1+json"})
        if headers["Docker-Content-Digest"] != digest:
            raise Failed("another image: %s" % headers["Docker-Content-Digest"])
        return measure(registry, layer_bytes)


def theirs(stage, commands, prepared):
    """Run again whenever it gives up, which it does at once: it retries other failures."""
    place, _, layout, _, layer_bytes = prepared
    with stage.registry(*commands) as registry:
        for run in range(1, CUTS + 2):
            try:
                stage.other(
                    place, "skopeo", "copy", "--quiet", "--preserve-digests", "--retry-times", "4",
                    "--dest-tls-verify=false", "oci:%s:1" % layout, registry.image("x:1"))
                break
            except Failed:
                if run > CUTS:
                    raise
        return run, measure(registry, layer_bytes)


def run(stage):
    prepared = prepare(stage)
    for name, commands, options in places(prepared[4], stage.short):
        ratio = ours(stage, commands, prepared, options)
        other = None if stage.short else theirs(stage, commands, prepared)
        figures = "%d bytes, %d cuts: sent %.3f times" % (prepared[4], CUTS, ratio)
        if other:
            figures += ", skopeo in %d runs %.3f times" % other
        yield name + (" " + " ".join(options) if options else ""), figures, ratio < LIMIT
