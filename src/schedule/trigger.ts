import { milliseconds, type Duration } from '../internal/duration.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import { didYouMean } from '../internal/nearest.ts'
import { isPipeline, type AnyPipeline, type Pipeline } from '../define/runnable.ts'
import type { Given } from '../plan/inputs.ts'
import type { InputMapping } from './event-inputs.ts'
import { checkOptions, nameOf } from './schedule.ts'

/** Files that appear below a folder. */
export interface FilesSource {
  /** A folder; relative to the project. Folders in it count, names that begin with a dot do not. */
  readonly files: string
  /** What the names must end with, such as `.csv`. Default: any. */
  readonly suffix?: string
  /** How long a file must not have changed before it counts as whole. Default `5s`. */
  readonly stable?: Duration
}

/** The end of a run of another pipeline. */
export interface RunSource {
  /** The pipeline, by name. */
  readonly run: string
  /** Default `succeeded`. `any` is also a cancelled one. */
  readonly state?: 'succeeded' | 'failed' | 'any'
}

/** New content of an output of another pipeline. */
export interface ArtifactSource {
  readonly artifact: { readonly pipeline: string; readonly output: string }
}

/** A new version of a registered model. */
export interface ModelSource {
  readonly model: string
}

/** A signed HTTP call. */
export interface CallSource {
  /** The environment variable that has the secret: at least 16 characters, or base64 after `whsec_`. */
  readonly call: { readonly secret: string }
}

/** What a trigger waits for. */
export type TriggerSource = FilesSource | RunSource | ArtifactSource | ModelSource | CallSource

/** A file that has appeared. */
export interface FileEvent {
  /** Relative to the project, with forward slashes. */
  readonly path: string
  readonly size: number
  /** Of its bytes. */
  readonly digest: string
  /** ISO 8601. */
  readonly modifiedAt: string
}

/** A run that has ended. */
export interface RunEndEvent {
  readonly run: string
  readonly pipeline: string
  readonly state: 'succeeded' | 'failed' | 'cancelled'
  /** ISO 8601. */
  readonly finishedAt: string
  /** Those of its outputs that are small JSON, by name. */
  readonly outputs: Readonly<Record<string, Json>>
}

/** An output whose content is new. */
export interface ArtifactEvent {
  readonly run: string
  readonly pipeline: string
  readonly output: string
  /** Content digest. */
  readonly digest: string
  readonly kind: string
  /** The value itself where it is small JSON, else null. */
  readonly value: Json
}

/** A model version that was registered. */
export interface ModelEvent {
  readonly name: string
  readonly version: number
  readonly digest: string
  readonly run: string | null
}

/** A call that has come, and was signed. */
export interface CallEvent {
  readonly id: string
  /** ISO 8601. */
  readonly time: string
  /** The parsed body; null where it is empty. */
  readonly body: Json
}

/** What a source tells of. */
export type EventOf<Source> = Source extends FilesSource
  ? FileEvent
  : Source extends RunSource
    ? RunEndEvent
    : Source extends ArtifactSource
      ? ArtifactEvent
      : Source extends ModelSource
        ? ModelEvent
        : CallEvent

/**
 * What starts a pipeline, and with which inputs.
 *
 * @example
 * ```ts
 * await pw.trigger(tumours, {
 *   name: 'inbox',
 *   on: { files: 'inbox', suffix: '.csv', stable: '10s' },
 *   inputs: { csv: 'path' }, // or (event) => ({ csv: event.path })
 * })
 * ```
 */
export interface TriggerOptions<In, Source extends TriggerSource> {
  /** Names it among the triggers of the workspace. Default: the pipeline's name. */
  readonly name?: string
  readonly on: Source
  /**
   * Inputs by name, each a property of the event (`'path'`, `'body.day'`), or a function of the event. A function is known
   * only to processes that declare the trigger: these alone drive it. Default: none are given.
   */
  readonly inputs?: Readonly<Partial<Record<keyof In, string>>> | ((event: EventOf<Source>) => Given<In>)
}

const mark: unique symbol = Symbol.for('pipewright.trigger') as never

/** A trigger as it was written: made by {@link trigger}. */
export interface Trigger {
  readonly [mark]: true
  readonly name: string
  /** A pipeline, or the address of one. */
  readonly pipeline: AnyPipeline | string
  readonly on: TriggerSource
  /** Properties of the event by input, or what makes the inputs of it. */
  readonly inputs: InputMapping | ((event: never) => Readonly<Record<string, unknown>>)
}

/** Tells whether a value is a trigger of any copy of the package. */
export function isTrigger(value: unknown): value is Trigger {
  return typeof value === 'object' && value !== null && mark in value
}

