import { canonicalJson } from '../internal/canonical.ts'
import { DigestStream, type Digest } from '../internal/digest.ts'
import type { Column } from './table-columns.ts'

function bytesOf(array: Float64Array | BigInt64Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
}

/** Doubles with one zero and one NaN; missing cells are 0. */
function plainDoubles(cells: Float64Array, valid: Uint8Array | undefined): Float64Array {
  const plain = Float64Array.from(cells)
  for (let i = 0; i < plain.length; i++) {
    const value = plain[i]!
    if (valid !== undefined && valid[i] === 0) plain[i] = 0
    else if (value === 0) plain[i] = 0
    else if (value !== value) plain[i] = Number.NaN
  }
  return plain
}

/**
 * The content digest of a table: SHA-256 over its logical cells, whatever bytes hold them.
 *
 * Columns count in the order of their names (by UTF-16 code units), so that the order in which a row or a schema
 * lists them is of no account. First the canonical JSON of `{ columns: [{ missing, name, type }], rows }` and a line feed. Then for each
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
  for (const { type, valid, cells } of sorted) {
    hash.update(new Uint8Array([valid === undefined ? 0 : 1]))
    if (valid !== undefined) hash.update(valid)
    if (type === 'number' || type === 'date') hash.update(bytesOf(plainDoubles(cells as Float64Array, valid)))
    else if (type === 'bigint') hash.update(bytesOf(cells as BigInt64Array))
    else if (type === 'boolean') hash.update(cells as Uint8Array)
    else {
      const texts = cells as readonly string[]
      const lengths = new Uint32Array(rows)
      for (let i = 0; i < rows; i++) lengths[i] = Buffer.byteLength(texts[i]!)
      hash.update(bytesOf(lengths))
      // In pieces: one joined text of a large column would not fit into a string.
      for (let i = 0; i < rows; i += 10_000) hash.update(texts.slice(i, i + 10_000).join(''))
    }
  }
  return hash.digest()
}
