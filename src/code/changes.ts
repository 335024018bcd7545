import type { Node } from 'oxc-parser'
import { namesOf } from './names.ts'
import { isErased, isNode } from './normal-form.ts'
import { readingMethods } from './purity.ts'

type AnyNode = Node & Readonly<Record<string, unknown>>

/** What code may change, by name. */
export interface Changes {
  /** Names whose objects it may change: it writes to them, calls their methods or hands them on. */
  readonly touches: ReadonlySet<string>
  /** Names whose objects it writes to, or which it gives a value outside of functions. */
  readonly writes: ReadonlySet<string>
  /** Names that functions in it give another value. */
  readonly reassigns: ReadonlySet<string>
  /** Names that stand for something of its own somewhere inside it. */
  readonly binds: ReadonlySet<string>
}

/** What the code of a piece may change, by name: objects that it writes to or hands on, names that functions assign. */
export function changesOf(root: AnyNode): Changes {
  const touches = new Set<string>()
  const binds = new Set<string>()
  const writes = new Set<string>()
  const reassigns = new Set<string>()
  const rootName = (node: AnyNode): string | undefined => {
    let at = node
    while (at.type === 'MemberExpression') at = at.object as AnyNode
    return at.type === 'Identifier' ? at.name : undefined
  }
  const target = (node: AnyNode, isInFunction: boolean): void => {
    if (node.type === 'MemberExpression') {
      const name = rootName(node)
      if (name !== undefined) writes.add(name)
    } else for (const name of namesOf(node)) (isInFunction ? reassigns : writes).add(name)
  }
  const handOn = (node: AnyNode): void => {
    const value = node.type === 'SpreadElement' ? (node.argument as AnyNode) : node
    if (value.type === 'Identifier') touches.add(value.name)
  }
  const visit = (value: unknown, isInFunction: boolean): void => {
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) visit(item, isInFunction)
      return
    }
    if (!isNode(value) || isErased(value)) return
    let isInside = isInFunction
    switch (value.type) {
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        isInside = true
        for (const parameter of value.params as unknown as AnyNode[])
          for (const name of namesOf(parameter)) binds.add(name)
        break
      case 'VariableDeclarator':
        if (value !== root) for (const name of namesOf(value.id as AnyNode)) binds.add(name)
        break
      case 'CatchClause':
        if (value.param !== null) for (const name of namesOf(value.param as AnyNode)) binds.add(name)
        break
      case 'AssignmentExpression':
        target(value.left as AnyNode, isInside)
        break
      case 'UpdateExpression':
        target(value.argument as AnyNode, isInside)
        break
      case 'UnaryExpression':
        if (value.operator === 'delete') target(value.argument as AnyNode, false)
        break
      case 'ForInStatement':
      case 'ForOfStatement':
        if (value.left.type !== 'VariableDeclaration') target(value.left as AnyNode, isInside)
        break
      case 'CallExpression': {
        const { callee } = value
        const isRead =
          callee.type === 'MemberExpression' &&
          callee.property.type === 'Identifier' &&
          readingMethods.has(callee.property.name)
        const receiver =
          callee.type === 'MemberExpression' && !isRead ? rootName(callee as AnyNode) : undefined
        if (receiver !== undefined) touches.add(receiver)
        for (const argument of value.arguments) handOn(argument as AnyNode)
        break
      }
      case 'NewExpression':
        for (const argument of value.arguments) handOn(argument as AnyNode)
        break
      default:
    }
    for (const key in value) if (key !== 'type') visit(value[key], isInside)
  }
  visit(root, false)
  for (const name of writes) touches.add(name)
  return { touches, writes, reassigns, binds }
}
