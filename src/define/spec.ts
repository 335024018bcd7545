import type { StandardSchemaV1 } from '@standard-schema/spec'
import { PipewrightError } from '../internal/error.ts'
import { json } from '../artifact/json.ts'
import { isKind, type Kind } from '../artifact/kind.ts'
import { check, isSchema } from '../artifact/schema.ts'
import { checkName } from './name.ts'

/** A declared input or output: a kind, or any Standard Schema (a json value). */
export type Spec = Kind<unknown, never> | StandardSchemaV1<unknown, unknown>

/** Named specs. */
export type Specs = Readonly<Record<string, Spec>>

/** What is wired into an input of this spec. */
export type Wired<S> =
  S extends Kind<infer Get, never> ? Get : S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : never

/** What a step receives for an input of this spec, and what a ref to an output of it stands for. */
export type Received<S> =
  S extends Kind<infer Get, never>
    ? Get
    : S extends StandardSchemaV1
      ? StandardSchemaV1.InferOutput<S>
      : never

/** Plain data whose lists may be readonly: literals that a step returns keep their exact types, and are. */
type Loose<T, Depth extends readonly unknown[] = []> = Depth['length'] extends 4
  ? T
  : T extends readonly unknown[] | Plain
    ? { readonly [K in keyof T]: Loose<T[K], readonly [...Depth, unknown]> }
    : T

type Plain = Readonly<Record<string, unknown>>

/** What a step returns for an output of this spec. */
export type Returned<S> =
  S extends Kind<infer _Get, infer Put>
    ? Put
    : S extends StandardSchemaV1
      ? Loose<StandardSchemaV1.InferInput<S>>
      : never

type OptionalNames<I> = { [K in keyof I]: undefined extends Wired<I[K]> ? K : never }[keyof I]

/** The inputs that a caller wires: those whose schema accepts undefined are optional. */
export type InputsOf<I> = {
  [K in Exclude<keyof I, OptionalNames<I>>]: Wired<I[K]>
} & { [K in OptionalNames<I>]?: Wired<I[K]> } extends infer R
  ? { [K in keyof R]: R[K] }
  : never

/** The inputs that `run` receives. */
export type ReceivedOf<I> = { readonly [K in keyof I]: Received<I[K]> }

/** The outputs that `run` returns. */
export type ReturnedOf<O> = { readonly [K in keyof O]: Returned<O[K]> }

/** The outputs as refs stand for them and as a caller gets them. */
export type OutputsOf<O> = { [K in keyof O]: Received<O[K]> }

/** Specs with every schema turned into its kind. */
export type Kinds = Readonly<Record<string, Kind<unknown, never>>>

/** Turns declared specs into kinds; anything else is `DEFINITION_INVALID`, named. */
export function toKinds(specs: Specs, owner: string, side: 'input' | 'output'): Kinds {
  const kinds: Record<string, Kind<unknown, never>> = {}
  for (const [name, spec] of Object.entries(specs)) {
    checkName(side, name)
    if (isKind(spec)) kinds[name] = spec
    else if (isSchema(spec)) kinds[name] = json(spec) as Kind<unknown, never>
    else {
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `${owner}: ${side} '${name}' is neither a kind nor a schema`,
        {
          fix: 'give a schema such as z.number(), or a kind such as table(Row), model(predictor), file(…)',
          details: { owner, [side]: name },
        },
      )
    }
  }
  return Object.freeze(kinds)
}

/** Tells which inputs may be left out: those whose schema accepts undefined. */
export function optionalNames(specs: Specs): ReadonlySet<string> {
  const names = new Set<string>()
  for (const [name, spec] of Object.entries(specs)) {
    if (isKind(spec)) {
      if (spec.name === 'json' && acceptsUndefined((spec as unknown as { schema: StandardSchemaV1 }).schema))
        names.add(name)
    } else if (acceptsUndefined(spec)) names.add(name)
  }
  return names
}

function acceptsUndefined(schema: StandardSchemaV1): boolean {
  try {
    const result = check(schema, undefined)
    // An asynchronous schema cannot be asked while defining; the run will tell.
    return result instanceof Promise ? (result.catch(() => undefined), true) : result.ok
  } catch {
    // Its own code cannot do anything with undefined.
    return false
  }
}
