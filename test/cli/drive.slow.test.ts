import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { signCall } from 'pipewright'
import { expect, onTestFinished, test, vi } from 'vitest'
import { commandSchemas } from '../../scripts/cli-format.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { command, commandEnvironment, pipewright, projectFolder } from './command.ts'

const config = `import { defineConfig, schedule, trigger } from 'pipewright'

export default defineConfig({
  pipelines: { greet: 'greet.ts#greet' },
  schedules: [
    schedule('greet', { name: 'seconds', cron: '* * * * * *', inputs: { name: 'tick' }, catchUp: 'none' }),
    schedule('greet', { name: 'nightly', cron: '30 2 * * *', timezone: 'Europe/Berlin', inputs: { name: 'night' } }),
  ],
  triggers: [trigger('greet', { name: 'hook', on: { call: { secret: 'HOOK' } }, inputs: { name: 'body.name' } })],
})
`
const greet = `import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

const hello = defineStep({
  name: 'hello',
  inputs: { name: z.string() },
  outputs: { text: z.string() },
  run: ({ name }) => ({ text: \`hello \${name}\` }),
})
export const greet = definePipeline({ name: 'greet', inputs: { name: z.string() } }, (p, { name }) => p.step(hello, { name }))
`

async function project(): Promise<string> {
  const cwd = await projectFolder()
  await writeFile(join(cwd, 'pipewright.config.ts'), config)
  await writeFile(join(cwd, 'greet.ts'), greet)
  return cwd
}

type Command = keyof typeof commandSchemas

/** What a command prints with `--json`, as its schema says. */
async function document(cwd: string, name: Command, ...args: string[]): Promise<Record<string, unknown>> {
  const { out, err } = await pipewright(cwd, ...name.split(' '), ...args, '--json')
  expect(err).toBe('')
  const found: unknown = JSON.parse(out)
  expect(commandSchemas[name].parse(found)).toEqual(found)
  return found as Record<string, unknown>
}

/** Starts `pipewright up --json`. */
function up(cwd: string, ...args: string[]) {
  const child = spawn(process.execPath, [...command, 'up', '--json', ...args], {
    cwd,
    env: { ...process.env, ...commandEnvironment, HOOK: 'a secret of some length' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let [out, err] = ['', '']
  child.stdout.on('data', (text: Buffer) => (out += text.toString()))
  child.stderr.on('data', (text: Buffer) => (err += text.toString()))
  const lines = (): Record<string, unknown>[] =>
    out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  const ended = new Promise<unknown>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal)),
  )
  const types = (): unknown[] => lines().map(({ type }) => type)
  return { child, lines, types, ended, err: () => err }
}

test('schedules of the settings are listed, shown, paused, run and driven', async () => {
  const cwd = await project()
  const { schedules } = (await document(cwd, 'schedules list')) as { schedules: { name: string }[] }
  expect(schedules.map(({ name }) => name)).toEqual(['nightly', 'seconds'])
  expect(await document(cwd, 'schedules show', 'nightly', '-n', '3')).toMatchObject({
    timezone: 'Europe/Berlin',
    fired: [],
    inputs: { name: 'night' },
  })
  expect(await document(cwd, 'schedules pause', 'seconds')).toMatchObject({ paused: true, next: null })
  expect(await document(cwd, 'schedules resume', 'seconds')).toMatchObject({ paused: false })
  expect(await document(cwd, 'triggers list')).toMatchObject({ triggers: [{ name: 'hook' }] })
  expect(await document(cwd, 'triggers show', 'hook')).toMatchObject({ fired: [] })
  const table = await pipewright(cwd, 'schedules')
  expect(table.out).toMatch(
    /nightly +greet +30 2 \* \* \* +Europe\/Berlin +\d{4}-\d\d-\d\d 02:30:00 \+0[12]:00/,
  )
  expect(table.out).toContain('next: pipewright up')
  const run = await pipewright(cwd, 'schedules', 'run', 'nightly')
  expect(run.out).toContain('text: "hello night"')

  const driver = up(cwd)
  await vi.waitFor(() => expect(driver.types()).toContain('run.ended'), { timeout: 60_000 })
  driver.child.kill('SIGTERM')
  expect(await driver.ended).toBe(0)
  for (const line of driver.lines()) expect(commandSchemas.up.parse(line)).toEqual(line)
  expect(driver.types()[0]).toBe('drive.started')
  expect(driver.types().at(-1)).toBe('drive.stopped')
  const shown = await pipewright(cwd, 'schedules', 'show', 'seconds')
  expect(shown.out).toContain('started')
  expect(shown.out).toContain(`next: pipewright up, or pipewright schedules run seconds`)

  expect(await document(cwd, 'schedules remove', 'nightly')).toEqual({ name: 'nightly', removed: true })
  const unknown = await pipewright(cwd, 'schedules', 'show', 'secnds')
  expect(unknown.code).toBe(2)
  expect(unknown.err).toContain("SCHEDULE_NOT_FOUND: there is no schedule 'secnds'")
  expect(unknown.err).toContain("did you mean 'seconds'?")
})

