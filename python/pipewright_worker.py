"""The Python side of Pipewright's worker protocol, and what a step may import from it.

    from pipewright_worker import checkpoint, log, metric, progress, restored

A step needs none of it. Outside of a worker (in a notebook, in a test) all of these do nothing. It is one file, of the
standard library alone, for Python 3.9 and later; the protocol is described in docs/worker-protocol.md of the package.
"""

import errno
import importlib
import importlib.util
import itertools
import json
import logging
import math
import os
import queue
import random
import re
import signal
import sys
import threading
import warnings
from pathlib import Path

__all__ = [
    "Cancelled",
    "Model",
    "attempt",
    "cancelled",
    "checkpoint",
    "idempotency_key",
    "log",
    "metric",
    "once",
    "param",
    "progress",
    "report",
    "restored",
    "secret",
    "seed",
    "workdir",
]

PROTOCOL = "pipewright-worker/1"
CHANNEL = 3
# Exit codes: the request cannot be met; the code to be called is not there.
UNREADABLE = 64
REFUSED = 65
# What is longer, in characters of JSON, travels in a file.
LONGEST_INLINE = 64 * 1024
LONGEST_TEXT = 32 * 1024
# Lists and dicts in one another.
DEEPEST = 200
# Whole numbers beyond are not exact in JSON as JavaScript reads it.
LARGEST_INTEGER = 2**53 - 1


class Cancelled(BaseException):
    """Raised in the step's function when its run is cancelled or its time is over; no `except Exception` catches it."""


class Model(os.PathLike):
    """A model that is a file or a folder, with JSON Schemas of one input and one output; None where they are not known.

    A parameter that is annotated so is given one, and a function may return one: Model("model.joblib", input={…}).
    """

    def __init__(self, path, input=None, output=None, format=None):
        self.path = Path(path)
        self.input = input
        self.output = output
        self.format = format

    def __fspath__(self):
        return os.fspath(self.path)

    def __repr__(self):
        return f"Model({str(self.path)!r}, format={self.format!r})"


# ---------------------------------------------------------------------------------------------------------------------
# What a step may call.


def log(message, level="info", **fields):
    """Writes a log line: level is debug, info, warn or error; fields are JSON."""
    _send_from_step({"type": "log", "level": level, "message": _text(message), **_fields(fields)})


def metric(name, value, step=None):
    """Records a metric point; step is the position on the x axis (default: the count of points so far)."""
    number = float(value)
    said = number if math.isfinite(number) else _special(number)
    at = {} if step is None else {"step": int(step)}
    _send_from_step({"type": "metric", "name": str(name), "value": said, **at})


def param(name, value):
    """Records a parameter that is not an input."""
    _send_from_step({"type": "param", "name": str(name), "value": _plain(value, "", f"parameter '{name}'")})


def progress(done, total=1):
    """Says how far the step is: done of total, or a share between 0 and 1."""
    _send_from_step({"type": "progress", "done": float(done), "total": float(total)})


def report(value):
    """Attaches a report: Markdown, a figure, a frame, a dict of these by caption, or {'title': …, 'blocks': […]}."""
    if _run is not None:
        import pipewright_report

        _send_from_step({"type": "report", **pipewright_report.travelling(pipewright_report.report_of(value))})


def checkpoint(value):
    """Saves how far this execution has come (JSON, or bytes); returns when that is durable."""
    if _run is None:
        return
    if isinstance(value, (bytes, bytearray)):
        path = _run.file("checkpoint")
        path.write_bytes(value)
        _ask({"type": "checkpoint", "bytes": str(path)})
    else:
        _ask({"type": "checkpoint", **_run.json(_plain(value, "", "the checkpoint"))})


def restored(default=None):
    """The latest checkpoint of this execution, or the default."""
    if _run is None:
        return default
    answer = _ask({"type": "restored"})
    if "bytes" in answer:
        return Path(answer["bytes"]).read_bytes()
    return _json_of(answer) if "value" in answer or "file" in answer else default


def once(key, call):
    """Calls a function once for this execution, and gives its result (JSON) when that is durable.

    A call that has given its result is never made again, in no later attempt or resume. The function may take one
    parameter without a default: the idempotency key of the call. Outside of a worker it is just called.
    """
    run = _run
    if run is None:
        return _once_called(call, None)
    key = str(key)
    if key in run.calls():
        raise _Told("DEFINITION_INVALID", f"once '{key}' would wait for itself", "give the call inside of it another key")
    answer = _ask({"type": "once", "key": key})
    if "call" in answer:
        run.calls().append(key)
        try:
            result = _plain(_once_called(call, answer["call"]["idempotencyKey"]), "", f"once '{key}'")
        except BaseException as error:
            _send_from_step({"type": "called", "ask": answer["ask"], "failed": _text(error)})
            raise
        finally:
            run.calls().remove(key)
        answer = _ask({"type": "called", **run.json(result)}, answer["ask"])
    return _json_of(answer) if "value" in answer or "file" in answer else None


def _once_called(call, key):
    import inspect

    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        # Some functions of C tell nothing of themselves.
        parameters = ()
    # One with a default is the way in which a lambda keeps a value of a loop: lambda item=item: …
    takes = any(one.default is one.empty and one.kind in (0, 1) for one in parameters)
    return call(key) if takes else call()


def secret(name):
    """The value of a secret that the step declares; outside of a worker the environment variable of that name."""
    return os.environ.get(name) if _run is None else _ask({"type": "secret", "name": str(name)})["value"]


