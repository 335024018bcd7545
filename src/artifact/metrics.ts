import type { StandardSchemaV1 } from '@standard-schema/spec'
import { canonicalJson } from '../internal/canonical.ts'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import { own } from '../internal/own.ts'
import type { Artifact } from './artifact.ts'
import { deepFreeze } from '../internal/freeze.ts'
import { kindMark, type DecodeContext, type EncodeContext, type Kind, type KindDeclaration } from './kind.ts'
import { check, stillGives, issueLines, jsonSchemaOf, type Schema, type SchemaIssue } from './schema.ts'
import type { JsonObject } from '../internal/json.ts'

type Fields = Readonly<Record<string, Schema>>

/** The record that a {@link metrics} output gives. */
export type MetricValues<F extends Fields> = { readonly [K in keyof F]: StandardSchemaV1.InferOutput<F[K]> }

/** The record that a step returns for a {@link metrics} output. */
export type MetricInputs<F extends Fields> = { readonly [K in keyof F]: StandardSchemaV1.InferInput<F[K]> }

const nonFinite: ReadonlySet<string> = new Set(['NaN', 'Infinity', '-Infinity'])

/** The numbers that JSON cannot hold, in the place of their marks. */
export function restoreNumbers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(restoreNumbers)
  if (typeof value !== 'object' || value === null) return value
  const record = value as Record<string, unknown>
  if (nonFinite.has(record.$number as string) && Object.keys(record).length === 1)
    return Number(record.$number)
  return Object.fromEntries(Object.entries(record).map(([name, member]) => [name, restoreNumbers(member)]))
}

/** Reads stored metrics, NaN and infinities included. */
export async function decodeMetrics(
  artifact: Artifact,
  context: Pick<DecodeContext, 'blobs'>,
): Promise<unknown> {
  const bytes = await context.blobs.bytes(artifact)
  return deepFreeze(restoreNumbers(JSON.parse(Buffer.from(bytes).toString('utf8'))))
}

class MetricsKind implements Kind<unknown> {
  readonly [kindMark] = true
  readonly name = 'metrics'
  readonly fields: Fields

  constructor(fields: Fields) {
    this.fields = fields
  }

  declare(): KindDeclaration {
    const properties: Record<string, JsonObject> = {}
    for (const [name, schema] of Object.entries(this.fields)) properties[name] = jsonSchemaOf(schema) ?? {}
    return { kind: 'metrics', schema: { type: 'object', properties } }
  }

  async encode(value: unknown, context: EncodeContext): Promise<Artifact> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      const what = value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value
      throw new PipewrightError('OUTPUT_INVALID', `the value is a ${what}, not a record of metrics`, {
        fix: `return { ${Object.keys(this.fields).join(', ')} }`,
      })
    }
    const issues: SchemaIssue[] = []
    const record: Record<string, unknown> = {}
    const given = value as Record<string, unknown>
    for (const [name, schema] of Object.entries(this.fields)) {
      const result = await check(schema, own(given, name))
      if (result.ok) record[name] = result.value
      else issues.push(...result.issues.map((issue) => ({ ...issue, path: `.${name}${issue.path}` })))
    }
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(this.fields, name)) {
        issues.push({
          path: `.${name}`,
          message: `is not declared; ${didYouMean(name, Object.keys(this.fields))}`,
        })
      }
    }
    if (issues.length > 0) {
      throw new PipewrightError(
        'OUTPUT_INVALID',
        `the metrics do not fit their schema:\n${issueLines(issues)}`,
        {
          details: { issues },
        },
      )
    }
    const text = canonicalJson(record, { nonFinite: true })
    const blob = await context.blobs.put(Buffer.from(text, 'utf8'))
    const meta = JSON.parse(text) as JsonObject
    return {
      kind: 'metrics',
      digest: blob.digest,
      blob: blob.digest,
      size: blob.size,
      mediaType: 'application/json',
      meta,
    }
  }

  async stillGives(load: () => Promise<unknown>): Promise<boolean> {
    for (const [name, schema] of Object.entries(this.fields)) {
      const member = async (): Promise<unknown> =>
        own((await load()) as Readonly<Record<string, unknown>>, name)
      if (!(await stillGives(schema, member))) return false
    }
    return true
  }

  decode(artifact: Artifact, context: DecodeContext): Promise<unknown> {
    return decodeMetrics(artifact, context)
  }
}

/** Tells whether a kind is that of metrics. */
export function isMetricsKind(
  kind: Kind<unknown, never>,
): kind is Kind<unknown, never> & { readonly fields: Fields } {
  return kind.name === 'metrics'
}

/**
 * Named numbers (or small values) that a step reports about its result; they are shown beside the run.
 *
 * Differs from a json output in two ways: NaN and infinities are kept where the schema allows them
 * (`z.number().or(z.nan())`), and the values are listed with the run's metrics.
 *
 * @example
 * ```ts
 * export const evaluate = defineStep({
 *   name: 'evaluate',
 *   inputs: { model: model(tumourClassifier), rows: table(Tumour) },
 *   outputs: { metrics: metrics({ auc: z.number(), rows: z.number().int() }) },
 *   run: async ({ model, rows }) => ({ metrics: { auc: await aucOf(model, rows), rows: rows.length } }),
 * })
 * ```
 */
export function metrics<F extends Fields>(fields: F): Kind<MetricValues<F>, MetricInputs<F>> {
  return new MetricsKind(fields) as never
}
