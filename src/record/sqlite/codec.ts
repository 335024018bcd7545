import { PipewrightError } from '../../internal/error.ts'
import { eventFormat, type AttemptFacts, type MetricSummary, type RunEvent } from '../event.ts'

// JSON has no NaN and no infinities, and a diverged loss is worth remembering: they are kept as text.
function textOf(value: number): number {
  return Number.isFinite(value) ? value : (String(value) as never)
}

function mapMetrics<Facts extends AttemptFacts>(facts: Facts, map: (value: number) => number): Facts {
  const metrics: Record<string, MetricSummary> = {}
  for (const [name, { last, min, max, count }] of Object.entries(facts.metrics))
    metrics[name] = { last: map(last), min: map(min), max: map(max), count }
  return { ...facts, metrics }
}

function isFinite(facts: AttemptFacts): boolean {
  for (const name in facts.metrics) {
    const { last, min, max } = facts.metrics[name]!
    if (!Number.isFinite(last) || !Number.isFinite(min) || !Number.isFinite(max)) return false
  }
  return true
}

/** An event as JSON text. */
export function encodeEvent(event: RunEvent): string {
  if ('facts' in event && event.facts !== undefined && !isFinite(event.facts))
    return JSON.stringify({ ...event, facts: mapMetrics<AttemptFacts>(event.facts, textOf) })
  return JSON.stringify(event)
}

/** Whether an event of a format can be read. */
export function isReadable(format: number): boolean {
  return format <= eventFormat
}

/** Which event a text is of, as far as that can be told of one from the future. */
function nameOf(data: string, run: string | undefined): string {
  const of = run === undefined || run === '' ? 'the workspace' : `run ${run}`
  try {
    const { type, node } = JSON.parse(data) as { readonly type?: unknown; readonly node?: unknown }
    const at = typeof node === 'string' ? ` of '${node}'` : ''
    return `${of} holds an event${typeof type === 'string' ? ` '${type}'` : ''}${at}`
  } catch {
    return `${of} holds an event`
  }
}

/** An event from its JSON text; one of a newer format is refused. */
export function decodeEvent(format: number, data: string, run?: string): RunEvent {
  if (!isReadable(format)) {
    throw new PipewrightError(
      'WORKSPACE_NEWER',
      `${nameOf(data, run)} in format ${format}, this pipewright reads formats up to ${eventFormat}`,
      {
        fix: 'upgrade pipewright (npm install pipewright@latest); other runs can be read meanwhile',
        details: { format, known: eventFormat, ...(run === undefined ? {} : { run }) },
      },
    )
  }
  const event = JSON.parse(data) as RunEvent
  if (!('facts' in event) || event.facts === undefined) return event
  const facts = readFacts<AttemptFacts>(event.facts)
  return facts === event.facts ? event : ({ ...event, facts } as RunEvent)
}

/** Facts as they were, from what JSON has kept of them. */
export function readFacts<Facts extends AttemptFacts>(kept: Facts): Facts {
  for (const name in kept.metrics) {
    const { last, min } = kept.metrics[name]!
    if (typeof last !== 'number' || typeof min !== 'number') return mapMetrics(kept, Number)
  }
  return kept
}
