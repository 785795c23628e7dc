# SPDX-License-Identifier: Apache-2.0
"""An agent that watches a directory into which archives come in every way there is, while it is
killed and its registry fails for a while."""

import dataclasses
import json
import os
import random
import re
import subprocess
import tarfile
import threading
import time
import urllib.parse

from soak.stage import LIB, RUN_S, Failed, digest_of

SAMPLE = os.path.join(LIB, "..", "data", "crio-1.36-counter.tar")
POD = b"counters"
OPTIONS = ("--settle", "500ms", "--attempts", "20", "--attempt-delay",
           "200ms", "--retry-times", "1", "--retry-delay", "100ms", "--rescan", "5s", "--jobs", "3",
           "--keep-count", "0")
# How archives come, and how many of a hundred. The last two are not to be pushed, or need not be.
WAYS = (("renamed", 30), ("at once", 25), ("slowly", 20), ("in two parts", 10), ("half", 8),
        ("removed", 7))
PUSHED_WAYS = {"renamed", "at once", "slowly", "in two parts"}
SEED = 20261124


@dataclasses.dataclass
class Arrival:
    way: str
    pod: str
    path: str


def archive_of(pod):
    """The sample, of another pod with a name of the same length."""
    with open(SAMPLE, "rb") as file:
        data = bytearray(file.read())
    with tarfile.open(SAMPLE) as tar:
        spec = tar.getmember("spec.dump")
    begin, end = spec.offset_data, spec.offset_data + spec.size
    data[begin:end] = bytes(data[begin:end]).replace(POD, pod.encode())
    return bytes(data)


def write(path, data, mode="wb"):
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | (os.O_APPEND if mode == "ab" else 0), 0o600),
              mode) as file:
        file.write(data)


