import { callSite } from '../internal/call-site.ts'
import { PipewrightError } from '../internal/error.ts'

/** Marks providers of every installed copy of the package. */
const providerMark: unique symbol = Symbol.for('pipewright.secret-provider') as never

/** What a provider is told beside the name of a secret. */
export interface SecretRequest {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/**
 * Gives the values of secrets by their names.
 *
 * @port
 */
export interface SecretProvider {
  /** What errors call it: `the environment`, `the file .env.secrets`. */
  readonly name: string
  /** The value of a secret, or undefined where it has none of that name: the next provider is asked then. */
  get(secret: string, request: SecretRequest): string | undefined | Promise<string | undefined>
}

/** A provider that another process finds: by its module, and its name there. */
export interface DefinedSecretProvider extends SecretProvider {
  readonly [providerMark]: true
  /** The file in which it was defined, as far as the call stack tells. */
  readonly module: string | undefined
}

/**
 * What {@link defineSecretProvider} takes.
 *
 * @example
 * ```ts
 * export const vault = defineSecretProvider({
 *   name: 'vault',
 *   get: async (secret, { signal }) => {
 *     const response = await fetch(`https://vault.example.com/v1/kv/data/${secret}`, { signal })
 *     if (response.status === 404) return undefined
 *     return ((await response.json()) as { data: { data: { value: string } } }).data.data.value
 *   },
 * })
 * ```
 */
export interface SecretProviderDefinition {
  /** What errors call it, and another process finds it by: unique in its module. */
  readonly name: string
  /** The value of a secret; undefined where it has none of that name. What it throws fails the attempt that asked. */
  readonly get: SecretProvider['get']
}

/**
 * Defines a provider of secrets for the settings. Export it from a module: processes of steps import that, and ask it
 * there. It is asked once for a secret, run and process.
 *
 * Throws `DEFINITION_INVALID` for a definition without a name or a function.
 *
 * @example
 * ```ts
 * export const keychain = defineSecretProvider({ name: 'keychain', get: (secret) => readFile(`/keys/${secret}`, 'utf8') })
 * export default defineConfig({ secrets: ['environment', keychain] })
 * ```
 */
export function defineSecretProvider({ name, get }: SecretProviderDefinition): DefinedSecretProvider {
  if (typeof name !== 'string' || name === '' || typeof get !== 'function') {
    throw new PipewrightError('DEFINITION_INVALID', 'a provider of secrets has a name and a function', {
      fix: "give { name: 'vault', get: (secret) => value }",
    })
  }
  return Object.freeze({ [providerMark]: true as const, name, get, module: callSite()?.file })
}

/** Tells whether a value is a provider that {@link defineSecretProvider} has made. */
export function isSecretProvider(value: unknown): value is DefinedSecretProvider {
  return typeof value === 'object' && value !== null && providerMark in value
}
