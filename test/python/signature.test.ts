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
  ['one of several types that is not known here', 'def f(a: bytes | int): pass', { a: file('text/csv') }],
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
]

test.each(misfits)('%s', async (text, inputs, expected) => {
  expect(await findings(text, inputs)).toEqual([expected])
})

test('a TypedDict that is returned has the outputs as its keys', async () => {
  const text =
    'from typing import TypedDict\nclass A(TypedDict):\n    n: float\n    other: str\ndef f() -> A: pass'
  expect(await findings(text, {}, { n: z.number(), rows: table(Row) })).toEqual([
    "returns no 'rows', which the step has as an output",
    "returns 'other', which is no output of the step",
  ])
})

test('without its Python nothing is said of a signature', async () => {
  const root = await tempFolder()
  await writeFile(join(root, 'own.py'), 'def f(b): pass')
  const step = definePythonStep({ name: 'own', module: 'own', function: 'f', python: 'python-no-such' })
  const pipeline = definePipeline({ name: 'p' }, (p) => (p.step(step, {}), {}))
  const found = await (await tempWorkspace({ root, metadata: ':memory:' })).check(pipeline)
  expect(found.map(({ message }) => message)).toEqual([expect.stringContaining('is not cached') as string])
})
