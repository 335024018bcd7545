import './loader.ts'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openWorkspace, type RunFailedError, type RunnerName, type Workspace } from 'pipewright'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'
import { broken, counter, counting, failing } from './programs/services.ts'

let notes: string
beforeEach(async () => {
  notes = join(await tempFolder(), 'notes')
  process.env['PIPEWRIGHT_TEST_NOTES'] = notes
})

async function open(): Promise<Workspace> {
  const pw = await openWorkspace({ root: await tempFolder(), services: [counter, broken] })
  onTestFinished(() => pw.close())
  return pw
}

const noted = async (): Promise<string[]> => (await readFile(notes, 'utf8')).trim().split('\n')

async function failure(pw: Workspace, service: string, runner: RunnerName): Promise<unknown> {
  const error: unknown = await pw.run(failing, { service }, { runner }).catch((thrown: unknown) => thrown)
  return (error as RunFailedError).failures[0]!.cause
}

describe.each(['inline', 'thread', 'process'] as const)('services %s', (runner) => {
  test('are opened once, shared by steps, and closed at the end', async () => {
    const pw = await open()
    const { outputs } = await pw.run(counting, { items: [1, 2, 3] }, { runner })
    expect(outputs.counts).toEqual([1, 2, 3])
    // Inline with the last run; elsewhere with the thread or process.
    if (runner === 'inline') expect(await noted()).toEqual(['opened', 'closed after 3'])
    await pw.close()
    expect(await noted()).toEqual(['opened', 'closed after 3'])
  })

  test('what tied a result to a service is not cached', async () => {
    const pw = await open()
    const { run } = await pw.run(counting, { items: [1] }, { runner })
    const { executions } = await pw.show(run.id)
    expect(executions.find(({ step }) => step === 'use')).toMatchObject({
      uncached: 'the step read ctx.service',
    })
  })

  test('that cannot be opened, or that nobody declares, are named', async () => {
    const pw = await open()
    expect(await failure(pw, 'broken', runner)).toMatchObject({
      code: 'SERVICE_FAILED',
      message: expect.stringMatching(
        /step 'fail' \(node 'fail'\): service 'broken' could not be opened: no connection/,
      ) as string,
    })
    expect(await failure(pw, 'countre', runner)).toMatchObject({
      code: 'SERVICE_NOT_FOUND',
      message: expect.stringMatching(/no service 'countre' is declared\nFix: .*counter/) as string,
    })
  })
})
