import { PipewrightError } from '../../internal/error.ts'
import type { Kind } from '../../artifact/kind.ts'
import { bindRef } from '../binding.ts'
import type { Bindings, ScopeRecord, TracedScope } from '../graph.ts'
import { checkName } from '../name.ts'
import { isRef, targetOf, type RefRecord } from '../ref.ts'

/** Refuses what is no callback. */
export function checkCallback(callback: unknown, what: string): void {
  if (typeof callback === 'function') return
  throw new PipewrightError('DEFINITION_INVALID', `${what} is not a function`, {
    fix: 'give a function that wires steps and returns a record of refs',
  })
}

/** Refuses a result that is no record of refs. */
export function checkReturned(result: unknown, what: string): asserts result is RefRecord {
  if (
    result instanceof Promise ||
    (typeof result === 'object' && result !== null && 'then' in result && !isRef(result.then))
  ) {
    // The rejection of a build function that will never be awaited must not end the process.
    void Promise.resolve(result as PromiseLike<unknown>).then(undefined, () => undefined)
    throw new PipewrightError('DEFINITION_INVALID', `${what} is asynchronous`, {
      fix: 'make it synchronous: it only wires steps; what needs waiting for belongs into a step',
    })
  }
  if (
    result !== undefined &&
    (typeof result !== 'object' || result === null || Array.isArray(result) || isRef(result))
  ) {
    const type = Array.isArray(result) ? 'an array' : result === null ? 'null' : `a ${typeof result}`
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `${what} returned ${isRef(result) ? 'a bare ref' : type}`,
      {
        fix: 'return a record of named refs: return { model: trained.model }',
      },
    )
  }
}

/** The results of a scope as bindings seen from inside it. */
export function closeScope(result: unknown, scope: ScopeRecord, what: string): TracedScope {
  checkReturned(result, what)
  scope.open = false
  const outputs: Record<string, Bindings[string]> = {}
  const kinds: Record<string, Kind<unknown, never> | undefined> = {}
  for (const [name, ref] of Object.entries(result ?? {})) {
    checkName('output', name)
    if (!isRef(ref)) {
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `${what}: output '${name}' is ${ref === undefined ? 'undefined' : 'not a ref'}`,
        {
          fix: 'return refs only; a constant needs no pipeline output, and undefined is often a typo in an output name',
          details: { output: name },
        },
      )
    }
    outputs[name] = bindRef(ref, { scope, text: `${what}, output '${name}'` })
    kinds[name] = targetOf(ref).kind
  }
  return Object.freeze({ nodes: Object.freeze(scope.nodes), outputs: Object.freeze(outputs), kinds })
}
