# SPDX-License-Identifier: Apache-2.0
"""What the trials stand on: registries, the program, and a look at what both leave behind."""

import hashlib
import json
import os
import re
import shlex
import signal
import subprocess
import time
import urllib.error
import urllib.request

LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
TOP = os.path.join(LIB, "..", "..")
RUN_S = 1800
PIECE = 1 << 20


class Failed(Exception):
    pass


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
    return "sha256:" + digest.hexdigest()


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Registry:
    """Servers that functions of registry.bash start, and that end with this."""

    VARIABLES = ("REGISTRY", "REGISTRY_DIR", "REGISTRY_STORAGE", "REGISTRY_JOURNAL",
                 "REGISTRY_PROXY_JOURNAL", "REGISTRY_PROXY_PID")

    def __init__(self, directory, commands):
        show = "\n".join('echo "%s=${%s-}"' % (name, name) for name in self.VARIABLES)
        script = ". %s/registry.bash\ntrap registry_stop_all EXIT\n%s\n%s\necho\nread -r _\n" % (
            shlex.quote(LIB), "\n".join(command + " || exit 1" for command in commands), show)
        self.process = subprocess.Popen(
            ["bash", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            encoding="utf-8", env={**os.environ, "TMPDIR": directory}, start_new_session=True)
        values = {}
        for line in iter(self.process.stdout.readline, ""):
            if line == "\n":
                break
            name, _, values[name] = line.rstrip("\n").partition("=")
        if not values.get("REGISTRY"):
            raise Failed("no registry: %s" % commands)
        self.host, self.directory = values["REGISTRY"], values["REGISTRY_DIR"]
        self.storage = values["REGISTRY_STORAGE"]
        self.journal, self.proxy_journal = values["REGISTRY_JOURNAL"], values[
            "REGISTRY_PROXY_JOURNAL"]
        self.proxy_pid = values["REGISTRY_PROXY_PID"]

    def stop(self):
        self.process.stdin.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def image(self, name):
        return "docker://%s/%s" % (self.host, name)

    def ask(self, path, method="GET", data=None, headers=None):
        """(headers, body); (None, status) for what is no success."""
        url = path if path.startswith("http") else "http://%s%s" % (self.host, path)
        request = urllib.request.Request(url, data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return None, error.code

    def put_blob(self, repository, data):
        headers, _ = self.ask("/v2/%s/blobs/uploads/" % repository, "POST", b"")
        place = headers["Location"]
        place += ("&" if "?" in place else "?") + "digest=" + digest_of(data)
        headers, status = self.ask(place, "PUT", data, {"Content-Type": "application/octet-stream"})
        if headers is None:
            raise Failed("blob: %s" % status)
        return {"digest": digest_of(data), "size": len(data)}

    def put_manifest(self, repository, reference, document):
        data = json.dumps(document).encode()
        path = "/v2/%s/manifests/%s" % (repository, reference or digest_of(data))
        headers, status = self.ask(path, "PUT", data, {"Content-Type": document["mediaType"]})
        if headers is None:
            raise Failed("manifest %s: %s" % (reference, status))
        return {"mediaType": document["mediaType"], "digest": digest_of(data), "size": len(data)}

    def manifest(self, repository, reference):
        """The bytes, or None."""
        accept = "application/vnd.oci.image.manifest.v1+json, " \
                 "application/vnd.oci.image.index.v1+json"
        headers, body = self.ask("/v2/%s/manifests/%s" % (repository, reference),
                                 headers={"Accept": accept})
        if headers is None and body != 404:
            raise Failed("manifest %s: status %s" % (reference, body))
        return None if headers is None else body

    def open_uploads(self):
        """The ids of the sessions that nobody has closed."""
        if self.journal:
            return {upload["id"] for upload in self.control()["open_uploads"]}
        return {os.path.basename(path) for path, _, files in os.walk(self.storage)
                if "startedat" in files}

    def refused_to_close(self, upload):
        """Whether it was asked to. docker-registry 2.8 answers 404 to whatever is asked of an
        upload after a request with a body was cut short."""
        if self.journal:
            return False
        with open(os.path.join(self.directory, "log"), encoding="utf-8") as log:
            return any("response completed" in line and "http.request.method=DELETE" in line and
                       "http.response.status=404" in line and upload in line for line in log)

    def control(self, **document):
        data = json.dumps(document).encode() if document else None
        return json.loads(self.ask("/_control", "POST" if data else "GET", data)[1])

    def blob_requests(self):
        """How many requests so far have brought bytes of blobs."""
        if self.journal:
            return sum(e.get("body_bytes", 0) > 0 and "/blobs/uploads/" in e["path"]
                       for e in self.entries(self.journal) if "path" in e)
        with open(os.path.join(self.directory, "log"), encoding="utf-8") as log:
            return len(re.findall(r"response completed.*http.request.method=(?:PATCH|PUT)"
                                  r" http.request.remoteaddr=\S* "
                                  r'http.request.uri="/v2/[^"]*/blobs/uploads/', log.read()))

    @staticmethod
    def entries(path):
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def proxied(self):
        """(bytes that clients have sent, connections that were cut) of a proxy in front, which ends
        by that."""
        os.kill(int(self.proxy_pid), signal.SIGUSR1)
        while "end" not in (entries := self.entries(self.proxy_journal))[-1]:
            time.sleep(0.02)
        return sum(e.get("up", 0) for e in entries), sum(
            e.get("cut") is not None for e in entries)


class Stage:
    """A directory, a program and the archives of one run of the script."""

    def __init__(self, directory, program, short):
        self.directory = directory
        self.program = program
        self.short = short
        self.archives = {}
        self.count = 0

    def place(self):
        """A new directory, with all that a program may look for."""
        self.count += 1
        path = os.path.join(self.directory, "%d" % self.count)
        for name in ("work", "home", "run", "tmp"):
            os.makedirs(os.path.join(path, name))
        return path

    def archive(self, size):
        if size not in self.archives:
            path = os.path.join(self.directory, "archive-%s.tar" % size)
            subprocess.run([os.path.join(TOP, "scripts", "make-archive"), "--size", size, path],
                           check=True, stderr=subprocess.DEVNULL)
            self.archives[size] = path
        return self.archives[size]

    def registry(self, *commands):
        return Registry(self.directory, commands)

    def environment(self, place):
        kept = {name: value for name, value in os.environ.items()
                if name in ("PATH", "LD_LIBRARY_PATH") or name.endswith("SAN_OPTIONS")}
        return {**kept, "HOME": place + "/home", "XDG_RUNTIME_DIR": place + "/run",
                "TMPDIR": place + "/tmp"}

    def start(self, place, *arguments, wrapper=(), **options):
        """Of ckptoci; in place/work."""
        command = [*wrapper, self.program, *arguments, "--quiet", "--tls-verify=false"]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.Popen(command, cwd=place + "/work", env=self.environment(place),
                                stdin=subprocess.DEVNULL, **options)

    def run(self, place, *arguments):
        """To its end, which has to be a good one; what it wrote to standard output."""
        process = self.start(place, *arguments)
        out, err = process.communicate(timeout=RUN_S)
        if process.returncode != 0:
            raise Failed("%s: status %d: %s" % (
                " ".join(arguments), process.returncode, err.decode().strip()))
        return out.decode()

    def other(self, place, *command):
        """Another program; its output."""
        done = subprocess.run(command, cwd=place + "/work", env=self.environment(place),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise Failed("%s: status %d: %s" % (
                " ".join(command), done.returncode, done.stderr.decode()[-500:].strip()))
        return done.stdout

    def pulled(self, place, image):
        """The digest of the archive that comes out of an image."""
        process = self.start(place, "pull", image, "-")
        digest = hashlib.sha256()
        while piece := process.stdout.read(PIECE):
            digest.update(piece)
        error = process.stderr.read().decode().strip()
        if process.wait() != 0:
            raise Failed("pull %s: %s" % (image, error))
        return "sha256:" + digest.hexdigest()


def scratch_files(place):
    """What lies where a program may have left something on the way."""
    return [os.path.join(path, name) for room in ("home", "run", "tmp")
            for path, _, names in os.walk(os.path.join(place, room)) for name in names]


def temporary_names(path):
    return [name for _, _, names in os.walk(path) for name in names if name.startswith(".ckptoci-")]


class Layout:
    """An OCI image layout as it lies there, whole or not."""

    def __init__(self, path):
        self.path = path

    def blob(self, digest):
        return os.path.join(self.path, "blobs", "sha256", digest.split(":")[1])

    def files(self):
        top = {name for name in os.listdir(self.path) if name != "blobs"}
        blobs = os.path.join(self.path, "blobs", "sha256")
        return top, set(os.listdir(blobs)) if os.path.isdir(blobs) else set()

    def images(self):
        index = os.path.join(self.path, "index.json")
        return read_json(index)["manifests"] if os.path.exists(index) else []

    def check(self, strict):
        """That whatever is there is whole, and all that it names is there; strict: nothing else."""
        if not os.path.isdir(self.path):
            if strict:
                raise Failed("no layout")
            return
        named = set()
        for image in self.images():
            manifest = read_json(self.blob(image["digest"]))
            for part in [image, manifest["config"], *manifest["layers"]]:
                if os.path.getsize(self.blob(part["digest"])) != part["size"]:
                    raise Failed("%s is not whole" % part["digest"])
                named.add(part["digest"].split(":")[1])
        top, blobs = self.files()
        for name in blobs:
            path = os.path.join(self.path, "blobs", "sha256", name)
            if not name.startswith(".ckptoci-") and sha256(path) != "sha256:" + name:
                raise Failed("half-written: %s" % name)
        if strict and (blobs != named or top != {"index.json", "oci-layout"}):
            raise Failed("not named by the index: %s" % sorted(
                (blobs - named) | (top - {"index.json", "oci-layout"})))


def listens(process, number):
    """Whether the process has made its arrangements for a signal: it blocks or catches it."""
    with open("/proc/%d/status" % process.pid, encoding="ascii") as file:
        masks = re.findall(r"^Sig(?:Blk|Cgt):\s+([0-9a-f]+)$", file.read(), re.MULTILINE)
    return any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


def signalled(process, seconds, number=signal.SIGKILL):
    """Waits that long, then sends the signal. Whether the process was still there to get it, and
    listened."""
    try:
        process.wait(max(0.0, seconds))
        return False, False
    except subprocess.TimeoutExpired:
        listened = listens(process, number)
        process.send_signal(number)
        return True, listened


def timed(work, *arguments):
    begin = time.monotonic()
    result = work(*arguments)
    return time.monotonic() - begin, result