def cancelled():
    """Tells whether the step is to stop; the exception Cancelled is raised in the main thread all the same."""
    return _run is not None and _run.cancelled.is_set()


def workdir():
    """The folder of this attempt, where files to be returned are written; the current folder outside of a worker."""
    return Path.cwd() if _run is None else Path(_run.workdir)


def seed():
    """The seed that random and numpy.random were given; None outside of a worker."""
    return None if _run is None else _run.seed


def idempotency_key():
    """Equal over attempts and resumes, new in a new run; None outside of a worker. Using it makes the result uncached."""
    return _context("idempotencyKey")


def attempt():
    """The number of this try, from 1; None outside of a worker. Using it makes the result uncached."""
    return _context("attempt")


def _context(name):
    return None if _run is None else _ask({"type": "context", "name": name}).get("value")


def _fields(fields):
    return {"fields": json.loads(json.dumps(fields, default=str, allow_nan=True, skipkeys=True))} if fields else {}


# ---------------------------------------------------------------------------------------------------------------------
# The channel: NDJSON on a socket.

_channel = None
_run = None


class _Channel:
    def __init__(self, descriptor):
        os.set_inheritable(descriptor, False)
        os.set_blocking(descriptor, True)
        self.descriptor = descriptor
        self.lock = threading.Lock()
        self.requests = queue.SimpleQueue()
        self.answers = {}
        self.asked = 0
        # An exception in the middle of a message would leave half of it there.
        self.sending = False
        self.interrupt = None

    def send(self, message):
        line = (json.dumps(message, allow_nan=False) + "\n").encode("utf-8")
        is_main = threading.current_thread() is threading.main_thread()
        # Set before the lock is taken: a signal between the two would leave it locked.
        was_sending = self.sending
        if is_main:
            self.sending = True
        try:
            with self.lock:
                view = memoryview(line)
                while view:
                    view = view[os.write(self.descriptor, view) :]
        except OSError as error:
            # A host that is gone is heard of by the reader of this channel.
            if error.errno == errno.EBADF:
                sys.stderr.write("descriptor 3, on which a worker answers, was closed by the step\n")
                _flush()
                os._exit(UNREADABLE)
        finally:
            if is_main:
                self.sending = was_sending
        if is_main and not was_sending and self.interrupt is not None:
            interrupt, self.interrupt = self.interrupt, None
            raise interrupt

    def ask(self, message, number=None):
        box = queue.SimpleQueue()
        with self.lock:
            if number is None:
                self.asked += 1
                number = self.asked
            self.answers[number] = box
        self.send({**message, "ask": number})
        answer = box.get()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def read(self):
        """Reads what the host sends until it is gone; a thread of its own, so that a busy step hears of it."""
        rest = b""
        while True:
            try:
                chunk = os.read(self.descriptor, 65536)
            except OSError:
                chunk = b""
            if not chunk:
                break
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self.take(json.loads(line))
        self.requests.put(None)
        run = _run
        if run is not None:
            # Nobody waits for the result any more.
            os.kill(os.getpid(), signal.SIGTERM)
            if not run.finished.wait(5):
                _end_group()

    def take(self, message):
        kind = message.get("type")
        if kind == "run":
            self.requests.put(message)
        elif kind == "answer":
            box = self.answers.pop(message["ask"], None)
            if box is not None:
                box.put(message)
        elif kind == "cancel":
            run = _run
            if run is not None and run.id == message.get("id"):
                run.cancelled.set()


def _end_group():
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _send_from_step(message):
    if _channel is not None and _run is not None:
        _channel.send(message)


def _ask(message, number=None):
    return _channel.ask(message, number)


def _text(value):
    text = str(value)
    # Half of a surrogate pair stands for a byte that is not UTF-8.
    return text.encode("utf-8", "replace").decode("utf-8")[:LONGEST_TEXT]


# ---------------------------------------------------------------------------------------------------------------------
# Values.


class _Told(Exception):
    """An error with a code and a fix, as the host words its own."""

    def __init__(self, code, message, fix=None):
        super().__init__(message)
        self.code = code
        self.fix = fix


def _special(number):
    return "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")


def _module_of(value):
    return type(value).__module__.split(".")[0]


def _refuse(what, path, problem, fix):
    place = what if path == "" else f"{what}, at {path}"
    raise _Told("VALUE_NOT_STORABLE", f"{place}: {problem}", fix)


_fixes = {
    "bytes": "return text (base64), or declare the output as file()",
    "bytearray": "return text (base64), or declare the output as file()",
    "datetime": "return value.isoformat()",
    "date": "return value.isoformat()",
    "time": "return value.isoformat()",
    "timedelta": "return value.total_seconds()",
    "Timestamp": "return value.isoformat()",
    "NaTType": "return None",
    "NAType": "return None",
    "ndarray": "return value.tolist()",
    "Series": "return value.tolist()",
    "Index": "return value.tolist()",
    "DataFrame": "declare the output as table(…), or return value.to_dict('records')",
    "Table": "declare the output as table(…), or return value.to_pylist()",
    "set": "return sorted(value)",
    "frozenset": "return sorted(value)",
    "Decimal": "return float(value) or str(value)",
    "complex": "return [value.real, value.imag]",
    "generator": "return list(value)",
    "PosixPath": "return str(value), or declare the output as file()",
}


