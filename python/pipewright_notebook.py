"""Runs a notebook as the function of a step, through papermill, in a kernel of the worker's own process group.

Inputs that are JSON are injected as papermill does; the kernel reads the others, and tells the outputs, beside the cells:
the notebook that is kept holds nothing but what its author and papermill have written.
"""

import logging
import os
import signal
import sys
from pathlib import Path

import nbformat
import papermill
import pipewright_worker as worker
from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from pipewright_cells import BadNotebook, code_cells, line_in_file, parameters_of, read_notebook
from pipewright_kernel_link import KernelLink, Manager, adopt_orphans
from pipewright_notebook_report import notebook_report
from pipewright_report import travelling

# An output that is declared with this type is the executed notebook.
MEDIA_TYPE = "application/x-ipynb+json"
# Seconds in which a kernel has started, also on a machine that is busy: the step's own time ends it earlier.
_start_time = 300
# Seconds in which all that a cell has printed has come after its end.
_output_time = 60
_engine = "pipewright"


class Notebook:
    """Stands where a module with a function does: each call runs the notebook, in a kernel of its own."""

    def __init__(self, entry):
        self.path = entry["notebook"]
        self.name = os.path.basename(self.path)
        self.folders = [os.path.dirname(self.path), *entry["path"]]
        # What these say of themselves is nothing that the step has said.
        for name in ("papermill", "traitlets"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        papermill_engines.register(_engine, _Engine)
        adopt_orphans()

    def call(self, run):
        try:
            document = read_notebook(self.path)
        except BadNotebook as problem:
            raise worker._Told(problem.code, str(problem), problem.fix) from None
        annotations = self.checked_parameters(document, run.request["inputs"])
        return _Session(self, run, document, annotations).result()

    def checked_parameters(self, document, inputs):
        """The annotations of the parameters; an input that is none of them would change nothing, and nobody would see it."""
        parameters = parameters_of(code_cells(document))
        if parameters is None and inputs:
            raise worker._Told(
                "INPUT_INVALID",
                f"{self.name} has no cell with the tag 'parameters', and the step has inputs",
                f"add a cell that gives defaults to {', '.join(inputs)}, and tag it 'parameters'",
            )
        for name in inputs:
            if name not in parameters:
                raise worker._Told(
                    "INPUT_INVALID",
                    f"the parameters of {self.name} have no '{name}', which is an input of the step",
                    worker._close_to(name, parameters) or f"give it a default there: {name} = None",
                )
        return parameters or {}


class _CellFailed(Exception):
    """The error of a cell, as the kernel has told it."""

    def __init__(self, told):
        super().__init__(told["message"])
        self.told = told


class _Session:
    """One run of a notebook: what is asked of its kernel, and what became of the cells."""

    def __init__(self, notebook, run, document, annotations):
        self.notebook = notebook
        self.run = run
        self.document = document
        self.annotations = annotations
        folder = Path(run.request["exchange"]) / "kernel"
        folder.mkdir(parents=True)
        self.link = KernelLink(folder)
        self.file = folder / notebook.name
        inputs = run.request["inputs"]
        # Those that are too long for a message are too long for a cell.
        is_injected = {name: given["kind"] == "json" and "value" in given for name, given in inputs.items()}
        self.injected = {name: given["value"] for name, given in inputs.items() if is_injected[name]}
        self.loaded = {name: given for name, given in inputs.items() if not is_injected[name]}
        # Outputs that are variables; the others are the notebook itself.
        outputs = run.request["outputs"]
        self.variables = {name: one for name, one in outputs.items() if one.get("mediaType") != MEDIA_TYPE}
        self.outputs = {}
        # The document as it is filled, and how many of its code cells have been run.
        self.executed = None
        self.done = 0

    def result(self):
        """Runs the cells, and gives the outputs. However that ends, the report is told."""
        previous = signal.signal(signal.SIGTERM, self.on_terminate)
        try:
            self.execute()
        except (_CellFailed, DeadKernelError, RuntimeError) as error:
            self.raise_if_cancelled()
            if isinstance(error, _CellFailed) or self.link.process is None or self.link.is_alive:
                raise
            raise self.lost() from None
        finally:
            signal.signal(signal.SIGTERM, previous)
            self.link.close()
            self.finish()
        self.raise_if_cancelled()
        return self.outputs

    def execute(self):
        # A document is no path, which papermill would fill with the parameters.
        papermill.execute_notebook(
            nbformat.from_dict(self.document),
            None,
            parameters=self.injected,
            engine_name=_engine,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            session=self,
        )

    def on_terminate(self, number, frame):
        """The cell that runs is what is to end: the exception is raised there, and comes back as its error."""
        if not self.link.is_alive:
            worker._on_terminate(number, frame)
        elif not self.run.raised:
            self.run.raised = True
            self.run.cancelled.set()
            self.link.process.send_signal(signal.SIGTERM)

    def raise_if_cancelled(self):
        if self.run.cancelled.is_set():
            raise worker.Cancelled("the step was cancelled")

    def lost(self):
        how, code = self.link.end()
        left = self.code_indices()[self.done :]
        where = f" in {self.label(left[0])}" if left else ""
        return worker._Told(
            "WORKER_FAILED",
            f"the kernel of {self.notebook.name} {how}{where}",
            "SIGKILL is often the system that is out of memory: give the step less at once, or the machine more"
            if code == -signal.SIGKILL
            else "nothing in the notebook may end its process: what it has printed last may say more",
        )

    # The cells.

    def code_indices(self):
        return [index for index, cell in enumerate(self.executed.cells) if cell.cell_type == "code" and cell.source.strip()]

    def source(self, index):
        return self.executed.cells[index].source

    def tags(self, index):
        return self.executed.cells[index].metadata.get("tags", [])

    def label(self, index):
        """What the author calls a cell: its number where all are run. The one that papermill injects has none."""
        if "injected-parameters" in self.tags(index):
            return "injected parameters"
        before = [one for one in self.code_indices() if one <= index and "injected-parameters" not in self.tags(one)]
        return f"cell {len(before)}"

    def parameters_index(self):
        """The last cell that gives parameters values."""
        for tag in ("injected-parameters", "parameters"):
            for index in self.code_indices():
                if tag in self.tags(index):
                    return index
        return None

    def after_cell(self, client, index):
        if client.skip_cells_with_tag not in self.tags(index):
            # What it has said comes before what follows.
            self.link.answer()
        self.done += 1
        if not self.link.tells_progress:
            worker._send_from_step({"type": "progress", "done": self.done, "total": len(self.code_indices())})
        if self.loaded and index == self.parameters_index():
            self.ask_kernel(client, "load")

    # The kernel.

    def manager(self):
        request = {**self.run.request, "inputs": {}, "outputs": self.variables, "exchange": str(self.link.folder)}
        given = {
            "request": request,
            "load": self.loaded,
            "annotations": self.annotations,
            "notebook": self.notebook.name,
            "cells": [(self.source(index), self.label(index)) for index in self.code_indices()],
            "path": self.notebook.folders,
        }
        return Manager(self.link, given)

    def ask_kernel(self, client, function):
        code = f'__import__("pipewright_kernel").{function}()'
        client.wait_for_reply(client.kc.execute(code, silent=True, store_history=False))
        answer = self.link.answer()
        if answer is None:
            raise RuntimeError(f"the kernel of {self.notebook.name} does not answer")
        if answer["type"] == "error":
            raise _CellFailed(answer["error"])
        return answer

    def collect(self, client):
        self.outputs = self.ask_kernel(client, "collect")["outputs"]
        for name in self.run.request["outputs"]:
            if name not in self.variables:
                self.outputs[name] = {"kind": "file", "path": str(self.file)}

    # What is left.

    def failure(self, error, index):
        """What the kernel has told of the cell that failed, at its place in the file."""
        answer = self.link.answer() or {}
        told = answer.get("error", {"type": error.ename, "message": error.evalue})
        if told["type"] == "SystemExit":
            told["message"] = f"sys.exit({told['message']}) was called"
        told["message"] = f"{self.label(index)} of {self.notebook.name}: {told['message']}"
        self.set_places(told)
        return _CellFailed(told)

    def set_places(self, told):
        """An error names a cell where others name a file."""
        place = told.get("place")
        if place is not None and place["file"].startswith(f"{self.notebook.name}, "):
            label = place["file"].rpartition(", ")[2]
            source = next((self.source(one) for one in self.code_indices() if self.label(one) == label), "")
            text = Path(self.notebook.path).read_text(encoding="utf-8")
            line = line_in_file(text, source, place["line"])
            if line is None:
                del told["place"]
            else:
                told["place"] = {**place, "file": self.notebook.path, "line": line}
        if "cause" in told:
            self.set_places(told["cause"])

    def finish(self):
        """Keeps the executed notebook: equal runs leave equal documents, without times and paths."""
        if self.link.process is None:
            return
        self.executed.metadata["papermill"] = {"parameters": self.injected}
        ids = {cell.get("id") for cell in self.document["cells"]}
        for index, cell in enumerate(self.executed.cells):
            cell.metadata.pop("papermill", None)
            # Those that papermill has made are drawn at random.
            if "id" in cell and cell["id"] not in ids:
                cell["id"] = f"papermill-{index}"
        nbformat.write(self.executed, str(self.file))
        labels = {index: self.label(index) for index in self.code_indices()}
        report = notebook_report(self.executed, self.notebook.name, labels)
        worker._send_from_step({"type": "report", **travelling(report)})


class _Engine(Engine):
    """papermill's own, but for how its kernel is started and what is asked of it between the cells."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, session, **_others):
        session.executed = nb_man.nb
        client = _Client(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=_start_time,
            iopub_timeout=_output_time,
            stdout_file=sys.stdout,
            stderr_file=sys.stderr,
            record_timing=False,
        )
        client.notebook_session = session
        client.execute()


class _Client(PapermillNotebookClient):
    notebook_session = None

    def create_kernel_manager(self):
        self.km = self.notebook_session.manager()
        return self.km

    def execute_cell(self, cell, index):
        session = self.notebook_session
        is_run = index in session.code_indices()
        if is_run:
            session.raise_if_cancelled()
        try:
            super().execute_cell(cell, index)
        except CellExecutionError as error:
            raise session.failure(error, index) from None
        if is_run:
            session.after_cell(self, index)

    def papermill_execute_cells(self):
        super().papermill_execute_cells()
        self.notebook_session.collect(self)
