import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineStep } from 'pipewright'
import { testStep } from 'pipewright/testing'
import { expect, test } from 'vitest'
import { LogSegment } from '../../src/execute/log.ts'
import { tempFolder } from '../workspace/temp.ts'

const cap = 16 * 1024

async function linesOf(...messages: readonly string[]): Promise<string[]> {
  const root = await tempFolder()
  const log = new LogSegment(root, 'log')
  for (const message of messages) log.write({ at: 0, level: 'info', message })
  await log.close()
  return (await readFile(join(root, 'log'), 'utf8')).split('\n').slice(0, -1)
}

test.each([
  ['letters', 'x'],
  ['control characters, which JSON writes in six', '\u0001'],
  ['quotes, which it writes in two', '"'],
])('a line is capped, also of %s', async (_what, sign) => {
  const [long, short] = await linesOf(sign.repeat(1_000_000), sign)
  expect(long!.length).toBeLessThanOrEqual(cap)
  expect(JSON.parse(long!)).toMatchObject({ cut: expect.any(Number) as number })
  expect(JSON.parse(short!)).toEqual({ at: 0, level: 'info', message: sign })
})

test('nobody who listens is told more of a message than its line may hold', async () => {
  const step = defineStep({ name: 'step', run: (_inputs, ctx) => ctx.log.info('x'.repeat(1_000_000)) })
  const { logs } = await testStep(step, {})
  expect(logs[0]!.message).toBe(`${'x'.repeat(cap)} … (${1_000_000 - cap} characters more)`)
})
