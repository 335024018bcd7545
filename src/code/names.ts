import type { Node } from 'oxc-parser'

type AnyNode = Node & Readonly<Record<string, unknown>>

/** The name of an identifier, or of what is imported and exported under a text. */
export function nameOf(node: unknown): string {
  const { name, value } = node as { readonly name?: string; readonly value?: string }
  return name ?? value ?? ''
}

/** The names that a pattern binds. */
export function namesOf(node: AnyNode): string[] {
  switch (node.type) {
    case 'Identifier':
      return [node.name]
    case 'ObjectPattern':
      return node.properties.flatMap((property) =>
        namesOf((property.type === 'Property' ? property.value : property.argument) as AnyNode),
      )
    case 'ArrayPattern':
      return node.elements.flatMap((element) => (element === null ? [] : namesOf(element as AnyNode)))
    case 'AssignmentPattern':
      return namesOf(node.left as AnyNode)
    case 'RestElement':
      return namesOf(node.argument as AnyNode)
    default:
      return []
  }
}
