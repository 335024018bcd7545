import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { keptOptions } from '../../src/python/stub/kept-options.ts'
import { pythonTypes } from '../../src/python/stub/python-types.ts'
import type { Stub } from '../../src/python/stub/stub.ts'
import { blocksOf, pageText } from '../docs/blocks.ts'
import { compile } from '../docs/compiled.ts'
import { tempFolder } from '../workspace/temp.ts'
import { modules, parameters, preamble, results } from './stub-cases.ts'

/** The stub of a module of these files, by its public functions or some. */
async function stubOf(files: Readonly<Record<string, string>>, ...functions: string[]): Promise<Stub> {
  const root = await tempFolder()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  const entry = { module: 'own', path: ['.'] }
  return pythonTypes({ entry, functions, command: 'pipewright py types own' }, { root })
}

const compiled = (text: string): Promise<string> =>
  compile(new Map([['own.ts', { text, place: 'the stub' }]]), { compiler: 'typescript7' })

/** The definition of a step on one line, without comments. */
function definitionOf(stub: Stub, name: string): string {
  const { constant } = stub.steps.find((one) => one.function === name)!
  const [, definition] = stub.text.split(`export const ${constant} = definePythonStep({\n`)
  const lines = definition!
    .split('\n})')[0]!
    .split('\n')
    .map((line) => line.trim())
  return lines
    .filter((line) => !line.startsWith('//'))
    .join(' ')
    .replaceAll(', }', ' }')
    .replaceAll('{ }', '{}')
}

/** The inputs and outputs of a definition, as they are written. */
function specsOf(stub: Stub, name: string): (string | undefined)[] {
  const text = definitionOf(stub, name)
  const inputs = / inputs: (.*?), (?:outputs:|module:)/.exec(text)?.[1]
  const outputs = / outputs: (.*?), module:/.exec(text)?.[1]
  return [inputs, outputs]
}

test('annotations become schemas and kinds, in a module that compiles', async () => {
  const taking = parameters.map(([one], index) => `def takes_${index}(${one}):\n    return {}\n`)
  const giving = results.map(([one], index) => `async def gives_${index}()${one}\n`)
  const names = [...taking, ...giving].map((text) => /def (\w+)/.exec(text)![1]!)
  const stub = await stubOf({ ...modules, 'own.py': [preamble, ...taking, ...giving].join('\n\n') }, ...names)
  const notesOf = (name: string) => stub.steps.find((one) => one.function === name)!.notes
  const found = [
    ...parameters.map(([text], index) => {
      const name = `takes_${index}`
      return [text, ...specsOf(stub, name), ...notesOf(name)]
    }),
    ...results.map(([text], index) => {
      const name = `gives_${index}`
      return [text, ...specsOf(stub, name), ...notesOf(name)]
    }),
  ]
  const expected = [
    ...parameters.map(([text, input, ...notes]) => {
      const name = /\w+/.exec(text)![0]
      const about = input === undefined ? '' : `input '${name}': `
      const inputs = input === undefined ? '{}' : `{ ${name}: ${input} }`
      return [text, inputs, undefined, ...notes.map((note) => about + note)]
    }),
    ...results.map(([text, outputs, ...notes]) => [text, undefined, outputs, ...notes]),
  ]
  expect(found).toEqual(expected)
  expect(await compiled(stub.text)).toBe('')
})

test('of a module its public functions are taken that give outputs; the others are told', async () => {
  const text = `
import functools
from other import imported

def wrapping(function):
    @functools.wraps(function)
    def inner(**given):
        return {"n": function(**given)}
    return inner

def registered(function):
    return function

def first(n: int) -> None: ...

def _hidden() -> None: ...

def load(n: int) -> list[int]: ...

@functools.lru_cache
@wrapping
def second(n: int):
    return {"n": n}

@registered
def third(n: int) -> None: ...

class Fourth:
    def method(self): ...
`
  const stub = await stubOf({ 'own.py': text, 'other.py': 'def imported() -> None: ...\n' })
  expect(stub.steps.map(({ name, function: own, line }) => [name, own, line])).toEqual([
    ['first', 'first', 14],
    ['second', 'second', 22],
  ])
  expect(stub.skipped).toEqual([
    {
      function: 'wrapping',
      reason: 'nothing tells what it returns: annotate it with a TypedDict of its outputs',
    },
    {
      function: 'registered',
      reason: 'nothing tells what it returns: annotate it with a TypedDict of its outputs',
    },
    { function: 'load', reason: "it returns list[int], and a step's function returns a dict of its outputs" },
    { function: 'third', reason: 'stands behind @registered, which may change its parameters' },
  ])
  const named = await stubOf({ 'own.py': `__all__ = ["b"]\ndef a() -> None: ...\ndef b() -> None: ...\n` })
  expect(named.steps.map(({ name }) => name)).toEqual(['b'])
  expect(named.text).toBe(`// Written by: pipewright py types own
// Change the Python, and run that again: it keeps options of steps that were added here (timeout, retry).
import { definePythonStep } from 'pipewright'

export const b = definePythonStep({
  name: 'b',
  module: 'own',
  function: 'b',
})
`)
})

