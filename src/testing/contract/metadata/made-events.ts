import type { Artifact } from '../../../artifact/artifact.ts'
import { sha256, type Digest } from '../../../internal/digest.ts'
import type { RunEvent, Values } from '../../../record/event.ts'
import type { MetadataStore } from '../../../record/metadata.ts'

type Of<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>

/** A json artifact whose content is named. */
export function artifact(name: string, more: Partial<Artifact> = {}): Artifact {
  const digest = sha256(name)
  return { kind: 'json', digest, blob: digest, size: name.length, mediaType: 'application/json', ...more }
}

/** Values from artifacts by name. */
export function values(named: Readonly<Record<string, Artifact>>): Values {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [name, { artifact: value }]))
}

/** A cache key that is named. */
export function key(name: string): Digest {
  return sha256(`key ${name}`)
}

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

/** Appends events to a run, one millisecond apart. */
export async function appendAll(
  store: MetadataStore,
  run: string,
  events: readonly RunEvent[],
  from = 1_000,
): Promise<void> {
  await Promise.all(events.map((event, at) => store.append({ run, at: from + at, event })))
}
