import { canonicalJson } from '../internal/canonical.ts'
import type { Json } from '../internal/json.ts'
import type { KindDeclaration } from '../artifact/kind.ts'
import type { Binding, Bindings } from '../define/graph.ts'
import { isPipeline, type AnyPipeline } from '../define/runnable.ts'
import { bodiesOf } from '../plan/bodies.ts'
import type {
  InputDeclaration,
  Plan,
  PlanNode,
  PlanScope,
  PlanWait,
  StepDeclaration,
} from '../plan/document.ts'
import { compilePipeline } from '../plan/plan.ts'
import { durationText } from './duration-text.ts'

/** What a step of a command has for a version: a digest of how it is written, which a review cannot read. */
const commandVersion = /^command sha256:[0-9a-f]{64}$/

/** A plan without what differs from run to run. */
type Structure = Pick<Plan, 'pipeline' | 'inputs' | 'steps' | 'scope' | 'pipelines'>

/** What can be drawn: a plan, a pipeline, or what has a plan. */
export type Planned = Structure | AnyPipeline | { readonly plan: Structure }

/** Longer literals are cut: whoever changes them sees it where they are written. */
const longestLiteral = 200

function kindText({ kind: name, mediaType, predictor, format, of, schema }: KindDeclaration): string {
  if (of !== undefined) return `list of ${kindText(of)}`
  const type = schema?.['type']
  if (name === 'json' && typeof type === 'string') return type
  const detail = name === 'model' ? (predictor ?? format) : name === 'file' ? mediaType : undefined
  return detail === undefined ? name : `${name} ${detail}`
}

function inputsText(inputs: Readonly<Record<string, InputDeclaration>>): string {
  const texts = Object.entries(inputs).map(([name, declared]) => {
    const byDefault = declared.schema?.['default']
    const rest = byDefault === undefined ? '' : ` = ${literalText(byDefault)}`
    return `${name}${declared.optional === true ? '?' : ''}: ${kindText(declared)}${rest}`
  })
  return `(${texts.join(', ')})`
}

function literalText(value: Json): string {
  const text = canonicalJson(value)
  const rest = text.length - longestLiteral
  return rest > 0 ? `${text.slice(0, longestLiteral)}… (${rest} more)` : text
}

function bindingText(binding: Binding): string {
  if ('value' in binding) return literalText(binding.value)
  if ('list' in binding) return `[${binding.list.map(bindingText).join(', ')}]`
  const outer = '^'.repeat(binding.up ?? 0)
  if ('index' in binding) return `${outer}index`
  const picked = (binding.pick ?? [])
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
  const source =
    'node' in binding
      ? `${binding.node}.${binding.output}`
      : 'input' in binding
        ? `input.${binding.input}`
        : 'item'
  return `${outer}${source}${picked}`
}

function wiringText(bindings: Bindings): string {
  return Object.entries(bindings)
    .map(([name, binding]) => `${name} = ${bindingText(binding)}`)
    .join(', ')
}

/** What is declared beside inputs and outputs, a word or two each. */
function policies(step: StepDeclaration, node: PlanNode & { type: 'step' }): string[] {
  const { retry, timeout, grace, effect, env, ignore, salt, version, fingerprint, resources, tags } = step
  const cache = node.cache ?? step.cache
  const found: string[] = []
  const add = (isThere: unknown, text: () => string): void => {
    if (isThere !== undefined) found.push(text())
  }
  add(effect, () => (effect === true ? 'effect' : `effect by ${(effect as { key: string }).key}`))
  add(retry, () => {
    const { attempts, backoff, delay, maxDelay, jitter } = retry!
    const most = backoff === 'exponential' ? ` to ${durationText(maxDelay)}` : ''
    return `${attempts} attempts, ${backoff} ${durationText(delay)}${most}, jitter ${jitter}`
  })
  add(timeout, () => `timeout ${durationText(timeout!)}`)
  add(grace, () => `grace ${durationText(grace!)}`)
  add(cache, () => `cache ${typeof cache === 'object' ? `for ${durationText(cache.ttl)}` : cache}`)
  add(resources, () =>
    Object.entries(resources!)
      .map(([name, amount]) => `${name} ${amount}`)
      .join(', '),
  )
  add(step.runner, () => `in a ${step.runner}`)
  add(env, () => `env ${env!.join(' ')}`)
  add(ignore, () => `ignores ${ignore!.join(' ')}`)
  add(fingerprint, () => 'fingerprint')
  add(salt, () => `salt ${JSON.stringify(salt)}`)
  add(version, () => (commandVersion.test(version!) ? 'command' : `version ${JSON.stringify(version)}`))
  add(step.priority, () => `priority ${step.priority}`)
  add(step.undo, () => 'undo')
  add(tags, () => `tags ${tags!.join(' ')}`)
  return found
}

