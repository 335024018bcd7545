import { readFileSync } from 'node:fs'
import { canonicalJson } from '../../internal/canonical.ts'
import type { Clock } from '../../internal/clock.ts'
import { PipewrightError } from '../../internal/error.ts'
import type { Json } from '../../internal/json.ts'
import type { AnyPipeline } from '../../define/runnable.ts'
import { checkInputs } from '../../plan/inputs.ts'
import type { Address } from '../../record/event.ts'
import type { MetadataStore } from '../../record/metadata.ts'
import type { RunDetail } from '../../record/records.ts'
import type { TriggerRecord } from '../../record/trigger.ts'
import { mappedInputs } from '../../schedule/event-inputs.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import { trigger, type Trigger, type TriggerSource } from '../../schedule/trigger.ts'
import type { WorkspaceParts } from '../parts.ts'
import { projectPath } from '../../internal/project-path.ts'
import { checkFolder } from './watch-files.ts'

/** What is kept of a schedule. */
export type KeptSchedule = Pick<Schedule, 'cron' | 'timezone' | 'overlap' | 'catchUp'> & {
  /** Null: a function of the process that declares it. */
  readonly inputs: Json
}

/** What is kept of a trigger. */
export interface KeptTrigger {
  readonly on: TriggerSource
  /** Null: a function of the process that declares it. */
  readonly inputs: Readonly<Record<string, string>> | null
}

/** The definition of a schedule, as it is kept. */
export function keptSchedule({ definition }: TriggerRecord): KeptSchedule {
  return definition as unknown as KeptSchedule
}

/** The definition of a trigger, as it is kept. */
export function keptTrigger({ definition }: TriggerRecord): KeptTrigger {
  return definition as unknown as KeptTrigger
}

/** Declares schedules and triggers, and knows what can't be kept of them: pipelines and functions of this process. */
export class Declarations {
  readonly #parts: WorkspaceParts
  readonly #metadata: MetadataStore
  readonly #clock: Clock
  readonly #pipelines = new Map<string, AnyPipeline>()
  readonly #functions = new Map<string, (event: never) => Readonly<Record<string, unknown>>>()
  #settings: Promise<void> | undefined

  constructor(parts: WorkspaceParts, clock: Clock) {
    this.#parts = parts
    this.#metadata = parts.metadata
    this.#clock = clock
  }

