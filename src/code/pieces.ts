import type { Node, Program } from 'oxc-parser'
import { sha256, type Digest } from '../internal/digest.ts'
import { memberUses, type MemberUses } from './member-uses.ts'
import { isErased, isNode, normalForm } from './normal-form.ts'
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
  readingMethods,
  type Describing,
} from './purity.ts'

type AnyNode = Node & Readonly<Record<string, unknown>>

/** A part of a module at its top level: one declaration, or one statement. */
export interface Piece {
  /** The names that it declares. */
  readonly names: readonly string[]
  readonly type: 'function' | 'class' | 'variable' | 'statement'
  readonly start: number
  readonly end: number
  /** Of its normal form: no comments, no formatting, no types. */
  readonly digest: Digest
  /** All names that it may refer to. */
  readonly uses: ReadonlySet<string>
  /** Names whose objects it may change: it writes to them, calls their methods or hands them on. */
  readonly touches: ReadonlySet<string>
  /** Names whose objects it writes to, or which it gives a value outside of functions. */
  readonly writes: ReadonlySet<string>
  /** Names that functions in it give another value. */
  readonly reassigns: ReadonlySet<string>
  /** Names that stand for something of its own somewhere inside it. */
  readonly binds: ReadonlySet<string>
  /** Which members it asks for of what names stand for. */
  readonly members: MemberUses
  /** What a compiler makes of it depends on its options: it has decorators, fields of classes, or JSX. */
  readonly compiled: boolean
  /** Loading the module evaluates it, and that may do or read more than its text tells. */
  readonly effect: boolean
  /** What it declares cannot be changed by code elsewhere: a text, a number, a schema. */
  readonly fixed: boolean
  /** What it declares can be given another value: it is no `const`. */
  readonly assignable: boolean
}

/** Where a name of another module comes from: `name` is an export, or `*` for all of them. */
export interface Link {
  readonly specifier: string
  readonly name: string
}

/** A module by its parts. */
export interface ModulePieces {
  readonly pieces: readonly Piece[]
  /** By local name. */
  readonly imports: ReadonlyMap<string, Link>
  /** By exported name: a name of the module, or of another one. */
  readonly exports: ReadonlyMap<string, string | Link>
  /** The modules whose exports are all handed on. */
  readonly stars: readonly string[]
  /** Its parts cannot be told apart: it counts as a whole. */
  readonly isWhole: boolean
}

const defaultName = '*default*'

/** In a normal form. */
const compilersChange = /\((?:PropertyDefinition|AccessorProperty|Decorator|JSX)/

type Head = Omit<Piece, 'digest' | 'uses' | 'compiled' | 'members' | keyof Changes>

/** A piece that reads its code when it is asked: of most modules most pieces are not reached. */
class CodePiece implements Piece {
  readonly names: Piece['names']
  readonly type: Piece['type']
  readonly start: number
  readonly end: number
  readonly effect: boolean
  readonly fixed: boolean
  readonly assignable: boolean
  readonly #node: AnyNode
  #form: Pick<Piece, 'digest' | 'uses' | 'compiled'> | undefined
  #changes: ReturnType<typeof changesOf> | undefined

  constructor(node: AnyNode, head: Head) {
    this.#node = node
    this.names = head.names
    this.type = head.type
    this.start = head.start
    this.end = head.end
    this.effect = head.effect
    this.fixed = head.fixed
    this.assignable = head.assignable
  }

  get digest(): Digest {
    return this.#read().digest
  }

  get uses(): ReadonlySet<string> {
    return this.#read().uses
  }

  get compiled(): boolean {
    return this.#read().compiled
  }

  get members(): MemberUses {
    return memberUses(this.#node)
  }

  get touches(): ReadonlySet<string> {
    return (this.#changes ??= changesOf(this.#node)).touches
  }

  get writes(): ReadonlySet<string> {
    return (this.#changes ??= changesOf(this.#node)).writes
  }

  get reassigns(): ReadonlySet<string> {
    return (this.#changes ??= changesOf(this.#node)).reassigns
  }

  get binds(): ReadonlySet<string> {
    return (this.#changes ??= changesOf(this.#node)).binds
  }

  #read(): Pick<Piece, 'digest' | 'uses' | 'compiled'> {
    if (this.#form === undefined) {
      const { text, names } = normalForm(this.#node)
      this.#form = { digest: sha256(text), uses: names, compiled: compilersChange.test(text) }
    }
    return this.#form
  }
}

/** Splits a module into its pieces. */
export function readPieces(program: Program, path: string, text: string): ModulePieces {
  const body = program.body as unknown as readonly AnyNode[]
  const isScript = !body.some((node) => /^(?:Import|Export)/.test(node.type))
  const isCommonJs = /\.c[jt]s$/.test(path) || (isScript && /\b(?:require|exports)\b/.test(text))
  const isOpen =
    isCommonJs || /\beval\s*\(/.test(text) || body.some(({ type }) => type === 'TSExportAssignment')
  return isOpen ? whole(text) : split(body)
}

/** A module in one piece. */
export function whole(text: string): ModulePieces {
  const none: ReadonlySet<string> = new Set()
  const piece: Piece = {
    names: [],
    type: 'statement',
    start: 0,
    end: text.length,
    digest: sha256(text),
    uses: none,
    compiled: true,
    members: new Map(),
    touches: none,
    writes: none,
    reassigns: none,
    binds: none,
    effect: true,
    fixed: true,
    assignable: false,
  }
  return { pieces: [piece], imports: new Map(), exports: new Map(), stars: [], isWhole: true }
}

function split(body: readonly AnyNode[]): ModulePieces {
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
        else add(declaration, [defaultName], 'variable', !isPure(declaration, describing))
        break
      }
      case 'ExpressionStatement': {
        const expression = node.expression as AnyNode
        // A definition that nobody keeps, or a directive.
        add(node, [], 'statement', !isPure(expression, describing))
        break
      }
      default:
        addDeclaration(node)
    }
  }
  return { pieces, imports, exports, stars, isWhole: false }
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

function nameOf(node: unknown): string {
  const { name, value } = node as { readonly name?: string; readonly value?: string }
  return name ?? value ?? ''
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

/** The names that a pattern binds. */
function namesOf(node: AnyNode): string[] {
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

type Changes = Pick<Piece, 'touches' | 'writes' | 'reassigns' | 'binds'>

/** What the code of a piece may change, by name: objects that it writes to or hands on, names that functions assign. */
function changesOf(root: AnyNode): Changes {
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
