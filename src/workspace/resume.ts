import { PipewrightError } from '../internal/error.ts'
import { own } from '../internal/own.ts'
import type { BlobReader } from '../artifact/blob.ts'
import { bodiesOf, repeats } from '../plan/bodies.ts'
import type { Plan, PlanScope } from '../plan/document.ts'
import type { PlanGraph } from '../plan/locate.ts'
import type { StoredEvent } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { RunDetail } from '../record/records.ts'
import { codeDigests, type Compiled } from './program.ts'

/** The recorded events of a run from which its state follows, in order. */
export async function historyOf(metadata: MetadataStore, run: string): Promise<StoredEvent[]> {
  const events: StoredEvent[] = []
  // What steps remember is asked for by those that run again.
  for await (const stored of metadata.events(run))
    if (!['call.succeeded', 'checkpoint.saved'].includes(stored.event.type)) events.push(stored)
  return events
}

/** The plan document that a run executes. */
export async function planOf(
  detail: Pick<RunDetail, 'plan'>,
  blobs: BlobReader,
): Promise<Omit<Plan, 'given'>> {
  return JSON.parse(Buffer.from(await blobs.bytes({ blob: detail.plan })).toString('utf8')) as Omit<
    Plan,
    'given'
  >
}

/** The same, by the id of the run alone; undefined where it is no longer there. */
export async function planOfRun(
  metadata: Pick<MetadataStore, 'events'>,
  run: string,
  blobs: BlobReader,
): Promise<Omit<Plan, 'given'> | undefined> {
  for await (const { event } of metadata.events(run))
    return event.type === 'run.started' ? planOf(event, blobs).catch(() => undefined) : undefined
  return undefined
}

/** The steps of nodes that have not succeeded; what is inside an open container counts as unfinished. */
function unfinishedSteps({ scope, pipelines = {} }: PlanGraph, succeeded: ReadonlySet<string>): Set<string> {
  const steps = new Set<string>()
  const open: { scope: PlanScope; prefix: string }[] = [{ scope, prefix: '' }]
  const seen = new Set<string>()
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const node of next.scope.nodes) {
      const path = next.prefix + node.id
      if (succeeded.has(path)) continue
      if (node.type === 'step') steps.add(node.step)
      // Inside of what repeats or recurses no path is known: all of it counts.
      for (const { name, scope: body } of bodiesOf(node)) {
        const inside = repeats(node) ? `${path}[]/` : `${path}/`
        open.push({ scope: body, prefix: name === undefined ? inside : `${inside}${name}/` })
      }
      if (node.type !== 'recurse' || seen.has(node.pipeline)) continue
      seen.add(node.pipeline)
      open.push({ scope: pipelines[node.pipeline]!.scope, prefix: `${path}[]/` })
    }
  }
  return steps
}

/** Refuses a pipeline of another structure than the one that a run executes. */
export function checkStructure(
  { id, pipeline, structure }: Pick<RunDetail, 'id' | 'pipeline' | 'structure'>,
  compiled: Compiled,
): void {
  if (compiled.plan.digest === structure) return
  throw new PipewrightError(
    'STRUCTURE_CHANGED',
    `the structure of pipeline '${pipeline}' has changed since run ${id} was started`,
    {
      fix: 'start a new run: steps whose code and inputs are the same are reused from the cache',
      details: { run: id },
    },
  )
}

/**
 * Compares today's pipeline with the one that a run executes: another structure is refused, other code of an
 * unfinished step too, unless it is accepted. Returns the steps whose code was accepted.
 */
export function checkResume(detail: RunDetail, compiled: Compiled, acceptCode: boolean): readonly string[] {
  checkStructure(detail, compiled)
  const succeeded = new Set(
    detail.executions.filter(({ state }) => state === 'succeeded').map(({ node }) => node),
  )
  const unfinished = unfinishedSteps(compiled.plan, succeeded)
  const today = codeDigests(compiled.program)
  const changed = [...unfinished].filter(
    (step) => (own(detail.code, step) ?? null) !== (own(today, step) ?? null),
  )
  if (changed.length > 0 && !acceptCode) {
    const untold = changed.flatMap((step) => {
      const code = compiled.program.code.get(step)
      return code === undefined || code.cacheable ? [] : [`\n  '${step}' cannot be compared: ${code.reason}`]
    })
    throw new PipewrightError(
      'CODE_CHANGED',
      `the code of ${changed.map((step) => `'${step}'`).join(', ')} has changed since run ${detail.id} was started${untold.join('')}`,
      {
        fix: `accept it with \`pipewright resume ${detail.id} --accept-code\`, or start a new run`,
        details: { run: detail.id, steps: changed },
      },
    )
  }
  return changed
}
