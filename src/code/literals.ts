import type { Node } from 'oxc-parser'
import { isErased, isNode } from './normal-form.ts'

type AnyNode = Node & Readonly<Record<string, unknown>>

const containers = new Set(['Map', 'Set', 'WeakMap', 'WeakSet', 'Array'])

/** Whether an initialiser writes a value down: literals, and lists, records, maps and sets of them. */
export function isLiteral(value: unknown): boolean {
  if (!isNode(value)) return false
  const node = value as AnyNode
  switch (node.type) {
    case 'Literal':
      return true
    case 'TemplateLiteral':
      return node.expressions.length === 0
    case 'UnaryExpression':
      return isLiteral(node.argument)
    case 'ArrayExpression':
      return node.elements.every((element) => element !== null && isLiteral(element))
    case 'ObjectExpression':
      return node.properties.every(
        (property) =>
          property.type === 'Property' &&
          property.kind === 'init' &&
          !property.computed &&
          isLiteral(property.value),
      )
    case 'NewExpression':
      return (
        node.callee.type === 'Identifier' &&
        containers.has(node.callee.name) &&
        node.arguments.every(isLiteral)
      )
    case 'ParenthesizedExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSNonNullExpression':
      return isLiteral(node.expression)
    default:
      return false
  }
}

/** The variables that code names as `process.env.NAME`, or takes out of `process.env`. */
export function environmentOf(root: Node): ReadonlySet<string> {
  const names = new Set<string>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) visit(item)
      return
    }
    if (!isNode(value) || isErased(value)) return
    if (value.type === 'MemberExpression' && isEnvironment(value.object as AnyNode)) {
      const { property } = value
      if (!value.computed && property.type === 'Identifier') names.add(property.name)
      else if (property.type === 'Literal' && typeof property.value === 'string') names.add(property.value)
    }
    for (const key in value) if (key !== 'type') visit(value[key])
  }
  visit(root)
  return names
}

function isEnvironment(node: AnyNode): boolean {
  return (
    node.type === 'MemberExpression' &&
    node.object.type === 'Identifier' &&
    node.object.name === 'process' &&
    node.property.type === 'Identifier' &&
    node.property.name === 'env'
  )
}
