"""Tells what of a project's Python a function reaches, by syntax trees alone: nothing of the project is run.

A request comes on standard input, `{"entry": {"module" | "script", "path"}, "function"}`; the answer goes to standard output.
A piece is a statement of a module. A function reaches what it names, what that names, and what loading their modules
does. What cannot be resolved widens: to a module, to a package, to everything. For Python 3.9 and later.
"""

import ast
import hashlib
import json
import os
import sys
import sysconfig

# Code deeper than this fails, and everything counts.
sys.setrecursionlimit(6000)

_functions = (ast.FunctionDef, ast.AsyncFunctionDef)
_scopes = (*_functions, ast.Lambda, ast.ClassDef)
_tries = tuple(getattr(ast, name) for name in ("Try", "TryStar") if hasattr(ast, name))

# Calls of these at the top of a module do nothing that another statement could see.
_pure_calls = frozenset(
    """abs all any bool bytearray bytes chr complex dict divmod enumerate float frozenset int isinstance len list max min
    object ord pow property range repr reversed round set slice sorted staticmethod str sum tuple zip classmethod
    collections.Counter collections.OrderedDict collections.defaultdict collections.deque collections.namedtuple
    dataclasses.field datetime.date datetime.datetime datetime.timedelta decimal.Decimal enum.auto fractions.Fraction
    functools.partial logging.getLogger operator.attrgetter operator.itemgetter os.environ.get os.getenv os.path.abspath
    os.path.basename os.path.dirname os.path.join os.path.realpath pathlib.Path pathlib.PurePath re.compile typing.NewType
    typing.ParamSpec typing.TypeVar typing.cast typing_extensions.TypeVar""".split()
)
_pure_decorators = frozenset(
    """abc.abstractmethod classmethod contextlib.asynccontextmanager contextlib.contextmanager dataclasses.dataclass
    enum.unique functools.cache functools.cached_property functools.lru_cache functools.singledispatch
    functools.total_ordering functools.wraps numba.jit numba.njit property staticmethod typing.final typing.no_type_check
    typing.overload typing.override typing.runtime_checkable typing_extensions.override""".split()
)
# Classes of other bases may be registered where they are made.
_pure_bases = frozenset(
    """BaseException Exception ArithmeticError AssertionError AttributeError IndexError KeyError LookupError OSError
    RuntimeError TypeError UserWarning ValueError Warning bool bytes dict float frozenset int list object set str tuple
    abc.ABC abc.ABCMeta collections.OrderedDict collections.UserDict enum.Enum enum.Flag enum.IntEnum enum.IntFlag enum.StrEnum
    typing.Generic typing.NamedTuple typing.Protocol typing.TypedDict typing_extensions.Protocol typing_extensions.TypedDict""".split()
)
# What runs or loads code that no syntax tree names.
_dynamic = (
    """exec eval compile __import__ breakpoint builtins.exec builtins.eval builtins.compile builtins.__import__ cloudpickle.load
    cloudpickle.loads code dill.load dill.loads importlib.import_module importlib.machinery importlib.reload importlib.util
    importlib.__import__ joblib.load os.execl os.execle os.execlp os.execv os.execve os.execvp os.execvpe os.popen
    os.posix_spawn os.posix_spawnp os.spawnl os.spawnle os.spawnv os.spawnve os.system pandas.read_pickle pickle.Unpickler
    pickle.load pickle.loads pkgutil runpy shelve subprocess sys.meta_path sys.modules sys.path sys.path_hooks torch.load
    asyncio.create_subprocess_exec asyncio.create_subprocess_shell cffi ctypes.CDLL ctypes.PyDLL ctypes.cdll ctypes.pydll
    hydra.utils.get_class hydra.utils.instantiate logging.config mlflow pydoc.locate torch.hub torch.ops yaml.full_load
    yaml.load yaml.unsafe_load""".split()
)
_importers = ("importlib.import_module", "__import__", "builtins.__import__", "importlib.__import__")
# Of every module.
_own_names = frozenset("__name__ __file__ __package__ __spec__ __path__ __loader__ __builtins__ __debug__".split())


