import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandSchemas } from '../../scripts/cli-format.ts'
import { compile } from '../docs/compiled.ts'
import { tempFolder } from '../workspace/temp.ts'
import { pipewright, projectFolder } from './command.ts'

const venv = join(import.meta.dirname, '../../node_modules/.cache/python')
if (!existsSync(venv))
  throw new Error('run scripts/install-python.sh: it makes the environment of these tests')

const python = `
from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, NotRequired, TypedDict

import pandas as pd


class Row(TypedDict):
    x: float
    label: str


class Made(TypedDict):
    rows: Annotated[pd.DataFrame, Row]
    frame: pd.DataFrame
    folder: Path


class Summary(TypedDict):
    mean: float
    labels: list[str]
    page: bytes
    note: NotRequired[str]


class Options(TypedDict, total=False):
    digits: int


def standard() -> float:
    return 1.5


def make_rows(count: int) -> Made:
    """Makes rows."""
    rows = pd.DataFrame({"x": [float(n) for n in range(count)], "label": [f"row {n}" for n in range(count)]})
    Path("pages").mkdir()
    Path("pages/one.txt").write_text("one")
    return {"rows": rows, "frame": rows, "folder": Path("pages")}


def summarise(
    rows: Annotated[pd.DataFrame, Row],
    frame: pd.DataFrame,
    pages_dir: Path,
    least: float = standard(),
    side: Literal["above", "below"] = "above",
    options: Options = {"digits": 1},
) -> Summary:
    kept = rows[rows.x >= least] if side == "above" else rows[rows.x < least]
    page = (pages_dir / "one.txt").read_bytes()
    mean = round(float(kept.x.mean()) + len(frame), options["digits"])
    return {"mean": mean, "labels": list(kept.label), "page": page}
`

const pipeline = `
import { definePipeline } from 'pipewright'
import { z } from 'zod'
import { makeRows, summarise } from './steps.ts'

export const own = definePipeline({ name: 'own', inputs: { count: z.int() } }, (p, { count }) => {
  const { rows, frame, folder } = p.step(makeRows, { count })
  const { mean, labels } = p.step(summarise, { rows, frame, pages_dir: folder })
  return { mean, labels }
})
`

test('the steps that are written compile in a pipeline, and run', async () => {
  const cwd = await projectFolder()
  await writeFile(join(cwd, 'package.json'), '{ "type": "module" }')
  await writeFile(join(cwd, 'own.py'), python)
  await writeFile(join(cwd, 'pipeline.ts'), pipeline)
  await writeFile(
    join(cwd, 'pipewright.config.mjs'),
    `export default { python: { venv: ${JSON.stringify(venv)} } }\n`,
  )
  const written = await pipewright(cwd, 'py', 'types', 'own.py', '--out', 'steps.ts')
  expect(written).toMatchObject({ code: 0, err: '' })
  expect(written.out).toBe(`+ steps.ts: 2 steps
  makeRows
    ! output 'frame': its columns are in no annotation: Annotated[…, Row], with a TypedDict Row, tells them
  summarise
    ! input 'frame': its columns are in no annotation: Annotated[…, Row], with a TypedDict Row, tells them
    ! input 'least': its default is left to Python: standard()
  standard is no step: it returns float, and a step's function returns a dict of its outputs
next: import { makeRows } from './steps.ts' in a pipeline, or pipewright check <pipeline>
`)
  const text = await readFile(join(cwd, 'steps.ts'), 'utf8')
  const shown = new Map([
    ['steps.ts', { text, place: 'the stub' }],
    ['pipeline.ts', { text: pipeline, place: 'the pipeline' }],
  ])
  expect(await compile(shown)).toBe('')
  const checked = await pipewright(cwd, 'check', 'pipeline.ts', '-i', 'count=4', '--json')
  expect(JSON.parse(checked.out)).toMatchObject({ findings: [] })
  const run = await pipewright(cwd, 'run', 'pipeline.ts', '-i', 'count=4', '--json')
  const last: unknown = JSON.parse(run.out.trimEnd().split('\n').at(-1)!)
  expect(last).toMatchObject({
    summary: {
      state: 'succeeded',
      outputs: { mean: { value: 6.5 }, labels: { value: ['row 2', 'row 3'] } },
    },
  })
})

