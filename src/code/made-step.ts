import type { Node } from 'oxc-parser'
import { sha256, type Digest } from '../internal/digest.ts'
import { changesOf } from './changes.ts'
import { localNames, type LocalName } from './local-names.ts'
import { keyOf, type NamedCall } from './named-calls.ts'
import { isNode, normalForm } from './normal-form.ts'
import type { ParsedModule } from './parsed-module.ts'
import { CodePiece, type Piece } from './pieces.ts'
import { isNamespace } from './reached-values.ts'
import type { FunctionScope } from './scope-values.ts'
import { Unreadable, valueText, type TextOptions } from './value-text.ts'

type AnyNode = Node & Readonly<Record<string, unknown>>

/** A step that was defined inside a function, a class or a loop: its code, and what that has captured. */
export interface MadeStep {
  /** What counts of its module: the function that makes it; of a loop that does more, the definition and functions beside it. */
  readonly pieces: readonly Piece[]
  /** Which of the definitions in it. */
  readonly digest: Digest
  /** How many of the scopes that its function sees are inside the piece. */
  readonly depth: number
  /** By name: digests of what it has captured; the text is why that cannot be told. */
  captured(options: TextOptions): Readonly<Record<string, Digest>> | string
}

/** Members of a definition that are told by the key in other ways, or change no result. */
const told = new Set([
  'name',
  'version',
  'cache',
  'ignore',
  'env',
  'secrets',
  'salt',
  'retry',
  'timeout',
  'resources',
  'effect',
])

const remedy = 'give it a `version`'

/**
 * Ties a step that was made by a function to the code of its definition and to what its function sees: whatever that
 * has captured is read by value. The text is why it cannot be told: a captured function that is not written in the same
 * place, `this`, a value that the declarations use and that no function shows.
 */
export function madeStep(
  call: NamedCall,
  scopes: readonly FunctionScope[],
  module: ParsedModule,
): MadeStep | string {
  const { definition, around, start } = call
  const piece = module.pieces.pieces.find((one) => one.start <= start && start < one.end)
  if (definition === undefined || around === undefined || piece === undefined || module.pieces.isWhole)
    return `it is made inside a function or a loop, and its definition is not written there: ${remedy}`
  if (usesThis(definition))
    return `it is made inside a function or a loop, and uses \`this\` or \`arguments\`: ${remedy}`
  const locals = localNames(around as AnyNode)
  const inner = innerScopes(scopes, locals, module)
  const seen = new Set(inner.flatMap(({ values }) => Object.keys(values)))
  const isPure = piece.names.some((name) => module.pieces.callable.has(name)) || isEvaluatedOnce(piece)
  const hidden = hiddenName(definition, locals, seen, isPure)
  if (hidden !== undefined)
    return `it is made inside a function or a loop, and what '${hidden}' is in its definition cannot be read: ${remedy}`
  const { reassigns, writes } = changesOf(around as AnyNode)
  const isIrrelevant = unused(definition, locals, seen)
  const pieces =
    piece.type === 'statement' && piece.effect
      ? [definition, ...functionsOf(locals)].map((node) => partOf(node as AnyNode))
      : [piece]
  return {
    pieces,
    // Other functions of the module may hold the same text.
    digest: sha256([normalForm(definition).text, piece.digest, ...pieces.map((one) => one.digest)].join(' ')),
    depth: inner.length,
    captured(options) {
      const digests: Record<string, Digest> = {}
      for (const { values } of inner)
        for (const [name, value] of Object.entries(values)) {
          if (isIrrelevant(name)) continue
          const local = locals.get(name)
          if (reassigns.has(name))
            return `'${name}', which it has captured, is given other values: use a \`const\`, or ${remedy}`
          // Its code stands in the same place, and sees no more.
          if (typeof value === 'function' && local?.isOnly === true && local.isFunction && !writes.has(name))
            continue
          let key = name
          while (Object.hasOwn(digests, key)) key += "'"
          try {
            digests[key] = sha256(valueText(value, options))
          } catch (error) {
            if (!(error instanceof Unreadable)) throw error
            return `what it has captured as '${name}' cannot be read (${error.message}): ${remedy}`
          }
        }
      return digests
    },
  }
}

/**
 * Tells of captured names whether the definition cannot mean them, directly or in functions beside it: what else is made
 * in the same function (other steps, a pipeline) sees them. A compiler adds
 * digits to names that the module has too; where it has renamed any otherwise, all may be meant.
 */
