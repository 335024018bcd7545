import { PipewrightError } from '../internal/error.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import { inputDigests } from '../execute/cache-key.ts'
import type { JsonValues } from '../execute/json-values.ts'
import { checkInputs, type Given } from '../plan/inputs.ts'
import { planPath } from '../plan/node-path.ts'
import { Repetition } from '../plan/repeat.ts'
import { matcher, matching } from '../plan/select.ts'
import type { RunEvent, StoredEvent, Values } from '../record/event.ts'
import type { RunDetail } from '../record/records.ts'
import { goesOn } from './follow.ts'
import type { Compiled } from './program.ts'
import type { RunOptions } from './run-options.ts'
import type { Sources } from './sources.ts'

/**
 * How a run is cloned: with the recorded inputs, but for those that are given.
 *
 * @example
 * ```ts
 * await pw.clone(run.id, tumours, { inputs: { rates: [0.3] }, tags: ['third-rate'] })
 * ```
 */
export interface CloneOptions<In = Readonly<Record<string, unknown>>> extends RunOptions {
  /** Inputs in place of the recorded ones. */
  readonly inputs?: Partial<Given<In>>
}

/**
 * What is repeated of a run, and how.
 *
 * @example
 * ```ts
 * await pw.rerun(run.id, tumours, { from: ['pick-best'] })
 * await pw.rerun(run.id, tumours, { failed: true, inputs: { rates: [0.01] } })
 * ```
 */
export interface RerunOptions<In = Readonly<Record<string, unknown>>> extends Omit<
  CloneOptions<In>,
  'key' | 'select' | 'cache'
> {
  /** These nodes and all that follows from them; patterns, also of items: `trials[3]/train`. */
  readonly from?: readonly string[]
  /** These nodes, and nothing that follows from them: the new run ends with them. */
  readonly only?: readonly string[]
  /** What has failed, was blocked or cancelled, and all that follows from it. */
  readonly failed?: boolean
}

/** The recorded inputs of a run with those that are given anew, and which ones are others now. */
export async function inputsAgain(
  pipeline: AnyPipeline,
  detail: RunDetail,
  given: Readonly<Record<string, unknown>>,
  { sources, json }: { readonly sources: Sources; readonly json: JsonValues },
): Promise<{ readonly values: Values; readonly changed: ReadonlySet<string> }> {
  const recorded = detail.inputs
  const gone = Object.keys(recorded).find((name) => !Object.hasOwn(pipeline.inputs, name))
  if (gone !== undefined) {
    throw new PipewrightError(
      'UNKNOWN_INPUT',
      `run ${detail.id} was given '${gone}', which pipeline '${pipeline.name}' has no more`,
      { fix: 'start a new run with all inputs', details: { run: detail.id, input: gone } },
    )
  }
  const read = await sources.read(pipeline, checkInputs(pipeline, given, recorded), process.cwd())
  const values = { ...recorded, ...read }
  const before = await inputDigests(recorded, pipeline.inputs, json)
  const now = await inputDigests(values, pipeline.inputs, json)
  return { values, changed: new Set(Object.keys(values).filter((name) => before[name] !== now[name])) }
}

/** Refuses a pipeline that a run is not of. */
export function checkPipeline({ id, pipeline }: RunDetail, { name }: AnyPipeline): void {
  if (pipeline === name) return
  throw new PipewrightError(
    'PIPELINE_NOT_FOUND',
    `run ${id} is of pipeline '${pipeline}', not of '${name}'`,
    {
      fix: 'give the pipeline of the run',
      details: { run: id, pipeline: name },
    },
  )
}

/** Refuses to repeat a run that others still change. */
export function checkEnded({ id, state }: RunDetail): void {
  if (!goesOn(state)) return
  throw new PipewrightError('RUN_OWNED', `run ${id} is ${state}: what it will leave is not known yet`, {
    fix: `wait for it, or cancel it: \`pipewright cancel ${id}\``,
    details: { run: id, state },
  })
}

