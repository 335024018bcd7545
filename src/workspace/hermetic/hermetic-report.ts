import type { Use } from '../../execute/hermetic/use.ts'
import type { Plan } from '../../plan/document.ts'
import type { ExecutionRecord } from '../../record/records.ts'
import { projectPath } from '../../internal/project-path.ts'
import { exemption } from './exemption.ts'
import type { HermeticReport, UndeclaredUse, WatchedStep } from './report.ts'

/** What is always so: a wrap sees the JavaScript of the child itself. */
const blind = 'native code and grandchildren are not seen'

/** Collects what children report, each place once. */
export class Watched {
  readonly #uses = new Map<string, { readonly use: Use; readonly steps: Set<string> }>()
  readonly #stopped = new Map<string, string>()

  /** Takes the uses of one attempt of a step. */
  take(step: string, uses: readonly Use[]): void {
    for (const use of uses) {
      const key = `${use.file}:${use.line}:${use.column}`
      const known = this.#uses.get(key) ?? { use, steps: new Set() }
      known.steps.add(step)
      this.#uses.set(key, known)
    }
  }

  /** Takes what the permission model has denied. */
  stopped(step: string, error: Error): void {
    if (!this.#stopped.has(step)) this.#stopped.set(step, error.message.split('\n')[0]!)
  }

  uses(root: string): UndeclaredUse[] {
    return [...this.#uses.values()]
      .map(({ use: { kind, what, file, line, column }, steps }) => ({
        column,
        use: { kind, what, file: projectPath(root, file), line, steps: [...steps].sort() },
      }))
      .sort((a, b) =>
        a.use.file === b.use.file
          ? a.use.line - b.use.line || a.column - b.column
          : a.use.file < b.use.file
            ? -1
            : 1,
      )
      .map(({ use }) => use)
  }

  /** What was denied to steps in which no use was seen: the wall alone has found it. */
  denied(): string[] {
    const seen = new Set([...this.#uses.values()].flatMap(({ steps }) => [...steps]))
    return [...this.#stopped].flatMap(([step, message]) =>
      seen.has(step) ? [] : [`step '${step}' was denied something by Node's permission model: ${message}`],
    )
  }
}

function stepState(
  plan: Plan,
  key: string,
  executions: readonly ExecutionRecord[],
): Pick<WatchedStep, 'state' | 'reason'> {
  const declaration = plan.steps[key]!
  const reasons = executions.map(({ node }) => exemption(plan, node, declaration))
  const [first = exemption(plan, '', declaration)] = reasons
  if (first !== undefined && reasons.every((reason) => reason !== undefined))
    return { state: 'exempt', reason: first }
  const failed = executions.find(({ state }) => state === 'failed')
  if (failed !== undefined)
    return { state: 'failed', reason: failed.error?.message.split('\n')[0] ?? 'it failed' }
  return executions.some(({ state }) => state === 'succeeded')
    ? { state: 'checked', reason: undefined }
    : { state: 'not reached', reason: 'what it needs was not there, or its branch was not taken' }
}

/** Puts together what was seen. */
export function hermeticReport(
  plan: Plan,
  executions: readonly ExecutionRecord[],
  watched: Watched,
  { root, limits }: { readonly root: string; readonly limits: readonly string[] },
): HermeticReport {
  const steps = Object.entries(plan.steps).map(([key, { name }]): WatchedStep => {
    const own = executions.filter(({ step }) => step === name)
    const ran = own.filter(({ state, attempts }) => state === 'succeeded' || attempts.length > 0)
    return { step: name, executions: ran.length, ...stepState(plan, key, own) }
  })
  return {
    pipeline: plan.pipeline,
    uses: watched.uses(root),
    steps,
    limits: [blind, ...watched.denied(), ...limits],
  }
}
