import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonText } from '../../src/ui/json-text.ts'
import { printable } from '../../src/ui/text.ts'

// oxlint-disable-next-line no-control-regex -- what must not be there
const acting = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/

const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom('\u001b', '\u009b', '\u007f', '\u202e', '\u2066', '"', '\\'),
    fc.string({ maxLength: 3 }),
  ),
})

test('JSON for a terminal reads the same and holds nothing that a terminal acts upon', () => {
  fc.assert(
    fc.property(fc.dictionary(text, text), (value) => {
      const shown = jsonText(value, undefined, 2)
      expect(JSON.parse(shown)).toEqual(value)
      expect(shown).not.toMatch(acting)
    }),
  )
})

test('nor does a text that is printable', () => {
  fc.assert(
    fc.property(text, (value) => {
      expect(printable(value)).not.toMatch(acting)
    }),
  )
})
