import { resolve } from 'node:path'
import { milliseconds } from '../internal/duration.ts'
import { PipewrightError } from '../internal/error.ts'
import { isSecretProvider, type DefinedSecretProvider, type SecretProvider } from './provider.ts'
import { commandProvider } from './providers/command.ts'
import { environmentProvider } from './providers/environment.ts'
import { fileProvider, folderProvider } from './providers/file.ts'
import type { SecretSource, SecretSourceDeclaration } from './sources.ts'

/** Sources of the settings as data. Throws `CONFIG_INVALID` for a provider that no other process can find. */
export function declaredSources(sources: readonly SecretSource[], root: string): SecretSourceDeclaration[] {
  return sources.map((source) => {
    if (isSecretProvider(source)) {
      if (source.module !== undefined) return { module: source.module, provider: source.name }
      throw new PipewrightError(
        'CONFIG_INVALID',
        `nobody can tell where provider '${source.name}' was defined`,
        {
          fix: 'export what defineSecretProvider returns from a module of the project',
        },
      )
    }
    if (source === 'environment') return source
    if ('file' in source) return { file: resolve(root, source.file) }
    return 'folder' in source ? { folder: resolve(root, source.folder) } : source
  })
}

/** Opens the providers of the settings, in this process. */
export function openSecretProviders(sources: readonly SecretSource[], root: string): SecretProvider[] {
  return sources.map((source) => {
    if (source === 'environment') return environmentProvider
    if (isSecretProvider(source)) return source
    if ('file' in source) return fileProvider(resolve(root, source.file), source.file)
    if ('folder' in source) return folderProvider(resolve(root, source.folder), source.folder)
    const { timeout, ...command } = source
    const limit = timeout === undefined ? {} : { timeout: milliseconds(timeout, 'secrets, timeout') }
    return commandProvider({ ...command, ...limit }, root)
  })
}

/** Opens in another process what {@link declaredSources} has told of; `load` imports a module. */
export async function openDeclaredSources(
  declarations: readonly SecretSourceDeclaration[],
  root: string,
  load: (module: string) => Promise<Readonly<Record<string, unknown>>>,
): Promise<SecretProvider[]> {
  const sources: SecretSource[] = []
  for (const one of declarations) {
    if (typeof one === 'object' && 'module' in one) sources.push(providerIn(await load(one.module), one))
    else sources.push(one)
  }
  return openSecretProviders(sources, root)
}

function providerIn(
  exports: Readonly<Record<string, unknown>>,
  { module, provider }: { readonly module: string; readonly provider: string },
): DefinedSecretProvider {
  for (const value of Object.values(exports))
    if (isSecretProvider(value) && value.name === provider) return value
  throw new PipewrightError('CONFIG_INVALID', `${module} exports no provider of secrets '${provider}'`, {
    fix: 'export what defineSecretProvider returns: the process of a step imports it from there',
  })
}
