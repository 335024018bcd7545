import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { milliseconds } from '../internal/duration.ts'
import type { StepContext } from '../define/context.ts'
import type { PythonCode, PythonPort, PythonStep } from '../define/python-step.ts'
import { placed } from '../execute/error-record.ts'
import { programEnvironment } from '../internal/environment.ts'
import { workerProtocol, type WorkerBootstrap, type WorkerState } from '../worker/protocol.ts'
import { CallListener, callWorker } from '../worker/worker-call.ts'
import { WorkerPool, type Leased, type PoolLimits } from '../worker/worker-pool.ts'
import { WorkerProcess } from '../worker/worker-process.ts'
import { resolvePython, type PythonSettings } from './python-environment.ts'
import type { Interpreter } from './interpreter.ts'
import { checkVariables } from './notebook-outputs.ts'
import { madeBy } from './requirements.ts'

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
    try {
      return await this.#call(step, inputs, context)
    } catch (error) {
      throw placed(error, `step '${step.name}'`, { step: step.name })
    }
  }

  /** Ends all processes. */
  close(): Promise<void> {
    return this.#pool.close()
  }

  async #call(
    step: PythonStep,
    inputs: Readonly<Record<string, unknown>>,
    context: StepContext,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { signal } = context
    const interpreter = await resolvePython(step.python.python, this.#settings, {
      signal,
      onLine: (line) => {
        // A tool that is stopped may say something after the end of the attempt.
        if (!signal.aborted) context.log.info(line)
      },
    })
    await this.#tellOrigin(interpreter, context)
    let leased: Leased | undefined
    const listener = new CallListener(context, (message) => leased?.worker.send(message))
    leased = await this.#lease(step, interpreter, listener, signal)
    leased.worker.take(listener)
    const { grace = defaultGrace } = step.options
    const { notebook, function: name = notebook! } = step.python
    const returned = await callWorker(leased, this.#formats.get(leased.worker)!, listener, {
      function: name,
      inputs,
      kinds: step,
      context,
      grace: Math.max(0, milliseconds(grace, 'grace') - killTime),
    })
    if (notebook !== undefined) checkVariables(step, returned)
    return returned
  }

  #lease(
    step: PythonStep,
    { executable }: Interpreter,
    listener: CallListener,
    signal: AbortSignal,
  ): Promise<Leased> {
    const { root } = this.#settings
    const entry = pythonEntry(step.python, root)
    const env = { ...programEnvironment(step.options.env ?? []), ...fixed }
    return this.#pool.lease(JSON.stringify([executable, entry, env]), async () => {
      const request = await this.#bootstrap(entry)
      const worker = new WorkerProcess(
        { command: executable, args: [workerFile], cwd: root, env, request },
        listener,
      )
      try {
        const { formats } = await worker.hello(signal)
        this.#formats.set(worker, formats)
        const { memory, files } = await worker.ready(signal)
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
    })
  }

  async #bootstrap(entry: PythonEntry): Promise<string> {
    const path = join(tmpdir(), `pipewright-worker-${randomUUID()}.json`)
    const bootstrap: WorkerBootstrap = { protocol: workerProtocol, entry }
    await writeFile(path, JSON.stringify(bootstrap), { mode: 0o600 })
    return path
  }

  /** An environment may have been made while a plan was: its first step here says so. */
  async #tellOrigin({ prefix }: Interpreter, context: StepContext): Promise<void> {
    if (this.#told.has(prefix)) return
    this.#told.add(prefix)
    const origin = await madeBy(prefix)
    if (origin !== undefined) context.log.debug(origin)
  }
}
