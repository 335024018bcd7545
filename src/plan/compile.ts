import { milliseconds } from '../internal/duration.ts'
import { deepFreeze } from '../internal/freeze.ts'
import { graphOf, type TracedNode, type TracedScope } from '../define/graph.ts'
import type { Kind } from '../artifact/kind.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import type { Secrets } from '../define/secret.ts'
import type { Kinds } from '../define/spec.ts'
import type { AnyStep, CachePolicy, RetryPolicy } from '../define/step.ts'
import { compileWait } from './compile-wait.ts'
import type {
  CacheDeclaration,
  InputDeclaration,
  PlanNode,
  PlanScope,
  RecursivePipeline,
  RetryDeclaration,
  StepDeclaration,
} from './document.ts'

function declareInputs(kinds: Kinds, optional: ReadonlySet<string>): Record<string, InputDeclaration> {
  const inputs: Record<string, InputDeclaration> = {}
  for (const [name, kind] of Object.entries(kinds)) {
    inputs[name] = optional.has(name) ? { ...kind.declare(), optional: true } : kind.declare()
  }
  return inputs
}

function declareRetry(retry: RetryPolicy, owner: string): RetryDeclaration {
  const delay = milliseconds(retry.delay ?? '1s', `${owner}, retry.delay`)
  return {
    attempts: retry.attempts,
    backoff: retry.backoff ?? 'exponential',
    delay,
    maxDelay:
      retry.maxDelay === undefined
        ? Math.max(milliseconds('1m', owner), delay)
        : milliseconds(retry.maxDelay, `${owner}, retry.maxDelay`),
    jitter: retry.jitter ?? 0.2,
    ...(retry.escalate === undefined ? {} : { escalate: { memory: retry.escalate.memory } }),
  }
}

function declareCache(cache: CachePolicy | undefined, owner: string): { readonly cache?: CacheDeclaration } {
  if (cache === undefined) return {}
  return {
    cache: typeof cache === 'string' ? cache : { ttl: milliseconds(cache.ttl, `${owner}, cache.ttl`) },
  }
}

/** Their names: a plan holds no value. */
function declareSecrets(secrets: Secrets): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).map(([name, { secret }]) => [name, secret]))
}

/** What a plan says about a step. */
export function compileStep(step: AnyStep): StepDeclaration {
  const { tags, version, effect, cache, ignore, env, salt, retry, timeout, grace, resources } = step.options
  const { fingerprint, runner, priority, undo, secrets } = step.options
  const outputs: Record<string, ReturnType<Kinds[string]['declare']>> = {}
  for (const [name, kind] of Object.entries(step.outputs)) outputs[name] = kind.declare()
  const owner = `step '${step.name}'`
  return {
    name: step.name,
    inputs: declareInputs(step.inputs, step.optional),
    outputs,
    ...(tags === undefined || tags.length === 0 ? {} : { tags: [...tags] }),
    ...(version === undefined ? {} : { version }),
    ...(effect === undefined || effect === false
      ? {}
      : { effect: effect === true ? true : { key: effect.key } }),
    ...declareCache(cache, owner),
    ...(ignore === undefined || ignore.length === 0 ? {} : { ignore: [...ignore] }),
    ...(env === undefined || env.length === 0 ? {} : { env: [...env] }),
    ...(secrets === undefined || Object.keys(secrets).length === 0
      ? {}
      : { secrets: declareSecrets(secrets) }),
    ...(fingerprint === undefined ? {} : { fingerprint: true as const }),
    ...(salt === undefined ? {} : { salt }),
    ...(retry === undefined ? {} : { retry: declareRetry(retry, owner) }),
    ...(timeout === undefined ? {} : { timeout: milliseconds(timeout, `${owner}, timeout`) }),
    ...(grace === undefined ? {} : { grace: milliseconds(grace, `${owner}, grace`) }),
    ...(resources === undefined ? {} : { resources: { ...resources } }),
    ...(runner === undefined ? {} : { runner }),
    ...(priority === undefined ? {} : { priority }),
    ...(undo === undefined ? {} : { undo: true as const }),
  } satisfies StepDeclaration
}

/** A name, with `#2` and so on where it is taken. */
function unusedKey(name: string, taken: ReadonlySet<string>): string {
  let key = name
  for (let n = 2; taken.has(key); n++) key = `${name}#${n}`
  return key
}

/** Turns a traced graph into plan nodes and collects the steps that it uses. */
export class Compiler {
  /** The key of each step object: its name, with `#2` and so on where several steps share one. */
  readonly keys = new Map<AnyStep, string>()
  /** The pipeline behind each node that uses one. */
  readonly pipelines = new Map<PlanNode, AnyPipeline>()
  /** What a signal or a decision carries, by node. */
  readonly payloads = new Map<PlanNode, Kind<unknown, never>>()
  readonly #recursive = new Map<AnyPipeline, string>()
  readonly #steps: Record<string, StepDeclaration> = {}
  readonly #stepKeys = new Set<string>()
  readonly #bodies = new Map<TracedScope, PlanScope>()