test('docstrings describe the step and its inputs, in the forms that are usual', async () => {
  const google = `
def google(rate: float, rows: "pandas.DataFrame", *, names: list[str]) -> None:
    """Fits it,
    in one paragraph.

    More of it.

    Args:
        rate (float, optional): How fast
            it learns: much.
        rows: What it learns from.
        *names: Whose.

    Returns:
        Nothing.
    """
`
  const numpy = `
def numpy(rate: float, names) -> None:
    """Fits it.

    Parameters
    ----------
    rate : float
        How fast it learns.

        Or not.
    names
        Whose.

    Returns
    -------
    None
    """
`
  const sphinx = `
def sphinx(rate: float) -> None:
    """Fits it.

    :param float rate: How fast
        it learns.
    :returns: nothing
    """
`
  const stub = await stubOf({ 'own.py': `import pandas\n${google}${numpy}${sphinx}` })
  expect(definitionOf(stub, 'google')).toBe(
    "name: 'google', description: 'Fits it, in one paragraph.', inputs: { " +
      "rate: z.number().describe('How fast it learns: much.'), rows: table(z.looseObject({})), " +
      "names: z.array(z.string()).describe('Whose.') }, module: 'own', function: 'google',",
  )
  expect(stub.text).toContain('    // What it learns from.\n    // its columns')
  expect(specsOf(stub, 'numpy')[0]).toBe(
    "{ rate: z.number().describe('How fast it learns. Or not.'), names: z.json().describe('Whose.') }",
  )
  expect(specsOf(stub, 'sphinx')[0]).toBe("{ rate: z.number().describe('How fast it learns.') }")
})

test('names that TypeScript has another use for are made others, and text stays text', async () => {
  const text = `
from typing import Literal, TypedDict

class file(TypedDict):
    """Ends here: */ \`\${x}\`
    or not."""
    class_: int

class Delete(TypedDict):
    x: int

def delete(new: file, enum: Delete) -> None: ...
def _table(file: Literal["it's", 'a "b"', "a\\n\\u2028b", "\\\\"] = "\\\\") -> None: ...
def fit_Model2(z: int, définit: int) -> None:
    "'; process.exit(1) //"
def deleteStep() -> None: ...
`
  const functions = ['delete', '_table', 'fit_Model2', 'deleteStep']
  const stub = await stubOf({ 'own.py': text }, ...functions)
  expect(stub.steps.map(({ constant, name }) => [constant, name])).toEqual([
    ['deleteStep', 'delete'],
    ['tableStep', 'table'],
    ['fitModel2', 'fit-model2'],
    ['deleteStepStep', 'delete-step'],
  ])
  expect(stub.text).toContain('export const fileSchema = ')
  expect(await compiled(stub.text)).toBe('')
  expect((await stubOf({ 'own.py': text }, ...functions)).text).toBe(stub.text)
})

const failures: readonly [string, Readonly<Record<string, string>>, readonly string[], object][] = [
  [
    'a module that is not there',
    {},
    [],
    {
      code: 'FUNCTION_NOT_FOUND',
      message: expect.stringContaining("no source of a Python module 'own'") as string,
    },
  ],
  [
    'a function that is not there',
    { 'own.py': 'def train() -> None: ...\ndef score() -> None: ...\n' },
    ['trian'],
    { code: 'FUNCTION_NOT_FOUND', fix: "did you mean 'train'? (known: train, score)" },
  ],
  [
    'what is no function',
    { 'own.py': 'train = print\n' },
    ['train'],
    {
      code: 'FUNCTION_NOT_FOUND',
      message: expect.stringContaining("'train' of own is no function") as string,
    },
  ],
  [
    'a syntax error, with its line',
    { 'own.py': 'x = 1\ndef f(:\n    pass\n' },
    [],
    {
      code: 'DEFINITION_INVALID',
      message: expect.stringMatching(/^own\.py:2 cannot be parsed by Python 3/) as string,
    },
  ],
  [
    'a syntax error of a module that an annotation is of',
    { 'own.py': 'from other import A\ndef f(a: A) -> None: ...\n', 'other.py': '\n\nclass\n' },
    [],
    { code: 'DEFINITION_INVALID', message: expect.stringMatching(/^other\.py:3 cannot be parsed/) as string },
  ],
  ['bytes that are no text', { 'own.py': 'x = "\0"\n' }, [], { code: 'DEFINITION_INVALID' }],
  [
    'nothing that can be a step',
    { 'own.py': 'def _hidden(): ...\ndef load() -> int: ...\n' },
    [],
    {
      code: 'FUNCTION_NOT_FOUND',
      message: expect.stringContaining(
        'no public function that can be a step:\n  load: it returns int',
      ) as string,
    },
  ],
]

