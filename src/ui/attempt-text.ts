import { byteText } from '../internal/byte-size.ts'
import type { AttemptUsage } from '../record/event.ts'
import type { AttemptRecord } from '../record/records.ts'
import { durationText } from './text.ts'

/** Errors that tell how the thread or process of an attempt came to its end. */
const reasons: Readonly<Record<string, string>> = {
  STEP_OUT_OF_MEMORY: 'out of memory',
  STEP_CRASHED: 'crashed',
  WORKER_FAILED: 'its worker failed',
  STEP_LEFT_PROCESSES: 'left processes behind',
}

/** How an attempt has ended, with the reason where that is one of its process: `failed, out of memory`. */
export function endText({ end, error }: Pick<AttemptRecord, 'end' | 'error'>): string {
  const reason = error?.code === undefined ? undefined : reasons[error.code]
  return `${end ?? 'running'}${reason === undefined ? '' : `, ${reason}`}`
}

const places: Readonly<Record<AttemptUsage['runner'], string>> = {
  thread: 'in a thread',
  process: 'in a process',
  python: 'in Python',
  command: 'as a command',
  container: 'in a container',
}

/** Where an attempt ran that was not inline, and what it used: `in a process · at most 512 MiB · 3.2 s of CPU time`. */
export function usageText({ runner, memory, cpu }: AttemptUsage): string {
  const parts = [places[runner]]
  if (memory !== undefined) parts.push(`at most ${byteText(memory)}`)
  if (cpu !== undefined) parts.push(`${durationText(cpu)} of CPU time`)
  return parts.join(' · ')
}
