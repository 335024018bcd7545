import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../src/internal/canonical.ts'
import { PipewrightError } from '../../src/internal/error.ts'

describe('canonical JSON', () => {
  test.each([
    // RFC 8785, section 3.2.3: keys are sorted by UTF-16 code units.
    [
      { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 },
      '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
    ],
    // Section 3.2.2: the example document.
    [
      {
        numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
        string: '\u20ac$\u000f\nA\'B"\\\\"/',
        literals: [null, true, false],
      },
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    ],
    [{ b: undefined, a: { d: 1, c: [] } }, '{"a":{"c":[],"d":1}}'],
    [{ '10': 1, '9': 2, a: 3 }, '{"10":1,"9":2,"a":3}'],
    [Object.create(null), '{}'],
    ['\ud800', '"\\ud800"'],
  ])('%j', (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })

  // RFC 8785, appendix B: the bits of a double and its text.
  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('the double %s', (bits, text) => {
    const [number] = new Float64Array(new BigUint64Array([BigInt(`0x${bits}`)]).buffer)
    expect(canonicalJson(number)).toBe(text)
  })

  test('is what it was parsed from, whatever the order of the keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value)
        expect(canonicalJson(JSON.parse(text))).toBe(text)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), (record) => {
        const turned = Object.fromEntries(Object.entries(record).toReversed())
        expect(canonicalJson(turned)).toBe(canonicalJson(record))
      }),
    )
  })

  class Person {
    readonly name = 'Ada'
  }
  const circle: Record<string, unknown> = {}
  circle.again = { self: circle }

  test.each([
    ['a date', { a: { at: new Date(0) } }, '.a.at is an instance of Date', 'toISOString'],
    ['a map', { a: [new Map()] }, '.a[0] is an instance of Map', 'Object.fromEntries'],
    ['a set', [new Set()], '[0] is an instance of Set', '[...set]'],
    ['a regular expression', { a: /x/ }, '.a is an instance of RegExp', 'source'],
    ['bytes', { a: new Uint8Array(1) }, '.a is an instance of Uint8Array', 'plain object'],
    ['a bigint', { 'odd key': [1n] }, '["odd key"][0] is a bigint', 'String(value)'],
    ['an instance of a class', { a: new Person() }, '.a is an instance of Person', '{ ...value }'],
    ['an error', { a: new Error('x') }, '.a is an instance of Error', 'plain object'],
    ['a circle', circle, '.again.self is a circular reference', 'break the cycle'],
    ['undefined in a list', { a: [1, undefined] }, '.a[1] is undefined', 'return null'],
    ['a hole in a list', { a: Array(2) }, '.a[0] is undefined', 'return null'],
    ['nothing', undefined, 'the value is undefined', 'return null'],
    ['NaN', { a: [{ b: Number.NaN }] }, '.a[0].b is NaN', 'metrics'],
    ['infinity', -Infinity, 'the value is -Infinity', 'metrics'],
    ['a function', { a: () => 1 }, '.a is a function', 'data only'],
    ['a symbol', { a: Symbol('x') }, '.a is a symbol', 'data only'],
    ['a promise', { a: Promise.resolve(1) }, '.a is an instance of Promise', 'plain object'],
    ['a boxed number', { a: Object(1) }, '.a is an instance of Number', 'plain object'],
  ])('%s is refused with its path', (_name, value, message, fix) => {
    try {
      canonicalJson(value)
    } catch (error) {
      expect(PipewrightError.isInstance(error) && error.code).toBe('VALUE_NOT_STORABLE')
      expect((error as Error).message).toContain(message)
      expect((error as PipewrightError).fix).toContain(fix)
      return
    }
    expect.unreachable()
  })

  test('what is too deep is refused, not a crash', () => {
    let list: unknown = 1
    let record: unknown = 1
    for (let i = 0; i < 3_000; i++) [list, record] = [[list], { a: record }]
    expect(() => canonicalJson(list)).toThrow('nested deeper')
    expect(() => canonicalJson(record)).toThrow('nested deeper')
    const shared = { a: 1 }
    expect(canonicalJson([shared, shared])).toBe('[{"a":1},{"a":1}]')
  })
})
