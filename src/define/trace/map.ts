import { PipewrightError } from '../../internal/error.ts'
import { itemKind, list } from '../../artifact/list.ts'
import type { Kind } from '../../artifact/kind.ts'
import { bind, type Place } from '../binding.ts'
import { mapReports, type Failures } from '../graph.ts'
import { checkName } from '../name.ts'
import { isRef, makeRef, targetOf, type Ref, type RefRecord } from '../ref.ts'
import type { MapOptions, Scope } from '../scope.ts'
import { checkCallback, closeScope } from './close-scope.ts'
import { plain } from './pick.ts'
import type { Recorder } from './recorder.ts'

function checkCount(option: string, value: number | undefined, id: string): void {
  if (value === undefined || (Number.isInteger(value) && value >= 1)) return
  throw new PipewrightError('DEFINITION_INVALID', `map '${id}': ${option} ${value} is not a count`, {
    fix: 'give a whole number from 1',
  })
}

/** How many items may fail: a count, or a share between 0 and 1. */
function failures(given: MapOptions['maxFailed'], id: string): Failures | undefined {
  if (given === undefined) return undefined
  if (typeof given === 'number' && Number.isInteger(given) && given >= 0) return given
  const percent = typeof given === 'string' ? /^(\d+(?:\.\d+)?)%$/.exec(given) : null
  const share = percent === null ? Number.NaN : Number(percent[1]) / 100
  if (share >= 0 && share <= 1) return { share }
  throw new PipewrightError(
    'DEFINITION_INVALID',
    `map '${id}': maxFailed ${JSON.stringify(given)} is neither a count nor a share`,
    { fix: "give a whole number of items, or a share of them such as '10%'" },
  )
}

/** Records `p.map`. */
export function traceMap(
  recorder: Recorder,
  open: (scope: ReturnType<Recorder['child']>) => Scope,
  items: unknown,
  each: (item: never, q: Scope, index: Ref<number>) => RefRecord,
  options: MapOptions = {},
): never {
  const id = recorder.claim(options.id ?? 'map', 'p.map')
  const { concurrency, key } = options
  checkCount('concurrency', concurrency, id)
  if (key !== undefined) checkName(`map '${id}', key`, key)
  const maxFailed = failures(options.maxFailed, id)
  const place: Place = { scope: recorder.scope, text: `map '${id}', items` }
  if (!isRef(items) && !Array.isArray(items)) {
    throw new PipewrightError('DEFINITION_INVALID', `${place.text} is neither a ref to a list nor a list`, {
      fix: 'give a ref whose value is an array',
    })
  }
  const binding = bind(items, undefined, place)
  const itemsKind = isRef(items) ? targetOf(items).kind : undefined
  if (itemsKind !== undefined && itemsKind.name !== 'json' && itemsKind.name !== 'list') {
    throw new PipewrightError('KIND_MISMATCH', `${place.text} is a ${itemsKind.name}, not a list`, {
      fix: 'map over a list: return the parts from a step',
    })
  }
  checkCallback(each, `the callback of map '${id}'`)
  const inner = recorder.child(`map '${id}'`)
  const kind = itemsKind === undefined ? undefined : itemKind(itemsKind)
  if (key !== undefined && kind !== undefined && kind.name !== 'json' && kind.name !== 'metrics') {
    throw new PipewrightError(
      'KIND_MISMATCH',
      `map '${id}': items are ${kind.name}s, which have no '${key}'`,
      {
        fix: 'leave the key out: such items are told apart by their place in the list',
      },
    )
  }
  const item = makeRef({ scope: inner, source: { from: 'item' }, pick: [], kind, label: `item of ${id}` })
  const index = makeRef<number>({
    scope: inner,
    source: { from: 'index' },
    pick: [],
    kind: undefined,
    label: `index of ${id}`,
  })
  const body = closeScope(each(item as never, open(inner), index), inner, `the callback of map '${id}'`)
  for (const reserved of mapReports) {
    if (Object.hasOwn(body.outputs, reserved)) {
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `map '${id}': '${reserved}' cannot be the name of an output`,
        { fix: 'it is reserved for what a map itself reports; choose another name' },
      )
    }
  }
  const kinds: Record<string, Kind<unknown, never> | undefined> = {}
  for (const [name, output] of Object.entries(body.kinds))
    kinds[name] = output === undefined ? undefined : (list(output) as Kind<unknown, never>)
  for (const report of mapReports) kinds[report] = plain
  const node = { items: binding, concurrency, key, maxFailed, body, reports: new Set<string>() }
  return recorder.add(
    { type: 'map', ...recorder.base(id, options), ...node },
    kinds,
    body.outputs,
    mapReports,
  )
}