function unused(
  definition: Node,
  locals: ReadonlyMap<string, LocalName>,
  seen: ReadonlySet<string>,
): (name: string) => boolean {
  const used = new Set<string>()
  const open = [definition]
  for (let node = open.pop(); node !== undefined; node = open.pop())
    for (const name of normalForm(node).names) {
      if (used.has(name)) continue
      used.add(name)
      const local = locals.get(name)
      if (local?.isFunction === true && local.init !== undefined) open.push(local.init)
    }
  const original = (name: string): string | undefined =>
    locals.has(name) ? name : [name.replace(/\d+$/, '')].find((one) => locals.has(one))
  const isKnown = [...seen].every((name) => original(name) !== undefined)
  return (name) => {
    const known = original(name)
    return isKnown && locals.get(known!)!.isOnly && !used.has(known!)
  }
}

function functionsOf(locals: ReadonlyMap<string, LocalName>): Node[] {
  return [...locals.values()].flatMap(({ init, isFunction }) =>
    isFunction && init !== undefined ? [init] : [],
  )
}

function partOf(node: AnyNode): Piece {
  const { start, end } = node as unknown as { start: number; end: number }
  const nothingElse = { names: [], effect: false, fixed: true, assignable: false } as const
  return new CodePiece(node, { ...nothingElse, type: 'statement', start, end })
}

/** A declaration or a statement at the top level that only makes values: `kinds.map((kind) => defineStep(…))`. */
function isEvaluatedOnce({ type, effect }: Piece): boolean {
  return !effect && (type === 'variable' || type === 'statement')
}

/**
 * The scopes inside of the piece, up to the first one that holds a name of the module which no code in the piece binds:
 * a module, or the function that a loader has wrapped it in.
 */
function innerScopes(
  scopes: readonly FunctionScope[],
  locals: ReadonlyMap<string, LocalName>,
  { pieces }: ParsedModule,
): readonly FunctionScope[] {
  const outside = new Set(['module', 'exports', 'require', ...pieces.imports.keys()])
  for (const { names } of pieces.pieces) for (const name of names) outside.add(name)
  const end = scopes.findIndex(
    ({ isModule, values }) =>
      isModule ||
      Object.entries(values).some(
        ([name, value]) => !locals.has(name) && (outside.has(name) || isNamespace(name, value)),
      ),
  )
  return end === -1 ? scopes : scopes.slice(0, end)
}

/** A name of the function around that the declarations use, and whose value neither code nor scopes tell. */
function hiddenName(
  definition: Node & { readonly properties: readonly Node[] },
  locals: ReadonlyMap<string, LocalName>,
  seen: ReadonlySet<string>,
  isPure: boolean,
): string | undefined {
  const followed = new Set<string>()
  const hiddenIn = (node: Node): string | undefined => {
    for (const name of normalForm(node).names) {
      const local = locals.get(name)
      if (local === undefined || followed.has(name)) continue
      const { isOnly, init, start, isFunction } = local
      // Bound inside of the very code that uses it.
      if (isOnly && node.start <= start && start < node.end) continue
      followed.add(name)
      if (isOnly && seen.has(name)) continue
      if (!isOnly || init === undefined || !(isPure || isFunction)) return name
      const further = hiddenIn(init)
      if (further !== undefined) return further
    }
    return undefined
  }
  for (const property of definition.properties) {
    if (property.type === 'SpreadElement') return 'the rest'
    if (property.type !== 'Property') return 'a member'
    const name = property.computed ? undefined : keyOf(property.key)
    if (name !== undefined && (told.has(name) || name === 'run' || name === 'predict')) continue
    const hidden = hiddenIn(property)
    if (hidden !== undefined) return hidden
  }
  return undefined
}

function usesThis(root: Node): boolean {
  const visit = (value: unknown): boolean => {
    if (Array.isArray(value)) return value.some(visit)
    if (!isNode(value)) return false
    if (value.type === 'ThisExpression' || value.type === 'Super') return true
    if (value.type === 'MetaProperty' && value.meta.name === 'new') return true
    if (value.type === 'Identifier' && value.name === 'arguments') return true
    return Object.entries(value).some(([key, member]) => key !== 'type' && visit(member))
  }
  return visit(root)
}
