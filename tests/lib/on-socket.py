#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts nginx, which cannot choose a free port, on a socket that it inherits.

usage: on-socket.py FILE COMMAND...

Listens on a free loopback port, writes "listen ADDRESS;" to FILE, to be included by nginx's
configuration, and becomes COMMAND. From the choice to the end the port is nobody else's.
"""

import os
import socket
import sys

listener = socket.create_server(("127.0.0.1", 0))
listener.set_inheritable(True)
os.environ["NGINX"] = "%d;" % listener.fileno()
with open(sys.argv[1], "w", encoding="ascii") as file:
    file.write("listen %s:%d;\n" % listener.getsockname())
os.execvp(sys.argv[2], sys.argv[2:])
