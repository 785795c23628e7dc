# SPDX-License-Identifier: Apache-2.0
"""Where exchanges are to go wrong, and the journal of what went on.

A fault is a JSON object. Which exchange it hits:
  request   its number since the start, from 1; or
  method, path, nth   the nth (default 1) exchange with that method whose path matches that regular
            expression (default: any)
  times     how many exchanges from that one on, of those that match (default 1)
What happens to it:
  where     before        the body is not read; nothing is done
            body          after `bytes` of the body have come
            answer        all is done; after `bytes` (default 0) of the answer have been sent
            answer-body   the same, counted behind the headers
  do        cut           (default) the connection is closed
            stall         until the client goes
            hold          until {"release": true}; then it goes on as if nothing had been (where:
                          before, or answer: all is done by then)
  status    answers with that instead of a cut: with where=before (default) nothing is done, with
            where=answer all is done
  retry_after   for a Retry-After header: seconds, or {"date": SECONDS} from now as a date
  code, text    for the answer's error message
  page      HTML, for an answer that has none
"""

import base64
import email.utils
import json
import re
import threading
import time

KEYS = {
    "request", "method", "path", "nth", "times", "where", "bytes", "do", "status",
    "retry_after", "code", "text", "page",
}
PLACES = ("before", "body", "answer", "answer-body")


class Fault:
    def __init__(self, document):
        unknown = set(document) - KEYS
        if unknown:
            raise ValueError("a fault has no %s" % ", ".join(sorted(unknown)))
        self.number = document.get("request")
        self.method = document.get("method")
        self.path = re.compile(document.get("path", ""))
        self.skip = document.get("nth", 1) - 1
        self.left = document.get("times", 1)
        self.where = document.get("where", "before")
        self.bytes = document.get("bytes", 0)
        self.do = document.get("do", "cut")
        self.status = document.get("status")
        self.retry_after = document.get("retry_after")
        self.code = document.get("code", "UNKNOWN")
        self.text = document.get("text", "made to fail")
        self.page = document.get("page")
        if self.where not in PLACES or self.do not in ("cut", "stall", "hold"):
            raise ValueError("where is one of %s, do is cut, stall or hold" % ", ".join(PLACES))

    def hits(self, number, method, path):
        """Asked once for every exchange."""
        if self.left == 0:
            return False
        if self.number is not None:
            if number < self.number:
                return False
        elif (self.method and self.method != method) or not self.path.search(path):
            return False
        elif self.skip > 0:
            self.skip -= 1
            return False
        self.left -= 1
        return True

    def retry_after_header(self):
        if self.retry_after is None:
            return {}
        if isinstance(self.retry_after, dict):
            at = time.time() + self.retry_after["date"]
            return {"Retry-After": email.utils.formatdate(at, usegmt=True)}
        return {"Retry-After": str(self.retry_after)}


class Faults:
    def __init__(self, documents):
        self.lock = threading.Lock()
        self.faults = [Fault(document) for document in documents]
        self.number = 0

    def take(self, method, path):
        """The number of a new exchange and what is to go wrong with it, or None."""
        with self.lock:
            self.number += 1
            hit = [fault for fault in self.faults if fault.hits(self.number, method, path)]
            return self.number, hit[0] if hit else None


class Journal:
    """A line of JSON for each exchange, written when it is over. Never the value of a secret."""

    HEADERS = ("Content-Range", "Content-Length", "Transfer-Encoding", "Expect", "Content-Type",
               "Range", "Accept")

    def __init__(self, path):
        self.lock = threading.Lock()
        self.file = open(path, "a", encoding="utf-8") if path else None

    def write(self, document):
        if self.file:
            with self.lock:
                self.file.write(json.dumps(document) + "\n")
                self.file.flush()

    @staticmethod
    def user(authorization):
        """Who Basic says it is, or None."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        return base64.b64decode(value).partition(b":")[0].decode(errors="replace")

    def entry(self, number, handler, foreign):
        headers = handler.headers
        return {
            "request": number,
            "method": handler.command,
            "path": handler.path,
            "host": headers.get("Host"),
            "foreign": foreign,
            "authorization": "Authorization" in headers,
            "user": self.user(headers.get("Authorization", "")),
            "headers": {name: headers[name] for name in self.HEADERS if name in headers},
            "body_bytes": 0,
            "status": None,
            "answer_bytes": 0,
            "cut": None,
        }
