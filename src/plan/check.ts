import { own } from '../internal/own.ts'
import { bodiesOf, isWait } from './bodies.ts'
import type { Plan, PlanNode, StepDeclaration } from './document.ts'
import { graphOfScope, sortPlan } from './graph.ts'
import { walkPlan } from './select.ts'

/** Something about a plan that is worth knowing before it runs. */
export interface Finding {
  readonly level: 'warning' | 'note'
  /** What it is about: a node's path or a step's name. */
  readonly subject: string
  readonly message: string
  readonly fix: string
}

/** What `check` needs to know of the world beside the plan. */
export interface CheckContext {
  /** By step: why it is not cached, or null. */
  readonly uncacheable?: Readonly<Record<string, string | null>>
  /** By step: the modules and packages of which all counts, where less would do if they could be told apart. */
  readonly wide?: Readonly<Record<string, readonly string[]>>
  /** Steps that run nothing in a thread of Node: what they run is ended when their time is over. */
  readonly outside?: ReadonlySet<string>
  /** How much there is of each named resource. */
  readonly resources?: Readonly<Record<string, number>>
  /** Whether another process can find the pipeline's code. */
  readonly importable?: boolean
}

function stepFindings(key: string, step: StepDeclaration, context: CheckContext): Finding[] {
  const findings: Finding[] = []
  const reason = own(context.uncacheable ?? {}, key)
  if (reason !== undefined && reason !== null && step.effect === undefined && step.cache !== 'never') {
    findings.push({
      level: 'warning',
      subject: step.name,
      message: `is not cached: ${reason}`,
      fix: "mend that, give the step a `version`, or say cache: 'never'",
    })
  }
  const wide = own(context.wide ?? {}, key) ?? []
  if (wide.length > 0) {
    findings.push({
      level: 'note',
      subject: step.name,
      message: `counts all of ${wide.join(', ')}: any change there is a change of the step`,
      fix: 'let code say what it loads: no eval, no names that are made when it runs; give packages a version',
    })
  }
  const isOutside = context.outside?.has(key) ?? false
  if (step.timeout !== undefined && (step.runner ?? 'inline') === 'inline' && !isOutside) {
    findings.push({
      level: 'note',
      subject: step.name,
      message: 'has a timeout, but inline a synchronous loop cannot be stopped by it',
      fix: "run it elsewhere, runner: 'thread' or 'process', or let it react to ctx.signal at every await",
    })
  }
  for (const [name, amount] of Object.entries(step.resources ?? {})) {
    if (name === 'cpu' || name === 'memory') continue
    const limit = own(context.resources ?? {}, name)
    if (limit === undefined) {
      findings.push({
        level: 'note',
        subject: step.name,
        message: `asks for resource '${name}', which the settings do not bound`,
        fix: `give resources: { ${name}: … } in the settings, or leave it out`,
      })
    } else if (typeof amount === 'number' && amount > limit) {
      findings.push({
        level: 'warning',
        subject: step.name,
        message: `asks for ${amount} of resource '${name}', there are ${limit}: it can never run`,
        fix: 'ask for less, or raise the setting',
      })
    }
  }
  if (step.effect !== undefined && step.retry !== undefined) {
    findings.push({
      level: 'note',
      subject: step.name,
      message: 'is an effect with retries: it may happen more than once',
      fix: 'hand ctx.idempotencyKey to what the effect talks to',
    })
  }
  return findings
}

/** Nodes whose outputs nothing reads; an effect needs no reader. */
function unread(plan: Plan): Finding[] {
  const findings: Finding[] = []
  const graph = graphOfScope(plan.scope)
  const results = new Set(
    Object.values(plan.scope.outputs).flatMap((binding) => ('node' in binding ? [binding.node] : [])),
  )
  for (const [number, node] of graph.nodes.entries()) {
    if (
      graph.offsets[number] !== graph.offsets[number + 1] ||
      results.has(node.id) ||
      mayHaveEffect(node, plan)
    )
      continue
    findings.push({
      level: 'note',
      subject: node.id,
      message: 'has outputs that nothing reads',
      fix: 'return one from the pipeline, or take the node out',
    })
  }
  return findings
}

function mayHaveEffect(node: PlanNode, plan: Plan): boolean {
  if (node.type === 'step') {
    const step = plan.steps[node.step]!
    return step.effect !== undefined || step.cache === 'never' || Object.keys(step.outputs).length === 0
  }
  // What is called there, who is told and what is waited for does not show here.
  if (node.type === 'recurse' || node.type === 'handler' || isWait(node)) return true
  return bodiesOf(node).some(({ scope }) =>
    [...walkPlan(scope)].some(
      ({ node: inner }) => bodiesOf(inner).length === 0 && mayHaveEffect(inner, plan),
    ),
  )
}

/**
 * What can be known of a plan before it runs: steps that are not cached and why, resources that can never be
 * met, timeouts that cannot be kept, outputs that nobody reads. A cycle or a broken edge throws.
 *
 * @example
 * ```ts
 * const document = plan(tumours, { csv: 'tumours.csv' })
 * for (const { subject, message, fix } of check(document)) console.log(`${subject} ${message} (${fix})`)
 * ```
 */
export function check(plan: Plan, context: CheckContext = {}): readonly Finding[] {
  for (const { scope } of [plan, ...Object.values(plan.pipelines ?? {})]) sortPlan(scope)
  const findings = Object.entries(plan.steps).flatMap(([key, step]) => stepFindings(key, step, context))
  findings.push(...unread(plan))
  if (context.importable === false) {
    findings.push({
      level: 'note',
      subject: plan.pipeline,
      message:
        'was made inside a function: another process cannot find it, so it can be resumed only from code',
      fix: 'export it from a module',
    })
  }
  return findings
}
