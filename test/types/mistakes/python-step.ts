import { definePipeline, definePythonStep, file, table, type Ref, type Table } from 'pipewright'
import { z } from 'zod'
import { load, Row } from './steps.ts'

const clean = definePythonStep({
  name: 'clean',
  inputs: { rows: table(Row), least: z.number().default(0) },
  outputs: { rows: table(Row), count: z.number() },
  module: 'steps.clean',
  function: 'clean',
  ignore: ['least'],
})

export const p = definePipeline({ name: 'p', inputs: { csv: file('text/csv') } }, (p, input) => {
  const { rows } = p.step(load, { csv: input.csv })
  const cleaned = p.step(clean, { rows })
  const typed: Ref<Table<{ x: number; y: boolean }>> = cleaned.rows
  // expect: Property 'rows' is missing in type '{}' but required in type
  p.step(clean, {})
  // expect: Type 'Ref<number>' is not assignable to type
  p.step(clean, { rows: cleaned.count })
  // expect: 'rate' does not exist in type
  p.step(clean, { rows: typed, rate: 1 })
  // expect: Property 'row' does not exist on type
  return { rows: cleaned.row }
})

// expect: is not assignable to parameter of type
export const both = definePythonStep({ name: 'both', module: 'a', script: 'a.py', function: 'f' })

// expect: is not assignable to parameter of type
export const neither = definePythonStep({ name: 'neither', function: 'f' })

// expect: is not assignable to parameter of type
export const scripted = definePythonStep({ name: 'scripted', notebook: 'a.ipynb', script: 'a.py' })

// expect: is not assignable to parameter of type
export const called = definePythonStep({ name: 'called', notebook: 'a.ipynb', function: 'f' })

// expect: is not assignable to parameter of type
export const uncalled = definePythonStep({ name: 'uncalled', module: 'a' })

export const notebook = definePythonStep({
  name: 'notebook',
  inputs: { rows: table(Row) },
  outputs: { executed: file('application/x-ipynb+json') },
  notebook: new URL('file:///analysis.ipynb'),
})

export const ignoring = definePythonStep({
  name: 'ignoring',
  inputs: { a: z.number() },
  module: 'a',
  function: 'f',
  // expect: Type '"b"' is not assignable to type '"a"'
  ignore: ['b'],
})

export const environment = definePythonStep({
  name: 'environment',
  module: 'a',
  function: 'f',
  // expect: 'vnev' does not exist in type
  python: { vnev: '.venv' },
})
