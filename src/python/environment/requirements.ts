import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { canonicalJson } from '../../internal/canonical.ts'
import { sha256 } from '../../internal/digest.ts'
import { PipewrightError } from '../../internal/error.ts'
import { unlessAborted } from '../../execute/abortable.ts'
import { programEnvironment } from '../../internal/environment.ts'
import { startGroup } from '../../internal/process-group.ts'
import { complete, originOf, pythonIn, takeIntoUse } from './environment-folder.ts'
import { PackageCount, type EnvironmentProgress } from './environment-progress.ts'
import { findInterpreter, type Interpreter } from './interpreter.ts'
import { withProcessLock } from './process-lock.ts'

/** Which environment is meant. */
export interface EnvironmentRequest {
  /** The file, relative to the project. */
  readonly requirements: string
  readonly interpreter: string
  /** The folder of the project. */
  readonly root: string
  /** The folder that environments are kept in. */
  readonly folder: string
}

/** What making an environment takes. */
export interface RequirementsRequest extends EnvironmentRequest {
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((progress: EnvironmentProgress) => void) | undefined
}

/** What runs a tool, and ends it with this process: one that went on would write into what the next one makes. */
const toolFile = fileURLToPath(new URL('../../../python/pipewright_tool.py', import.meta.url))

/** What an error shows of what a tool has printed. */
const shownLines = 12
/** What is remembered of the lines of a tool for the log of a run. */
const keptLines = 500

/** By folder of an environment that this process has made: what was said, until a run has it in its log. */
const said = new Map<string, string[]>()

/** By folder: who makes an environment in this process. */
const making = new Map<
  string,
  { readonly made: Promise<Interpreter>; readonly signal: AbortSignal | undefined }
>()

/**
 * The interpreter of the environment that holds what a file of requirements names. It is made once for a content of the
 * file, with what it includes, and an interpreter: by uv where that is there, else by venv and pip. Throws
 * `ENVIRONMENT_INVALID` with the last lines of the tool.
 */
export async function requirementsEnvironment(request: RequirementsRequest): Promise<Interpreter> {
  const { venv, file, base } = await placeOf(request)
  for (;;) {
    const other = making.get(venv)
    if (other === undefined) {
      const made = madeOnce(venv, file, base, request).finally(() => making.delete(venv))
      making.set(venv, { made, signal: request.signal })
      return made
    }
    const waited = await unlessAborted(other.made, request.signal ?? never).catch((error: unknown) => {
      // It was given up for reasons of somebody else's: whoever waits makes it.
      if (other.signal?.aborted !== true) throw error
    })
    if (waited === 'aborted') throw request.signal!.reason
    if (waited !== undefined) return waited
  }
}

/** The interpreter of the environment of a file of requirements where that was made, without making it. */
export async function madeEnvironment(request: EnvironmentRequest): Promise<Interpreter | undefined> {
  const { venv } = await placeOf(request)
  return (await originOf(venv)) && findInterpreter(pythonIn(venv), request.root)
}

/** Where the environment of a request is, or is to be, and what it is made with. */
async function placeOf({ requirements, interpreter, root, folder }: EnvironmentRequest): Promise<{
  readonly venv: string
  readonly file: string
  readonly base: Interpreter
}> {
  const base = await findInterpreter(interpreter, root)
  const file = resolve(root, requirements)
  const digest = sha256(
    canonicalJson({
      texts: requirementTexts(file),
      python: base.version,
      prefix: base.prefix,
      arch: process.arch,
    }),
  )
  const venv = join(folder, digest.slice('sha256:'.length, 'sha256:'.length + 16))
  return { venv, file, base }
}

const never = new AbortController().signal

/** The texts of a file of requirements and of what it includes by `-r` and `-c`, in their order. */
function requirementTexts(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return []
  seen.add(file)
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new PipewrightError('ENVIRONMENT_INVALID', `the requirements ${file} cannot be read`, {
      fix: 'give the path of the file relative to the project',
      cause,
    })
  }
  const included = [...text.matchAll(/^\s*(?:-r|-c|--requirement|--constraint)[\s=]+(\S+)/gm)].flatMap(
    ([, path]) => requirementTexts(resolve(dirname(file), path!), seen),
  )
  return [text, ...included]
}

