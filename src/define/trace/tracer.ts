import type { ScopeRecord, TracedScope } from '../graph.ts'
import { makeRef, type Ref, type RefRecord } from '../ref.ts'
import type { AnyPipeline } from '../runnable.ts'
import type {
  ApproveOptions,
  HandlerScope,
  LoopOptions,
  LoopRound,
  MapOptions,
  NodeOptions,
  Outcome,
  PipelineScope,
  RecurseOptions,
  Scope,
  SignalOptions,
  StepNodeOptions,
} from '../scope.ts'
import type { Kinds } from '../spec.ts'
import { traceChoose, traceWhen } from './branch.ts'
import { closeScope } from './close-scope.ts'
import { traceHandler, traceMaybe } from './handler.ts'
import { traceLoop } from './loop.ts'
import { traceMap } from './map.ts'
import { tracePick } from './pick.ts'
import { Recorder } from './recorder.ts'
import { traceRecurse } from './recurse.ts'
import { traceStep } from './step.ts'
import { traceApprove, traceSignal, traceSleep, traceUntil } from './wait.ts'

type Build = (q: Scope) => RefRecord

const open = (scope: ScopeRecord): Tracer => new Tracer(scope)

/** The recorder behind the scope that a build function is given. */
class Tracer implements PipelineScope, HandlerScope {
  readonly #recorder: Recorder

  constructor(scope: ScopeRecord) {
    this.#recorder = new Recorder(scope)
  }

  step(given: unknown, wiring?: Readonly<Record<string, unknown>>, options?: StepNodeOptions): never {
    return traceStep(this.#recorder, given, wiring, options)
  }

  map(
    items: unknown,
    each: (item: never, q: Scope, index: Ref<number>) => RefRecord,
    options?: MapOptions,
  ): never {
    return traceMap(this.#recorder, open, items, each, options)
  }

  when(condition: unknown, then: Build, otherwise?: Build | NodeOptions, more?: NodeOptions): never {
    const [other, options] = withOptions(otherwise, more)
    return traceWhen(this.#recorder, open, condition, then, other, options)
  }

  choose(
    selector: unknown,
    branches: Readonly<Record<string, Build>>,
    otherwise?: Build | NodeOptions,
    more?: NodeOptions,
  ): never {
    const [other, options] = withOptions(otherwise, more)
    return traceChoose(this.#recorder, open, selector, branches, other, options)
  }

  loop(
    initial: Readonly<Record<string, unknown>>,
    body: (state: never, q: Scope, round: Ref<number>) => LoopRound<RefRecord>,
    options: LoopOptions,
  ): never {
    return traceLoop(this.#recorder, open, initial, body, options)
  }

  recurse(
    target: () => AnyPipeline,
    wiring: Readonly<Record<string, unknown>>,
    options: RecurseOptions,
  ): never {
    return traceRecurse(this.#recorder, target, wiring, options)
  }

  pick(ref: unknown, ...keys: readonly (string | number)[]): never {
    return tracePick(this.#recorder.scope, ref, keys)
  }

  approve(options?: ApproveOptions<unknown>): never {
    return traceApprove(this.#recorder, options)
  }

  signal(name: string, options?: SignalOptions<unknown>): never {
    return traceSignal(this.#recorder, name, options)
  }

  sleep(duration: unknown, options?: NodeOptions): never {
    return traceSleep(this.#recorder, duration, options)
  }

  until(at: unknown, options?: NodeOptions): never {
    return traceUntil(this.#recorder, at, options)
  }

  onFailure(build: (q: HandlerScope, outcome: Outcome) => unknown, options?: NodeOptions): void {
    traceHandler(this.#recorder, open, 'failure', build, options)
  }

  always(build: (q: HandlerScope, outcome: Outcome) => unknown, options?: NodeOptions): void {
    traceHandler(this.#recorder, open, 'end', build, options)
  }

  maybe(ref: unknown): never {
    return traceMaybe(this.#recorder.scope, ref)
  }
}

/** The callback and the options at the end of a call, of which both may be left out. */
function withOptions(
  otherwise: Build | NodeOptions | undefined,
  more: NodeOptions | undefined,
): readonly [other: Build | undefined, options: NodeOptions] {
  return typeof otherwise === 'function' ? [otherwise, more ?? {}] : [undefined, otherwise ?? more ?? {}]
}

/** Traces the build function of a pipeline, which is given its own pipeline too. */
export function trace(
  self: AnyPipeline,
  build: (p: PipelineScope, input: never, self: never) => unknown,
  inputs: Kinds,
): TracedScope {
  const { name: pipeline } = self
  const scope: ScopeRecord = {
    parent: undefined,
    root: {},
    pipeline,
    path: `pipeline '${pipeline}'`,
    nodes: [],
    byId: new Map(),
    open: true,
    self,
  }
  const input: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(inputs)) {
    input[name] = makeRef({ scope, source: { from: 'input', name }, pick: [], kind, label: `input.${name}` })
  }
  return closeScope(
    build(open(scope), Object.freeze(input) as never, self as never),
    scope,
    `the build function of pipeline '${pipeline}'`,
  )
}
