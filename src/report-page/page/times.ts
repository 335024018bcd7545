import { durationText } from '../../ui/text.ts'
import type { PageData, PageNode } from '../page-data.ts'

/** How long a node has worked, in milliseconds, until the page was made where it goes on; undefined for none at all. */
export function workOf({ start, end, state }: PageNode, { run }: PageData): number | undefined {
  if (start === undefined || state === 'reused') return undefined
  const until = end ?? (state === 'running' || state === 'waiting' ? run.soFar : undefined)
  return until === undefined ? undefined : Math.max(0, until - start)
}

/** The same in words; of what goes on it says so. */
export function workText(node: PageNode, data: PageData): string {
  const work = workOf(node, data)
  if (work === undefined) return ''
  return node.end === undefined ? `${durationText(work)} so far` : durationText(work)
}

/** A moment of the run as the time of the day, in UTC. */
export function clockText(at: number, { run }: PageData): string {
  return `${new Date(Date.parse(run.startedAt) + at).toISOString().slice(11, 19)} UTC`
}
