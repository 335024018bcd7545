import { isSameText, placeOf } from './loaded-place.ts'
import { keyOf, type NamedCall } from './named-calls.ts'
import type { ParsedModule } from './parsed-module.ts'
import type { FunctionView } from './scope-values.ts'

type AnyFunction = (...values: never[]) => unknown

/**
 * The definition in a module whose function this is, found by where the function stands in the script that was loaded
 * and, where that is not the file itself, the map that its loader has made. Undefined where that proves nothing.
 */
export function definitionBehind(
  run: AnyFunction,
  view: FunctionView,
  module: ParsedModule,
): NamedCall | undefined {
  if (view.file !== module.path) return undefined
  const at = placeOf(view, module)
  if (at === undefined) return undefined
  const found = module
    .calls()
    .flatMap((call) => {
      const body = call.defines ? bodyOf(call) : undefined
      return body !== undefined && body.start <= at.offset && at.offset < body.end ? [{ call, body }] : []
    })
    .toSorted((a, b) => a.body.end - a.body.start - (b.body.end - b.body.start))
  const [nearest] = found
  if (nearest === undefined) return undefined
  const { call, body } = nearest
  // A map vouches for the place; without one the text must be that of the file, but for types that were blanked out.
  return at.isMapped || isSameText(String(run), module.text.slice(body.from, body.end)) ? call : undefined
}

interface Body {
  /** With its name. */
  readonly start: number
  /** Where the text of the function begins. */
  readonly from: number
  readonly end: number
}

/** The function that a definition has written in it: `run`, or `predict`. */
function bodyOf({ definition }: NamedCall): Body | undefined {
  for (const property of definition?.properties ?? []) {
    if (property.type === 'SpreadElement' || property.computed) continue
    const name = keyOf(property.key)
    if (name !== 'run' && name !== 'predict') continue
    if (!/^(?:Arrow)?FunctionExpression$/.test(property.value.type)) return undefined
    const { start, end } = property
    return { start, end, from: property.method ? start : property.value.start }
  }
  return undefined
}
