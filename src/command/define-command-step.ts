import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'
import { milliseconds } from '../internal/duration.ts'
import { PipewrightError } from '../internal/error.ts'
import { programEnvironment } from '../internal/environment.ts'
import { own } from '../internal/own.ts'
import type { Kind } from '../artifact/kind.ts'
import { itemKind } from '../artifact/list.ts'
import { isForeignModelKind } from '../artifact/model.ts'
import { fileName, returnedPath } from '../artifact/workdir.ts'
import type { StepContext } from '../define/context.ts'
import type { Secrets } from '../define/secret.ts'
import {
  toKinds,
  type InputsOf,
  type Kinds,
  type OutputsOf,
  type ReceivedOf,
  type ReturnedOf,
  type Specs,
} from '../define/spec.ts'
import {
  makeStep,
  type Step,
  type StepDefinition,
  type StepFunction,
  type StepOptions,
} from '../define/step.ts'
import { inputArguments, inputsFile } from './arguments.ts'
import { runInContainer } from './container/run.ts'
import { Mounts } from './container/mounts.ts'
import { checkContainer, type ContainerOptions } from './container/options.ts'
import { isFinal } from './final-error.ts'
import { commandFingerprint } from './fingerprint.ts'
import { pathsOfMachine } from './paths.ts'
import { runCommand, type ExitMeaning } from './run-command.ts'
import { checkCommand, commandLine, placeholders, type CommandPart } from './template.ts'

const takenIn = ['json', 'table', 'file', 'directory', 'model of files']
const givenOut = ['json', 'metrics', 'file', 'directory', 'model of files']

type NoSpecs = Readonly<Record<never, never>>
type NoSecrets = Readonly<Record<never, never>>

/**
 * What {@link defineCommandStep} takes.
 *
 * @example
 * ```ts
 * export const count = defineCommandStep({
 *   name: 'count-lines',
 *   inputs: { text: file('text/plain'), pattern: z.string().optional() },
 *   outputs: { counts: file('text/plain') },
 *   command: ['grep', '-c', ['-e', '{pattern}'], '{text}'],
 *   stdout: 'counts',
 *   exitCodes: { 1: 'success', 2: 'fail' }, // grep: 1 is that nothing was found
 * })
 * ```
 */
export interface CommandStepDefinition<
  I extends Specs,
  O extends Specs,
  S extends Secrets = Secrets,
> extends Omit<StepOptions, 'fingerprint' | 'undo'> {
  /** Named inputs: json values, files, directories, tables, and lists of them. */
  readonly inputs?: I
  /** Named outputs: files, directories, and json or metrics that the command writes as a JSON file. */
  readonly outputs?: O
  /** The command sees them as variables of the environment of these names. */
  readonly secrets?: S
  readonly ignore?: readonly (keyof I & string)[]
  /**
   * The executable and its arguments, each a text of its own. `{name}` stands for an input, an output or one of `files`:
   * json as text, all else by its path; `{inputs}` for the path of a JSON file with all json inputs. A list in an argument
   * of its own is several arguments. A group in brackets is left out where an input of it is not given. `{{name}}` is
   * meant as it stands.
   */
  readonly command: readonly CommandPart[]
  /** Files of the project that the command reads, such as a script: their content is part of the cache key. */
  readonly files?: Readonly<Record<string, URL>>
  /** The output that is what the command prints. Default: that is logged. */
  readonly stdout?: keyof O & string
  /** Where the command writes outputs that it is not given a path for, relative to the folder that it is started in. */
  readonly places?: Readonly<Partial<Record<keyof O & string, string>>>
  /**
   * What exit codes mean; `retry` and `fail` are failures, the latter is not tried again. Default: 0 is `success`, any
   * other one `retry`, which takes a `retry` of the step.
   */
  readonly exitCodes?: Readonly<Record<number, ExitMeaning>>
  /** Runs the command in a container, by docker or podman. Default: as a process of this machine. */
  readonly container?: ContainerOptions
}

type AnyDefinition = CommandStepDefinition<Specs, Specs>

function refuse(owner: string, what: string, fix: string): never {
  throw new PipewrightError('DEFINITION_INVALID', `${owner}: ${what}`, { fix })
}

function nameOf(kind: Kind<unknown, never>): string {
  return isForeignModelKind(kind) ? 'model of files' : kind.name
}

