"""The kernel of a notebook that runs as a step: ipykernel, in which pipewright_worker speaks to the run.

Started over pipewright_kernel_link.py, which passes on what it sends on its channel. What is asked of it beside the cells is the
functions `load` and `collect`; each answers by one message there, as each cell does.
"""

import json
import logging
import os
import signal
import sys
import threading

import pipewright_worker as worker

_given = {}


class _Names:
    """Names cells in tracebacks and warnings, where ipykernel would name a file that is nowhere."""

    def __init__(self, notebook, cells):
        self.notebook = notebook
        self.left = {}
        for source, label in cells:
            self.left.setdefault(source, []).append(label)
        self.used = set()

    def __call__(self, raw, _code, number):
        labels = self.left.get(raw)
        # Of equal cells each one is run in its turn.
        label = labels.pop(0) if labels and len(labels) > 1 else (labels or [f"[{number}]"])[0]
        name = f"{self.notebook}, {label}"
        self.used.add(name)
        return name


def load():
    """Gives the inputs that papermill has not injected their values."""
    namespace = _namespace()
    for name, given in _given["load"].items():
        annotation = _given["annotations"].get(name)
        if annotation is None and _is_table(given) and worker._has("pandas"):
            annotation = "pandas.DataFrame"
        namespace[name] = worker._input(given, annotation, namespace)
    return {"type": "loaded"}


def collect():
    """Tells the outputs: variables by their names."""
    namespace = _namespace()
    declared = _given["request"]["outputs"]
    returned = {name: namespace[name] for name in declared if name in namespace}
    # All cells are run: no signal has anything to interrupt.
    worker._run.finished.set()
    return {"type": "result", "outputs": worker._outputs(returned, declared, _given["notebook"])}


def _answering(function):
    """A cell that is not of the notebook must not fail: what goes wrong is the answer."""

    def answered():
        try:
            answer = function()
        except BaseException as error:  # noqa: B902 - the answer of whoever asked
            answer = {"type": "error", "error": worker._error(error)}
        worker._channel.send(answer)

    return answered


def _namespace():
    from IPython import get_ipython

    return get_ipython().user_ns


def _is_table(given):
    return given["kind"] == "table" or (given["kind"] == "list" and any(_is_table(one) for one in given["items"]))


def _tell_end(names):
    """Each cell has an end on the channel, after all that it has sent there."""

    def told(result):
        error = result.error_in_exec or result.error_before_exec
        if error is None:
            worker._channel.send({"type": "ran"})
            return
        frames = error.__traceback__
        # Above the first frame of a cell are those of the kernel.
        while frames is not None and frames.tb_frame.f_code.co_filename not in names.used:
            frames = frames.tb_next
        worker._channel.send({"type": "ran", "error": worker._error(error.with_traceback(frames))})

    return told


def _seed_first():
    """Seeds before the first cell: the kernel draws, too, until it has found ports that are free."""
    open_ = [worker._run.seed]

    def seed(_info):
        if open_:
            worker._seed(open_.pop())

    return seed


def _seed_late():
    """Generators of modules that were not loaded when the kernel was started."""
    seen = set(sys.modules)

    def seed(_result):
        if "torch" in sys.modules and "torch" not in seen:
            seen.add("torch")
            sys.modules["torch"].manual_seed(worker._run.seed)

    return seed


async def _nothing():
    pass


def main():
    global load, collect
    with open(os.environ.pop("PIPEWRIGHT_KERNEL"), encoding="utf-8") as file:
        _given.update(json.load(file))
    sys.modules["pipewright_kernel"] = sys.modules[__name__]
    load, collect = _answering(load), _answering(collect)
    worker._run = worker._Run(_given["request"])
    worker._channel = worker._Channel(_given["channel"])
    os.register_at_fork(after_in_child=worker._forked)
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [*_given["path"], *(one for one in sys.path if os.path.abspath(one) != own), own]
    threading.Thread(target=worker._channel.read, name="pipewright-channel", daemon=True).start()
    # What it draws is to be the same from its first cell on, which is the one that imports numpy.
    if worker._has("numpy"):
        import numpy  # noqa: F401
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize(sys.argv[1:])
    # Other than lines of a log, a warning belongs to the cell that it is shown below.
    worker._capture_logs()
    logging.captureWarnings(False)
    signal.signal(signal.SIGTERM, worker._on_terminate)
    names = _Names(_given["notebook"], _given["cells"])
    app.shell.compile.get_code_name = names
    app.shell.events.register("pre_run_cell", _seed_first())
    app.shell.events.register("post_run_cell", _tell_end(names))
    app.shell.events.register("post_run_cell", _seed_late())
    # What is left behind is told by whoever waits for the end of the kernel, and ended with it.
    app.kernel._progressively_terminate_all_children = _nothing
    app.start()


if __name__ == "__main__":
    main()
