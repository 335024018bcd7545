import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import { nearest } from '../internal/nearest.ts'
import { own } from '../internal/own.ts'
import type { ReachedPiece, StepCode } from '../code/step-digest.ts'
import type { Plan, StepDeclaration } from '../plan/document.ts'
import type { Value } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { ExecutionRecord, RunDetail } from '../record/records.ts'
import { codeDiff } from './code-diff.ts'
import { identity } from './value-identity.ts'

/** One component of a key that is another one than before; null where a side has none. */
export interface KeyChange {
  readonly part:
    | 'input'
    | 'code'
    | 'value'
    | 'package'
    | 'compiler'
    | 'fingerprint'
    | 'version'
    | 'salt'
    | 'environment'
    | 'declaration'
    | 'node'
  /** The input, the variable, the package, or the names and the module of the code. */
  readonly name: string
  readonly before: string | null
  readonly after: string | null
  /** What has changed in it, by line: of code as a diff, of tables their rows and columns. */
  readonly details?: readonly string[]
}

/** Why a node was or was not executed. */
export interface Explanation {
  readonly run: string
  readonly node: string
  readonly step: string
  readonly verdict: 'hit' | 'executed' | 'not cached'
  /** The execution whose outputs were taken. */
  readonly from: { readonly run: string; readonly node: string } | null
  /** Why nothing was looked up, or kept. */
  readonly reason: string | null
  /** The nearest earlier execution of the step: that with the fewest changes. */
  readonly against: { readonly run: string; readonly node: string; readonly startedAt: number } | null
  /** What has changed against it; empty where its outputs were gone, too old, or not wanted. */
  readonly changes: readonly KeyChange[]
}

/** The parts of the code that a step reached, as a run has stored them. */
export type Reached = Pick<
  Extract<StepCode, { cacheable: true }>,
  'pieces' | 'values' | 'packages' | 'options'
>

/** What explaining needs of the workspace. */
export interface ExplainSource {
  readonly metadata: Pick<MetadataStore, 'detail' | 'executionsOf'>
  readonly planOf: (run: RunDetail) => Promise<Pick<Plan, 'steps'>>
  /** Undefined where it is gone, or the code had a version. */
  readonly reachedOf: (run: RunDetail, step: string) => Promise<Reached | undefined>
  /** The text of a module as a run has loaded it. */
  readonly moduleOf: (run: RunDetail, module: string) => Promise<string | undefined>
  /** A short text of a value. */
  readonly textOf: (value: Value) => Promise<string>
  /** What has changed between two values, by line; none where their texts tell it. */
  readonly changesOf: (before: Value, after: Value) => Promise<readonly string[]>
}

/** So many earlier executions of a step are looked at. */
const mostCandidates = 20

/** Tells why a node was or was not executed, against the nearest earlier execution of its step. */
export async function explain(source: ExplainSource, run: RunDetail, node: string): Promise<Explanation> {
  const execution = run.executions.find((one) => one.node === node)
  if (execution?.step == null) {
    const steps = run.executions.flatMap((one) => (one.step === null ? [] : [one.node]))
    const close = nearest(node, steps)
    throw new PipewrightError('NODE_NOT_FOUND', `run ${run.id} has executed no step at '${node}'`, {
      fix: close === undefined ? `its steps: ${steps.slice(0, 20).join(', ')}` : `did you mean '${close}'?`,
      details: { run: run.id, node },
    })
  }
  const head = { run: run.id, node, step: execution.step }
  if (execution.reused !== null)
    return { ...head, verdict: 'hit', from: execution.reused, reason: null, against: null, changes: [] }
  const side = await sideOf(source, run, execution)
  return {
    ...head,
    verdict: execution.uncached === null ? 'executed' : 'not cached',
    from: null,
    reason: execution.uncached,
    ...(await againstNearest(source, execution.step, node, side, execution.number)),
  }
}

/** What has changed against the nearest execution of a step, at whatever node, before a number. */
export async function againstNearest(
  source: ExplainSource,
  step: string,
  place: string,
  side: KeySide,
  before: number,
): Promise<Pick<Explanation, 'against' | 'changes'>> {
  let best: { readonly from: RecordedSide; readonly changes: readonly KeyChange[] } | undefined
  const runs = new Map<string, RunDetail | undefined>()
  if (side.run !== undefined) runs.set(side.run.id, side.run)
  const earlier = await source.metadata.executionsOf(step, before, mostCandidates)
  // One whose code was not known tells nothing of what has changed.
  const known = earlier.filter(({ code }) => code !== null)
  for (const candidate of side.code !== null && known.length > 0 ? known : earlier) {
    if (!runs.has(candidate.run)) runs.set(candidate.run, await source.metadata.detail(candidate.run))
    const other = runs.get(candidate.run)
    if (other === undefined) continue
    const from = await sideOf(source, other, candidate)
    const changes = await changesBetween(source, from, side)
    if (best === undefined || changes.length < best.changes.length) best = { from, changes }
    // Among equally near ones the same place tells most.
    else if (
      changes.length === best.changes.length &&
      best.from.execution.node !== place &&
      candidate.node === place
    )
      best = { from, changes }
  }
  if (best === undefined) return { against: null, changes: [] }
  const { run, node, startedAt } = best.from.execution
  return {
    against: { run, node, startedAt },
    changes: await withDetails(source, best.from, side, best.changes),
  }
}

