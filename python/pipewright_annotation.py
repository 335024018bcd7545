"""Tells what annotations say, by syntax trees: nothing of the project is run.

A type is a dict: its `type`, and what that has. `any` says in `why` what is not told. A class that JSON holds by its fields
is a `record` with its `form`: what arrives is never an instance of one, but for a TypedDict.
"""

import ast
import math

from pipewright_closure import Alias, Module, Statement
from pipewright_docstring import description_of, parameters_of

_plain = {
    "int": "int",
    "float": "float",
    "str": "str",
    "bool": "bool",
    "None": "none",
    "bytes": "bytes",
    "pathlib.Path": "path",
    "pathlib.PurePath": "path",
    "os.PathLike": "path",
    "pipewright_worker.Model": "model",
    "pydantic.FilePath": "path",
    "pydantic.DirectoryPath": "directory",
    "datetime.datetime": "datetime",
    "datetime.date": "datetime",
    "pandas.Timestamp": "datetime",
    "typing.LiteralString": "str",
    "typing_extensions.LiteralString": "str",
    **{f"pydantic.{name}": "int" for name in ("StrictInt", "PositiveInt", "NegativeInt", "NonNegativeInt", "NonPositiveInt")},
    **{
        f"pydantic.{name}": "float"
        for name in ("StrictFloat", "PositiveFloat", "NegativeFloat", "NonNegativeFloat", "NonPositiveFloat", "FiniteFloat")
    },
    **{f"pydantic.{name}": "str" for name in ("StrictStr", "EmailStr")},
    "pydantic.StrictBool": "bool",
}
_lists = {
    "list",
    "typing.List",
    *(
        f"{module}.{name}"
        for module in ("typing", "collections.abc")
        for name in ("Sequence", "MutableSequence", "Iterable", "Collection")
    ),
}
_dicts = {
    "dict",
    "typing.Dict",
    *(f"{module}.{name}" for module in ("typing", "collections.abc") for name in ("Mapping", "MutableMapping")),
}
_tuples = ("tuple", "typing.Tuple")
_tables = ("pandas.DataFrame", "polars.DataFrame", "polars.LazyFrame", "pyarrow.Table")
_awaited = {"typing.Awaitable", "collections.abc.Awaitable", "typing.Coroutine", "collections.abc.Coroutine"}
_models = ("pydantic.BaseModel", "pydantic.main.BaseModel", "pydantic.v1.BaseModel")
_dataclasses = ("dataclasses.dataclass", "pydantic.dataclasses.dataclass")
_fields = ("dataclasses.field", "pydantic.Field", "pydantic.fields.Field")
_enums = {f"enum.{name}" for name in ("Enum", "IntEnum", "StrEnum")}
# Members of an enumeration with one of these are equal to their values.
_valued = {"int", "str", "enum.IntEnum", "enum.StrEnum"}
_neutral_bases = {"object", "abc.ABC", "typing.Generic", "typing_extensions.Generic"}
_factories = {"list": [], "dict": {}, "str": "", "int": 0, "float": 0.0, "bool": False, "tuple": []}
_why = {
    "typing.Any": "the annotation says Any",
    "object": "the annotation says object",
    "datetime.time": "JSON has no times: texts (isoformat) do",
    "datetime.timedelta": "JSON has no spans of time: seconds do",
    "decimal.Decimal": "JSON has no decimals: texts or floats do",
    **{name: "JSON has no sets: lists do" for name in ("set", "frozenset", "typing.Set", "typing.FrozenSet")},
}
_deepest = 40
_largest = 2**53 - 1


class NotPlain(Exception):
    """An expression whose value the text does not tell, or JSON does not hold."""


class Unparsed(Exception):
    """A file that is no Python: its path, the line and what is wrong there."""


def unknown(why):
    return {"type": "any", "why": why}


def is_from_typing(name, *members):
    module, _, member = (name or "").rpartition(".")
    return module in ("typing", "typing_extensions") and member in members


