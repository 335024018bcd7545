import { isPipeline } from '../define/runnable.ts'
import type { AnyTestRun } from './checks.ts'
import type { Planned } from './plan-snapshot.ts'

function hintOf(received: unknown): string {
  if (received instanceof Promise) return 'a promise: await it'
  return received === null ? 'null' : isPipeline(received) ? 'a pipeline' : typed(received)
}

function typed(received: unknown): string {
  return typeof received === 'object'
    ? 'an object'
    : received === undefined
      ? 'undefined'
      : `a ${typeof received}`
}

function has(value: unknown, member: string): boolean {
  return typeof value === 'object' && value !== null && member in value
}

/** What was handed to a check, as a run. Throws a `TypeError` that names the check for anything else. */
export function asRun(received: unknown, check: string): AnyTestRun {
  if (has(received, 'executions')) return received as AnyTestRun
  throw new TypeError(`${check} takes what testPipeline or kit.run gives, not ${hintOf(received)}`)
}

/** The same for what has a plan. */
export function asPlanned(received: unknown, check: string): Planned {
  if (isPipeline(received) || has(received, 'plan') || has(received, 'scope')) return received as Planned
  throw new TypeError(`${check} takes a pipeline, a plan or a run, not ${hintOf(received)}`)
}
