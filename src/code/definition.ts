import type { Digest } from '../internal/digest.ts'
import { definitionBehind } from './made-by.ts'
import { madeStep, type MadeStep } from './made-step.ts'
import type { NamedCall } from './named-calls.ts'
import type { ParsedModule } from './parsed-module.ts'
import type { Piece } from './pieces.ts'
import { ScopeReader } from './scope-values.ts'

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
      (other) => other !== call && (other.defines || other.callee === call!.callee) && other.mayBe(name),
    )
  if (rivals.length === 0) return undefined
  return (
    made(rivals) ??
    `its module also defines something whose name is not written as a literal: give '${name}' a \`version\``
  )
}

/** Where something is defined, and what of that its code does not tell. */
export interface Definition {
  readonly pieces: readonly Piece[]
  readonly digest: Digest
  /** Of what was made inside a function or a loop. */
  readonly made?: MadeStep
}

/**
 * The definition that bears a name in its module, or why that cannot be told. A name tells it where it is written once, as
 * a literal, at the top level; else the place of its function does.
 */
export async function definitionOf(
  name: string,
  run: ((...values: never[]) => unknown) | undefined,
  module: ParsedModule,
): Promise<Definition | string> {
  const reason = ambiguity(name, module)
  if (reason === undefined) {
    const calls = module.calls().filter((call) => call.name === name && !call.repeated)
    return definedBy(calls.find((call) => call.defines) ?? calls[0]!, module)
  }
  const view = run === undefined ? undefined : (await ScopeReader.open())?.view(run)
  const call = view === undefined ? undefined : definitionBehind(run!, view, module)
  if (call?.mayBe(name) !== true) return reason
  if (!call.repeated) return definedBy(call, module)
  const made = madeStep(call, view!.scopes, module)
  return typeof made === 'string' ? made : { pieces: made.pieces, digest: made.digest, made }
}

/** What is defined at the top level, by all that is declared with it. */
function definedBy({ start }: NamedCall, module: ParsedModule): Definition | string {
  const piece = module.pieces.pieces.find((one) => one.start <= start && start < one.end)
  if (piece === undefined) return 'its definition is not found: give it a `version`'
  // A function that was made by a call has captured what no text tells.
  return piece.effect && !module.pieces.isWhole
    ? 'its definition calls what may do anything, such as a function that makes its `run`: give it a `version`'
    : { pieces: [piece], digest: piece.digest }
}
