import { PipewrightError } from '../internal/error.ts'
import type { Secrets } from '../define/secret.ts'
import type { SecretProvider } from './provider.ts'
import { Redactor } from './redactor.ts'
import { checkSecretValue } from './secret-value.ts'

/** In milliseconds: a provider that takes longer does not answer. */
const longest = 60_000

/** Told of a secret before anybody is given it. */
export type OnSecretRead = (secret: string, value: string) => void

/** The secrets that this process has asked for in one run. */
export class RunSecrets {
  /** Knows each of them from the moment on that its value is known. */
  readonly redactor = new Redactor()
  readonly #providers: readonly SecretProvider[]
  readonly #onRead: OnSecretRead | undefined
  readonly #values = new Map<string, Promise<string>>()

  constructor(providers: readonly SecretProvider[], onRead?: OnSecretRead) {
    this.#providers = providers
    this.#onRead = onRead
  }

  /**
   * Asks for the secrets that a step declares; in the order of the providers, and once for the run. Throws
   * `SECRET_NOT_FOUND`, `SECRET_INVALID` or `SECRET_UNAVAILABLE`, with `owner` in front.
   */
  async declared(secrets: Secrets = {}, owner: string): Promise<Readonly<Record<string, string>>> {
    const entries = Object.entries(secrets).map(
      async ([name, { secret }]) => [name, await this.#value(secret, owner)] as const,
    )
    return Object.fromEntries(await Promise.all(entries))
  }

  #value(secret: string, owner: string): Promise<string> {
    const known = this.#values.get(secret)
    if (known !== undefined) return known
    const asked = this.#ask(secret, owner)
    this.#values.set(secret, asked)
    // What went wrong may go right in the next attempt.
    asked.catch(() => this.#values.delete(secret))
    return asked
  }

  async #ask(secret: string, owner: string): Promise<string> {
    const signal = AbortSignal.timeout(longest)
    for (const provider of this.#providers) {
      let value: unknown
      try {
        value = await answered(provider, secret, signal)
      } catch (cause) {
        throw unavailable(secret, provider, owner, cause)
      }
      if (value === undefined) continue
      checkSecretValue(value, secret, provider.name)
      this.redactor.add(secret, value)
      this.#onRead?.(secret, value)
      return value
    }
    throw notFound(secret, this.#providers, owner)
  }
}

/** What a provider gives, also where it does not heed its signal. */
async function answered(provider: SecretProvider, secret: string, signal: AbortSignal): Promise<unknown> {
  signal.throwIfAborted()
  let stop: () => void = () => undefined
  const late = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([provider.get(secret, { signal }), late])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function unavailable(
  secret: string,
  { name }: SecretProvider,
  owner: string,
  cause: unknown,
): PipewrightError {
  const isOurs = PipewrightError.isInstance(cause)
  const [told, fix] = (cause instanceof Error ? cause.message : String(cause)).split('\nFix: ')
  return new PipewrightError(
    isOurs ? cause.code : 'SECRET_UNAVAILABLE',
    `${owner}: the secret '${secret}' cannot be had: ${isOurs ? told : `${name} threw: ${told}`}`,
    { fix: fix ?? 'mend the provider, or try again', details: { secret }, cause },
  )
}

function notFound(secret: string, providers: readonly SecretProvider[], owner: string): PipewrightError {
  const asked = providers.map(({ name }) => name)
  return new PipewrightError(
    'SECRET_NOT_FOUND',
    `${owner}: nobody has the secret '${secret}'; asked were ${asked.length === 0 ? 'none' : asked.join(', ')}`,
    {
      fix: `give it to one of them (such as the variable ${secret}), or name its provider in the settings: secrets: […]`,
      details: { secret, providers: asked },
    },
  )
}
