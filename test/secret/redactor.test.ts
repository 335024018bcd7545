import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { RedactedLines } from '../../src/secret/redacted-lines.ts'
import { redactedValue } from '../../src/secret/redacted-value.ts'
import { Redactor } from '../../src/secret/redactor.ts'

const token = 'p"ä/ss+w&o\\rd 1?'

function redactorOf(...values: string[]): Redactor {
  const redactor = new Redactor()
  for (const [index, value] of values.entries()) redactor.add(`S${index}`, value)
  return redactor
}

function base64(before: string, value: string, after: string): string {
  return Buffer.from(before + value + after).toString('base64')
}

const writings: [string, (value: string) => string][] = [
  ['as it is', (value) => value],
  ['JSON', (value) => JSON.stringify(value)],
  ['JSON in JSON', (value) => JSON.stringify(JSON.stringify({ value }))],
  ['what console prints of an object', (value) => inspect({ value })],
  ['a component of a URL', (value) => encodeURIComponent(value)],
  ['a form', (value) => String(new URLSearchParams({ value }))],
  [
    'a URL with small digits',
    (value) => encodeURIComponent(value).replaceAll(/%../g, (hex) => hex.toLowerCase()),
  ],
  ['base64', (value) => base64('', value, '')],
  ['base64 behind a byte', (value) => base64('u', value, 'xyz')],
  ['base64 behind two bytes', (value) => base64('u:', value, 'x')],
  ['base64 of a pair', (value) => base64('ada:', value, '')],
  ['base64url', (value) => Buffer.from(`x${value}y`).toString('base64url')],
  ['base64 in lines', (value) => base64('u', value, 'xyz').replaceAll(/(.{7})/g, '$1\n')],
  ['hex', (value) => Buffer.from(value).toString('hex')],
]

/** What must not be left of a secret: its text, and the base64 digits that it alone decides. */
function core(write: (value: string) => string, value: string): string {
  const text = write(value).replaceAll('\n', '')
  return text.length > 12 ? text.slice(6, -6) : text.slice(2, -2)
}

describe('a secret is taken out of a text', () => {
  test.each(writings)('%s', (_name, write) => {
    const shown = redactorOf(token).text(`before ${write(token)} after`)
    expect(shown).toMatch(/^before .*\[secret S0\].* after$/s)
    expect(shown.length).toBeLessThan(60)
  })

  test('wherever it stands, however often, and what overlaps is one', () => {
    const redactor = redactorOf('abcdefgh', 'efghijkl', 'abcabcab')
    expect(redactor.text('abcdefghabcdefgh')).toBe('[secret S0][secret S0]')
    expect(redactor.text('xabcdefghijklx')).toBe('x[secret S0]x')
    expect(redactor.text('abcabcabcabcab')).toBe('[secret S2]')
    expect(redactor.text('abcdefg efghijk')).toBe('abcdefg efghijk')
  })

  test('a line of a key counts by itself, its frame does not', () => {
    const key =
      '-----BEGIN KEY-----\nMIIBVwIBADANBgkqhkiG9w0BAQ\nEFAASCAUEwggE9AgEAAkEAq7BF\n-----END KEY-----\n'
    const redactor = redactorOf(key)
    expect(redactor.text('MIIBVwIBADANBgkqhkiG9w0BAQ')).toBe('[secret S0]')
    expect(redactor.text(`at ${key}`)).toBe('at [secret S0]\n')
    expect(redactor.text('-----BEGIN KEY-----')).toBe('-----BEGIN KEY-----')
  })
})

const secretText = fc
  .string({ minLength: 8, maxLength: 40, unit: 'grapheme' })
  .filter((text) => text.trim().replaceAll(/[\r\n]/g, '').length >= 8)

/** Numbers of characters in which a text is cut. */
const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 })

function pieces(text: string, lengths: readonly number[]): string[] {
  const parts: string[] = []
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const length = lengths[turn % lengths.length]!
    parts.push(text.slice(at, at + length))
    at += length
  }
  return parts
}