function checkKinds(inputs: Kinds, outputs: Kinds, owner: string): void {
  for (const [name, kind] of Object.entries(inputs)) {
    const item = nameOf(itemKind(kind) ?? kind)
    if (name === inputsFile)
      refuse(owner, `no input can be called '${inputsFile}'`, `{${inputsFile}} is the file of all`)
    if (!takenIn.includes(item))
      refuse(
        owner,
        `input '${name}' is a ${item}, which no argument can be`,
        `give one of: ${takenIn.join(', ')}`,
      )
  }
  for (const [name, kind] of Object.entries(outputs))
    if (!givenOut.includes(nameOf(kind)))
      refuse(
        owner,
        `output '${name}' is a ${kind.name}, which no command writes`,
        `give one of: ${givenOut.join(', ')}`,
      )
}

/** Each output is printed, written where the command is told, or to a place that is known. */
function checkPlaces({ command, stdout, places = {} }: AnyDefinition, outputs: Kinds, owner: string): void {
  const told = new Set([...placeholders(command), ...Object.keys(places), stdout])
  for (const name of Object.keys(outputs))
    if (!told.has(name))
      refuse(
        owner,
        `nothing says where output '${name}' is written`,
        `give {${name}} in an argument, stdout, or places: { ${name}: 'file' }`,
      )
  for (const name of [...Object.keys(places), ...(stdout === undefined ? [] : [stdout])])
    if (!Object.hasOwn(outputs, name)) refuse(owner, `'${name}' is not an output`, 'name one of `outputs`')
  if (stdout !== undefined && outputs[stdout]!.name === 'directory')
    refuse(owner, `output '${stdout}' is a directory, which cannot be printed`, 'take a file')
}

/** A name in braces has one meaning. */
function checkMounts(mounts: Readonly<Record<string, URL>>, taken: readonly string[], owner: string): void {
  for (const name of Object.keys(mounts))
    if (taken.includes(name))
      refuse(owner, `container.mounts: '${name}' is something else already`, 'give the folder another name')
}

/** The variables of the environment of these names, as far as they are set. */
function environment(names: readonly string[]): Record<string, string> {
  const seen: Record<string, string> = {}
  for (const name of names) {
    const value = own(process.env, name)
    if (value !== undefined) seen[name] = value
  }
  return seen
}

/**
 * Defines a step that runs a command: any executable, without a shell.
 *
 * It is started in `ctx.workdir`, and sees of the environment `PATH`, `HOME`, the language and the like, what `env` names,
 * and its `secrets`. What it prints is logged, up to 4 MiB of each stream. When the attempt is cancelled or past its time it
 * is told to end (SIGTERM) with all that it has started, and killed a second before the `grace` of the step is over; what it
 * leaves behind is killed when it ends.
 *
 * Its cache key has the command as it is written here, the contents of `files`, and `version`, by which you tell of the
 * executable: another release, another text. Throws `DEFINITION_INVALID` for what cannot work; the step fails with
 * `COMMAND_FAILED` where the executable is not there or ends with a code that is no success, and with `CONTAINER_FAILED` where
 * its `container` cannot be run.
 *
 * @example
 * ```ts
 * export const sorted = defineCommandStep({
 *   name: 'sort-lines',
 *   version: 'coreutils 9',
 *   inputs: { lines: file('text/plain') },
 *   outputs: { sorted: file('text/plain') },
 *   command: ['sort', '-o', '{sorted}', '{lines}'],
 * })
 * ```
 */
export function defineCommandStep<
  const I extends Specs = NoSpecs,
  const O extends Specs = NoSpecs,
  const S extends Secrets = NoSecrets,