/** How a run that repeats another one behaves by default: as that one; what is named is not taken from the cache. */
export function optionsAgain(
  { settings, tags }: RunDetail,
  { from, only }: Pick<RerunOptions, 'from' | 'only'>,
): RunOptions {
  const { concurrency, failure, failFast, timeout, selection } = settings
  const select = only === undefined ? selection : { ...selection, only: only.map(planPath) }
  return {
    tags,
    concurrency,
    failure,
    failFast,
    ...(timeout === undefined ? {} : { timeout }),
    ...(select === undefined ? {} : { select }),
    ...(from === undefined && only === undefined ? {} : { cache: 'refresh' }),
  }
}

/** What of a run is repeated: throws `CONFIG_INVALID` where nothing is, `SELECTION_EMPTY` for what is not there. */
export function repetitionOf(
  detail: RunDetail,
  plan: Compiled['plan'],
  history: readonly StoredEvent[],
  { from, only, failed = false }: Pick<RerunOptions, 'from' | 'only' | 'failed'>,
  inputs: ReadonlySet<string>,
): Repetition {
  if (only !== undefined && (from !== undefined || failed)) {
    throw new PipewrightError(
      'CONFIG_INVALID',
      `run ${detail.id}: \`only\` goes with neither \`from\` nor \`failed\``,
      {
        fix: 'give one of them',
      },
    )
  }
  const paths = detail.executions.map(({ node }) => node)
  const nodes = new Set<string>()
  for (const [option, patterns] of Object.entries({ from, only }))
    for (const node of patterns === undefined ? [] : named(plan, paths, patterns, option)) nodes.add(node)
  const unfinished = failed
    ? detail.executions.filter(({ state }) => !['succeeded', 'skipped'].includes(state))
    : []
  // What was taken back has to be done again.
  for (const { event } of history) if (event.type === 'undo.started') nodes.add(event.node)
  const repetition = new Repetition(plan, {
    nodes,
    alone: only !== undefined,
    unfinished: unfinished.map(({ node }) => node),
    inputs,
  })
  if (!repetition.isEmpty || from !== undefined || only !== undefined) return repetition
  throw new PipewrightError('CONFIG_INVALID', `nothing of run ${detail.id} is to be repeated`, {
    fix: failed
      ? 'nothing of it has failed: name the nodes, by `from` or `only`'
      : 'say what: `from` or `only` with nodes, `failed`, or inputs that are others now',
    details: { run: detail.id },
  })
}

/** The nodes of a run that patterns name, or that are inside of what they name. */
function named(
  plan: Compiled['plan'],
  paths: readonly string[],
  patterns: readonly string[],
  option: string,
): string[] {
  return patterns.flatMap((pattern) => {
    const matches = matcher(pattern)
    const found = paths.filter((path) =>
      placesOf(path).some((place) => matches(place) || matches(planPath(place))),
    )
    // A node that the run has not come to is executed anyway.
    if (found.length === 0) matching(plan, [pattern], option)
    return found
  })
}

/** A path, and the paths of what it is inside of. */
function placesOf(path: string): string[] {
  const parts = path.split('/')
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'))
}

/** The events of a run that one which repeats a part of it takes: what stands, as taken from there. */
export function takenEvents(
  run: string,
  history: readonly StoredEvent[],
  repetition: Repetition,
  at: number,
): RunEvent[] {
  const repaired = new Map<string, Values>()
  for (const { event } of history) if (event.type === 'node.repaired') repaired.set(event.node, event.outputs)
  return history.flatMap(({ event }): RunEvent[] => {
    switch (event.type) {
      case 'map.expanded':
      case 'branch.decided':
        return repetition.of(event.node) === 'repeated' ? [] : [event]
      case 'loop.turned':
        return repetition.isTurned(event.node, event.round) ? [event] : []
      case 'node.succeeded': {
        if (repetition.of(event.node) !== 'kept') return []
        const { uncached: _uncached, ...others } = event
        const outputs = repaired.get(event.node) ?? event.outputs
        const reused = event.step === null ? {} : { reused: event.reused ?? { run, node: event.node } }
        return [{ ...others, attempt: 0, startedAt: at, outputs, ...reused }]
      }
      default:
        return []
    }
  })
}
