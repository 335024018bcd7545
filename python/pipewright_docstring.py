"""Reads what a docstring says of a function as a whole, and of each parameter: Google's form, NumPy's and Sphinx's."""

import ast
import re

_section = re.compile(r"(Args|Arguments|Parameters|Params|Keyword Args|Other Parameters|Attributes):?\s*$")
_any_section = re.compile(r"[A-Z][A-Za-z ]*:\s*$")
_rule = re.compile(r"-{3,}\s*$")
_google = re.compile(r"(\*{0,2}\w+)\s*(?:\([^)]*\))?\s*:\s+(.*)")
_numpy = re.compile(r"(\*{0,2}\w+)(?:\s*:.*)?$")
_sphinx = re.compile(r":param\s+(?:[^:]*\s)?(\w+):\s*(.*)")


def description_of(node):
    """The first paragraph of a docstring on one line; None without one."""
    text = ast.get_docstring(node) or ""
    lines = text.split("\n\n")[0].split("\n")
    for index, line in enumerate(lines):
        if line.startswith(":") or _section.match(line):
            lines = lines[:index]
            break
    return _joined(lines)


def parameters_of(node):
    """What a docstring says of parameters, or of the attributes of a class, by name."""
    lines = (ast.get_docstring(node) or "").split("\n")
    texts = {}
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        sphinx = _sphinx.match(line)
        if sphinx:
            taken, at = _indented(lines, at, 0)
            texts[sphinx[1]] = _joined([sphinx[2], *taken])
        elif _section.match(line):
            is_numpy = at < len(lines) and _rule.match(lines[at]) is not None
            at = _numpy_section(lines, at + 1, texts) if is_numpy else _google_section(lines, at, texts)
    return {name: text for name, text in texts.items() if text}


def _google_section(lines, at, texts):
    taken, end = _indented(lines, at, 0)
    depth = min((_depth(line) for line in taken if line.strip()), default=0)
    name = None
    parts = {}
    for line in taken:
        entry = _google.match(line.strip()) if _depth(line) == depth else None
        if entry:
            name = entry[1].lstrip("*")
            parts[name] = [entry[2]]
        elif name is not None:
            parts[name].append(line)
    texts.update({one: _joined(said) for one, said in parts.items()})
    return end


def _numpy_section(lines, at, texts):
    while at < len(lines):
        line = lines[at]
        # The next section is a name with a rule below.
        if at + 1 < len(lines) and _rule.match(lines[at + 1]):
            break
        entry = _numpy.match(line)
        at += 1
        if entry:
            taken, at = _indented(lines, at, 0)
            texts[entry[1].lstrip("*")] = _joined(taken)
        elif line.strip():
            break
    return at


def _indented(lines, at, depth):
    """The lines from here that stand deeper, and where they end."""
    start = at
    while at < len(lines) and (not lines[at].strip() or _depth(lines[at]) > depth):
        at += 1
    return lines[start:at], at


def _depth(line):
    return len(line) - len(line.lstrip())


def _joined(lines):
    return " ".join(" ".join(lines).split()) or None
