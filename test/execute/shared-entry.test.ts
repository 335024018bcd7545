import { describe, expect, test } from 'vitest'
import { sha256, type Digest } from '../../src/internal/digest.ts'
import { decodeEntry, encodeEntry, type SharedEntry } from '../../src/execute/shared-entry.ts'
import { artifact } from '../record/support.ts'

const key = sha256('key')
const bytes = Buffer.from('"small"')
const loss = { last: Number.NaN, min: -Infinity, max: 1, count: 3 }

const shared: SharedEntry = {
  entry: {
    key,
    run: 'run-a',
    node: 'train',
    at: 1_000,
    startedAt: 900,
    outputs: { y: { artifact: artifact('y', { parts: [sha256('part')] }) }, none: { absent: true } },
    facts: { metrics: { loss }, params: { rate: 1 }, reports: [artifact('report')], log: 'logs/a.ndjson' },
  },
  blobs: [{ digest: sha256(bytes), bytes }],
}

/** What was encoded, changed line by line, with the digest that it then has. */
function forged(change: (lines: string[]) => void): Uint8Array {
  const [, ...lines] = Buffer.from(encodeEntry(shared)).toString('utf8').split('\n')
  change(lines)
  const rest = lines.join('\n')
  return Buffer.from(`${JSON.stringify({ format: 1, digest: sha256(rest) })}\n${rest}`)
}

describe('a shared entry', () => {
  test('comes back as it was, without the log, which is a file of its workspace', () => {
    const { log: _log, ...facts } = shared.entry.facts
    expect(decodeEntry(key, encodeEntry(shared))).toEqual({ ...shared, entry: { ...shared.entry, facts } })
  })

  test.each<[string, (lines: string[]) => void]>([
    ['another key', (lines) => (lines[0] = lines[0]!.replace(key, sha256('other')))],
    ['another event', (lines) => (lines[1] = '{"type":"node.skipped","node":"train"}')],
    ['no event', (lines) => (lines[1] = 'null')],
    ['an output that is none', (lines) => (lines[1] = lines[1]!.replace('{"absent":true}', 'null'))],
    ['a blob that is a path', (lines) => (lines[1] = lines[1]!.replaceAll(sha256('y'), 'sha256:ab../../x'))],
    ['a part that is a path', (lines) => (lines[1] = lines[1]!.replace(sha256('part'), '/etc'))],
    [
      'a file of this machine',
      (lines) =>
        (lines[1] = lines[1]!.replace('"kind"', '"external":{"path":"/a","size":1,"mtimeNs":"1"},"kind"')),
    ],
    [
      'small values that are not what they are called',
      (lines) => (lines[2] = lines[2]!.replace('InNt', 'InNu')),
    ],
    ['no small values', (lines) => lines.splice(2)],
  ])('with %s is corrupt', (_what, change) => {
    expect(decodeEntry(key, forged(change))).toBe('corrupt')
  })

  test('whose bytes changed anywhere is no entry, and no error', () => {
    const encoded = encodeEntry(shared)
    for (let at = 0; at < encoded.length; at++) {
      const changed = Uint8Array.from(encoded)
      changed[at]! ^= 1
      const found = decodeEntry(key, changed)
      expect(['corrupt', 'newer']).toContain(found)
    }
    for (let size = 0; size < encoded.length; size++)
      expect(decodeEntry(key, encoded.subarray(0, size))).toBe('corrupt')
  })

  test('of a newer format, or with a newer event, is newer', () => {
    const text = Buffer.from(encodeEntry(shared)).toString('utf8')
    expect(decodeEntry(key, Buffer.from(text.replace('"format":1', '"format":2')))).toBe('newer')
    expect(
      decodeEntry(
        key,
        forged((lines) => (lines[0] = lines[0]!.replace('"event":1', '"event":2'))),
      ),
    ).toBe('newer')
  })

  test('with bytes of another encoding is corrupt', () => {
    expect(decodeEntry(key as Digest, Buffer.from([0xff, 0xfe, 0x0a, 0x7b]))).toBe('corrupt')
  })
})
