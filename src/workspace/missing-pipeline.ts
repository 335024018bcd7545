import { readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PipewrightError } from '../internal/error.ts'
import { nearest } from '../internal/nearest.ts'
import { lineOfField } from './load-error.ts'

/** Where the settings say what a pipeline's name stands for. */
export interface SettingPlace {
  /** Undefined where the settings come from code. */
  readonly config: string | undefined
  readonly name: string
}

/** More names than this are left out. */
const mostNames = 20

function listed(names: readonly string[]): string {
  return `${names.slice(0, mostNames).join(', ')}${names.length > mostNames ? ', …' : ''}`
}

/** The modules of a folder, written as `way` to it is. */
function modulesIn(folder: string, way: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /\.[cm]?[jt]sx?$/.test(name) && !name.startsWith('pipewright.config.'))
      .map((name) => join(way, name))
  } catch {
    return []
  }
}

/** The error of what the settings say of a pipeline, with file, line and field. */
export function atSetting(error: PipewrightError, { config, name }: SettingPlace): PipewrightError {
  const field = `pipelines.${name}`
  const line = config === undefined ? undefined : lineOfField(config, field)
  const file = config === undefined ? 'the settings' : `${config}${line === undefined ? '' : `:${line}`}`
  const [message = ''] = error.message.split('\nFix: ')
  return new PipewrightError(error.code, `${file}: ${field}: ${message}`, {
    ...(error.fix === undefined ? {} : { fix: error.fix }),
    details: { ...error.details, field, config: config ?? null, line: line ?? null },
    cause: error,
  })
}

/** What the settings name as a module and is none. */
export function missingSetting(file: string, path: string, place: SettingPlace): PipewrightError {
  const beside = modulesIn(dirname(path), dirname(file))
  const close = nearest(file, beside)
  const there = beside.length === 0 ? '' : `: its folder has ${listed(beside)}`
  const error = new PipewrightError('PIPELINE_NOT_FOUND', `there is no file ${file}`, {
    fix:
      close === undefined
        ? `give 'file#export', relative to the project${there}`
        : `did you mean '${close}'?`,
    details: { file },
  })
  return atSetting(error, place)
}

/** What a user names as a pipeline and is none: a folder, or nothing at all; with what was meant, or what there is. */
export function missingAddress(file: string, path: string, names: readonly string[]): PipewrightError {
  const settings = names.length === 0 ? '' : `, or a name of the settings: ${listed(names)}`
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    const inside = modulesIn(path, file)
    return new PipewrightError('PIPELINE_NOT_FOUND', `${file} is a folder, no module with a pipeline`, {
      fix: inside.length === 0 ? `give file#export${settings}` : `name a file: ${listed(inside)}${settings}`,
      details: { file },
    })
  }
  const beside = modulesIn(dirname(path), dirname(file))
  const close = nearest(file, [...names, ...beside])
  const files = beside.length === 0 ? '' : ` (there are ${listed(beside)})`
  return new PipewrightError('PIPELINE_NOT_FOUND', `there is no file ${file}`, {
    fix: close === undefined ? `give file#export${files}${settings}` : `did you mean '${close}'?`,
    details: { file },
  })
}
