import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { PipewrightError } from '../../internal/error.ts'
import { programEnvironment } from '../../internal/environment.ts'

const run = promisify(execFile)

/** A Python that can be started. */
export interface Interpreter {
  /** The executable itself, behind whatever chooses one by name. */
  readonly executable: string
  /** Such as `3.12.1`. */
  readonly version: string
  /** The folder of its environment. */
  readonly prefix: string
}

/** The oldest version that the worker file is written for. */
const oldest = [3, 9] as const

const question =
  'import json,sys;print(json.dumps({"executable":sys.executable,"version":".".join(map(str,sys.version_info[:3])),"prefix":sys.prefix}))'

const known = new Map<string, Promise<Interpreter>>()

/** Finds an interpreter by its name on the path, or by a path relative to the project. Throws `ENVIRONMENT_INVALID`. */
export function findInterpreter(command: string, root: string): Promise<Interpreter> {
  const path = /[\\/]/.test(command) ? resolve(root, command) : command
  // A version manager may choose by folder; an environment that was made again is another one.
  const look = isAbsolute(path) ? statSync(path, { throwIfNoEntry: false })?.mtimeMs : undefined
  const key = JSON.stringify([path, root, look])
  let asked = known.get(key)
  if (asked === undefined) {
    asked = ask(path, root)
    known.set(key, asked)
    asked.catch(() => known.delete(key))
  }
  return asked
}

/** The interpreter of a virtual environment. */
export function interpreterOfVenv(venv: string, root: string): Promise<Interpreter> {
  const folder = resolve(root, venv)
  const executable = join(folder, 'bin', 'python')
  if (statSync(executable, { throwIfNoEntry: false }) !== undefined) return findInterpreter(executable, root)
  throw new PipewrightError(
    'ENVIRONMENT_INVALID',
    `${folder} is no virtual environment: it has no bin/python`,
    {
      fix: `make it: python3 -m venv ${venv}`,
      details: { venv: folder },
    },
  )
}

async function ask(command: string, root: string): Promise<Interpreter> {
  let answer: Interpreter
  try {
    const { stdout } = await run(command, ['-c', question], { cwd: root, env: programEnvironment([]) })
    answer = JSON.parse(stdout) as Interpreter
  } catch (cause) {
    const { code, stderr = '' } = cause as NodeJS.ErrnoException & { stderr?: string }
    const lines = stderr.trim().split('\n')
    // A traceback says it at its end, whatever chooses among Pythons at its beginning.
    const reason = lines[0]!.startsWith('Traceback') ? lines.at(-1)! : lines[0]!
    throw new PipewrightError(
      'ENVIRONMENT_INVALID',
      code === 'ENOENT'
        ? `there is no Python interpreter '${command}'`
        : [
            `'${command}' does not run as a Python interpreter${reason === '' ? '' : `: ${reason}`}`,
            ...lines.slice(1).slice(-5),
          ].join('\n'),
      {
        fix: "install it, or name another one: python: 'python3.12', { interpreter: '/opt/python/bin/python3' } or { venv: '.venv' }",
        details: { interpreter: command },
        cause,
      },
    )
  }
  const [major = 0, minor = 0] = answer.version.split('.').map(Number)
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))
    throw new PipewrightError(
      'ENVIRONMENT_INVALID',
      `'${command}' is Python ${answer.version}; ${oldest.join('.')} is the oldest that works`,
      { fix: 'name a newer one: python: { interpreter: … }', details: { interpreter: command } },
    )
  return answer
}
