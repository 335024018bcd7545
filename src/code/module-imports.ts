import type { CallExpression, Expression, Node, ParseResult, Visitor } from 'oxc-parser'
import { unwrap } from './unwrap.ts'

/** An import of a module, by the text that names it. */
export interface ModuleImport {
  readonly specifier: string
  readonly line: number
  /** Where in the text. */
  readonly start: number
  /** Only named here (`new URL('./worker.ts', import.meta.url)`): it may lead nowhere. */
  readonly optional?: true
}

/** Takes what is found, each with its place in the text. */
export interface ImportSink {
  add(specifier: string, start: number, optional?: true): void
  gap(start: number, reason: string): void
}

const here = new Set(['import.meta.url', 'import.meta.filename', '__filename'])
/** Parts of `require` that load nothing. */
const harmless = new Set(['resolve', 'main', 'cache', 'extensions'])
const code = /\.[cm]?[jt]sx?$/

function literalOf(node: Node | undefined): string | undefined {
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0)
    return node.quasis[0]?.value.cooked ?? undefined
  return node?.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined
}

/** The `name` of an `object.name`; undefined for any other node. */
function memberOf(
  node: Node,
): { readonly object: Expression; readonly name: string; readonly start: number } | undefined {
  if (node.type !== 'MemberExpression') return undefined
  const { object, property } = node
  const name = property.type === 'Identifier' && !node.computed ? property.name : literalOf(property)
  return name === undefined ? undefined : { object, name, start: property.start }
}

function isNamed(node: Node, name: string): boolean {
  return node.type === 'Identifier' && node.name === name
}

