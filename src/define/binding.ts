import { canonicalJson } from '../internal/canonical.ts'
import { PipewrightError } from '../internal/error.ts'
import { deepFreeze } from '../internal/freeze.ts'
import type { Json } from '../internal/json.ts'
import { itemKind } from '../artifact/list.ts'
import type { Kind } from '../artifact/kind.ts'
import { modelDeclaredWith } from '../artifact/model.ts'
import { isStored } from '../artifact/stored.ts'
import { mapReports, type Binding, type ScopeRecord } from './graph.ts'
import { isRef, targetOf, type Ref, type RefTarget } from './ref.ts'
import { nodeMark, type NodeHandle } from './scope.ts'

/** Who is being wired, for messages. */
export interface Place {
  readonly scope: ScopeRecord
  /** `node 'train', input 'rows'`. */
  readonly text: string
}

function scopesUp(target: RefTarget, place: Place): number {
  let up = 0
  for (let scope: ScopeRecord | undefined = place.scope; scope !== undefined; scope = scope.parent) {
    if (scope === target.scope) return up
    if (scope.handles && target.source.from === 'node' && !target.maybe) refuseUncertain(target, place)
    up++
  }
  const details = { ref: target.label, place: place.text }
  if (target.scope.root === place.scope.root) {
    throw new PipewrightError(
      'REF_OUT_OF_SCOPE',
      `${place.text}: the ref '${target.label}' lives inside ${target.scope.path} and cannot leave it`,
      {
        fix: 'return it from the callback of p.map or p.when, and wire the output of that; inside the callback, wire with the scope that it is given',
        details,
      },
    )
  }
  throw new PipewrightError(
    'REF_OUT_OF_SCOPE',
    `${place.text}: the ref '${target.label}' belongs to pipeline '${target.scope.pipeline}', this is pipeline '${place.scope.pipeline}'`,
    {
      fix: 'make it an input of this pipeline, or use the other pipeline as a step: p.step(other, { … })',
      details,
    },
  )
}

function refuseUncertain({ label }: RefTarget, { text }: Place): never {
  throw new PipewrightError(
    'REF_OUT_OF_SCOPE',
    `${text}: '${label}' may not be there when this runs: its node may not have succeeded`,
    { fix: 'wire q.maybe(…) of it into an input that takes undefined', details: { ref: label, place: text } },
  )
}

/** The binding of a ref as seen from a place. */
export function bindRef(ref: Ref<unknown>, place: Place): Binding {
  const target = targetOf(ref)
  const up = scopesUp(target, place)
  const tail = { ...(up === 0 ? {} : { up }), ...(target.pick.length === 0 ? {} : { pick: target.pick }) }
  const { source } = target
  switch (source.from) {
    case 'node':
      if (source.node.type === 'map' && mapReports.includes(source.output))
        source.node.reports.add(source.output)
      return Object.freeze({ node: source.node.id, output: source.output, ...tail })
    case 'input':
      return Object.freeze({ input: source.name, ...tail })
    case 'item':
      return Object.freeze({ item: true, ...tail })
    case 'index':
      return Object.freeze({ index: true, ...(up === 0 ? {} : { up }) })
  }
}

export function kindText(kind: Kind<unknown, never>): string {
  const item = itemKind(kind)
  return item === undefined ? kind.name : `list of ${kindText(item)}`
}

/** Two kinds that do not fit, told apart: models by their predictors and formats. */
export function kindTexts(a: Kind<unknown, never>, b: Kind<unknown, never>): readonly [a: string, b: string] {
  const texts = [kindText(a), kindText(b)] as const
  if (texts[0] !== texts[1]) return texts
  const named = (kind: Kind<unknown, never>, text: string): string =>
    `${text} of ${modelDeclaredWith(itemKind(kind) ?? kind) ?? 'any format'}`
  return [named(a, texts[0]), named(b, texts[1])]
}

/** Whether a value of one kind may be read as another: a gathered list of json values is a json list. */
export function fits(from: Kind<unknown, never>, to: Kind<unknown, never>): boolean {
  if (from.name === to.name) {
    const fromItem = itemKind(from)
    const toItem = itemKind(to)
    if (fromItem !== undefined && toItem !== undefined) return fits(fromItem, toItem)
    const [made, used] = [modelDeclaredWith(from), modelDeclaredWith(to)]
    return made === undefined || used === undefined || made === used
  }
  const item = itemKind(from)
  if (to.name === 'json')
    return (
      item?.name === 'json' ||
      item?.name === 'metrics' ||
      from.name === 'metrics' ||
      (item !== undefined && fits(item, to))
    )
  return false
}

