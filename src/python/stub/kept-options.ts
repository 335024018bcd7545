import type { ObjectExpression, Program } from 'oxc-parser'
import { PipewrightError } from '../../internal/error.ts'

/** What a project has added to a stub, as it is written there. */
export interface KeptOptions {
  /** Options of steps, such as a timeout, by the function of the step. */
  readonly options: ReadonlyMap<string, readonly string[]>
  /** What these take from `pipewright`. */
  readonly names: readonly string[]
  /** Imports from elsewhere. */
  readonly imports: readonly string[]
}

/** Nothing was added, or nothing is there. */
export const nothingKept: KeptOptions = { options: new Map(), names: [], imports: [] }

/** What a stub writes itself. */
const written = new Set(['name', 'description', 'inputs', 'outputs', 'module', 'script', 'function', 'path'])

/** What is to be kept of a stub when it is written again. Throws `DEFINITION_INVALID` where it cannot be parsed. */
export async function keptOptions(file: string, text: string): Promise<KeptOptions> {
  const { parseSync } = await import('oxc-parser')
  const { program, errors } = parseSync(file, text)
  if (errors.length > 0)
    throw new PipewrightError('DEFINITION_INVALID', `${file} cannot be parsed: ${errors[0]!.message}`, {
      fix: 'correct it, or let it be written anew without what was added to it: --force',
      details: { file },
    })
  const options = new Map<string, readonly string[]>()
  for (const definition of definitionsIn(program)) {
    const name = functionOf(definition)
    const added = addedTo(definition, text)
    if (name !== undefined && added.length > 0) options.set(name, added)
  }
  const used = [...options.values()].flat().join('\n')
  return { options, ...importsIn(program, text, used) }
}

function* definitionsIn({ body }: Program): Iterable<ObjectExpression> {
  for (const statement of body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : null
    if (declaration?.type !== 'VariableDeclaration') continue
    for (const { init } of declaration.declarations) {
      const isStep =
        init?.type === 'CallExpression' &&
        init.callee.type === 'Identifier' &&
        init.callee.name === 'definePythonStep'
      const definition = isStep ? init.arguments[0] : undefined
      if (definition?.type === 'ObjectExpression') yield definition
    }
  }
}

/** The members that a stub has not, with what is said before them. */
function addedTo({ properties, start }: ObjectExpression, text: string): string[] {
  return properties.flatMap((property, index) => {
    if (written.has(keyOf(property) ?? '')) return []
    const before = properties[index - 1]?.end ?? start + 1
    return [text.slice(before, property.end).replace(/^[\s,]+/, '')]
  })
}

function keyOf(property: ObjectExpression['properties'][number]): string | undefined {
  if (property.type !== 'Property' || property.computed) return undefined
  const { key } = property
  return key.type === 'Identifier' ? key.name : key.type === 'Literal' ? String(key.value) : undefined
}

function functionOf({ properties }: ObjectExpression): string | undefined {
  for (const property of properties)
    if (keyOf(property) === 'function' && property.type === 'Property' && property.value.type === 'Literal')
      return String(property.value.value)
  return undefined
}

function importsIn({ body }: Program, text: string, used: string): Pick<KeptOptions, 'names' | 'imports'> {
  const names: string[] = []
  const imports: string[] = []
  const words = new Set(used.match(/[\p{ID_Continue}$]+/gu))
  for (const statement of body) {
    if (statement.type !== 'ImportDeclaration') continue
    if (statement.source.value === 'pipewright') {
      const needed = statement.specifiers.filter(({ local }) => words.has(local.name))
      names.push(...needed.map(({ start, end }) => text.slice(start, end)))
    } else if (statement.source.value !== 'zod') imports.push(text.slice(statement.start, statement.end))
  }
  return { names, imports }
}
