import { milliseconds, type Duration } from '../internal/duration.ts'
import { isSecretProvider, type DefinedSecretProvider } from './provider.ts'

/** A file of `NAME=value` lines. */
export interface SecretFile {
  /** Relative to the root. One that is not there has no secrets. */
  readonly file: string
}

/** A folder with a file for each secret, as Kubernetes and Docker mount them. */
export interface SecretFolder {
  /** Relative to the root. */
  readonly folder: string
}

/** A command that prints a secret; it is started without a shell. */
export interface SecretCommand {
  /** The executable and its arguments; in these the secret's name stands for `{name}`. */
  readonly command: readonly string[]
  /** How long it may take. Default `'10s'`. */
  readonly timeout?: Duration
  /** Exit codes by which it says that it has no such secret. Default none: any code but 0 fails the attempt. */
  readonly notFound?: readonly number[]
}

/** Where secrets come from. */
export type SecretSource = 'environment' | SecretFile | SecretFolder | SecretCommand | DefinedSecretProvider

/** Sources as data: what another process opens the same providers from. Paths are absolute. */
export type SecretSourceDeclaration =
  | Exclude<SecretSource, DefinedSecretProvider>
  | { readonly module: string; readonly provider: string }

/** Asked where the settings name none. */
export const defaultSecretSources: readonly SecretSource[] = ['environment']

/** How a source of the settings is to be written. */
export const secretSourceFix =
  "give 'environment', { file }, { folder }, { command: ['tool', '{name}'] } or what defineSecretProvider made"

/** What is wrong with a source of the settings; undefined where it can be one. */
export function secretSourceProblem(source: unknown): string | undefined {
  if (source === 'environment' || isSecretProvider(source)) return undefined
  if (typeof source !== 'object' || source === null) return 'is no source of secrets'
  const { file, folder, command, timeout, notFound, ...others } = source as Partial<
    SecretFile & SecretFolder & SecretCommand
  >
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) return `has '${unknown}', which no source of secrets has`
  const kinds = [file, folder, command].filter((one) => one !== undefined)
  if (kinds.length !== 1) return 'is not one source of secrets'
  if (command === undefined) {
    if (timeout !== undefined || notFound !== undefined) return 'has what only a command has'
    return typeof kinds[0] === 'string' && kinds[0] !== '' ? undefined : 'has a path that is no text'
  }
  const isCommand =
    Array.isArray(command) && command.length > 0 && command.every((part) => typeof part === 'string')
  if (!isCommand || command[0] === '') return 'has a command that is no list of texts'
  if (
    notFound !== undefined &&
    !(Array.isArray(notFound) && notFound.every((code) => Number.isInteger(code)))
  )
    return 'has a notFound that is no list of exit codes'
  if (timeout !== undefined) milliseconds(timeout, 'secrets, timeout')
  return undefined
}
