"""Reads a notebook as text: its code cells, the names of its parameters, and what of it is not Python. Nothing of it is run.

Started as a program it tells the parameters: a request comes on standard input, `{"entry": {"notebook", …}}`. It is of the
standard library alone, for Python 3.9 and later.
"""

import ast
import json
import os
import re
import sys

# Tags that tell which cells run, and how; others are for readers.
_tags = ("injected-parameters", "parameters", "raises-exception", "skip-execution")
# What these do hangs on their own text alone.
_plain_magics = frozenset(
    """alias_magic autoawait autocall autoreload autosave capture cd colors config env html javascript js latex lsmagic
    markdown matplotlib page pdb pinfo pprint precision psearch psource pwd pylab reload_ext set_env svg SVG HTML time
    who who_ls whos writefile xmode""".split()
)
# Of these the cell below the first line is Python.
_python_magics = frozenset(("capture", "prun", "time", "timeit"))

_line_magic = re.compile(r"^(\s*)(?:(%)([\w.]+)|(!))(.*)$")
_assigned_magic = re.compile(r"^(\s*)([\w.,\s\[\]'\"]+?)\s*=\s*(?:%([\w.]+)|!).*$")
_help = re.compile(r"^(\s*)(?:\?{1,2}\s*[\w.*%]+|[\w.*%]+\?{1,2})\s*$")


class BadNotebook(Exception):
    """A file that is no notebook of Python."""

    def __init__(self, code, problem, fix):
        super().__init__(problem)
        self.code = code
        self.fix = fix


class Cell:
    """A code cell with something in it; `number` is what Jupyter shows when all are run, None for one that was injected."""

    def __init__(self, index, number, source, tags):
        self.index = index
        self.number = number
        self.source = source
        self.tags = tags
        # Its text as Python, line by line; magics are replaced in it, and listed.
        self.python, self.magics = _as_python(source)
        self.tree = None if self.python is None else ast.parse(self.python)

    @property
    def runs_other_code(self):
        """The magic that may run code which no syntax tree names, or None."""
        return next((one for one in self.magics if one not in _plain_magics), None)


def read_notebook(path):
    """The document in a file, of format 4. Throws BadNotebook."""
    name = os.path.basename(path)
    try:
        with open(path, encoding="utf-8") as file:
            notebook = json.load(file)
    except FileNotFoundError:
        fix = "give its path relative to the project"
        raise BadNotebook("FUNCTION_NOT_FOUND", f"the notebook {path} is not there", fix) from None
    except (OSError, ValueError) as error:
        fix = "save it in Jupyter: a notebook is a JSON document"
        raise BadNotebook("FUNCTION_NOT_FOUND", f"{name} is no notebook: {error}", fix) from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list) or notebook.get("nbformat") != 4:
        fix = "save it in a Jupyter of today, which writes format 4"
        raise BadNotebook("FUNCTION_NOT_FOUND", f"{name} is no notebook of format 4", fix)
    metadata = notebook.get("metadata") or {}
    language = (metadata.get("kernelspec") or {}).get("language") or (metadata.get("language_info") or {}).get("name")
    if language not in (None, "python", "ipython"):
        fix = "choose a kernel of Python in Jupyter and save it; other languages run by defineCommandStep"
        raise BadNotebook("ENVIRONMENT_INVALID", f"{name} is written for a kernel of {language}, not of Python", fix)
    return notebook


def text_of(source):
    """Sources and texts of outputs are written as one text, or as a list of lines."""
    return "".join(source) if isinstance(source, list) else source or ""


def code_cells(notebook):
    """The code cells that hold something."""
    cells = []
    number = 0
    for index, cell in enumerate(notebook["cells"]):
        source = text_of(cell.get("source"))
        if cell.get("cell_type") != "code" or not source.strip():
            continue
        tags = [one for one in _tags if one in (cell.get("metadata") or {}).get("tags", [])]
        is_injected = "injected-parameters" in tags
        number += not is_injected
        cells.append(Cell(index, None if is_injected else number, source, tags))
    return cells


def parameters_of(cells):
    """The parameters by name, each with the text of its annotation or None; None without a cell that has them."""
    cell = next((one for one in cells if "parameters" in one.tags), None)
    if cell is None or cell.python is None:
        return None if cell is None else {}
    try:
        tree = ast.parse(cell.python, type_comments=True)
    except SyntaxError:
        tree = cell.tree
    found = {}
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            annotation = node.annotation
            is_text = isinstance(annotation, ast.Constant) and isinstance(annotation.value, str)
            found[node.target.id] = annotation.value if is_text else ast.unparse(annotation)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                for one in ast.walk(target):
                    if isinstance(one, ast.Name):
                        found[one.id] = node.type_comment
    return found


def line_in_file(text, source, line):
    """The line of the file on which a line of a cell's source stands, or None."""
    wanted = [json.dumps(one, ensure_ascii=False) for one in source.splitlines(keepends=True)]
    lines = [one.strip().rstrip(",") for one in text.splitlines()]
    for start in range(len(lines) - len(wanted) + 1):
        if lines[start : start + len(wanted)] == wanted:
            return start + line
    return None


def _parses(text):
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


def _as_python(source):
    """A cell's text with as many lines, of Python alone, and the magics in it; None where it cannot be read."""
    if _parses(source):
        return source, []
    lines = source.split("\n")
    magics = []
    first = next(index for index, line in enumerate(lines) if line.strip())
    if lines[first].startswith("%%"):
        [name, *_] = lines[first][2:].split() or [""]
        magics.append(name)
        if name not in _python_magics:
            return "\n" * (len(lines) - 1), magics
        lines[first] = ""
    goes_on = False
    for index, line in enumerate(lines):
        is_rest, goes_on = goes_on, False
        if is_rest:
            lines[index] = ""
            goes_on = line.endswith("\\")
            continue
        magic = _line_magic.match(line)
        assigned = _assigned_magic.match(line)
        asked = _help.match(line)
        if magic:
            indent, _, name, shell, rest = magic.groups()
            # The rest of the line is a statement, and counts as such.
            is_timed = name == "time" and _parses(rest.strip())
            lines[index] = indent + (rest.strip() or "pass" if is_timed else "pass")
            # An extension is code; this one is IPython's own.
            is_reload = name in ("load_ext", "reload_ext") and rest.strip() == "autoreload"
            magics.append("autoreload" if is_reload else shell or name)
        elif assigned and not _parses(line.strip()):
            lines[index] = f"{assigned.group(1)}{assigned.group(2)} = None"
            magics.append(assigned.group(3) or "!")
        elif asked:
            lines[index] = f"{asked.group(1)}pass"
            magics.append("pinfo")
        goes_on = bool(magic or assigned) and line.endswith("\\")
    text = "\n".join(lines)
    return (text if _parses(text) else None), magics


def answer(request):
    notebook = request["entry"]["notebook"]
    try:
        parameters = parameters_of(code_cells(read_notebook(notebook)))
    except BadNotebook as problem:
        return {"file": notebook, "problem": str(problem), "fix": problem.fix}
    return {"file": notebook, "parameters": None if parameters is None else list(parameters)}


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
