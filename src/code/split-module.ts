import type { Node, Program } from 'oxc-parser'
import { nameOf, namesOf } from './names.ts'
import { isErased, isNode } from './normal-form.ts'
import {
  CodePiece,
  defaultName,
  whole,
  type KnownImports,
  type Link,
  type ModulePieces,
  type Piece,
} from './pieces.ts'
import {
  describingNames,
  isDescribing,
  isMaking,
  isOutside,
  isPure,
  isPureClass,
  isPureEnum,
  isPureFunction,
  isPurePattern,
  type Describing,
} from './purity.ts'

type AnyNode = Node & Readonly<Record<string, unknown>>

const nothingKnown: KnownImports = { described: new Set(), callable: new Set() }

/** Splits a module into its pieces. */
export function readPieces(
  program: Program,
  path: string,
  text: string,
  known: KnownImports = nothingKnown,
): ModulePieces {
  const body = program.body as unknown as readonly AnyNode[]
  const isScript = !body.some((node) => /^(?:Import|Export)/.test(node.type))
  const isCommonJs = /\.c[jt]s$/.test(path) || (isScript && /\b(?:require|exports)\b/.test(text))
  const isOpen =
    isCommonJs || /\beval\s*\(/.test(text) || body.some(({ type }) => type === 'TSExportAssignment')
  return isOpen ? whole(text) : split(body, known)
}

function split(body: readonly AnyNode[], known: KnownImports): ModulePieces {
  const imports = new Map<string, Link>()
  const exports = new Map<string, string | Link>()
  const stars: string[] = []
  const pieces: Piece[] = []
  const declared = new Set<string>()
  for (const node of body) for (const name of declaredBy(node)) declared.add(name)
  const describing = describingNames(declared)
  /** Those of them whose results describe too. */
  const lasting = new Set(describing)
  const add = (
    node: AnyNode,
    names: readonly string[],
    type: Piece['type'],
    effect: boolean,
    fixed = type !== 'variable',
    assignable = false,
  ): void => {
    if (isErased(node)) return
    const { start, end } = node as unknown as { start: number; end: number }
    pieces.push(new CodePiece(node, { names, type, start, end, effect, fixed, assignable }))
  }
  const addDeclaration = (node: AnyNode, more: readonly string[] = []): void => {
    if (node.type === 'FunctionDeclaration') add(node, [...declaredBy(node), ...more], 'function', false)
    else if (node.type === 'ClassDeclaration')
      add(node, [...declaredBy(node), ...more], 'class', !isPureClass(node, describing))
    else if (node.type === 'VariableDeclaration') {
      for (const declarator of node.declarations as unknown as AnyNode[]) {
        const init = declarator['init'] as AnyNode | null
        const isPlain = (declarator['id'] as AnyNode).type === 'Identifier'
        const pure =
          isPurePattern(declarator['id'] as AnyNode, describing) &&
          (init === null || isPure(init, describing))
        const names = namesOf(declarator['id'] as AnyNode)
        const isDescription = init !== null && pure && isDescriptionOf(init, lasting)
        if (isPlain && isDescription) {
          describing.add(names[0]!)
          lasting.add(names[0]!)
        }
        add(
          declarator,
          names,
          'variable',
          !pure,
          isPlain && (isDescription || isFixed(init)),
          node.kind === 'let' || node.kind === 'var',
        )
      }
    } else add(node, declaredBy(node), 'statement', !isPureEnum(node, describing))
  }
  for (const node of body)
    if (node.type === 'ImportDeclaration') readImport(node, imports, describing, lasting)
  for (const name of known.described) lasting.add(name)
  for (const name of [...known.described, ...known.callable]) describing.add(name)
  // Functions that make steps, and the like, may be called without an effect.
  for (const [name, code] of functionsIn(body)) if (isPureFunction(code, describing)) describing.add(name)
  for (const node of body) {
    switch (node.type) {
      case 'ImportDeclaration':
        break
      case 'ExportNamedDeclaration':
        if (node.declaration !== null) {
          for (const name of declaredBy(node.declaration as AnyNode)) exports.set(name, name)
          addDeclaration(node.declaration as AnyNode)
        }
        for (const { local, exported } of node.specifiers) {
          const name = nameOf(local)
          exports.set(nameOf(exported), node.source === null ? name : { specifier: node.source.value, name })
        }
        break
      case 'ExportAllDeclaration':
        if (node.exportKind === 'type') break
        if (node.exported === null) stars.push(node.source.value)
        else exports.set(nameOf(node.exported), { specifier: node.source.value, name: '*' })
        break
      case 'ExportDefaultDeclaration': {
        const declaration = node.declaration as AnyNode
        exports.set('default', defaultName)
        if (/^(?:Function|Class)Declaration$/.test(declaration.type))
          addDeclaration(declaration, [defaultName])
        else {
          const isPureDefault = isPure(declaration, describing)
          const isDescribed = declaration.type === 'Identifier' && lasting.has(declaration.name)
          if (isPureDefault && (isDescribed || isDescriptionOf(declaration, lasting))) {
            declared.add(defaultName)
            lasting.add(defaultName)
            describing.add(defaultName)
          }
          add(declaration, [defaultName], 'variable', !isPureDefault)
        }
        break
      }
      case 'ExpressionStatement': {
        const expression = node.expression as AnyNode
        // A definition that nobody keeps, or a directive: what else is called for nothing is called for what it does.
        add(
          node,
          [],
          'statement',
          !(isKnownDefinition(expression, imports) && isPure(expression, describing)),
        )
        break
      }
      default:
        addDeclaration(node)
    }
  }
  const loads = body.flatMap((node) => {
    const source = node['source'] as { readonly value: string } | null | undefined
    return source !== null && source !== undefined && !isErased(node) ? [source.value] : []
  })
  const own = (names: ReadonlySet<string>): ReadonlySet<string> =>
    new Set([...names].filter((name) => declared.has(name)))
  return {
    pieces,
    imports,
    exports,
    stars,
    loads,
    described: own(lasting),
    callable: own(describing),
    isWhole: false,
  }
}

/** The functions that a module declares, by name. */
function functionsIn(body: readonly AnyNode[]): [string, AnyNode][] {
  return body.flatMap((node): [string, AnyNode][] => {
    const declaration =
      node.type === 'ExportNamedDeclaration' && node.declaration !== null
        ? (node.declaration as AnyNode)
        : node
    if (declaration.type === 'FunctionDeclaration')
      return declaration.id === null ? [] : [[declaration.id.name, declaration]]
    if (declaration.type !== 'VariableDeclaration' || declaration.kind !== 'const') return []
    return declaration.declarations.flatMap(({ id, init }): [string, AnyNode][] =>
      id.type === 'Identifier' && /^(?:Arrow)?Function(?:Expression)?/.test(init?.type ?? '')
        ? [[id.name, init as AnyNode]]
        : [],
    )
  })
}

function readImport(
  node: AnyNode,
  imports: Map<string, Link>,
  describing: Describing,
  lasting: Describing,
): void {
  const { source, specifiers, importKind } = node as unknown as {
    source: { value: string }
    specifiers: readonly AnyNode[]
    importKind: string
  }
  if (importKind === 'type') return
  for (const entry of specifiers) {
    if (isErased(entry)) continue
    const local = nameOf(entry['local'])
    const name =
      entry.type === 'ImportNamespaceSpecifier'
        ? '*'
        : entry.type === 'ImportDefaultSpecifier'
          ? 'default'
          : nameOf(entry['imported'])
    imports.set(local, { specifier: source.value, name })
    // A definer's name may be anybody's.
    if (isMaking(source.value)) describing.add(local)
    else describing.delete(local)
    if (isOutside(source.value)) describing.add(`!${local}`)
    if (isDescribing(source.value)) lasting.add(local)
  }
}

/** Whether an initialiser gives what cannot be changed. */
function isFixed(init: AnyNode | null): boolean {
  switch (init?.type) {
    case 'Literal':
      return !('regex' in init)
    case 'TemplateLiteral':
    case 'BinaryExpression':
    case 'UnaryExpression':
    case 'ArrowFunctionExpression':
    case 'FunctionExpression':
    case 'ClassExpression':
      return true
    case 'TSAsExpression': {
      const { typeAnnotation, expression } = init as unknown as {
        typeAnnotation: AnyNode
        expression: AnyNode
      }
      return (
        (typeAnnotation['typeName'] as { name?: string } | undefined)?.name === 'const' || isFixed(expression)
      )
    }
    case 'TSSatisfiesExpression':
    case 'ParenthesizedExpression':
      return isFixed(init.expression as AnyNode)
    case 'CallExpression': {
      const { callee } = init
      return (
        callee.type === 'MemberExpression' &&
        nameOf(callee.object) === 'Object' &&
        nameOf(callee.property) === 'freeze'
      )
    }
    default:
      return false
  }
}

/** Whether a value is made by what describes, so that its methods describe too. */
function isDescriptionOf(init: AnyNode, describing: Describing): boolean {
  let at: AnyNode = init
  while (at.type === 'CallExpression' || at.type === 'MemberExpression')
    at = (at.type === 'CallExpression' ? at.callee : at.object) as AnyNode
  return at !== init && at.type === 'Identifier' && describing.has(at.name)
}

function declaredBy(node: AnyNode): string[] {
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
    case 'TSEnumDeclaration':
    case 'TSModuleDeclaration':
    case 'TSImportEqualsDeclaration':
      return isNode(node['id']) ? [nameOf(node['id'])] : []
    case 'VariableDeclaration':
      return node.declarations.flatMap(({ id }) => namesOf(id as AnyNode))
    case 'ExportNamedDeclaration':
      return node.declaration === null ? [] : declaredBy(node.declaration as AnyNode)
    default:
      return []
  }
}

/** Whether nothing but a definition is made, or a text stands there by itself. */
function isKnownDefinition(expression: AnyNode, imports: ReadonlyMap<string, Link>): boolean {
  if (expression.type === 'Literal') return true
  if (expression.type !== 'CallExpression' || expression.callee.type !== 'Identifier') return false
  const { name } = expression.callee
  return /^define[A-Z]/.test(imports.get(name)?.name ?? name)
}
