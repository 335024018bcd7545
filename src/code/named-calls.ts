import type { CallExpression, Node, ObjectExpression, ParseResult, Visitor } from 'oxc-parser'
import { unwrap } from './unwrap.ts'

/** A call that may define something: `defineStep({ name: 'load', … })`. */
export interface NamedCall {
  readonly callee: string
  /** Whether this is `defineStep` or `definePredictor`, under whatever name it was imported. */
  readonly defines: boolean
  /** Undefined where the name is not written as a literal. */
  readonly name: string | undefined
  /** Inside a function or a loop: it may run more than once, over other values each time. */
  readonly repeated: boolean
  /** Of a name that is no literal: whether it may be this one, by the texts around what is put into it. */
  mayBe(name: string): boolean
  /** The object that it is given, where that is written there. */
  readonly definition: ObjectExpression | undefined
  /** The outermost function, class or loop that it stands in. */
  readonly around: Node | undefined
  /** Where in the text. */
  readonly start: number
}

const definerNames = ['defineStep', 'definePredictor', 'definePythonStep']

/** The literal `name` in the object that a call is given; undefined: not a literal, null: there is none. */
function nameOf(object: ObjectExpression | undefined): string | undefined | null {
  if (object === undefined) return null
  let found: string | undefined | null = null
  for (const property of object.properties) {
    if (property.type === 'SpreadElement') {
      found ??= undefined
      continue
    }
    if (property.computed || keyOf(property.key) !== 'name') continue
    found =
      property.value.type === 'Literal' && typeof property.value.value === 'string'
        ? property.value.value
        : undefined
  }
  return found
}

function definitionOf({ arguments: [given] }: CallExpression): ObjectExpression | undefined {
  const object = given === undefined ? undefined : unwrap(given)
  return object?.type === 'ObjectExpression' ? object : undefined
}

/** Whether `train-${kind}` can give a name; what is not written as such a text may give any. */
function mayGive(object: ObjectExpression | undefined, name: string): boolean {
  if (object === undefined || object.properties.some(({ type }) => type === 'SpreadElement')) return true
  for (const property of object.properties) {
    if (property.type === 'SpreadElement' || property.computed || keyOf(property.key) !== 'name') continue
    const value = unwrap(property.value)
    if (value.type !== 'TemplateLiteral') return true
    const texts = value.quasis.map(({ value: { cooked, raw } }) => cooked ?? raw)
    const [first, last] = [texts[0]!, texts.at(-1)!]
    return name.length >= first.length + last.length && name.startsWith(first) && name.endsWith(last)
  }
  return true
}

/** The name under which a property is written. */
export function keyOf(key: Node): string | undefined {
  if (key.type === 'Identifier') return key.name
  return key.type === 'Literal' && typeof key.value === 'string' ? key.value : undefined
}

/** Reads the calls of a module that may define a step or a predictor. */
export function readNamedCalls(
  { module, program }: ParseResult,
  text: string,
  visitor: typeof Visitor,
): NamedCall[] {
  const calls: NamedCall[] = []
  const definers = new Set(definerNames)
  for (const { entries } of module.staticImports) {
    for (const { importName, localName } of entries)
      if (importName.name !== null && definerNames.includes(importName.name)) definers.add(localName.value)
  }
  let depth = 0
  const around: Node[] = []
  const enter = (node: Node): void => {
    depth++
    around.push(node)
  }
  const leave = (): void => {
    depth--
    around.pop()
  }
  new visitor({
    FunctionDeclaration: enter,
    'FunctionDeclaration:exit': leave,
    FunctionExpression: enter,
    'FunctionExpression:exit': leave,
    ArrowFunctionExpression: enter,
    'ArrowFunctionExpression:exit': leave,
    ClassBody: enter,
    'ClassBody:exit': leave,
    // What a static field holds is made once, where the class is declared.
    PropertyDefinition: (node) => void (node.static && depth--),
    'PropertyDefinition:exit': (node) => void (node.static && depth++),
    ForStatement: enter,
    'ForStatement:exit': leave,
    ForInStatement: enter,
    'ForInStatement:exit': leave,
    ForOfStatement: enter,
    'ForOfStatement:exit': leave,
    WhileStatement: enter,
    'WhileStatement:exit': leave,
    DoWhileStatement: enter,
    'DoWhileStatement:exit': leave,
    CallExpression(node) {
      const callee = text.slice(node.callee.start, node.callee.end)
      const defines = definers.has(callee.split('.').at(-1)!)
      const definition = definitionOf(node)
      const name = nameOf(definition)
      // What is given something else than an object may define too, where `defineStep` has another name.
      if (defines || name !== null || node.callee.type === 'Identifier')
        calls.push({
          callee,
          defines,
          name: name ?? undefined,
          repeated: depth > 0,
          mayBe: (wanted) =>
            (name ?? undefined) === undefined ? mayGive(definition, wanted) : name === wanted,
          definition,
          around: around[0],
          start: node.start,
        })
    },
  }).visit(program)
  return calls
}
