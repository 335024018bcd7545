import { canonicalJson } from '../../internal/canonical.ts'
import { sha256 } from '../../internal/digest.ts'
import type { Json } from '../../internal/json.ts'
import type { JsonValues } from '../../execute/json-values.ts'
import type { Value, Values } from '../../record/event.ts'
import type { MetadataStore } from '../../record/metadata.ts'
import type { FinishedRun, Firing, NewFiring, TriggerRecord } from '../../record/trigger.ts'
import type { ArtifactSource, ModelSource, RunSource } from '../../schedule/trigger.ts'

/** Runs that are looked at together. */
const together = 100
/** Larger values are not told. */
const largest = 64 * 1024

/** Fires for what the record tells of: ends of runs, new artifacts, new versions of models. */
export class RecordWatch {
  readonly #metadata: MetadataStore
  readonly #json: JsonValues

  constructor(metadata: MetadataStore, json: JsonValues) {
    this.#metadata = metadata
    this.#json = json
  }

  /** Fires for the runs of a pipeline that have ended since. */
  runs({ origin, position }: TriggerRecord, on: RunSource): Promise<readonly Firing[]> {
    const { run: pipeline, state: wanted = 'succeeded' } = on
    return this.#ends(origin, pipeline, position, async (end) => {
      const { run, state, finishedAt } = end
      if (wanted !== 'any' && state !== wanted) return undefined
      const outputs: Record<string, Json> = {}
      for (const [name, value] of Object.entries(await this.#outputs(end))) {
        const data = await this.#small(value)
        if (data !== undefined) outputs[name] = data
      }
      const event = { run, pipeline, state, finishedAt: new Date(finishedAt).toISOString(), outputs }
      return { key: `${run}/${state}`, at: finishedAt, event }
    })
  }

  /** Fires for new content of an output. */
  artifacts({ origin, position }: TriggerRecord, { artifact }: ArtifactSource): Promise<readonly Firing[]> {
    const { pipeline, output } = artifact
    return this.#ends(origin, pipeline, position, async (end) => {
      if (end.state !== 'succeeded') return undefined
      const value = (await this.#outputs(end))[output]
      if (value === undefined || 'absent' in value) return undefined
      const isWhole = 'artifact' in value && value.pick === undefined
      const digest = isWhole ? value.artifact.digest : sha256(canonicalJson(value))
      const kind = 'artifact' in value ? value.artifact.kind : 'list' in value ? 'list' : 'json'
      const { run, finishedAt } = end
      const event = { run, pipeline, output, digest, kind, value: (await this.#small(value)) ?? null }
      return { key: digest.slice(7), at: finishedAt, event }
    })
  }

  /** Fires for new versions of a model. */
  async models({ origin, position }: TriggerRecord, { model }: ModelSource): Promise<readonly Firing[]> {
    const versions = (await this.#metadata.modelVersions(model))
      .filter(({ version }) => version > position)
      .toSorted((a, b) => a.version - b.version)
    const last = versions.at(-1)
    if (last === undefined) return []
    const firings = versions.map(({ name, version, digest, run, registeredAt }) => ({
      key: `v${version}`,
      at: registeredAt,
      event: { name, version, digest, run },
    }))
    return this.#metadata.fire(origin, firings, { from: position, to: last.version })
  }

  async #ends(
    origin: string,
    pipeline: string,
    position: number,
    firingOf: (end: FinishedRun) => Promise<NewFiring | undefined>,
  ): Promise<readonly Firing[]> {
    const ends = await this.#metadata.finishedRuns(pipeline, position, together)
    const last = ends.at(-1)
    if (last === undefined) return []
    const firings: NewFiring[] = []
    for (const end of ends) {
      const firing = await firingOf(end)
      if (firing !== undefined) firings.push(firing)
    }
    return this.#metadata.fire(origin, firings, { from: position, to: last.place })
  }

  /** From the event of the end alone: the whole record of a run may be large. */
  async #outputs({ run, place }: FinishedRun): Promise<Values> {
    for await (const { event } of this.#metadata.events(run, place - 1))
      return event.type === 'run.finished' ? event.outputs : {}
    return {}
  }

  async #small(value: Value): Promise<Json | undefined> {
    if ('artifact' in value) {
      const { kind, size } = value.artifact
      if ((kind !== 'json' && kind !== 'metrics') || size > largest) return undefined
    } else if (!('value' in value)) return undefined
    return (await this.#json.load(value).catch(() => undefined)) as Json | undefined
  }
}
