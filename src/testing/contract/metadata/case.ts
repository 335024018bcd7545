import { ok } from 'node:assert/strict'
import type { Owner } from '../../../record/event.ts'
import type { Lease, MetadataStore } from '../../../record/metadata.ts'
import { currentOwner } from '../../../record/owner.ts'
import type { Rules } from '../register.ts'

/** What a rule of the contract of metadata stores is tested with. */
export interface MetadataCase {
  readonly store: MetadataStore
  /** The same place, opened once more. */
  readonly reopened: () => Promise<MetadataStore>
  /** Lets time pass, by the clock of the store. */
  readonly pass: (milliseconds: number) => void
  /** The time by that clock, in milliseconds since the epoch. */
  readonly now: () => number
}

/** The rules of a part of the contract. */
export type MetadataRules = Rules<MetadataCase>

/** A process of another machine: whether it lives cannot be told from here. */
export const elsewhere = (): Owner => ({ ...currentOwner(), host: 'another-host' })

/** A process of this machine that has ended. */
export const ended = (): Owner => ({ ...currentOwner(), processStart: '1' })

/** Takes a run that must be free. */
export async function leaseOf(store: MetadataStore, run: string, owner = currentOwner()): Promise<Lease> {
  const acquired = await store.acquire(run, owner)
  ok(acquired.ok, `the run ${run} is given`)
  return acquired.lease
}

/** All that a list gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
