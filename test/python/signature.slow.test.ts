import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  definePipeline,
  definePythonStep,
  defineStep,
  directory,
  file,
  list,
  metrics,
  model,
  table,
  type Specs,
} from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { tempFolder, tempWorkspace } from '../workspace/temp.ts'

const Row = z.object({ x: z.number() })

/** What `check` says of a function for a step, without the place of the function. */
async function findings(text: string, inputs: Specs, outputs: Specs = {}): Promise<string[]> {
  const root = await tempFolder()
  await writeFile(join(root, 'own.py'), `from __future__ import annotations\n${text}`)
  const step = definePythonStep({ name: 'own', version: '1', inputs, outputs, module: 'own', function: 'f' })
  // A pipeline takes no tables: what the step gets comes from another one, which is not run.
  const given = defineStep({
    name: 'given',
    version: '1',
    outputs: { ...inputs },
    run: () => {
      throw new Error('checking runs nothing')
    },
  })
  const pipeline = definePipeline({ name: 'p' }, (p) => {
    p.step(step, p.step(given, {}) as never)
    return {}
  })
  const pw = await tempWorkspace({ root, metadata: ':memory:' })
  const found = await pw.check(pipeline)
  return found
    .filter(({ message }) => message.startsWith('f (own.py:'))
    .map(({ message }) => message.replace(/^f \(own\.py:\d+\) /, ''))
}

const fitting: readonly [string, string, Specs][] = [
  ['no annotations', 'def f(a, b=1): pass', { a: z.number() }],
  [
    'scalars',
    'def f(a: int, b: float, c: str, d: bool): pass',
    { a: z.int(), b: z.number(), c: z.string(), d: z.boolean() },
  ],
  ['whole numbers as float', 'def f(a: float): pass', { a: z.int() }],
  [
    'what may be missing',
    'from typing import Optional\ndef f(a: Optional[str], b: int | None): pass',
    { a: z.string().nullable(), b: z.int().nullable() },
  ],
  [
    'choices',
    'from typing import Literal\ndef f(a: Literal["x", "y", "z"]): pass',
    { a: z.enum(['x', 'y']) },
  ],
  ['choices as texts', 'def f(a: "str"): pass', { a: z.enum(['x', 'y']) }],
  [
    'lists and dicts',
    'def f(a: list[int], b: dict[str, float], c: list): pass',
    { a: z.array(z.int()), b: z.record(z.string(), z.number()), c: z.array(z.string()) },
  ],
  [
    'a TypedDict',
    'from typing import TypedDict\nclass A(TypedDict):\n    x: float\ndef f(a: A): pass',
    { a: Row },
  ],
  [
    'frames',
    'import pandas as pd\nimport polars, pyarrow as pa\ndef f(a: pd.DataFrame, b: polars.DataFrame, c: pa.Table, d: list[dict]): pass',
    { a: table(Row), b: table(Row), c: table(Row), d: table(Row) },
  ],
  [
    'paths',
    'from pathlib import Path\ndef f(a: Path, b: str, c: list[Path]): pass',
    { a: file('text/csv'), b: directory(), c: list(file('text/csv')) },
  ],
  ['metrics', 'def f(a: dict[str, float]): pass', { a: metrics({ loss: z.number() }) }],
  [
    'one of several types that is not known here',
    'from other import Buffer\ndef f(a: Buffer | int): pass',
    { a: file('text/csv') },
  ],
  [
    'classes that are made of what arrives',
    'from pydantic import validate_call\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: float\n@validate_call\ndef f(a: A, b: bytes): pass',
    { a: Row, b: z.string() },
  ],
  [
    'tuples, and texts of an enumeration',
    'from enum import Enum\nclass C(str, Enum):\n    X = "x"\ndef f(a: tuple[int, str], b: C, c: tuple[int, ...]): pass',
    { a: z.tuple([z.int(), z.string()]), b: z.literal('x'), c: z.array(z.int()) },
  ],
  [
    'an alias, and a class of another module that is imported for types alone',
    'from typing import TYPE_CHECKING, Annotated\nif TYPE_CHECKING:\n    from numbers import Real as R\nN = Annotated[float, "n"]\ndef f(a: N, b: "R"): pass',
    { a: z.number(), b: z.string() },
  ],
  [
    'inherited and optional keys',
    'from typing import NotRequired, TypedDict\nclass A(TypedDict, total=False):\n    y: int\nclass B(A):\n    x: float\n    z: NotRequired[str]\ndef f(a: B): pass',
    { a: Row },
  ],
  [
    'columns of a frame',
    'import pandas as pd\nfrom typing import Annotated, TypedDict\nclass A(TypedDict):\n    x: float\ndef f(a: Annotated[pd.DataFrame, A]): pass',
    { a: table(Row) },
  ],
  ['whatever name', 'def f(**others): pass', { a: z.number() }],
  ['a type that is not known here', 'from numpy import float64\ndef f(a: float64): pass', { a: z.string() }],
  [
    'a function behind a decorator of its own',
    'from other import wrapped\n@wrapped\ndef f(b): pass',
    { a: z.number() },
  ],
  ['a function that is made', 'f = lambda b: b', { a: z.number() }],
  [
    'a function that keeps its signature',
    'import functools\n@functools.lru_cache(None)\ndef f(a): pass',
    { a: z.number() },
  ],
]

