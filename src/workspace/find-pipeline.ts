import { readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import { own } from '../internal/own.ts'
import { isPipeline, type AnyPipeline } from '../define/runnable.ts'
import { errorPlace, headline } from './load-error.ts'
import { loadModule } from './load-module.ts'
import type { Settings } from './settings.ts'

/** The pipeline of a module: by export name, by pipeline name, or the only one there is. */
export function findPipelineIn(
  exports: Readonly<Record<string, unknown>>,
  file: string,
  name?: string,
): AnyPipeline {
  const pipelines = Object.entries(exports).filter((entry): entry is [string, AnyPipeline] =>
    isPipeline(entry[1]),
  )
  const found =
    name === undefined
      ? pipelines.length === 1
        ? pipelines[0]
        : undefined
      : pipelines.find(([key, pipeline]) => key === name || pipeline.name === name)
  if (found !== undefined) return found[1]
  const names = pipelines.map(([key]) => key)
  if (names.length === 0) {
    throw new PipewrightError('PIPELINE_NOT_FOUND', `${file} exports no pipeline`, {
      fix: 'export what definePipeline returned',
    })
  }
  throw new PipewrightError(
    'PIPELINE_NOT_FOUND',
    name === undefined
      ? `${file} exports ${names.length} pipelines`
      : `${file} exports no pipeline '${name}'`,
    {
      fix:
        name === undefined
          ? `name one: ${names.map((key) => `${file}#${key}`).join(', ')}`
          : didYouMean(name, names),
    },
  )
}

/** The name of an error beside its message: of what a module throws, both tell. */
function thrownText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `it throws ${String(thrown)}`
  const { name } = thrown
  const message = headline(thrown.message)
  return name === 'Error' || message.startsWith(name) ? message : `${name}: ${message}`
}

/** What to do about a package that a module imports and that is not there. */
function missingPackage(thrown: unknown): string | undefined {
  const name = thrown instanceof Error ? /Cannot find package '([^']+)'/.exec(thrown.message)?.[1] : undefined
  return name === undefined ? undefined : `npm install ${name}, or mend the import`
}

/** Files beside one that is not there, written as it was, which a mistyped name may mean. */
function filesBeside(path: string, file: string): string[] {
  try {
    const modules = readdirSync(dirname(path)).filter(
      (name) => /\.[cm]?[jt]sx?$/.test(name) && !name.startsWith('pipewright.config.'),
    )
    return modules.map((name) => join(dirname(file), name))
  } catch {
    return []
  }
}

/** The pipeline behind what a user names: a name of the settings, or `file#export`. */
export async function findPipeline(
  address: string,
  settings: Settings,
  root: string,
  cwd: string,
): Promise<AnyPipeline> {
  const named = own(settings.pipelines ?? {}, address)
  const [file, name] = (named ?? address).split('#') as [string, string | undefined]
  const path = resolve(named === undefined ? cwd : root, file)
  let exports: Readonly<Record<string, unknown>>
  try {
    exports = await loadModule(path)
  } catch (cause) {
    if (PipewrightError.isInstance(cause)) throw cause
    const place = await errorPlace(cause, path)
    const missing = statSync(path, { throwIfNoEntry: false })?.isFile() !== true
    const names = Object.keys(settings.pipelines ?? {})
    throw new PipewrightError(
      'PIPELINE_NOT_FOUND',
      missing
        ? `there is no file ${file}`
        : `${file} cannot be loaded: ${thrownText(cause)}${place === undefined ? '' : `\n  at ${place}`}`,
      {
        fix: missing
          ? `give file#export, or a name of the settings (${didYouMean(address, [...names, ...filesBeside(path, file)])})`
          : (missingPackage(cause) ?? 'mend the error in the file'),
        details: { file, ...(place === undefined ? {} : { place }) },
        cause,
      },
    )
  }
  return findPipelineIn(exports, file, name)
}