  /** Declares what the settings have, once. */
  settings(): Promise<void> {
    return (this.#settings ??= (async () => {
      const { schedules = [], triggers = [] } = this.#parts.project ?? {}
      for (const each of schedules) await this.schedule(each, 'settings')
      for (const each of triggers) await this.trigger(each, 'settings')
    })().catch((error: unknown) => {
      // What is not there yet may come.
      this.#settings = undefined
      throw error
    }))
  }

  /** Removes what the settings had once and have no longer. */
  async removeVanished(): Promise<readonly string[]> {
    const { schedules = [], triggers = [] } = this.#parts.project ?? {}
    const there = new Set([
      ...schedules.map(({ name }) => `schedule/${name}`),
      ...triggers.map(({ name }) => `trigger/${name}`),
    ])
    const gone = (await this.#metadata.triggers()).filter(
      ({ origin, declaredBy }) => declaredBy === 'settings' && !there.has(origin),
    )
    for (const { origin } of gone) await this.#metadata.removeTrigger(origin)
    return gone.map(({ origin }) => origin)
  }

  /** Adds a schedule, or changes it; gives its origin. */
  async schedule(given: Schedule, by: TriggerRecord['declaredBy']): Promise<string> {
    const { name, cron, timezone, overlap, catchUp, inputs } = given
    const origin = `schedule/${name}`
    const pipeline = await this.#pipelineOf(origin, given.pipeline)
    // What was given by address is checked now that it is known.
    if (typeof given.pipeline === 'string' && typeof inputs !== 'function')
      checkInputs(pipeline, inputs as Readonly<Record<string, unknown>>)
    const kept: KeptSchedule = {
      cron,
      timezone,
      overlap,
      catchUp,
      inputs: typeof inputs === 'function' ? null : inputs,
    }
    await this.#declare(origin, pipeline, kept, { cron, timezone }, by, this.#clock.now())
    if (typeof inputs === 'function') this.#functions.set(origin, inputs as never)
    else this.#functions.delete(origin)
    return origin
  }

  /** Adds a trigger, or changes it; gives its origin. */
  async trigger(given: Trigger, by: TriggerRecord['declaredBy']): Promise<string> {
    const { name, on, inputs } = given
    const origin = `trigger/${name}`
    const pipeline = await this.#pipelineOf(origin, given.pipeline)
    if (typeof given.pipeline === 'string') trigger(pipeline, { name, on, inputs: inputs as never })
    if ('files' in on) await checkFolder(this.#parts.root, on, `trigger '${name}'`)
    const kept: KeptTrigger = { on, inputs: typeof inputs === 'function' ? null : inputs }
    await this.#declare(origin, pipeline, kept, on, by, await this.#startOf(on))
    if (typeof inputs === 'function') this.#functions.set(origin, inputs)
    else this.#functions.delete(origin)
    return origin
  }

  /** Whether this process knows how to start what an origin fires. */
  canStart(record: TriggerRecord): boolean {
    const isKept = record.origin.startsWith('schedule/')
      ? keptSchedule(record).inputs !== null
      : keptTrigger(record).inputs !== null
    return isKept || this.#functions.has(record.origin)
  }

  /** The pipeline of a schedule or trigger; throws `PIPELINE_NOT_FOUND`. */
  async pipeline({ origin, pipeline, address }: TriggerRecord): Promise<AnyPipeline> {
    const known = this.#pipelines.get(origin)
    if (known?.name === pipeline) return known
    return this.#parts.findPipeline({ id: origin, pipeline, address } as RunDetail)
  }

  /** The inputs of a firing; throws what the function throws, or `INPUT_INVALID`. */
  inputs(record: TriggerRecord, event: Json): Readonly<Record<string, unknown>> {
    const { origin } = record
    const make = this.#functions.get(origin)
    if (origin.startsWith('schedule/')) {
      const { time } = event as { readonly time: string }
      return make === undefined
        ? (keptSchedule(record).inputs as Readonly<Record<string, unknown>>)
        : make(new Date(time) as never)
    }
    return make === undefined
      ? mappedInputs(keptTrigger(record).inputs ?? {}, event, `trigger '${nameIn(origin)}'`)
      : make(event as never)
  }

  async #pipelineOf(origin: string, given: AnyPipeline | string): Promise<AnyPipeline> {
    const pipeline = typeof given === 'string' ? await this.#parts.project?.pipelineAt(given) : given
    if (pipeline === undefined)
      throw new PipewrightError('PIPELINE_NOT_FOUND', `${origin}: no settings say where its pipeline is`, {
        fix: 'give the pipeline itself',
      })
    this.#pipelines.set(origin, pipeline)
    return pipeline
  }

  async #declare(
    origin: string,
    pipeline: AnyPipeline,
    definition: KeptSchedule | KeptTrigger,
    basis: object,
    declaredBy: TriggerRecord['declaredBy'],
    position: number,
  ): Promise<void> {
    await this.#metadata.declareTrigger({
      origin,
      pipeline: pipeline.name,
      address: await importableAddress(origin, pipeline, this.#parts.root),
      definition: JSON.parse(canonicalJson(definition)) as Json,
      basis: canonicalJson(basis),
      declaredBy,
      declaredAt: this.#clock.now(),
      position,
    })
  }

  /** What was there before does not fire. */
  async #startOf(on: TriggerSource): Promise<number> {
    if ('run' in on || 'artifact' in on) return this.#metadata.lastPlace()
    if ('model' in on)
      return Math.max(0, ...(await this.#metadata.modelVersions(on.model)).map(({ version }) => version))
    return 0
  }
}

/** The name in an origin. */
export function nameIn(origin: string): string {
  return origin.slice(origin.indexOf('/') + 1)
}

/**
 * Where other processes find a pipeline. The module is read and not imported: it may be the one that is being evaluated,
 * and would wait for itself.
 */
async function importableAddress(origin: string, pipeline: AnyPipeline, root: string): Promise<Address> {
  const { module, name } = pipeline
  const fix =
    'define it at the top of a module, and export it: processes that drive the schedule load it from there'
  if (module === undefined)
    throw new PipewrightError(
      'PIPELINE_NOT_FOUND',
      `${origin}: pipeline '${name}' has no address: no module defines it`,
      { fix, details: { pipeline: name } },
    )
  const { parseSync } = await import('oxc-parser')
  const { module: parsed } = parseSync(module, readFileSync(module, 'utf8'))
  if (parsed.staticExports.length === 0)
    throw new PipewrightError(
      'PIPELINE_NOT_FOUND',
      `${origin}: pipeline '${name}' has no address: ${projectPath(root, module)} exports nothing`,
      { fix, details: { pipeline: name, module } },
    )
  return { module: projectPath(root, module), pipeline: name }
}
