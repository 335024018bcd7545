import { PipewrightError } from '../../internal/error.ts'
import { own } from '../../internal/own.ts'
import type { Kind } from '../../artifact/kind.ts'
import { bind, fits, kindText, kindTexts } from '../binding.ts'
import type { Binding, TracedScope } from '../graph.ts'
import { checkName } from '../name.ts'
import { isRef, targetOf, type RefRecord } from '../ref.ts'
import type { NodeOptions, Scope } from '../scope.ts'
import { checkCallback, closeScope } from './close-scope.ts'
import { plain } from './pick.ts'
import type { OutputKinds, Recorder } from './recorder.ts'

type Build = (q: Scope) => RefRecord

type OpenScope = (scope: ReturnType<Recorder['child']>) => Scope

/** The kinds of what branches give: those that give an output of one name must agree on it. */
function commonKinds(branches: readonly TracedScope[], what: string): OutputKinds {
  const kinds: Record<string, Kind<unknown, never> | undefined> = {}
  for (const branch of branches) {
    for (const [name, kind] of Object.entries(branch.kinds)) {
      const known = own(kinds, name)
      if (!Object.hasOwn(kinds, name) || known === undefined) kinds[name] = kind
      // The wider of the two: gathered json values and a json list are both json.
      else if (kind !== undefined && fits(known, kind)) kinds[name] = kind
      else if (kind !== undefined && !fits(kind, known)) {
        const [one, two] = kindTexts(known, kind)
        throw new PipewrightError(
          'KIND_MISMATCH',
          `${what}: output '${name}' is a ${one} in one branch and a ${two} in the other`,
          { fix: 'give the two outputs different names' },
        )
      }
    }
  }
  return kinds
}

function decisive(recorder: Recorder, ref: unknown, text: string, is: string, plainly: string): Binding {
  if (!isRef(ref)) {
    throw new PipewrightError('DEFINITION_INVALID', `${text} is not a ref`, {
      fix: `a value that is known while the pipeline is defined needs no branch: use ${plainly}`,
    })
  }
  const { kind, label } = targetOf(ref)
  if (kind !== undefined && kind.name !== 'json') {
    throw new PipewrightError('KIND_MISMATCH', `${text}: '${label}' is a ${kindText(kind)}, not ${is}`, {
      fix: `give an output that is ${is === 'a text' ? is : 'a boolean'}: decide in a step`,
    })
  }
  return bind(ref, undefined, { scope: recorder.scope, text })
}

function traceBranch(
  recorder: Recorder,
  open: OpenScope,
  build: Build,
  what: string,
  name: string,
): TracedScope {
  const callback = `the ${name} callback of ${what}`
  checkCallback(build, callback)
  const inner = recorder.child(`${what} (${name})`)
  return closeScope(build(open(inner)), inner, callback)
}

/** Records `p.when`. */
export function traceWhen(
  recorder: Recorder,
  open: OpenScope,
  condition: unknown,
  then: Build,
  otherwise: Build | undefined,
  options: NodeOptions,
): never {
  const id = recorder.claim(options.id ?? 'when', 'p.when')
  const what = `when '${id}'`
  const binding = decisive(recorder, condition, `${what}, condition`, 'true or false', 'a plain if')
  const taken = traceBranch(recorder, open, then, what, 'then')
  const other = otherwise === undefined ? undefined : traceBranch(recorder, open, otherwise, what, 'else')
  const kinds = commonKinds(other === undefined ? [taken] : [taken, other], what)
  const node = { condition: binding, then: taken, else: other }
  return recorder.add({ type: 'when', ...recorder.base(id, options), ...node }, kinds)
}

/** Records `p.choose`. */
export function traceChoose(
  recorder: Recorder,
  open: OpenScope,
  selector: unknown,
  branches: Readonly<Record<string, Build>>,
  otherwise: Build | undefined,
  options: NodeOptions,
): never {
  const id = recorder.claim(options.id ?? 'choose', 'p.choose')
  const what = `choose '${id}'`
  const binding = decisive(recorder, selector, `${what}, selector`, 'a text', 'a plain switch')
  if (typeof branches !== 'object' || branches === null || Object.keys(branches).length === 0) {
    throw new PipewrightError('DEFINITION_INVALID', `${what} has no branches`, {
      fix: 'give a record of callbacks, by the value that chooses each: { linear: (q) => …, tree: (q) => … }',
    })
  }
  const traced: Record<string, TracedScope> = {}
  for (const [name, build] of Object.entries(branches)) {
    checkName('branch', name)
    if (name === 'otherwise' && otherwise !== undefined) {
      throw new PipewrightError('DEFINITION_INVALID', `${what} has two branches 'otherwise'`, {
        fix: 'the callback after the branches is called so: give the value another name',
      })
    }
    traced[name] = traceBranch(recorder, open, build, what, name)
  }
  const rest = otherwise === undefined ? undefined : traceBranch(recorder, open, otherwise, what, 'otherwise')
  const kinds = commonKinds([...Object.values(traced), ...(rest === undefined ? [] : [rest])], what)
  if (Object.hasOwn(kinds, 'branch')) {
    throw new PipewrightError('DEFINITION_INVALID', `${what}: 'branch' cannot be the name of an output`, {
      fix: 'it is reserved for the name of the branch that was taken; choose another name',
    })
  }
  const node = { selector: binding, branches: Object.freeze(traced), otherwise: rest }
  return recorder.add({ type: 'choose', ...recorder.base(id, options), ...node }, { ...kinds, branch: plain })
}
