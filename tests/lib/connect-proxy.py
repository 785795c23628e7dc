#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A proxy that connects (RFC 9110, section 9.3.6) wherever it is asked to.

usage: connect-proxy.py PORT-FILE LOG

Binds a free loopback port, writes it to PORT-FILE and serves until it is killed. LOG gets the
request and the headers of each CONNECT.
"""

import http.server
import os
import socket
import sys
import threading

PORT_FILE, LOG = sys.argv[1:3]


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_CONNECT(self):
        with open(LOG, "a", encoding="ascii") as file:
            print("CONNECT", self.path, file=file)
            print(self.headers, file=file)
        host, port = self.path.rsplit(":", 1)
        if host.endswith(".localhost"):  # not every system has these names
            host = "127.0.0.1"
        with socket.create_connection((host, int(port))) as upstream:
            self.send_response(200)
            self.end_headers()
            back = threading.Thread(target=pump, args=(upstream, self.connection), daemon=True)
            back.start()
            pump(self.connection, upstream)
            back.join()
        self.close_connection = True


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(PORT_FILE + ".new", "w", encoding="ascii") as port_file:
    port_file.write(str(server.server_address[1]))
os.rename(PORT_FILE + ".new", PORT_FILE)
server.serve_forever()
