#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy before a real registry that cuts connections where it is told to.

Listens on a free loopback port, writes it into --port-file and serves until it is killed. The bytes
of all connections count together, each direction for itself: up from the client, down to it. A cut
closes both sides at once; what came before it has been passed on. Each cut happens once. One line
of JSON per connection goes to --journal, that of a cut before the client sees it. SIGUSR1 ends the
proxy when all connections have ended; then {"end": ...} with the sums is the journal's last line.
"""

import argparse
import contextlib
import json
import os
import selectors
import signal
import socket
import sys
import threading

PIECE = 64 << 10


class Proxy:
    def __init__(self, options):
        self.upstream = options.upstream
        self.cuts = {"up": sorted(options.cut_up), "down": sorted(options.cut_down)}
        self.refused = set(options.refuse)
        self.sums = {"up": 0, "down": 0, "connections": 0, "cuts": 0}
        self.lock = threading.Lock()
        self.ended = threading.Condition(self.lock)
        self.open = 0
        self.journal = open(options.journal, "a", encoding="utf-8") if options.journal else None
        self.listener = socket.create_server(("127.0.0.1", 0))

    def note(self, document):
        if self.journal:
            self.journal.write(json.dumps(document) + "\n")
            self.journal.flush()

    def allowance(self, way, wanted):
        """How many of that many bytes go through, and whether there is a cut behind them."""
        with self.lock:
            cuts = self.cuts[way]
            is_cut = bool(cuts) and self.sums[way] + wanted >= cuts[0]
            allowed = cuts.pop(0) - self.sums[way] if is_cut else wanted
            self.sums[way] += max(0, allowed)
            self.sums["cuts"] += is_cut
            return max(0, allowed), is_cut

    def pump(self, client, server, entry):
        """Until one side closes or there is a cut."""
        ways = {client: (server, "up"), server: (client, "down")}
        with selectors.DefaultSelector() as selector:
            for side in ways:
                selector.register(side, selectors.EVENT_READ)
            while selector.get_map():
                for key, _ in selector.select():
                    other, way = ways[key.fileobj]
                    data = key.fileobj.recv(PIECE)
                    if not data:
                        selector.unregister(key.fileobj)
                        other.shutdown(socket.SHUT_WR)
                        continue
                    allowed, is_cut = self.allowance(way, len(data))
                    entry[way] += allowed
                    other.sendall(data[:allowed])
                    if is_cut:
                        entry["cut"] = way
                        return

    def serve_one(self, client, number):
        entry = {"connection": number, "up": 0, "down": 0, "cut": None}
        with client:
            with contextlib.suppress(OSError):
                if number in self.refused:
                    entry["cut"] = "refused"
                else:
                    with socket.create_connection(self.upstream) as server:
                        self.pump(client, server, entry)
            with self.ended:
                self.open -= 1
                self.note(entry)
                self.ended.notify()

    def serve(self):
        while True:
            client, _ = self.listener.accept()
            with self.ended:
                self.open += 1
                self.sums["connections"] += 1
                number = self.sums["connections"]
            threading.Thread(target=self.serve_one, args=(client, number), daemon=True).start()

    def finish(self):
        with self.ended:
            self.ended.wait_for(lambda: self.open == 0)
            self.note({"end": self.sums})


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


def numbers(text):
    return [int(number) for number in text.split(",")]


def stop(*_):
    sys.exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upstream", required=True, type=address, help="HOST:PORT")
    parser.add_argument("--port-file", required=True)
    parser.add_argument("--journal", help="a file to append to")
    parser.add_argument("--cut-up", type=numbers, default=[], metavar="BYTES[,BYTES...]",
                        help="cut when so many bytes have come from clients")
    parser.add_argument("--cut-down", type=numbers, default=[], metavar="BYTES[,BYTES...]",
                        help="cut when so many bytes have gone to clients")
    parser.add_argument("--refuse", type=numbers, default=[], metavar="N[,N...]",
                        help="close the Nth connection, from 1, at once")
    options = parser.parse_args()

    proxy = Proxy(options)
    signal.signal(signal.SIGUSR1, stop)
    with open(options.port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(proxy.listener.getsockname()[1]))
    os.rename(options.port_file + ".new", options.port_file)
    try:
        proxy.serve()
    finally:
        proxy.finish()


main()
