import type { Node } from 'oxc-parser'

/** Code without what does not change it: comments, formatting, types. */
export interface NormalForm {
  readonly text: string
  /** Every identifier that is not the name of a property: what the code may refer to, and more. */
  readonly names: ReadonlySet<string>
}

type AnyNode = Node & Readonly<Record<string, unknown>>

/** Gone when types are stripped. */
const erased = new Set([
  'EmptyStatement',
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'TSDeclareFunction',
  'TSAbstractPropertyDefinition',
  'TSAbstractMethodDefinition',
  'TSAbstractAccessorProperty',
  'TSEmptyBodyFunctionExpression',
  'TSIndexSignature',
  'TSNamespaceExportDeclaration',
])

/** Only their expression is left. */
const transparent = new Set([
  'ParenthesizedExpression',
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
])

const erasedKeys = new Set([
  'type',
  'start',
  'end',
  'range',
  'loc',
  'parent',
  'typeAnnotation',
  'typeParameters',
  'typeArguments',
  'superTypeArguments',
  'returnType',
  'implements',
  'accessibility',
  'declare',
  'definite',
  'readonly',
  'override',
  'abstract',
  // Said once more of an expression that is a text.
  'directive',
  'importKind',
  'exportKind',
])

export function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string'
}

/** Whether nothing is left of a node when types are stripped. */
export function isErased(node: AnyNode): boolean {
  if (erased.has(node.type) || node['declare'] === true) return true
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return true
  return node.type === 'MethodDefinition' && isNode(node['value']) && erased.has(node['value'].type)
}

/** The name of a property or a member that is written as such. */
function isPlainName(node: AnyNode, key: string): boolean {
  if (node['computed'] === true) return false
  if (node.type === 'MemberExpression') return key === 'property'
  const isMember = ['Property', 'MethodDefinition', 'PropertyDefinition', 'AccessorProperty'].includes(
    node.type,
  )
  return isMember && key === 'key'
}

/** Brings code into its normal form. Throws `RangeError` on code that is nested too deeply. */
export function normalForm(root: Node): NormalForm {
  const parts: string[] = []
  const names = new Set<string>()
  const write = (value: unknown, isName: boolean): void => {
    if (Array.isArray(value)) {
      parts.push('[')
      for (const item of value as unknown[]) {
        // A hole of a list is null, and counts.
        if (isNode(item) && isErased(item)) continue
        write(item, isName)
        parts.push(',')
      }
      parts.push(']')
    } else if (isNode(value)) writeNode(value, isName)
    else if (typeof value === 'bigint') parts.push(`${value}n`)
    else if (value instanceof RegExp) parts.push(String(value))
    else if (typeof value === 'object' && value !== null) {
      parts.push('{')
      for (const [key, member] of Object.entries(value)) {
        parts.push(key, ':')
        write(member, isName)
        parts.push(',')
      }
      parts.push('}')
    } else parts.push(JSON.stringify(value) ?? 'undefined')
  }
  const writeNode = (node: AnyNode, isName: boolean): void => {
    if (transparent.has(node.type)) return write(node['expression'], isName)
    const isIdentifier = node.type === 'Identifier' || node.type === 'JSXIdentifier'
    if (isIdentifier && !isName) names.add(node['name'] as string)
    parts.push('(', node.type)
    for (const key in node) {
      if (erasedKeys.has(key)) continue
      const value = node[key]
      // `optional` is `?` of a parameter or a member of a class, and `?.` only in a chain.
      if (key === 'optional' && node.type !== 'CallExpression' && node.type !== 'MemberExpression') continue
      // How a literal is written: 1e3, '\u0061'. A pattern and a bigint have no value of their own in every engine.
      if (key === 'raw' && node.type === 'Literal' && node['value'] !== null) continue
      if (key === 'decorators' && (value as unknown[]).length === 0) continue
      if (key === 'shorthand') continue
      // TypeScript alone gives the rest of a pattern a place for a default; it has none.
      if (key === 'value' && node.type === 'RestElement') continue
      if (isNode(value) && isErased(value)) continue
      parts.push(' ', key, ':')
      // A parameter `this` is a type.
      if (key === 'params' && Array.isArray(value) && isThis(value[0])) write(value.slice(1), false)
      else write(value, isPlainName(node, key))
    }
    parts.push(')')
  }
  write(root, false)
  return { text: parts.join(''), names }
}

function isThis(node: unknown): boolean {
  return isNode(node) && node.type === 'Identifier' && node['name'] === 'this'
}