def _plain(value, path, what, finite=True, cell=False, depth=0):
    """The value as JSON holds it; numpy scalars by item(). In cells of tables dates and large integers are marked."""
    # Not left to the interpreter's limit, which some versions reach after minutes.
    if depth > DEEPEST:
        raise _Told("VALUE_NOT_STORABLE", f"{what}: is nested too deeply, or holds itself", "return flat data")
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if kind is str:
        return value
    if kind is int:
        return _integer(value, path, what, cell)
    if kind is float:
        return _number(value, path, what, finite)
    if isinstance(value, dict):
        plain = {}
        for key, member in value.items():
            if not isinstance(key, str):
                _refuse(what, path, f"the key {key!r} is a {type(key).__name__}, not a text", "use texts as keys: str(key)")
            plain[str(key)] = _plain(member, f"{path}.{key}", what, finite, depth=depth + 1)
        return plain
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{path}[{index}]", what, finite, depth=depth + 1) for index, item in enumerate(value)]
    if cell and hasattr(value, "isoformat") and hasattr(value, "year") and value == value:
        return {"$date": _milliseconds(value, path, what)}
    if cell and kind.__name__ in ("NaTType", "NAType"):
        return None
    # Members of an enumeration may be texts and numbers too.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return _integer(int(value), path, what, cell)
    if isinstance(value, float):
        return _number(float(value), path, what, finite)
    if _module_of(value) == "numpy" and kind.__name__ != "ndarray" and hasattr(value, "item"):
        item = value.item()
        if type(item) is not kind:
            return _plain(item, path, what, finite, cell, depth + 1)
    fix = _fixes.get(kind.__name__)
    if fix is None:
        if hasattr(value, "__dataclass_fields__"):
            fix = "return dataclasses.asdict(value)"
        elif hasattr(value, "model_dump"):
            fix = "return value.model_dump()"
        else:
            fix = "return texts, numbers, booleans, None, and lists and dicts of them"
    _refuse(what, path, f"a {kind.__module__}.{kind.__qualname__} cannot be held by JSON", fix)


def _integer(value, path, what, cell):
    if -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return value
    if cell:
        return {"$bigint": str(value)}
    _refuse(what, path, f"{value} is too large for a number of JSON to hold exactly", "return str(value)")


def _number(value, path, what, finite):
    if math.isfinite(value):
        return value
    if not finite:
        return {"$number": _special(value)}
    _refuse(what, path, f"is {_special(value)}, which JSON cannot hold", "return None, or leave it out")


def _milliseconds(value, path, what):
    from datetime import datetime, timedelta, timezone

    if isinstance(value, datetime):
        if value.tzinfo is None:
            value = value.replace(tzinfo=timezone.utc)
    else:
        value = datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    exact, rest = divmod(value - datetime(1970, 1, 1, tzinfo=timezone.utc), timedelta(milliseconds=1))
    if rest or getattr(value, "nanosecond", 0):
        _refuse(what, path, f"{value} is finer than a millisecond", "round it: .dt.floor('ms')")
    return exact


def _numbers(value):
    """NaN and infinities in the place of their marks."""
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and value.get("$number") in ("NaN", "Infinity", "-Infinity"):
        return float(value["$number"])
    return {name: _numbers(member) for name, member in value.items()}


def _json_of(given):
    if "file" in given:
        with open(given["file"], encoding="utf-8") as file:
            return json.load(file)
    return given["value"]


# ---------------------------------------------------------------------------------------------------------------------
# Tables.


def _has(package):
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _formats():
    return ["arrow", "rows"] if _has("pyarrow") or _has("polars") else ["rows"]


def _cell(value, kind):
    if value is None:
        return None
    if kind == "number":
        return float(value["$number"]) if isinstance(value, dict) else float(value)
    if kind == "bigint":
        return int(value["$bigint"]) if isinstance(value, dict) else int(value)
    if kind == "date":
        return _date(value["$date"])
    return value


def _date(milliseconds):
    from datetime import datetime, timedelta, timezone

    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=milliseconds)


def _read_rows(given):
    kinds = {column["name"]: column["type"] for column in given["columns"]}
    rows = []
    with open(given["file"], encoding="utf-8") as file:
        for line in file:
            rows.append({name: _cell(cell, kinds.get(name)) for name, cell in json.loads(line).items()})
    return rows


def _read_pyarrow(given):
    import pyarrow as pa

    with pa.memory_map(given["file"]) as source:
        table = pa.ipc.open_file(source).read_all()
    for at, column in enumerate(given["columns"]):
        if column["type"] == "integer":
            table = table.set_column(at, column["name"], table.column(at).cast(pa.int64()))
    return table


def _read_polars(given):
    import polars as pl

    frame = pl.read_ipc(given["file"])
    integers = [column["name"] for column in given["columns"] if column["type"] == "integer"]
    return frame.with_columns([pl.col(name).cast(pl.Int64) for name in integers]) if integers else frame


def _of_type(given, kind):
    return [column["name"] for column in given["columns"] if column["type"] == kind]


def _dicts(given):
    if given["format"] == "rows":
        return _read_rows(given)
    rows = _read_pyarrow(given).to_pylist() if _has("pyarrow") else _read_polars(given).rows(named=True)
    dates, texts = _of_type(given, "date"), _of_type(given, "json")
    if dates or texts:
        from datetime import timezone

        for row in rows:
            for name in dates:
                if row[name] is not None:
                    row[name] = row[name].replace(tzinfo=timezone.utc)
            for name in texts:
                if row[name] is not None:
                    row[name] = json.loads(row[name])
    # What is missing is no key, as in the step that made the table.
    absent = [column["name"] for column in given["columns"] if column.get("missing") == "absent"]
    for row in rows if absent else ():
        for name in absent:
            if row[name] is None:
                del row[name]
    return rows