function nodeText(node: PlanNode, steps: Plan['steps']): string {
  const notes: string[] = []
  let text: string
  switch (node.type) {
    case 'step': {
      const step = steps[node.step]!
      const outputs = Object.entries(step.outputs).map(([name, kind]) => `${name}: ${kindText(kind)}`)
      text = `${node.step}(${wiringText(node.inputs)})${outputs.length === 0 ? '' : ` -> ${outputs.join(', ')}`}`
      notes.push(...policies(step, node))
      break
    }
    case 'pipeline':
      text = `pipeline ${node.pipeline}(${wiringText(node.inputs)})`
      break
    case 'map':
      text = `map over ${bindingText(node.items)}`
      if (node.key !== undefined) notes.push(`by ${node.key}`)
      if (node.concurrency !== undefined) notes.push(`${node.concurrency} at once`)
      if (node.maxFailed !== undefined)
        notes.push(
          `may fail: ${typeof node.maxFailed === 'number' ? node.maxFailed : `${node.maxFailed.share * 100} %`}`,
        )
      break
    case 'when':
      text = `when ${bindingText(node.condition)}`
      break
    case 'choose':
      text = `choose by ${bindingText(node.selector)}`
      break
    case 'loop':
      text = `loop from (${wiringText(node.state)})`
      notes.push(`at most ${node.maxRounds} rounds${node.onMaxRounds === 'fail' ? '' : ', then stop'}`)
      break
    case 'recurse':
      text = `recurse into ${node.pipeline}(${wiringText(node.inputs)})`
      notes.push(`at most ${node.maxDepth} deep`)
      break
    case 'handler':
      text = node.on === 'failure' ? 'on failure' : 'always'
      break
    default:
      text = waitText(node, notes)
  }
  if (node.after !== undefined) notes.push(`after ${node.after.join(', ')}`)
  if (node.tags !== undefined) notes.push(`node tags ${node.tags.join(' ')}`)
  return `${node.id}: ${text}${notes.length === 0 ? '' : `  [${notes.join('; ')}]`}`
}

/** What a node waits for; what goes with it is added to the notes. */
function waitText(node: PlanWait, notes: string[]): string {
  if (node.type === 'sleep')
    return `sleep ${'value' in node.for ? durationText(Number(node.for.value)) : bindingText(node.for)}`
  if (node.type === 'until') return `until ${bindingText(node.at)}`
  if (node.timeout !== undefined) notes.push(`${durationText(node.timeout)}, then ${node.onTimeout}`)
  if (node.payload !== undefined) notes.push(`carries ${kindText(node.payload)}`)
  if (node.type === 'signal') return `signal ${node.signal}`
  if (node.by !== undefined) notes.push(`by ${node.by.join(', ')}`)
  if (node.onReject !== 'fail') notes.push('a rejection is an outcome')
  return `approval(${wiringText(node.show)})${node.message === undefined ? '' : ` ${JSON.stringify(node.message)}`}`
}

function scopeLines(scope: PlanScope, steps: Plan['steps'], indent: string): string[] {
  const lines = scope.nodes.flatMap((node) => {
    const line = indent + nodeText(node, steps)
    const deeper = `${indent}  `
    const inside = bodiesOf(node).flatMap(({ name, scope: body }) =>
      name === undefined
        ? scopeLines(body, steps, deeper)
        : [`${deeper}${name}`, ...scopeLines(body, steps, `${deeper}  `)],
    )
    const again = node.type === 'loop' ? [`${deeper}=> again = ${bindingText(node.again)}`] : []
    return [line, ...inside, ...again]
  })
  const outputs = Object.entries(scope.outputs)
  return [...lines, ...outputs.map(([name, binding]) => `${indent}=> ${name} = ${bindingText(binding)}`)]
}

/**
 * Writes a plan as text for a snapshot: one line for each node, with its wiring and its policies, and nothing that
 * changes by itself (no digests, no paths, no given inputs), so that a diff shows what has changed in the pipeline.
 * A `^` stands for the scope around a map or a branch.
 *
 * @example
 * ```ts
 * test('the plan', () => expect(planSnapshot(tumours)).toMatchSnapshot())
 * ```
 */
export function planSnapshot(planned: Planned): string {
  const structure = isPipeline(planned)
    ? compilePipeline(planned).structure
    : 'plan' in planned
      ? planned.plan
      : planned
  const { pipeline, inputs, scope, steps, pipelines = {} } = structure
  const lines = [`pipeline ${pipeline}${inputsText(inputs)}`, ...scopeLines(scope, steps, '  ')]
  for (const [key, { inputs: taken, scope: body }] of Object.entries(pipelines))
    lines.push(`recursive ${key}${inputsText(taken)}`, ...scopeLines(body, steps, '  '))
  return lines.join('\n')
}
