# SPDX-License-Identifier: Apache-2.0
"""HTTP for the personas: bodies, answers, and the faults in them."""

import contextlib
import dataclasses
import http
import json
import re
import select
import socket
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from personas.faults import Faults, Journal
from personas.store import Store

PIECE = 64 << 10
RECEIVE_BUFFER = 128 << 10
HANG_S = 600.0  # only against hanging for good
ROUTES = (
    ("base", re.compile(r"^/v2/?$")),
    ("token", re.compile(r"^/token$")),
    ("uploads", re.compile(r"^/v2/(?P<name>.+)/blobs/uploads/?$")),
    ("upload", re.compile(r"^/v2/(?P<name>.+)/blobs/uploads/(?P<target>[^/]+)$")),
    ("blob", re.compile(r"^/v2/(?P<name>.+)/blobs/(?P<target>[a-z0-9]+:[^/]+)$")),
    ("manifest", re.compile(r"^/v2/(?P<name>.+)/manifests/(?P<target>[^/]+)$")),
    ("tags", re.compile(r"^/v2/(?P<name>.+)/tags/list$")),
    ("referrers", re.compile(r"^/v2/(?P<name>.+)/referrers/(?P<target>[^/]+)$")),
)


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes = b""
    has_length: bool = True  # else the body ends with the connection


def json_answer(status, document, headers=None, content_type="application/json"):
    body = json.dumps(document).encode()
    return Answer(status, {"Content-Type": content_type, **(headers or {})}, body)


def refusal(status, code, message, headers=None):
    return json_answer(status, {"errors": [{"code": code, "message": message}]}, headers)


class Torn(Exception):
    """The connection is gone, or is to be."""

    def __init__(self, where):
        super().__init__(where)
        self.where = where


class Body:
    """What a client sends. One that waits for it is told to go on when the first byte is wanted."""

    def __init__(self, handler, fault):
        self.handler = handler
        self.cut_at = fault.bytes if fault and fault.where == "body" else None
        self.fault = fault
        self.chunked = "chunked" in handler.headers.get("Transfer-Encoding", "").lower()
        self.length = None if self.chunked else int(handler.headers.get("Content-Length", 0))
        self.expects = handler.headers.get("Expect", "").lower() == "100-continue"
        self.received = 0
        self.at_end = self.length == 0
        self.rest = self.pieces_in_order()

    def pieces(self):
        """What has not been taken yet: one who stops in the middle leaves the rest to the next."""
        return self.rest

    def pieces_in_order(self):
        if self.expects and not self.at_end:
            self.handler.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.expects = False
        yield from self.chunks() if self.chunked else self.span(self.length)
        self.at_end = True

    def span(self, length):
        while length > 0:
            wanted = min(length, PIECE)
            if self.cut_at is not None:
                wanted = min(wanted, self.cut_at - self.received)
                if wanted <= 0:
                    self.handler.fail(self.fault)
            piece = self.read(self.handler.rfile.read1, wanted)
            length -= len(piece)
            self.received += len(piece)
            yield piece

    def chunks(self):
        while True:
            line = self.read(self.handler.rfile.readline, 100)
            size = int(line.split(b";")[0], 16)
            if size == 0:
                while self.read(self.handler.rfile.readline, 1000).strip():
                    pass
                return
            yield from self.span(size)
            self.read(self.handler.rfile.readline, 10)

    def read(self, read, size):
        try:
            data = read(size)
        except OSError as error:
            raise Torn("client") from error
        if not data:
            raise Torn("client")
        return data

    def all(self):
        return b"".join(self.pieces())


class Request:
    """An exchange as a persona sees it."""

    def __init__(self, handler, body, foreign):
        parts = urllib.parse.urlsplit(handler.path)
        self.method = handler.command
        self.uri = handler.path
        self.path = parts.path
        self.query = {
            name: values[0] for name, values in urllib.parse.parse_qs(parts.query).items()
        }
        self.scopes = urllib.parse.parse_qs(parts.query).get("scope", [])
        self.headers = handler.headers
        self.host = handler.headers.get("Host", "")
        self.body = body
        self.foreign = foreign  # came to the other port
        self.store = handler.state.store
        self.upload = None  # whose next Location is in the answer
        self.route = self.name = self.target = None
        for route, pattern in ROUTES:
            found = pattern.match(urllib.parse.unquote(self.path))
            if found:
                groups = found.groupdict()
                self.route = route
                self.name, self.target = groups.get("name"), groups.get("target")
                break