def _pandas(given):
    import pandas as pd

    if given["format"] == "arrow" and _has("pyarrow"):
        frame = _read_pyarrow(given).to_pandas()
        for name in _of_type(given, "json"):
            frame[name] = [None if text is None else json.loads(text) for text in frame[name]]
        return frame
    names = [column["name"] for column in given["columns"]]
    rows = _dicts(given)
    frame = pd.DataFrame({name: [row.get(name) for row in rows] for name in names}, columns=names)
    for column in given["columns"]:
        if column["type"] == "number":
            frame[column["name"]] = frame[column["name"]].astype("float64")
        elif column["type"] == "date":
            frame[column["name"]] = pd.to_datetime(frame[column["name"]], utc=True).dt.tz_localize(None)
    return frame


def _polars(given):
    if given["format"] == "arrow":
        return _read_polars(given)
    import polars as pl

    return pl.DataFrame(_dicts(given))


def _pyarrow(given):
    if given["format"] == "arrow":
        return _read_pyarrow(given)
    import pyarrow as pa

    return pa.Table.from_pylist(_dicts(given))


_frames = {"pandas": _pandas, "polars": _polars, "pyarrow": _pyarrow, "rows": _dicts}


def _frame_asked(annotation, scope):
    """Which kind of table an annotation asks for."""
    if isinstance(annotation, str):
        try:
            return _frame_asked(eval(annotation, scope), scope)  # noqa: S307 - the step's own annotation
        except Exception:
            for name, package in (("pandas", "pandas"), ("pd.", "pandas"), ("polars", "polars"), ("pl.", "polars")):
                if name in annotation:
                    return package
            if "pyarrow" in annotation or "pa." in annotation:
                return "pyarrow"
            return "pandas" if "DataFrame" in annotation else "rows"
    package = getattr(annotation, "__module__", "").split(".")[0]
    if package in ("pandas", "polars", "pyarrow"):
        return package
    for part in getattr(annotation, "__args__", ()):
        asked = _frame_asked(part, scope)
        if asked != "rows":
            return asked
    return "rows"


def _input(given, annotation, scope):
    kind = given["kind"]
    if kind == "table":
        return _frames[_frame_asked(annotation, scope)](given)
    if kind == "model" and _asks_for_model(annotation):
        signature = given["signature"]
        return Model(given["path"], signature["input"], signature["output"], given["format"])
    if kind in ("file", "directory", "model"):
        return given["path"] if annotation in (str, "str") else Path(given["path"])
    if kind == "list":
        return [_input(item, annotation, scope) for item in given["items"]]
    value = _json_of(given)
    return _numbers(value) if kind == "metrics" else value


def _asks_for_model(annotation):
    if isinstance(annotation, str):
        return bool(re.search(r"\bModel\b", annotation))
    return annotation is Model or any(_asks_for_model(part) for part in getattr(annotation, "__args__", ()))


