import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BlindRedactor, marksOf } from '../../src/secret/blind-redactor.ts'
import { Redactor } from '../../src/secret/redactor.ts'
import { writings } from './programs/leaks.ts'
import { leaked, traces } from './traces.ts'

test('marks hold nothing of the secret, and are others each time', () => {
  const marks = JSON.stringify(marksOf('TOKEN', leaked))
  expect(traces(marks)).toEqual([])
  expect(marks).not.toBe(JSON.stringify(marksOf('TOKEN', leaked)))
})

test('what is recognised by marks is what is found by the secret', () => {
  const known = new Redactor()
  const blind = new BlindRedactor()
  for (const [name, value] of [
    ['A', leaked],
    ['B', 'swordfish'],
  ] as const) {
    known.add(name, value)
    blind.add(marksOf(name, value))
  }
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.string(),
          fc.constantFrom(...Object.values(writings).map((write) => write(leaked)), 'swordfish'),
        ),
      ),
      (parts) => {
        expect(blind.text(parts.join(' '))).toBe(known.text(parts.join(' ')))
      },
    ),
  )
})
