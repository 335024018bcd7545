import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import { unlessAborted } from '../execute/abortable.ts'
import { programEnvironment } from '../internal/environment.ts'
import { findInterpreter, type Interpreter } from './interpreter.ts'
import { withProcessLock } from './process-lock.ts'

/** What making an environment takes. */
export interface RequirementsRequest {
  /** The file, relative to the project. */
  readonly requirements: string
  readonly interpreter: string
  /** The folder of the project. */
  readonly root: string
  /** The folder that environments are kept in. */
  readonly folder: string
  readonly signal?: AbortSignal | undefined
  /** Told what the tool prints. */
  readonly onLine?: ((line: string) => void) | undefined
}

/** Stands in an environment that is complete; whatever is without it is made again. */
const completeFile = 'pipewright-complete.json'
/** What an error shows of what a tool has printed. */
const shownLines = 12

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
  const base = await findInterpreter(request.interpreter, request.root)
  const file = resolve(request.root, request.requirements)
  const digest = sha256(
    canonicalJson({
      texts: requirementTexts(file),
      python: base.version,
      prefix: base.prefix,
      arch: process.arch,
    }),
  )
  const venv = join(request.folder, digest.slice('sha256:'.length, 'sha256:'.length + 16))
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
  const { root, signal, onLine = () => undefined } = request
  const executable = join(venv, 'bin', 'python')
  if (await isComplete(venv)) return findInterpreter(executable, root)
  const wait = (): void =>
    onLine(`another process makes the environment of ${request.requirements}: waiting for it`)
  await withProcessLock(`${venv}.lock`, signal, wait, async () => {
    if (await isComplete(venv)) return
    const startedAt = Date.now()
    // One that was cut off. An environment holds its own path, so that it cannot be made elsewhere and moved.
    await rm(venv, { recursive: true, force: true })
    const tool = (await hasUv(root)) ? 'uv' : 'pip'
    onLine(`making the environment of ${request.requirements} with ${tool}, Python ${base.version}`)
    try {
      for (const [command, ...args] of commands(tool, venv, executable, file, base))
        await runTool(command!, args, request, onLine)
    } catch (error) {
      await rm(venv, { recursive: true, force: true })
      throw error
    }
    const complete = {
      tool,
      requirements: request.requirements,
      python: base.version,
      ms: Date.now() - startedAt,
    }
    await writeFile(join(venv, `${completeFile}.new`), JSON.stringify(complete))
    await rename(join(venv, `${completeFile}.new`), join(venv, completeFile))
    onLine(`the environment of ${request.requirements} is made: ${venv}`)
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

async function isComplete(venv: string): Promise<boolean> {
  return stat(join(venv, completeFile)).then(
    () => true,
    () => false,
  )
}

/** How an environment of requirements was made: a line for whoever uses it first. */
export async function madeBy(venv: string): Promise<string | undefined> {
  try {
    const { tool, requirements, ms } = JSON.parse(await readFile(join(venv, completeFile), 'utf8')) as {
      tool: string
      requirements: string
      ms: number
    }
    return `its environment was made from ${requirements} by ${tool} in ${(ms / 1_000).toFixed(1)} s`
  } catch {
    return undefined
  }
}

function hasUv(root: string): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('uv', ['--version'], { cwd: root, stdio: 'ignore' })
    child.on('error', () => resolve(false))
    child.on('exit', (code) => resolve(code === 0))
  })
}

/** Runs a tool to its end; an error shows the last lines that it has printed. */
async function runTool(
  command: string,
  args: readonly string[],
  { root, signal, requirements }: RequirementsRequest,
  onLine: (line: string) => void,
): Promise<void> {
  const last: string[] = []
  await new Promise<void>((resolve, reject) => {
    const fail = (how: string, cause?: unknown): void =>
      reject(
        new PipewrightError(
          'ENVIRONMENT_INVALID',
          `the environment of ${requirements} cannot be made: ${command} ${how}${last.length === 0 ? '' : `:\n${last.join('\n')}`}`,
          {
            fix: 'correct the file, or look whether the package index can be reached; a folder of packages works offline: PIP_FIND_LINKS, PIP_NO_INDEX',
            details: { requirements },
            ...(cause === undefined ? {} : { cause }),
          },
        ),
      )
    const child = spawn(command, args, {
      cwd: root,
      env: programEnvironment(indexVariables()),
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal === undefined ? {} : { signal }),
    })
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        if (line.trim() === '') return
        last.push(line)
        if (last.length > shownLines) last.shift()
        onLine(line)
      })
    child.on('error', (error) =>
      signal?.aborted === true ? reject(signal.reason) : fail(error.message, error),
    )
    child.on('close', (code, ended) => {
      if (code === 0) resolve()
      else if (signal?.aborted === true) reject(signal.reason)
      else fail(ended === null ? `ended with code ${code}` : `was ended by ${ended}`)
    })
  })
}

/** Where packages come from is said by variables of the tools. */
function indexVariables(): string[] {
  return Object.keys(process.env).filter((name) => /^(PIP|UV)_/.test(name))
}