class State:
    """Everything since the last reset. Exchanges that are still under way keep theirs."""

    def __init__(self, faults):
        self.store = Store()
        self.faults = Faults(faults)
        self.condition = threading.Condition()
        self.active = set()  # handlers
        self.released = False  # those that are held may go on

    @contextlib.contextmanager
    def exchange(self, handler):
        with self.condition:
            self.active.add(handler)
        try:
            yield
        finally:
            with self.condition:
                self.active.discard(handler)
                self.condition.notify_all()

    def settle(self):
        """Until the exchanges that have begun are over, but for those that are made to wait."""
        with self.condition:
            begun = set(self.active)
            self.condition.wait_for(
                lambda: not any(handler.is_busy() for handler in begun & self.active), HANG_S)

    def hold(self, handler):
        with self.condition:
            handler.waits_for = lambda: self.released
            self.condition.notify_all()
            self.condition.wait_for(handler.waits_for)
            handler.waits_for = None

    def release(self):
        with self.condition:
            self.released = True
            self.condition.notify_all()

    def summary(self):
        summary = self.store.summary()
        summary["requests"] = self.faults.number
        return summary


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = HANG_S
    waits_for = None  # what a fault makes the exchange wait for, a function: whether it has come

    def log_message(self, *_):
        pass

    def handle_expect_100(self):
        return True  # later, by the body

    def handle(self):
        """A client that tries TLS first gets a closed connection, and no number."""
        with contextlib.suppress(OSError):
            if self.connection.recv(1, socket.MSG_PEEK) != b"\x16":
                super().handle()

    def serve(self):
        if urllib.parse.urlsplit(self.path).path == "/_control":
            self.control()
            return
        self.state = self.server.registry.state
        with self.state.exchange(self):
            self.exchange()

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = serve  # names of http.server's

    def is_busy(self):
        return self.waits_for is None or self.waits_for()

    def exchange(self):
        registry = self.server.registry
        number, fault = self.state.faults.take(self.command, self.path)
        foreign = self.server is registry.foreign_server
        entry = registry.journal.entry(number, self, foreign)
        body = Body(self, fault)
        request = Request(self, body, foreign)
        try:
            self.respond(self.work(request, fault), body, fault, entry)
        except (Torn, OSError) as error:
            entry["cut"] = error.where if isinstance(error, Torn) else "client"
            registry.persona.answer_lost(request)
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
        finally:
            self.count(entry, body)
            registry.journal.write(entry)

    def count(self, entry, body):
        store = self.state.store
        entry["body_bytes"] = body.received
        if "/blobs/uploads/" in self.path:
            store.count("upload_bytes", body.received)
        store.count("body_bytes", body.received)
        store.count("answer_bytes", entry["answer_bytes"])
        if entry["foreign"]:
            store.count("foreign_requests")
            store.count("foreign_authorizations", int(entry["authorization"]))

    def work(self, request, fault):
        persona = self.server.registry.persona
        if fault and fault.do == "hold":
            return self.held(request, fault)
        if fault and fault.where == "before":
            if fault.status is None:
                self.fail(fault)
            return self.status_answer(request, fault)
        answer = persona.handle(request)
        if fault and fault.status is not None:
            persona.answer_lost(request)
            return self.status_answer(request, fault)
        return answer

    def held(self, request, fault):
        self.state.store.count("faults")
        if fault.where == "before":
            self.state.hold(self)
        answer = self.server.registry.persona.handle(request)
        if fault.where == "answer":
            self.state.hold(self)
        return answer

    def status_answer(self, request, fault):
        """A client that has not been told to go on is told no; from others the body is taken."""
        self.state.store.count("faults")
        if not request.body.expects and not request.body.at_end:
            for piece in request.body.pieces():
                self.state.store.count("lost_bytes", len(piece))
        if fault.page:
            return Answer(fault.status, {"Content-Type": "text/html"}, fault.page.encode())
        return refusal(fault.status, fault.code, fault.text, fault.retry_after_header())

    def respond(self, answer, body, fault, entry):
        head = self.head(answer, body)
        wire = head if self.command == "HEAD" else head + answer.body
        limit = None
        if fault and fault.where.startswith("answer") and fault.status is None and \
                fault.do != "hold":
            limit = fault.bytes + (len(head) if fault.where == "answer-body" else 0)
        entry["status"] = answer.status
        entry["answer_head_bytes"] = len(head)
        entry["answer_bytes"] = len(wire[:limit])
        self.connection.sendall(wire[:limit])
        if limit is not None and limit < len(wire):
            self.fail(fault)
        if not body.at_end:
            self.linger()

    def head(self, answer, body):
        headers = dict(answer.headers)
        if answer.status != 204 and self.command != "HEAD" and answer.has_length:
            headers["Content-Length"] = str(len(answer.body))
        if not body.at_end or not answer.has_length:
            headers["Connection"] = "close"
            self.close_connection = True
        phrase = http.HTTPStatus(answer.status).phrase if answer.status in set(
            http.HTTPStatus) else "Unknown"
        lines = ["HTTP/1.1 %d %s" % (answer.status, phrase)]
        lines += ["%s: %s" % item for item in headers.items() if item[1] is not None]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def fail(self, fault):
        self.state.store.count("faults")
        if fault.do == "stall":
            self.stall()
        raise Torn(fault.where)

    def client_is_gone(self, timeout_ms=0):
        """Which shows although there is more to read."""
        poll = select.poll()
        poll.register(self.connection, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        return bool(poll.poll(timeout_ms))

    def stall(self):
        with self.state.condition:
            self.waits_for = self.client_is_gone
            self.state.condition.notify_all()
        self.client_is_gone(None)
        self.waits_for = None

    def linger(self):
        """Until the client goes, whatever it still sends although it has its answer: one that
        overtakes its request is lost if the connection is reset at once."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while piece := self.rfile.read1(PIECE):
                self.state.store.count("overrun_bytes", len(piece))

    def control(self):
        registry = self.server.registry
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            answer = json_answer(200, registry.control(json.loads(body) if body else {}))
        except (ValueError, TypeError) as error:
            answer = json_answer(400, {"error": str(error)})
        self.wfile.write(self.head(answer, Body(self, None)) + answer.body)
        self.wfile.flush()


class Registry:
    """A persona with its ports, its state and its journal."""

    def __init__(self, persona, args):
        self.persona = persona
        self.journal = Journal(args.journal)
        self.state = State(args.fault)
        if args.layout:
            self.state.store.load(args.layout, "x")
        self.server = self.listen()
        self.foreign_server = self.listen()
        persona.foreign_host = "%s:%d" % (
            persona.options["foreign_name"], self.foreign_server.server_address[1])

    def listen(self):
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # What the system has taken in nobody can tell from what has been read: not much of it.
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        server.daemon_threads = True
        server.registry = self
        return server

    @property
    def port(self):
        return self.server.server_address[1]

    def control(self, document):
        """What persona-registry.py says of it; the summary."""
        unknown = set(document) - {"reset", "faults", "options", "release"}
        if unknown:
            raise ValueError("unknown: %s" % ", ".join(sorted(unknown)))
        if document.get("release"):
            self.state.release()
        self.state.settle()
        self.persona.set_options(document.get("options", {}))
        if document.get("reset"):
            self.state = State(document.get("faults", []))
            self.persona.reset()
        elif "faults" in document:
            faults = Faults(document["faults"])
            faults.number = self.state.faults.number
            self.state.faults = faults
        return {"persona": self.persona.name, "foreign_host": self.persona.foreign_host,
                **self.state.summary()}

    def finish(self):
        self.journal.write({"end": self.state.summary()})

    def serve(self):
        threading.Thread(target=self.foreign_server.serve_forever, daemon=True).start()
        self.server.serve_forever()