function checkKind(ref: Ref<unknown>, to: Kind<unknown, never> | undefined, place: Place): void {
  const { kind: from, label } = targetOf(ref)
  if (from === undefined || to === undefined || fits(from, to)) return
  const [needed, given] = kindTexts(to, from)
  throw new PipewrightError(
    'KIND_MISMATCH',
    `${place.text} takes a ${needed}, but '${label}' is a ${given}`,
    {
      fix: 'wire an output of the right kind',
      details: { place: place.text, ref: label },
    },
  )
}

function literal(value: unknown, place: Place): Binding {
  try {
    return deepFreeze({ value: JSON.parse(canonicalJson(value)) as Json })
  } catch (error) {
    if (!PipewrightError.isInstance(error)) throw error
    const [problem] = error.message.split('\nFix: ')
    const path = (error.details.path as (string | number)[] | undefined) ?? []
    let member: unknown = value
    for (const part of path) member = (member as Record<string | number, unknown>)[part]
    if (isRef(member)) {
      throw new PipewrightError(
        'LITERAL_NOT_SERIALIZABLE',
        `${place.text}: the ref '${targetOf(member).label}' stands inside a literal`,
        {
          fix: 'wire the ref by itself: give the step one input for it, or make the record in a step',
          cause: error,
        },
      )
    }
    throw new PipewrightError(
      'LITERAL_NOT_SERIALIZABLE',
      `${place.text}: the literal cannot be kept in a plan: ${problem}`,
      {
        fix:
          value === undefined
            ? 'is the output it comes from spelt right?'
            : 'give plain JSON, or make the value in a step',
        details: { place: place.text, path },
        cause: error,
      },
    )
  }
}

/** Whether a list, or a list in it, holds a ref. */
function holdsRef(list: readonly unknown[], seen = new Set<unknown>()): boolean {
  seen.add(list)
  return list.some(
    (element) => isRef(element) || (Array.isArray(element) && !seen.has(element) && holdsRef(element, seen)),
  )
}

/** The binding of whatever was wired into an input of a kind. */
export function bind(value: unknown, kind: Kind<unknown, never> | undefined, place: Place): Binding {
  if (isRef(value)) {
    checkKind(value, kind, place)
    return bindRef(value, place)
  }
  if (typeof value === 'object' && value !== null && nodeMark in value) {
    const { id } = (value as NodeHandle)[nodeMark]
    const outputs = Object.keys(value).map((output) => `'${output}'`)
    throw new PipewrightError(
      'KIND_MISMATCH',
      `${place.text} takes ${kind === undefined ? 'a value' : `a ${kindText(kind)}`}, but '${id}' is a whole node`,
      {
        fix:
          outputs.length === 0
            ? `'${id}' has no outputs: to order nodes, give \`after\``
            : `wire one of its outputs: ${outputs.join(', ')}`,
        details: { place: place.text, node: id },
      },
    )
  }
  const item = kind === undefined ? undefined : itemKind(kind)
  const mayGather = kind === undefined || kind.name === 'json'
  if (Array.isArray(value) && (item !== undefined || (mayGather && holdsRef(value)))) {
    const list = (value as unknown[]).map((element, index) =>
      bind(element, item ?? kind, { scope: place.scope, text: `${place.text}[${index}]` }),
    )
    return Object.freeze({ list: Object.freeze(list) })
  }
  if (kind !== undefined && kind.name !== 'json') {
    throw new PipewrightError(
      'LITERAL_NOT_SERIALIZABLE',
      `${place.text} takes a ${kindText(kind)}, which cannot be written into a plan`,
      {
        fix:
          kind.name === 'file' || kind.name === 'directory'
            ? `declare a ${kind.name} input of the pipeline and wire that: a path alone would hide changes of its content`
            : 'wire the output of a step',
        details: { place: place.text },
      },
    )
  }
  if (isStored(value)) {
    throw new PipewrightError(
      'LITERAL_NOT_SERIALIZABLE',
      `${place.text}: a stored ${kind?.name ?? 'value'} is not plain data`,
      { fix: 'wire the output of a step' },
    )
  }
  return literal(value, place)
}
