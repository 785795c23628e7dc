#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An OCI registry in memory that behaves as one of many and fails where it is told to.

Listens on two free loopback ports, writes the first into --port-file and serves until it is killed.
The second is the foreign host that some registries point Locations to; it never needs, and should
never get, an Authorization. One line of JSON per exchange goes to --journal, a summary at the end.

The path /_control takes a JSON object by POST: {"reset": true} forgets everything, "faults": [...]
sets what is to fail, "options": {...} changes options, {"release": true} lets what is held go on;
each may be left out. The answer, as that of a GET, comes when all exchanges are over but those that
are made to wait, and the journal is complete. It is the summary: bytes received in bodies (body_bytes, upload_bytes) and those of them that
the persona threw away (lost_bytes), open_uploads, blobs, tags, foreign_authorizations and others.
"""

import argparse
import json
import os
import signal
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from personas import faults  # noqa: E402
from personas.server import Registry  # noqa: E402
from personas.spec import OPTIONS  # noqa: E402
from personas.vendors import PERSONAS  # noqa: E402


def option(text):
    """NAME=VALUE, the value in JSON or plain text."""
    name, equals, value = text.partition("=")
    if not equals or name not in OPTIONS:
        raise argparse.ArgumentTypeError("%s is not NAME=VALUE with a known name" % text)
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def describe():
    lines = [faults.__doc__, "Personas, and the options that they set:"]
    for name, persona in PERSONAS.items():
        values = " ".join("%s=%s" % item for item in persona.defaults.items())
        lines.append("  %-16s %s" % (name, values))
    lines.append("\nOptions: " + " ".join("%s=%s" % item for item in OPTIONS.items()))
    return "\n".join(lines)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=describe(),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persona", default="spec", choices=sorted(PERSONAS))
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--journal", help="a file to append to")
    parser.add_argument("--layout", help="an OCI image layout, to have as repository x at first")
    parser.add_argument("--fault", action="append", default=[], metavar="JSON", type=json.loads)
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", type=option,
                        help="see below")
    return parser.parse_args()


def stop(*_):
    sys.exit(0)


def main():
    args = parse_arguments()
    persona = PERSONAS[args.persona](dict(args.option))
    registry = Registry(persona, args)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with open(args.port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(registry.port))
    os.rename(args.port_file + ".new", args.port_file)
    try:
        registry.serve()
    finally:
        registry.finish()


main()
