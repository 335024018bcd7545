import { pathToFileURL } from 'node:url'
import { PipewrightError } from '../internal/error.ts'

function isUnknownExtension(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code
  return (
    code === 'ERR_UNKNOWN_FILE_EXTENSION' ||
    code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' ||
    code === 'ERR_MODULE_NOT_FOUND'
  )
}

/**
 * Imports a user's module. What this process loads by itself (JavaScript; TypeScript where Node or a loader
 * strips types) is loaded so; the rest goes through jiti.
 */
export async function loadModule(file: string): Promise<Readonly<Record<string, unknown>>> {
  const isTypeScript = /\.[cm]?tsx?$/.test(file)
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (error) {
    if (!isTypeScript || !isUnknownExtension(error)) throw error
  }
  const { createJiti } = await import('jiti').catch((cause: unknown) => {
    throw new PipewrightError('DEPENDENCY_MISSING', `jiti is needed to load ${file}`, {
      fix: 'npm install jiti',
      cause,
    })
  })
  // Maps tell which definition has made a step (src/code/made-step.ts).
  return createJiti(import.meta.url, { sourceMaps: true }).import(file)
}
