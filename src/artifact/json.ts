import type { StandardSchemaV1 } from '@standard-schema/spec'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'
import { deepFreeze } from '../internal/freeze.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from './artifact.ts'
import { kindMark, type DecodeContext, type EncodeContext, type Kind, type KindDeclaration } from './kind.ts'
import { check, issueLines, jsonSchemaOf, stillGives, type Schema } from './schema.ts'

/** A json kind, with the schema that its inputs are parsed by. */
export interface JsonKind<Get, Put = Get> extends Kind<Get, Put> {
  readonly name: 'json'
  readonly schema: Schema
}

/** Stores a JSON value: canonical bytes, so that its content digest is its blob digest. */
export async function encodeJson(value: unknown, context: EncodeContext): Promise<Artifact> {
  const bytes = Buffer.from(canonicalJson(value), 'utf8')
  const blob = await context.blobs.put(bytes)
  return {
    kind: 'json',
    digest: blob.digest,
    blob: blob.digest,
    size: blob.size,
    mediaType: 'application/json',
  }
}

/** The content digest of a JSON value. */
export function jsonDigest(value: unknown): ReturnType<typeof sha256> {
  return sha256(canonicalJson(value))
}

/** Reads a stored JSON value. */
export async function decodeJson(
  artifact: Artifact,
  context: Pick<DecodeContext, 'blobs'>,
): Promise<unknown> {
  const bytes = await context.blobs.bytes(artifact)
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as unknown
}

class SchemaKind implements JsonKind<unknown> {
  readonly [kindMark] = true
  readonly name = 'json'
  readonly schema: Schema

  constructor(schema: Schema) {
    this.schema = schema
  }

  declare(): KindDeclaration {
    const schema = jsonSchemaOf(this.schema)
    return schema === undefined ? { kind: 'json' } : { kind: 'json', schema }
  }

  async encode(value: unknown, context: EncodeContext): Promise<Artifact> {
    const result = await check(this.schema, value)
    if (!result.ok) {
      throw new PipewrightError(
        'OUTPUT_INVALID',
        `the value does not fit its schema:\n${issueLines(result.issues)}`,
        {
          details: { issues: result.issues },
        },
      )
    }
    return encodeJson(result.value, context)
  }

  stillGives(load: () => Promise<unknown>): Promise<boolean> {
    return stillGives(this.schema, load)
  }

  async decode(artifact: Artifact, context: DecodeContext): Promise<unknown> {
    return deepFreeze(await decodeJson(artifact, context))
  }
}

/**
 * A JSON value checked by a schema. Writing the schema alone means the same; `json` is for lists of kinds:
 * `list(json(z.string()))`.
 *
 * A value that JSON cannot hold (Date, Map, bigint, class instance, NaN, cycle) is refused when it is
 * returned, with its path.
 *
 * @example
 * ```ts
 * export const concatenate = defineStep({
 *   name: 'concatenate',
 *   inputs: { texts: list(json(z.string())) },
 *   outputs: { text: json(z.string()) }, // or z.string()
 *   run: ({ texts }) => ({ text: texts.join('\n') }),
 * })
 * ```
 */
export function json<S extends Schema>(
  schema: S,
): JsonKind<StandardSchemaV1.InferOutput<S>, StandardSchemaV1.InferInput<S>> {
  return new SchemaKind(schema)
}
