import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as pipewright from 'pipewright'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { toWorkerInput, Exchange } from '../../src/worker/worker-values.ts'
import { bench } from './support.ts'

// What tsx does in a project without "type": "module": steps are defined by one copy of the package and run by another.
vi.resetModules()
const other = await import('pipewright')

const Row = z.object({ n: z.number(), s: z.string(), data: z.object({ x: z.number() }) })
const rows = [
  { n: 1, s: 'ä', data: { x: 1 } },
  { n: 2, s: '', data: { x: 2 } },
]

test('these are two copies', () => {
  expect(other.table).not.toBe(pipewright.table)
})

test.each(['arrow', 'rows'])('a worker takes a table of a kind of another copy, as %s', async (format) => {
  const { pass, workdir } = await bench()
  const kind = other.table(Row)
  const exchange = new Exchange(join(workdir, 'exchange'))
  const input = await toWorkerInput(kind as never, await pass(kind, rows as never), [format], exchange)
  expect(input).toMatchObject({
    kind: 'table',
    format,
    columns: [{ name: 'n' }, { name: 's' }, { name: 'data' }],
  })
})

test('what one copy has read, another stores: as the same artifact, without its bytes', async () => {
  const { encode, pass, workdir } = await bench()
  const path = join(workdir, 'a.txt')
  await writeFile(path, 'text')
  const pairs = [
    [pipewright.table(Row), other.table(Row), rows],
    [pipewright.file('text/plain'), other.file('text/plain'), path],
    [pipewright.model({ format: 'joblib' }), other.model({ format: 'joblib' }), path],
    [pipewright.model({ format: 'joblib' }), other.model(), path],
    [pipewright.report(), other.report(), { blocks: [{ type: 'markdown', text: 'text' }] }],
  ] as const
  for (const [kind, of, value] of pairs) {
    const artifact = await encode(kind as never, value as never)
    const read = await pass(kind as never, value as never)
    expect(await encode(of as never, read as never), kind.name).toEqual(artifact)
  }
})

test('instanceof knows errors of another copy by their class', () => {
  const failed = new other.RunFailedError('run', 'p', { state: 'failed', failures: [], outputs: {} } as never)
  const general = new other.PipewrightError('INPUT_INVALID', 'text')
  expect(failed).toBeInstanceOf(pipewright.RunFailedError)
  expect(failed).toBeInstanceOf(pipewright.PipewrightError)
  expect(general).toBeInstanceOf(pipewright.PipewrightError)
  expect(general).not.toBeInstanceOf(pipewright.RunFailedError)
  expect(new Error('text')).not.toBeInstanceOf(pipewright.PipewrightError)
  expect(null).not.toBeInstanceOf(pipewright.PipewrightError)
})
