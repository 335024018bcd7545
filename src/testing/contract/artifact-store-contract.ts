import { mkdir } from 'node:fs/promises'
import type { ArtifactStore } from '../../artifact/blob.ts'
import type { Digest } from '../../internal/digest.ts'
import { removeFolder, tempFolder } from '../temp-folders.ts'
import {
  artifactStoreRules,
  damagedStoreRules,
  reopenedStoreRules,
  sharedStoreRules,
  type ArtifactStoreCase,
} from './artifact-store-rules.ts'
import { registerRules, type RegisterTest, type Rules } from './register.ts'

/** One of the tests of {@link artifactStoreContract}, by its name. */
export type ArtifactStoreRule =
  | keyof typeof artifactStoreRules
  | keyof typeof damagedStoreRules
  | keyof typeof reopenedStoreRules
  | keyof typeof sharedStoreRules

/**
 * What {@link artifactStoreContract} takes.
 *
 * @example
 * ```ts
 * artifactStoreContract({ create: () => openMyStore(), test, without: ['notices that a referenced file is newer'] })
 * ```
 */
export interface ArtifactStoreContractOptions {
  /** Opens an empty store for one test, which closes it. */
  readonly create: () => Promise<ArtifactStore>
  /** Registers a test: that of vitest, node:test or jest. */
  readonly test: RegisterTest
  /** Opens the place of a store once more, as another process would. Absent: it forgets all when it is closed. */
  readonly reopen?: (store: ArtifactStore) => Promise<ArtifactStore>
  /** Changes the stored bytes of a blob, behind the store's back; with `reopen`. Absent: that is not tested. */
  readonly damage?: (store: ArtifactStore, digest: Digest) => Promise<void>
  /** Whether it keeps the cache entries that workspaces share. Default false. */
  readonly shared?: boolean
  /** What has no meaning with this store. Default: nothing. */
  readonly without?: readonly ArtifactStoreRule[]
}

const never = (): Promise<never> => Promise.reject(new TypeError('no rule asks for what was not given'))

/**
 * Registers the tests that every artifact store must pass: that it gives back the very bytes that it took, in each way;
 * keeps equal ones once; tells what is missing, corrupt or has changed; and deletes nothing that was used lately.
 *
 * A test fails by an `AssertionError`. Throws a `TypeError` when `without` names no test.
 *
 * @example
 * ```ts
 * artifactStoreContract({ create: () => openMyStore(), test })
 * ```
 */
export function artifactStoreContract(options: ArtifactStoreContractOptions): void {
  const { create, test, reopen, damage, shared = false, without = [] } = options
  const rules: Rules<ArtifactStoreCase & { close(): Promise<void> }> = {
    ...artifactStoreRules,
    ...(reopen === undefined ? {} : reopenedStoreRules),
    ...(reopen === undefined || damage === undefined ? {} : damagedStoreRules),
    ...(shared ? sharedStoreRules : {}),
  }
  registerRules(rules, test, without, async () => {
    const store = await create()
    const folder = tempFolder()
    await mkdir(folder)
    const opened = [store]
    return {
      store,
      folder,
      reopened: async () => {
        const again = await (reopen ?? never)(store)
        opened.push(again)
        return again
      },
      damage: damage ?? never,
      close: async () => {
        for (const one of opened) await one.close()
        removeFolder(folder)
      },
    }
  })
}