def _write_rows(rows, what):
    path = _run.file("rows.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        for index, row in enumerate(rows):
            if not isinstance(row, dict):
                raise _Told(
                    "OUTPUT_INVALID",
                    f"{what}, row {index + 1}: is a {type(row).__name__}, not a dict",
                    "return a list of dicts, or a DataFrame",
                )
            file.write(json.dumps(_row(row, f"{what}, row {index + 1}")) + "\n")
    return {"kind": "table", "format": "rows", "file": str(path)}


def _row(row, what):
    """Marks are for cells; what is inside of one is JSON."""
    plain = {}
    for name, cell in row.items():
        if not isinstance(name, str):
            _refuse(what, "", f"the column {name!r} is named by a {type(name).__name__}, not by a text", "use texts as keys")
        plain[str(name)] = _plain(cell, f".{name}", what, finite=isinstance(cell, (dict, list, tuple)), cell=True)
    return plain


def _missing_as_none(rows):
    """A NaN of pandas is a missing cell, whatever the column."""
    for row in rows:
        yield {name: None if _is_missing(cell) else cell for name, cell in row.items()}


def _checked_columns(names, what):
    seen = set()
    for name in names:
        if not isinstance(name, str):
            raise _Told(
                "OUTPUT_INVALID",
                f"{what}: the column {name!r} is named by a {type(name).__name__}, not by a text",
                "name the columns: frame.columns = [str(name) for name in frame.columns]",
            )
        if name in seen:
            raise _Told("OUTPUT_INVALID", f"{what}: has two columns '{name}'", "give one of them another name")
        seen.add(name)


# What the host knows a column of JSON by.
_json_mark = {"pipewright:type": "json"}


def _json_column(cells, name, what):
    import pyarrow as pa

    texts = [
        None if cell is None else json.dumps(_plain(cell, "", f"{what}, row {index + 1}, column '{name}'"))
        for index, cell in enumerate(cells)
    ]
    return pa.array(texts, type=pa.string())


def _write_arrow(table, what):
    """An Arrow table as a file that holds what the host reads: plain columns, nested ones as JSON."""
    import pyarrow as pa
    import pyarrow.types as types

    _checked_columns(table.column_names, what)
    for index, name in enumerate(table.column_names):
        field = table.schema.field(index)
        column = table.column(index)
        kind = field.type
        plain = kind.value_type if types.is_dictionary(kind) else kind
        meta = field.metadata if (field.metadata or {}).get(b"pipewright:type") == b"json" else None
        if types.is_struct(kind) or types.is_list(kind) or types.is_large_list(kind) or types.is_map(kind):
            column, meta = _json_column(column.to_pylist(), name, what), _json_mark
        elif types.is_timestamp(kind) or types.is_date(kind):
            try:
                column = column.cast(pa.timestamp("ms"))
            except pa.ArrowInvalid:
                raise _Told(
                    "VALUE_NOT_STORABLE",
                    f"{what}, column '{name}': holds times finer than a millisecond",
                    f"round them: frame['{name}'].dt.floor('ms')",
                ) from None
        elif types.is_decimal(kind) or types.is_uint64(kind) or types.is_float16(kind):
            column = _exact(column, name, what)
        elif types.is_null(kind):
            column = column.cast(pa.float64())
        elif getattr(types, "is_string_view", lambda _: False)(kind):
            column = column.cast(pa.string())
        elif not (
            types.is_integer(plain)
            or types.is_floating(plain)
            or types.is_boolean(plain)
            or types.is_string(plain)
            or types.is_large_string(plain)
        ):
            raise _Told(
                "VALUE_NOT_STORABLE",
                f"{what}, column '{name}': a column of {kind} cannot be stored",
                "turn it into texts or numbers, or return it as a file",
            )
        table = table.set_column(index, pa.field(name, column.type, metadata=meta), column)
    path = _run.file("table.arrow")
    with pa.OSFile(str(path), "wb") as sink:
        with pa.ipc.new_file(sink, table.schema.remove_metadata()) as writer:
            writer.write_table(table)
    return {"kind": "table", "format": "arrow", "file": str(path)}


def _exact(column, name, what):
    import pyarrow as pa

    for kind in (pa.int64(), pa.float64()):
        try:
            return column.cast(kind)
        except pa.ArrowInvalid:
            pass
    raise _Told(
        "VALUE_NOT_STORABLE",
        f"{what}, column '{name}': a column of {column.type} cannot be stored exactly",
        f"convert it: frame['{name}'].astype('float64')",
    )


def _write_pandas(frame, what):
    # A named index holds values (of a group, of a time); the running number that others are does not.
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    _checked_columns(list(frame.columns), what)
    if not _has("pyarrow"):
        return _write_rows(_missing_as_none(frame.to_dict("records")), what)
    import pyarrow as pa

    columns, metas = [], []
    for name in frame.columns:
        cells = frame[name]
        # Arrow would give all dicts of a column the keys of all of them.
        is_json = cells.dtype == object and any(isinstance(cell, (dict, list, tuple)) for cell in cells)
        is_json = is_json and all(isinstance(cell, (dict, list, tuple)) or _is_missing(cell) for cell in cells)
        metas.append(_json_mark if is_json else None)
        if is_json:
            columns.append(_json_column([None if _is_missing(cell) else cell for cell in cells], name, what))
            continue
        try:
            columns.append(pa.Array.from_pandas(cells))
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            kinds = sorted({type(cell).__name__ for cell in frame[name]})
            raise _Told(
                "VALUE_NOT_STORABLE",
                f"{what}, column '{name}': holds objects of several types ({', '.join(kinds)}): {_first_line(error)}",
                f"give the column one type: frame['{name}'] = frame['{name}'].astype(str)",
            ) from None
    fields = [pa.field(name, column.type, metadata=meta) for name, column, meta in zip(frame.columns, columns, metas)]
    return _write_arrow(pa.Table.from_arrays(columns, schema=pa.schema(fields)), what)


def _is_missing(cell):
    return cell is None or type(cell).__name__ in ("NAType", "NaTType") or (isinstance(cell, float) and cell != cell)


def _first_line(error):
    return (str(error).splitlines() or [""])[0]


def _write_polars(frame, what):
    import polars as pl

    if hasattr(frame, "collect"):
        frame = frame.collect()
    if _has("pyarrow"):
        return _write_arrow(frame.to_arrow(), what)
    simple = (pl.Float32, pl.Float64, pl.Int64, pl.Int32, pl.Int16, pl.Int8, pl.Boolean, pl.String)
    if any(kind not in simple for kind in frame.dtypes):
        return _write_rows(frame.rows(named=True), what)
    path = _run.file("table.arrow")
    # Other readers do not know the newest layouts.
    frame.write_ipc(str(path), compat_level=pl.CompatLevel.oldest())
    return {"kind": "table", "format": "arrow", "file": str(path)}


def _table(value, what):
    package, name = _module_of(value), type(value).__name__
    if package == "pandas" and name == "DataFrame":
        return _write_pandas(value, what)
    if package == "polars" and name in ("DataFrame", "LazyFrame"):
        return _write_polars(value, what)
    if package == "pyarrow" and name == "Table":
        return _write_arrow(value, what)
    if isinstance(value, (str, bytes, dict)) or not hasattr(value, "__iter__"):
        raise _Told(
            "OUTPUT_INVALID",
            f"{what}: a {type(value).__name__} is no table",
            "return a list of dicts, a pandas or polars DataFrame, or a pyarrow Table",
        )
    return _write_rows(value, what)


def _output(value, declared, what):
    kind = declared["kind"]
    if kind == "table":
        return _table(value, what)
    if kind in ("file", "directory", "model"):
        if isinstance(value, (bytes, bytearray)) and kind != "directory":
            path = Path(_run.workdir) / f".bytes-{next(_run.files)}"
            path.write_bytes(value)
            value = path
        if not isinstance(value, (str, os.PathLike)):
            raise _Told(
                "OUTPUT_INVALID",
                f"{what}: a {type(value).__name__} is no {kind}",
                "return the path of what the function has written into its current folder",
            )
        told = {"kind": kind, "path": os.path.abspath(os.fspath(value))}
        if kind == "model" and isinstance(value, Model):
            schemas = {"input": value.input, "output": value.output}
            told["signature"] = _plain(schemas, "", f"{what}, its signature")
        return told
    if kind == "list":
        if not isinstance(value, (list, tuple)):
            raise _Told("OUTPUT_INVALID", f"{what}: a {type(value).__name__} is no list", "return a list")
        items = [_output(item, declared["of"], f"{what}, item {index}") for index, item in enumerate(value)]
        return {"kind": "list", "items": items}
    if kind == "report":
        import pipewright_report

        told = pipewright_report.travelling(pipewright_report.report_of(value, what))
        return {"kind": kind, **({"value": told["report"]} if "report" in told else told)}
    return {"kind": kind, **_run.json(_plain(value, "", what, finite=kind != "metrics"))}


def _outputs(returned, declared, function):
    if returned is None and not declared:
        return {}
    if not isinstance(returned, dict):
        names = ", ".join(f"'{name}': …" for name in declared)
        what = "None" if returned is None else f"a {type(returned).__name__}"
        raise _Told("OUTPUT_INVALID", f"{function} returned {what}, not a dict of outputs", f"return {{{names}}}")
    outputs = {}
    for name, value in returned.items():
        if name in declared:
            # None stands for an output that is left out, where its schema allows it.
            if value is not None or declared[name]["kind"] == "json":
                outputs[name] = _output(value, declared[name], f"output '{name}'")
        else:
            # The host says what is wrong with the name.
            outputs[str(name)] = {"kind": "json", "value": None}
    return outputs


# ---------------------------------------------------------------------------------------------------------------------
# Errors.


def _is_own(filename):
    return filename in (__file__, importlib.__file__) or filename.startswith("<frozen importlib")


def _error(error, seen=()):
    """An exception for the host: its frames without those of this file, and what it was caused by."""
    import traceback

    # What was raised in a process of this one's was told there.
    if isinstance(getattr(error, "told", None), dict):
        return error.told
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    try:
        message = _text(error)
    except Exception:
        message = "(its message cannot be told)"
    told = {"type": name, "message": message}
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_own(frame.filename)]
    if frames:
        lines = traceback.StackSummary.from_list(frames[-100:]).format()
        text = "Traceback (most recent call last):\n" + "".join(lines)
        last = frames[-1]
        told["traceback"] = text.rstrip()[-LONGEST_TEXT:]
        told["place"] = {"file": last.filename, "line": last.lineno or 1, "function": last.name}
    if isinstance(error, SyntaxError) and error.filename is not None:
        told["place"] = {"file": error.filename, "line": error.lineno or 1, "function": "<module>"}
    if isinstance(error, MemoryError):
        told["code"] = "STEP_OUT_OF_MEMORY"
    if isinstance(error, _Told):
        told["code"] = error.code
        if error.fix is not None:
            told["fix"] = error.fix
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and len(seen) < 8 and cause not in seen:
        told["cause"] = _error(cause, (*seen, error))
    return told


