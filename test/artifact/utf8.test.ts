import fc from 'fast-check'
import { expect, test } from 'vitest'
import { onlyUtf8 } from '../../src/artifact/utf8.ts'

async function pass(...chunks: Uint8Array[]): Promise<Buffer> {
  const given = async function* (): AsyncGenerator<Uint8Array> {
    yield* chunks
  }
  const passed: Uint8Array[] = []
  for await (const chunk of onlyUtf8(given(), 'rows')) passed.push(Buffer.from(chunk))
  return Buffer.concat(passed)
}

test('UTF-8 passes unchanged, wherever it is cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.array(fc.nat({ max: 40 })), async (text, cuts) => {
      const bytes = Buffer.from(text)
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((end, i) => bytes.subarray(places[i], end))
      expect((await pass(...chunks)).equals(bytes)).toBe(true)
    }),
  )
})

test('other bytes are refused with their line', async () => {
  const bad = Buffer.from([0x61, 0xff])
  await expect(pass(bad)).rejects.toThrow("file 'rows', line 1: the bytes are not UTF-8")
  await expect(pass(Buffer.from('a\nb\n'), Buffer.from('c\n'), bad)).rejects.toThrow('line 4')
  await expect(pass(Buffer.from('a\nb\n\xe9t\xe9\nd\n', 'latin1'))).rejects.toThrow('line 3')
  // A character that never ends.
  await expect(pass(Buffer.from('a\n'), Buffer.from([0xe2, 0x82]))).rejects.toThrow('line 2')
  await expect(pass(Buffer.from('\ufeffa,b\n', 'utf16le'))).rejects.toMatchObject({ code: 'INPUT_INVALID' })
})
