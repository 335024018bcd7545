import { PipewrightError } from '../../internal/error.ts'
import type { Kind } from '../../artifact/kind.ts'
import { bind, bindRef, fits, kindTexts } from '../binding.ts'
import type { Bindings } from '../graph.ts'
import { checkName } from '../name.ts'
import { isRef, makeRef, targetOf, type Ref, type RefRecord } from '../ref.ts'
import type { LoopOptions, LoopRound, Scope } from '../scope.ts'
import { checkCallback, closeScope } from './close-scope.ts'
import { plain } from './pick.ts'
import type { Recorder } from './recorder.ts'

/** Records `p.loop`. */
export function traceLoop(
  recorder: Recorder,
  open: (scope: ReturnType<Recorder['child']>) => Scope,
  initial: Readonly<Record<string, unknown>>,
  body: (state: never, q: Scope, round: Ref<number>) => LoopRound<RefRecord>,
  options: LoopOptions,
): never {
  const id = recorder.claim(options?.id ?? 'loop', 'p.loop')
  const what = `loop '${id}'`
  const most = options?.maxRounds
  if (!Number.isInteger(most) || most < 1) {
    throw new PipewrightError('DEFINITION_INVALID', `${what}: maxRounds ${most} is not a count`, {
      fix: 'say how many rounds there may be at most: { maxRounds: 20 }',
    })
  }
  if (typeof initial !== 'object' || initial === null || isRef(initial)) {
    throw new PipewrightError('DEFINITION_INVALID', `${what} has no initial state`, {
      fix: 'give a record of what each round is given: { weights: first.weights }',
    })
  }
  checkCallback(body, `the callback of ${what}`)
  const inner = recorder.child(what)
  const state: Record<string, Bindings[string]> = {}
  const kinds: Record<string, Kind<unknown, never> | undefined> = {}
  const refs: Record<string, Ref<unknown>> = {}
  for (const [name, value] of Object.entries(initial)) {
    checkName('state', name)
    const kind = isRef(value) ? targetOf(value).kind : undefined
    state[name] = bind(value, undefined, { scope: recorder.scope, text: `${what}, state '${name}'` })
    kinds[name] = kind
    refs[name] = makeRef({
      scope: inner,
      source: { from: 'input', name },
      pick: [],
      kind,
      label: `${id}.${name}`,
    })
  }
  const index = { from: 'index' } as const
  const round = makeRef<number>({
    scope: inner,
    source: index,
    pick: [],
    kind: undefined,
    label: `round of ${id}`,
  })
  const { next, again } = asRound(body(Object.freeze(refs) as never, open(inner), round), what)
  const condition = bindRef(again, { scope: inner, text: `${what}, again` })
  const traced = closeScope(next, inner, `the callback of ${what}`)
  for (const name in state) {
    if (!Object.hasOwn(traced.outputs, name)) {
      throw new PipewrightError('DEFINITION_INVALID', `${what}: next has no '${name}'`, {
        fix: `return the state for the next round: next: { ${Object.keys(state).join(', ')} }`,
        details: { state: name },
      })
    }
    checkSame(kinds[name], traced.kinds[name], `${what}, state '${name}'`)
  }
  if (Object.hasOwn(traced.outputs, 'rounds')) {
    throw new PipewrightError('DEFINITION_INVALID', `${what}: 'rounds' cannot be the name of a state`, {
      fix: 'it is reserved for the number of rounds; choose another name',
    })
  }
  const onMaxRounds = options.onMaxRounds ?? 'fail'
  if (onMaxRounds !== 'fail' && onMaxRounds !== 'stop') {
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `${what}: onMaxRounds ${JSON.stringify(onMaxRounds)} is not possible`,
      { fix: "give 'fail', or 'stop' to go on with the state of the last round" },
    )
  }
  const node = { state: Object.freeze(state), body: traced, again: condition, maxRounds: most, onMaxRounds }
  return recorder.add(
    { type: 'loop', ...recorder.base(id, options), ...node },
    { ...traced.kinds, rounds: plain },
  )
}

function asRound(result: unknown, what: string): LoopRound<RefRecord> {
  const round = result as Partial<LoopRound<RefRecord>> | undefined
  const isRound = typeof round === 'object' && round !== null && !isRef(round)
  if (isRound && isRef(round.again) && typeof round.next === 'object') return round as LoopRound<RefRecord>
  throw new PipewrightError('DEFINITION_INVALID', `the callback of ${what} did not return { next, again }`, {
    fix: 'return the state for the next round, and a ref to a boolean that says whether there is one',
  })
}

function checkSame(
  before: Kind<unknown, never> | undefined,
  after: Kind<unknown, never> | undefined,
  what: string,
): void {
  if (before === undefined || after === undefined || fits(after, before)) return
  const [given, next] = kindTexts(before, after)
  throw new PipewrightError(
    'KIND_MISMATCH',
    `${what} is a ${given} before the first round and a ${next} after it`,
    {
      fix: 'give the next round what the first was given',
    },
  )
}