# ---------------------------------------------------------------------------------------------------------------------
# The code that is called.


def _close_to(name, names):
    import difflib

    found = difflib.get_close_matches(name, [one for one in names if not one.startswith("_")], 1)
    return f"did you mean '{found[0]}'?" if found else None


def _load(entry):
    """Imports the module or the script that functions are called of; a notebook has its own way to be called."""
    if "notebook" in entry:
        return _load_notebook(entry)
    for folder in reversed(entry.get("path", [])):
        sys.path.insert(0, folder)
    script = entry.get("script")
    name = entry.get("module") or Path(script).stem
    sys.argv = [script or name]
    try:
        if script is None:
            return importlib.import_module(name)
        sys.path.insert(0, str(Path(script).parent))
        if not Path(script).is_file():
            raise _Told("FUNCTION_NOT_FOUND", f"the script {script} is not there", "give its path relative to the project")
        spec = importlib.util.spec_from_file_location(name, script)
        module = importlib.util.module_from_spec(spec)
        # What the script pickles is of the module by this name.
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if script is None and (name == missing or name.startswith(missing + ".")) and missing != "":
            folders = ", ".join(entry.get("path", []))
            raise _Told(
                "FUNCTION_NOT_FOUND",
                f"there is no Python module '{name}' in {folders}",
                f"is '{missing}' a file or folder there? `path` names other folders to import from",
            ) from None
        raise _Told(
            "DEPENDENCY_MISSING",
            f"'{name}' imports '{missing}', which {sys.executable} does not have",
            "install it into that environment, or list it: python: { requirements: 'requirements.txt' }",
        ) from error


def _load_notebook(entry):
    lacking = [package for package in ("papermill", "ipykernel") if not _has(package)]
    if lacking:
        raise _Told(
            "DEPENDENCY_MISSING",
            f"a notebook runs through papermill, in a kernel of ipykernel: {sys.executable} has no {' and no '.join(lacking)}",
            f"install them: {sys.executable} -m pip install papermill ipykernel; or list them: python: {{ requirements: … }}",
        )
    import pipewright_notebook

    return pipewright_notebook.Notebook(entry)


