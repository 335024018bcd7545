import { randomUUID } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { milliseconds } from '../internal/duration.ts'
import { PipewrightError } from '../internal/error.ts'
import type { StepContext } from '../define/context.ts'
import type { PythonCode, PythonPort, PythonStep } from '../define/python-step.ts'
import { placed } from '../execute/error-record.ts'
import { outsideWorkOf } from '../execute/outside-work.ts'
import type { Use } from '../execute/hermetic/use.ts'
import { programEnvironment } from '../internal/environment.ts'
import { workerProtocol, type WorkerBootstrap, type WorkerState } from '../worker/protocol.ts'
import { CallListener, callWorker } from '../worker/worker-call.ts'
import { WorkerPool, type Leased, type PoolLimits } from '../worker/worker-pool.ts'
import { WorkerProcess } from '../worker/worker-process.ts'
import { keepInUse } from './environment/environment-folder.ts'
import { resolvePython, type PythonSettings } from './environment/python-environment.ts'
import type { Interpreter } from './environment/interpreter.ts'
import { checkVariables } from './notebook/notebook-outputs.ts'
import { madeBy, saidOfMaking } from './environment/requirements.ts'

/** The worker file, which is in the package as it is. */
export const workerFile = fileURLToPath(new URL('../../python/pipewright_worker.py', import.meta.url))

/** Hash codes of texts order sets: the same in every process. Texts are UTF-8 whatever the machine is set to. */
const fixed = { PYTHONHASHSEED: '0', PYTHONUTF8: '1' } as const

const defaultGrace = 5_000
/** So much of the grace is left for the end of a process that is killed. */
const killTime = 100

/** What of a step's code a worker loads: `module`, `script` or `notebook`, and where modules are imported from. */
export type PythonEntry = { readonly path: readonly string[] } & (
  | { readonly module: string; readonly script?: never; readonly notebook?: never }
  | { readonly script: string; readonly module?: never; readonly notebook?: never }
  | { readonly notebook: string; readonly module?: never; readonly script?: never }
)

/** What a worker loads for a step, by absolute paths. */
export function pythonEntry({ module, script, notebook, path }: PythonCode, root: string): PythonEntry {
  const folders = path.map((folder) => resolve(root, folder))
  if (module !== undefined) return { module, path: folders }
  const absolute = (place: string): string =>
    place.startsWith('file:') ? fileURLToPath(place) : resolve(root, place)
  if (notebook !== undefined) return { notebook: absolute(notebook), path: folders }
  return { script: absolute(script!), path: folders }
}

/** The worker under watch, which tells what functions use of the world. */
const watchFile = fileURLToPath(new URL('../../python/pipewright_watch.py', import.meta.url))

/** Told what the functions of a step have used of the world. */
export type OnUses = (uses: readonly Use[]) => void

/** The Python processes of a workspace; they stay when a call has ended, with what they have imported. */
export class PythonWorkers implements PythonPort {
  readonly #settings: PythonSettings
  readonly #pool: WorkerPool
  readonly #formats = new WeakMap<WorkerProcess, readonly string[]>()
  readonly #told = new Set<string>()

  constructor(settings: PythonSettings, limits: PoolLimits = {}) {
    this.#settings = settings
    this.#pool = new WorkerPool(limits)
  }

  async call(
    step: PythonStep,
    inputs: Readonly<Record<string, unknown>>,
    context: StepContext,
  ): Promise<Readonly<Record<string, unknown>>> {
    return this.#placed(step, () => this.#call(step, inputs, context))
  }

