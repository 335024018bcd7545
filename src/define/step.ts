import { callSite } from '../internal/call-site.ts'
import { byteSize } from '../internal/byte-size.ts'
import { milliseconds, type Duration } from '../internal/duration.ts'
import type { Json } from '../internal/json.ts'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import type { StepContext } from './context.ts'
import { checkName } from './name.ts'
import { runnableMark, type Runnable } from './runnable.ts'
import { checkSecrets, type Secrets } from './secret.ts'
import {
  optionalNames,
  toKinds,
  type InputsOf,
  type Kinds,
  type OutputsOf,
  type ReceivedOf,
  type ReturnedOf,
  type Specs,
} from './spec.ts'

/**
 * How a failed attempt is tried again.
 *
 * @example
 * ```ts
 * export const fetchRates = defineStep({
 *   name: 'fetch-rates',
 *   inputs: { url: z.string() },
 *   outputs: { csv: file('text/csv') },
 *   retry: { attempts: 5, delay: '2s', maxDelay: '1m', retryIf: (error) => !(error instanceof SyntaxError) },
 *   run: async ({ url }, ctx) => ({ csv: await download(url, ctx.signal) }),
 * })
 * ```
 */
export interface RetryPolicy {
  /** The total of tries, the first one included. */
  readonly attempts: number
  /** `constant`: always `delay`; `exponential`: doubled each time. Default `exponential`. */
  readonly backoff?: 'constant' | 'exponential'
  /** The wait before the second try. Default `'1s'`. */
  readonly delay?: Duration
  /** The longest wait. Default `'1m'`, or `delay` where that is longer. */
  readonly maxDelay?: Duration
  /** The share of the wait that is drawn at random, 0 to 1. Default 0.2. */
  readonly jitter?: number
  /**
   * After an attempt that ran out of memory the next one is given so many times more of `resources.memory`: `{ memory: 2 }`
   * doubles it each time.
   */
  readonly escalate?: { readonly memory: number }
  /** Says whether an error is worth another try. Default: every error is, but invalid inputs and outputs. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean | Promise<boolean>
}

/**
 * What a step needs while it runs. `cpu` (cores, may be a fraction) and `memory` (bytes or `'4GiB'`) bound how many steps run at
 * once in a process, by default against what the machine has; a step that asks for more than there is runs alone. In a thread
 * or a process `memory` is the limit too. Every other name is counted against `resources` of the settings, over all processes
 * that have the workspace open.
 */
export type Resources = Readonly<Record<string, number | string>>

/**
 * Where the function of a step runs: `inline`, in this process and on its thread; `thread`, on a thread of its own; `process`,
 * in a child process with its own memory, environment and end. A thread or a process is kept warm for later steps.
 */
export type RunnerName = 'inline' | 'thread' | 'process'

/**
 * `content`: reuse the outputs of an execution with equal code and inputs; `never`: always run; `ttl`: reuse what is
 * not older than that.
 *
 * @example
 * ```ts
 * p.step(load, { csv: input.csv }, { cache: { ttl: '1d' } }) // or as the `cache` of defineStep
 * ```
 */
export type CachePolicy = 'content' | 'never' | { readonly ttl: Duration }

/**
 * Tells what the outside world holds that a step reads: an ETag, a watermark, the latest time of a change. It is asked
 * before the step is looked up, and again after it has run.
 */
export type Fingerprint<Inputs> = (
  inputs: Inputs,
  context: { readonly signal: AbortSignal },
) => Json | Promise<Json>

/** Takes back what a step has done: it is given what the step was given and what it returned. */
export type Undo<Inputs, Outputs, SecretName extends string = string> = (
  inputs: Inputs,
  outputs: Outputs,
  context: StepContext<SecretName>,
) => unknown

/** The function behind a step. */
export type StepFunction<Inputs, Outputs, SecretName extends string = string> = (
  inputs: Inputs,
  context: StepContext<SecretName>,
) => Outputs | Promise<Outputs>

/**
 * What {@link defineStep} takes beside inputs, outputs and run.
 *
 * @example
 * ```ts
 * export const search = defineStep({
 *   name: 'search',
 *   tags: ['slow'],
 *   retry: { attempts: 3 },
 *   timeout: '30m',
 *   resources: { gpu: 1 },
 *   env: ['REGION'],
 *   inputs: { rows: table(Tumour) },
 *   outputs: { loss: z.number() },
 *   run: ({ rows }) => ({ loss: fit(rows, 0.1).loss }),
 * })
 * ```
 */
export interface StepOptions {
  /** The step's name: lower-case words joined by `-`, unique for what it does. It is part of cache keys. */
  readonly name: string
  readonly description?: string
  /** Labels, for selecting nodes. */
  readonly tags?: readonly string[]
  /** Default: one attempt. */
  readonly retry?: RetryPolicy
  /** The longest an attempt may take. Default: no limit. */
  readonly timeout?: Duration
  /** How long an attempt past its time has to react to `ctx.signal` before it is abandoned. Default `'5s'`. */
  readonly grace?: Duration
  readonly resources?: Resources
  /** Where `run` is called. Default: as the settings say, else `inline`. */
  readonly runner?: RunnerName
  /** Of the nodes that are ready the one with the higher priority starts first. Default 0. */
  readonly priority?: number
  /** Default `'content'`. */
  readonly cache?: CachePolicy
  /** Inputs that change no result, such as a number of threads: they are not part of cache keys. */
  readonly ignore?: readonly string[]
  /** Environment variables that the step reads: their values are part of cache keys. */
  readonly env?: readonly string[]
  /** Secrets that the step reads by `ctx.secret`, by the names that it reads them by. Their values are in no key. */
  readonly secrets?: Secrets
  /** Part of cache keys, for a step that reads what is outside: what it holds, in a few words. */
  readonly fingerprint?: Fingerprint<never>
  /** Part of cache keys: another text, another key. */
  readonly salt?: string
  /** Stands for the step's code in cache keys, in place of its source; change it when the code changes. */
  readonly version?: string
  /** The step exists for its effect (deploy, send): never cached, has an idempotency key, here or of an input. */
  readonly effect?: boolean | { readonly key: string }
  /** Of an effect: takes it back when the run fails. Those that have happened are undone in reverse, one by one. */
  readonly undo?: Undo<never, never>
}

/** A step: a named, typed function. Made by {@link defineStep}. */
export interface Step<in In, out Out, out Run = StepFunction<never, unknown>> extends Runnable<In, Out> {
  readonly [runnableMark]: 'step'
  readonly options: StepOptions
  readonly inputs: Kinds
  readonly outputs: Kinds
  /** Inputs that may be left out. */
  readonly optional: ReadonlySet<string>
  /** The file in which the step was defined, as far as the call stack tells. */
  readonly module: string | undefined
  /** The function itself: a unit test may call it directly. */
  readonly run: Run
  /** A port of the workspace that `run` gets as third argument; for steps that Pipewright itself makes. */
  readonly port?: string
}

/** A step of any type. */
export type AnyStep = Step<never, unknown, unknown>

type NoOutputs = Readonly<Record<never, never>>

type NoSecrets = Readonly<Record<never, never>>

type StepResult<O extends Specs> = keyof O extends never ? ReturnedOf<O> | void : ReturnedOf<O>

/**
 * What {@link defineStep} takes.
 *
 * @example
 * ```ts
 * export const fetchRates = defineStep({
 *   name: 'fetch-rates',
 *   inputs: { url: z.string() },
 *   outputs: { csv: file('text/csv') },
 *   // A new ETag is a new key: the step runs again.
 *   fingerprint: async ({ url }, { signal }) => (await fetch(url, { method: 'HEAD', signal })).headers.get('etag'),
 *   run: async ({ url }, ctx) => ({ csv: await download(url, ctx.signal) }),
 * })
 * ```
 */
export interface StepDefinition<
  I extends Specs,
  O extends Specs,
  S extends Secrets = Secrets,
> extends StepOptions {
  /** Named inputs: schemas for json values, kinds for everything else. */
  readonly inputs?: I
  /** Named outputs. */
  readonly outputs?: O
  readonly secrets?: S
  readonly ignore?: readonly (keyof I & string)[]
  readonly fingerprint?: Fingerprint<ReceivedOf<NoInfer<I>>>
  readonly undo?: Undo<ReceivedOf<NoInfer<I>>, OutputsOf<NoInfer<O>>, keyof NoInfer<S> & string>
  readonly run: StepFunction<ReceivedOf<NoInfer<I>>, NoInfer<StepResult<O>>, keyof NoInfer<S> & string>
}

/** All there are. */
export const runnerNames: readonly RunnerName[] = ['inline', 'thread', 'process']

/** Refuses what is no priority. */
export function checkPriority(priority: unknown, owner: string): void {
  if (priority === undefined || Number.isFinite(priority)) return
  throw new PipewrightError(
    'DEFINITION_INVALID',
    `${owner}, priority: ${JSON.stringify(priority) ?? typeof priority} is not a number`,
    { fix: 'give a number: what is ready and has the higher one starts first; the default is 0' },
  )
}

/** Refuses what is no cache policy. */
export function checkCachePolicy(cache: unknown, owner: string): void {
  if (cache === undefined || cache === 'content' || cache === 'never') return
  if (typeof cache === 'object' && cache !== null && 'ttl' in cache)
    return void milliseconds(cache.ttl as Duration, `${owner}, cache.ttl`)
  throw new PipewrightError(
    'DEFINITION_INVALID',
    `${owner}, cache: ${JSON.stringify(cache) ?? typeof cache} is not possible`,
    { fix: "give 'content', 'never' or { ttl: '1d' }" },
  )
}

/** What a compiler would have refused: options decide what is cached and tried again, so none is guessed. */
function checkValues(
  {
    tags,
    version,
    salt,
    env,
    cache,
    fingerprint,
    effect,
    resources,
    runner,
    retry,
    priority,
    undo,
  }: StepOptions,
  owner: string,
): void {
  const refuse = (option: string, value: unknown, fix: string): never => {
    const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
    throw new PipewrightError('DEFINITION_INVALID', `${owner}, ${option}: ${text} is not possible`, { fix })
  }
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')))
    refuse('tags', tags, "give a list of texts: tags: ['nightly']")
  if (version !== undefined && (typeof version !== 'string' || version === ''))
    refuse('version', version, "give a text: version: '1'")
  if (salt !== undefined && typeof salt !== 'string') refuse('salt', salt, "give a text: salt: '1'")
  if (env !== undefined && !(Array.isArray(env) && env.every((name) => typeof name === 'string')))
    refuse('env', env, "give a list of names: env: ['REGION']")
  checkCachePolicy(cache, owner)
  checkPriority(priority, owner)
  if (fingerprint !== undefined && typeof fingerprint !== 'function')
    refuse('fingerprint', fingerprint, 'give a function: (inputs) => etag')
  if (
    effect !== undefined &&
    typeof effect !== 'boolean' &&
    typeof (effect as { key: unknown } | null)?.key !== 'string'
  )
    refuse('effect', effect, "give true, or { key: 'the name of an input' }")
  if (undo !== undefined && typeof undo !== 'function')
    refuse('undo', undo, 'give a function: (inputs, outputs) => …')
  if (undo !== undefined && (effect === undefined || effect === false))
    refuse('undo', 'undo of what is no effect', 'say effect: true; what has no effect needs no undo')
  if (retry?.backoff !== undefined && retry.backoff !== 'constant' && retry.backoff !== 'exponential')
    refuse('retry.backoff', retry.backoff, "give 'constant' or 'exponential'")
  if (retry?.retryIf !== undefined && typeof retry.retryIf !== 'function')
    refuse('retry.retryIf', retry.retryIf, 'give a function: (error, attempt) => boolean')
  if (runner !== undefined && !runnerNames.includes(runner))
    refuse('runner', runner, `give one of ${runnerNames.map((name) => `'${name}'`).join(', ')}`)
  if (retry?.escalate !== undefined) {
    const { escalate } = retry
    if (typeof escalate !== 'object' || !(Number.isFinite(escalate?.memory) && escalate.memory > 1))
      refuse('retry.escalate', JSON.stringify(escalate), 'give a factor above 1: { memory: 2 }')
    if (resources?.['memory'] === undefined)
      refuse(
        'retry.escalate',
        'more memory than nothing',
        "say resources: { memory: '1GiB' }, of which a retry gets more",
      )
  }
  for (const [name, amount] of Object.entries(resources ?? {})) {
    if (name === 'memory') {
      byteSize(amount, `${owner}, resources.memory`)
      continue
    }
    if (typeof amount !== 'string' && !(Number.isFinite(amount) && amount >= 0))
      refuse(`resources.${name}`, amount, "give a number from 0, or a text such as '4GiB'")
  }
}

/** The options as they are now: what the caller does to its own objects later changes no plan. */
function frozen(options: StepOptions): StepOptions {
  const { tags, retry, resources, effect, cache, ignore, env, secrets } = options
  return Object.freeze({
    ...options,
    ...(tags === undefined ? {} : { tags: Object.freeze([...tags]) }),
    ...(retry === undefined ? {} : { retry: Object.freeze({ ...retry }) }),
    ...(resources === undefined ? {} : { resources: Object.freeze({ ...resources }) }),
    ...(ignore === undefined ? {} : { ignore: Object.freeze([...ignore]) }),
    ...(env === undefined ? {} : { env: Object.freeze([...env]) }),
    ...(secrets === undefined ? {} : { secrets: Object.freeze({ ...secrets }) }),
    ...(typeof cache === 'object' ? { cache: Object.freeze({ ...cache }) } : {}),
    ...(typeof effect === 'object' ? { effect: Object.freeze({ ...effect }) } : {}),
  })
}

function checkOptions(options: StepOptions): void {
  const owner = `step '${options.name}'`
  checkValues(options, owner)
  checkSecrets(options.secrets, owner)
  if (options.timeout !== undefined) milliseconds(options.timeout, `${owner}, timeout`)
  if (options.grace !== undefined) milliseconds(options.grace, `${owner}, grace`)
  const { retry } = options
  if (retry === undefined) return
  if (!Number.isInteger(retry.attempts) || retry.attempts < 1) {
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `${owner}, retry.attempts: ${retry.attempts} is not a count of tries`,
      {
        fix: 'give a whole number from 1; it includes the first try',
      },
    )
  }
  if (retry.delay !== undefined) milliseconds(retry.delay, `${owner}, retry.delay`)
  if (retry.maxDelay !== undefined) milliseconds(retry.maxDelay, `${owner}, retry.maxDelay`)
  if (retry.jitter !== undefined && !(retry.jitter >= 0 && retry.jitter <= 1)) {
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `${owner}, retry.jitter: ${retry.jitter} is not between 0 and 1`,
      {
        fix: 'give a share between 0 (always the same wait) and 1',
      },
    )
  }
}

