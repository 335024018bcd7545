import type { Node } from 'oxc-parser'
import { sha256, type Digest } from '../internal/digest.ts'
import { changesOf, type Changes } from './changes.ts'
import { environmentOf, isLiteral } from './literals.ts'
import { memberUses, type MemberUses } from './member-uses.ts'
import { normalForm } from './normal-form.ts'
import { shadowedNames } from './shadowed-names.ts'

type AnyNode = Node & Readonly<Record<string, unknown>>

/** What stands for the name of a default export, which its module does not know by one. */
export const defaultName = '*default*'

/** A part of a module at its top level: one declaration, or one statement. */
export interface Piece extends Changes {
  /** The names that it declares. */
  readonly names: readonly string[]
  readonly type: 'function' | 'class' | 'variable' | 'statement'
  readonly start: number
  readonly end: number
  /** Of its normal form: no comments, no formatting, no types. */
  readonly digest: Digest
  /** All names that it may refer to. */
  readonly uses: ReadonlySet<string>
  /** Those of them that never mean what the module calls so. */
  readonly shadowed: ReadonlySet<string>
  /** Which members it asks for of what names stand for. */
  readonly members: MemberUses
  /** What a compiler makes of it depends on its options: it has decorators, fields of classes, or JSX. */
  readonly compiled: boolean
  /** Its value is written down: lists, records, maps of literals, and nothing that has a name. */
  readonly literal: boolean
  /** The variables of the environment that it names. */
  readonly environment: ReadonlySet<string>
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
  /** The modules that it imports or exports from when it is loaded. */
  readonly loads: readonly string[]
  /** Names of its own that stand for what only describes: schemas, definitions. */
  readonly described: ReadonlySet<string>
  /** Names of its own that may be called without an effect. */
  readonly callable: ReadonlySet<string>
  /** Its parts cannot be told apart: it counts as a whole. */
  readonly isWhole: boolean
}

/** Names that a module imports from others of the project, by what those have told of them. */
export interface KnownImports {
  readonly described: ReadonlySet<string>
  readonly callable: ReadonlySet<string>
}

/** In a normal form. */
const compilersChange = /\((?:PropertyDefinition|AccessorProperty|Decorator|JSX)/

type Head = Omit<
  Piece,
  'digest' | 'uses' | 'shadowed' | 'compiled' | 'members' | 'literal' | 'environment' | keyof Changes
>

/** A piece that reads its code when it is asked: of most modules most pieces are not reached. */
export class CodePiece implements Piece {
  readonly names: Piece['names']
  readonly type: Piece['type']
  readonly start: number
  readonly end: number
  readonly effect: boolean
  readonly fixed: boolean
  readonly assignable: boolean
  readonly #node: AnyNode
  #form: Pick<Piece, 'digest' | 'uses' | 'compiled'> | undefined
  #changes: Changes | undefined
  #literal: boolean | undefined
  #shadowed: ReadonlySet<string> | undefined
  #environment: ReadonlySet<string> | undefined
  #members: MemberUses | undefined

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

  get shadowed(): ReadonlySet<string> {
    return (this.#shadowed ??= shadowedNames(this.#node))
  }

  get literal(): boolean {
    return (this.#literal ??= isLiteral(this.#node['init']))
  }

  get environment(): ReadonlySet<string> {
    return (this.#environment ??= environmentOf(this.#node))
  }

  get members(): MemberUses {
    return (this.#members ??= memberUses(this.#node))
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
    shadowed: none,
    compiled: true,
    members: new Map(),
    literal: true,
    environment: none,
    touches: none,
    writes: none,
    reassigns: none,
    binds: none,
    effect: true,
    fixed: true,
    assignable: false,
  }
  return {
    pieces: [piece],
    imports: new Map(),
    exports: new Map(),
    stars: [],
    loads: [],
    described: none,
    callable: none,
    isWhole: true,
  }
}