class Names:
    """What names stand for in the modules of a project."""

    def __init__(self, finder):
        self.finder = finder
        self.modules = {}

    def module(self, name):
        if name not in self.modules:
            found = self.finder.find(name)
            is_package = found.locations is not None
            try:
                self.modules[name] = Module(name, found.path, is_package) if found.kind == "code" else None
            except (SyntaxError, ValueError) as error:
                # What is no text at all has no line.
                line, message = getattr(error, "lineno", None), getattr(error, "msg", None)
                raise Unparsed(found.path, line or 1, message or str(error)) from None
        return self.modules[name]

    def binding(self, module, name):
        """The one thing that a name is bound to; None for several."""
        bindings = module.bound.get(name, [])
        aliases = [one for one in bindings if isinstance(one, Alias)]
        others = [one for one in bindings if not isinstance(one, Alias)]
        branches = all(isinstance(one.node, (ast.If, ast.Try)) for one in others)
        # Branches that import one name take the same thing from where it is.
        if aliases and branches and len({one.member or one.module for one in aliases}) == 1:
            return aliases[0]
        return bindings[0] if len(bindings) == 1 else None

    def definition(self, module, names):
        """What stands behind names in a module: its module and its statement, or its name elsewhere."""
        for _ in range(16):
            if not module.bound.get(names[0]):
                target = self.module(f"{module.name}.{names[0]}") if module.is_package else None
                if target is None or len(names) == 1:
                    return None, None, ".".join(names)
                module, names = target, names[1:]
                continue
            binding = self.binding(module, names[0])
            if binding is None:
                return None, None, None
            if isinstance(binding, Statement):
                return (module, binding.node, None) if len(names) == 1 else (None, None, None)
            names = [*([] if binding.member is None else [binding.member]), *names[1:]]
            target = self.module(binding.module)
            if (target is None and self.finder.find(binding.module).kind != "namespace") or not names:
                return None, None, ".".join([binding.module, *names])
            if target is None:
                # A folder without __init__ has nothing but modules.
                target, names = self.module(f"{binding.module}.{names[0]}"), names[1:]
                if target is None or not names:
                    return None, None, None
            module = target
        return None, None, None

    def behind(self, module, node):
        """The same for an expression."""
        names = []
        while isinstance(node, ast.Attribute):
            names.insert(0, node.attr)
            node = node.value
        return self.definition(module, [node.id, *names]) if isinstance(node, ast.Name) else (None, None, None)

    def name(self, module, node):
        return self.behind(module, node)[2]

    def value(self, module, node, depth=0):
        """The value of an expression, as JSON holds it; throws NotPlain."""
        if depth > _deepest:
            raise NotPlain
        if isinstance(node, ast.Constant):
            return _json(node.value)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            value = self.value(module, node.operand, depth + 1)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise NotPlain
            return -value if isinstance(node.op, ast.USub) else value
        if isinstance(node, (ast.List, ast.Tuple)):
            return [self.value(module, one, depth + 1) for one in node.elts]
        if isinstance(node, ast.Dict):
            keys = [_text(one) for one in node.keys]
            if None in keys:
                raise NotPlain
            return dict(zip(keys, (self.value(module, one, depth + 1) for one in node.values)))
        if isinstance(node, ast.Attribute):
            member = node.value if node.attr == "value" and isinstance(node.value, ast.Attribute) else node
            found, definition, _ = self.behind(module, member.value)
            members = self.members(found, definition) if isinstance(definition, ast.ClassDef) else None
            if members is not None and member.attr in members:
                return members[member.attr]
        found, definition, _ = self.behind(module, node)
        target, value = _assigned(definition)
        if target is None:
            raise NotPlain
        return self.value(found, value, depth + 1)

    def ancestry(self, module, node, depth=0):
        """A class and those of the project that it is made of, with the names of all others."""
        if depth > _deepest:
            return [], {None}
        classes, others = [], set()
        for base in node.bases:
            found, definition, name = self.behind(module, base.value if isinstance(base, ast.Subscript) else base)
            if isinstance(definition, ast.ClassDef):
                more, names = self.ancestry(found, definition, depth + 1)
                # What stands first wins, as Python looks for it.
                classes = [*more, *classes]
                others |= names
            else:
                others.add(name)
        return [*(one for one in classes if one[1] is not node), (module, node)], others

    def members(self, module, node):
        """The values of an enumeration by name; None for other classes, and where a value is not told."""
        classes, others = self.ancestry(module, node)
        if not others & _enums or not others <= {*_enums, *_valued, *_neutral_bases}:
            return None
        members = {}
        for owner, one in classes:
            for statement in one.body:
                target, value = _assigned(statement)
                if target is None or target.startswith("_"):
                    continue
                try:
                    members[target] = self.member(owner, target, value, others, list(members.values()))
                except NotPlain:
                    return None
            if any(getattr(each, "name", "") == "_generate_next_value_" for each in one.body):
                return None
        return members

    def member(self, module, name, node, bases, before):
        if not (isinstance(node, ast.Call) and self.name(module, node.func) == "enum.auto"):
            value = self.value(module, node)
            if isinstance(value, (list, dict)):
                raise NotPlain
            return value
        if "enum.StrEnum" in bases:
            return name.lower()
        if "str" in bases or not all(type(one) is int for one in before):
            raise NotPlain
        return max(before, default=0) + 1


