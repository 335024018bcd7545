"""Runs a command and writes what it has used: meter.py RESULT OUTPUT LIMIT WATCHED COMMAND...

wall: seconds until the command ended. cpu: user and system seconds of all processes that it started, daemons included.
rss: the highest sum of their resident memory, in MiB, looked at each 50 ms. WATCHED is the id of a server (or 0) whose
processes count too. others: the cores that everything else on the machine has used meanwhile.
"""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time

TICK = os.sysconf('SC_CLK_TCK')
PAGE = os.sysconf('SC_PAGE_SIZE') / 2**20
# Orphans become children of this process: their time is counted, and none stays behind.
PR_SET_CHILD_SUBREAPER = 36


def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ''


def descendants(pid):
    found, open_ids = [], [pid]
    while open_ids:
        current = open_ids.pop()
        try:
            threads = os.listdir(f'/proc/{current}/task')
        except OSError:
            continue
        for thread in threads:
            children = [int(child) for child in read(f'/proc/{current}/task/{thread}/children').split()]
            found += children
            open_ids += children
    return found


def resident(pid):
    fields = read(f'/proc/{pid}/statm').split()
    return int(fields[1]) * PAGE if fields else 0


def server_seconds(pid):
    total = 0
    for each in [pid, *descendants(pid)] if pid else []:
        stat = read(f'/proc/{each}/stat').rpartition(')')[2].split()
        # user and system time; of the server itself that of its ended children too.
        total += sum(int(ticks) for ticks in stat[11 : 15 if each == pid else 13]) if stat else 0
    return total / TICK


def machine_seconds():
    user, nice, system, _idle, _wait, irq, softirq = (
        int(ticks) for ticks in read('/proc/stat').split('\n')[0].split()[1:8]
    )
    return (user + nice + system + irq + softirq) / TICK


def watch(peak, ended, watched):
    while not ended.wait(0.05):
        alive = descendants(os.getpid())
        servers = [watched, *descendants(watched)] if watched else []
        peak[0] = max(peak[0], sum(resident(pid) for pid in [*alive, *servers]))


def end_all():
    for kind, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        until = time.monotonic() + patience
        for pid in descendants(os.getpid()):
            try:
                os.kill(pid, kind)
            except OSError:
                pass
        while time.monotonic() < until:
            try:
                if os.waitpid(-1, os.WNOHANG) == (0, 0):
                    time.sleep(0.02)
            except ChildProcessError:
                return


def main():
    result, output, limit, watched, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    peak, ended = [0.0], threading.Event()
    watcher = threading.Thread(target=watch, args=(peak, ended, int(watched)))
    busy, server = machine_seconds(), server_seconds(int(watched))
    with open(output, 'wb') as out:
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        watcher.start()
        try:
            code = process.wait(float(limit))
        except subprocess.TimeoutExpired:
            code = None
        wall = time.monotonic() - start
    ended.set()
    watcher.join()
    busy, server = machine_seconds() - busy, server_seconds(int(watched)) - server
    end_all()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime + server
    others = max(0.0, busy - cpu - own.ru_utime - own.ru_stime) / wall
    with open(result, 'w') as file:
        json.dump({'code': code, 'wall': wall, 'cpu': cpu, 'rss': peak[0], 'others': others}, file)


main()
