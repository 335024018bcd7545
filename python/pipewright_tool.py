"""Runs a program to its end: pipewright_tool.py PROGRAM ARGUMENT…

Standard input is a pipe that is held by whoever wants the program. When that is gone, however it was ended, the program is
killed with all that it has started. Leads a process group of its own.
"""

import os
import signal
import subprocess
import sys
import threading


def _watch():
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_watch, daemon=True).start()
    code = subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL)
    # As a shell tells of a signal.
    os._exit(code if code >= 0 else 128 - code)
