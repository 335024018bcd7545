import type { Node } from 'oxc-parser'
import { namesOf } from './names.ts'
import { isNode } from './normal-form.ts'

type AnyNode = Node & Readonly<Record<string, unknown>>

/** A name that code inside a function, a class or a loop gives a meaning of its own. */
export interface LocalName {
  /** Nothing else in there bears it. */
  readonly isOnly: boolean
  /** What a `const` is made of, or the function itself; undefined for parameters, `let`, `var` and loops. */
  readonly init: Node | undefined
  /** It is a function that is written there. */
  readonly isFunction: boolean
  /** Where in the text. */
  readonly start: number
}

/** All names that are bound inside a node, in whatever scope. */
export function localNames(root: AnyNode): ReadonlyMap<string, LocalName> {
  const found = new Map<string, LocalName>()
  const add = (name: string, start: number, init?: Node, isFunction = false): void => {
    found.set(name, { isOnly: !found.has(name), init, isFunction, start })
  }
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit)
    if (!isNode(value)) return
    switch (value.type) {
      case 'FunctionDeclaration':
        if (value.id !== null && value !== root) add(value.id.name, value.start, value, true)
        break
      case 'ClassDeclaration':
      case 'ClassExpression':
      case 'FunctionExpression':
        if (value.id !== null) add(value.id.name, value.start)
        break
      case 'VariableDeclaration':
        for (const { id, init, start } of value.declarations)
          for (const name of namesOf(id as AnyNode)) {
            const isFunction =
              id.type === 'Identifier' && /^(?:Arrow)?FunctionExpression$/.test(init?.type ?? '')
            const isConst = value.kind === 'const' && init !== null
            if (isConst) add(name, start, init, isFunction)
            else add(name, start)
          }
        break
      case 'CatchClause':
        if (value.param !== null) for (const name of namesOf(value.param as AnyNode)) add(name, value.start)
        break
      default:
    }
    if (/Function/.test(value.type))
      for (const parameter of value['params'] as readonly AnyNode[])
        for (const name of namesOf(parameter)) add(name, value['start'] as number)
    for (const key in value) if (key !== 'type') visit(value[key])
  }
  visit(root)
  return found
}
