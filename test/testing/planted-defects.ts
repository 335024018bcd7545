import { AssertionError } from 'node:assert'
import { PipewrightError } from 'pipewright'
import type { RegisterTest } from 'pipewright/testing'
import { expect, test } from 'vitest'

/** A store of which some methods are others. */
export function changed<Store extends object>(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      const own: unknown = Reflect.get(Object.hasOwn(methods, name) ? methods : target, name)
      return typeof own === 'function' ? (own.bind(target) as unknown) : own
    },
  })
}

/** The tests that a contract registers. */
function registered(contract: (test: RegisterTest) => void): ReadonlyMap<string, () => Promise<void>> {
  const rules = new Map<string, () => Promise<void>>()
  contract((name, run) => rules.set(name, run))
  return rules
}

/** Each rule of a contract fails on the store with its defect, by what it asserts and not by accident. */
export function failsOnEachDefect<Defect>(
  defects: Readonly<Record<string, Defect>>,
  contract: (defect: Defect, test: RegisterTest) => void,
): void {
  test.each(Object.entries(defects))('%s', async (rule, defect) => {
    const run = registered((register) => contract(defect, register)).get(rule)!
    const error: unknown = await run().then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error instanceof AssertionError || PipewrightError.isInstance(error), String(error)).toBe(true)
  })

  test('there is a defect for every rule', () => {
    const [any] = Object.values(defects)
    expect(Object.keys(defects).toSorted()).toEqual(
      [...registered((register) => contract(any!, register)).keys()].toSorted(),
    )
  })
}
