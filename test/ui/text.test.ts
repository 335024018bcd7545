import { expect, test } from 'vitest'
import { durationText, sizeText } from '../../src/ui/text.ts'

test.each([
  [0, '0 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [4_210, '4.2 s'],
  [59_940, '59.9 s'],
  [59_999, '1 min 0 s'],
  [119_999, '2 min 0 s'],
  [192_000, '3 min 12 s'],
  [3_599_499, '59 min 59 s'],
  [3_599_999, '1 h 0 min'],
  [7_199_999, '2 h 0 min'],
  [90_000_000, '25 h 0 min'],
])('%d ms are %s', (ms, text) => expect(durationText(ms)).toBe(text))

test.each([
  [0, '0 B'],
  [1_023, '1023 B'],
  [1_024, '1.0 KiB'],
  [1_048_000, '1023.4 KiB'],
  [1_048_575, '1.0 MiB'],
  [1_073_741_823, '1.0 GiB'],
  [5e15, '4547.5 TiB'],
])('%d bytes are %s', (bytes, text) => expect(sizeText(bytes)).toBe(text))
