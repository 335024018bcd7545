import { testStep } from 'pipewright/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { pythonStep } from './steps.ts'

test('100 MB of prints stop nothing and are held nowhere', async () => {
  const before = process.memoryUsage().rss
  let most = before
  const watching = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20)
  const { logs } = await testStep(pythonStep('much', { lines: z.number() }, {}), { lines: 1_000_000 })
  clearInterval(watching)
  expect(logs.at(-1)!.message).toBe('the end')
  expect(logs.reduce((sum, { message }) => sum + message.length, 0)).toBeLessThan(2 * 1024 * 1024)
  expect(most - before).toBeLessThan(150 * 1024 * 1024)
})
