import { byteSize } from '../internal/byte-size.ts'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import type { ArtifactStore } from '../artifact/blob.ts'
import { isService, type AnyService } from '../define/service.ts'
import type { RunnerSettings } from '../execute/runner-settings.ts'
import { checkPythonEnvironment, type PythonEnvironment } from '../define/python-step.ts'
import type { MetadataStore } from '../record/metadata.ts'
import { secretSourceFix, secretSourceProblem, type SecretSource } from '../secret/sources.ts'
import { checkRunners } from './runner-check.ts'
import { isSchedule, type Schedule } from '../schedule/schedule.ts'
import { isTrigger, type Trigger } from '../schedule/trigger.ts'

/** A folder for bytes. */
export interface StoreFolder {
  /** Relative to the root. */
  readonly folder: string
  /** Several workspaces use it, and each finds what another one has cached. Default: no. */
  readonly shared?: boolean
}

/**
 * What `openWorkspace` and `pipewright.config.*` take.
 *
 * @example
 * ```ts
 * const pw = await openWorkspace({
 *   root: 'packages/models',
 *   store: { folder: '../../shared-cache', shared: true },
 *   resources: { gpu: 1 }, // steps that need one take turns
 * })
 * ```
 */
export interface Settings {
  /** The folder of the project. Default: where the config file is, else the nearest lockfile or `.git`. */
  readonly root?: string
  /** Where bytes are: a folder, which several workspaces may share, or a store. Default `.pipewright` under the root. */
  readonly store?: string | StoreFolder | ArtifactStore
  /** Where what happened is remembered: a SQLite file, `:memory:`, or a store. Default `.pipewright/metadata.sqlite`. */
  readonly metadata?: string | MetadataStore
  /** How many steps of a run may run at once. Default: 2 x the processors, at least 4. */
  readonly concurrency?: number
  /**
   * How much there is of each named resource, `{ gpu: 1, licence: 2 }`, over all processes that have the workspace open; `cpu` and
   * `memory` (`'8GiB'`) for each process by itself, by default what the machine has.
   */
  readonly resources?: Readonly<Record<string, number | string>>
  /** What steps share: `[defineService({ … })]`. */
  readonly services?: readonly AnyService[]
  /** Where steps run that do not say so themselves. Default: inline. */
  readonly runners?: RunnerSettings
  /**
   * Packages whose objects change no result, such as clients of a tracker: a step may use them, and counts their
   * versions. Loggers and schema libraries are known. Default none.
   */
  readonly opaque?: readonly string[]
  /**
   * Where the secrets of steps come from, asked in this order until one has it: `'environment'`, a file, a folder, a
   * command, or what `defineSecretProvider` made. Default `['environment']`.
   */
  readonly secrets?: readonly SecretSource[]
  /** The Python of steps that name none: an interpreter, a virtual environment or requirements. Default `python3`. */
  readonly python?: PythonEnvironment
  /** Pipelines by name, as `file#export`; a file is loaded only when its pipeline is named. */
  readonly pipelines?: Readonly<Record<string, string>>
  /** When pipelines run, by `schedule(…)`; `pipewright up` or `pw.drive` drives them. */
  readonly schedules?: readonly Schedule[]
  /** What starts pipelines, by `trigger(…)`. */
  readonly triggers?: readonly Trigger[]
}

const known = [
  'root',
  'store',
  'metadata',
  'concurrency',
  'resources',
  'services',
  'runners',
  'opaque',
  'secrets',
  'python',
  'pipelines',
  'schedules',
  'triggers',
]

function refuse(where: string, field: string, what: string, fix: string): never {
  throw new PipewrightError('CONFIG_INVALID', `${where}: ${field} ${what}`, { fix, details: { field } })
}

function isStore(store: unknown): boolean {
  if (typeof store === 'string') return store !== ''
  if (typeof store !== 'object' || store === null) return false
  if (!('folder' in store)) return 'put' in store
  const { folder, shared = false, ...others } = store as Partial<StoreFolder>
  const isFolder = typeof folder === 'string' && folder !== '' && typeof shared === 'boolean'
  return isFolder && Object.keys(others).length === 0
}

