import type { StepContext } from '../define/context.ts'
import type { AnyStep } from '../define/step.ts'

/** What a runner needs to run a step's function once. */
export interface RunnerTask {
  readonly step: AnyStep
  /** Decoded inputs. */
  readonly inputs: Readonly<Record<string, unknown>>
  readonly context: StepContext
  /** Ports of the workspace, for steps that Pipewright itself makes. */
  readonly ports: Readonly<Record<string, unknown>>
}

/** The port behind which a step's function burns its cycles. */
export interface Runner {
  readonly name: string
  /** Runs the function and returns what it returned, or throws what it threw. */
  run(task: RunnerTask): Promise<unknown>
}

type PortFunction = (inputs: unknown, context: StepContext, port: unknown) => unknown

/** Runs steps in this process, on this thread. */
export const inlineRunner: Runner = {
  name: 'inline',
  async run({ step, inputs, context, ports }) {
    const run = step.run as PortFunction
    return step.port === undefined ? run(inputs, context, undefined) : run(inputs, context, ports[step.port])
  },
}
