import fc from 'fast-check'
import { expect, test } from 'vitest'
import { emptyLines } from '../../src/artifact/csv-lines.ts'

async function pass(count: number, chunks: readonly string[]): Promise<string> {
  const given = async function* (): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield Buffer.from(chunk)
  }
  const passed: Uint8Array[] = []
  for await (const chunk of emptyLines(given(), count)) passed.push(chunk)
  return Buffer.concat(passed).toString()
}

test('of the first lines only their ends are left, wherever the bytes are cut', async () => {
  const pieces = fc.constantFrom('a', '"', 'é', '\n', '\r', '\r\n')
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(pieces), { maxLength: 6 }),
      fc.nat({ max: 6 }),
      async (parts, count) => {
        const chunks = parts.map((part) => part.join(''))
        const ends = [...chunks.join('').matchAll(/\r\n|\n|\r/g)].slice(0, count)
        const last = ends.at(-1)
        const from = count === 0 ? 0 : ends.length < count ? Infinity : last!.index + last![0].length
        const expected = '\n'.repeat(ends.length) + chunks.join('').slice(from)
        expect(await pass(count, chunks)).toBe(expected)
      },
    ),
  )
})
