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
    """Whether the run was stopped, and its exit status."""
    job.renew()
    process = job.stage.start(job.place, *job.arguments())
    hit = signalled(process, moment, number)
    process.communicate()
    return hit, process.returncode


def again(job):
    """The second run; how many temporary names there were before."""
    names = len(temporary_names(job.place))
    job.check(done=False)
    job.stage.run(job.place, *job.arguments())
    job.check(done=True)
    return names


def moments(job, count):
    """Spread over the time that a run takes when nobody disturbs it."""
    job.renew()
    seconds, _ = timed(job.stage.run, job.place, *job.arguments())
    job.check(done=True)
    job.clear()
    return [seconds * (2 * i + 1) / (2 * count) for i in range(count)]


def kill(job, count):
    hits = 0
    before = job.registry.open_uploads()
    for moment in moments(job, count):
        hit, status = stop_at(job, moment, signal.SIGKILL)
        if hit and status not in (0, -signal.SIGKILL):
            raise Failed("status %d" % status)
        hits += status != 0
        again(job)
        job.clear()
    if hits == 0:
        raise Failed("no run was killed: this tests nothing")
    return "%d of %d killed, %d uploads left to the registry" % (
        hits, count, job.registry.open_uploads() - before)


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
    for job.is_first, call in itertools.product((True, False), PUBLISHING_CALLS):
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


def interrupt(job, count):
    hits, uploads = 0, job.registry.open_uploads()
    signals = itertools.cycle((signal.SIGINT, signal.SIGTERM))
    for moment, number in zip(moments(job, count), signals):
        hit, status = stop_at(job, moment, number)
        if status not in ((0, 130) if hit else (0,)):
            raise Failed("status %d" % status)
        hits += status == 130
        job.check(done=status == 0)
        if temporary_names(job.place):
            raise Failed("left behind: %s" % temporary_names(job.place))
        again(job)
        job.clear()
    left = job.registry.open_uploads() - uploads
    if hits == 0:
        raise Failed("no run was interrupted: this tests nothing")
    if left:
        raise Failed("%d uploads are still open" % left)
    return "%d of %d interrupted, no upload left open" % (hits, count)


def make_image(stage, registry, archive):
    place = stage.place()
    layout, tar = place + "/work/layout", place + "/work/image.tar"
    stage.run(place, "convert", archive, "oci:%s:1" % layout, "oci-archive:%s:1" % tar,
              registry.image("source:1"))
    other = place + "/work/other"
    stage.run(place, "convert", os.path.join(LIB, "..", "data", SAMPLE), "oci:%s:other" % other)
    return Image(archive, sha256(archive), Layout(layout).images()[0]["digest"], layout,
                 sha256(tar), other, Layout(other).images()[0]["digest"])


def jobs(stage, registry, image, short):
    convert = ["convert", image.archive]
    source = registry.image("source:1")
    yield "convert to all three", Job(stage, image, registry, ("registry", "layout", "archive"),
                                      convert)
    if not short:
        for kind in ("registry", "layout", "archive"):
            yield "convert to " + kind, Job(stage, image, registry, (kind,), convert)
    # From a layout: within a registry nothing would move.
    yield "copy to registry", Job(stage, image, registry, ("registry",),
                                  ["copy", "oci:%s:1" % image.layout])
    yield "copy to layout", Job(stage, image, registry, ("layout",), ["copy", source])
    yield "pull", Job(stage, image, registry, ("file",), ["pull", "--force", source])


def run_jobs(stage, size, work, *arguments):
    archive = stage.archive(size)
    for server in ("registry_start_plain", "registry_start_persona distribution"):
        with stage.registry(server) as registry:
            image = make_image(stage, registry, archive)
            for name, job in jobs(stage, registry, image, stage.short):
                label = "%s (%s)" % (name, server.split("_")[2])
                try:
                    yield label, work(job, *arguments), True
                except Failed as error:
                    yield label, str(error), False
        if stage.short:
            break


def run_kill(stage):
    yield from run_jobs(stage, "64M" if stage.short else "256M", kill, 3 if stage.short else 10)


def run_publish(stage):
    archive = stage.archive("1M" if stage.short else "4M")
    with stage.registry("registry_start_plain") as registry:
        image = make_image(stage, registry, archive)
        for name, job in jobs(stage, registry, image, True):
            if "registry" in job.kinds and len(job.kinds) == 1:
                continue
            try:
                yield name, kill_publishing(job), True
            except Failed as error:
                yield name, str(error), False


def run_interrupt(stage):
    yield from run_jobs(stage, "64M" if stage.short else "256M", interrupt,
                        2 if stage.short else 10)
