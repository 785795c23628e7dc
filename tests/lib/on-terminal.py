#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command on a terminal of its own and answers what it asks there.

usage: on-terminal.py ANSWER... -- COMMAND [ARGUMENT...]

Each time the terminal shows a colon and a space, the next ANSWER is typed. Prints all that the
terminal showed, echo included, and exits with the command's status.
"""

import os
import pty
import sys

split = sys.argv.index("--")
answers, command = sys.argv[1:split], sys.argv[split + 1:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
shown = b""
while True:
    try:
        data = os.read(terminal, 4096)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
    shown += data
    if shown.endswith(b": ") and answers:
        shown = b""
        os.write(terminal, answers.pop(0).encode() + b"\n")
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status) % 256)