/** Makes the frozen step of a definition; `port` is for steps that Pipewright itself makes. */
export function makeStep<In, Out, Run>(
  definition: StepDefinition<Specs, Specs>,
  port?: string,
): Step<In, Out, Run> {
  const { inputs = {}, outputs = {}, run, ...options } = definition
  checkName('step', options.name)
  if (typeof run !== 'function') {
    throw new PipewrightError('DEFINITION_INVALID', `step '${options.name}' has no run function`, {
      fix: 'give run: (inputs, ctx) => outputs',
    })
  }
  checkOptions(options)
  const owner = `step '${options.name}'`
  const step = {
    [runnableMark]: 'step' as const,
    name: options.name,
    options: frozen(options),
    inputs: toKinds(inputs, owner, 'input'),
    outputs: toKinds(outputs, owner, 'output'),
    optional: optionalNames(inputs),
    module: callSite()?.file,
    run: run as Run,
    ...(port === undefined ? {} : { port }),
  }
  if (typeof options.effect === 'object' && !Object.hasOwn(step.inputs, options.effect.key)) {
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `${owner}: effect.key names '${options.effect.key}', which is not an input`,
      {
        fix: didYouMean(options.effect.key, Object.keys(step.inputs)),
      },
    )
  }
  for (const name of options.ignore ?? []) {
    if (!Object.hasOwn(step.inputs, name)) {
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `${owner}: ignore names '${name}', which is not an input`,
        { fix: didYouMean(name, Object.keys(step.inputs)) },
      )
    }
  }
  return Object.freeze(step)
}

