import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import type { DriveEvent, DriveOptions, Workspace } from 'pipewright'
import { testClock, type TestClock } from 'pipewright/testing'
import { onTestFinished } from 'vitest'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { openFileStore } from '../../src/store/file-store.ts'
import { findPipelineIn } from '../../src/workspace/find-pipeline.ts'
import { loadModule } from '../../src/workspace/load-module.ts'
import type { ProjectParts } from '../../src/workspace/parts.ts'
import { absolutePath } from '../../src/workspace/program.ts'
import { Workspace as Opened } from '../../src/workspace/workspace.ts'
import { tempFolder } from '../workspace/temp.ts'

/** A workspace on a disk, whose time passes as the test says. */
export interface Timed {
  readonly pw: Workspace
  readonly clock: TestClock
  readonly root: string
}

/** Opens one; several may share a folder, and a clock. */
export async function timedWorkspace(
  now: string,
  shared: Partial<Pick<Timed, 'root' | 'clock'>> & { readonly project?: Partial<ProjectParts> } = {},
): Promise<Timed> {
  const root = shared.root ?? (await tempFolder())
  const clock = shared.clock ?? testClock({ now, skip: false })
  const folder = join(root, '.pipewright')
  const pw = new Opened({
    root,
    folder,
    store: await openFileStore(folder),
    metadata: await openSqliteMetadata(join(folder, '..', 'metadata.sqlite')),
    concurrency: 4,
    resources: {},
    opaque: [],
    telemetry: undefined,
    secrets: [],
    engine: { clock },
    project: {
      pipelines: [],
      schedules: [],
      triggers: [],
      pipelineAt: () => Promise.reject(new Error('no settings')),
      ...shared.project,
    },
    findPipeline: async ({ address }) =>
      findPipelineIn(
        await loadModule(absolutePath(root, address!.module)),
        address!.module,
        address!.pipeline,
      ),
  })
  onTestFinished(() => pw.close())
  return { pw, clock, root }
}

/** A driver that goes on until it is stopped. */
export interface Driving {
  readonly events: DriveEvent[]
  /** What it has told, in short: `run.started schedule/x/…`. */
  told(): string[]
  stop(): Promise<void>
}

/** Drives a workspace until the test ends. */
export function driving(pw: Workspace, options: DriveOptions = {}): Driving {
  const stop = new AbortController()
  const events: DriveEvent[] = []
  const driven = pw.drive({ signal: stop.signal, ...options, onEvent: (event) => events.push(event) })
  driven.catch(() => undefined)
  const end = async (): Promise<void> => {
    stop.abort()
    await driven
  }
  onTestFinished(() => end().catch(() => undefined))
  return { events, stop: end, told: () => events.map(text) }
}

function text(event: DriveEvent): string {
  switch (event.type) {
    case 'firing.fired':
    case 'firing.skipped':
    case 'firing.failed':
      return `${event.type} ${event.origin}/${event.key}`
    case 'run.started':
      return `${event.type} ${event.key}`
    case 'run.taken-up':
      return `${event.type} ${event.because}`
    case 'run.ended':
      return `${event.type} ${event.state}`
    default:
      return event.type
  }
}

/** Lets time pass, a second at a time, until something holds. */
export async function passUntil(clock: TestClock, holds: () => boolean | Promise<boolean>): Promise<void> {
  const since = Date.now()
  while (!(await holds())) {
    if (Date.now() - since > 20_000) throw new Error('it does not come to hold')
    await clock.advance(1_000)
    await sleep(5)
  }
}

/** Lets a time pass, in steps, with real work between. */
export async function pass(clock: TestClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await clock.advance(1_000)
    await sleep(5)
  }
}

/** The runs of a workspace, the earliest first: their keys, states and label. */
export async function runsOf(pw: Workspace): Promise<string[]> {
  const { items } = await pw.runs({ orderBy: 'startedAt', limit: 1_000 })
  return items.map(({ key, state }) => `${key} ${state}`)
}