test.each(fitting)('%s fits', async (_, text, inputs) => {
  expect(await findings(text, inputs)).toEqual([])
})

const misfits: readonly [string, Specs, string][] = [
  ['def f(b=1): pass', { a: z.number() }, "has no parameter 'a', which the step has as an input"],
  ['def f(a, b): pass', { a: z.number() }, "needs 'b', which is no input of the step"],
  ['def f(a, *, b): pass', { a: z.number() }, "needs 'b', which is no input of the step"],
  ['def f(a, /): pass', { a: z.number() }, "takes 'a' by its place only, and inputs are given by name"],
  [
    'def f(a: int): pass',
    { a: z.number() },
    "does not fit input 'a': int cannot hold numbers with fractions",
  ],
  ['def f(a: str): pass', { a: z.string().nullable() }, "does not fit input 'a': str cannot hold null"],
  [
    'def f(a: bool | None): pass',
    { a: z.int() },
    "does not fit input 'a': bool | None cannot hold whole numbers",
  ],
  ['def f(a: list[int]): pass', { a: z.array(z.string()) }, "does not fit input 'a': int cannot hold texts"],
  [
    'def f(a: dict[str, str]): pass',
    { a: z.object({ x: z.number() }) },
    "does not fit input 'a': str cannot hold numbers with fractions",
  ],
  [
    'from typing import Literal\ndef f(a: Literal["x"]): pass',
    { a: z.enum(['x', 'y']) },
    `does not fit input 'a': Literal["x"] cannot hold "y"`,
  ],
  [
    'import pandas as pd\ndef f(a: pd.DataFrame): pass',
    { a: z.string() },
    "does not fit input 'a': a frame cannot hold texts",
  ],
  ['def f(a: int): pass', { a: table(Row) }, "does not fit input 'a': int cannot hold a table"],
  [
    'def f(a: dict): pass',
    { a: directory() },
    "does not fit input 'a': dict[str, any] cannot hold the path of a directory",
  ],
  ['def f(a: str): pass', { a: list(file('text/csv')) }, "does not fit input 'a': str cannot hold a list"],
  [
    'from typing import TypedDict\nclass A(TypedDict):\n    y: float\ndef f(a: A): pass',
    { a: Row },
    "does not fit input 'a': it asks for the key 'y', which may not be there",
  ],
  ['def f(a: bytes): pass', { a: file() }, "does not fit input 'a': bytes cannot hold the path of a file"],
  [
    'from datetime import datetime\ndef f(a: datetime): pass',
    { a: z.string() },
    "does not fit input 'a': datetime cannot hold texts",
  ],
  [
    'def f(a: tuple[int, str]): pass',
    { a: z.tuple([z.int(), z.number()]) },
    "does not fit input 'a': str cannot hold numbers with fractions",
  ],
  [
    'from dataclasses import dataclass\n@dataclass\nclass A:\n    x: str\n    y: int = 1\ndef f(a: A): pass',
    { a: Row },
    "does not fit input 'a': its key 'x': str cannot hold numbers with fractions",
  ],
  [
    'from dataclasses import dataclass\n@dataclass\nclass A:\n    x: float\ndef f(a: A): pass',
    { a: Row },
    "takes the dataclass A in 'a', and plain data arrives",
  ],
  [
    'from pydantic import BaseModel\nclass A(BaseModel):\n    x: float\ndef f(a: list[A]): pass',
    { a: z.array(Row) },
    "takes the model A in 'a', and plain data arrives",
  ],
  [
    'from enum import Enum\nclass C(Enum):\n    X = "x"\ndef f(a: C): pass',
    { a: z.literal('x') },
    "takes the enumeration C in 'a', and plain data arrives",
  ],
  [
    'import pandas as pd\nfrom typing import Annotated, TypedDict\nclass A(TypedDict):\n    x: float\n    y: str\ndef f(a: Annotated[pd.DataFrame, A]): pass',
    { a: table(Row) },
    "does not fit input 'a': it asks for the key 'y', which may not be there",
  ],
]

