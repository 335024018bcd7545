import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { pipewrightWith, projectFolder, type Result } from '../cli/command.ts'
import { tempFolder } from '../workspace/temp.ts'
import { leaked, traces, tracesIn } from './traces.ts'

const program = fileURLToPath(new URL('programs/leaks.ts', import.meta.url))

test('what commands print has no secret, nor has what they write', async () => {
  const cwd = await projectFolder()
  const outside = await tempFolder()
  await writeFile(join(outside, 'LEAKED_TOKEN'), `${leaked}\n`)
  await writeFile(
    join(cwd, 'pipewright.config.ts'),
    `export default {
      secrets: ['environment', { folder: ${JSON.stringify(outside)} }],
      pipelines: { leaks: ${JSON.stringify(`${program}#leaks`)} },
    }\n`,
  )
  const printed: Result[] = []
  const run = async (...args: string[]): Promise<Result> => {
    const result = await pipewrightWith({ cwd }, args)
    printed.push(result)
    return result
  }
  const first = await run('run', 'leaks', '--failure', 'continue', '--logs', '--progress', 'plain')
  expect(first.code).toBe(1)
  expect(`${first.out}${first.err}`.split('[secret LEAKED_TOKEN]').length).toBeGreaterThan(100)
  const again = await run('run', 'leaks', '--failure', 'continue', '--json')
  // What a step writes to the output of the process is a log line: the document of the command is whole.
  const events = again.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string })
  expect(events.length).toBeGreaterThan(100)
  const [id] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(first.out + first.err)!
  await run('logs', id)
  await run('show', id)
  await run('show', id, '--json')
  await run('explain', id, 'talk')
  await run('report', id, '-o', 'page.html')
  await run('resume', id, '--failure', 'continue')
  await run('step', id, 'fail-basic')
  const doctor = await run('doctor')
  expect(doctor.out).toMatch(/^ok {4}secret +LEAKED_TOKEN is there$/m)
  for (const { out, err } of printed) expect(traces(out + err)).toEqual([])
  expect(await tracesIn(cwd)).toEqual([])
})

test('doctor tells which secrets cannot be found, and by whom they are read', async () => {
  const cwd = await projectFolder()
  await writeFile(
    join(cwd, 'pipewright.config.ts'),
    `export default { secrets: [{ file: '.env' }], pipelines: { leaks: ${JSON.stringify(`${program}#leaks`)} } }\n`,
  )
  const { out, code } = await pipewrightWith({ cwd }, ['doctor'])
  expect(code).toBe(0)
  expect(out).toMatch(
    /^warn {2}secret +step 'talk', step 'fail', step 'toss', step 'forget', step 'give': nobody has the secret 'LEAKED_TOKEN'; asked were the file \.env$/m,
  )
})