function isMetadata(metadata: unknown): boolean {
  if (typeof metadata === 'string') return metadata !== ''
  return typeof metadata === 'object' && metadata !== null && 'append' in metadata
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Checks settings of whatever origin; a mistake is `CONFIG_INVALID` with the field and the fix. */
export function checkSettings(settings: Settings, where: string): Settings {
  if (typeof settings !== 'object' || settings === null)
    refuse(where, 'the settings', 'are not an object', 'export default defineConfig({ … })')
  for (const field of Object.keys(settings))
    if (!known.includes(field)) refuse(where, `'${field}'`, 'is not a setting', didYouMean(field, known))
  const { root, store, metadata, concurrency, opaque = [], secrets = [], python } = settings
  const { resources = {}, pipelines = {} } = settings
  if (root !== undefined && typeof root !== 'string')
    refuse(where, 'root', 'is not a path', "give a folder such as '.'")
  if (store !== undefined && !isStore(store))
    refuse(where, 'store', 'is neither a folder nor a store', "give { folder: '/mnt/team', shared: true }")
  if (metadata !== undefined && !isMetadata(metadata)) {
    refuse(
      where,
      'metadata',
      'is neither a path nor a metadata store',
      "give a file such as '.pipewright/metadata.sqlite', or ':memory:'",
    )
  }
  if (concurrency !== undefined && (!Number.isInteger(concurrency) || concurrency < 1)) {
    refuse(where, 'concurrency', `is ${String(concurrency)}`, 'give a whole number from 1')
  }
  if (!isRecord(resources)) refuse(where, 'resources', 'is not an object', "give { memory: '8GiB', gpu: 1 }")
  for (const [name, amount] of Object.entries(resources)) {
    if (name === 'memory') byteSize(amount, `${where}: resources.memory`)
    else if (typeof amount !== 'number' || !(amount > 0))
      refuse(where, `resources.${name}`, `is ${String(amount)}`, 'give a number above 0')
  }
  checkServices(where, settings.services)
  checkRunners(where, settings.runners)
  if (!Array.isArray(opaque) || !opaque.every((name) => typeof name === 'string'))
    refuse(where, 'opaque', 'is not a list of names', "give packages: ['some-tracker']")
  if (!Array.isArray(secrets)) refuse(where, 'secrets', 'is not a list of sources', secretSourceFix)
  for (const [index, source] of secrets.entries()) {
    const problem = secretSourceProblem(source)
    if (problem !== undefined) refuse(where, `secrets[${index}]`, problem, secretSourceFix)
  }
  if (python !== undefined)
    checkPythonEnvironment(python, (problem, fix) => refuse(where, 'python', problem, fix))
  if (!isRecord(pipelines))
    refuse(where, 'pipelines', 'is not an object', "give { tumours: 'src/tumours.ts#tumours' }")
  for (const [name, address] of Object.entries(pipelines)) {
    if (typeof address !== 'string' || address === '')
      refuse(where, `pipelines.${name}`, 'is not an address', "give 'file#export'")
  }
  checkStarters(where, 'schedules', settings.schedules, isSchedule)
  checkStarters(where, 'triggers', settings.triggers, isTrigger)
  return settings
}

function checkServices(where: string, given: readonly AnyService[] = []): void {
  if (!Array.isArray(given) || !given.every(isService))
    refuse(where, 'services', 'is not a list of services', 'give [defineService({ name, open, close })]')
  const names = given.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined)
    refuse(where, 'services', `has two of the name '${twice}'`, 'give one of them another `name`')
}

function checkStarters(
  where: string,
  field: 'schedules' | 'triggers',
  given: readonly (Schedule | Trigger)[] = [],
  isOne: (value: unknown) => boolean,
): void {
  const one = field.slice(0, -1)
  if (!Array.isArray(given) || !given.every(isOne))
    refuse(where, field, `is not a list of ${field}`, `give [${one}('src/tumours.ts#tumours', { … })]`)
  const names = given.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined)
    refuse(where, field, `has two of the name '${twice}'`, 'give one of them another `name`')
}

/**
 * Types the settings of `pipewright.config.ts`, which the command line and `openWorkspace()` read.
 *
 * @example
 * ```ts
 * export default defineConfig({
 *   concurrency: 8,
 *   resources: { gpu: 1 },
 *   pipelines: { tumours: 'src/tumours.ts#tumours' },
 * })
 * ```
 */
export function defineConfig(settings: Settings): Settings {
  return checkSettings(settings, 'defineConfig')
}