async function madeOnce(
  venv: string,
  file: string,
  base: Interpreter,
  request: RequirementsRequest,
): Promise<Interpreter> {
  const { root, signal, requirements, onProgress = () => undefined } = request
  const executable = pythonIn(venv)
  if (await takeIntoUse(venv)) return findInterpreter(executable, root)
  const startedAt = Date.now()
  const packages = new PackageCount()
  let tool: 'uv' | 'pip' | undefined
  const lines: string[] = []
  const tell = (state: EnvironmentProgress['state'], line: string): void => {
    if (lines.length < keptLines) lines.push(line)
    packages.take(line)
    onProgress({
      requirements,
      state,
      ...(tool === undefined ? {} : { tool }),
      packages: packages.count,
      startedAt,
      line,
    })
  }
  const wait = (): void =>
    tell('waiting', `another process makes the environment of ${requirements}: waiting for it`)
  await withProcessLock(`${venv}.lock`, signal, wait, async () => {
    if (await takeIntoUse(venv)) return tell('made', `the environment of ${requirements} is made: ${venv}`)
    // One that was cut off. An environment holds its own path, so that it cannot be made elsewhere and moved.
    await rm(venv, { recursive: true, force: true })
    tool = (await hasUv(root)) ? 'uv' : 'pip'
    tell('making', `making the environment of ${requirements} with ${tool}, Python ${base.version}`)
    try {
      for (const command of commands(tool, venv, executable, file, base))
        await runTool(base, command, request, (line) => tell('making', line))
    } catch (error) {
      tell('failed', `the environment of ${requirements} was not made`)
      await rm(venv, { recursive: true, force: true })
      throw error
    }
    await complete(venv, { tool, requirements, python: base.version, ms: Date.now() - startedAt })
    tell('made', `the environment of ${requirements} is made: ${venv}`)
    said.set(venv, lines)
  })
  return findInterpreter(executable, root)
}

function commands(
  tool: 'uv' | 'pip',
  venv: string,
  executable: string,
  file: string,
  base: Interpreter,
): readonly (readonly string[])[] {
  if (tool === 'uv')
    return [
      ['uv', 'venv', '--python', base.executable, venv],
      ['uv', 'pip', 'install', '--python', executable, '-r', file],
    ]
  return [
    [base.executable, '-m', 'venv', venv],
    [executable, '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '-r', file],
  ]
}

/** What was said when this process made an environment; told once. */
export function saidOfMaking(venv: string): readonly string[] {
  const lines = said.get(venv) ?? []
  said.delete(venv)
  return lines
}

/** How an environment of requirements was made: a line for whoever uses it first. */
export async function madeBy(venv: string): Promise<string | undefined> {
  const origin = await originOf(venv)
  if (origin === undefined) return undefined
  const { tool, requirements, ms } = origin
  return `its environment was made from ${requirements} by ${tool} in ${(ms / 1_000).toFixed(1)} s`
}

function hasUv(root: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('uv', ['--version'], { cwd: root, stdio: 'ignore' })
    child.on('error', () => resolve(false))
    child.on('exit', (code) => resolve(code === 0))
  })
}

/** Runs a tool to its end, or for as long as this process is there; an error shows the last lines that it has printed. */
async function runTool(
  { executable }: Interpreter,
  command: readonly string[],
  { root, signal, requirements }: RequirementsRequest,
  onLine: (line: string) => void,
): Promise<void> {
  signal?.throwIfAborted()
  const last: string[] = []
  const failed = (how: string, cause?: unknown): PipewrightError =>
    new PipewrightError(
      'ENVIRONMENT_INVALID',
      [
        `the environment of ${requirements} cannot be made: ${reasonIn(last) ?? `${command[0]!} ${how}`}`,
        ...last,
      ].join('\n'),
      {
        fix: 'correct the file, or look whether the package index can be reached; a folder of packages works offline: PIP_FIND_LINKS, PIP_NO_INDEX',
        details: { requirements },
        ...(cause === undefined ? {} : { cause }),
      },
    )
  const group = startGroup([executable, toolFile, ...command], {
    cwd: root,
    env: programEnvironment(indexVariables()),
    stdio: 'pipe',
  })
  for (const stream of [group.process.stdout!, group.process.stderr!])
    createInterface({ input: stream }).on('line', (line) => {
      if (line.trim() === '') return
      last.push(line)
      if (last.length > shownLines) last.shift()
      onLine(line)
    })
  const kill = (): void => group.kill('SIGKILL')
  signal?.addEventListener('abort', kill, { once: true })
  try {
    const { code, signal: by } = await group.ended.catch((error: Error) => {
      throw failed(error.message, error)
    })
    signal?.throwIfAborted()
    if (code !== 0) throw failed(by === null ? `ended with code ${code}` : `was ended by ${by}`)
  } finally {
    signal?.removeEventListener('abort', kill)
  }
}

/** The line that says why, where a tool marks one: pip by `ERROR:`, uv by `╰─▶`. */
function reasonIn(lines: readonly string[]): string | undefined {
  const reasons = lines.flatMap((line) => /^\s*(?:ERROR:|╰─▶) (.+)/.exec(line)?.[1] ?? [])
  return reasons.at(-1)
}

/** Where packages come from is said by variables of the tools. */
function indexVariables(): string[] {
  return Object.keys(process.env).filter((name) => /^(PIP|UV)_/.test(name))
}
