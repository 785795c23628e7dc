#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Copies a checkpoint archive and gives its process 1 more memory: pages of random bytes at low
addresses, in front of those that it has. The pagemap says so, as CRIU's would."""

import io
import os
import sys
import tarfile

PAGE = 4096
ADDRESS = 0x1000


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def pagemap_entry(address, pages):
    """pagemap_entry: vaddr 1, compat_nr_pages 2, flags 4 (present), nr_pages 5"""
    message = (b"\x08" + varint(address) + b"\x10\x00" + b"\x20\x04" + b"\x28" + varint(pages))
    return len(message).to_bytes(4, "little") + message


def grown(name, data, pages):
    if name == "checkpoint/pages-1.img":
        return os.urandom(pages * PAGE) + data
    if name == "checkpoint/pagemap-1.img":
        head = 8 + 4 + int.from_bytes(data[8:12], "little")
        return data[:head] + pagemap_entry(ADDRESS, pages) + data[head:]
    return data


def main():
    source, target, mebibytes = sys.argv[1:]
    pages = int(mebibytes) * (1 << 20) // PAGE
    with tarfile.open(source) as old, tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as new:
        for member in old:
            file = old.extractfile(member)
            if file is None:
                new.addfile(member)
                continue
            data = grown(member.name, file.read(), pages)
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))


main()
