/** A project before and after a change, by path; `train.py` has the function `f`. */
export interface ClosureCase {
  readonly title: string
  readonly before: Readonly<Record<string, string>>
  /** Files that change; null for those that go. */
  readonly after: Readonly<Record<string, string | null>>
}

const f = 'def f(n):\n    return {"n": n}\n'

/** Changes that a function cannot see. */
export const same: readonly ClosureCase[] = [
  {
    title: 'comments and blank lines',
    before: { 'train.py': f },
    after: { 'train.py': `# About it.\n\n\n${f.replace(':\n', ':  # here\n\n')}` },
  },
  {
    title: 'formatting',
    before: { 'train.py': 'def f(n):\n    return {"n": n + 1}\n' },
    after: { 'train.py': "def f( n ) :\n        return { 'n' : (n+1), }\n" },
  },
  {
    title: 'line ends of another system',
    before: { 'train.py': f },
    after: { 'train.py': f.replaceAll('\n', '\r\n') },
  },
  {
    title: 'an unrelated function of the same file',
    before: { 'train.py': `${f}def g():\n    return 1\n` },
    after: { 'train.py': `${f}def g():\n    return 2\n` },
  },
  {
    title: 'where a function stands in its file',
    before: { 'train.py': `${f}def g():\n    return 1\n` },
    after: { 'train.py': `def g():\n    return 1\n${f}` },
  },
  {
    title: 'an unrelated constant',
    before: { 'train.py': `OTHER = [1, len("a")]\n${f}` },
    after: { 'train.py': `OTHER = [2, len("ab")]\n${f}` },
  },
  {
    title: 'an unrelated class',
    before: { 'train.py': `class A(Exception):\n    x = 1\n${f}` },
    after: { 'train.py': `class A(Exception):\n    x = 2\n${f}` },
  },
  {
    title: 'an unrelated subclass of a class that does not look at them',
    before: { 'train.py': `class A:\n    pass\nclass B(A):\n    x = 1\n${f}` },
    after: { 'train.py': `class A:\n    pass\nclass B(A):\n    x = 2\n${f}` },
  },
  {
    title: 'a function that has the name of a local variable',
    before: { 'train.py': 'def rows():\n    return 1\ndef f(n):\n    rows = n\n    return {"n": rows}\n' },
    after: { 'train.py': 'def rows():\n    return 2\ndef f(n):\n    rows = n\n    return {"n": rows}\n' },
  },
  {
    title: 'a function that has the name of a parameter of an inner function',
    before: {
      'train.py':
        'def g():\n    return 1\ndef f(n):\n    return {"n": (lambda g: g)(n) + [g for g in [n]][0]}\n',
    },
    after: {
      'train.py':
        'def g():\n    return 2\ndef f(n):\n    return {"n": (lambda g: g)(n) + [g for g in [n]][0]}\n',
    },
  },
  {
    title: 'another function of a module that is imported',
    before: {
      'train.py': `from other import a\ndef f(n):\n    return a(n)\n`,
      'other.py': 'def a(n):\n    return n\ndef b():\n    return 1\n',
    },
    after: { 'other.py': 'def a(n):\n    return n\ndef b():\n    return 2\n' },
  },
  {
    title: 'another member of a module that is used by its name',
    before: {
      'train.py': 'import pkg.other as o\ndef f(n):\n    return o.a(n)\n',
      'pkg/__init__.py': '',
      'pkg/other.py': 'def a(n):\n    return n\nb = 1\n',
    },
    after: { 'pkg/other.py': 'def a(n):\n    return n\nb = 2\n' },
  },
  {
    title: 'a name that is imported and not used',
    before: { 'train.py': `from other import a\n${f}`, 'other.py': 'a = 1\nb = 2\n' },
    after: { 'train.py': `from other import a, b\n${f}` },
  },
  {
    title: 'a module that nobody imports',
    before: { 'train.py': f, 'other.py': 'a = 1\n' },
    after: { 'other.py': 'a = 2\n', 'new.py': 'print(1)\n' },
  },
  {
    title: 'a module that is imported for types that are not used',
    before: {
      'train.py': `from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from other import A\n${f}`,
      'other.py': 'print(1)\nclass A: pass\n',
    },
    after: { 'other.py': 'print(2)\nclass A: pass\n' },
  },
  {
    title: 'what runs only as a program',
    before: { 'train.py': `${f}if __name__ == "__main__":\n    print(f(1))\n` },
    after: { 'train.py': `${f}if __name__ == '__main__':\n    print(f(2))\n` },
  },
  {
    title: 'an unrelated function under a decorator that only wraps',
    before: {
      'train.py': `import functools\ndef timed(g):\n    @functools.wraps(g)\n    def inner(*a):\n        return g(*a)\n    return inner\n@timed\ndef h():\n    return 1\n${f}`,
    },
    after: {
      'train.py': `import functools\ndef timed(g):\n    @functools.wraps(g)\n    def inner(*a):\n        return g(*a)\n    return inner\n@timed\ndef h():\n    return 2\n${f}`,
    },
  },
  {
    title: 'an unrelated dataclass',
    before: {
      'train.py': `from dataclasses import dataclass, field\n@dataclass(frozen=True)\nclass A:\n    x: int = 1\n${f}`,
    },
    after: {
      'train.py': `from dataclasses import dataclass, field\n@dataclass(frozen=True)\nclass A:\n    x: int = 2\n${f}`,
    },
  },
  {
    title: 'a module that cannot be parsed and is not imported',
    before: { 'train.py': f },
    after: { 'other.py': 'def (' },
  },
  {
    title: 'a module that a function imports which is not called',
    before: { 'train.py': `def g():\n    import other\n    return other.a\n${f}`, 'other.py': 'a = 1\n' },
    after: { 'other.py': 'print(a := 2)\n' },
  },
]

