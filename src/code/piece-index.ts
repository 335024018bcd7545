import type { ModulePieces, Piece } from './pieces.ts'

/** The pieces of a module by what they do to a name. */
export class PieceIndex {
  readonly #pieces: readonly Piece[]
  readonly #declaring = new Map<string, Piece[]>()
  #touching: Map<string, Piece[]> | undefined
  #reassigned: Set<string> | undefined

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces
    for (const piece of pieces) for (const name of piece.names) push(this.#declaring, name, piece)
  }

  /** Those that declare it. */
  declaring(name: string): readonly Piece[] {
    return this.#declaring.get(name) ?? none
  }

  /** Those that may change its object. */
  touching(name: string): readonly Piece[] {
    if (this.#touching === undefined) {
      this.#touching = new Map()
      for (const piece of this.#pieces) for (const one of piece.touches) push(this.#touching, one, piece)
    }
    return this.#touching.get(name) ?? none
  }

  /** Whether functions of the module give it another value. */
  isReassigned(name: string): boolean {
    this.#reassigned ??= new Set(this.#pieces.flatMap(({ reassigns }) => [...reassigns]))
    return this.#reassigned.has(name)
  }
}

const none: readonly Piece[] = []

function push(map: Map<string, Piece[]>, name: string, piece: Piece): void {
  const known = map.get(name)
  if (known === undefined) map.set(name, [piece])
  else known.push(piece)
}

const indexes = new WeakMap<ModulePieces, PieceIndex>()

/** The index of a module, made once. */
export function indexOf(pieces: ModulePieces): PieceIndex {
  const index = indexes.get(pieces) ?? new PieceIndex(pieces.pieces)
  indexes.set(pieces, index)
  return index
}