def _assigned(node):
    """The name and the value of a plain assignment."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id, node.value
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        return node.target.id, node.value
    return None, None


def _json(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int) and abs(value) <= _largest:
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise NotPlain


class Annotations:
    def __init__(self, names):
        self.names = names

    def type(self, module, node, seen=()):
        """What an annotation says; `seen` are the definitions that it is part of."""
        if node is None:
            return unknown("nothing annotates it")
        node = _unquoted(node)
        if isinstance(node, ast.Constant) and node.value is None:
            return {"type": "none"}
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self.union(module, [node.left, node.right], seen)
        if isinstance(node, ast.Subscript):
            return self.generic(module, node, seen)
        if isinstance(node, (ast.Name, ast.Attribute)):
            return self.named(module, node, seen)
        return unknown(f"{ast.unparse(node)} is not understood")

    def named(self, module, node, seen):
        found, definition, name = self.names.behind(module, node)
        if definition is not None:
            return self.defined(found, definition, seen)
        if name in _plain:
            return {"type": _plain[name]}
        if name in _lists or name in _tuples:
            return {"type": "list", "of": unknown(f"{ast.unparse(node)} does not say of what")}
        if name in _dicts:
            return {"type": "dict", "of": unknown(f"{ast.unparse(node)} does not say of what")}
        if name in _tables:
            return {"type": "table"}
        return unknown(_why.get(name) or f"{ast.unparse(node)} is no type of plain data that is known here")

    def defined(self, module, node, seen):
        if any(one is node for one in seen) or len(seen) > _deepest:
            return unknown("it holds itself")
        seen = (*seen, node)
        if isinstance(node, ast.ClassDef):
            return self.of_class(module, node, seen)
        if type(node).__name__ == "TypeAlias":
            return self.type(module, node.value, seen)
        target, value = _assigned(node)
        if target is None:
            return unknown("what it names is no type")
        if not isinstance(value, ast.Call):
            return self.type(module, value, seen)
        name = self.names.name(module, value.func)
        if is_from_typing(name, "NewType") and len(value.args) == 2:
            return self.type(module, value.args[1], seen)
        if is_from_typing(name, "TypedDict") and len(value.args) == 2 and isinstance(value.args[1], ast.Dict):
            return self.functional(module, target, value, seen)
        if is_from_typing(name, "TypeVar"):
            bounds = [one.value for one in value.keywords if one.arg == "bound"]
            if bounds:
                return self.type(module, bounds[0], seen)
        return unknown(f"{target} is made when the module is loaded")

    def union(self, module, nodes, seen):
        types = []
        for node in nodes:
            found = self.type(module, node, seen)
            types += found["of"] if found["type"] == "union" else [found]
        return {"type": "union", "of": types}

    def generic(self, module, node, seen):
        name = self.names.name(module, node.value)
        inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name in _lists:
            return {"type": "list", "of": self.type(module, inside[0], seen)}
        if name in _dicts and len(inside) == 2:
            return self.dict(module, inside, seen)
        if name in _tuples:
            if len(inside) == 2 and isinstance(inside[1], ast.Constant) and inside[1].value is ...:
                return {"type": "list", "of": self.type(module, inside[0], seen)}
            return {"type": "tuple", "of": [self.type(module, one, seen) for one in inside]}
        if is_from_typing(name, "Optional"):
            return self.union(module, [inside[0], ast.Constant(None)], seen)
        if is_from_typing(name, "Union"):
            return self.union(module, inside, seen)
        if is_from_typing(name, "Literal") and inside:
            try:
                return {"type": "literal", "of": [self.names.value(module, one) for one in inside]}
            except NotPlain:
                return unknown(f"{ast.unparse(node)} has values that JSON has not, or that are not told")
        if is_from_typing(name, "Annotated"):
            return self.annotated(module, inside, seen)
        if is_from_typing(name, "Final", "Required", "NotRequired", "ReadOnly"):
            return self.type(module, inside[0], seen)
        found, definition, _ = self.names.behind(module, node.value)
        # What a class or an alias is generic in stands in its own text.
        if definition is not None:
            return self.defined(found, definition, seen)
        return unknown(_why.get(name) or f"{ast.unparse(node)} is no type of plain data that is known here")

    def dict(self, module, inside, seen):
        key = self.type(module, inside[0], seen)
        values = key["of"] if key["type"] == "literal" else []
        if key["type"] not in ("str", "any") and not (values and all(isinstance(one, str) for one in values)):
            return unknown(f"JSON has texts as keys, not {ast.unparse(inside[0])}")
        return {"type": "dict", "of": self.type(module, inside[1], seen)}

    def annotated(self, module, inside, seen):
        found = self.type(module, inside[0], seen)
        if found["type"] == "table":
            columns = [self.type(module, one, seen) for one in inside[1:] if isinstance(one, (ast.Name, ast.Attribute))]
            rows = [one for one in columns if one["type"] == "record"]
            if rows:
                return {**found, "of": rows[0]}
        if found["type"] == "model":
            formats = [text for text in map(_text, inside[1:]) if text]
            return {**found, "format": formats[0]} if formats else found
        for one in inside[1:]:
            doc = self.said(module, one)
            if doc:
                return {**found, "doc": doc}
        return found

    def said(self, module, node):
        """What a Field or a Doc of an annotation says."""
        if not isinstance(node, ast.Call):
            return None
        name = self.names.name(module, node.func)
        if is_from_typing(name, "Doc") and node.args:
            return _text(node.args[0])
        return _text(_keyword(node, "description")) if name in _fields else None

    def of_class(self, module, node, seen):
        members = self.names.members(module, node)
        classes, others = self.names.ancestry(module, node)
        known = {"class": f"{module.name}.{node.name}"}
        if members is not None:
            if not members:
                return unknown(f"{node.name} has no members")
            form = {} if others & _valued else {"form": "Enum"}
            return {"type": "literal", "of": list(dict.fromkeys(members.values())), **known, **form}
        form = self.form(classes, others)
        if form is None:
            return unknown(f"{node.name} is no class of plain data: a TypedDict, a dataclass, a NamedTuple, a pydantic model")
        fields = {}
        for owner, one in classes:
            if form == "dataclass" and not self.is_dataclass(owner, one):
                continue
            own = self.fields(owner, one, form, seen)
            if isinstance(own, str):
                return unknown(own)
            fields.update(own)
        doc = description_of(node)
        return {"type": "record", **known, "form": form, "fields": fields, **({"classDoc": doc} if doc else {})}

    def form(self, classes, others):
        others = others - _neutral_bases
        if self.is_dataclass(*classes[-1]):
            return None if others else "dataclass"
        if len(others) != 1:
            return None
        [base] = others
        if is_from_typing(base, "TypedDict"):
            return "TypedDict"
        if is_from_typing(base, "NamedTuple"):
            return "NamedTuple"
        return "BaseModel" if base in _models else None

    def is_dataclass(self, module, node):
        decorators = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
        return any(self.names.name(module, one) in _dataclasses for one in decorators)

    def fields(self, module, node, form, seen):
        """The fields that a class itself has; a text says why they are not told."""
        total = not any(one.arg == "total" and getattr(one.value, "value", True) is False for one in node.keywords)
        documented = parameters_of(node)
        fields = {}
        for at, one in enumerate(node.body):
            if not isinstance(one, ast.AnnAssign) or not isinstance(one.target, ast.Name):
                continue
            name, annotation, required = one.target.id, _unquoted(one.annotation), total
            while True:
                marker = self.names.name(module, annotation.value if isinstance(annotation, ast.Subscript) else annotation)
                if is_from_typing(marker, "ClassVar") or marker == "dataclasses.KW_ONLY":
                    annotation = None
                elif is_from_typing(marker, "Required", "NotRequired") and isinstance(annotation, ast.Subscript):
                    required = marker.endswith(".Required")
                elif not (marker == "dataclasses.InitVar" or is_from_typing(marker, "ReadOnly", "Final")):
                    break
                if not isinstance(annotation, ast.Subscript):
                    break
                annotation = annotation.slice
            if annotation is None or (form == "BaseModel" and (name.startswith("_") or name == "model_config")):
                continue
            field = {"required": required, **self.type(module, annotation, seen)}
            doc = documented.get(name) or _text_after(node.body, at)
            if one.value is not None and form != "TypedDict":
                value = one.value
                if isinstance(value, ast.Call) and self.names.name(module, value.func) in _fields:
                    if any(each.arg in ("alias", "validation_alias", "serialization_alias") for each in value.keywords):
                        return f"{node.name}.{name} has an alias: what it is called in JSON is not told"
                    doc = self.said(module, value) or doc
                field.update(self.default(module, value))
            if doc:
                field["doc"] = doc
            fields[name] = field
        return fields

    def functional(self, module, name, call, seen):
        total = getattr(_keyword(call, "total"), "value", True) is not False
        fields = {}
        for key, annotation in zip(call.args[1].keys, call.args[1].values):
            key = _text(key)
            if key is None:
                return unknown(f"{name} has a key that is not told")
            required = total
            if isinstance(annotation, ast.Subscript):
                marker = self.names.name(module, annotation.value)
                if is_from_typing(marker, "Required", "NotRequired"):
                    annotation, required = annotation.slice, marker.endswith(".Required")
            fields[key] = {"required": required, **self.type(module, annotation, seen)}
        return {"type": "record", "class": f"{module.name}.{name}", "form": "TypedDict", "fields": fields}

    def default(self, module, node):
        """What a parameter or a field has without a value of its own: `default`, or `made` where JSON cannot tell it."""
        value, factory = node, None
        if isinstance(node, ast.Call) and self.names.name(module, node.func) in _fields:
            value = node.args[0] if node.args else _keyword(node, "default")
            factory = _keyword(node, "default_factory")
            # It is none of the parameters, and there afterwards.
            if getattr(_keyword(node, "init"), "value", True) is False:
                return {"required": False, "made": ast.unparse(node)}
        if isinstance(value, ast.Constant) and value.value is ...:
            value = None
        if value is None and factory is None:
            return {}
        try:
            if factory is not None:
                return {"required": False, "default": self.made(module, factory)}
            return {"required": False, "default": self.names.value(module, value)}
        except NotPlain:
            return {"required": False, "made": ast.unparse(factory if factory is not None else value)}

    def made(self, module, factory):
        if isinstance(factory, ast.Lambda):
            return self.names.value(module, factory.body)
        name = self.names.name(module, factory)
        if name not in _factories:
            raise NotPlain
        return _factories[name]

    def awaited(self, module, node):
        """What a function gives in the end, where its annotation speaks of what is awaited."""
        node = _unquoted(node)
        if isinstance(node, ast.Subscript) and self.names.name(module, node.value) in _awaited:
            return node.slice.elts[-1] if isinstance(node.slice, ast.Tuple) else node.slice
        return node


def _unquoted(node):
    """An annotation that is written as a text, as what the text says."""
    text = _text(node)
    try:
        return node if text is None else ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return node


def _keyword(call, name):
    return next((one.value for one in call.keywords if one.arg == name), None)


def _text(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _text_after(body, at):
    after = body[at + 1] if at + 1 < len(body) else None
    text = _text(after.value) if isinstance(after, ast.Expr) else None
    return " ".join(text.split()) if text else None
