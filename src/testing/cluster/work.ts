import type { BlobReader } from '../../artifact/blob.ts'
import { JsonValues } from '../../execute/json-values.ts'
import type { PlanWait, StepDeclaration } from '../../plan/document.ts'
import type { Values } from '../../record/event.ts'
import { chanceOf } from './chance.ts'
import { madeUp } from './made-up.ts'

/** One try of a step, or of taking its effect back. */
export interface WorkRequest {
  readonly node: string
  readonly declaration: StepDeclaration
  readonly values: Values
  readonly attempt: number
  /** Tries before it that count against the retry policy. */
  readonly used: number
  /** Aborted when the worker dies. */
  readonly signal: AbortSignal
}

/** How a try has ended. */
export type WorkResult =
  | { readonly ok: true; readonly outputs: Values }
  | { readonly ok: false; readonly retryable: boolean }

/** What workers do, and what people decide. The same request always has the same result. */
export interface ClusterWork {
  /** Undefined: it hangs, and nobody hears of it. */
  execute(request: WorkRequest): Promise<WorkResult | undefined>
  /** What a wait ends with; undefined: it fails. */
  decide(node: string, wait: PlanWait): Values | undefined
}

/**
 * Work that is made up: outputs are of the declared types and follow from the inputs and the path, and whether a step
 * fails from its path, so that neither order nor attempt changes what a run gives. Of 100 steps and waits so many fail.
 */
export function randomWork(seed: string, failing: number, blobs: BlobReader): ClusterWork {
  const json = new JsonValues(blobs)
  const luck = (node: string, what: string): number => chanceOf(`${seed} ${node} ${what}`)
  return {
    async execute({ node, declaration, values, used }) {
      const attempts = declaration.retry?.attempts ?? 1
      const isBad = luck(node, 'fails') % 100 < failing
      if (isBad || (used + 1 < attempts && used < luck(node, 'retries') % attempts))
        return { ok: false, retryable: true }
      const inputs: Record<string, unknown> = {}
      for (const name of Object.keys(values).toSorted()) inputs[name] = await json.load(values[name]!)
      const made = JSON.stringify([node, inputs])
      const outputs = Object.entries(declaration.outputs).map(([name, { schema }]) => [
        name,
        { value: madeUp(schema, `${made} ${name}`) },
      ])
      return { ok: true, outputs: Object.fromEntries(outputs) as Values }
    },
    decide(node, wait) {
      if (luck(node, 'fails') % 100 < failing) return undefined
      if (wait.type !== 'approve') return wait.type === 'signal' ? { payload: { value: node } } : {}
      const approved = luck(node, 'decided') % 4 !== 0
      return approved || wait.onReject === 'continue' ? { approved: { value: approved } } : undefined
    },
  }
}
