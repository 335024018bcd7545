import '../runners/loader.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { orchestratorContract, type ContractOrchestrator } from 'pipewright/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'
import { localOrchestrator } from './local-contract.ts'

describe.each(['thread', 'process'] as const)('steps in a %s', (runner) => {
  // Two at once: what costs time here is to start threads and processes, over and over after what resumes.
  let root: string
  let orchestrator: ContractOrchestrator
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'pipewright-'))
    orchestrator = localOrchestrator({ root, concurrency: 2, runners: { default: runner } })
  })
  afterAll(async () => {
    await orchestrator.close()
    await rm(root, { recursive: true, force: true })
  })

  orchestratorContract({
    // One workspace for all tests, which find the threads and processes warm.
    create: () =>
      Promise.resolve({ start: orchestrator.start.bind(orchestrator), close: () => Promise.resolve() }),
    test,
    elsewhere: true,
  })
})

test('steps that run inline do not pass for others', async () => {
  const tests = new Map<string, () => Promise<void>>()
  orchestratorContract({
    create: async () => localOrchestrator({ root: await tempFolder() }),
    test: (name, run) => tests.set(name, run),
    elsewhere: true,
  })
  await expect(tests.get('linear: success')!()).rejects.toThrow('no step is executed in this thread')
})
