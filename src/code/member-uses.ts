import type { Node } from 'oxc-parser'
import { isErased, isNode } from './normal-form.ts'
import { unwrap } from './unwrap.ts'

type AnyNode = Node & Readonly<Record<string, unknown>>

/** Which members of what names stand for code asks for; `all` where it does more than that with a name. */
export type MemberUses = ReadonlyMap<string, ReadonlySet<string> | 'all'>

/** Reads which members of each name code asks for: of `lodash.get(…)` and `lodash.set` these are `get` and `set`. */
export function memberUses(root: Node): MemberUses {
  const uses = new Map<string, Set<string> | 'all'>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) visit(item)
      return
    }
    if (!isNode(value) || isErased(value)) return
    if (value.type === 'Identifier') {
      uses.set(value.name, 'all')
      return
    }
    const object = value.type === 'MemberExpression' ? unwrap(value.object) : undefined
    if (value.type === 'MemberExpression' && object?.type === 'Identifier') {
      const member = memberOf(value as AnyNode)
      if (member === undefined) uses.set(object.name, 'all')
      else {
        const known = uses.get(object.name) ?? new Set<string>()
        if (known !== 'all') uses.set(object.name, known.add(member))
      }
      if (value.computed) visit(value.property)
      return
    }
    for (const key in value) {
      if (key === 'type' || (key === 'key' && value['computed'] !== true && value['shorthand'] !== true))
        continue
      visit(value[key])
    }
  }
  visit(root)
  return uses
}

function memberOf(node: AnyNode): string | undefined {
  const property = node['property'] as AnyNode
  if (node['computed'] !== true) return property.type === 'Identifier' ? property.name : undefined
  return property.type === 'Literal' && typeof property.value === 'string' ? property.value : undefined
}
