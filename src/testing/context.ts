import type { StepContext } from '../define/context.ts'
import type { Runner } from '../execute/runner.ts'

/**
 * Members that stand in for those of the `ctx` of a step; what is left out is that of a run.
 *
 * @example
 * ```ts
 * const { outputs } = await testStep(split, { rows: [] }, { ctx: { random: () => 0.5 } })
 * ```
 */
export type FakeContext = Partial<StepContext>

/** A runner whose steps get a context with members of a test. */
export function withContext(runner: Runner, fake: FakeContext | undefined): Runner {
  if (fake === undefined) return runner
  return {
    name: runner.name,
    run: (task) => runner.run({ ...task, context: contextWith(task.context, fake) }),
  }
}

function contextWith(context: StepContext, fake: FakeContext): StepContext {
  return new Proxy(context, {
    get(target, name): unknown {
      // Reading it counts, whoever answers: a result that depends on `now` is not cached.
      const value: unknown = Reflect.get(target, name, target)
      if (Object.hasOwn(fake, name)) return Reflect.get(fake, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
