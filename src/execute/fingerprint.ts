import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { canonicalJson } from '../internal/canonical.ts'
import type { AnyStep, Fingerprint } from '../define/step.ts'
import type { Values } from '../record/event.ts'
import { unlessAborted } from './abortable.ts'
import type { AttemptServices } from './attempt.ts'
import { decodeInputs } from './io.ts'
import { lostBlob } from './lost.ts'

/** What asking for a fingerprint gave: its text, or why there is none. */
export interface Fingerprinted {
  readonly text?: string
  readonly problem?: string
}

/** A fingerprint is an ETag or the like: one that takes longer than this, in milliseconds, is none. */
const longest = 60_000

/** Asks a step for the fingerprint of what it reads from outside; nothing where it has none. */
export async function fingerprintOf(
  step: AnyStep,
  values: Values,
  owner: string,
  folder: string,
  services: AttemptServices,
  signal: AbortSignal,
): Promise<Fingerprinted> {
  const ask = step.options.fingerprint as Fingerprint<unknown> | undefined
  if (ask === undefined) return {}
  const stop = new AbortController()
  const cancel = services.clock.after(longest, () => stop.abort())
  const place = join(services.root, 'work', folder)
  const { reader, json, predictorDigest } = services
  const workdir = async (): Promise<string> => {
    await mkdir(place, { recursive: true })
    return place
  }
  try {
    const given = unlessAborted(
      decodeInputs(step.inputs, values, owner, { blobs: reader, json, workdir, predictorDigest }).then(
        async (inputs) => ({ value: await ask(inputs, { signal: AbortSignal.any([signal, stop.signal]) }) }),
      ),
      signal,
    )
    const answer = await services.clock.during(unlessAborted(given, stop.signal))
    if (answer === 'aborted') {
      return {
        problem: signal.aborted ? 'the run was cancelled' : `its fingerprint took longer than ${longest} ms`,
      }
    }
    const text = canonicalJson(answer.value)
    return services.secrets.shown(text) === text ? { text } : { problem: 'its fingerprint holds a secret' }
  } catch (error) {
    // What it was to read can be made again.
    if (lostBlob(error) !== undefined) throw error
    const told = services.secrets.shown(error instanceof Error ? error.message : inspect(error))
    return { problem: `its fingerprint cannot be told: ${told}` }
  } finally {
    cancel()
    await rm(place, { recursive: true, force: true })
  }
}
