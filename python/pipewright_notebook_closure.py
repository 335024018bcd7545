"""Tells what of a project's Python the cells of a notebook reach, by syntax trees alone: nothing of the project is run.

Request and answer are as those of pipewright_closure.py; all cells count, each as one piece, and `documents` has their text.
"""

import ast
import hashlib
import json
import sys

from pipewright_cells import code_cells, read_notebook
from pipewright_closure import Closure, Everything, Module, entry_of, told

# The module that cells are in.
_main = "__main__"


def _run(closure, path, cells):
    for cell in cells:
        if cell.tree is None:
            raise Everything(f"{_label(cell)} cannot be parsed")
        if cell.runs_other_code:
            magic = cell.runs_other_code
            raise Everything(f"{_label(cell)} uses {magic if magic == '!' else '%' + magic}, which may run any code")
        if any(isinstance(one, ast.Name) and one.id == "get_ipython" for one in ast.walk(cell.tree)):
            raise Everything(f"{_label(cell)} uses get_ipython, which may run any code")
    module = Module(_main, path, False, "\n".join(cell.python for cell in cells))
    closure.define(module)
    for statement in module.statements:
        closure.include(module, statement)
    closure.read_all()


def _label(cell):
    return "the injected cell" if cell.number is None else f"cell {cell.number}"


def _text_of_cells(path, cells):
    """The cells one below the other, and where each one stands."""
    pieces, lines = [], []
    for cell in cells:
        start = len(lines) + 1
        lines += [*cell.source.splitlines(), ""]
        # The text of a magic counts as it stands, and so does what cannot be read.
        code = cell.source if cell.magics or cell.tree is None else ast.dump(cell.tree)
        digest = hashlib.sha256(json.dumps([cell.tags, code]).encode()).hexdigest()
        if cell.magics or cell.tree is None or cell.tree.body:
            pieces.append({"file": path, "names": [_label(cell)], "digest": digest, "start": start, "end": len(lines) - 1})
    return pieces, "\n".join(lines)


def answer(request):
    path = request["entry"]["notebook"]
    cells = code_cells(read_notebook(path))
    finder, _ = entry_of(request["entry"])
    closure = Closure(finder)
    found = told(closure, lambda: _run(closure, path, cells))
    pieces, text = _text_of_cells(path, cells)
    document = {"documents": {path: text}}
    if "everything" in found:
        return {**found, **document, "pieces": pieces}
    others = [piece for piece in found["pieces"] if piece["file"] != path]
    magics = sorted({f"{_label(cell)}: {one if one == '!' else '%' + one}" for cell in cells for one in cell.magics})
    noted = {path: f"magics count as text: {', '.join(magics)}"} if magics else {}
    order = [one for one in found["order"] if one != path]
    return {**found, **document, "pieces": [*pieces, *others], "order": order, "whole": {**found["whole"], **noted}}


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
