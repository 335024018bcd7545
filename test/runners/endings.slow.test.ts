import './loader.ts'
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { RunFailedError, type Workspace } from 'pipewright'
import { beforeEach, describe, expect, test } from 'vitest'
import { failure, tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { ending, lingering, using } from './programs/endings.ts'
import { neverLoads } from './programs/never-loads.ts'
import { slowToLoad } from './programs/slow-to-load.ts'

let notes: string
beforeEach(async () => {
  notes = join(await tempFolder(), 'notes')
})

const noted = async (): Promise<string[]> => (await readFile(notes, 'utf8')).trim().split('\n')

/** Whether a process runs; one that nobody has waited for does not. */
async function runs(pid: string): Promise<boolean> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', pid]).catch(() => ({ stdout: '' }))
  return stdout.trim() !== '' && !stdout.startsWith('Z')
}

async function codeOf(run: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await run.catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(RunFailedError)
  return ((error as RunFailedError).failures[0]!.cause as { code?: string }).code
}

describe.each(['thread', 'process'] as const)('in a %s', (runner) => {
  const open = (): Promise<Workspace> => tempWorkspace({ runners: { default: runner } })

  test('a step that ends a warm one without a word is not executed again', async () => {
    const pw = await open()
    await pw.run(ending, { notes, how: 'returns' })
    expect(await codeOf(pw.run(ending, { notes, how: 'exits' }))).toBe('STEP_CRASHED')
    expect(await noted()).toEqual(['exits'])
  })

  test('the time of a step does not run while its module is loaded', async () => {
    expect((await (await open()).run(slowToLoad, {})).outputs.n).toBe(1)
  })

  test('one that is never done with loading is ended when the step has a timeout, and told to have been loading', async () => {
    const pw = await open()
    await pw.run(ending, { notes, how: 'returns' })
    const id = await failure(pw.run(neverLoads, {}))
    const { attempts } = (await pw.show(id)).executions[0]!
    expect(attempts).toMatchObject([{ end: 'timed-out', error: { code: 'STEP_TIMEOUT' } }])
    expect(attempts[0]!.error!.message).toMatch(
      new RegExp(
        `its ${runner} was still loading .*never-loads\\.ts after 30000 ms and was ended\\nFix: look for what never`,
      ),
    )
  })

  test('what a step leaves running is ended, and it fails', async () => {
    const pw = await open()
    expect(await codeOf(pw.run(ending, { notes, how: 'leaves' }))).toBe('STEP_LEFT_PROCESSES')
    const [pid] = await noted()
    await expect.poll(() => runs(pid!), { timeout: 5_000 }).toBe(false)
  })

  test('what a step has detached ends with the workspace', async () => {
    const pw = await open()
    await pw.run(ending, { notes, how: 'detaches' })
    const [pid] = await noted()
    expect(await runs(pid!)).toBe(true)
    await pw.close()
    await expect.poll(() => runs(pid!), { timeout: 5_000 }).toBe(false)
  })

  test('what a step has started that is cut off is ended', async () => {
    const pw = await open()
    const handle = await pw.start(ending, { notes, how: 'spins beside' })
    await expect.poll(() => noted().catch(() => []), { timeout: 10_000 }).toHaveLength(1)
    handle.cancel('enough')
    await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
    const [pid] = await noted()
    await expect.poll(() => runs(pid!), { timeout: 5_000 }).toBe(false)
  })

  test('one that refuses is given nothing else', async () => {
    const file = join(await tempFolder(), 'factor')
    process.env['PIPEWRIGHT_TEST_FACTOR'] = file
    await writeFile(file, '2')
    const { scaling } = await import('./programs/reads-a-file.ts')
    const pw = await open()
    await writeFile(file, '3')
    expect(await codeOf(pw.run(scaling, {}))).toBe('CODE_CHANGED')
    await writeFile(file, '2')
    expect((await pw.run(scaling, {})).outputs.n).toBe(42)
  })

  test('a workspace that is closed waits until the service of a retired one is closed', async () => {
    const pw = await tempWorkspace({
      services: [lingering],
      runners: { default: runner, [runner]: { recycleAfter: 1 } },
    })
    await pw.run(using, { notes })
    await pw.close()
    expect(await noted()).toEqual(['closed'])
  })
})