class Everything(Exception):
    """What is reached cannot be told from what is not."""


class Alias:
    """A name that an import binds: a module, or a member of one."""

    def __init__(self, module, member=None):
        self.module = module
        self.member = member


class Statement:
    """A statement at the top of a module; `effect`: loading the module shows elsewhere by it."""

    def __init__(self, node, names):
        self.node = node
        self.names = names
        self.effect = False


class Module:
    def __init__(self, name, path, is_package, source=None):
        self.name = name
        self.path = path
        self.package = name if is_package else name.rpartition(".")[0]
        self.is_package = is_package
        if source is None:
            with open(path, "rb") as file:
                source = file.read()
        self.tree = ast.parse(source, path)
        self.statements = []
        self.bound = {}
        self.imports = []
        for node in self.tree.body:
            if isinstance(node, ast.Pass) or _is_main_guard(node, name):
                continue
            imports = _imports(node, into_functions=False)
            aliases = [] if isinstance(node, (*_functions, ast.ClassDef)) else list(self.aliases(imports))
            statement = Statement(node, _stored(node))
            if not isinstance(node, (ast.Import, ast.ImportFrom)):
                # The whole of a compound statement tells which import is taken.
                statement.names += [alias for alias, _ in aliases if alias not in statement.names]
            self.statements.append(statement)
            for one in statement.names:
                self.bound.setdefault(one, []).append(statement)
            if not _is_typing_guard(node):
                self.imports += imports
            for alias, target in aliases:
                self.bound.setdefault(alias, []).append(target)

    def aliases(self, nodes):
        for node in nodes:
            for one in node.names:
                if isinstance(node, ast.Import):
                    top = one.name.partition(".")[0]
                    yield (one.asname or top, Alias(one.name if one.asname else top))
                elif one.name != "*":
                    yield (one.asname or one.name, Alias(self.base(node), one.name))

    def base(self, node):
        """The module that `from` names."""
        if node.level == 0:
            return node.module
        parts = self.package.split(".") if self.package else []
        parts = parts[: len(parts) - node.level + 1]
        return ".".join([*parts, *([node.module] if node.module else [])])

    def loads(self, node):
        """Names of modules that an import loads; of `from a import b`, `a.b` may be one."""
        if isinstance(node, ast.Import):
            return [(one.name, False) for one in node.names]
        base = self.base(node)
        return [(base, False), *((f"{base}.{one.name}", True) for one in node.names if one.name != "*")]


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_main_guard(node, name):
    """What runs only in a program; a step is loaded as a module."""
    if not isinstance(node, ast.If) or node.orelse or name == "__main__":
        return False
    return ast.dump(node.test) in _main_tests


_main_tests = {ast.dump(ast.parse(f"__name__ == {quote}__main__{quote}", mode="eval").body) for quote in "'\""}


def _is_typing_guard(node):
    if not isinstance(node, ast.If) or node.orelse:
        return False
    test = node.test
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
    return name == "TYPE_CHECKING"


def _imports(node, into_functions):
    found = []
    left = [node]
    while left:
        current = left.pop()
        if isinstance(current, (ast.Import, ast.ImportFrom)):
            found.append(current)
        elif into_functions or not isinstance(current, (*_functions, ast.Lambda)):
            left += reversed(list(ast.iter_child_nodes(current)))
    return found


