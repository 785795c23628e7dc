# SPDX-License-Identifier: Apache-2.0
"""Runs that are killed or interrupted at moments spread over their time, and then run again."""

import dataclasses
import itertools
import os
import shutil
import signal

from soak.stage import (
    LIB, Failed, Layout, digest_of, scratch_files, sha256, signalled, temporary_names, timed)

# The calls that make what has been written visible, or safe.
PUBLISHING_CALLS = ("fsync", "linkat", "renameat", "renameat2")
PUBLISHING_MAX = 60
TURNS = 8
SAMPLE = "crio-1.36-counter.tar"


@dataclasses.dataclass
class Image:
    """What an undisturbed run gives."""

    archive: str
    archive_digest: str
    manifest_digest: str
    layout: str
    tar_digest: str
    other_layout: str  # with another image, "other"
    other_digest: str


OLD = b"what was there before"


class Job:
    """A command with what it writes to, and what may be there after it was stopped anywhere."""

    def __init__(self, stage, image, registry, kinds, command):
        self.stage = stage
        self.image = image
        self.registry = registry
        self.kinds = kinds
        self.command = command
        self.is_first = True  # nothing is there yet; else something to be added to or replaced

    def renew(self):
        self.place = self.stage.place()
        work = os.path.join(self.place, "work")
        self.name = "soak/x" + os.path.basename(self.place)
        self.layout, self.tar = work + "/layout", work + "/image.tar"
        self.file = work + "/archive"
        if self.is_first:
            return
        for path in (self.tar, self.file):
            with open(path, "wb") as file:
                file.write(OLD)
        shutil.copytree(self.image.other_layout, self.layout)

    def arguments(self):
        destinations = {"registry": self.registry.image(self.name + ":1"),
                        "layout": "oci:%s:1" % self.layout,
                        "archive": "oci-archive:%s:1" % self.tar, "file": self.file}
        return [*self.command, *(destinations[kind] for kind in self.kinds)]

    def check_registry(self, done):
        manifest = self.registry.manifest(self.name, "1")
        if manifest is None and not done:
            return
        if manifest is None or digest_of(manifest) != self.image.manifest_digest:
            raise Failed("the tag is missing or wrong")
        pulled = self.stage.pulled(self.place, self.registry.image(self.name + ":1"))
        if pulled != self.image.archive_digest:
            raise Failed("another archive comes back")

    def check_layout(self, done):
        layout = Layout(self.layout)
        layout.check(strict=done)
        before = set() if self.is_first else {self.image.other_digest}
        digests = {image["digest"] for image in layout.images()}
        if digests != before | {self.image.manifest_digest} and (done or digests != before):
            raise Failed("the layout has %s" % digests)

    def check_file(self, path, expected, done):
        before = None if self.is_first else digest_of(OLD)
        digest = sha256(path) if os.path.exists(path) else None
        if digest != expected and (done or digest != before):
            raise Failed("%s is not whole" % path)

    def check(self, done):
        """done: all has to be there, and nothing else."""
        checks = {"registry": self.check_registry, "layout": self.check_layout,
                  "archive": lambda d: self.check_file(self.tar, self.image.tar_digest, d),
                  "file": lambda d: self.check_file(self.file, self.image.archive_digest, d)}
        for kind in self.kinds:
            checks[kind](done)
        left = scratch_files(self.place)
        if done:
            left += temporary_names(self.place)
        if left:
            raise Failed("left behind: %s" % left)

    def clear(self):
        shutil.rmtree(self.place)


def stop_at(job, moment, number):
    """Whether the signal has met the run, whether that was listening then, and its exit status."""
    job.renew()
    process = job.stage.start(job.place, *job.arguments())
    hit, listened = signalled(process, moment, number)
    process.communicate()
    return hit, listened, process.returncode


def again(job):
    """The second run; how many temporary names there were before."""
    names = len(temporary_names(job.place))
    job.check(done=False)
    job.stage.run(job.place, *job.arguments())
    job.check(done=True)
    return names


def run_time(job):
    """The seconds that a run takes when nobody disturbs it."""
    job.renew()
    seconds, _ = timed(job.stage.run, job.place, *job.arguments())
    job.check(done=True)
    job.clear()
    return seconds


def stopped(job, count, stop_one):
    """How many runs were stopped, at moments spread over their time. On a busy machine that which
    was measured may have been the slowest: then all moments are earlier."""
    seconds = run_time(job)
    for turn in range(TURNS):
        hits = sum(stop_one(job, seconds * (2 * i + 1) / (2 * count) / 2 ** turn)
                   for i in range(count))
        if hits:
            return hits
    raise Failed("no run was stopped: this tests nothing")


def kill_one(job, moment):
    hit, _, status = stop_at(job, moment, signal.SIGKILL)
    if status not in ((0, -signal.SIGKILL) if hit else (0,)):
        raise Failed("status %d" % status)
    again(job)
    job.clear()
    return status != 0


def kill(job, count):
    before = job.registry.open_uploads()
    hits = stopped(job, count, kill_one)
    return "%d of %d killed, %d uploads left to the registry" % (
        hits, count, len(job.registry.open_uploads() - before))