test.each(failures)('%s is told', async (_, files, functions, expected) => {
  await expect(stubOf(files, ...functions)).rejects.toMatchObject(expected)
})

test('of a script that is not there the nearest one is named', async () => {
  const root = await tempFolder()
  await writeFile(join(root, 'train.py'), '')
  const entry = { script: 'trian.py', path: ['.'] }
  await expect(pythonTypes({ entry, functions: [], command: '' }, { root })).rejects.toMatchObject({
    code: 'FUNCTION_NOT_FOUND',
    fix: "did you mean 'train.py'? (known: train.py)",
  })
})

test('no environment is made of requirements to read annotations', async () => {
  const root = await tempFolder()
  await writeFile(join(root, 'train.py'), 'def train(n: int) -> None: ...\n')
  await writeFile(join(root, 'requirements.txt'), 'no-such-package-of-pipewright==0\n')
  const python = { requirements: 'requirements.txt' }
  const entry = { script: 'train.py', path: ['.'] }
  const { steps } = await pythonTypes({ entry, functions: [], command: '' }, { root, python })
  expect(steps.map(({ name }) => name)).toEqual(['train'])
})

const stubbed = `// Written by: pipewright py types own
import { definePythonStep, secret as token, table as unused } from 'pipewright'
import { z } from 'zod'
import { limits } from './limits.ts'
import './always.ts'

export const train = definePythonStep({
  name: 'öther 🍏',
  // Of the last runs.
  timeout: '10m', "retry": {
    attempts: 2,
  },
  inputs: { rate: z.number() },
  secrets: { key: token('KEY') },
  ...limits,
  function: 'train',
})
export const gone = definePythonStep({ name: 'gone', function: 'gone', tags: ['a'] })
export const plain = definePythonStep({ name: 'plain', function: 'plain' })
`

test('options that were added to a step are kept, with what they import', async () => {
  const root = await tempFolder()
  await writeFile(join(root, 'own.py'), 'def train(n: int) -> None: ...\ndef plain() -> None: ...\n')
  const entry = { script: 'own.py', path: ['.'] }
  const written = async (before: string): Promise<string> => {
    const kept = await keptOptions('own.ts', before)
    return (await pythonTypes({ entry, functions: [], command: 'again', kept }, { root })).text
  }
  const text = await written(stubbed)
  expect(text).toBe(`// Written by: again
// Change the Python, and run that again: it keeps options of steps that were added here (timeout, retry).
import { definePythonStep, secret as token } from 'pipewright'
import { z } from 'zod'
import { limits } from './limits.ts'
import './always.ts'

export const train = definePythonStep({
  name: 'train',
  inputs: { n: z.int() },
  script: 'own.py',
  function: 'train',
  // Of the last runs.
  timeout: '10m',
  "retry": {
    attempts: 2,
  },
  secrets: { key: token('KEY') },
  ...limits,
})

export const plain = definePythonStep({
  name: 'plain',
  script: 'own.py',
  function: 'plain',
})
`)
  expect(await written(text)).toBe(text)
  await expect(keptOptions('own.ts', 'export const = 1')).rejects.toMatchObject({
    code: 'DEFINITION_INVALID',
    message: expect.stringMatching(/^own\.ts cannot be parsed: /) as string,
  })
})

test('what the guide shows is what is written', async () => {
  const blocks = blocksOf(pageText('docs/guides/python.md'))
  const source = blocks.find(({ file }) => file === 'steps/score.py')!
  const shown = blocks.find(({ text }) => text.startsWith('// Written by: '))!
  const root = await tempFolder()
  await mkdir(join(root, 'steps'))
  await writeFile(join(root, 'steps', 'score.py'), source.text)
  const entry = { script: 'steps/score.py', path: ['.'] }
  const command = 'pipewright py types steps/score.py --out steps/score.ts'
  const { text } = await pythonTypes({ entry, functions: [], command }, { root })
  expect(text).toBe(shown.text)
})