/**
 * Says what starts a pipeline: for `triggers` of `pipewright.config.ts`; in code, `pw.trigger` takes the same.
 *
 * Throws `DEFINITION_INVALID` for a source that is none, `UNKNOWN_INPUT` for an input that the pipeline has not.
 *
 * @example
 * ```ts
 * export default defineConfig({
 *   triggers: [
 *     trigger('src/report.ts#weekly', { on: { run: 'tumours', state: 'succeeded' }, inputs: { of: 'run' } }),
 *     trigger('src/score.ts#score', { on: { model: 'tumours' }, inputs: { version: 'version' } }),
 *     trigger('src/ingest.ts#ingest', { on: { call: { secret: 'HOOK_SECRET' } }, inputs: { day: 'body.day' } }),
 *   ],
 * })
 * ```
 */
export function trigger<const Source extends TriggerSource>(
  pipeline: string,
  options: TriggerOptions<Readonly<Record<string, unknown>>, Source>,
): Trigger
// Last: that is the one whose mistakes the compiler tells.
export function trigger<In, Out, const Source extends TriggerSource>(
  pipeline: Pipeline<In, Out>,
  options: TriggerOptions<NoInfer<In>, Source>,
): Trigger
export function trigger(
  pipeline: AnyPipeline | string,
  options: TriggerOptions<Readonly<Record<string, unknown>>, TriggerSource>,
): Trigger {
  const name = nameOf('trigger', options.name, pipeline)
  const owner = `trigger '${name}'`
  checkOptions(owner, options, ['name', 'on', 'inputs'])
  const { on, inputs = {} } = options
  checkSource(owner, on)
  if (isPipeline(pipeline)) {
    if (pipelineOf(on) === pipeline.name)
      refuse(owner, 'starts the pipeline whose runs start it: it would never end', 'name another pipeline')
    if (typeof inputs !== 'function') checkNames(owner, pipeline, inputs as InputMapping)
  }
  return Object.freeze({
    [mark]: true as const,
    name,
    pipeline,
    on,
    inputs: inputs as Trigger['inputs'],
  })
}

function refuse(owner: string, what: string, fix: string): never {
  throw new PipewrightError('DEFINITION_INVALID', `${owner} ${what}`, { fix, details: { field: 'on' } })
}

/** The pipeline that a source follows. */
export function pipelineOf(on: TriggerSource): string | undefined {
  return 'run' in on ? on.run : 'artifact' in on ? on.artifact.pipeline : undefined
}

const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  files: ['files', 'suffix', 'stable'],
  run: ['run', 'state'],
  artifact: ['artifact'],
  model: ['model'],
  call: ['call'],
}

function checkSource(owner: string, on: TriggerSource): void {
  const kinds =
    typeof on === 'object' && on !== null ? Object.keys(fieldsOf).filter((kind) => kind in on) : []
  if (kinds.length !== 1)
    refuse(
      owner,
      'does not say what it waits for',
      "give one of { files: 'inbox' }, { run: 'pipeline' }, { artifact: { pipeline, output } }, { model: 'name' }, { call: { secret: 'VARIABLE' } }",
    )
  checkOptions(owner, on, fieldsOf[kinds[0]!]!)
  if ('files' in on) {
    if (!isText(on.files)) refuse(owner, 'names no folder', "give { files: 'inbox' }")
    milliseconds(on.stable ?? '5s', `${owner}: stable`)
  } else if ('run' in on) {
    if (!isText(on.run)) refuse(owner, 'names no pipeline', "give { run: 'pipeline' }")
    if (!['succeeded', 'failed', 'any'].includes(on.state ?? 'any'))
      refuse(owner, `waits for the state '${on.state}'`, "give 'succeeded', 'failed' or 'any'")
  } else if ('artifact' in on) {
    if (!isText(on.artifact?.pipeline) || !isText(on.artifact?.output))
      refuse(owner, 'names no output', "give { artifact: { pipeline: 'tumours', output: 'model' } }")
  } else if ('model' in on) {
    if (!isText(on.model)) refuse(owner, 'names no model', "give { model: 'tumours' }")
  } else if (!isText(on.call?.secret) || !/^[A-Za-z_]\w*$/.test(on.call.secret))
    refuse(
      owner,
      'names no environment variable with its secret',
      "give { call: { secret: 'HOOK_SECRET' } } and set that variable where calls are taken",
    )
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function checkNames(owner: string, pipeline: AnyPipeline, mapping: InputMapping): void {
  const names = Object.keys(pipeline.inputs)
  for (const [input, path] of Object.entries(mapping)) {
    if (!names.includes(input)) {
      throw new PipewrightError(
        'UNKNOWN_INPUT',
        `${owner}: pipeline '${pipeline.name}' has no input '${input}'`,
        {
          fix: didYouMean(input, names),
          details: { input },
        },
      )
    }
    if (!isText(path)) refuse(owner, `takes input '${input}' from no property`, `give { ${input}: 'path' }`)
  }
  const missing = names.filter((name) => !(name in mapping) && !pipeline.optional.has(name))
  if (missing.length > 0)
    throw new PipewrightError(
      'MISSING_INPUT',
      `${owner} gives no ${missing.map((one) => `'${one}'`).join(', ')}`,
      {
        fix: `add it to inputs: { ${missing[0]}: '<property of the event>' }`,
        details: { input: missing[0] },
      },
    )
}