def kill_at_call(job, call, number):
    """Whether the run has come to that call."""
    job.renew()
    wrapper = ("strace", "-f", "-qq", "-o", os.devnull, "-e", "trace=" + call,
               "--inject=%s:signal=KILL:when=%d" % (call, number))
    process = job.stage.start(job.place, *job.arguments(), wrapper=wrapper)
    process.communicate()
    if process.returncode not in (0, -signal.SIGKILL, 128 + signal.SIGKILL):
        raise Failed("status %d" % process.returncode)
    return process.returncode != 0


def kill_publishing(job):
    """At each call of those in turn, until there is none left to kill at."""
    calls = names = 0
    ways = itertools.product((True, False), PUBLISHING_CALLS)
    if job.stage.short:
        ways = ((False, "renameat"), (False, "linkat"))
    for job.is_first, call in ways:
        for number in itertools.count(1):
            if not kill_at_call(job, call, number):
                break
            names += again(job)
            calls += 1
            job.clear()
            if number == PUBLISHING_MAX:
                raise Failed("more than %d calls" % PUBLISHING_MAX)
        job.clear()
    if calls == 0 or names == 0:
        raise Failed("%d calls, %d temporary names: this tests nothing" % (calls, names))
    return "killed at each of %d calls, %d temporary names cleared away" % (calls, names)


def interrupt_one(job, moment):
    number = next(job.signals)
    hit, listened, status = stop_at(job, moment, number)
    # Death by the signal: the program had not even begun to listen.
    expected = (0,) if not hit else (0, 130) if listened else (0, 130, -number)
    if status not in expected:
        raise Failed("status %d after %s" % (status, number.name))
    job.check(done=status == 0)
    if temporary_names(job.place):
        raise Failed("left behind: %s" % temporary_names(job.place))
    again(job)
    job.clear()
    return status == 130


def interrupt(job, count):
    before = job.registry.open_uploads()
    job.signals = itertools.cycle((signal.SIGINT, signal.SIGTERM))
    hits = stopped(job, count, interrupt_one)
    left = job.registry.open_uploads() - before
    refused = {upload for upload in left if job.registry.refused_to_close(upload)}
    if left - refused:
        raise Failed("%d uploads are still open after %d interruptions" % (
            len(left - refused), hits))
    return "%d of %d interrupted, no upload left open but %d that the registry did not close" % (
        hits, count, len(refused))


def make_image(stage, registry, archive):
    place = stage.place()
    layout, tar = place + "/work/layout", place + "/work/image.tar"
    stage.run(place, "convert", archive, "oci:%s:1" % layout, "oci-archive:%s:1" % tar,
              registry.image("source:1"))
    other = place + "/work/other"
    stage.run(place, "convert", os.path.join(LIB, "..", "data", SAMPLE), "oci:%s:other" % other)
    return Image(archive, sha256(archive), Layout(layout).images()[0]["digest"], layout,
                 sha256(tar), other, Layout(other).images()[0]["digest"])


def jobs(stage, registry, image):
    """What is to be stopped, and its name."""
    def job(kinds, *command):
        return Job(stage, image, registry, kinds, command)

    source = registry.image("source:1")
    yield "convert to all three", job(("registry", "layout", "archive"), "convert", "--force", image.archive)
    for kind in ("registry", "layout", "archive"):
        yield "convert to " + kind, job((kind,), "convert", "--force", image.archive)
    # From a layout: within a registry nothing would move.
    yield "copy to registry", job(("registry",), "copy", "oci:%s:1" % image.layout)
    yield "copy to layout", job(("layout",), "copy", source)
    yield "pull", job(("file",), "pull", "--force", source)


def run_jobs(stage, registry, image, names, work, *arguments):
    for name, job in jobs(stage, registry, image):
        if names is None or name in names:
            try:
                yield name, work(job, *arguments), True
            except Failed as error:
                yield name, str(error), False


def run_stopped(stage, work, short_names):
    """At a real registry, and at one that goes on where an upload was cut."""
    archive = stage.archive("8M" if stage.short else "64M")
    servers = (("docker-registry", "registry_start_plain", short_names if stage.short else None),
               ("distribution", "registry_start_persona distribution",
                () if stage.short else ("convert to all three", "copy to registry")))
    for server, command, names in servers:
        if names == ():
            continue
        with stage.registry(command) as registry:
            image = make_image(stage, registry, archive)
            count = 2 if stage.short else 10
            for name, *rest in run_jobs(stage, registry, image, names, work, count):
                yield ("%s (%s)" % (name, server), *rest)


def run_kill(stage):
    yield from run_stopped(stage, kill, ("convert to all three", "pull"))


def run_interrupt(stage):
    yield from run_stopped(stage, interrupt, ("convert to all three", "copy to registry"))


def run_publish(stage):
    names = ("copy to layout", "pull") if stage.short else (
        "convert to layout", "convert to archive", "copy to layout", "pull")
    with stage.registry("registry_start_plain") as registry:
        image = make_image(stage, registry, stage.archive("1M"))
        yield from run_jobs(stage, registry, image, names, kill_publishing)
