import { canonicalJson } from '../internal/canonical.ts'
import { DigestStream, type Digest } from '../internal/digest.ts'
import type { Column } from './table-columns.ts'
import { Texts } from './texts.ts'

/** Cells are hashed in pieces of this many, so that a copy of them is small. */
const pieceSize = 65_536

function bytesOf(array: Float64Array | BigInt64Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/** Doubles with one zero and one NaN; a missing cell is 0. */
function hashDoubles(hash: DigestStream, cells: Float64Array, valid: Uint8Array | undefined): void {
  for (let from = 0; from < cells.length; from += pieceSize) {
    const plain = cells.slice(from, from + pieceSize)
    for (let i = 0; i < plain.length; i++) {
      const value = plain[i]!
      if (value === 0 || (valid !== undefined && valid[from + i] === 0)) plain[i] = 0
      else if (value !== value) plain[i] = Number.NaN
    }
    hash.update(bytesOf(plain))
  }
}

function hashTexts(hash: DigestStream, { offsets, bytes, length }: Texts): void {
  for (let from = 0; from < length; from += pieceSize) {
    const lengths = new Uint32Array(Math.min(pieceSize, length - from))
    for (let i = 0; i < lengths.length; i++) lengths[i] = offsets[from + i + 1]! - offsets[from + i]!
    hash.update(bytesOf(lengths))
  }
  hash.update(bytes.subarray(offsets[0], offsets[length]))
}

/**
 * The content digest of a table: SHA-256 over its logical cells, whatever bytes hold them.
 *
 * Columns count in the order of their names (by UTF-16 code units), so that the order in which a row or a schema
 * lists them is of no account. First the canonical JSON of `{ columns: [{ missing, name, type }], rows }` and a
 * line feed; `missing` is null, or where cells are missing what they are: `'null'` or `'absent'`. Then for each
 * column: one byte that is 1 if cells are missing; if so one byte for each row (1: there); then the cells, a
 * missing one as zero or the empty text: number and date as little-endian doubles (-0 as 0, one NaN), bigint as
 * little-endian 64-bit integers, boolean as one byte, string and json as the byte lengths (little-endian
 * 32-bit) of all cells followed by their UTF-8.
 */
export function tableDigest(columns: readonly Column[], rows: number): Digest {
  const hash = new DigestStream()
  const sorted = columns.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const head = sorted.map(({ name, type, valid, missing }) => ({
    name,
    type,
    missing: valid === undefined ? null : missing,
  }))
  hash.update(`${canonicalJson({ columns: head, rows })}\n`)
  for (const { valid, cells } of sorted) {
    hash.update(new Uint8Array([valid === undefined ? 0 : 1]))
    if (valid !== undefined) hash.update(valid)
    if (cells instanceof Texts) hashTexts(hash, cells)
    else if (cells instanceof Float64Array) hashDoubles(hash, cells, valid)
    else hash.update(cells instanceof BigInt64Array ? bytesOf(cells) : cells)
  }
  return hash.digest()
}