test('runs says when nothing drives what is due', async () => {
  const cwd = await project()
  expect((await pipewright(cwd, 'run', 'greet', '-i', 'name=you')).code).toBe(0)
  await pipewright(cwd, 'schedules')
  expect((await pipewright(cwd, 'runs')).out).not.toContain('nothing drives')
  const metadata = await openSqliteMetadata(join(cwd, '.pipewright', 'metadata.sqlite'))
  await metadata.pauseTrigger('schedule/seconds', false, Date.now() - 600_000)
  await metadata.close()
  const { out } = await pipewright(cwd, 'runs')
  expect(out).toContain('nothing drives this workspace, and there is due work: 1 schedule (seconds)')
  expect(out).toContain('next: pipewright up')
})

test('up takes signed calls', async () => {
  const cwd = await project()
  expect((await pipewright(cwd, 'schedules', 'pause', 'seconds')).code).toBe(0)
  const port = 20_000 + (process.pid % 20_000)
  const driver = up(cwd, '--port', String(port))
  await vi.waitFor(() => expect(driver.types()).toContain('drive.started'), { timeout: 60_000 })
  const body = '{"name":"caller"}'
  const call = (secret: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/hook`, {
      method: 'POST',
      headers: signCall({ id: 'c1', timestamp: String(Math.floor(Date.now() / 1000)), body }, secret),
      body,
    })
  expect((await call('not the secret of it')).status).toBe(401)
  expect((await call('a secret of some length')).status).toBe(202)
  await vi.waitFor(
    () =>
      expect(driver.lines()).toContainEqual(
        expect.objectContaining({ type: 'run.ended', state: 'succeeded' }),
      ),
    {
      timeout: 60_000,
    },
  )
  driver.child.kill('SIGTERM')
  expect(await driver.ended).toBe(0)
  const [run] = ((await document(cwd, 'runs')) as { items: { key: string }[] }).items
  expect(run!.key).toBe('trigger/hook/c1')
})

test('a backfill runs a range, of a pipeline and of a schedule, and says how to go on', async () => {
  const cwd = await project()
  const range = ['--from', '2026-01-01', '--to', '2026-01-03']
  expect(await document(cwd, 'backfill', 'greet', ...range, '--cron', '@daily', '-i', 'name={date}')).toEqual(
    { total: 3, succeeded: 3, failed: [], left: 0 },
  )
  const plain = await pipewright(cwd, 'backfill', 'nightly', ...range)
  expect(plain.code).toBe(0)
  expect(plain.out).toContain('3 of 3 succeeded, 0 did not')
  expect(plain.err).toContain('3/3 (100 %)')
  const wrong = await pipewright(cwd, 'backfill', 'greet', ...range, '--cron', '0 0 30 2 *', '-i', 'name=x')
  expect(wrong.code).toBe(2)
  expect(wrong.err).toContain('never fires')
})