/** What a function uses, by a text that changes between before and after: `0` in it becomes `1`. */
const uses: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'its own body': { 'train.py': 'def f(n):\n    return {"n": 0}\n' },
  'a default value': { 'train.py': 'def f(n=0):\n    return {"n": n}\n' },
  'a default value that is a constant': { 'train.py': 'D = 0\ndef f(n=D):\n    return {"n": n}\n' },
  'a function that it calls': { 'train.py': 'def g():\n    return 0\ndef f(n):\n    return {"n": g()}\n' },
  'a function that that one calls': {
    'train.py': 'def f(n):\n    return g()\ndef g():\n    return h()\ndef h():\n    return {"n": 0}\n',
  },
  'a constant in an f-string': { 'train.py': 'A = 0\ndef f(n):\n    return {"n": f"{A:>{n}}"}\n' },
  'a constant in a comprehension': { 'train.py': 'A = 0\ndef f(n):\n    return [A for x in range(n)]\n' },
  'a decorator': {
    'train.py': 'def d(g):\n    return lambda n: {"n": 0}\n@d\ndef f(n):\n    return n\n',
  },
  'an argument of a decorator': {
    'train.py': 'import functools\n@functools.lru_cache(maxsize=0)\ndef f(n):\n    return {"n": n}\n',
  },
  'an annotation': { 'train.py': 'A = 0\ndef f(n: A):\n    return {"n": n}\n' },
  'an annotation that is a text': {
    'train.py': 'class A:\n    x = 0\ndef f(n: "list[A]"):\n    return {"n": n}\n',
  },
  'a method of a class that it makes': {
    'train.py': 'class A:\n    def m(self):\n        return 0\ndef f(n):\n    return {"n": A().m()}\n',
  },
  'the base of a class that it makes': {
    'train.py':
      'class B:\n    def m(self):\n        return 0\nclass A(B):\n    pass\ndef f(n):\n    return {"n": A().m()}\n',
  },
  'a class where a method is the function': {
    'train.py':
      'class A:\n    k = 0\n    @classmethod\n    def m(cls, n):\n        return {"n": cls.k}\nf = A.m\n',
  },
  'an imported function': {
    'train.py': 'from other import a\ndef f(n):\n    return a()\n',
    'other.py': 'def a():\n    return 0\n',
  },
  'an imported function by another name': {
    'train.py': 'from other import a as z\ndef f(n):\n    return z()\n',
    'other.py': 'def a():\n    return 0\n',
  },
  'a member of a module with a dot': {
    'train.py': 'import pkg.other\ndef f(n):\n    return pkg.other.a\n',
    'pkg/__init__.py': '',
    'pkg/other.py': 'a = 0\n',
  },
  'a member of a module by another name': {
    'train.py': 'import pkg.other as o\ndef f(n):\n    return o.a\n',
    'pkg/__init__.py': '',
    'pkg/other.py': 'a = 0\n',
  },
  'a module from its package': {
    'train.py': 'from pkg import other\ndef f(n):\n    return other.a\n',
    'pkg/__init__.py': '',
    'pkg/other.py': 'a = 0\n',
  },
  'a relative import': {
    'train.py': 'from pkg.main import f\n',
    'pkg/__init__.py': '',
    'pkg/main.py': 'from .other import a\nfrom . import third\ndef f(n):\n    return a + third.b\n',
    'pkg/other.py': 'a = 1\n',
    'pkg/third.py': 'b = 0\n',
  },
  'a relative import from above': {
    'train.py': 'from pkg.sub.main import f\n',
    'pkg/__init__.py': '',
    'pkg/sub/__init__.py': '',
    'pkg/sub/main.py': 'from ..other import a\ndef f(n):\n    return a\n',
    'pkg/other.py': 'a = 0\n',
  },
  'what a package passes on': {
    'train.py': 'from pkg import a\ndef f(n):\n    return a\n',
    'pkg/__init__.py': 'from .other import a\n',
    'pkg/other.py': 'a = 0\n',
  },
  'a package without __init__': {
    'train.py': 'from pkg.other import a\ndef f(n):\n    return a\n',
    'pkg/other.py': 'a = 0\n',
  },
  'a folder without __init__ in a package': {
    'train.py': 'from pkg.sub.other import a\ndef f(n):\n    return a\n',
    'pkg/__init__.py': '',
    'pkg/sub/other.py': 'a = 0\n',
  },
  'an import in a function': {
    'train.py': 'def f(n):\n    from other import a\n    return a\n',
    'other.py': 'a = 0\n',
  },
  'a module that is imported in a function': {
    'train.py': 'def f(n):\n    import pkg.other as o\n    return o.a\n',
    'pkg/__init__.py': '',
    'pkg/other.py': 'a = 0\n',
  },
  'a statement that does something': { 'train.py': `import os\nos.environ["A"] = "0"\n${f}` },
  'what a statement that does something calls': {
    'train.py': `def g():\n    return 0\nprint(g())\n${f}`,
  },
  'a statement of a module that is loaded and not used': {
    'train.py': `import other\n${f}`,
    'other.py': 'print(0)\n',
  },
  'a statement of a package on the way': {
    'train.py': 'from pkg.sub.other import a\ndef f(n):\n    return a\n',
    'pkg/__init__.py': 'print(0)\n',
    'pkg/sub/__init__.py': '',
    'pkg/sub/other.py': 'a = 2\n',
  },
  'a statement of a module that is loaded by one that is loaded': {
    'train.py': `import other\n${f}`,
    'other.py': 'import third\n',
    'third.py': 'import sys\nsys.setrecursionlimit(2000 + 0)\n',
  },
  'a registered function': {
    'train.py':
      'all = {}\ndef register(g):\n    all[g.__name__] = g\n    return g\n@register\ndef a():\n    return 0\ndef f(n):\n    return {"n": all["a"]()}\n',
  },
  'a registered class': {
    'train.py':
      'all = []\nclass B:\n    def __init_subclass__(cls):\n        all.append(cls)\nclass A(B):\n    x = 0\ndef f(n):\n    return {"n": all[0].x}\n',
  },
  'a class that is found among subclasses': {
    'train.py':
      'class B:\n    pass\nclass A(B):\n    x = 0\ndef f(n):\n    return {"n": B.__subclasses__()[0].x}\n',
  },
  'a method that is put into a class': {
    'train.py':
      'class A:\n    pass\ndef m(self):\n    return 0\nA.m = m\ndef f(n):\n    return {"n": A().m()}\n',
  },
  'a function of several arms': {
    'train.py':
      'import functools\n@functools.singledispatch\ndef g(n):\n    return 1\n@g.register(int)\ndef _(n):\n    return 0\ndef f(n):\n    return {"n": g(n)}\n',
  },
  'a constant that is added to': { 'train.py': 'A = [1]\nA += [0]\ndef f(n):\n    return A\n' },
  'a constant of a condition': {
    'train.py':
      'import sys\nif sys.version_info >= (3, 0):\n    A = 0\nelse:\n    A = 2\ndef f(n):\n    return A\n',
  },
  'a constant in the place of an import that is not there': {
    'train.py':
      'try:\n    from no_such_module import A\nexcept ImportError:\n    A = 0\ndef f(n):\n    return A\n',
  },
  'a global variable that it writes': {
    'train.py': 'A = 0\ndef f(n):\n    global A\n    A += n\n    return A\n',
  },
  'a default of an inner function': {
    'train.py': 'A = 0\ndef f(n):\n    def g(x=A):\n        return x\n    return g()\n',
  },
  'globals by a name that is made': {
    'train.py': 'def a():\n    return 0\ndef f(n):\n    return globals()["a" + ""]()\n',
  },
  'a member by a name that is made': {
    'train.py': 'import other\ndef f(n):\n    return getattr(other, "a" + n)\n',
    'other.py': 'ab = 0\n',
  },
  'all names of a module': {
    'train.py': 'from other import *\ndef f(n):\n    return a\n',
    'other.py': 'a = 0\n',
  },
  'all names of a module that has all names of another': {
    'train.py': 'from other import *\ndef f(n):\n    return a\n',
    'other.py': 'from third import *\n',
    'third.py': 'a = 0\n',
  },
  'a text that is executed': { 'train.py': 'def f(n):\n    exec("import other")\n', 'other.py': 'a = 0\n' },
  'a module by its name as a text': {
    'train.py': 'import importlib\ndef f(n):\n    return importlib.import_module("other").a\n',
    'other.py': 'a = 0\n',
  },
  'a module of a package by a name that is made': {
    'train.py':
      'from importlib import import_module as load\nimport importlib\ndef f(n):\n    return importlib.import_module(f"pkg.{n}").a\n',
    'pkg/__init__.py': '',
    'pkg/other.py': 'a = 0\n',
  },
  'a module by a name that is made': {
    'train.py': 'def f(n):\n    return __import__(n).a\n',
    'other.py': 'a = 0\n',
  },
  'a module from what is loaded': {
    'train.py': 'import sys\ndef f(n):\n    return sys.modules[n].a\n',
    'other.py': 'a = 0\n',
  },
  'a class that is read from a pickle': {
    'train.py': 'import pickle\ndef f(n):\n    return pickle.load(open(n, "rb")).x\n',
    'other.py': 'class A:\n    x = 0\n',
  },
  'a program that it starts': {
    'train.py':
      'import subprocess, sys\ndef f(n):\n    return subprocess.check_output([sys.executable, "other.py"])\n',
    'other.py': 'print(0)\n',
  },
  'a member that a module makes when it is asked': {
    'train.py': 'import other\ndef f(n):\n    return other.a\n',
    'other.py': 'def __getattr__(name):\n    return 0\n',
  },
  'what a folder of imports is added for': {
    'train.py': 'import sys\nsys.path.insert(0, "lib")\nfrom other import a\ndef f(n):\n    return a\n',
    'lib/other.py': 'a = 0\n',
  },
}

