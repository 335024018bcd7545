import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { Artifact } from '../../src/artifact/artifact.ts'
import { sha256, type Digest } from '../../src/internal/digest.ts'
import type { RunEvent, Values } from '../../src/record/event.ts'
import type { ChosenRun } from '../../src/record/metadata.ts'
import { defaultEngine } from '../../src/record/sqlite/driver.ts'
import type { SqliteEngine } from '../../src/record/sqlite/engine.ts'
import {
  openSqliteMetadata,
  type SqliteMetadata,
  type SqliteMetadataOptions,
} from '../../src/record/sqlite/store.ts'

/** The engines that this Node has. */
export const engines: readonly SqliteEngine[] =
  defaultEngine() === 'node:sqlite' ? ['node:sqlite', 'libsql'] : ['libsql']

const cleanups: (() => void | Promise<void>)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A folder that is removed after the test. */
export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'pipewright-record-'))
  cleanups.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A store that is closed after the test. */
export async function openStore(
  path = ':memory:',
  options: SqliteMetadataOptions = {},
): Promise<SqliteMetadata> {
  const store = await openSqliteMetadata(path, options)
  cleanups.push(() => store.close())
  return store
}

/** A json artifact whose content is named. */
export function artifact(name: string, more: Partial<Artifact> = {}): Artifact {
  const digest = sha256(name)
  return { kind: 'json', digest, blob: digest, size: name.length, mediaType: 'application/json', ...more }
}

/** Values from artifacts by name. */
export function values(named: Readonly<Record<string, Artifact>>): Values {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, { artifact: value }]))
}

type Of<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>

/** A `run.started` with defaults. */
export function started(more: Partial<Of<'run.started'>> = {}): Of<'run.started'> {
  return {
    type: 'run.started',
    pipeline: 'demo',
    plan: sha256('plan'),
    structure: sha256('structure'),
    inputs: {},
    code: {},
    address: null,
    settings: { concurrency: 1, failure: 'stop', failFast: false },
    tags: [],
    key: null,
    ...more,
  }
}

/** An `attempt.started` with defaults. */
export function attempt(node: string, more: Partial<Of<'attempt.started'>> = {}): Of<'attempt.started'> {
  return { type: 'attempt.started', node, step: node, attempt: 1, key: null, ...more }
}

/** A `node.succeeded` with defaults. */
export function succeeded(node: string, more: Partial<Of<'node.succeeded'>> = {}): Of<'node.succeeded'> {
  return {
    type: 'node.succeeded',
    node,
    step: node,
    attempt: 1,
    startedAt: 1_000,
    inputs: {},
    outputs: {},
    key: null,
    ...more,
  }
}

/** A `run.finished` in a state. */
export function finished(state: Of<'run.finished'>['state']): Of<'run.finished'> {
  return { type: 'run.finished', state, outputs: {} }
}

/** A run as garbage collection chooses it. */
export async function chosen(store: SqliteMetadata, run: string): Promise<ChosenRun> {
  return (await store.runsByPrefix(run)).find(({ id }) => id === run)!
}

/** Appends events to a run, one millisecond apart. */
export async function appendAll(
  store: SqliteMetadata,
  run: string,
  events: readonly RunEvent[],
  from = 1_000,
): Promise<void> {
  await Promise.all(events.map((event, at) => store.append({ run, at: from + at, event })))
}

/** All elements of an async iterable. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** A cache key that is named. */
export function key(name: string): Digest {
  return sha256(`key ${name}`)
}
