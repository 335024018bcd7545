import {
  defineConfig,
  definePredictor,
  definePythonStep,
  list,
  model,
  plan,
  definePipeline,
  report,
} from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const given = { name: 'one', module: 'steps', function: 'one' }
const define = (definition: object) => () => definePythonStep(definition as never)

const predictor = definePredictor({
  name: 'some',
  state: z.object({}),
  input: z.object({}),
  output: z.object({}),
  predict: () => ({}),
})

describe('a Python step that cannot work is refused where it is defined', () => {
  test.each([
    ['names several of module, script and notebook, or none', { name: 'one', function: 'f' }],
    ['names several of module, script and notebook, or none', { ...given, script: 'a.py' }],
    ['names several of module, script and notebook, or none', { ...given, notebook: 'a.ipynb' }],
    ['names a function of a notebook', { name: 'one', notebook: 'a.ipynb', function: 'f' }],
    ['is no path of a notebook', { name: 'one', notebook: 'a.py' }],
    ['is no path of a notebook', { name: 'one', notebook: new URL('https://example.com/a.ipynb') }],
    [
      "output 'area-under' cannot be the name of a variable",
      { name: 'one', notebook: 'a.ipynb', outputs: { 'area-under': z.number() } },
    ],
    ['is no name of a Python module', { ...given, module: 'steps/one.py' }],
    ['is no name of a Python module', { ...given, module: 'steps.class' }],
    ['is no path', { ...given, module: undefined, script: new URL('https://example.com/a.py') }],
    ['is no name of a Python function', { ...given, function: 'one()' }],
    ['is no name of a Python function', { ...given, function: undefined }],
    [
      "input 'learning-rate' cannot be the name of a parameter",
      { ...given, inputs: { 'learning-rate': z.number() } },
    ],
    ["input 'lambda' cannot be the name of a parameter", { ...given, inputs: { lambda: z.number() } }],
    [
      "input 'm' is a model, which a Python function cannot take",
      { ...given, inputs: { m: model(predictor) } },
    ],
    [
      "output 'm' is a list, which a Python function cannot return",
      { ...given, outputs: { m: list(model()) } },
    ],
    ["input 'r' is a report, which a Python function cannot take", { ...given, inputs: { r: report() } }],
    ['path is no folder', { ...given, path: '' }],
    ['python is no environment of Python', { ...given, python: 3 }],
    ['python names nothing', { ...given, python: {} }],
    ["python has the unknown member 'vnev'", { ...given, python: { vnev: 'a' } }],
    ['python names a venv and something else', { ...given, python: { venv: 'a', requirements: 'b' } }],
    ['timeout', { ...given, timeout: 'soon' }],
  ])('%s: %#', (message, definition) => {
    expect(define(definition)).toThrow(expect.objectContaining({ code: 'DEFINITION_INVALID' }) as Error)
    expect(define(definition)).toThrow(message)
  })

  test('in settings too', () => {
    expect(() => defineConfig({ python: { venv: '' } })).toThrow('python has a venv that is no text')
  })
})

test('a Python step stands in a plan as any other, and is frozen', () => {
  const step = definePythonStep({
    ...given,
    inputs: { a: z.number() },
    outputs: { b: z.number() },
    tags: ['slow'],
  })
  expect(Object.isFrozen(step)).toBe(true)
  expect(step.python).toEqual({ module: 'steps', function: 'one', path: ['.'] })
  const pipeline = definePipeline({ name: 'some' }, (p) => ({ b: p.step(step, { a: 1 }).b }))
  expect(Object.values(plan(pipeline, {}).steps)[0]).toMatchObject({ name: 'one', tags: ['slow'] })
})

test('called directly it says who can call it', () => {
  const step = definePythonStep(given)
  expect(() => (step.run as (...values: unknown[]) => unknown)({}, {})).toThrow(
    "step 'one' is called where no Python can be started",
  )
})
