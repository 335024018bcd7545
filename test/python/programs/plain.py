"""Functions of steps that need nothing but Python."""

import datetime
import enum
import logging
import os
import random
import signal
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pipewright_worker import (
    Cancelled,
    Model,
    attempt,
    cancelled,
    checkpoint,
    idempotency_key,
    log,
    metric,
    once,
    param,
    progress,
    report,
    restored,
    secret,
    seed,
    workdir,
)

calls = 0


class Colour(str, enum.Enum):
    RED = "red"


class Odd:
    pass


def add(a, b=2):
    return {"total": a + b}


def count():
    global calls
    calls += 1
    return {"calls": calls, "pid": os.getpid()}


def echo(value):
    return {"value": value}


async def later(a):
    return {"total": a + 1}


def colour():
    return {"value": Colour.RED}


def says(text):
    print(text)
    sys.stderr.write("to stderr\n")
    os.system("echo from a child")
    os.write(1, b"by descriptor\n")
    logging.getLogger("mine").warning("by %s", "logging")
    logging.getLogger("mine").info("informed")
    logging.getLogger("mine").debug("not shown")
    warnings.warn("by warnings")
    log("by log", level="error", row=3)
    return {}


def reports():
    metric("loss", 0.5, step=3)
    metric("loss", float("nan"))
    param("optimiser", "sgd")
    progress(1, 4)
    report({"title": "Data", "blocks": [{"type": "markdown", "text": "**3** rows"}]})
    return {}


def goes_on():
    state = restored({"epoch": 0})
    checkpoint({"epoch": state["epoch"] + 1})
    return {"epoch": state["epoch"]}


def goes_on_with_bytes():
    before = restored(b"")
    checkpoint(before + b"\x00x")
    return {"length": len(before)}


def asks():
    return {"attempt": attempt(), "key": idempotency_key()}


def draws():
    return {"value": random.random(), "seed": seed(), "set": list({"a", "b", "c", "d"})}


def fails():
    try:
        int("x")
    except ValueError as error:
        raise RuntimeError("bad rows") from error


def returns_list():
    return [1]


def returns_other_key():
    return {"totals": 1}


def values(which):
    return {
        "value": {
            "nan": {"a": [1.0, float("nan")]},
            "date": [datetime.date(2026, 1, 2)],
            "bytes": b"x",
            "large": 2**60,
            "set": {1},
            "key": {1: 2},
            "object": Odd(),
            "cycle": _cycle(),
        }[which]
    }


def _cycle():
    held = []
    held.append(held)
    return held


def metrics_of(values):
    return {"scores": {**values, "worst": float("-inf")}}


def leaves():
    sys.exit("enough")


def dies():
    sys.stderr.write("about to die\n")
    sys.stderr.flush()
    os._exit(7)


def crashes():
    os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(10)


def forks():
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
    return {"pid": os.getpid()}


def fork_returns():
    pid = os.fork()
    return {"pid": os.getpid() if pid else 0}


def zombie():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    time.sleep(0.1)
    return {"pid": os.getpid()}


def much(lines):
    line = "x" * 99
    for _ in range(lines):
        print(line)
    print("the end")
    return {}


def not_utf8():
    os.write(1, b"caf\xe9 \xf0\x9f\n")
    print("half \udce9")
    logging.warning("half \udce9")
    return {}


def bar():
    for share in range(5):
        sys.stdout.write(f"\r{share * 25} %")
        sys.stdout.flush()
    print()
    return {}


def waits(path):
    Path(path).write_text("begun")
    try:
        time.sleep(60)
    except Cancelled:
        Path(path).write_text(f"cancelled {cancelled()}")
        raise


def ignores(path):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(path).write_text(str(os.getpid()))
    while True:
        try:
            time.sleep(60)
        except BaseException:
            pass


def copies(text: Path, folder: Path, many):
    assert isinstance(text, Path) and isinstance(folder, Path)
    Path("copy.txt").write_text(text.read_text().upper())
    out = workdir() / "out"
    out.mkdir()
    for path in folder.iterdir():
        (out / path.name).write_bytes(path.read_bytes())
    return {"text": "copy.txt", "folder": out, "raw": b"\x00\x01", "many": [str(path) for path in many]}


def no_file():
    return {"text": "nowhere.txt"}


def whole_folder():
    return {"folder": workdir()}


def link_out():
    os.symlink("/etc/hostname", "link.txt")
    return {"text": Path("link.txt")}


def rows_of(rows):
    assert isinstance(rows, list)
    return {"rows": [{**row, "n": row["n"] + 1} for row in rows]}


def typed_rows(rows):
    assert all(isinstance(row["n"], int) and isinstance(row["x"], float) for row in rows), rows
    assert rows[0]["at"] == datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc), rows
    assert rows[0]["big"] == 2**60 and rows[0]["tags"] == ["a", {"b": None}], rows
    assert "note" not in rows[0] and rows[1]["note"] == "x", rows
    return {"rows": rows}


def no_table():
    return {"rows": 3}


def no_row():
    return {"rows": [{"n": 1}, 2]}


def large(value):
    return {"value": value + ["end"]}


def naps(item):
    time.sleep(0.5)
    return {"pid": os.getpid()}


def dies_once():
    if attempt() == 1:
        os._exit(1)
    return {"attempt": attempt()}


def closes():
    os.closerange(3, 20)
    return {}


def fits(rows):
    Path("model.bin").write_bytes(b"weights")
    signed = Model(Path("model.bin"), input={"type": "object"})
    return {"model": Path("model.bin"), "signed": signed, "raw": b"raw", "many": ["model.bin"]}


def scores(model: Path, signed: Model, text: str, many):
    assert isinstance(model, Path) and model.suffix == ".bin", model
    assert isinstance(signed, Model) and signed.format == "mine" and signed.output is None, signed
    length = len(Path(signed).read_bytes())
    return {"signature": signed.input, "length": length, "text": Path(text).read_text(), "many": len(many)}


def no_model():
    return {"model": 3}


def wrong_signature():
    Path("model.bin").write_bytes(b"")
    return {"model": Model("model.bin", input={"type": {1, 2}})}


def charges(path):
    def charge(key):
        with open(path, "a") as file:
            file.write(f"{key}\n")
        return {"receipt": 7}

    receipts = [once("charge", charge), once("charge", charge)]
    assert once("nothing", lambda: None) is None
    if attempt() == 1:
        raise RuntimeError("after the charge")
    return {"receipts": receipts}


def refused_calls(which):
    if which == "itself":
        return once("a", lambda: once("a", lambda: 1))
    if which == "number":
        return once(1, lambda: once("1", lambda: 1))
    if which == "value":
        return once("a", lambda: object())
    return once("a", lambda: 1 / 0)


def charges_at_once():
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda index: once(f"call {index % 2}", lambda: str(time.time_ns())), range(4)))
    return {"different": len(set(results))}


def calls_of_all_kinds():
    sent = [once(f"send {item}", lambda item=item: item) for item in ("a", "b")]
    once("started", time.time)
    return {"sent": sent, "key": once("key", lambda key, size=1: len(key) * size)}


def long_calls_at_once():
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda item: once(f"long {item}", lambda: item * 100_000), "abcdefgh"))
    return {"right": [result == item * 100_000 for item, result in zip("abcdefgh", results)]}


def uses_secret():
    token = secret("token")
    print("the token is", token)
    return {"length": len(token)}


def other_secret():
    return {"length": len(secret("other"))}


def one_row(n):
    return {"rows": [{"n": n}]}
