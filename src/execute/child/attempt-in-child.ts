import { join } from 'node:path'
import { PipewrightError } from '../../internal/error.ts'
import type { MetadataStore } from '../../record/metadata.ts'
import type { AttemptOutcome, AttemptServices, AttemptTask } from '../attempt.ts'
import { revivedError } from '../error-record.ts'
import { memoryAnswer } from './memory-answers.ts'
import type { ChildMessage, ChildOutcome, MemoryAnswer, StepAddress } from './protocol.ts'
import { fromSmallBlobs, smallBlobsOf } from './small-blobs.ts'
import { startChild, type ChildEnd } from './start-child.ts'

/** Milliseconds that a child has beyond its limits before it is killed. */
const margin = 5_000

/** What running attempts in child processes takes. */
export interface ChildPlace {
  readonly project: string
  readonly opaque: readonly string[]
  readonly address: StepAddress
  readonly entry: string
  readonly nodeArguments: readonly string[]
  readonly metadata: Pick<MetadataStore, 'blob'>
  /** The key of a step in the plan. */
  readonly keyOf: (step: AttemptTask['step']) => string
}

/** Runs an attempt in a process of its own; `onExtension` takes what the child's preload reports. */
export async function attemptInChild(
  task: AttemptTask,
  services: AttemptServices,
  { project, opaque, address, entry, nodeArguments, metadata, keyOf }: ChildPlace,
  onExtension: (data: unknown) => void,
): Promise<AttemptOutcome> {
  const { step, signal, memory, onLog, onProgress, onMetric, ...attempt } = task
  const { timeout, grace = margin } = task.declaration
  const small = await smallBlobsOf(task.values, metadata, services.reader)
  let outcome: ChildOutcome | undefined
  let refused: unknown
  const onMessage = (message: ChildMessage, answer: (given: MemoryAnswer) => void): void => {
    if (message.type === 'log') onLog(message.level, message.message, message.fields)
    else if (message.type === 'progress') onProgress(message.done, message.total)
    else if (message.type === 'metric') onMetric?.(message.name, Number(message.value), message.step)
    else if (message.type === 'memory')
      void memoryAnswer(message.number, message.asked, {
        memory,
        metadata,
        reader: services.reader,
      }).then(answer)
    else if (message.type === 'extension') onExtension(message.data)
    else if (message.type === 'outcome') outcome = message.outcome
    else if (message.type === 'refused') refused = revivedError(message.error)
  }
  const end = await startChild(
    { project, opaque, folder: services.root, address, attempt: { ...attempt, step: keyOf(step), small } },
    {
      entry,
      nodeArguments,
      requestFile: join(services.root, `request-${task.fileName}-${task.attempt}.json`),
      signal,
      grace: grace + margin,
      // A synchronous loop hears of no timeout.
      ...(timeout === undefined ? {} : { killAfter: timeout + grace + margin }),
    },
    onMessage,
  )
  if (outcome === undefined)
    return {
      ok: false,
      end: signal.aborted ? 'cancelled' : 'failed',
      error: signal.aborted ? signal.reason : (refused ?? lostChild(task, end)),
      retryable: false,
    }
  if (!outcome.ok) return { ...outcome, error: revivedError(outcome.error) }
  const { small: written, ...others } = outcome
  const blobs = fromSmallBlobs(written)
  for (const { digest, bytes } of blobs) services.reader.remember(digest, bytes)
  return { ...others, blobs }
}

function lostChild({ step, node }: AttemptTask, { code, signal, stderr }: ChildEnd): PipewrightError {
  const how = signal === null ? `with code ${code}` : `by ${signal}`
  const said = stderr.trim() === '' ? '' : `:\n${stderr.trim()}`
  return new PipewrightError(
    'STEP_INTERRUPTED',
    `step '${step.name}' (node '${node}'): its process ended ${how}${said}`,
    { fix: 'look at what the step does to its process: process.exit, memory, native code' },
  )
}