  inputs(pipeline: AnyPipeline): Record<string, InputDeclaration> {
    return declareInputs(pipeline.inputs, pipeline.optional)
  }

  steps(): Readonly<Record<string, StepDeclaration>> {
    return this.#steps
  }

  /** The pipelines that recurse, by their keys; undefined where none does. Called when all else is compiled. */
  recursive(): Readonly<Record<string, RecursivePipeline>> | undefined {
    if (this.#recursive.size === 0) return undefined
    const found: Record<string, RecursivePipeline> = {}
    // Compiling one may come upon others, which the map then visits too.
    for (const [pipeline, key] of this.#recursive) {
      const { name } = pipeline
      found[key] = { name, inputs: this.inputs(pipeline), scope: this.scope(graphOf(pipeline)) }
    }
    return found
  }

  scope(traced: TracedScope): PlanScope {
    let scope = this.#bodies.get(traced)
    if (scope === undefined) {
      scope = Object.freeze({
        nodes: Object.freeze(traced.nodes.map((node) => this.#node(node))),
        outputs: traced.outputs,
      })
      this.#bodies.set(traced, scope)
    }
    return scope
  }

  #recursiveKey(pipeline: AnyPipeline): string {
    let key = this.#recursive.get(pipeline)
    if (key === undefined) {
      key = unusedKey(pipeline.name, new Set(this.#recursive.values()))
      this.#recursive.set(pipeline, key)
    }
    return key
  }

  #key(step: AnyStep): string {
    let key = this.keys.get(step)
    if (key === undefined) {
      key = unusedKey(step.name, this.#stepKeys)
      this.#stepKeys.add(key)
      this.keys.set(step, key)
      this.#steps[key] = compileStep(step)
    }
    return key
  }

  #node(node: TracedNode): PlanNode {
    const base = {
      id: node.id,
      ...(node.after.length === 0 ? {} : { after: node.after }),
      ...(node.tags.length === 0 ? {} : { tags: node.tags }),
    }
    switch (node.type) {
      case 'step':
        return Object.freeze({
          type: 'step',
          ...base,
          step: this.#key(node.step),
          ...declareCache(node.cache, `node '${node.id}'`),
          ...(node.priority === undefined ? {} : { priority: node.priority }),
          inputs: node.inputs,
        })
      case 'pipeline': {
        const { pipeline } = node
        const body = this.scope(graphOf(pipeline))
        const compiled = Object.freeze({
          type: 'pipeline',
          ...base,
          pipeline: pipeline.name,
          inputs: node.inputs,
          declares: deepFreeze(this.inputs(pipeline)),
          body,
        } as const)
        this.pipelines.set(compiled, pipeline)
        return compiled
      }
      case 'map': {
        const { items, concurrency, key, maxFailed, reports } = node
        return Object.freeze({
          type: 'map',
          ...base,
          items,
          ...(concurrency === undefined ? {} : { concurrency }),
          ...(key === undefined ? {} : { key }),
          ...(maxFailed === undefined ? {} : { maxFailed }),
          ...(reports.size === 0 ? {} : { reports: Object.freeze([...reports].toSorted()) }),
          body: this.scope(node.body),
        })
      }
      case 'when': {
        const otherwise = node.else === undefined ? {} : { else: this.scope(node.else) }
        return Object.freeze({
          type: 'when',
          ...base,
          condition: node.condition,
          then: this.scope(node.then),
          ...otherwise,
        })
      }
      case 'choose': {
        const otherwise = node.otherwise === undefined ? {} : { otherwise: this.scope(node.otherwise) }
        const branches: Record<string, PlanScope> = {}
        for (const [name, branch] of Object.entries(node.branches)) branches[name] = this.scope(branch)
        return Object.freeze({
          type: 'choose',
          ...base,
          selector: node.selector,
          branches: Object.freeze(branches),
          ...otherwise,
        })
      }
      case 'loop': {
        const { state, again, maxRounds, onMaxRounds } = node
        const body = this.scope(node.body)
        return Object.freeze({ type: 'loop', ...base, state, again, maxRounds, onMaxRounds, body })
      }
      case 'recurse': {
        const pipeline = node.pipeline()
        const key = this.#recursiveKey(pipeline)
        const { inputs, maxDepth } = node
        const compiled = Object.freeze({ type: 'recurse', ...base, pipeline: key, inputs, maxDepth } as const)
        this.pipelines.set(compiled, pipeline)
        return compiled
      }
      case 'handler':
        return Object.freeze({ type: 'handler', ...base, on: node.on, body: this.scope(node.body) })
      case 'sleep':
      case 'until':
      case 'signal':
      case 'approve': {
        const compiled = compileWait(node, base)
        if ('payload' in node && node.payload !== undefined) this.payloads.set(compiled, node.payload)
        return compiled
      }
    }
  }
}
