"""A worker under watch: tells what of the world the functions of a step use, for `pipewright check --hermetic`.

It is given one argument, JSON: `uses`, the file to which each use is added as a line of JSON; `env`, the names of variables
that the step declares; `roots`, the folders of the project. Everything else is the worker's own.
"""

import json
import os
import pathlib
import sys
import sysconfig
import threading

import pipewright_worker as worker

_paths = sysconfig.get_paths()
# What is installed has a version, which the cache key counts.
_INSTALLED = {os.path.realpath(_paths[name]) for name in ("purelib", "platlib")}
_STDLIB = {os.path.realpath(_paths[name]) for name in ("stdlib", "platstdlib")}
_OWN = os.path.dirname(os.path.abspath(__file__))
# Loading code is no use of a file, and neither is showing it: what is loaded is part of the code digest.
_LOADERS = ("importlib", "runpy", "pkgutil", "zipimport", "linecache", "tokenize", "traceback", "inspect")
# Modules through which a step itself reads its environment.
_THROUGH = ("os", "_collections_abc", "collections.abc")
LONGEST = 80

_FILES = {
    "open",
    "os.chflags",
    "os.chmod",
    "os.chown",
    "os.link",
    "os.listdir",
    "os.mkdir",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.scandir",
    "os.symlink",
    "os.truncate",
    "os.utime",
    "sqlite3.connect",
}
_NETWORK = {
    "socket.bind",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyaddr",
    "socket.gethostbyname",
    "socket.gethostname",
    "socket.sendmsg",
    "socket.sendto",
}
# Their first argument is the socket.
_OF_SOCKETS = {"socket.bind", "socket.connect", "socket.sendmsg", "socket.sendto"}
_PROCESSES = {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen"}
# Built-in functions that no event tells of, by their module.
_CLOCKS = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "localtime", "gmtime"}


def _is_in(folders, path):
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)