/** Changes that a function may see. */
export const different: readonly ClosureCase[] = [
  ...Object.entries(uses).map(([title, before]) => ({
    title,
    before,
    after: Object.fromEntries(
      Object.entries(before).flatMap(([path, text]) => {
        const changed = text.replace(/(?<![\d.])0(?![\d.,])|(?<=maxsize=)0/, '1')
        return changed === text ? [] : [[path, changed]]
      }),
    ),
  })),
  {
    title: 'where an imported name comes from',
    before: {
      'train.py': 'from a import x\ndef f(n):\n    return x\n',
      'a.py': 'x = 1\n',
      'b.py': 'x = 1\n',
    },
    after: { 'train.py': 'from b import x\ndef f(n):\n    return x\n' },
  },
  {
    title: 'the order of statements that do something',
    before: { 'train.py': `print(1)\nprint(2)\n${f}` },
    after: { 'train.py': `print(2)\nprint(1)\n${f}` },
  },
  {
    title: 'a module that takes the place of one that was not there',
    before: {
      'train.py': 'try:\n    import fast\nexcept ImportError:\n    fast = None\ndef f(n):\n    return fast\n',
    },
    after: { 'fast.py': '' },
  },
  {
    title: 'a module that takes the place of one of the standard library',
    before: { 'train.py': 'import colorsys\ndef f(n):\n    return colorsys.ONE_THIRD\n' },
    after: { 'colorsys.py': 'ONE_THIRD = 1\n' },
  },
  {
    title: 'a native library that is loaded by its path',
    before: {
      'train.py': 'import ctypes\ndef f(n):\n    return ctypes.CDLL("./fast.so").f(n)\n',
      'fast.so': 'one',
    },
    after: { 'fast.so': 'two' },
  },
  {
    title: 'a module without a source text',
    before: { 'train.py': 'import fast\ndef f(n):\n    return fast.g(n)\n', 'fast.so': 'one' },
    after: { 'fast.so': 'two' },
  },
  {
    title: 'a file that can no longer be parsed',
    before: { 'train.py': f },
    after: { 'train.py': `${f}def (\n` },
  },
  {
    title: 'a name that is bound again',
    before: { 'train.py': f },
    after: { 'train.py': `${f}f = lambda n: {"n": 1}\n` },
  },
]
