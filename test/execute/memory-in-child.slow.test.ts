import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PipewrightError } from 'pipewright'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/internal/clock.ts'
import { sha256, type Digest } from '../../src/internal/digest.ts'
import type { AttemptServices } from '../../src/execute/attempt.ts'
import { TieredReader } from '../../src/execute/blobs.ts'
import { attemptInChild } from '../../src/execute/child/attempt-in-child.ts'
import { startProcess } from '../../src/execute/child/process-child.ts'
import { JsonValues } from '../../src/execute/json-values.ts'
import { PassingMemory, type KeptCall } from '../../src/execute/memory.ts'
import { callKey } from '../../src/execute/once.ts'
import { inlineRunner } from '../../src/execute/runner.ts'
import { compilePipeline } from '../../src/plan/plan.ts'
import { WorkspaceSecrets } from '../../src/secret/workspace-secrets.ts'
import { openFileStore } from '../../src/store/file-store.ts'
import { tempFolder } from '../workspace/temp.ts'
import { remember, remembering } from './programs/remembering.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** A memory that cannot keep one of the calls. */
class FullMemory extends PassingMemory {
  override keep(call: KeptCall): Promise<void> {
    if (call.call !== 'refused') return super.keep(call)
    return Promise.reject(new PipewrightError('STORE_FULL', 'the disk is full'))
  }
}

test('a step in a process of its own has the memory of its execution', async () => {
  const root = await tempFolder()
  await mkdir(join(root, 'work'))
  const store = await openFileStore(root)
  const small = new Map<Digest, Uint8Array>()
  const metadata = {
    blob: (digest: Digest) => Promise.resolve(small.get(digest)),
    dropBlob: () => Promise.resolve(),
  }
  const reader = new TieredReader(metadata, store)
  const { structure, compiler } = compilePipeline(remembering)
  const services: AttemptServices = {
    root,
    project: root,
    store,
    reader,
    json: new JsonValues(reader),
    runner: inlineRunner,
    clock: systemClock,
    ports: {},
    secrets: new WorkspaceSecrets([]),
    serviceOf: () => Promise.reject(new Error('there are no services')),
    predictorDigest: () => Promise.resolve(sha256('')),
  }
  const home = {
    address: {
      module: path('programs/remembering.ts'),
      pipeline: 'remembering',
      structure: structure.digest,
    },
    key: [...compiler.keys.values()][0]!,
    env: [],
  }
  const child = startProcess({
    entry: path('../../src/workspace/child-entry.ts'),
    nodeArguments: ['--import', path('../../node_modules/tsx/dist/esm/index.mjs')],
    env: process.env as Record<string, string>,
  })
  onTestFinished(() => child.kill())
  child.send({
    type: 'boot',
    project: root,
    opaque: [],
    secrets: [],
    folder: root,
    store: { folder: root, shared: false },
    services: [],
  })
  const kept = { call: 'kept', idempotencyKey: callKey('test-key', 'kept'), result: 'of an earlier attempt' }
  const memory = new FullMemory(
    { recall: (key) => Promise.resolve(key === kept.idempotencyKey ? kept : undefined) },
    (blobs) => {
      for (const { digest, bytes } of blobs) small.set(digest, bytes)
    },
  )
  const attempt = async (number: number) => {
    const { result: outcome } = await attemptInChild(
      {
        run: { id: 'run', pipeline: 'remembering' },
        node: 'remember',
        fileName: 'remember',
        step: remember as never,
        declaration: structure.steps['remember']!,
        values: {},
        attempt: number,
        startedAt: Date.now(),
        idempotencyKey: 'test-key',
        seed: 'test',
        memory,
        signal: new AbortController().signal,
        onProgress: () => undefined,
        onLog: () => undefined,
      },
      services,
      home,
      child,
      { runner: 'process', metadata },
    )
    if (!outcome.ok) throw outcome.error
    for (const { digest, bytes } of outcome.blobs) reader.remember(digest, bytes)
    const read = async (name: string): Promise<unknown> => {
      const value = outcome.outputs[name]!
      return 'artifact' in value
        ? (JSON.parse(Buffer.from(await reader.bytes(value.artifact)).toString()) as unknown)
        : undefined
    }
    return { restored: await read('restored'), calls: await read('calls'), refused: await read('refused') }
  }
  const first = await attempt(1)
  expect(first).toEqual({
    restored: [],
    calls: ['of an earlier attempt', ['a', 64], ['b', 64]],
    refused: expect.stringContaining('the disk is full') as string,
  })
  expect([...memory.calls.values()].map(({ call }) => call).toSorted()).toEqual(['a', 'b'])
  expect((await attempt(2)).restored).toEqual([20_000, 5])
  await store.close()
})
