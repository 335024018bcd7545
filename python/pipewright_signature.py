"""Tells the parameters and the result of a function by its syntax tree: nothing of the project is run.

Request and answer are as those of pipewright_closure.py. Types are told where annotations tell them, else they are `any`.
"""

import ast
import json
import sys

from pipewright_closure import Module, Statement, entry_of

_plain = {"int": "int", "float": "float", "str": "str", "bool": "bool", "None": "none"}
_lists = ("list", "typing.List", "typing.Sequence", "collections.abc.Sequence", "typing.Iterable", "collections.abc.Iterable")
_dicts = ("dict", "typing.Dict", "typing.Mapping", "collections.abc.Mapping")
_tables = ("pandas.DataFrame", "polars.DataFrame", "pyarrow.Table")
_typed_dicts = ("typing.TypedDict", "typing_extensions.TypedDict")
# These leave a signature as it is written.
_transparent = ("functools.lru_cache", "functools.cache", "staticmethod")
_any = {"type": "any"}


class Signature:
    def __init__(self, finder):
        self.finder = finder
        self.modules = {}

    def module(self, name):
        if name not in self.modules:
            found = self.finder.find(name)
            is_package = found.locations is not None
            self.modules[name] = Module(name, found.path, is_package) if found.kind == "code" else None
        return self.modules[name]

    def definition(self, module, names):
        """What stands behind names in a module: its module and its tree, or its name elsewhere."""
        for _ in range(16):
            bindings = module.bound.get(names[0], [])
            if not bindings:
                return None, None, ".".join(names)
            if len(bindings) > 1:
                return None, None, None
            [binding] = bindings
            if isinstance(binding, Statement):
                return (module, binding.node, None) if len(names) == 1 else (None, None, None)
            names = [*([] if binding.member is None else [binding.member]), *names[1:]]
            target = self.module(binding.module)
            if target is None or not names:
                return None, None, ".".join([binding.module, *names])
            module = target
        return None, None, None

    def of(self, name, function):
        module = self.module(name)
        if module is None or "." in function:
            return None
        module, node, _ = self.definition(module, [function])
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return None
        for one in node.decorator_list:
            if self.name(module, one.func if isinstance(one, ast.Call) else one) not in _transparent:
                return None
        arguments = node.args
        named = [*arguments.args, *arguments.kwonlyargs]
        defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + arguments.defaults + arguments.kw_defaults
        # Defaults of parameters by position only stand in the same list.
        defaults = defaults[-len(named) :] if named else []
        return {
            "file": module.path,
            "line": node.lineno,
            "parameters": [
                {"name": arg.arg, "required": default is None, **self.type(module, arg.annotation)}
                for arg, default in zip(named, defaults)
            ],
            "positional": [arg.arg for arg in arguments.posonlyargs],
            "rest": arguments.kwarg is not None,
            "returns": self.type(module, node.returns),
        }

    def name(self, module, node):
        names = []
        while isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        return self.definition(module, [node.id, *names])[2]

    def type(self, module, node, depth=0):
        if node is None or depth > 20:
            return _any
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self.type(module, ast.parse(node.value, mode="eval").body, depth + 1)
            except SyntaxError:
                return _any
        if isinstance(node, ast.Constant) and node.value is None:
            return {"type": "none"}
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self.union(module, [node.left, node.right], depth)
        if isinstance(node, ast.Subscript):
            return self.generic(module, node, depth)
        name = self.name(module, node)
        if name in _plain:
            return {"type": _plain[name]}
        if name in _lists or name in _dicts:
            kind = "list" if name in _lists else "dict"
            return {"type": kind, "of": _any}
        if name in _tables:
            return {"type": "table"}
        if name in ("pathlib.Path", "pathlib.PurePath", "os.PathLike"):
            return {"type": "path"}
        if isinstance(node, ast.Name):
            found, definition, _ = self.definition(module, [node.id])
            if isinstance(definition, ast.ClassDef):
                return self.record(found, definition, depth)
        return _any

    def union(self, module, nodes, depth):
        return {"type": "union", "of": [self.type(module, one, depth + 1) for one in nodes]}

    def generic(self, module, node, depth):
        name = self.name(module, node.value)
        inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in _lists:
            return {"type": "list", "of": self.type(module, inside[0], depth + 1)}
        if name in _dicts and len(inside) == 2:
            return {"type": "dict", "of": self.type(module, inside[1], depth + 1)}
        if name == "typing.Optional":
            return {"type": "union", "of": [self.type(module, inside[0], depth + 1), {"type": "none"}]}
        if name == "typing.Union":
            return self.union(module, inside, depth)
        if name in ("typing.Literal", "typing_extensions.Literal"):
            if all(isinstance(one, ast.Constant) for one in inside):
                return {"type": "literal", "of": [one.value for one in inside]}
        if name in ("typing.Annotated", "typing_extensions.Annotated"):
            return self.type(module, inside[0], depth + 1)
        return _any

    def record(self, module, node, depth):
        """A TypedDict that says all of its keys itself."""
        bases = [self.name(module, one) for one in node.bases]
        if len(bases) != 1 or bases[0] not in _typed_dicts:
            return _any
        total = not any(one.arg == "total" and getattr(one.value, "value", True) is False for one in node.keywords)
        fields = {}
        for one in node.body:
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                annotation, required = one.annotation, total
                if isinstance(annotation, ast.Subscript):
                    marker = (self.name(module, annotation.value) or "").rpartition(".")[2]
                    if marker in ("Required", "NotRequired"):
                        annotation, required = annotation.slice, marker == "Required"
                fields[one.target.id] = {"required": required, **self.type(module, annotation, depth + 1)}
        return {"type": "record", "fields": fields}


def answer(request):
    finder, name = entry_of(request["entry"])
    try:
        return Signature(finder).of(name, request["function"])
    except SyntaxError:
        return None


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