def _function(module, name):
    found = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise _Told(
                "FUNCTION_NOT_FOUND",
                f"{module.__name__} ({getattr(module, '__file__', None)}) has no function '{name}'",
                _close_to(part, dir(found)),
            )
        found = getattr(found, part)
    if not callable(found):
        raise _Told("FUNCTION_NOT_FOUND", f"'{name}' of {module.__name__} is a {type(found).__name__}, not a function")
    return found


def _check_arguments(function, name, given):
    import inspect

    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return {}
    try:
        signature.bind(**dict.fromkeys(given))
    except TypeError:
        parameters = signature.parameters.values()
        needed = [one.name for one in parameters if one.default is one.empty and one.kind not in (2, 4)]
        unknown = [one for one in given if one not in signature.parameters]
        lacking = [one for one in needed if one not in given]
        parts = [f"takes no parameter '{one}', which is an input of the step" for one in unknown]
        parts += [f"needs '{one}', which is no input of the step, or was not given" for one in lacking]
        said = "; ".join(parts) or "takes its arguments by position alone"
        raise _Told(
            "INPUT_INVALID",
            f"{name}{signature}: {said}",
            "name the parameters of the function as the inputs of the step",
        ) from None
    return {one.name: one.annotation for one in signature.parameters.values() if one.annotation is not one.empty}


class _Run:
    def __init__(self, request):
        self.id = request["id"]
        self.request = request
        self.workdir = request["workdir"]
        self.seed = request.get("seed")
        self.cancelled = threading.Event()
        self.finished = threading.Event()
        self.raised = False
        # Threads may ask at the same time: a step of a counter is one operation.
        self.files = itertools.count(1)
        self.local = threading.local()

    def calls(self):
        """The keys of `once` that this thread is inside of."""
        if not hasattr(self.local, "calls"):
            self.local.calls = []
        return self.local.calls

    def file(self, name):
        """A file for what is too large for a message; the host removes it."""
        folder = Path(self.request["exchange"])
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"out-{next(self.files)}-{name}"

    def json(self, value):
        text = json.dumps(value, allow_nan=False)
        if len(text) <= LONGEST_INLINE:
            return {"value": value}
        path = self.file("value.json")
        path.write_text(text, encoding="utf-8")
        return {"file": str(path)}

    def call(self, module):
        name = self.request["function"]
        function = _function(module, name)
        inputs = self.request["inputs"]
        annotations = _check_arguments(function, name, inputs)
        scope = getattr(sys.modules.get(getattr(function, "__module__", ""), module), "__dict__", {})
        arguments = {one: _input(given, annotations.get(one), scope) for one, given in inputs.items()}
        returned = function(**arguments)
        if hasattr(returned, "__await__"):
            import asyncio

            returned = asyncio.run(_awaited(returned))
        return _outputs(returned, self.request["outputs"], name)


async def _awaited(returned):
    return await returned


def _seed(value):
    if value is None:
        return
    random.seed(value)
    numpy = sys.modules.get("numpy")
    if numpy is not None and hasattr(numpy, "random"):
        numpy.random.seed(value % 2**32)
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "manual_seed"):
        torch.manual_seed(value)


# ---------------------------------------------------------------------------------------------------------------------
# Logs.

_levels = ((logging.ERROR, "error"), (logging.WARNING, "warn"), (logging.INFO, "info"), (0, "debug"))


class _LogHandler(logging.Handler):
    def emit(self, record):
        try:
            level = next(name for least, name in _levels if record.levelno >= least)
            message = record.getMessage()
            if record.exc_info:
                message += "\n" + logging.Formatter().formatException(record.exc_info)
            if _run is not None or _channel is not None:
                _channel.send(
                    {"type": "log", "level": level, "message": _text(message.rstrip()), "fields": {"logger": record.name}}
                )
        except Exception:
            self.handleError(record)


class _Fresh(Warning):
    """A category of nothing: to filter it makes Python forget which warnings it has shown."""


def _capture_logs():
    root = logging.getLogger()
    root.addHandler(_LogHandler())
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)


def _flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    # Native code has buffers of its own.
    ctypes = sys.modules.get("ctypes")
    if ctypes is not None:
        try:
            ctypes.CDLL(None).fflush(None)
        except Exception:
            pass


# ---------------------------------------------------------------------------------------------------------------------
# The worker.

_pid = os.getpid()


def _forked():
    """A process that a step forks is none that reports."""
    global _channel, _run
    if _channel is not None:
        try:
            os.close(_channel.descriptor)
        except OSError:
            pass
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _channel = None
    _run = None


def _on_terminate(_number, _frame):
    run = _run
    if run is None or run.raised or run.finished.is_set():
        return
    run.raised = True
    run.cancelled.set()
    if _channel is not None and _channel.sending:
        _channel.interrupt = Cancelled("the step was cancelled")
    else:
        raise Cancelled("the step was cancelled")


def _loaded_files(roots):
    """The files of the project that were imported: when one changes, this process is of no use any more."""
    files = set()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and "site-packages" not in file and file != __file__:
            path = os.path.abspath(file)
            if any(path.startswith(root + os.sep) for root in roots):
                files.add(path)
    return files


def _memory():
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


