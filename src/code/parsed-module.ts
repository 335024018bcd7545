import { readFileSync, statSync } from 'node:fs'
import type { CallExpression, Node, ObjectExpression } from 'oxc-parser'
import { sha256, type Digest } from '../internal/digest.ts'

/** An import of a module, by the text that names it. */
export interface ModuleImport {
  readonly specifier: string
  readonly line: number
}

/** A call with an object literal that may carry a name: `defineStep({ name: 'load', … })`. */
export interface NamedCall {
  readonly callee: string
  /** Undefined where the name is not written as a literal. */
  readonly name: string | undefined
  readonly insideFunction: boolean
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
  const add = (specifier: string, start: number): void =>
    void imports.push({ specifier, line: lineOf(start) })
  const gap = (start: number, reason: string): void =>
    void gaps.push({ file: path, line: lineOf(start), reason })
  if (errors.length > 0) gap(errors[0]!.labels[0]?.start ?? 0, `cannot be parsed: ${errors[0]!.message}`)
  for (const { moduleRequest, start, end } of module.staticImports) {
    if (!/^import\s+type\b/.test(text.slice(start, end))) add(moduleRequest.value, start)
  }
  for (const { entries, start, end } of module.staticExports) {
    if (/^export\s+type\b/.test(text.slice(start, end))) continue
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
  new Visitor({
    FunctionDeclaration: enter,
    'FunctionDeclaration:exit': leave,
    FunctionExpression: enter,
    'FunctionExpression:exit': leave,
    ArrowFunctionExpression: enter,
    'ArrowFunctionExpression:exit': leave,
    CallExpression(node) {
      const required = requiredModule(node)
      if (required !== undefined) {
        if (required === null) gap(node.start, 'a require() whose module is not a literal')
        else add(required, node.start)
      }
      const call = namedCall(node, text, depth > 0)
      if (call !== undefined) calls.push(call)
    },
  }).visit(program)
  return { imports, calls, gaps }
}

/** The module of a `require('…')`; null where it is not a literal, undefined for any other call. */
function requiredModule({ callee, arguments: [first] }: CallExpression): string | null | undefined {
  if (callee.type !== 'Identifier' || callee.name !== 'require') return undefined
  return first?.type === 'Literal' && typeof first.value === 'string' ? first.value : null
}

function namedCall(
  { callee, arguments: [first] }: CallExpression,
  text: string,
  insideFunction: boolean,
): NamedCall | undefined {
  if (first?.type !== 'ObjectExpression') return undefined
  const name = nameOf(first)
  return name === null ? undefined : { callee: text.slice(callee.start, callee.end), name, insideFunction }
}

/** The literal `name` of an object, undefined where it is not a literal, null where there is none. */
function nameOf(object: ObjectExpression): string | undefined | null {
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
