"""Functions that take memory and time."""

import os
import time


def take(mebibytes):
    held = bytearray(mebibytes * 2**20)
    for at in range(0, len(held), 4096):
        held[at] = 1
    time.sleep(0.6)
    return {"held": len(held)}


kept = []


def keep(mebibytes):
    kept.append(bytes(range(256)) * (mebibytes * 4096))
    return {"held": len(kept[-1])}


def rest(after):
    time.sleep(0.5)
    return {"held": 0}


def die_after(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass
    if seconds < 0.1:
        time.sleep(0.4)
        os._exit(3)
    return {"held": 0}


def ask_for_all():
    return {"held": len(bytearray(2**60))}


def spin():
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    return {"pid": os.getpid()}