def _stored(node, is_own=True):
    """The names that a statement binds in the scope that it stands in, but for imports."""
    names = []
    if isinstance(node, (*_functions, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.Lambda):
        return []
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        return [one.target.id for one in ast.walk(node) if isinstance(one, ast.NamedExpr)]
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        names.append(node.id)
    elif isinstance(node, ast.ExceptHandler) and node.name:
        names.append(node.name)
    elif type(node).__name__ in ("MatchAs", "MatchStar") and node.name:
        names.append(node.name)
    elif type(node).__name__ == "MatchMapping" and node.rest:
        names.append(node.rest)
    for child in ast.iter_child_nodes(node):
        names += _stored(child, False)
    return list(dict.fromkeys(names)) if is_own else names


def _locals_of(node):
    """The names of a function's own scope; those of its imports are told apart by what they import."""
    arguments = node.args
    names = {one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    names |= {one.arg for one in (arguments.vararg, arguments.kwarg) if one}
    names |= {one.name for one in getattr(node, "type_params", [])}
    outer = set()
    body = node.body if isinstance(node.body, list) else [node.body]
    left = list(body)
    for statement in body:
        names.update(_stored(statement))
    while left:
        current = left.pop()
        if isinstance(current, (ast.Global, ast.Nonlocal)):
            outer.update(current.names)
        elif not isinstance(current, _scopes):
            left += ast.iter_child_nodes(current)
    return names - outer


class Reading:
    """The names that a statement takes from its module, each with the attributes that are taken of it."""

    def __init__(self, node):
        self.references = []
        # Calls that import by a text, with their first argument and how many there are.
        self.importing = []
        # Attributes of whatever object.
        self.attributes = set()
        self.imports = _imports(node, into_functions=True)
        self.own_imports = {
            one.asname or one.name.partition(".")[0] for each in self.imports for one in each.names
        }
        self.visit(node, frozenset())

    def visit(self, node, hidden):
        if isinstance(node, ast.Attribute) or isinstance(node, ast.Name):
            self.name(node, hidden)
        elif isinstance(node, (*_functions, ast.Lambda)):
            self.function(node, hidden)
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            # The first iterable is of the scope around.
            self.visit(node.generators[0].iter, hidden)
            own = hidden | {name for one in node.generators for name in _stored(one.target)}
            for child in ast.iter_child_nodes(node):
                self.visit(child, own)
        elif isinstance(node, ast.Call):
            self.call(node, hidden)
        elif isinstance(node, ast.AnnAssign):
            self.annotation(node.annotation, hidden)
            for child in (node.target, node.value):
                if child is not None:
                    self.visit(child, hidden)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            self.references += [(name, ()) for name in node.names if name not in hidden]
        elif isinstance(node, ast.ClassDef):
            # Names of its body are looked for outside too, and not by its methods.
            own = hidden | {one.name for one in getattr(node, "type_params", [])}
            for child in ast.iter_child_nodes(node):
                self.visit(child, own)
        elif not isinstance(node, (ast.Import, ast.ImportFrom)):
            for child in ast.iter_child_nodes(node):
                self.visit(child, hidden)

    def name(self, node, hidden):
        attributes = []
        while isinstance(node, ast.Attribute):
            attributes.append(node.attr)
            node = node.value
        self.attributes.update(attributes)
        if not isinstance(node, ast.Name):
            self.visit(node, hidden)
        elif node.id not in hidden:
            self.references.append((node.id, tuple(reversed(attributes))))

    def function(self, node, hidden):
        arguments = node.args
        for one in (*getattr(node, "decorator_list", []), *arguments.defaults, *arguments.kw_defaults):
            if one is not None:
                self.visit(one, hidden)
        own = hidden | {one.name for one in getattr(node, "type_params", [])}
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
        for one in (*(arg.annotation for arg in every if arg is not None), getattr(node, "returns", None)):
            if one is not None:
                self.annotation(one, own)
        for one in getattr(node, "type_params", []):
            self.visit(one, own)
        inner = hidden | (_locals_of(node) - self.own_imports)
        for one in node.body if isinstance(node.body, list) else [node.body]:
            self.visit(one, inner)

    def annotation(self, node, hidden):
        self.visit(node, hidden)
        for one in ast.walk(node):
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                try:
                    self.visit(ast.parse(one.value, mode="eval").body, hidden)
                except (SyntaxError, ValueError):
                    pass

    def call(self, node, hidden):
        chain = _chain(node.func)
        children = list(ast.iter_child_nodes(node))
        if chain is not None and chain[0] not in hidden and chain[-1] in ("import_module", "__import__"):
            self.importing.append((chain[0], tuple(chain[1:]), node))
            children = children[1:]
        for child in children:
            self.visit(child, hidden)


def _chain(node):
    """The names of `a.b.c`; None for other expressions."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return [node.id, *reversed(names)] if isinstance(node, ast.Name) else None


class Found:
    """Where an import leads: to `code` or `native` code of the project, a `namespace`, `external` or `standard` code, or nowhere."""

    def __init__(self, kind, path=None, locations=None):
        self.kind = kind
        self.path = path
        self.locations = locations


class Finder:
    """Finds modules as the import system does, without loading any."""

    def __init__(self):
        paths = sysconfig.get_paths()
        self.standard = tuple({os.path.realpath(paths[name]) + os.sep for name in ("stdlib", "platstdlib")})
        self.known = {}

    def find(self, name):
        if name not in self.known:
            self.known[name] = self.look(name)
        return self.known[name]

    def look(self, name):
        locations = None
        above = name.rpartition(".")[0]
        if above:
            parent = self.find(above)
            if parent.kind in ("external", "standard", "absent"):
                return Found(parent.kind)
            if parent.locations is None:
                return Found("absent")
            locations = parent.locations
        if name == "pipewright_worker":
            return Found("standard")
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            try:
                spec = None if find is None else find(name, locations)
            except Exception:
                spec = None
            if spec is not None:
                return self.of(spec)
        # One without __init__ in a package asks the package, which is not loaded.
        leaf = name.rpartition(".")[2]
        folders = [os.path.join(one, leaf) for one in (locations or []) if os.path.isdir(os.path.join(one, leaf))]
        return Found("namespace", None, folders) if folders else Found("absent")

    def of(self, spec):
        locations = None if spec.submodule_search_locations is None else list(spec.submodule_search_locations)
        if spec.origin in ("built-in", "frozen"):
            return Found("standard")
        if spec.origin is None or not os.path.isfile(spec.origin):
            return Found("namespace", None, locations) if locations is not None else Found("external")
        path = os.path.abspath(spec.origin)
        if {"site-packages", "dist-packages"} & set(path.split(os.sep)):
            return Found("external")
        if os.path.realpath(path).startswith(self.standard):
            return Found("standard")
        return Found("code" if path.endswith(".py") else "native", path, locations)


class Closure:
    def __init__(self, finder):
        self.finder = finder
        self.modules = {}
        self.order = []
        self.included = {}
        self.links = {}
        self.external = set()
        self.absent = set()
        self.whole = {}
        self.met = set()
        self.left = []

    # Loading: what runs whatever is called.

    def load(self, name, optional=False):
        """Counts what loading a module does, and gives the module if it is code of the project."""
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            self.load_one(".".join(parts[:end]), optional and end == len(parts))
        return self.modules.get(name)

    def load_one(self, name, optional):
        if name in self.modules:
            return
        found = self.finder.find(name)
        if found.kind == "external":
            self.external.add(name)
        elif found.kind == "absent":
            if not optional:
                self.absent.add(name)
        elif found.kind == "native":
            raise Everything(f"{name} is no source text, and may import any code")
        elif found.kind == "code":
            self.define(Module(name, found.path, found.locations is not None))

    def define(self, module):
        self.modules[module.name] = module
        self.order.append(module)
        for node in module.imports:
            self.follow(module, node)
        for statement in module.statements:
            statement.effect = not Purity(self, module).statement(statement.node)
            if statement.effect:
                self.include(module, statement)

    def follow(self, module, node):
        for name, optional in module.loads(node):
            self.load(name, optional)
        if isinstance(node, ast.ImportFrom) and any(one.name == "*" for one in node.names):
            self.take_whole(module.base(node), f"import * in {module.name}")

    # Reaching.

    def include(self, module, statement):
        if id(statement) in self.included:
            return
        self.included[id(statement)] = (module, statement)
        self.left.append((module, statement.node))

    def take_whole(self, name, why):
        found = self.finder.find(name)
        if found.kind == "namespace":
            self.take_package(name, why)
        module = self.load(name)
        if module is None or name in self.whole:
            return
        self.whole[name] = why
        for statement in module.statements:
            self.include(module, statement)
        for one in list(module.bound):
            self.need(module, one, ())

    def take_package(self, name, why):
        """All modules below a package."""
        for folder in self.finder.find(name).locations or []:
            for entry in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
                stem = entry.split(".")[0]
                if stem.isidentifier() and stem not in ("__init__", "__pycache__"):
                    below = f"{name}.{stem}"
                    if below not in self.whole and self.finder.find(below).kind in ("code", "native", "namespace"):
                        self.take_whole(below, why)
                        if self.finder.find(below).kind != "namespace":
                            self.take_package(below, why)

    def need(self, module, name, attributes):
        key = (module.name, name, attributes)
        if key in self.met:
            return
        self.met.add(key)
        for binding in module.bound[name]:
            if isinstance(binding, Statement):
                self.include(module, binding)
            else:
                self.links[(module.name, name, binding.module, binding.member)] = module
                self.take(binding, attributes)

    def take(self, alias, attributes):
        if alias.member is None:
            self.reach_module(alias.module, attributes)
        else:
            self.reach_member(alias.module, alias.member, attributes)

    def reach_module(self, name, attributes):
        if attributes:
            self.reach_member(name, attributes[0], attributes[1:])
        elif self.finder.find(name).kind in ("code", "native", "namespace"):
            self.take_whole(name, "used as a value")
        else:
            self.refuse_dynamic(name, is_module=True)

    def reach_member(self, name, member, attributes):
        found = self.finder.find(name)
        if found.kind in ("external", "standard", "absent"):
            self.refuse_dynamic(".".join((name, member, *attributes)))
            return
        module = self.load(name)
        below = f"{name}.{member}"
        bindings = [] if module is None else module.bound.get(member, [])
        if bindings:
            self.need(module, member, attributes)
        # A package whose own import of a member follows that of the module by its name has the member.
        takes_over = any(isinstance(one, Alias) and one.module == below for one in bindings)
        is_module = found.locations is not None and self.finder.find(below).kind != "absent"
        if is_module and not takes_over:
            self.load(below)
            self.reach_module(below, attributes)
        if not bindings and not is_module and module is not None and member not in _own_names:
            self.take_whole(name, f"'{member}' is not bound in it")

    def refuse_dynamic(self, dotted, is_module=False):
        for one in _dynamic:
            if dotted == one or dotted.startswith(one + ".") or (is_module and one.startswith(dotted + ".")):
                raise Everything(f"{dotted} may run any code")

    def dotted(self, module, own, root, attributes):
        """The name of something that is not of the project; None for what is."""
        targets = own.get(root, []) + module.bound.get(root, [])
        if not targets:
            return ".".join((root, *attributes))
        [target, *others] = targets
        if others or isinstance(target, Statement):
            return None
        names = (target.module, *([] if target.member is None else [target.member]), *attributes)
        return ".".join(names) if self.finder.find(target.module).kind in ("external", "standard") else None

    def resolve(self, module, own, root, attributes):
        for alias in own.get(root, []):
            self.take(alias, attributes)
        if root in module.bound:
            self.need(module, root, attributes)
        elif root in own:
            pass
        elif root in ("globals", "vars", "locals", "dir", "__dict__", "__doc__"):
            self.take_whole(module.name, f"{root} in it")
        else:
            self.refuse_dynamic(".".join((root, *attributes)))

    def read(self, module, node):
        reading = Reading(node)
        for one in reading.imports:
            self.follow(module, one)
        own = {}
        for name, alias in module.aliases(reading.imports):
            own.setdefault(name, []).append(alias)
        for root, attributes, call in reading.importing:
            if self.dotted(module, own, root, attributes) in _importers:
                self.import_by_text(module, call)
            else:
                self.resolve(module, own, root, attributes)
        for root, attributes in dict.fromkeys(reading.references):
            self.resolve(module, own, root, attributes)
        if reading.attributes & {"__subclasses__", "__globals__"}:
            raise Everything(f"{module.name} asks objects for what it does not name")

    def import_by_text(self, module, call):
        text, is_all = _start_of(call.args[0]) if call.args else ("", False)
        if text.startswith("."):
            level = len(text) - len(text.lstrip("."))
            parts = module.package.split(".")
            text = ".".join([*parts[: len(parts) - level + 1], text.lstrip(".")])
        if is_all:
            kind = self.finder.find(text).kind
            self.load(text)
            if kind in ("code", "native", "namespace"):
                self.take_whole(text, f"imported by a text in {module.name}")
            return
        package = text.rpartition(".")[0]
        if package == "":
            raise Everything(f"{module.name} imports by a text that is made")
        self.load(package)
        self.take_package(package, f"imported by a text that is made in {module.name}")

    def run(self, name, function):
        module = self.load(name)
        if module is not None:
            root, *attributes = function.split(".")
            self.reach_member(name, root, tuple(attributes))
        self.read_all()

    def read_all(self):
        while self.left:
            self.read(*self.left.pop())


def _start_of(node):
    """The constant start of a text, and whether that is all of it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value, True
    if isinstance(node, ast.JoinedStr) and node.values:
        return _start_of(node.values[0])[0], False
    if isinstance(node, ast.BinOp):
        return _start_of(node.left)[0], False
    return "", False


class Purity:
    """Tells whether loading a statement only binds names, to values that are made of nothing that changes."""

    def __init__(self, closure, module):
        self.closure = closure
        self.module = module

    def statement(self, node):
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)) or _is_text(node):
            return True
        if isinstance(node, _functions):
            return self.decorators(node) and self.defaults(node)
        if isinstance(node, ast.ClassDef):
            return self.decorators(node) and self.bases(node) and all(map(self.statement, node.body))
        if isinstance(node, ast.Assign):
            return all(_is_name(one) for one in node.targets) and self.expression(node.value)
        if isinstance(node, ast.AnnAssign):
            return _is_name(node.target) and (node.value is None or self.expression(node.value))
        if isinstance(node, ast.If):
            if _is_typing_guard(node):
                return True
            return self.expression(node.test) and all(map(self.statement, [*node.body, *node.orelse]))
        if isinstance(node, _tries):
            handlers = [one for each in node.handlers for one in each.body]
            return all(map(self.statement, [*node.body, *handlers, *node.orelse, *node.finalbody]))
        return type(node).__name__ == "TypeAlias"

    def expression(self, node):
        if isinstance(node, ast.Lambda):
            return self.defaults(node)
        if isinstance(node, (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
            return False
        if isinstance(node, ast.Call):
            func = node.func
            on_text = isinstance(func, ast.Attribute) and isinstance(func.value, ast.Constant)
            if not on_text and not self.is_one_of(func, _pure_calls):
                return False
            # Other than as a key function no argument of these is called.
            if any(one.arg in ("key", "default_factory") for one in node.keywords):
                return False
            return all(map(self.expression, [*node.args, *(one.value for one in node.keywords)]))
        return all(map(self.expression, ast.iter_child_nodes(node)))

    def is_one_of(self, node, names):
        chain = _chain(node)
        if chain is None:
            return False
        return self.closure.dotted(self.module, {}, chain[0], tuple(chain[1:])) in names

    def defaults(self, node):
        every = (*node.args.defaults, *node.args.kw_defaults)
        return all(self.expression(one) for one in every if one is not None)

    def decorators(self, node):
        return all(map(self.decorator, node.decorator_list))

    def decorator(self, node):
        call = node if isinstance(node, ast.Call) else None
        func = node if call is None else call.func
        if call is not None and not all(map(self.expression, [*call.args, *(one.value for one in call.keywords)])):
            return False
        if isinstance(func, ast.Attribute) and func.attr in ("setter", "getter", "deleter"):
            return True
        if self.is_one_of(func, _pure_decorators):
            return True
        _, definition = self.definition(func)
        return isinstance(definition, _functions) and self.wraps(definition, 1 if call is None else 2)

    def wraps(self, node, times):
        """Tells whether a function only defines another and returns it, as that does for the times it is called again."""
        for one in node.body:
            if isinstance(one, _functions):
                if not self.decorators(one) or not self.defaults(one) or (times > 1 and not self.wraps(one, times - 1)):
                    return False
            elif not _is_text(one) and not (isinstance(one, ast.Return) and isinstance(one.value, ast.Name)):
                return False
        return True

    def definition(self, node):
        """The function or class of the project that an expression names, with its module."""
        chain = _chain(node)
        module = self.module
        for _ in range(16):
            if module is None or chain is None:
                break
            bindings = module.bound.get(chain[0], [])
            if len(bindings) != 1:
                break
            [binding] = bindings
            if isinstance(binding, Statement):
                return (module, binding.node) if len(chain) == 1 else (module, None)
            chain = [*([] if binding.member is None else [binding.member]), *chain[1:]]
            module = self.closure.modules.get(binding.module)
        return module, None

    def bases(self, node):
        for one in node.keywords:
            if one.arg == "metaclass" and not self.is_one_of(one.value, _pure_bases):
                return False
            if not self.expression(one.value):
                return False
        return all(map(self.base, node.bases))

    def base(self, node):
        if isinstance(node, ast.Subscript):
            node = node.value
        if self.is_one_of(node, _pure_bases):
            return True
        module, definition = self.definition(node)
        if not isinstance(definition, ast.ClassDef):
            return False
        hooks = ("__init_subclass__", "__set_name__")
        if any(isinstance(one, _functions) and one.name in hooks for one in definition.body):
            return False
        return Purity(self.closure, module).bases(definition)


def _is_name(node):
    return isinstance(node, ast.Name) or (isinstance(node, (ast.Tuple, ast.List)) and all(map(_is_name, node.elts)))


def _digest(data):
    return hashlib.sha256(data).hexdigest()


def _pieces(closure):
    """The parts that count, by module in the order of loading."""
    pieces = []
    for module in closure.order:
        for statement in module.statements:
            node = statement.node
            if id(statement) not in closure.included or isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            lines = [node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]
            pieces.append((module.path, statement.names, ast.dump(node).encode(), min(lines), node.end_lineno))
        for (owner, name, target, member), _ in sorted(closure.links.items(), key=str):
            if owner == module.name:
                text = f"import {target} as {name}" if member is None else f"from {target} import {member} as {name}"
                pieces.append((module.path, [f"import of {name}"], text.encode(), 0, 0))
    return [
        {"file": path, "names": names, "digest": _digest(data), "start": start, "end": end}
        for path, names, data, start, end in pieces
    ]


def entry_of(entry):
    """Finds modules as a worker of an entry will, and gives the name of that which it loads."""
    script = entry.get("script") or entry.get("notebook")
    own = os.path.dirname(os.path.abspath(__file__))
    folders = [] if script is None else [os.path.dirname(os.path.abspath(script))]
    sys.path[:] = [*folders, *entry["path"], *(one for one in sys.path if os.path.abspath(one) != own)]
    finder = Finder()
    if script is None:
        return finder, entry["module"]
    # It is loaded by its path, whatever an import by its name would find.
    name = os.path.basename(script).rpartition(".")[0]
    finder.known[name] = Found("code", os.path.abspath(script))
    return finder, name


def answer(request):
    finder, name = entry_of(request["entry"])
    closure = Closure(finder)
    return told(closure, lambda: closure.run(name, request["function"]))


def told(closure, run):
    """What is reached when something runs, or why it cannot be told."""
    try:
        run()
    except Everything as reason:
        return {"everything": str(reason)}
    except SyntaxError as error:
        return {"everything": f"{error.filename}:{error.lineno} cannot be parsed"}
    except RecursionError:
        return {"everything": "code that it reaches is nested too deeply"}
    return {
        "pieces": _pieces(closure),
        "order": [module.path for module in closure.order if any(one.effect for one in module.statements)],
        "files": sorted(module.path for module in closure.order),
        "external": sorted(closure.external),
        "absent": sorted(closure.absent),
        "whole": {closure.modules[one].path: why for one, why in sorted(closure.whole.items())},
    }


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
