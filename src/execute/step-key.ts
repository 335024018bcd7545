import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import type { StepCode } from '../code/step-digest.ts'
import type { AnyStep } from '../define/step.ts'
import type { CacheDeclaration, PlanNode, StepDeclaration } from '../plan/document.ts'
import type { CacheMode, RunSettings, Values } from '../record/event.ts'
import type { AttemptServices } from './attempt.ts'
import { cacheKey, keyComponents, type KeyComponents } from './cache-key.ts'
import { fingerprintOf, type Fingerprinted } from './fingerprint.ts'
import type { RunRequest } from './run-request.ts'
import { fileName, plannedStep, uncachedReason } from './step-work.ts'

/** What a node is looked up by, and why it is not where it is not. */
export interface StepKey {
  /** The key of its step in the plan. */
  readonly planKey: string
  readonly step: AnyStep
  readonly declaration: StepDeclaration
  /** The nodes of its scope that it reads. */
  readonly sources: readonly string[]
  readonly code: StepCode | undefined
  /** What is reused, as the node or its step says. */
  readonly policy: CacheDeclaration | undefined
  /** How the run uses the cache for it. */
  readonly mode: CacheMode | undefined
  /** It was not selected, so that it is taken from the cache or the run fails. */
  readonly isReuse: boolean
  /** Of what is ready the higher one starts first. */
  readonly priority: number
  /** Why nothing is looked up or kept. */
  readonly uncached: string | undefined
  /** What the step's fingerprint gave. */
  readonly fingerprint: string | undefined
  /** The digests of declared environment variables. */
  readonly env: KeyComponents['env']
  readonly key: Digest | null
  /** What `ctx.random` is seeded by. */
  readonly seed: string
}

/** Whose key is asked for: of a run, or of one that may be. */
export type KeyRequest = Pick<RunRequest, 'plan' | 'program' | 'reuse'> & {
  readonly settings: Pick<RunSettings, 'cache'>
  /** The folder for what is unpacked to ask for fingerprints, below that of the workspace's work. */
  readonly folder: string
}

/** What a node has been given. */
export interface KeyInputs {
  readonly values: Values
  readonly digests: Readonly<Record<string, string>>
}

/** The step behind a node of a plan, with how it is cached. */
export function stepOf(
  { plan, program, settings, reuse }: KeyRequest,
  planned: PlanNode,
  node: string,
): Pick<
  StepKey,
  'planKey' | 'step' | 'declaration' | 'sources' | 'code' | 'policy' | 'mode' | 'isReuse' | 'priority'
> {
  const { step: planKey, sources, cache, priority } = plannedStep(planned, node)
  const declaration = plan.steps[planKey]!
  const isReuse = reuse?.has(node.split(/[/[]/, 1)[0]!) === true
  return {
    planKey,
    step: program.steps.get(planKey)!,
    declaration,
    sources,
    priority: priority ?? declaration.priority ?? 0,
    code: program.code.get(planKey),
    policy: cache ?? declaration.cache,
    // What was not selected is taken from the cache, whatever is refreshed.
    mode: isReuse ? undefined : settings.cache,
    isReuse,
  }
}

/** Asks a step for its fingerprint on what a node has been given. */
export function fingerprintAt(
  folder: string,
  node: string,
  step: AnyStep,
  values: Values,
  services: AttemptServices,
  signal: AbortSignal,
): Promise<Fingerprinted> {
  const owner = `step '${step.name}' (node '${node}')`
  return fingerprintOf(step, values, owner, `${folder}/${fileName(node)}-fingerprint`, services, signal)
}

/** Composes the key of a node; `onWait` is called before something of the user's is waited for. */
export async function keyOf(
  request: KeyRequest,
  planned: PlanNode,
  node: string,
  { values, digests }: KeyInputs,
  services: AttemptServices,
  signal: AbortSignal,
  onWait: () => void = () => undefined,
): Promise<StepKey> {
  const found = stepOf(request, planned, node)
  const { step, declaration, code, policy, mode } = found
  const reason = uncachedReason(declaration, policy, mode, code)
  let asked: Fingerprinted = {}
  if (reason === undefined && step.options.fingerprint !== undefined) {
    onWait()
    asked = await fingerprintAt(request.folder, node, step, values, services, signal)
  }
  const uncached = reason ?? asked.problem
  const components =
    uncached === undefined && code?.cacheable === true
      ? keyComponents(declaration, code.digest, digests, asked.text)
      : undefined
  const key = components === undefined ? null : cacheKey(components)
  return {
    ...found,
    uncached,
    fingerprint: asked.text,
    env: components?.env ?? {},
    key,
    seed: key ?? sha256(canonicalJson({ step: step.name, inputs: digests })),
  }
}