test.each(misfits)('%s', async (text, inputs, expected) => {
  expect(await findings(text, inputs)).toEqual([expected])
})

const preamble = `
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, NotRequired, Optional, TypedDict
import enum, functools, pandas as pd

class Way(enum.Enum):
    UP = "up"

class Out(TypedDict):
    n: float
    other: str

class Pair(NamedTuple):
    left: int
    right: str

class Inner(TypedDict):
    x: int
    y: NotRequired[str]

@dataclass
class Made:
    n: int
    names: list[str] = field(default_factory=list)

class Large(TypedDict):
    file: Path
    folder: str
    bytes: bytes
    rows: pd.DataFrame
    dicts: list[Inner]
    loss: dict[str, float]
    kind: Literal["a", "b"]
    pair: Pair
    inner: Inner
    made: Made
    way: Way
    maybe: Optional[int]
    either: int | str
    absent: NotRequired[int]

def turned(function):
    @functools.wraps(function)
    def inner(**given):
        return {"result": function(**given)}
    return inner
`

/** What a function returns, the outputs of the step, and what is said of these. */
const returned: readonly [string, Specs, readonly string[]][] = [
  [
    'def f() -> Out: pass',
    { n: z.number(), rows: table(Row) },
    ["returns no 'rows', which the step has as an output", "returns 'other', which is no output of the step"],
  ],
  ['def f() -> Out: pass', { n: z.number(), other: z.string().max(3) }, []],
  [
    'def f() -> Out: pass',
    { n: z.int(), other: z.union([z.number(), z.boolean()]) },
    [
      "does not fit output 'n': float is returned, and the schema takes whole numbers",
      "does not fit output 'other': str is returned, and the schema takes numbers or booleans",
    ],
  ],
  // What a schema takes counts, not what it makes of it.
  ['def f() -> Out: pass', { n: z.number(), other: z.string().transform(Number) }, []],
  ['async def f() -> "Out | None": pass', { n: z.number(), other: z.enum(['a']) }, []],
  [
    'def f() -> Large: pass',
    {
      file: file(),
      folder: directory(),
      bytes: file(),
      rows: table(Row),
      dicts: table(z.object({ x: z.number() })),
      loss: metrics({ train: z.number() }),
      kind: z.enum(['a', 'b', 'c']),
      pair: z.tuple([z.number(), z.string()]),
      inner: z.object({ x: z.int(), y: z.string().optional() }),
      made: z.object({ n: z.int() }),
      way: z.literal('up'),
      maybe: z.int().nullable(),
      either: z.union([z.number(), z.string(), z.null()]),
      absent: z.int().optional(),
    },
    [
      "returns the dataclass Made in 'made', which JSON cannot hold",
      "returns the enumeration Way in 'way', which JSON cannot hold",
    ],
  ],
  [
    'def f() -> Large: pass',
    {
      file: z.string(),
      folder: list(file()),
      bytes: directory(),
      rows: z.array(Row),
      dicts: z.array(z.object({ x: z.int(), y: z.string() })),
      loss: z.object({ train: z.boolean() }),
      kind: z.enum(['a']),
      pair: z.object({ left: z.int() }),
      inner: z.strictObject({ x: z.int() }),
      made: z.object({ other: z.int() }),
      way: z.literal('down'),
      maybe: z.int(),
      either: z.int(),
      absent: z.int(),
    },
    [
      "does not fit output 'file': Path is returned, and the schema takes texts",
      "does not fit output 'folder': str is returned, and it takes a list",
      "does not fit output 'bytes': bytes is returned, and it takes a directory",
      "does not fit output 'rows': a frame is returned, and the schema takes lists",
      "does not fit output 'dicts': its key 'y' may not be there",
      "does not fit output 'loss': float is returned, and the schema takes booleans",
      `does not fit output 'kind': "b" is returned, and the schema takes "a"`,
      "does not fit output 'pair': tuple[int, str] is returned, and the schema takes objects",
      "does not fit output 'inner': it has the key 'y', which the schema refuses",
      "does not fit output 'made': it has no key 'other'",
      `does not fit output 'way': "up" is returned, and the schema takes "down"`,
      "does not fit output 'maybe': None is returned, and the schema takes whole numbers",
      "does not fit output 'either': str is returned, and the schema takes whole numbers",
      "does not fit output 'absent': it may not be there",
    ],
  ],
  [
    'def f() -> Made: pass',
    { n: z.string(), names: z.array(z.string()) },
    [
      "returns the dataclass Made, and a step's function returns a dict of its outputs",
      "does not fit output 'n': int is returned, and the schema takes texts",
    ],
  ],
  [
    'def f() -> pd.DataFrame: pass',
    { rows: table(Row) },
    ["returns a frame, and a step's function returns a dict of its outputs"],
  ],
  ['def f(): pass', { n: z.int() }, ["returns None, and a step's function returns a dict of its outputs"]],
  ['def f():\n    return made()', { n: z.int() }, []],
  [
    'def f(a=1):\n    if a:\n        return {"n": 1}\n    return {"n": 2, "m": 3}',
    { n: z.int(), m: z.int(), o: z.int() },
    ["does not fit output 'm': it may not be there", "returns no 'o', which the step has as an output"],
  ],
  ['@turned\ndef f() -> int: pass', { result: z.string() }, []],
]

