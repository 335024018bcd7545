import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import { own } from '../internal/own.ts'
import { isPipeline, type AnyPipeline } from '../define/runnable.ts'
import { errorPlace, headline } from './load-error.ts'
import { loadModule } from './load-module.ts'
import { atSetting, missingAddress, missingSetting } from './missing-pipeline.ts'
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
  const message = thrown instanceof Error ? thrown.message : ''
  // Of a package, not of one of its parts; what is imported by a path is none.
  const name = /Cannot find (?:package|module) '((?:@[^'/]+\/)?[^'./][^'/]*)(?:\/[^']*)?'/.exec(message)?.[1]
  return name === undefined ? undefined : `npm install ${name}, or mend the import`
}

/** The pipeline behind what a user names: a name of the settings, which `config` holds, or `file#export`. */
export async function findPipeline(
  address: string,
  settings: Settings,
  { root, cwd, config }: { readonly root: string; readonly cwd: string; readonly config: string | undefined },
): Promise<AnyPipeline> {
  const named = own(settings.pipelines ?? {}, address)
  const place = named === undefined ? undefined : { config, name: address }
  const [file, name] = (named ?? address).split('#') as [string, string | undefined]
  const path = resolve(named === undefined ? cwd : root, file)
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw place === undefined
      ? missingAddress(file, path, Object.keys(settings.pipelines ?? {}))
      : missingSetting(file, path, place)
  let exports: Readonly<Record<string, unknown>>
  try {
    exports = await loadModule(path)
  } catch (cause) {
    if (PipewrightError.isInstance(cause)) throw cause
    const at = await errorPlace(cause, path)
    throw new PipewrightError(
      'PIPELINE_NOT_FOUND',
      `${file} cannot be loaded: ${thrownText(cause)}${at === undefined ? '' : `\n  at ${at}`}`,
      {
        fix: missingPackage(cause) ?? 'mend the error in the file',
        details: { file, ...(at === undefined ? {} : { place: at }) },
        cause,
      },
    )
  }
  try {
    return findPipelineIn(exports, file, name)
  } catch (error) {
    throw place === undefined ? error : atSetting(error as PipewrightError, place)
  }
}