>(
  definition: CommandStepDefinition<I, O, S>,
): Step<InputsOf<I>, OutputsOf<O>, StepFunction<ReceivedOf<I>, ReturnedOf<O>>> {
  const all = definition as unknown as AnyDefinition
  const { command, files = {}, stdout, places = {}, exitCodes = {}, version, container, ...options } = all
  const owner = `step '${options.name}'`
  const inputs = toKinds(options.inputs ?? {}, owner, 'input')
  const outputs = toKinds(options.outputs ?? {}, owner, 'output')
  checkKinds(inputs, outputs, owner)
  const known = [...Object.keys(inputs), ...Object.keys(outputs), ...Object.keys(files), inputsFile]
  if (container !== undefined) checkContainer(container, owner)
  const folders = container?.mounts ?? {}
  checkMounts(folders, known, owner)
  checkCommand(command, [...known, ...Object.keys(folders)], owner)
  checkPlaces(all, outputs, owner)
  const written = {
    command,
    places,
    exitCodes,
    stdout,
    env: options.env,
    version,
    container: container && inKey(container),
  }
  const names = new Set(placeholders(command))
  const grace = Math.max(0, milliseconds(options.grace ?? '5s', `${owner}, grace`) - 1_000)
  const run = async (
    given: Readonly<Record<string, unknown>>,
    ctx: StepContext,
  ): Promise<Record<string, unknown>> => {
    const { workdir } = ctx
    const paths: Record<string, string> = {}
    for (const name of Object.keys(outputs))
      paths[name] = join(workdir, own(places, name) ?? `out-${fileName(name)}`)
    const mounts = container === undefined ? undefined : new Mounts(workdir)
    const seen = mounts ?? pathsOfMachine
    const values = {
      ...(await inputArguments(given, inputs, workdir, names, seen)),
      ...mapped(paths, (_name, path) => seen.inWorkdir(path)),
      ...mapped(files, (name, url) => seen.file(name, fileURLToPath(url))),
      ...mapped(folders, (name, url) => mounts!.folder(name, fileURLToPath(url))),
    }
    // In a container the programs are others.
    const env = (container === undefined ? programEnvironment : environment)(options.env ?? [])
    for (const name of Object.keys(options.secrets ?? {})) env[name] = await ctx.secret(name)
    const stdoutFile = stdout === undefined ? undefined : paths[stdout]
    const ready = { arguments: commandLine(command, values), env, stdoutFile, exitCodes, grace, owner }
    if (mounts === undefined) await runCommand(ready, ctx)
    else {
      const { name: step, resources = {} } = options
      await runInContainer({ ...ready, step, container: container!, resources, mounts: mounts.all }, ctx)
    }
    return made(outputs, paths, workdir)
  }
  const { retry } = options
  const fingerprint = commandFingerprint(files, container, owner)
  return makeStep({
    ...options,
    version: `command ${sha256(canonicalJson(JSON.parse(JSON.stringify(written))))}`,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(retry === undefined
      ? {}
      : {
          retry: {
            ...retry,
            retryIf: async (error: unknown, attempt: number) =>
              !isFinal(error) && (retry.retryIf === undefined || (await retry.retryIf(error, attempt))),
          },
        }),
    run: run as never,
  } as unknown as StepDefinition<Specs, Specs>)
}

/** What of a container changes results, as it is written: not who runs it, nor where folders of the project are. */
function inKey({ image, network = 'none', user, mounts = {}, gpus }: ContainerOptions): object {
  return { image, network, user, mounts: Object.keys(mounts), gpus }
}

function mapped<T, U>(
  record: Readonly<Record<string, T>>,
  to: (name: string, value: T) => U,
): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, to(name, value)]))
}

/** The outputs of a command that has ended: files and directories by their paths, data as it has written it. */
async function made(
  outputs: Kinds,
  paths: Readonly<Record<string, string>>,
  workdir: string,
): Promise<Record<string, unknown>> {
  const record: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(outputs)) {
    const path = paths[name]!
    const { path: real } = await returnedPath(path, workdir).catch((cause: unknown) => {
      throw notMade(name, path, cause)
    })
    record[name] = kind.name === 'json' || kind.name === 'metrics' ? await dataOf(name, real) : path
  }
  return record
}

function notMade(name: string, path: string, cause: unknown): unknown {
  if (!PipewrightError.isInstance(cause) || !cause.message.includes('is not there')) return cause
  return new PipewrightError('OUTPUT_INVALID', `output '${name}': the command has not written ${path}`, {
    fix: `let it write there: give it {${name}}, or say in \`places\` where it writes`,
    details: { output: name },
    cause,
  })
}

async function dataOf(name: string, path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8')
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new PipewrightError('OUTPUT_INVALID', `output '${name}': what the command has written is no JSON`, {
      fix: 'take it as a file, or let the command write JSON',
      details: { output: name },
      cause,
    })
  }
}
