import { spawn } from 'node:child_process'

import { expect, test } from 'vitest'
import { runLineSchema } from '../../scripts/event-format.ts'
import { command, commandEnvironment, pipewright, projectFolder, waits } from './command.ts'

/** The id in what a command prints next. */
function runIn(text: string): string {
  return /pipewright (?:signal|approve|resume) (\S+)/.exec(text)![1]!
}

test('a run that waits is left, decided from outside, and gone on with', async () => {
  const cwd = await projectFolder()
  const first = await pipewright(cwd, 'run', waits, '-i', 'n=97')
  expect(first.code).toBe(4)
  expect(first.out).toMatch(/waits for the signal 'labels': labels/)
  const run = runIn(first.out)
  expect(first.out).toContain(`next: pipewright signal ${run} labels, or pipewright resume ${run}`)

  const typo = await pipewright(cwd, 'signal', run, 'label')
  expect(typo.code).toBe(1)
  expect(typo.err).toContain("did you mean 'labels'?")
  expect((await pipewright(cwd, 'signal', run, 'labels', '{"batch":7}')).code).toBe(0)

  const second = await pipewright(cwd, 'resume', run)
  expect(second.code).toBe(4)
  expect(second.out).toMatch(/waits for a decision by role:lead: go-live: Deploy it\?\n {2}auc: 0\.97/)
  const shown = await pipewright(cwd, 'show', run)
  expect(shown.out).toMatch(/◷ go-live {2}waiting/)
  expect(shown.out).toContain(`next: pipewright approve ${run} go-live`)

  expect(second.out).toContain(`next: pipewright approve ${run} go-live --role lead, or`)
  // Whoever reads JSON is told what is waited for too.
  const json = (await pipewright(cwd, 'resume', run, '--json')).out.trimEnd().split('\n')
  expect(runLineSchema.parse(JSON.parse(json.at(-1)!))).toMatchObject({
    summary: {
      state: 'waiting',
      waits: [{ node: 'go-live', on: 'approval', message: 'Deploy it?', by: ['role:lead'] }],
    },
  })

  const denied = await pipewright(cwd, 'approve', run, '--by', 'eve')
  expect(denied).toMatchObject({ code: 1 })
  expect(denied.err).toContain("'eve' may not decide 'go-live'")
  expect(denied.err).toContain('--role <role>')
  expect((await pipewright(cwd, 'approve', run, '--payload', '{share')).err).toContain(
    '--payload is not JSON',
  )
  const approved = await pipewright(
    cwd,
    'approve',
    run,
    '--by',
    'ada',
    '--role',
    'lead',
    '--payload',
    '{"share":0.5}',
  )
  expect(approved.out).toContain(`'go-live' of run ${run} was approved by ada`)
  const twice = await pipewright(cwd, 'reject', run, 'go-live', '--by', 'bob', '--role', 'lead')
  expect(twice.err).toContain('has been decided before')

  const third = await pipewright(cwd, 'resume', run)
  expect(third.code).toBe(0)
  expect(third.out).toContain('/live?share=0.5')
})

test('--wait stays, and sees what another process says', async () => {
  const cwd = await projectFolder()
  const child = spawn(process.execPath, [...command, 'run', waits, '-i', 'n=97', '--wait', '--json'], {
    cwd,
    env: { ...process.env, ...commandEnvironment },
  })
  let out = ''
  const seen = async (text: string): Promise<void> => {
    await expect.poll(() => out.includes(text), { timeout: 20_000 }).toBe(true)
  }
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (out += chunk))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await seen('"run.waiting"')
  const run = (JSON.parse(out.split('\n')[0]!) as { run: string }).run
  await pipewright(cwd, 'signal', run, 'labels')
  await seen('"approval"')
  const json = await pipewright(
    cwd,
    'approve',
    run,
    '--by',
    'ada',
    '--role',
    'lead',
    '--payload',
    '{"share":1}',
    '--json',
  )
  expect(JSON.parse(json.out)).toEqual({ run, node: 'go-live', approved: true, by: 'ada' })
  expect(await ended).toBe(0)
  expect(out).toContain('"run.proceeded"')
})
