/** Registers a test: that of vitest, node:test or jest. */
export type RegisterTest = (name: string, run: () => Promise<void>) => unknown

/** What a contract asks for, by the name of its test. */
export type Rules<Given> = Readonly<Record<string, (given: Given) => Promise<void>>>

/** Registers a test for each rule but some, over what is made for it and let go of after it. */
export function registerRules<Given extends { close(): Promise<void> }>(
  rules: Rules<Given>,
  test: RegisterTest,
  without: readonly string[],
  make: () => Promise<Given>,
): void {
  const unknown = without.find((name) => !Object.hasOwn(rules, name))
  // What is left out by a name that no rule has would be tested all the same, or be a rule that is gone.
  if (unknown !== undefined) throw new TypeError(`the contract has no rule '${unknown}' to leave out`)
  for (const [name, rule] of Object.entries(rules)) {
    if (without.includes(name)) continue
    test(name, async () => {
      const given = await make()
      try {
        await rule(given)
      } finally {
        await given.close()
      }
    })
  }
}
