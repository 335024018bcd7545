import { PipewrightError } from '../../internal/error.ts'
import type { ScopeRecord } from '../graph.ts'
import { isRef, makeRef, targetOf } from '../ref.ts'
import type { HandlerScope, NodeOptions, Outcome } from '../scope.ts'
import { checkCallback, closeScope } from './close-scope.ts'
import { plain } from './pick.ts'
import type { Recorder } from './recorder.ts'

/** Records `p.always` and `p.onFailure`. */
export function traceHandler(
  recorder: Recorder,
  open: (scope: ScopeRecord) => HandlerScope,
  on: 'failure' | 'end',
  build: (q: HandlerScope, outcome: Outcome) => unknown,
  options: NodeOptions = {},
): void {
  const call = on === 'failure' ? 'p.onFailure' : 'p.always'
  if (recorder.scope.parent !== undefined) {
    throw new PipewrightError('DEFINITION_INVALID', `${call} was called inside ${recorder.scope.path}`, {
      fix: 'a pipeline has handlers, a map, a branch or a loop has none: make its body a pipeline of its own',
    })
  }
  const id = recorder.claim(options.id ?? (on === 'failure' ? 'on-failure' : 'always'), call)
  const what = `handler '${id}'`
  checkCallback(build, `the callback of ${what}`)
  const inner: ScopeRecord = { ...recorder.child(what), handles: true }
  const ref = (name: string): never =>
    makeRef({
      scope: inner,
      source: { from: 'input', name },
      pick: [],
      kind: plain,
      label: `outcome.${name}`,
    }) as never
  const outcome: Outcome = Object.freeze({ state: ref('state'), failures: ref('failures') })
  build(open(inner), outcome)
  const body = closeScope(undefined, inner, `the callback of ${what}`)
  recorder.add({ type: 'handler', ...recorder.base(id, options), on, body }, {})
}

/** Records `q.maybe`: what a ref stands for, or undefined where its node did not succeed. */
export function traceMaybe(scope: ScopeRecord, ref: unknown): never {
  if (isRef(ref)) return makeRef({ ...targetOf(ref), maybe: true }) as never
  throw new PipewrightError('DEFINITION_INVALID', `${scope.path}: q.maybe was not given a ref`, {
    fix: 'give an output of a node of the pipeline',
  })
}