def arrive(arrival, chance):
    data, path = archive_of(arrival.pod), arrival.path
    middle = chance.randrange(1, len(data) - 1)
    if arrival.way == "renamed":
        hidden = os.path.join(os.path.dirname(path), "." + os.path.basename(path))
        write(hidden, data)
        os.rename(hidden, path)
    elif arrival.way == "slowly":
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb", 0) as file:
            for at in range(0, len(data), len(data) // 6):
                file.write(data[at:at + len(data) // 6])
                time.sleep(chance.uniform(0, 0.8))
    elif arrival.way == "in two parts":
        write(path, data[:middle])
        time.sleep(chance.uniform(0.2, 2))
        write(path, data[middle:], "ab")
    elif arrival.way == "half":
        write(path, data[:middle])
    else:
        write(path, data)
    if arrival.way == "removed":
        time.sleep(chance.uniform(0, 0.5))
        try:
            os.unlink(path)
        except FileNotFoundError:  # it was pushed, and removed
            pass


class Agent:
    """The program, started again as often as it is killed."""

    def __init__(self, stage, place, directory, registry):
        self.events_path = os.path.join(place, "events")
        self.errors_path = os.path.join(place, "errors")
        self.command = [stage.program, "watch", "--state-dir", os.path.join(place, "state"),
                        "--tls-verify=false", *OPTIONS, directory,
                        registry.image("soak/{pod}:{time}")]
        self.environment = stage.environment(place)
        self.kills = 0
        self.start("1h")  # longer than any writer stops

    def start(self, refuse_after):
        with open(self.events_path, "ab") as events, open(self.errors_path, "ab") as errors:
            self.process = subprocess.Popen([*self.command, "--refuse-after", refuse_after],
                                            env=self.environment, stdout=events,
                                            stderr=errors, stdin=subprocess.DEVNULL)

    def kill(self):
        if self.process.poll() is not None:
            self.complain("it has ended")
        self.process.kill()
        self.process.wait()
        self.kills += 1
        self.start("1h")

    def complain(self, what):
        with open(self.errors_path, encoding="utf-8") as errors:
            raise Failed("%s: status %s: %s" % (what, self.process.poll(), errors.read()[-500:]))

    def stop(self):
        self.process.terminate()
        if self.process.wait(RUN_S) != 0:
            self.complain("stopped")

    def events(self, name):
        """A line that was cut by a kill is left out."""
        with open(self.events_path, encoding="utf-8") as file:
            for line in file:
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if event["event"] == name:
                    yield event


def wait_until(agent, condition, what):
    until = time.monotonic() + RUN_S / 4
    while not condition():
        if agent.process.poll() is not None:
            agent.complain("it has ended")
        if time.monotonic() > until:
            agent.complain(what() + " after %d s" % (RUN_S / 4))
        time.sleep(0.1)


def plan(count, directory, chance):
    ways = [way for way, weight in WAYS for _ in range(weight)]
    chosen = [way for way, _ in WAYS] + [chance.choice(ways) for _ in range(count - len(WAYS))]
    chance.shuffle(chosen)
    for number, way in enumerate(chosen):
        pod = "pod%05d" % number
        yield Arrival(way, pod, os.path.join(directory, "checkpoint-%s_default-counter-"
                                             "2026-11-23T21:26:29Z.tar" % pod))


def let_arrive(agent, arrivals, registry, kills, chance):
    """All of them, with kills between them and a registry that fails for a while."""
    threads = []
    kill_at = {len(arrivals) * (2 * i + 1) // (2 * kills) for i in range(kills)}
    for number, arrival in enumerate(arrivals):
        thread = threading.Thread(target=arrive, args=(arrival, random.Random(number)))
        thread.start()
        threads.append(thread)
        if number == len(arrivals) // 3:
            registry.control(faults=[{"path": "/v2/", "times": len(arrivals), "status": 503}])
        if number in kill_at:
            begun = sum(1 for _ in agent.events("converting"))
            wait_until(agent, lambda: sum(1 for _ in agent.events("converting")) > begun,
                       lambda: "nothing is converted")
            time.sleep(chance.uniform(0, 0.3))
            agent.kill()
        time.sleep(chance.uniform(0, 0.2))
    for thread in threads:
        thread.join()


def exchanges(registry):
    """By pod: the puts of manifests that were taken, and whether the tag was asked for later, with
    success, and how many bytes of blobs came."""
    taken, confirmed, sent = {}, set(), {}
    for entry in registry.entries(registry.journal):
        found = re.match(r"/v2/soak/(pod\d+)/(manifests|blobs)/(.*)",
                         urllib.parse.unquote(entry.get("path", "")))
        if not found:
            continue
        pod, kind, tag = found.groups()
        if kind == "blobs":
            sent[pod] = sent.get(pod, 0) + entry["body_bytes"]
        elif entry["method"] == "PUT" and entry["status"] == 201:
            taken.setdefault(pod, []).append(tag)
        elif entry["method"] in ("GET", "HEAD") and entry["status"] == 200 and \
                tag in taken.get(pod, ()):
            confirmed.add(pod)
    return taken, confirmed, sent


def check_pushed(arrivals, registry, agent):
    taken, confirmed, _ = exchanges(registry)
    digests = {event["pod"]: event["digest"] for event in agent.events("pushed")}
    for arrival in arrivals:
        tags = taken.get(arrival.pod, [])
        if arrival.way in PUSHED_WAYS and len(tags) != 1 or len(tags) > 1:
            raise Failed("%s, %s: pushed %d times: %s" % (
                arrival.pod, arrival.way, len(tags), tags))
        if arrival.way == "half" and tags:
            raise Failed("%s: half of an archive was pushed" % arrival.pod)
        if not tags or arrival.way == "removed":
            continue
        if arrival.pod not in confirmed:
            raise Failed("%s was removed before the registry had confirmed it" % arrival.pod)
        manifest = registry.manifest("soak/" + arrival.pod, tags[0])
        if manifest is None or digest_of(manifest) != digests.get(arrival.pod):
            raise Failed("%s: another digest than was told" % arrival.pod)


def run_one(stage, count, kills):
    chance = random.Random(SEED)
    place = stage.place()
    directory = os.path.join(place, "work")
    arrivals = list(plan(count, directory, chance))
    halves = {os.path.basename(a.path) for a in arrivals if a.way == "half"}
    with stage.registry("registry_start_persona spec") as registry:
        agent = Agent(stage, place, directory, registry)
        begin = time.monotonic()
        let_arrive(agent, arrivals, registry, kills, chance)
        wait_until(agent, lambda: set(os.listdir(directory)) == halves,
                   lambda: "left: %s" % sorted(set(os.listdir(directory)) - halves))
        if any(agent.events("refused")):
            raise Failed("refused although it may be written on")
        agent.stop()
        agent.start("1s")
        wait_until(agent, lambda: {e["archive"] for e in agent.events("refused")} == halves,
                   lambda: "not refused as they should be")
        seconds = time.monotonic() - begin
        agent.stop()
        check_pushed(arrivals, registry, agent)
        retries = sum(1 for _ in agent.events("retry"))
        sent = sum(exchanges(registry)[2].values())
        if retries == 0:
            raise Failed("the registry has not failed: this tests nothing")
    pushed = sum(a.way in PUSHED_WAYS for a in arrivals)
    return "%d archives, %d kills, %d retries, %.0f s: %d to be pushed, each once and confirmed " \
           "before it was removed, %d halves refused, %.1f MB sent" % (
               count, agent.kills, retries, seconds, pushed, len(halves), sent / 1e6)


def run(stage):
    count, kills = (20, 1) if stage.short else (200, 3)
    yield "an agent that is killed, a registry that fails", run_one(stage, count, kills), True