describe('any secret, written in any way', () => {
  test('is found in one text', () => {
    fc.assert(
      fc.property(
        secretText,
        fc.string(),
        fc.string(),
        fc.constantFrom(...writings),
        (value, before, after, [, write]) => {
          const redactor = redactorOf(value)
          const shown = redactor.text(before + write(value.trim()) + after)
          expect(shown).toContain('[secret S0]')
          expect(redactor.find(shown.replaceAll('[secret S0]', '')).length).toBeLessThanOrEqual(1)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('is found when it is printed in pieces, and all else is shown in order', () => {
    fc.assert(
      fc.property(
        fc.array(secretText, { minLength: 1, maxLength: 5 }),
        fc.string({ unit: fc.constantFrom('Ж', 'Ю', 'Я') }),
        fc.constantFrom(...writings),
        cuts,
        (values, around, [, write], lengths) => {
          const redactor = redactorOf(...values)
          const lines = new RedactedLines(redactor)
          const shown: string[] = []
          const text = around + write(values[0]!.trim()) + around
          const given = pieces(text, lengths)
          for (const piece of given) lines.write(piece, (line) => shown.push(line))
          lines.flush()
          expect(shown).toHaveLength(given.length)
          expect(shown.join('')).toBe(redactor.text(text))
          expect(shown.join('')).not.toContain(core(write, values[0]!.trim()))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('leaves a text alone that holds none', () => {
    fc.assert(
      fc.property(fc.array(secretText, { maxLength: 5 }), fc.string({ maxLength: 200 }), (values, text) => {
        const redactor = redactorOf(...values)
        if (redactor.find(text).length > 0) return
        expect(redactor.text(text)).toBe(text)
        const shown: string[] = []
        const lines = new RedactedLines(redactor)
        lines.write(text, (line) => shown.push(line))
        // A beginning of 8 characters is no chance.
        if ((redactor.opening(text)?.start ?? text.length) > text.length - 8) {
          lines.flush()
          expect(shown).toEqual([text])
        }
      }),
    )
  })
})

describe('lines', () => {
  test('are shown at once where no secret may begin', () => {
    const shown: string[] = []
    const lines = new RedactedLines(redactorOf('swordfish'))
    lines.write('hello', (line) => shown.push(line))
    lines.write('', (line) => shown.push(line))
    expect(shown).toEqual(['hello', ''])
    lines.write('it is sword', (line) => shown.push(line))
    lines.write('fish, you see', (line) => shown.push(line))
    expect(shown).toEqual(['hello', '', 'it is [secret S0]', ', you see'])
  })

  test('wait a second for the rest of a secret, and what comes later is still its rest', () => {
    vi.useFakeTimers()
    try {
      const shown: string[] = []
      const lines = new RedactedLines(redactorOf('swordfish-123'))
      lines.write('it is swor', (line) => shown.push(line))
      vi.advanceTimersByTime(999)
      expect(shown).toEqual([])
      vi.advanceTimersByTime(1)
      expect(shown).toEqual(['it is swor'])
      lines.write('dfish-123!', (line) => shown.push(line))
      expect(shown).toEqual(['it is swor', '!'])
      lines.write('it is swordfish-1', (line) => shown.push(line))
      vi.advanceTimersByTime(1_000)
      expect(shown.at(-1)).toBe('it is [secret S0]')
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('a value', () => {
  const redactor = redactorOf('swordfish', '12345678')

  test('that holds none is itself', () => {
    const value = { a: [1, new Map([['b', new Error('c')]])] }
    expect(redactedValue(value, redactor)).toBe(value)
  })

  test('is copied without them: texts, keys, numbers, bytes, maps, addresses, what holds itself', () => {
    class Client {
      readonly token = 'swordfish'
    }
    const value = {
      swordfish: 1,
      number: 12345678,
      bytes: Buffer.from('a swordfish'),
      map: new Map([['swordfish', new Set(['swordfish'])]]),
      url: new URL('https://ada:swordfish@example.com'),
      client: new Client(),
      self: undefined as unknown,
      other: 'x',
    }
    value.self = value
    const copy = redactedValue(value, redactor)
    expect(inspect(copy, { depth: 9 })).not.toMatch(/swordfish|12345678/)
    expect(copy.self).toBe(copy)
    expect(copy.client).toBeInstanceOf(Client)
    expect(copy.other).toBe('x')
    expect(value.number).toBe(12345678)
  })

  test('that is an error stays one of its class: message, stack, cause, details, errors', () => {
    class HttpError extends Error {
      readonly #body = 'swordfish'
      readonly request = { headers: { authorization: 'Bearer swordfish' } }
      get body(): string {
        return this.#body
      }
    }
    const error = new AggregateError([new HttpError('swordfish', { cause: 'swordfish' })], 'of swordfish')
    const copy = redactedValue(error, redactor)
    expect(copy).toBeInstanceOf(AggregateError)
    expect(copy.errors[0]).toBeInstanceOf(HttpError)
    expect(copy.message).toBe('of [secret S0]')
    expect(inspect(copy, { depth: 9, showHidden: true })).not.toContain('swordfish')
    expect(error.message).toBe('of swordfish')
  })
})
