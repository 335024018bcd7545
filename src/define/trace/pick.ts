import { PipewrightError } from '../../internal/error.ts'
import { json } from '../../artifact/json.ts'
import { itemKind } from '../../artifact/list.ts'
import type { Kind } from '../../artifact/kind.ts'
import { kindText } from '../binding.ts'
import type { ScopeRecord } from '../graph.ts'
import { isRef, makeRef, targetOf } from '../ref.ts'

/** A part of plain data: which schema it has is not known. */
export const plain = json({
  '~standard': { version: 1, vendor: 'pipewright', validate: (value) => ({ value }) },
}) as Kind<unknown, never>

/** The kind of a part: items of a list are what they are, parts of plain data are plain data, others have none. */
function partKind(
  kind: Kind<unknown, never> | undefined,
  key: string | number,
  label: string,
): Kind<unknown, never> | undefined {
  if (kind === undefined || kind.name === 'json' || kind.name === 'metrics')
    return kind === undefined ? undefined : plain
  const item = itemKind(kind)
  if (item !== undefined && typeof key === 'number' && key >= 0) return item
  if (item !== undefined && key === 'length') return plain
  throw new PipewrightError(
    'KIND_MISMATCH',
    `p.pick takes a part of plain data or an item of a list, but '${label}' is a ${kindText(kind)}`,
    {
      fix:
        item === undefined
          ? 'take the part in a step'
          : "give the item's index, or 'length'; take anything else in a step",
    },
  )
}

/** Records `p.pick`. */
export function tracePick(scope: ScopeRecord, ref: unknown, keys: readonly (string | number)[]): never {
  if (!isRef(ref)) {
    throw new PipewrightError('DEFINITION_INVALID', `${scope.path}: p.pick was not given a ref`, {
      fix: 'take the part with ordinary code',
    })
  }
  const target = targetOf(ref)
  for (const key of keys) {
    if (typeof key === 'string' || Number.isInteger(key)) continue
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `p.pick on '${target.label}' was given a ${typeof key}, not a name or a number`,
      { fix: 'what to pick is known while the pipeline is defined: give a property name or an index' },
    )
  }
  let kind = target.kind
  let label = target.label
  for (const key of keys) {
    kind = partKind(kind, key, label)
    label += `.${key}`
  }
  return makeRef({
    ...target,
    pick: Object.freeze([...target.pick, ...keys]),
    kind,
    label,
  }) as never
}
