import { readFileSync } from 'node:fs'
import { sha256 } from '../internal/digest.ts'
import { sourceText } from './module-text.ts'
import { readImports, type ModuleImport } from './module-imports.ts'
import { readNamedCalls, type NamedCall } from './named-calls.ts'
import { lineCounter } from './lines.ts'
import { lookAt } from './look.ts'
import { whole, type KnownImports, type ModulePieces } from './pieces.ts'
import { valueText } from './value-text.ts'
import { readPieces } from './split-module.ts'

/** What cannot be read from the text of a module. */
export interface Gap {
  readonly file: string
  readonly line: number
  /** Where in the text. */
  readonly start: number
  readonly reason: string
}

/** A module of the project as it was read. */
export interface ParsedModule {
  /** The file that is loaded. */
  readonly path: string
  /** The file that was written: of a compiled module its source, where its map surely tells. */
  readonly source: string
  /** Its code is not changed by what loads it: it is JavaScript, or was compiled to what its source says. */
  readonly isNative: boolean
  /** When the file's content or place last changed, in milliseconds since the epoch. */
  readonly changedAt: number
  readonly imports: readonly ModuleImport[]
  /** Only those of the module that defines the step are asked for. */
  calls(): readonly NamedCall[]
  readonly gaps: readonly Gap[]
  readonly pieces: ModulePieces
  /** The same, knowing more of what the module imports. */
  piecesKnowing(known: KnownImports): ModulePieces
  readonly text: string
}

interface Remembered {
  readonly look: string
  readonly module: ParsedModule
}

const remembered = new Map<string, Remembered>()

/** Reads and parses a module; a file that looks as it did is not read again. */
export async function parseModule(path: string): Promise<ParsedModule> {
  const known = remembered.get(path)
  if (known !== undefined && known.look === lookAt(path).look) return known.module
  const bytes = readFileSync(path)
  // Looked at after it was read: a change in between counts as a change.
  const { look, changedAt } = lookAt(path)
  const isCode = codeFile.test(path)
  const own = bytes.toString('utf8')
  const written = isCode ? await sourceText(path, own) : undefined
  const { path: source, text, changedAt: mapChangedAt } = written ?? { path, text: own, changedAt: 0 }
  const code = isCode
    ? await readCode(path, source, text)
    : { imports: [], readCalls: () => [], gaps: [], ...asWhole(dataText(path, own) ?? sha256(bytes)) }
  const { readCalls, ...rest } = code
  let calls: readonly NamedCall[] | undefined
  const module: ParsedModule = {
    path,
    source,
    isNative: written !== undefined || !/\.(?:[cm]?ts|[jt]sx)$/.test(path),
    changedAt: Math.max(changedAt, mapChangedAt),
    text: isCode || path.endsWith('.json') ? text : '',
    ...rest,
    calls: () => (calls ??= readCalls()),
  }
  remembered.set(path, { look, module })
  return module
}

/** JSON counts by what it says: compilers write it anew. */
function dataText(path: string, text: string): string | undefined {
  if (!path.endsWith('.json')) return undefined
  try {
    return valueText(JSON.parse(text))
  } catch {
    return undefined
  }
}

const codeFile = /\.[cm]?[jt]sx?$/

type Code = Pick<ParsedModule, 'imports' | 'gaps' | 'pieces' | 'piecesKnowing'> & {
  readonly readCalls: () => NamedCall[]
}

async function readCode(path: string, source: string, text: string): Promise<Code> {
  const { parseSync, Visitor } = await import('oxc-parser')
  const parsed = parseSync(source, text)
  const lineOf = lineCounter(text)
  const imports: ModuleImport[] = []
  const gaps: Gap[] = []
  const gap = (start: number, reason: string): void =>
    void gaps.push({ file: path, line: lineOf(start), start, reason })
  const [error] = parsed.errors
  if (error !== undefined) gap(error.labels[0]?.start ?? 0, `cannot be parsed: ${error.message}`)
  const add = (specifier: string, start: number, optional?: true): void =>
    void imports.push({
      specifier,
      line: lineOf(start),
      start,
      ...(optional === undefined ? {} : { optional }),
    })
  readImports(parsed, text, { add, gap }, Visitor)
  const readCalls = (): NamedCall[] => readNamedCalls(parsed, text, Visitor)
  if (error !== undefined) return { imports, readCalls, gaps, ...asWhole(text) }
  const known = new Map<string, ModulePieces>()
  const piecesKnowing = (names: KnownImports): ModulePieces => {
    const key = [names.described, names.callable].map((set) => [...set].join(' ')).join(', ')
    const pieces = known.get(key) ?? readPieces(parsed.program, source, text, names)
    known.set(key, pieces)
    return pieces
  }
  return { imports, readCalls, gaps, pieces: readPieces(parsed.program, source, text), piecesKnowing }
}

/** Whatever is known of what it imports, a module in one piece stays one. */
function asWhole(text: string): Pick<ParsedModule, 'pieces' | 'piecesKnowing'> {
  const pieces = whole(text)
  return { pieces, piecesKnowing: () => pieces }
}
