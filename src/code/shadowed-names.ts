import type { Node } from 'oxc-parser'
import { namesOf, nameOf } from './names.ts'
import { isNode, normalForm } from './normal-form.ts'

type AnyNode = Node & Readonly<Record<string, unknown>>

const none: ReadonlySet<string> = new Set()

/**
 * Names that stand for something of a function's own in all of it, whatever the module calls so: its parameters, and
 * what its body declares at the top, but for what defaults of parameters may mean.
 */
export function shadowedNames(declaration: AnyNode): ReadonlySet<string> {
  const code = functionOf(declaration)
  if (code === undefined) return none
  const parameters = code['params'] as unknown as readonly AnyNode[]
  const names = new Set(parameters.flatMap(namesOf))
  const { body } = code as unknown as { readonly body: AnyNode | null }
  if (body?.type !== 'BlockStatement') return names
  const inDefaults = new Set(parameters.flatMap((parameter) => [...normalForm(parameter).names]))
  for (const statement of body.body as unknown as readonly AnyNode[])
    for (const name of declaredBy(statement)) if (!inDefaults.has(name)) names.add(name)
  return names
}

function functionOf(declaration: AnyNode): AnyNode | undefined {
  if (declaration.type === 'FunctionDeclaration') return declaration
  const { id, init } = declaration as unknown as { readonly id?: AnyNode; readonly init?: AnyNode | null }
  if (declaration.type !== 'VariableDeclarator' || id?.type !== 'Identifier' || !isNode(init))
    return undefined
  return /^(?:Arrow)?FunctionExpression$/.test(init.type) ? init : undefined
}

function declaredBy(statement: AnyNode): string[] {
  switch (statement.type) {
    case 'VariableDeclaration':
      return statement.declarations.flatMap(({ id }) => namesOf(id as AnyNode))
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      return statement.id === null ? [] : [nameOf(statement.id)]
    default:
      return []
  }
}
