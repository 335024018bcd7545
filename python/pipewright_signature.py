"""Tells the parameters and the results of functions by their syntax trees: nothing of the project is run.

A request comes on standard input, `{"entry": {"module" | "script", "path"}, "functions"}`, where null asks for all public
functions; the answer goes to standard output: `{"file", "functions", "unread", "names"}`, or a `problem`.
"""

import ast
import json
import sys

from pipewright_annotation import Annotations, Names, NotPlain, Unparsed, unknown
from pipewright_closure import Statement, entry_of
from pipewright_docstring import description_of, parameters_of

_functions = (ast.FunctionDef, ast.AsyncFunctionDef)
# These leave a signature, and what is returned, as they are written.
_transparent = frozenset(
    """functools.lru_cache functools.cache staticmethod numba.jit numba.njit torch.no_grad torch.inference_mode typing.final
    typing.no_type_check beartype.beartype typeguard.typechecked""".split()
)
# These make instances of what arrives.
_validating = ("pydantic.validate_call", "pydantic.validate_arguments")


class Unread(Exception):
    """Why the text does not tell a function's signature."""


class Signatures:
    def __init__(self, finder):
        self.names = Names(finder)
        self.annotations = Annotations(self.names)

    def of(self, module, function):
        if function not in module.bound:
            raise Unread("may be bound by what the text does not tell" if _binds_more(module) else "is not there")
        module, node, _ = self.names.definition(module, [function])
        if not isinstance(node, _functions):
            raise Unread("is no function that its text defines")
        traits = self.traits(module, node)
        arguments = node.args
        named = [*arguments.args, *arguments.kwonlyargs]
        defaults = [None] * (len(arguments.args) - len(arguments.defaults)) + arguments.defaults + arguments.kw_defaults
        # Defaults of parameters by position only stand in the same list.
        defaults = defaults[-len(named) :] if named else []
        documented = parameters_of(node)
        description = description_of(node)
        return {
            "file": module.path,
            "line": node.lineno,
            **({"doc": description} if description else {}),
            "parameters": [
                self.parameter(module, arg, default, documented.get(arg.arg)) for arg, default in zip(named, defaults)
            ],
            "positional": [arg.arg for arg in arguments.posonlyargs],
            "rest": arguments.kwarg is not None,
            **traits,
            "returns": self.returned(module, node),
        }

    def parameter(self, module, arg, default, doc):
        told = {"name": arg.arg, "required": True, **self.annotations.type(module, arg.annotation)}
        if default is not None:
            told.update(self.annotations.default(module, default))
            told["required"] = False
        if doc:
            told["doc"] = doc
        return told

    def traits(self, module, node):
        """What decorators do: `validated`, arguments become instances; `wrapped`, what is returned may be changed."""
        traits = {}
        for one in node.decorator_list:
            found, definition, name = self.names.behind(module, one.func if isinstance(one, ast.Call) else one)
            if name in _validating:
                traits["validated"] = True
            elif isinstance(definition, _functions) and self.wraps(found, definition):
                traits["wrapped"] = True
            elif name not in _transparent:
                raise Unread(f"stands behind @{ast.unparse(one)}, which may change its parameters")
        return traits

    def wraps(self, module, node):
        """Whether a decorator says, by functools.wraps, that the parameters are those of what it wraps."""
        for one in ast.walk(node):
            for decorator in getattr(one, "decorator_list", []) if isinstance(one, _functions) else []:
                if isinstance(decorator, ast.Call) and self.names.name(module, decorator.func) == "functools.wraps":
                    return True
        return False

    def returned(self, module, node):
        found = self.annotations.type(module, self.annotations.awaited(module, node.returns))
        if found["type"] not in ("any", "dict"):
            return found
        keys = _keys_of(node)
        if keys is None:
            is_none = node.returns is None and not _returned_values(node) and not _is_generator(node)
            return {"type": "none"} if is_none else found
        of = found["of"] if found["type"] == "dict" else unknown("no annotation says what the dict holds")
        fields = {key: {"required": required, **of} for key, required in keys.items()}
        return {"type": "record", "form": "dict", "fields": fields}

    def public(self, module):
        """The functions that a module itself defines, and does not hide."""
        declared = None
        binding = self.names.binding(module, "__all__")
        if isinstance(binding, Statement) and isinstance(binding.node, ast.Assign):
            try:
                declared = self.names.value(module, binding.node.value)
            except NotPlain:
                pass
        own = [one.names[0] for one in module.statements if isinstance(one.node, _functions)]
        shown = [name for name in own if not name.startswith("_") and (declared is None or name in declared)]
        return list(dict.fromkeys(shown))


def _binds_more(module):
    """Whether a module may have names that do not stand in it."""
    stars = any(isinstance(one, ast.ImportFrom) and one.names[0].name == "*" for one in module.imports)
    dynamic = {"globals", "setattr", "exec", "vars"}
    named = (one.id for one in ast.walk(module.tree) if isinstance(one, ast.Name))
    return stars or "__getattr__" in module.bound or not dynamic.isdisjoint(named)


def _own(node):
    """The nodes of a function without those of the functions inside of it."""
    left = list(node.body)
    while left:
        current = left.pop()
        yield current
        if not isinstance(current, (*_functions, ast.Lambda, ast.ClassDef)):
            left += ast.iter_child_nodes(current)


def _is_generator(node):
    return any(isinstance(one, (ast.Yield, ast.YieldFrom)) for one in _own(node))


def _returned_values(node):
    found = [one.value for one in _own(node) if isinstance(one, ast.Return) and one.value is not None]
    return sorted(found, key=lambda one: (one.lineno, one.col_offset))


def _keys_of(node):
    """The keys of the dicts that a function returns, and whether all of them have the key; None where it is not told."""
    values = _returned_values(node)
    if not values or _is_generator(node):
        return None
    dicts = []
    for value in values:
        if not isinstance(value, ast.Dict):
            return None
        keys = [one.value if isinstance(one, ast.Constant) else None for one in value.keys]
        if not all(isinstance(one, str) for one in keys):
            return None
        dicts.append(keys)
    return {name: all(name in keys for keys in dicts) for each in dicts for name in each}


def answer(request):
    finder, name = entry_of(request["entry"])
    signatures = Signatures(finder)
    try:
        module = signatures.names.module(name)
        if module is None:
            return {"problem": "absent"}
        public = signatures.public(module)
        asked = request["functions"]
        functions, unread = {}, {}
        for function in public if asked is None else asked:
            try:
                functions[function] = signatures.of(module, function)
            except Unread as reason:
                unread[function] = str(reason)
        return {"file": module.path, "functions": functions, "unread": unread, "names": public}
    except Unparsed as error:
        path, line, message = error.args
        return {"problem": "syntax", "file": path, "line": line, "message": message}
    except FileNotFoundError:
        # A script is not looked for before it is read.
        return {"problem": "absent"}


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
