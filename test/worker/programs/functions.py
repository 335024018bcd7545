"""The functions of the conformance test, in Python."""

import builtins
import os
import shutil
import time

from pipewright_worker import Model, checkpoint, log, metric, once, param, progress, restored, secret

calls = 0


def echo(value):
    return {"value": value}


def count():
    global calls
    calls += 1
    return {"calls": calls}


def fail(message):
    raise ValueError(message)


def print(text):
    builtins.print(text)
    return {"done": True}


def copy(file):
    shutil.copy(file, "copy.txt")
    return {"file": "copy.txt"}


def wait():
    time.sleep(60)
    return {}


def exit(code):
    # Long enough to be looked at before.
    time.sleep(0.5)
    os._exit(code)


def table(rows):
    return {"rows": rows}


def report_all():
    log("careful", level="warn", row=3)
    metric("loss", 0.5, step=3)
    param("optimiser", "sgd")
    progress(1, 2)
    return {}


def go_on():
    state = {"epoch": restored()["epoch"] + 1}
    checkpoint(state)
    return state


def resign(model: Model):
    shutil.copy(model, "copy.onnx")
    return {"model": Model("copy.onnx", model.input, model.output)}


def call_once(key):
    def call(idempotency_key):
        if key == "fails":
            raise ValueError("the call fails")
        return f"called with {idempotency_key}"

    return {"result": once(key, call)}


def ask_secret(name):
    return {"length": len(secret(name))}
