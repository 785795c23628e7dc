#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""doc-commands.py [--update] DOCUMENT CKPTOCI DIRECTORY: runs the commands in the document's console
blocks in DIRECTORY, and prints where their output is another one than the document shows; with
--update the document is changed instead. A block is

    ```console
    $ ckptoci COMMAND...
    what it prints, on both outputs, and "exit status N" where that is not 0
    ```

Exit status: 0 if everything is as the document shows."""

import difflib
import os
import re
import shlex
import subprocess
import sys

BLOCK = re.compile(r"(^```console\n\$ ckptoci ([^\n]*)\n)(.*?)(^```$)", re.DOTALL | re.MULTILINE)


def run(ckptoci, directory, line):
    ran = subprocess.run([ckptoci, *shlex.split(line)], cwd=directory, check=False,
                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, encoding="utf-8")
    return ran.stdout + ("exit status %d\n" % ran.returncode if ran.returncode else "")


def main():
    update = sys.argv[1] == "--update"
    document, ckptoci, directory = sys.argv[1 + update:]
    with open(document, encoding="utf-8") as file:
        text = file.read()
    new = BLOCK.sub(lambda found: found[1] + run(os.path.abspath(ckptoci), directory, found[2])
                    + found[4], text)
    count = len(BLOCK.findall(text))
    if update:
        with open(document, "w", encoding="utf-8") as file:
            file.write(new)
    elif new != text:
        sys.stdout.writelines(difflib.unified_diff(text.splitlines(True), new.splitlines(True),
                                                   document, "what it prints"))
    print("%d commands" % count)
    sys.exit(count == 0 or (new != text and not update))


main()