test.each(returned)('%s', async (text, outputs, expected) => {
  expect(await findings(`${preamble}${text}`, {}, outputs)).toEqual(expected)
})

test('without its Python nothing is said of a signature', async () => {
  const root = await tempFolder()
  await writeFile(join(root, 'own.py'), 'def f(b): pass')
  const step = definePythonStep({ name: 'own', module: 'own', function: 'f', python: 'python-no-such' })
  const pipeline = definePipeline({ name: 'p' }, (p) => (p.step(step, {}), {}))
  const found = await (await tempWorkspace({ root, metadata: ':memory:' })).check(pipeline)
  expect(found.map(({ message }) => message)).toEqual([expect.stringContaining('is not cached') as string])
})

test('a model is a path or a Model, in and out', async () => {
  const onnx = model({ format: 'onnx' })
  const head = 'from pathlib import Path\nfrom typing import TypedDict\nfrom pipewright_worker import Model\n'
  const out = 'class Out(TypedDict):\n    c: Model\n    d: int\n'
  const inputs = { a: onnx, b: list(onnx) }
  const outputs = { c: onnx, d: onnx }
  expect(await findings(`${head}${out}def f(a: Path, b: list[Model]) -> Out: pass`, inputs, outputs)).toEqual(
    ["does not fit output 'd': int is returned, and it takes a model"],
  )
  expect(await findings(`${head}def f(a: float, b): pass`, inputs)).toEqual([
    "does not fit input 'a': float cannot hold a model, which is a path",
  ])
})

test('a script or a function that is not there is told, and nothing where the text does not tell all names', async () => {
  const root = await tempFolder()
  await writeFile(join(root, 'own.py'), 'def train():\n    return {}\n')
  await writeFile(join(root, 'stars.py'), 'from own import *\n')
  await writeFile(join(root, 'made.py'), 'globals()["train"] = dict\n')
  const pw = await tempWorkspace({ root, metadata: ':memory:' })
  const found = async (entry: object): Promise<string[]> => {
    const step = definePythonStep({
      name: 'own',
      version: '1',
      timeout: '1m',
      outputs: {},
      ...entry,
    } as never)
    const findings = await pw.check(
      definePipeline({ name: 'p' }, (p) => (p.step(step as never, {} as never), {})),
    )
    return findings.map(({ level, message, fix }) => `${level} ${message} (${fix})`)
  }
  expect(await found({ module: 'own', function: 'tarin' })).toEqual([
    "warning own.py has no function 'tarin' (did you mean 'train'? (known: train))",
  ])
  expect(await found({ script: 'won.py', function: 'train' })).toEqual([
    'warning the script won.py is not there (give its path relative to the project)',
  ])
  for (const entry of [{ script: 'own.py' }, { module: 'stars' }, { module: 'made' }])
    expect(await found({ ...entry, function: 'train' })).toEqual([])
})
