import { PipewrightError } from '../internal/error.ts'

/** Marks references of every installed copy of the package. */
const secretMark: unique symbol = Symbol.for('pipewright.secret') as never

/**
 * What names a secret without holding it. Made by {@link secret}.
 *
 * @example
 * ```ts
 * secret('API_TOKEN').toString() // "secret('API_TOKEN')"
 * ```
 */
export interface SecretReference {
  readonly [secretMark]: true
  /** What providers know it by. */
  readonly secret: string
  /** `secret('NAME')`. */
  toString(): string
}

/** The secrets of a step, by the names that it reads them by. */
export type Secrets = Readonly<Record<string, SecretReference>>

/** What a variable, a key of a mounted folder and an argument can be; no path leads out of it. */
const possible = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/

/**
 * Names a secret for a step to declare: a reference, which holds no value. Printed or stored, it shows its name.
 *
 * The value is asked of the providers of the settings when an attempt of the step begins, in the process of the step.
 * Throws `DEFINITION_INVALID` for a name that is not of letters, digits, `_`, `-` and `.`.
 *
 * @example
 * ```ts
 * export const fetchOrders = defineStep({
 *   name: 'fetch-orders',
 *   secrets: { token: secret('SHOP_API_TOKEN') },
 *   outputs: { orders: z.array(z.object({ id: z.string() })) },
 *   run: async (_inputs, ctx) => {
 *     const headers = { authorization: `Bearer ${await ctx.secret('token')}` }
 *     const response = await fetch('https://shop.example.com/orders', { headers, signal: ctx.signal })
 *     return { orders: (await response.json()) as { id: string }[] }
 *   },
 * })
 * ```
 */
export function secret(name: string): SecretReference {
  if (typeof name !== 'string' || !possible.test(name)) {
    // What stands there may be the secret itself: it is not repeated.
    throw new PipewrightError(
      'DEFINITION_INVALID',
      'secret(…) was given something that is no name of a secret',
      {
        fix: "name it, by letters, digits, '_', '-' and '.': secret('API_TOKEN')",
      },
    )
  }
  const reference = { secret: name }
  Object.defineProperties(reference, {
    [secretMark]: { value: true },
    toString: { value: () => `secret('${name}')` },
  })
  return Object.freeze(reference) as unknown as SecretReference
}

/** Tells whether a value is a reference to a secret. */
export function isSecretReference(value: unknown): value is SecretReference {
  return typeof value === 'object' && value !== null && secretMark in value
}

/** Refuses secrets that are no references: a value that was given in its place is not repeated. */
export function checkSecrets(secrets: unknown, owner: string): void {
  if (secrets === undefined) return
  if (typeof secrets !== 'object' || secrets === null || Array.isArray(secrets)) {
    throw new PipewrightError('DEFINITION_INVALID', `${owner}, secrets: this is no record of references`, {
      fix: "give secrets: { token: secret('API_TOKEN') }",
    })
  }
  for (const [name, reference] of Object.entries(secrets)) {
    if (isSecretReference(reference)) continue
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `${owner}, secrets.${name}: this is no reference to a secret`,
      {
        fix: `give secrets: { ${name}: secret('NAME') }; values come from the providers of the settings`,
      },
    )
  }
}
