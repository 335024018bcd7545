import type { Digest } from '../internal/digest.ts'
import type { JsonObject } from '../internal/json.ts'
import type { ModelSignature } from './any-model.ts'
import type { Artifact, KindName } from './artifact.ts'
import type { BlobReader, BlobWriter } from './blob.ts'
import type { AnyPredictor } from './predictor.ts'

declare const types: unique symbol

/** Marks kinds of every installed copy of the package. */
export const kindMark: unique symbol = Symbol.for('pipewright.kind') as never

/** What a plan says about a kind: pure JSON. */
export interface KindDeclaration {
  readonly kind: KindName
  /** JSON Schema of the value (json, metrics) or of a row (table), where the schema library gives one. */
  readonly schema?: JsonObject
  readonly mediaType?: string
  readonly predictor?: string
  /** Of a model that is carried as files. */
  readonly format?: string
  /** JSON Schemas of one input and one output of a model that is carried as files. */
  readonly signature?: ModelSignature
  readonly of?: KindDeclaration
}

/** What a kind needs in order to store a value. */
export interface EncodeContext {
  readonly blobs: BlobWriter
  /** Where paths that a step returns are looked up, and must lie. */
  readonly workdir: () => Promise<string>
  /** The code digest of a predictor. */
  readonly predictorDigest: (predictor: AnyPredictor) => Promise<Digest>
  /** The folder of the project, which places of code are told relative to; without it none is told. */
  readonly project?: string
}

/** What a kind needs in order to give a stored value to a step. */
export interface DecodeContext {
  readonly blobs: BlobReader
  /** The name of the input: what a materialised file is named after. */
  readonly name: string
  /** A folder of the consumer's own. */
  readonly workdir: () => Promise<string>
  /** The code digest of a predictor. */
  readonly predictorDigest: (predictor: AnyPredictor) => Promise<Digest>
}

/**
 * How a value is checked, stored and given back. `Get` is what a step receives and what a ref of this kind
 * stands for, `Put` what a step may return. Kinds are made by `json`, `table`, `model`, `metrics`, `file`,
 * `directory`, `report` and `list`.
 *
 * @port
 */
export interface Kind<out Get, in Put = Get> {
  /** Carries the types; there is no such property at run time. */
  readonly [types]?: (put: Put) => Get
  readonly [kindMark]: true
  readonly name: KindName
  /** The kind in a plan. */
  declare(): KindDeclaration
  /** Checks a returned value and stores it; throws `OUTPUT_INVALID` or `VALUE_NOT_STORABLE`. */
  encode(value: unknown, context: EncodeContext): Promise<Artifact>
  /**
   * Tells whether a stored value, which is loaded when it is needed, would pass today's schema; absent where the
   * declaration says all of it.
   */
  stillGives?(load: () => Promise<unknown>): Promise<boolean>
  /** Gives a stored value to a step. */
  decode(artifact: Artifact, context: DecodeContext): Promise<Get>
}

/** Tells whether a declared input or output is a kind (else it is a schema). */
export function isKind(value: unknown): value is Kind<unknown, never> {
  return typeof value === 'object' && value !== null && kindMark in value
}