class Watch:
    """Records uses from the begin of a call to its end, each place once."""

    def __init__(self, uses, env, roots):
        self.file = os.open(uses, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.env = set(env)
        self.roots = [os.path.realpath(root) for root in roots]
        self.workdir = None
        self.seen = set()
        self.own = threading.local()

    def begin(self, workdir):
        self.seen = set()
        self.workdir = os.path.realpath(workdir)
        threading.setprofile(self.profile)
        sys.setprofile(self.profile)

    def end(self):
        sys.setprofile(None)
        threading.setprofile(None)
        self.workdir = None

    def record(self, kind, told, frame, directly=False):
        """Records a use where the project's code stands behind it. `told` gives its text, or None where it is declared."""
        if self.workdir is None or getattr(self.own, "busy", False):
            return
        # What is looked at here is looked at by nobody else.
        self.own.busy = True
        try:
            place = self._place(frame, directly)
            text = None if place is None else told()
            if text is None or (kind, *place) in self.seen:
                return
            self.seen.add((kind, *place))
            file, line, column = place
            use = {"kind": kind, "what": text, "file": file, "line": line, "column": column}
            os.write(self.file, (json.dumps(use) + "\n").encode("utf-8", "replace"))
        except Exception:
            # A watch must not change what a step does.
            pass
        finally:
            self.own.busy = False

    def _place(self, frame, directly):
        """The nearest place of the project on the stack; None where a loader or the worker stands between.

        With `directly` also where it is the standard library that asks by itself, as for the time of a line that is logged.
        """
        while frame is not None:
            name = frame.f_globals.get("__name__") or ""
            filename = frame.f_code.co_filename
            path = os.path.realpath(filename)
            if name.split(".")[0] in _LOADERS or filename.startswith("<frozen importlib") or _is_in([_OWN], path):
                return None
            is_installed = _is_in(_INSTALLED, path)
            is_stdlib = not is_installed and (filename.startswith("<frozen") or _is_in(_STDLIB, path))
            if not is_installed and not is_stdlib and _is_in(self.roots, path):
                return path, frame.f_lineno or 1, _column(frame)
            if name not in _THROUGH:
                if directly and is_stdlib:
                    return None
                directly = False
            frame = frame.f_back
        return None

    # Files, network and processes: what Python itself tells.

    def audit(self, event, args):
        if self.workdir is None:
            return
        if event in _FILES or event.startswith("shutil."):
            self.record("file", lambda: self._file(event, args), sys._getframe(1))
        elif event in _NETWORK:
            told = args[1:] if event in _OF_SOCKETS else args
            self.record("network", lambda: _call(event, told), sys._getframe(1))
        elif event in _PROCESSES:
            self.record("process", lambda: _call(event, args), sys._getframe(1))

    def _file(self, event, args):
        paths = [path for one in args[: 2 if event in _TWO_PATHS else 1] if (path := _path(one)) is not None]
        # A file that is open already was counted when it was opened.
        if all(self.is_declared(path) for path in paths):
            return None
        return _call(event, [paths[0]])

    def is_declared(self, path):
        if path == os.devnull:
            return True
        real = os.path.realpath(path)
        return _is_in([self.workdir, *_INSTALLED, *_STDLIB], real)

    # What it does not tell: the environment, looking at files, clocks, chance.

    def wrap(self):
        watch = self

        class Environment(type(os.environ)):
            def __getitem__(self, name):
                watch.variable(name)
                return super().__getitem__(name)

            def __contains__(self, name):
                watch.variable(name)
                return super().__contains__(name)

            def __iter__(self):
                watch.record("environment", lambda: "os.environ, all of it", sys._getframe(1), True)
                return super().__iter__()

        os.environ.__class__ = Environment
        # Before Python 3.11 paths have functions of their own.
        of_paths = getattr(pathlib, "_NormalAccessor", None)
        for name in ("stat", "lstat", "access", "readlink"):
            look = self._looking(name, getattr(os, name))
            setattr(os, name, look)
            if hasattr(of_paths, name):
                setattr(of_paths, name, staticmethod(look))

    def variable(self, name):
        told = None if name in self.env else f"os.environ[{str(name)!r}]"
        self.record("environment", lambda: told, sys._getframe(2), True)

    def _looking(self, name, original):
        def look(path, *args, **options):
            real = _path(path)
            if real is not None:
                told = lambda: None if self.is_declared(real) else _call(f"os.{name}", [real])  # noqa: E731
                self.record("file", told, sys._getframe(1))
            return original(path, *args, **options)

        return look

    def profile(self, frame, event, arg):
        """Sees built-in functions that are called."""
        if event != "c_call":
            return
        name, module = getattr(arg, "__name__", None), getattr(arg, "__module__", None)
        if name in _CLOCKS and module == "time":
            self.record("clock", lambda: f"time.{name}()", frame, True)
        elif name in ("now", "utcnow", "today"):
            of = getattr(arg, "__self__", None)
            if isinstance(of, type) and of.__module__ == "datetime":
                self.record("clock", lambda: f"{of.__name__}.{name}()", frame, True)
        elif name in ("urandom", "getrandom") and module == "posix":
            self.record("random", lambda: f"os.{name}()", frame)


_TWO_PATHS = {"os.link", "os.rename", "os.symlink"}


def _path(value):
    if isinstance(value, int):
        return None
    try:
        return os.fsdecode(value)
    except TypeError:
        return None


def _call(event, args):
    first = args[0] if args else None
    if isinstance(first, tuple):
        first = ":".join(str(part) for part in first[:2])
    if isinstance(first, bytes):
        first = os.fsdecode(first)
    text = "" if first is None else str(first)
    short = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return f"{event}({repr(short) if short else ''})"


def _column(frame):
    """Python 3.11 and later tell it: two uses of one line are two."""
    positions = getattr(frame.f_code, "co_positions", None)
    if positions is None:
        return 1
    found = next((at for index, at in enumerate(positions()) if index == frame.f_lasti // 2), None)
    return 1 if found is None or found[2] is None else found[2] + 1


def main():
    watch = Watch(**json.loads(sys.argv[1]))
    watch.wrap()
    sys.addaudithook(watch.audit)
    call = worker._Run.call

    def watched(run, module):
        watch.begin(run.workdir)
        try:
            return call(run, module)
        finally:
            watch.end()

    worker._Run.call = watched
    return worker.main()


if __name__ == "__main__":
    code = main()
    worker._flush()
    os._exit(code)
