import type { Digest } from '../internal/digest.ts'
import type { JsonObject } from '../internal/json.ts'
import type { Stored } from './stored.ts'

/** JSON Schemas of one input and one output of a model; null where they are not known. */
export interface ModelSignature {
  readonly input: JsonObject | null
  readonly output: JsonObject | null
}

/**
 * A model of whatever format: it can be passed on, registered and read about.
 *
 * @example
 * ```ts
 * console.log(onnxModel.format, onnxModel.digest, onnxModel.signature.input) // onnx sha256:4be2… { type: 'object', … }
 * ```
 */
export interface AnyModel extends Stored<'model'> {
  /** `typescript`, or what a foreign one is declared with: `onnx`, `joblib`, … */
  readonly format: string
  /** The name of the predictor; undefined for a model of a foreign format. */
  readonly predictor?: string | undefined
  /** The content digest of the model's manifest; undefined until it has been stored. */
  readonly digest: Digest | undefined
  readonly signature: ModelSignature
}
