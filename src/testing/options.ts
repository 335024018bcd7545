import type { ResumeOptions, RunOptions } from '../workspace/run-options.ts'
import type { TestApproval, TestSignal } from './answers.ts'
import type { TestClock } from './clock.ts'
import type { FakeContext } from './context.ts'
import type { Fault } from './fault.ts'
import type { Replacement } from './replace-step.ts'

/**
 * What a workspace in memory takes.
 *
 * @example
 * ```ts
 * await using kit = await testWorkspace({ concurrency: 1, resources: { gpu: 1 }, seed: 'another' })
 * ```
 */
export interface TestWorkspaceOptions {
  /** Default: one that skips whatever is waited for, from 2026-01-01T00:00:00Z. */
  readonly clock?: TestClock
  /** The folder of the project. Default: that of the nearest config file, lockfile or `.git`. */
  readonly root?: string
  /** How many steps of a run may run at once. Default: 2 x the processors, at least 4. */
  readonly concurrency?: number
  /** How much there is of each named resource. */
  readonly resources?: Readonly<Record<string, number>>
  /** What `ctx.service` gives, by name: `{ warehouse: new Map() }`. Default: no service is declared. */
  readonly services?: Readonly<Record<string, unknown>>
  /** Packages whose objects change no result. */
  readonly opaque?: readonly string[]
  /** The values of secrets, by their names as references have them; 8 characters or more. Default: there are none. */
  readonly secrets?: Readonly<Record<string, string>>
  /** What the jitter of retries, and the draw of `verifyCache`, are drawn from. Default `test`. */
  readonly seed?: string
}

/** What a test changes about its run. */
export interface RunChanges {
  /** Steps with what stands in for them; made by {@link replaceStep}. */
  readonly replace?: readonly Replacement[]
  /** What goes wrong; made by {@link fault} and {@link storeFault}. One that does not happen fails the test. */
  readonly faults?: readonly Fault[]
  /**
   * How approvals are decided, by their paths (`go-live`; `trials/go` is that of every item). One that nothing waits for
   * fails the test, and so does one that does not fit. Default: the run waits for its timeout, or, of a `testWorkspace`,
   * until the test decides it.
   */
  readonly approvals?: Readonly<Record<string, TestApproval>>
  /** What is sent to nodes that wait for a signal, by its name; as for `approvals`. */
  readonly signals?: Readonly<Record<string, TestSignal>>
  /** Members that stand in for those of the `ctx` of steps. */
  readonly ctx?: FakeContext | ((place: { readonly node: string; readonly attempt: number }) => FakeContext)
}

/**
 * How a run of a test behaves.
 *
 * @example
 * ```ts
 * const run = await kit.run(tumours, { csv: 'test/ten-rows.csv' }, {
 *   cache: 'off',
 *   faults: [fault('release/then/deploy', { error: new Error('503') })],
 *   ctx: ({ node, attempt }) => ({ idempotencyKey: `${node}-${attempt}` }),
 * })
 * ```
 */
export interface TestRunOptions
  extends
    RunChanges,
    Pick<
      RunOptions,
      | 'cache'
      | 'concurrency'
      | 'failFast'
      | 'deadline'
      | 'failure'
      | 'key'
      | 'onUpdate'
      | 'select'
      | 'signal'
      | 'tags'
      | 'timeout'
      | 'verifyCache'
    > {}

/**
 * How a run of a test goes on.
 *
 * @example
 * ```ts
 * const again = await kit.resume(run.id, tumours, { faults: [fault('release/then/deploy', { delay: '1h' })] })
 * ```
 */
export interface TestResumeOptions
  extends RunChanges, Pick<ResumeOptions, 'acceptCode' | 'onUpdate' | 'signal'> {}