/** What the key of an execution is made of, one that was or one that may be. */
export interface KeySide {
  readonly execution: Pick<ExecutionRecord, 'inputs' | 'env' | 'fingerprint'>
  readonly declaration: StepDeclaration | undefined
  readonly reached: Reached | undefined
  readonly code: Digest | null
  /** The major version of Node. */
  readonly node: string | null
  /** The run that it belongs to. */
  readonly run: RunDetail | undefined
  /** The text of a module as it was loaded. */
  readonly moduleText: (module: string) => Promise<string | undefined>
}

interface RecordedSide extends KeySide {
  readonly execution: ExecutionRecord
}

async function sideOf(
  source: ExplainSource,
  run: RunDetail,
  execution: ExecutionRecord,
): Promise<RecordedSide> {
  const { steps } = await source.planOf(run)
  const key = Object.keys(steps).find((name) => steps[name]!.name === execution.step)
  return {
    run,
    execution,
    declaration: key === undefined ? undefined : steps[key],
    reached: key === undefined ? undefined : await source.reachedOf(run, key),
    code: execution.code,
    node: run.environment?.node.replace(/^v?(\d+).*$/, '$1') ?? null,
    moduleText: (module) => source.moduleOf(run, module),
  }
}

async function changesBetween(source: ExplainSource, before: KeySide, after: KeySide): Promise<KeyChange[]> {
  const changes: KeyChange[] = []
  const differ = (part: KeyChange['part'], name: string, a: string | null, b: string | null): void => {
    if (a !== b) changes.push({ part, name, before: a, after: b })
  }
  const ignored = new Set(after.declaration?.ignore)
  const inputs = [before, after].map(({ execution }) => execution.inputs) as [
    typeof before.execution.inputs,
    typeof before.execution.inputs,
  ]
  for (const name of new Set(inputs.flatMap((values) => Object.keys(values)))) {
    if (ignored.has(name)) continue
    const [a, b] = inputs.map((values) => own(values, name) ?? { absent: true as const }) as [Value, Value]
    if (identity(a) !== identity(b))
      changes.push({ part: 'input', name, before: await source.textOf(a), after: await source.textOf(b) })
  }
  differ('version', 'version', before.declaration?.version ?? null, after.declaration?.version ?? null)
  differ('fingerprint', 'fingerprint', before.execution.fingerprint, after.execution.fingerprint)
  differ('salt', 'salt', before.declaration?.salt ?? null, after.declaration?.salt ?? null)
  differ('declaration', 'inputs and outputs', declared(before), declared(after))
  if (before.node !== null && after.node !== null)
    differ('node', 'major version of Node', before.node, after.node)
  for (const name of new Set([...Object.keys(before.execution.env), ...Object.keys(after.execution.env)]))
    differ(
      'environment',
      name,
      own(before.execution.env, name) ?? null,
      own(after.execution.env, name) ?? null,
    )
  if (before.code !== after.code) changes.push(...codeChanges(before, after))
  return changes
}

/** Adds to changes what has changed inside. */
function withDetails(
  source: ExplainSource,
  before: KeySide,
  after: KeySide,
  changes: readonly KeyChange[],
): Promise<KeyChange[]> {
  return Promise.all(
    changes.map(async (change) => {
      const details =
        change.part === 'input'
          ? await source.changesOf(
              own(before.execution.inputs, change.name) ?? { absent: true },
              own(after.execution.inputs, change.name) ?? { absent: true },
            )
          : change.part === 'code'
            ? await codeDiff(await codeOf(before, change.name), await codeOf(after, change.name))
            : []
      return details.length === 0 ? change : { ...change, details }
    }),
  )
}

/** The text of a part of the code, as it was loaded. */
async function codeOf({ reached, moduleText }: KeySide, name: string): Promise<string | undefined> {
  const piece = reached === undefined ? undefined : partsOf(reached).get(name)
  if (piece === undefined) return undefined
  return (await moduleText(piece.module))?.slice(piece.start, piece.end)
}

function declared({ declaration }: KeySide): string | null {
  if (declaration === undefined) return null
  return sha256(canonicalJson({ inputs: declaration.inputs, outputs: declaration.outputs }))
}

/** Which parts of the code, and which values, are other ones; the digests as a whole where the parts are not known. */
function codeChanges(before: KeySide, after: KeySide): KeyChange[] {
  const whole: KeyChange = { part: 'code', name: 'code', before: before.code, after: after.code }
  const { reached: from } = before
  const { reached: to } = after
  if (from === undefined || to === undefined) return [whole]
  const changes: KeyChange[] = []
  const between = (part: KeyChange['part'], a: Texts, b: Texts): void => {
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const [left, right] = [own(a, name) ?? null, own(b, name) ?? null]
      if (left !== right) changes.push({ part, name, before: left, after: right })
    }
  }
  const digests = (reached: Reached): Texts =>
    Object.fromEntries([...partsOf(reached)].map(([name, { digest }]) => [name, digest]))
  between('code', digests(from), digests(to))
  between('value', from.values, to.values)
  between('package', from.packages, to.packages)
  between('compiler', from.options, to.options)
  return changes.length === 0 ? [whole] : changes
}

type Texts = Readonly<Record<string, string>>

/** The pieces of code by their names and modules; statements by their place among those of their module. */
function partsOf({ pieces }: Reached): ReadonlyMap<string, ReachedPiece> {
  const parts = new Map<string, ReachedPiece>()
  const statements = new Map<string, number>()
  for (const piece of pieces) {
    const { module, names } = piece
    const number = (statements.get(module) ?? 0) + 1
    if (names.length === 0) statements.set(module, number)
    const what =
      names.length === 0
        ? `statement ${number}`
        : names.filter((name) => name !== '*default*').join(', ') || 'the default export'
    parts.set(`${what} in ${module}`, piece)
  }
  return parts
}
