import { canonicalJson } from '../internal/canonical.ts'
import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import { own } from '../internal/own.ts'
import type { Value, Values } from '../record/event.ts'

/** Why what a node made cannot be made again. */
export interface Refusal {
  readonly code: 'VALUE_LOST' | 'NOT_DETERMINISTIC'
  readonly reason: string
  readonly fix: string
  readonly cause?: unknown
}

/** An effect is done once. */
export const isEffect: Refusal = {
  code: 'VALUE_LOST',
  reason: 'it is an effect, which is done once',
  fix: 'restore the bytes from a backup of the workspace, or start a new run, in which the effect is done anew',
}

/** A selection says what runs. */
export const notSelected: Refusal = {
  code: 'VALUE_LOST',
  reason: 'it was not selected',
  fix: 'select it too (to: …), or run the whole pipeline',
}

/** It was made again, and cannot be read. */
export const lostAgain: Refusal = {
  code: 'VALUE_LOST',
  reason: 'it was executed again, and those bytes are still not there',
  fix: 'start a new run; if it happens again, check the disk',
}

/** It has failed this time. */
export function failedAgain(cause: unknown): Refusal {
  return {
    code: 'VALUE_LOST',
    reason: `it was executed again and failed: ${cause instanceof Error ? cause.message.split('\n')[0] : String(cause)}`,
    fix: 'look at its error, then resume the run',
    cause,
  }
}

/** What a step or map gives now must be of the content that is recorded; undefined where it is. */
export function otherContent(what: string, recorded: Values, made: Values): Refusal | undefined {
  for (const name of Object.keys({ ...recorded, ...made })) {
    const [before, after] = [identityOf(own(recorded, name)), identityOf(own(made, name))]
    if (before === after) continue
    return {
      code: 'NOT_DETERMINISTIC',
      reason: `it was executed again and gave other content: ${what} is not deterministic, or its code has changed since; output '${name}' was ${before}, is ${after}`,
      fix: 'start a new run; make the step deterministic (draw from ctx.random, take times and outside data as inputs)',
    }
  }
  return undefined
}

function identityOf(value: Value | undefined): string {
  if (value === undefined || 'absent' in value) return 'absent'
  return 'artifact' in value ? `${value.artifact.kind} ${value.artifact.digest}` : canonicalJson(value)
}

function readerOf(by: string): string {
  return by === '' ? 'the outputs of the run need' : `'${by}' needs`
}

/** What a node needs is lost, and the node that made it cannot make it again. */
export function valueLost(
  by: { readonly node: string; readonly step: string | undefined },
  maker: { readonly node: string; readonly step: string | null },
  digest: Digest,
  { code, reason, fix, cause }: Refusal,
): PipewrightError {
  const step = maker.step === null ? '' : ` (step '${maker.step}')`
  const reader = by.step === undefined ? readerOf(by.node) : `'${by.node}' (step '${by.step}') needs`
  return new PipewrightError(
    code,
    `${reader} ${digest}, made by '${maker.node}'${step}, whose stored bytes are gone or corrupt; ${reason}`,
    {
      fix,
      details: { node: by.node, maker: maker.node, digest },
      cause,
    },
  )
}

/** What a node needs is a source of the run, and its stored copy is lost. */
export function sourceLost(by: string, input: string, path: unknown, digest: Digest): PipewrightError {
  const named = typeof path === 'string' ? ` (${path})` : ''
  return new PipewrightError(
    'VALUE_LOST',
    `${readerOf(by)} ${digest} of the run's input '${input}'${named}, whose stored bytes are gone or corrupt`,
    {
      fix: 'start a new run: the source is read and stored again',
      details: { node: by, input, digest },
    },
  )
}