class _Usage:
    """What this process and the processes that it waits for use from now on."""

    def __init__(self):
        self.cpu = self._cpu()
        # Linux forgets the peak where it is asked to; elsewhere it is that of the whole process.
        self.is_forgotten = False
        try:
            with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
                file.write("5")
            self.is_forgotten = True
        except OSError:
            pass

    @staticmethod
    def _cpu():
        user, system, of_children, system_of_children, _ = os.times()
        return user + system + of_children + system_of_children

    def told(self):
        cpu = max(0.0, (self._cpu() - self.cpu) * 1_000)
        memory = self._peak()
        return {"usage": {"cpu": cpu, **({} if memory is None else {"memory": memory})}}

    def _peak(self):
        try:
            if self.is_forgotten:
                with open("/proc/self/status", encoding="ascii", errors="replace") as file:
                    for line in file:
                        if line.startswith("VmHWM:"):
                            return int(line.split()[1]) * 1_024
            import resource

            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            return most if sys.platform == "darwin" else most * 1_024
        except (ImportError, OSError, ValueError):
            return None


def _site_folders():
    import sysconfig

    paths = sysconfig.get_paths()
    return {path for path in (paths["purelib"], paths["platlib"]) if os.path.isdir(path)}


class _Worker:
    def __init__(self, entry):
        self.entry = entry
        self.home = os.getcwd()
        self.roots = [os.path.abspath(path) for path in entry.get("path", [])]
        if "script" in entry:
            self.roots.append(os.path.dirname(os.path.abspath(entry["script"])))
        self.files = set()
        self.modules = 0

    def state(self):
        """What the host judges by whether this worker may be used again."""
        news = []
        if len(sys.modules) != self.modules:
            self.modules = len(sys.modules)
            files = _loaded_files(self.roots) | (set() if self.files else _site_folders())
            news = sorted(files - self.files)
            self.files |= files
        memory = _memory()
        return {**({} if memory is None else {"memory": memory}), **({"files": news} if news else {})}

    def serve(self, module):
        global _run
        while True:
            request = _channel.requests.get()
            if request is None:
                return
            run = _run = _Run(request)
            usage = _Usage()
            try:
                answer = self.answer(run, module)
            except Cancelled as error:
                answer = {"type": "error", "id": run.id, "error": _error(error)}
            finally:
                run.finished.set()
                _run = None
            _channel.interrupt = None
            os.chdir(self.home)
            _channel.send({**answer, **self.state(), **usage.told()})

    def answer(self, run, module):
        failed = None
        try:
            os.chdir(run.workdir)
            warnings.simplefilter("default", _Fresh)
            _seed(run.seed)
            outputs = module.call(run) if "notebook" in self.entry else run.call(module)
        except SystemExit as error:
            failed = _Told(
                "STEP_FAILED",
                f"the function called sys.exit({'' if error.code is None else repr(error.code)})",
                "return a dict of outputs, or raise an exception that says what is wrong",
            )
            failed.__suppress_context__ = True
            failed.__traceback__ = error.__traceback__
        except BaseException as error:  # noqa: B902 - whatever a function raises is its answer
            failed = error
        if os.getpid() != _pid:
            # What a step has forked came back out of its function: there is nobody it could answer.
            _flush()
            os._exit(0)
        _flush()
        if failed is not None:
            return {"type": "error", "id": run.id, "error": _error(failed)}
        return {"type": "result", "id": run.id, "outputs": outputs}


def main():
    """Serves the host that started this process."""
    global _channel
    spoken = os.environ.get("PIPEWRIGHT_WORKER")
    if spoken is None:
        print("pipewright_worker is started by Pipewright; a step imports it", file=sys.stderr)
        return UNREADABLE
    try:
        channel = _Channel(CHANNEL)
    except OSError:
        print("descriptor 3 is not open: pipewright_worker is started by Pipewright", file=sys.stderr)
        return UNREADABLE
    # A step that imports this file gets this very module.
    sys.modules["pipewright_worker"] = sys.modules[__name__]
    _channel = channel
    channel.send(
        {
            "type": "hello",
            "protocol": PROTOCOL,
            "language": "python",
            "version": ".".join(str(part) for part in sys.version_info[:3]),
            "formats": _formats(),
        }
    )
    if spoken != PROTOCOL:
        return UNREADABLE
    try:
        with open(os.environ["PIPEWRIGHT_WORKER_REQUEST"], encoding="utf-8") as file:
            request = json.load(file)
        entry = request["entry"]
    except (OSError, KeyError, ValueError) as error:
        channel.send({"type": "refused", "error": _error(error)})
        return UNREADABLE
    import faulthandler

    faulthandler.enable()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    _capture_logs()
    signal.signal(signal.SIGTERM, _on_terminate)
    os.register_at_fork(after_in_child=_forked)
    # Only imports of this very file come from its folder, and last.
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != folder] + [folder]
    threading.Thread(target=channel.read, name="pipewright-channel", daemon=True).start()
    worker = _Worker(entry)
    try:
        module = _load(entry)
    except BaseException as error:  # noqa: B902 - loading runs the user's code
        _flush()
        channel.send({"type": "refused", "error": _error(error)})
        return REFUSED
    _flush()
    channel.send({"type": "ready", **worker.state()})
    worker.serve(module)
    return 0


if __name__ == "__main__":
    code = main()
    _flush()
    # Threads that a step has left behind must not keep this process.
    os._exit(code)
