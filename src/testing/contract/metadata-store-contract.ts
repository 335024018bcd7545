import type { MetadataStore } from '../../record/metadata.ts'
import { cacheRules, claimRules } from './metadata/cache-rules.ts'
import type { MetadataCase } from './metadata/case.ts'
import { executionRules } from './metadata/execution-rules.ts'
import { leaseRules } from './metadata/lease-rules.ts'
import { lineageRules } from './metadata/lineage-rules.ts'
import { logRules } from './metadata/log-rules.ts'
import { postedRules } from './metadata/posted-rules.ts'
import { removalRules } from './metadata/removal-rules.ts'
import { reopeningRules } from './metadata/reopening-rules.ts'
import { runRules } from './metadata/run-rules.ts'
import { triggerRules } from './metadata/trigger-rules.ts'
import { registerRules, type RegisterTest, type Rules } from './register.ts'

const ofOneProcess = {
  ...logRules,
  ...leaseRules,
  ...postedRules,
  ...executionRules,
  ...cacheRules,
  ...runRules,
  ...lineageRules,
  ...removalRules,
  ...triggerRules,
}

const ofSeveral = { ...reopeningRules, ...claimRules }

/** One of the tests of {@link metadataStoreContract}, by its name. */
export type MetadataStoreRule = keyof typeof ofOneProcess | keyof typeof ofSeveral

/**
 * What {@link metadataStoreContract} takes.
 *
 * @example
 * ```ts
 * metadataStoreContract({ create: (now) => openMyMetadata({ now }), test })
 * ```
 */
export interface MetadataStoreContractOptions {
  /**
   * Opens an empty store for one test, which closes it. Its times (of leases, decisions, touches) are those of `now`, in
   * milliseconds since the epoch, which the test moves.
   */
  readonly create: (now: () => number) => Promise<MetadataStore>
  /** Registers a test: that of vitest, node:test or jest. */
  readonly test: RegisterTest
  /** Opens the place of a store once more, as another process would. Absent: it forgets all when it is closed. */
  readonly reopen?: (store: MetadataStore, now: () => number) => Promise<MetadataStore>
  /** What has no meaning with this store. Default: nothing. */
  readonly without?: readonly MetadataStoreRule[]
}

const never = (): Promise<never> => Promise.reject(new TypeError('no rule asks for what was not given'))

/**
 * Registers the tests that every metadata store must pass: the order of the log and commits that are whole; leases, fences
 * and claims; what is posted to runs; executions, calls and checkpoints; cache entries; queries page by page; lineage and
 * models; removal; schedules, triggers and their firings; and, with `reopen`, what several processes see of it.
 *
 * A test fails by an `AssertionError`. Throws a `TypeError` when `without` names no test.
 *
 * @example
 * ```ts
 * metadataStoreContract({ create: (now) => openMyMetadata({ now }), test })
 * ```
 */
export function metadataStoreContract(options: MetadataStoreContractOptions): void {
  const { create, test, reopen, without = [] } = options
  const rules: Rules<MetadataCase & { close(): Promise<void> }> = {
    ...ofOneProcess,
    ...(reopen === undefined ? {} : ofSeveral),
  }
  registerRules(rules, test, without, async () => {
    let time = Date.now()
    const now = (): number => time
    const store = await create(now)
    const opened = [store]
    return {
      store,
      now,
      pass: (milliseconds) => void (time += milliseconds),
      reopened: async () => {
        const again = await (reopen ?? never)(store, now)
        opened.push(again)
        return again
      },
      close: async () => {
        for (const one of opened) await one.close()
      },
    }
  })
}
