import type { StandardSchemaV1, StandardJSONSchemaV1 } from '@standard-schema/spec'
import type { JsonObject } from '../internal/json.ts'

/** Any schema that implements Standard Schema. */
export type Schema<In = unknown, Out = In> = StandardSchemaV1<In, Out>

/** One thing wrong with a value. */
export interface SchemaIssue {
  /** Where: `.rows[3].radius`, or an empty text for the value itself. */
  readonly path: string
  readonly message: string
}

/** The outcome of a check. */
export type Checked =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issues: readonly SchemaIssue[] }

function issuePath(issue: StandardSchemaV1.Issue): string {
  return (issue.path ?? [])
    .map((part) => (typeof part === 'object' ? part.key : part))
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
}

function checked(result: StandardSchemaV1.Result<unknown>): Checked {
  if (result.issues === undefined) return { ok: true, value: result.value }
  return {
    ok: false,
    issues: result.issues.map((issue) => ({ path: issuePath(issue), message: issue.message })),
  }
}

/** Runs a schema over a value; synchronous when the schema is. All problems are reported, not only the first. */
export function check(schema: Schema, value: unknown): Checked | Promise<Checked> {
  const result = schema['~standard'].validate(value)
  return result instanceof Promise ? result.then(checked) : checked(result)
}

const transforms = new WeakMap<object, boolean>()

/** Whether a schema may take other values than it gives, as far as its library can tell. */
function mayTransform(schema: Schema): boolean {
  let known = transforms.get(schema)
  if (known === undefined) {
    // Defaults and unknown members make a schema take more than it gives, and give it back as it is.
    const shape = (side: 'input' | 'output'): string | undefined =>
      JSON.stringify(jsonSchemaOf(schema, side), (key, member: unknown) =>
        ['additionalProperties', 'required', 'default'].includes(key) ? undefined : member,
      )
    const gives = shape('output')
    known = gives === undefined || gives !== shape('input')
    transforms.set(schema, known)
  }
  return known
}

/** Whether a schema would still give a value that it gave before; also true where that cannot be told. */
export async function stillGives(schema: Schema, load: () => Promise<unknown>): Promise<boolean> {
  return mayTransform(schema) || (await check(schema, await load())).ok
}

/**
 * The schema of what a schema gives: it hands a value back as it is, checked where the schema is known not to
 * transform (as `stillGives` tells it).
 */
export function outputSchema(schema: Schema): Schema {
  const standard = schema['~standard'] as StandardSchemaV1.Props & Partial<StandardJSONSchemaV1.Props>
  return {
    '~standard': {
      version: 1,
      vendor: standard.vendor,
      validate: async (value: unknown) => {
        const result = mayTransform(schema) ? { value } : await standard.validate(value)
        return result.issues === undefined ? { value } : result
      },
      ...(standard.jsonSchema === undefined ? {} : { jsonSchema: standard.jsonSchema }),
    },
  }
}

/** Tells whether a value implements Standard Schema. */
export function isSchema(value: unknown): value is Schema {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { '~standard'?: { validate?: unknown } })['~standard']?.validate === 'function'
  )
}

// zod: what JSON Schema cannot express (a date, NaN, a transform) is `{}` and not an error.
const jsonSchemaOptions = { target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } } as const

const jsonSchemas = new WeakMap<object, JsonObject | null>()

/**
 * The JSON Schema of what a schema accepts, or of what it gives, where its library can tell (the
 * `jsonSchema` member of Standard Schema); undefined where it cannot.
 */
export function jsonSchemaOf(schema: Schema, side: 'input' | 'output' = 'output'): JsonObject | undefined {
  const known = side === 'output' ? jsonSchemas.get(schema) : undefined
  if (known !== undefined) return known ?? undefined
  const standard = schema['~standard'] as Partial<StandardJSONSchemaV1.Props>
  let found: JsonObject | null = null
  try {
    found = (standard.jsonSchema?.[side](jsonSchemaOptions) as JsonObject | undefined) ?? null
  } catch {
    // A schema that its library cannot express is simply not described.
  }
  if (side === 'output') jsonSchemas.set(schema, found)
  return found ?? undefined
}

/** The issues of a check as the lines of a message. */
export function issueLines(issues: readonly SchemaIssue[], most = 20, all = issues.length): string {
  const lines = issues
    .slice(0, most)
    .map((issue) => `  ${issue.path === '' ? '(value)' : issue.path}: ${issue.message}`)
  if (all > most) lines.push(`  … and ${all - most} more`)
  return lines.join('\n')
}
