import { removeFolder, tempFolder } from '../temp-folders.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { openWorkspace } from '../../workspace/open.ts'
import { registerRules, type RegisterTest } from './register.ts'
import { runnerRules } from './runner-rules.ts'

/** One of the tests of {@link runnerContract}, by its name. */
export type RunnerRule = keyof typeof runnerRules

/**
 * What {@link runnerContract} takes.
 *
 * @example
 * ```ts
 * runnerContract({ create: (root) => openWorkspace({ root, runners: { default: 'process' } }), test })
 * ```
 */
export interface RunnerContractOptions {
  /** Opens a workspace in a folder, in which steps run as they are to be tested. */
  readonly create: (root: string) => Promise<Workspace>
  /** Registers a test: that of vitest, node:test or jest. */
  readonly test: RegisterTest
  /** What has no meaning with this runner. Default: nothing. */
  readonly without?: readonly RunnerRule[]
}

/**
 * Registers the tests that whatever runs steps must pass: values of each kind arrive and leave as they do inline, with the same
 * digests and cache keys; logs, metrics, parameters, progress, errors with their causes and places, retries, durable
 * calls, checkpoints, timeouts and cancelling are the same.
 *
 * A test fails by an `AssertionError`. Throws a `TypeError` when `without` names no test.
 *
 * @example
 * ```ts
 * runnerContract({ create: (root) => openWorkspace({ root, runners: { default: 'thread' } }), test })
 * ```
 */
export function runnerContract({ create, test, without = [] }: RunnerContractOptions): void {
  registerRules(runnerRules, test, without, async () => {
    const roots = [tempFolder(), tempFolder()] as const
    const tested = await create(roots[0])
    const inline = await openWorkspace({ root: roots[1], runners: { default: 'inline' } })
    return {
      tested,
      inline,
      close: async () => {
        await tested.close()
        await inline.close()
        for (const root of roots) removeFolder(root)
      },
    }
  })
}
