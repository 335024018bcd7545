import { readFileSync, statSync } from 'node:fs'
import type { CallExpression, Node } from 'oxc-parser'
import { sha256, type Digest } from '../internal/digest.ts'

/** An import of a module, by the text that names it. */
export interface ModuleImport {
  readonly specifier: string
  readonly line: number
  /** By `require`: packages may export another file to it. */
  readonly required?: true
}

/** A call with an object literal that may carry a name: `defineStep({ name: 'load', … })`. */
export interface NamedCall {
  readonly callee: string
  /** Whether this is `defineStep` or `definePredictor`, under whatever name it was imported. */
  readonly defines: boolean
  /** Undefined where the name is not written as a literal. */
  readonly name: string | undefined
  /** Inside a function or a loop: it may run more than once, over other values each time. */
  readonly repeated: boolean
}

/** What cannot be read from the text of a module. */
export interface Gap {
  readonly file: string
  readonly line: number
  readonly reason: string
}

/** A module of the project as it was read. */
export interface ParsedModule {
  readonly path: string
  readonly digest: Digest
  /** When the file's content or place last changed, in milliseconds since the epoch. */
  readonly changedAt: number
  readonly imports: readonly ModuleImport[]
  readonly calls: readonly NamedCall[]
  readonly gaps: readonly Gap[]
}

interface Remembered {
  readonly look: string
  readonly module: ParsedModule
}

const remembered = new Map<string, Remembered>()

/** Reads and parses a module; a file that looks as it did is not read again. */
export async function parseModule(path: string): Promise<ParsedModule> {
  const { size, mtimeNs, ctimeNs, ctimeMs, ino } = statSync(path, { bigint: true })
  const look = `${size} ${mtimeNs} ${ctimeNs} ${ino}`
  const known = remembered.get(path)
  if (known?.look === look) return known.module
  const text = readFileSync(path)
  const read = /\.[cm]?[jt]sx?$/.test(path)
    ? await readCode(path, text.toString('utf8'))
    : { imports: [], calls: [], gaps: [] }
  const module: ParsedModule = { path, digest: sha256(text), changedAt: Number(ctimeMs), ...read }
  remembered.set(path, { look, module })
  return module
}

type Code = Pick<ParsedModule, 'imports' | 'calls' | 'gaps'>

async function readCode(path: string, text: string): Promise<Code> {
  const { parseSync, Visitor } = await import('oxc-parser')
  const { module, program, errors } = parseSync(path, text)
  const lineOf = lines(text)
  const imports: ModuleImport[] = []
  const gaps: Gap[] = []
  const calls: NamedCall[] = []
  const add = (specifier: string, start: number, required?: true): void =>
    void imports.push({ specifier, line: lineOf(start), ...(required === undefined ? {} : { required }) })
  const gap = (start: number, reason: string): void =>
    void gaps.push({ file: path, line: lineOf(start), reason })
  if (errors.length > 0) gap(errors[0]!.labels[0]?.start ?? 0, `cannot be parsed: ${errors[0]!.message}`)
  const definers = new Set(definerNames)
  for (const { moduleRequest, entries, start, end } of module.staticImports) {
    // `import type from './a'` imports a value that is called `type`.
    if (!/^import\s+type\b/.test(text.slice(start, end)) || entries.some(({ isType }) => !isType))
      add(moduleRequest.value, start)
    for (const { importName, localName } of entries)
      if (importName.name !== null && definerNames.includes(importName.name)) definers.add(localName.value)
  }
  for (const { entries, start, end } of module.staticExports) {
    if (/^export\s+type\b/.test(text.slice(start, end)) && entries.every(({ isType }) => isType)) continue
    for (const { moduleRequest } of entries) if (moduleRequest !== null) add(moduleRequest.value, start)
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const literal = /^(['"`])([^'"`$]*)\1$/.exec(text.slice(moduleRequest.start, moduleRequest.end).trim())
    if (literal === null) gap(start, 'an import() whose module is not a literal')
    else add(literal[2]!, start)
  }
  let depth = 0
  const enter = (): void => void depth++
  const leave = (): void => void depth--
  /** The calls of createRequire whose result is called `require`: those of any other name are not seen. */
  const seen = new Set<number>()
  new Visitor({
    FunctionDeclaration: enter,
    'FunctionDeclaration:exit': leave,
    FunctionExpression: enter,
    'FunctionExpression:exit': leave,
    ArrowFunctionExpression: enter,
    'ArrowFunctionExpression:exit': leave,
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
    TSImportEqualsDeclaration({ moduleReference, importKind, start }) {
      if (moduleReference.type === 'TSExternalModuleReference' && importKind !== 'type')
        add(moduleReference.expression.value, start, true)
    },
    VariableDeclarator({ id, init }) {
      if (id.type === 'Identifier' && id.name === 'require' && init !== null) seen.add(init.start)
    },
    CallExpression(node) {
      const required = requiredModule(node)
      if (required !== undefined) {
        if (required === null) gap(node.start, 'a require() whose module is not a literal')
        else add(required, node.start, true)
      }
      const callee = text.slice(node.callee.start, node.callee.end)
      if (/(?:^|\.)createRequire$/.test(callee) && !seen.has(node.start))
        gap(node.start, 'a createRequire() whose result is not called require')
      const defines = definers.has(callee.split('.').at(-1)!)
      const name = nameOf(node)
      if (defines || name !== null)
        calls.push({
          callee,
          defines,
          name: name ?? undefined,
          repeated: depth > 0,
        })
    },
  }).visit(program)
  return { imports, calls, gaps }
}

const definerNames = ['defineStep', 'definePredictor']

/** The module of a `require('…')`; null where it is not a literal, undefined for any other call. */
function requiredModule({ callee, arguments: [first] }: CallExpression): string | null | undefined {
  if (callee.type !== 'Identifier' || callee.name !== 'require') return undefined
  return first?.type === 'Literal' && typeof first.value === 'string' ? first.value : null
}

/** The literal `name` in the object that a call is given; undefined: not a literal, null: there is none. */
function nameOf({ arguments: [given] }: CallExpression): string | undefined | null {
  const object = given === undefined ? undefined : unwrap(given)
  if (object?.type !== 'ObjectExpression') return null
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

/** An expression without parentheses and type assertions. */
export function unwrap(node: Node): Node {
  switch (node.type) {
    case 'ParenthesizedExpression':
    case 'ChainExpression':
    case 'TSNonNullExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSTypeAssertion':
      return unwrap(node.expression)
    default:
      return node
  }
}

function keyOf(key: Node): string | undefined {
  if (key.type === 'Identifier') return key.name
  return key.type === 'Literal' && typeof key.value === 'string' ? key.value : undefined
}

/** Line numbers, from 1, of places in a text. */
function lines(text: string): (at: number) => number {
  return (at) => {
    let line = 1
    for (let i = 0; i < at && i < text.length; i++) if (text.charCodeAt(i) === 10) line++
    return line
  }
}
