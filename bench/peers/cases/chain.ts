import type { Bench } from '../bench.ts'
import type { Work } from '../peer.ts'
import type { ChainResult, PerStep, Usage } from '../results.ts'
import { fresh } from './repeat.ts'

/** The length that is asked for; a tenth of it where the time limit would not allow that. */
const asked = 100

export const chainOf = (size: number, more: Partial<Work> = {}): Work => ({
  flow: 'chain',
  size,
  cache: false,
  mode: 'first',
  ...more,
})

interface Start {
  readonly smallest: Usage
  /** The length of chain that the time limit allows, foreseen from a short one. */
  readonly size: number
}

const starts = new WeakMap<Bench, Promise<Start>>()

/** The smallest chain, and how long a longer one may be: measured once for all cases of a peer. */
export function startOf(bench: Bench, repeat: number): Promise<Start> {
  const known = starts.get(bench) ?? measureStart(bench, repeat)
  starts.set(bench, known)
  return known
}

async function measureStart(bench: Bench, repeat: number): Promise<Start> {
  const { usage: smallest } = await fresh(bench, repeat, chainOf(bench.smallest))
  const short = asked / 10
  const { usage } = await fresh(bench, 1, chainOf(short))
  const step = (usage.wall - smallest.wall) / (short - bench.smallest)
  return { smallest, size: smallest.wall + step * asked < bench.limit ? asked : short }
}

/** A chain of durable steps, and the smallest one: what a step costs beyond the start. */
export async function chain(bench: Bench, repeat: number): Promise<ChainResult> {
  const { smallest, size } = await startOf(bench, repeat)
  const { usage: whole } = await fresh(bench, repeat, chainOf(size))
  return { size, smallest, whole, step: perStep(smallest, whole, size - bench.smallest) }
}

/** What each of some more steps has cost, in milliseconds. */
export function perStep(start: Usage, whole: Usage, steps: number): PerStep {
  const each = (from: number, to: number): number => ((to - from) / steps) * 1000
  return { wall: each(start.wall, whole.wall), cpu: each(start.cpu, whole.cpu) }
}
