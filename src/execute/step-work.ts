import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import { own } from '../internal/own.ts'
import type { StepCode } from '../code/step-digest.ts'
import type { AnyStep } from '../define/step.ts'
import type { CacheDeclaration, PlanNode, StepDeclaration } from '../plan/document.ts'
import { planPath } from '../plan/node-path.ts'
import { matcher } from '../plan/select.ts'
import type { CacheMode, Values } from '../record/event.ts'
import type { Settle } from './cache-lookup.ts'
import type { KeyComponents } from './cache-key.ts'
import type { Needs } from './resource-pool.ts'
import type { NodeSpan } from './telemetry.ts'

/** A step that is to run: everything that its attempts share. */
export interface Work {
  readonly step: AnyStep
  readonly declaration: StepDeclaration
  readonly code: StepCode | undefined
  readonly values: Values
  readonly key: Digest | null
  /** The digests of declared environment variables. */
  readonly env: KeyComponents['env']
  /** What the step's fingerprint gave before it ran. */
  readonly fingerprint: string | undefined
  /** What is reused, as the node or its step says. */
  readonly policy: CacheDeclaration | undefined
  readonly seed: string
  readonly idempotencyKey: string
  /** Why nothing is cached. */
  readonly uncached: string | undefined
  readonly needs: Needs
  /** Of what is ready the higher one starts first. */
  readonly priority: number
  readonly span: NodeSpan
  /** Lets twins that wait for this execution go on. */
  readonly settled: Settle
}

/** Why the outputs of a step are not cached; undefined when they are. */
export function uncachedReason(
  { effect }: StepDeclaration,
  policy: CacheDeclaration | undefined,
  mode: CacheMode | undefined,
  code: StepCode | undefined,
): string | undefined {
  if (effect !== undefined) return 'the step is an effect'
  if (policy === 'never') return "the step says cache: 'never'"
  if (mode === 'off') return "the run says cache: 'off'"
  if (code === undefined) return 'the code of the step is not known'
  return code.cacheable ? changedSince(code) : code.reason
}

/** That a value is another one than when the code was read; undefined where none is. */
export function changedSince(code: StepCode | undefined): string | undefined {
  const name = code?.cacheable === true ? code.changedValue() : undefined
  return name === undefined
    ? undefined
    : `a value that its code reads has changed since the run began: ${name}`
}

/** Entries that are older than this are not used; times in milliseconds since the epoch, `from` is when the run began. */
export function notBefore(
  node: string,
  policy: CacheDeclaration | undefined,
  mode: CacheMode | undefined,
  { now, from }: { readonly now: number; readonly from: number },
): number {
  const oldest = typeof policy === 'object' ? now - policy.ttl : 0
  return mode === 'refresh' || (typeof mode === 'object' && isMatched(node, mode.refresh))
    ? Math.max(oldest, from)
    : oldest
}

/** Whether one of the patterns matches a node, or what it is inside of. */
function isMatched(node: string, patterns: readonly string[]): boolean {
  const parts = planPath(node).split('/')
  const paths = parts.map((_, at) => parts.slice(0, at + 1).join('/'))
  return patterns.some((pattern) => paths.some(matcher(pattern)))
}

/** The step of a node, and the nodes of the same scope that it reads. */
export function plannedStep(
  node: PlanNode,
  path: string,
): {
  readonly step: string
  readonly sources: readonly string[]
  readonly cache: CacheDeclaration | undefined
  readonly priority: number | undefined
} {
  if (node.type !== 'step') throw new PipewrightError('PLAN_INVALID', `'${path}' is not a step`)
  const sources: string[] = []
  for (const binding of Object.values(node.inputs))
    if ('node' in binding && binding.up === undefined) sources.push(binding.node)
  return { step: node.step, sources, cache: node.cache, priority: node.priority }
}

/** Node paths may hold what file names may not, and be longer. */
export function fileName(node: string): string {
  return `${node.replaceAll(/[^\w.-]+/g, '_').slice(0, 60)}-${sha256(node).slice(7, 15)}`
}

/** Equal over attempts and resumes of a node, new in a new run; or made of the input that the effect names. */
export function idempotencyKey(
  run: string,
  node: string,
  { effect, name }: StepDeclaration,
  digests: Readonly<Record<string, string>>,
): string {
  const parts =
    typeof effect === 'object' ? { step: name, key: own(digests, effect.key) ?? null } : { run, node }
  return sha256(canonicalJson(parts)).slice(7)
}