/**
 * Defines a step: a named function with declared inputs and outputs.
 *
 * Inputs arrive checked and decoded, outputs are checked and stored. A json input is frozen. Throws
 * `DEFINITION_INVALID` for a name, schema or option that cannot work.
 *
 * @example
 * ```ts
 * export const evaluate = defineStep({
 *   name: 'evaluate',
 *   inputs: { model: model(tumourClassifier), rows: table(Tumour), threshold: z.number().default(0.5) },
 *   outputs: { accuracy: z.number() },
 *   run: async ({ model, rows, threshold }, ctx) => {
 *     ctx.log.info('scoring', { rows: rows.length })
 *     const scored = await model.predictAll(rows.toArray())
 *     const right = scored.filter((score, i) => score.malignant >= threshold === rows.row(i).malignant)
 *     return { accuracy: right.length / rows.length }
 *   },
 * })
 * ```
 */
export function defineStep<
  const I extends Specs = NoOutputs,
  const O extends Specs = NoOutputs,
  const S extends Secrets = NoSecrets,
>(
  definition: StepDefinition<I, O, S>,
): Step<InputsOf<I>, OutputsOf<O>, StepFunction<ReceivedOf<I>, StepResult<O>, keyof S & string>> {
  return makeStep(definition as unknown as StepDefinition<Specs, Specs>)
}
