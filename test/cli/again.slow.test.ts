import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandSchemas } from '../../scripts/cli-format.ts'
import { runLineSchema } from '../../scripts/event-format.ts'
import { command, commandEnvironment, pipelines, pipewright, projectFolder } from './command.ts'

async function latest(cwd: string): Promise<string> {
  const { out } = await pipewright(cwd, 'runs', '--json')
  return (JSON.parse(out) as { items: { id: string }[] }).items[0]!.id
}

test('rerun repeats what failed, and what is named; show and the summary name the run', async () => {
  const cwd = await projectFolder()
  const marker = join(cwd, 'marker')
  expect((await pipewright(cwd, 'run', `${pipelines}#checked`, '-i', `marker=${marker}`)).code).toBe(1)
  const failed = await latest(cwd)
  expect((await pipewright(cwd, 'rerun', failed)).err).toContain('say what: `from` or `only`')
  await writeFile(marker, '')
  const { code, out } = await pipewright(cwd, 'rerun', failed, '--failed')
  expect(code).toBe(0)
  expect(out).toContain(`repeats a part of run ${failed}`)
  expect(out).toContain('value: 8')
  const mended = await latest(cwd)
  const { out: lines } = await pipewright(cwd, 'rerun', mended, '--from', 'double', '--json')
  const parsed = lines
    .trimEnd()
    .split('\n')
    .map((line) => runLineSchema.parse(JSON.parse(line)))
  expect(parsed.at(-1)).toMatchObject({ summary: { rerunOf: mended, steps: { executed: 2, reused: 0 } } })
  const detail: unknown = JSON.parse((await pipewright(cwd, 'show', '--json')).out)
  expect(commandSchemas.show.parse(detail)).toMatchObject({ rerunOf: mended })
  const gone = await pipewright(cwd, 'rerun', mended, '--failed', '-i', 'marker=/nowhere')
  expect(gone.code).toBe(1)
  expect((await pipewright(cwd, 'rerun', mended, '--from', 'chck')).err).toContain("did you mean 'check'?")
  expect((await pipewright(cwd, 'rerun', 'nope', '--failed')).code).toBe(2)
})

test('run --like takes the inputs of a run, but for those that are given', async () => {
  const cwd = await projectFolder()
  await pipewright(cwd, 'run', `${pipelines}#doubles`, '-i', 'items=[3,4]')
  const first = await latest(cwd)
  expect((await pipewright(cwd, 'run', '--like', first)).out).toContain('2 reused')
  const { out } = await pipewright(cwd, 'run', '--like', first, '-i', 'items=[5]', '--tag', 'five')
  expect(out).toContain('succeeded')
  const last = await latest(cwd)
  expect((await pipewright(cwd, 'artifacts', 'cat', 'values', '--run', last)).out.trim()).toMatch(
    /^\[\s*10\s*\]$/,
  )
})

test('step repeats one on its recorded inputs, and compares', async () => {
  const cwd = await projectFolder()
  const target = `${pipelines}#checked`
  await pipewright(cwd, 'run', target, '-i', 'marker=/nowhere')
  const run = await latest(cwd)
  const same = await pipewright(cwd, 'step', run, 'double')
  expect(same).toMatchObject({ code: 0 })
  expect(same.out).toContain('input value: 4\noutput value: 8\nthe outputs are those that are recorded')
  const broken = await pipewright(cwd, 'step', run, 'check')
  expect(broken.code).toBe(1)
  expect(broken.out).toMatch(/input value: 8[^]*threw Error: there is no \/nowhere/)
  const { out } = await pipewright(cwd, 'step', run, 'check', '--json')
  expect(commandSchemas.step.parse(JSON.parse(out))).toMatchObject({ node: 'check', differences: null })
  expect((await pipewright(cwd, 'step', run, 'chek')).err).toContain("did you mean 'check'?")
  expect(JSON.parse((await pipewright(cwd, 'runs', '--json')).out)).toMatchObject({ items: [{ id: run }] })
})

test('step --inspect waits for a debugger', async () => {
  const cwd = await projectFolder()
  await pipewright(cwd, 'run', `${pipelines}#doubles`)
  const run = await latest(cwd)
  const child = spawn(process.execPath, [...command, 'step', run, 'map[0]/double', '--inspect'], {
    cwd,
    env: { ...process.env, ...commandEnvironment, NODE_OPTIONS: '--inspect-port=0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.once('close', () => reject(new Error(`it ended: ${said}`)))
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('Debugger listening on ws://')) resolve()
    })
  })
  child.kill('SIGTERM')
  await ended
})
