import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import type { AnyService } from '../define/service.ts'
import { runningProcesses } from './running-processes.ts'

/** An opened service. */
interface Opened {
  readonly service: AnyService
  readonly value: Promise<unknown>
}

/** What the steps of this process share: each service is opened when it is first asked for, and closed with the last run. */
export class ServiceHost {
  readonly #services: ReadonlyMap<string, AnyService>
  readonly #opened = new Map<string, Opened>()
  #stop = new AbortController()
  #users = 0
  #processes = 0

  constructor(services: readonly AnyService[]) {
    this.#services = new Map(services.map((service) => [service.name, service]))
  }

  /** Child processes that were running more when services were open than before. */
  get processes(): number {
    return this.#processes
  }

  /** Keeps services open until the returned function is called, and nobody else does. */
  enter(): () => Promise<void> {
    this.#users++
    let isIn = true
    return async () => {
      if (!isIn) return
      isIn = false
      if (--this.#users === 0) await this.close()
    }
  }

  async get(name: string): Promise<unknown> {
    const service = this.#services.get(name)
    if (service === undefined) {
      const names = [...this.#services.keys()]
      throw new PipewrightError('SERVICE_NOT_FOUND', `no service '${name}' is declared`, {
        fix:
          names.length === 0
            ? `declare it: services: [defineService({ … })] in the settings, or services: { ${JSON.stringify(name)}: … } in a test`
            : `${didYouMean(name, names)}, or declare it in services of the settings`,
        details: { service: name },
      })
    }
    const opened = this.#opened.get(name) ?? this.#open(service)
    return opened.value
  }

  /** Closes what is open, the last opened first; what goes wrong is a warning. */
  async close(): Promise<void> {
    const all = [...this.#opened.values()].toReversed()
    this.#opened.clear()
    this.#stop.abort(new PipewrightError('WORKSPACE_CLOSED', 'no run needs the service any more'))
    this.#stop = new AbortController()
    this.#processes = 0
    for (const { service, value } of all) {
      try {
        await service.close?.((await value) as never)
      } catch (error) {
        process.emitWarning(`service '${service.name}' could not be closed: ${String(error)}`, {
          code: 'PIPEWRIGHT_SERVICE',
        })
      }
    }
  }

  #open(service: AnyService): Opened {
    const before = runningProcesses()
    const open = async (): Promise<unknown> => {
      // Not before it is known as being opened.
      await Promise.resolve()
      try {
        const value = await service.open({ signal: this.#stop.signal })
        this.#processes += Math.max(0, runningProcesses() - before)
        return value
      } catch (cause) {
        // The next step that asks tries again.
        this.#opened.delete(service.name)
        throw new PipewrightError(
          'SERVICE_FAILED',
          `service '${service.name}' could not be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
          {
            fix: 'look at its open function, and at what it connects to',
            cause,
            details: { service: service.name },
          },
        )
      }
    }
    const opened = { service, value: open() }
    this.#opened.set(service.name, opened)
    opened.value.catch(() => undefined)
    return opened
  }
}
