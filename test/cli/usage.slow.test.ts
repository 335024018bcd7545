import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { endText, usageText } from '../../src/ui/attempt-text.ts'
import { pipewright, projectFolder } from './command.ts'

test('show tells what attempts used, those with the most memory first, and how they ended', async () => {
  const cwd = await projectFolder()
  await writeFile(join(cwd, 'package.json'), '{ "type": "module" }')
  await writeFile(
    join(cwd, 'take.ts'),
    `import { defineCommandStep, definePipeline, file } from 'pipewright'
const held = (mebibytes) => \`const held = Buffer.alloc(\${mebibytes} * 2 ** 20, 1)
setTimeout(() => require('node:fs').writeFileSync(process.argv[1], String(held.length)), 600)\`
const step = (name, mebibytes, more) => defineCommandStep({
  name,
  outputs: { out: file('text/plain') },
  command: [process.execPath, '-e', held(mebibytes), '--', '{out}'],
  ...more,
})
const small = step('small', 1, {})
const large = step('large', 250, { resources: { memory: '150MiB' }, retry: { attempts: 2, delay: 1, escalate: { memory: 3 } } })
export const takes = definePipeline({ name: 'takes' }, (p) => ({ small: p.step(small, {}).out, large: p.step(large, {}).out }))
`,
  )
  expect((await pipewright(cwd, 'run', 'take.ts')).code).toBe(0)
  const { out } = await pipewright(cwd, 'show')
  const rows = out.split('\n').filter((line) => /#\d/.test(line))
  expect(out).toMatch(/attempt +end +ran in +most memory +CPU time\n/)
  expect(rows).toHaveLength(3)
  // Both held the same, about: which of them was looked at when it held most is chance.
  const [first, second] = rows.slice(0, 2).toSorted()
  expect(first).toMatch(/^large #1 +failed, out of memory +command +\d+ MiB/)
  expect(second).toMatch(/^large #2 +succeeded +command +\d+ MiB +(\d+ ms|[\d.]+ s)$/)
  expect(rows[2]).toMatch(/^small #1 +succeeded +command +[\d.]+ MiB/)
  const node = await pipewright(cwd, 'show', await latest(cwd), 'large')
  expect(node.out).toMatch(
    /^attempt 1: failed, out of memory, .* · as a command · at most \d+ MiB · .* of CPU time$/m,
  )
})

async function latest(cwd: string): Promise<string> {
  const { out } = await pipewright(cwd, 'runs', '--json')
  return (JSON.parse(out) as { items: { id: string }[] }).items[0]!.id
}

test('where an attempt ran and what it used are told as far as they are known', () => {
  expect(usageText({ runner: 'container' })).toBe('in a container')
  expect(usageText({ runner: 'thread', memory: 2 ** 20 })).toBe('in a thread · at most 1 MiB')
  expect(endText({ end: 'failed', error: { name: 'E', message: '', code: 'STEP_CRASHED' } })).toBe(
    'failed, crashed',
  )
  expect(endText({ end: 'timed-out', error: { name: 'E', message: '', code: 'STEP_TIMEOUT' } })).toBe(
    'timed-out',
  )
  expect(endText({ end: null, error: null })).toBe('running')
})