  /** The same for one call, in a process of its own under watch. */
  watched(onUses: OnUses): PythonPort {
    return {
      call: (step, inputs, context) =>
        this.#placed(step, async () => {
          const uses = join(tmpdir(), `pipewright-uses-${randomUUID()}.ndjson`)
          try {
            return await this.#call(step, inputs, context, uses)
          } finally {
            onUses(await usesIn(uses))
            await rm(uses, { force: true })
          }
        }),
    }
  }

  /** Ends all processes. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  async #placed<T>({ name }: PythonStep, call: () => Promise<T>): Promise<T> {
    try {
      return await call()
    } catch (error) {
      throw placed(error, `step '${name}'`, { step: name })
    }
  }

  async #call(
    step: PythonStep,
    inputs: Readonly<Record<string, unknown>>,
    context: StepContext,
    uses?: string,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { signal } = context
    let isMade = false
    const settings: PythonSettings = {
      ...this.#settings,
      onEnvironment: (progress) => {
        isMade = true
        // A tool that is stopped may say something after the end of the attempt.
        if (!signal.aborted) context.log.info(progress.line)
        this.#settings.onEnvironment?.(progress)
      },
    }
    const interpreter = await resolvePython(step.python.python, settings, signal)
    await this.#tellOrigin(interpreter, context, isMade)
    const stopUse = keepInUse(interpreter.prefix)
    try {
      return await this.#callIn(interpreter, step, inputs, context, uses)
    } finally {
      stopUse()
    }
  }

  async #callIn(
    interpreter: Interpreter,
    step: PythonStep,
    inputs: Readonly<Record<string, unknown>>,
    context: StepContext,
    uses: string | undefined,
  ): Promise<Readonly<Record<string, unknown>>> {
    let leased: Leased | undefined
    const listener = new CallListener(context, (message) => leased?.worker.send(message))
    leased = await this.#lease(step, interpreter, listener, context, uses)
    leased.worker.take(listener)
    const { grace = defaultGrace } = step.options
    const { notebook, function: name = notebook! } = step.python
    const returned = await callWorker(leased, this.#formats.get(leased.worker)!, listener, {
      function: name,
      inputs,
      kinds: step,
      context,
      runner: 'python',
      grace: Math.max(0, milliseconds(grace, 'grace') - killTime),
    })
    if (notebook !== undefined) checkVariables(step, returned)
    return returned
  }

  #lease(
    step: PythonStep,
    { executable }: Interpreter,
    listener: CallListener,
    context: StepContext,
    uses: string | undefined,
  ): Promise<Leased> {
    const { signal } = context
    const { root } = this.#settings
    const entry = pythonEntry(step.python, root)
    const env = { ...programEnvironment(step.options.env ?? []), ...fixed }
    const args =
      uses === undefined
        ? [workerFile]
        : [watchFile, watchArgument(uses, entry, step.options.env ?? [], root)]
    const key = JSON.stringify([executable, args, entry, env])
    const start = async (): Promise<{ worker: WorkerProcess; state: WorkerState }> => {
      const request = await this.#bootstrap(entry)
      const worker = new WorkerProcess({ command: executable, args, cwd: root, env, request }, listener)
      try {
        const { formats } = await worker.hello(signal)
        this.#formats.set(worker, formats)
        const { memory, files } = await worker.ready(signal).catch((error: unknown) => {
          throw error === signal.reason ? stillLoading(error, entry) : error
        })
        const state: WorkerState = {
          ...(memory === undefined ? {} : { memory }),
          ...(files === undefined ? {} : { files }),
        }
        return { worker, state }
      } catch (error) {
        worker.kill()
        throw error
      } finally {
        await rm(request, { force: true })
      }
    }
    return this.#pool.lease(key, start, outsideWorkOf(context).memoryLimit)
  }

  async #bootstrap(entry: PythonEntry): Promise<string> {
    const path = join(tmpdir(), `pipewright-worker-${randomUUID()}.json`)
    const bootstrap: WorkerBootstrap = { protocol: workerProtocol, entry }
    await writeFile(path, JSON.stringify(bootstrap), { mode: 0o600 })
    return path
  }

  /** An environment may have been made while a plan was: its first step here says so, in the words of the tool. */
  async #tellOrigin({ prefix }: Interpreter, context: StepContext, isTold: boolean): Promise<void> {
    for (const line of saidOfMaking(prefix)) if (!isTold) context.log.info(line)
    if (this.#told.has(prefix)) return
    this.#told.add(prefix)
    const origin = await madeBy(prefix)
    if (origin !== undefined) context.log.debug(origin)
  }
}

/** What the worker under watch is told. */
function watchArgument(uses: string, entry: PythonEntry, env: readonly string[], root: string): string {
  const folders = entry.script === undefined ? entry.path : [dirname(entry.script), ...entry.path]
  return JSON.stringify({ uses, env, roots: [root, ...folders] })
}

/** The uses that were written one by one; none where the process did not come to its function. */
async function usesIn(path: string): Promise<Use[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Use]))
}

/** That the time of an attempt was over before its function could be called; anything else stays as it is. */
function stillLoading(reason: unknown, { module, script, notebook }: PythonEntry): unknown {
  if (!PipewrightError.isInstance(reason) || reason.code !== 'STEP_TIMEOUT') return reason
  return new PipewrightError(
    'STEP_TIMEOUT',
    `its Python was still loading ${module ?? script ?? notebook} when its timeout was over, and was ended`,
    {
      fix: 'look for what never ends at the top level of the module, or of one that it imports; or raise `timeout`',
      cause: reason,
    },
  )
}
