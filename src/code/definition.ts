import type { NamedCall } from './named-calls.ts'
import type { ParsedModule } from './parsed-module.ts'
import type { Piece } from './pieces.ts'

/** Why the name cannot be tied to one definition at the top level of its module; undefined when it can. */
function ambiguity(name: string, module: ParsedModule): string | undefined {
  const own = module.calls().filter((call) => call.name === name)
  const once = own.filter((call) => !call.repeated)
  const made = (calls: readonly NamedCall[]): string | undefined =>
    calls.some((call) => call.repeated)
      ? 'it is made inside a function or a loop: give it a `version`'
      : undefined
  const unnamed = 'its name is not written as a literal at the top level of its module: give it a `version`'
  if (once.length === 0) return made(own) ?? made(module.calls().filter((call) => call.defines)) ?? unnamed
  // A pipeline, or a log line, may bear the name of a step.
  const defined = once.filter((call) => call.defines)
  const [call, ...others] = defined.length > 0 ? defined : once
  if (others.length > 0)
    return `its module defines '${name}' more than once: give them a \`version\` or other names`
  const rivals = module
    .calls()
    .filter(
      (other) =>
        other !== call &&
        (other.defines || other.callee === call!.callee) &&
        (other.name === undefined || other.name === name),
    )
  if (rivals.length === 0) return undefined
  return (
    made(rivals) ??
    `its module also defines something whose name is not written as a literal: give '${name}' a \`version\``
  )
}

/** The piece of a module in which something is defined, or why that cannot be told. */
export function definitionOf(name: string, module: ParsedModule): Piece | string {
  const reason = ambiguity(name, module)
  if (reason !== undefined) return reason
  const calls = module.calls().filter((call) => call.name === name && !call.repeated)
  const { start } = calls.find((call) => call.defines) ?? calls[0]!
  const piece = module.pieces.pieces.find((one) => one.start <= start && start < one.end)
  if (piece === undefined) return 'its definition is not found: give it a `version`'
  // A function that was made by a call has captured what no text tells.
  return piece.effect && !module.pieces.isWhole
    ? 'its definition calls what may do anything, such as a function that makes its `run`: give it a `version`'
    : piece
}
