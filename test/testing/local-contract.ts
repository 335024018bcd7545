import {
  openWorkspace,
  type Pipeline,
  type RunFailedError,
  type RunHandle,
  type Settings,
  type Workspace,
} from 'pipewright'
import type { ContractEnd, ContractOrchestrator, ContractRun } from 'pipewright/testing'

/** Runs in this process, over a store of files and SQLite; an interruption closes the workspace under them. */
export function localOrchestrator(settings: Settings): ContractOrchestrator {
  let opened: Promise<Workspace> | undefined
  const workspace = (): Promise<Workspace> => (opened ??= openWorkspace(settings))
  const close = async (): Promise<void> => {
    const closing = opened
    opened = undefined
    await (await closing)?.close()
  }
  return {
    async start(pipeline, inputs) {
      const handle = await (await workspace()).start(pipeline as Pipeline<object, unknown>, inputs)
      return new LocalContractRun(pipeline as Pipeline<object, unknown>, handle, workspace, close)
    },
    close,
  }
}

class LocalContractRun implements ContractRun {
  readonly #pipeline: Pipeline<object, unknown>
  readonly #workspace: () => Promise<Workspace>
  readonly #close: () => Promise<void>
  #handle: RunHandle<unknown>
  #result: Promise<{ outputs: unknown } | { error: unknown }>
  #gone: Promise<void> | undefined

  constructor(
    pipeline: Pipeline<object, unknown>,
    handle: RunHandle<unknown>,
    workspace: () => Promise<Workspace>,
    close: () => Promise<void>,
  ) {
    this.#pipeline = pipeline
    this.#workspace = workspace
    this.#close = close
    this.#handle = handle
    this.#result = this.#settled()
  }

  interrupt(): void {
    this.#gone = this.#close()
  }

  cancel(): void {
    this.#handle.cancel('enough')
  }

  async resume(): Promise<void> {
    await this.#result
    await this.#gone
    this.#handle = await (await this.#workspace()).takeUp(this.#handle.id, this.#pipeline)
    this.#result = this.#settled()
  }

  decide(node: string, approved: boolean): void {
    const decided = async (): Promise<void> => {
      const pw = await this.#workspace()
      for await (const { event } of pw.events(this.#handle.id, { follow: true })) {
        if (event.type !== 'wait.opened' || event.node !== node) continue
        const decision = { node, by: 'test' }
        await (approved ? pw.approve(this.#handle.id, decision) : pw.reject(this.#handle.id, decision))
        return
      }
    }
    void decided()
  }

  async ended(): Promise<ContractEnd> {
    const result = await this.#result
    if ('error' in result && (result.error as RunFailedError).code !== 'RUN_FAILED') {
      const { code } = result.error as RunFailedError
      if (code !== 'RUN_CANCELLED') throw result.error
    }
    const { state, executions } = await (await this.#workspace()).show(this.#handle.id)
    return {
      state: state as ContractEnd['state'],
      outputs: 'outputs' in result ? result.outputs : undefined,
      executions: executions.map(({ node, state, attempts, reused, inputs, outputs }) => ({
        node,
        state,
        attempts: attempts.map(({ end }) => end ?? 'open'),
        reused: reused !== null,
        inputs,
        outputs,
      })),
    }
  }

  #settled(): Promise<{ outputs: unknown } | { error: unknown }> {
    return this.#handle.result().then(
      ({ outputs }) => ({ outputs }),
      (error: unknown) => ({ error }),
    )
  }
}
