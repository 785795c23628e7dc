#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check-pod.py SCHEMA FILE...: holds each Pod in the files, YAML or JSON, and the template of each
DaemonSet and Job, against the schema, and prints what is wrong with them. Beside that, what the API server checks of volumes: each mount has
one, each is there once, and has exactly one source. Exit status: 0 if nothing is wrong."""

import json
import os
import sys

try:
    import jsonschema
    import yaml
except ImportError:
    # They are packages of the system's Python, which need not be the first in the path.
    if sys.executable == "/usr/bin/python3":
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def reference_problems(pod):
    spec = pod["spec"]
    names = [volume["name"] for volume in spec.get("volumes", [])]
    for volume in spec.get("volumes", []):
        if len(volume) != 2:
            yield "volume %s has not one source" % volume["name"]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield "there are two volumes %s" % name
    for container in spec["containers"]:
        places = []
        for key, place in (("volumeMounts", "mountPath"), ("volumeDevices", "devicePath")):
            for mount in container.get(key, []):
                places.append(mount[place])
                if mount["name"] not in names:
                    yield "there is no volume %s" % mount["name"]
        for place in sorted({place for place in places if places.count(place) > 1}):
            yield "there are two mounts on %s" % place


def problems(document, validator):
    """All there are; without a valid document, those of the schema."""
    if not isinstance(document, dict):
        return ["it is no object"]
    if document.get("kind") == "List":
        return [text for item in document["items"] for text in problems(item, validator)]
    if document.get("kind") in ("DaemonSet", "Job"):
        template = document["spec"]["template"]
        return problems({"apiVersion": "v1", "kind": "Pod", **template}, validator)
    if document.get("kind") in ("Namespace", "ServiceAccount"):
        return []
    found = ["%s: %s" % ("/".join(map(str, error.absolute_path)), error.message)
             for error in validator.iter_errors(document)]
    return found or list(reference_problems(document))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        validator = jsonschema.Draft7Validator(json.load(file))
    bad = False
    for name in sys.argv[2:]:
        with open(name, encoding="utf-8") as file:
            documents = list(yaml.load_all(file, LOADER))
        for text in ["it is empty"] if not documents else [
                text for document in documents for text in problems(document, validator)]:
            print("%s: %s" % (name, text))
            bad = True
    sys.exit(bad)


main()