/** Imports and re-exports, also `import()`; what is only a type is not loaded. */
function readStatements({ module }: ParseResult, text: string, sink: ImportSink): void {
  for (const { moduleRequest, entries, start, end } of module.staticImports) {
    // `import type from './a'` imports a value that is called `type`.
    if (!/^import\s+type\b/.test(text.slice(start, end)) || entries.some(({ isType }) => !isType))
      sink.add(moduleRequest.value, start)
  }
  for (const { entries, start, end } of module.staticExports) {
    if (/^export\s+type\b/.test(text.slice(start, end)) && entries.every(({ isType }) => isType)) continue
    for (const { moduleRequest } of entries) if (moduleRequest !== null) sink.add(moduleRequest.value, start)
  }
  for (const { moduleRequest, start } of module.dynamicImports) {
    const literal = /^(['"`])([^'"`$]*)\1$/.exec(text.slice(moduleRequest.start, moduleRequest.end).trim())
    if (literal === null) sink.gap(start, 'an import() whose module is not a literal')
    else sink.add(literal[2]!, start)
  }
}

/**
 * Calls of `require` and `createRequire`. What loads is told by its name: a mention of these names that is not
 * understood (handed on, under another name, for another folder) is a gap.
 */
function readCalls(parsed: ParseResult, text: string, sink: ImportSink, visitor: typeof Visitor): void {
  const makers = new Set(['createRequire'])
  /** Where a name stands that loads nothing, or whose load has been read. */
  const understood = new Set<number>()
  /** Where the calls stand that make a `require` of that name. */
  const made = new Set<number>()
  for (const { entries } of parsed.module.staticImports) {
    for (const { importName, localName } of entries) {
      if (importName.name !== 'createRequire') continue
      makers.add(localName.value)
      understood.add(importName.start ?? localName.start).add(localName.start)
    }
  }
  const source = (node: Node): string => text.slice(node.start, node.end)
  const isMaker = (node: Node): boolean =>
    node.type === 'Identifier' ? makers.has(node.name) : memberOf(node)?.name === 'createRequire'
  const load = (node: CallExpression): void => {
    const specifier = literalOf(node.arguments[0])
    if (specifier === undefined) sink.gap(node.start, 'a require() whose module is not a literal')
    else sink.add(specifier, node.start)
  }
  const key = (node: { readonly computed?: boolean; readonly key: Node }): void => {
    if (node.computed !== true) understood.add(node.key.start)
  }
  new visitor({
    TSImportEqualsDeclaration({ moduleReference, importKind, start }) {
      if (moduleReference.type === 'TSExternalModuleReference' && importKind !== 'type')
        sink.add(moduleReference.expression.value, start)
    },
    VariableDeclarator({ id, init }) {
      if (!isNamed(id, 'require')) return
      // Declared for the compiler only.
      if (init === null) understood.add(id.start)
      const call = init === null ? undefined : unwrap(init)
      if (call?.type !== 'CallExpression' || !isMaker(call.callee)) return
      understood.add(id.start)
      made.add(call.start)
      const [base] = call.arguments
      if (base === undefined || !here.has(source(base)))
        sink.gap(call.start, 'a createRequire() for another place than this module')
    },
    CallExpression(node) {
      const { callee, arguments: given } = node
      const member = memberOf(callee)
      if (isNamed(callee, 'require')) {
        understood.add(callee.start)
        load(node)
      } else if (member?.name === 'require' && isNamed(member.object, 'module')) {
        understood.add(member.start)
        load(node)
      } else if (member?.name === 'resolve') {
        const specifier = literalOf(given[0])
        const resolves = isNamed(member.object, 'require') || source(member.object) === 'import.meta'
        if (resolves && specifier !== undefined) sink.add(specifier, node.start, true)
        else if (resolves) sink.gap(node.start, 'a resolve() whose module is not a literal')
      } else if (isMaker(callee)) {
        understood.add(member?.start ?? callee.start)
        if (!made.has(node.start))
          sink.gap(node.start, 'a createRequire() whose result is not called require')
      }
    },
    NewExpression({ callee, arguments: [path, base], start }) {
      const specifier = literalOf(path)
      const isWorker = isNamed(callee, 'Worker')
      if (!isNamed(callee, 'URL') && !isWorker) return
      // A name may stand for `import.meta.url` as well.
      const isHere = base !== undefined && (source(base) === 'import.meta.url' || base.type === 'Identifier')
      if (specifier === undefined && isHere && !isWorker && base.type !== 'Identifier')
        sink.gap(start, 'a new URL() whose file is not a literal')
      if (specifier === undefined || !code.test(specifier) || (!isHere && !isWorker)) return
      sink.add(/^\.{0,2}\/|:/.test(specifier) ? specifier : `./${specifier}`, start, true)
    },
    MemberExpression(node) {
      const member = memberOf(node)
      if (member === undefined) return
      if (isNamed(member.object, 'require') && harmless.has(member.name)) understood.add(member.object.start)
      if (member.name !== 'createRequire' && !isNamed(member.object, 'module')) understood.add(member.start)
    },
    ObjectExpression({ properties }) {
      for (const property of properties)
        if (property.type === 'Property' && !property.shorthand) key(property)
    },
    ObjectPattern({ properties }) {
      for (const property of properties) {
        if (property.type !== 'Property') continue
        // `{ createRequire }` keeps the name, `{ createRequire: other }` hides it.
        if (
          property.shorthand
            ? isNamed(property.key, 'createRequire')
            : !isNamed(property.key, 'createRequire')
        )
          key(property)
      }
    },
    UnaryExpression({ operator, argument }) {
      if (operator === 'typeof') understood.add(argument.start)
    },
    ExportSpecifier({ exported, local }) {
      if (exported.start !== local.start) understood.add(exported.start)
    },
    ImportSpecifier({ imported, local }) {
      if (imported.start !== local.start) understood.add(imported.start)
    },
    TSTypeQuery({ exprName }) {
      understood.add(exprName.start)
    },
    MethodDefinition: key,
    PropertyDefinition: key,
    TSPropertySignature: key,
    TSMethodSignature: key,
    Identifier({ name, start }) {
      if (understood.has(start)) return
      if (name === 'require') sink.gap(start, 'a `require` that is not called with a literal')
      else if (makers.has(name)) sink.gap(start, 'a `createRequire` that is handed on')
    },
  }).visit(parsed.program)
}

/** Reads what a module loads, and what of it cannot be told from its text. */
export function readImports(
  parsed: ParseResult,
  text: string,
  sink: ImportSink,
  visitor: typeof Visitor,
): void {
  readStatements(parsed, text, sink)
  // Most modules have none of these.
  if (/require|createRequire|import\.meta/i.test(text)) readCalls(parsed, text, sink, visitor)
}