test('a file is written where it is to, compared without its formatting, and never written over by surprise', async () => {
  const cwd = await tempFolder()
  await mkdir(join(cwd, 'deep'))
  await writeFile(join(cwd, 'package-lock.json'), '{}')
  await writeFile(join(cwd, 'deep', 'own.py'), 'def train(rate: float = 0.1) -> None: ...\n')
  const types = (...words: string[]) => pipewright(join(cwd, 'deep'), 'py', 'types', ...words)
  const printed = await types('own.py')
  expect(printed).toMatchObject({ code: 0, err: '' })
  expect(printed.out).toBe(`// Written by: pipewright py types deep/own.py
// Change the Python, and run that again: it keeps options of steps that were added here (timeout, retry).
import { definePythonStep } from 'pipewright'
import { z } from 'zod'

export const train = definePythonStep({
  name: 'train',
  inputs: { rate: z.number().default(0.1) },
  script: 'deep/own.py',
  function: 'train',
})
`)
  const file = join(cwd, 'src', 'steps.ts')
  const out = ['--out', '../src/steps.ts']
  expect(await types('own.py', ...out, '--check')).toMatchObject({
    code: 1,
    out: 'src/steps.ts is not there\nnext: pipewright py types deep/own.py --out src/steps.ts\n',
  })
  expect(await types('own.py', ...out)).toMatchObject({
    code: 0,
    out: expect.stringContaining('+ src/steps.ts: 1 step\n') as string,
  })
  const text = await readFile(file, 'utf8')
  expect(text).toMatch(/^\/\/ Written by: pipewright py types deep\/own\.py --out src\/steps\.ts\n/)
  expect((await types('own.py', ...out)).out).toContain('= src/steps.ts: 1 step, as it was\n')
  // As a formatter of the project leaves it, on a system with other ends of lines.
  const formatted = text
    .replaceAll("'", '"')
    .replaceAll(/([)"])$/gm, '$1;')
    .replaceAll('\n', '\r\n')
  await writeFile(file, formatted)
  expect(await types('own.py', ...out, '--check')).toMatchObject({
    code: 0,
    out: expect.stringContaining('src/steps.ts is what its Python says\n') as string,
  })
  await types('own.py', ...out)
  expect(await readFile(file, 'utf8')).toBe(formatted)
  await writeFile(file, text.replace("function: 'train',", "function: 'train',\n  timeout: '1m',"))
  expect(await types('own.py', ...out, '--check')).toMatchObject({ code: 0 })
  await writeFile(join(cwd, 'deep', 'own.py'), 'def train(rate: int = 3) -> None: ...\n')
  const differs = await types('own.py', ...out, '--check')
  expect(differs.code).toBe(1)
  expect(differs.out).toContain(
    '-  inputs: { rate: z.number().default(0.1) },\n+  inputs: { rate: z.int().default(3) },\n',
  )
  expect(differs.out).not.toContain('-  timeout')
  expect(await readFile(file, 'utf8')).toContain('rate: z.number()')
  const { out: json, code } = await types('own.py', ...out, '--check', '--json')
  expect(code).toBe(1)
  expect(commandSchemas['py types'].parse(JSON.parse(json))).toMatchObject({
    file: 'src/steps.ts',
    state: 'other',
    steps: [{ name: 'train', constant: 'train', function: 'train', line: 1, notes: [] }],
    skipped: [],
    difference: expect.stringContaining('+  inputs: { rate: z.int().default(3) },') as string,
  })
  await writeFile(file, 'export const mine = 1\n')
  const refused = await types('own.py', ...out)
  expect(refused).toMatchObject({ code: 2, out: '' })
  expect(refused.err).toContain('FILE_EXISTS: src/steps.ts is there, and this command has not written it\n')
  expect(await readFile(file, 'utf8')).toBe('export const mine = 1\n')
  expect(await types('own.py', ...out, '--force')).toMatchObject({ code: 0 })
  expect(await readFile(file, 'utf8')).toContain('z.int().default(3)')
})

test('modules are found in the folders that are named, also by the steps', async () => {
  const cwd = await tempFolder()
  await mkdir(join(cwd, 'code', 'own'), { recursive: true })
  await writeFile(
    join(cwd, 'code', 'own', 'train.py'),
    'def train() -> None: ...\ndef score() -> None: ...\n',
  )
  const { code, out } = await pipewright(cwd, 'py', 'types', 'own.train', 'score', '--path', 'code', '--json')
  expect(code).toBe(0)
  const { text, file, state } = commandSchemas['py types'].parse(JSON.parse(out))
  expect({ file, state }).toEqual({ file: null, state: null })
  expect(text).toBe(`// Written by: pipewright py types own.train score --path code
// Change the Python, and run that again: it keeps options of steps that were added here (timeout, retry).
import { definePythonStep } from 'pipewright'

export const score = definePythonStep({
  name: 'score',
  module: 'own.train',
  function: 'score',
  path: 'code',
})
`)
})

test('what is wrong with the words is told', async () => {
  const cwd = await tempFolder()
  await writeFile(join(cwd, 'own.py'), 'def train(n: int) -> None: ...\n')
  await writeFile(join(cwd, 'broken.py'), 'x = 1\ndef f(:\n')
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['none.py'], 2, 'FUNCTION_NOT_FOUND: there is no Python script'],
    [
      ['own.py', 'tran'],
      2,
      "FUNCTION_NOT_FOUND: own.py has no function 'tran'\nFix: did you mean 'train'? (known: train)",
    ],
    [['broken.py'], 2, 'DEFINITION_INVALID: broken.py:2 cannot be parsed by Python 3'],
    [
      ['own.py', '--check'],
      2,
      'USAGE_INVALID: --check has no file to look at\nFix: name it: --out steps/train.ts',
    ],
    [['own.py', '--out', 'own.py'], 2, 'USAGE_INVALID: --out own.py is no module of TypeScript'],
    [['own.py', '--out', 'own.py/x.ts'], 2, 'FILE_EXISTS: own.py/x.ts cannot be written'],
    [
      ['own.py', '--python', 'no-such-python'],
      1,
      "ENVIRONMENT_INVALID: there is no Python interpreter 'no-such-python'",
    ],
  ]
  for (const [words, code, told] of cases) {
    const { err, ...result } = await pipewright(cwd, 'py', 'types', ...words)
    expect({ words, told: err, ...result }).toEqual({
      words,
      code,
      out: '',
      told: expect.stringContaining(told) as string,
    })
  }
})
