import { readFile } from 'node:fs/promises'
import { PipewrightError } from '../internal/error.ts'
import type { AnyStep } from '../define/step.ts'
import { errorRecord } from '../execute/error-record.ts'
import { send } from '../execute/child/channel.ts'
import type { ChildRequest, StepAddress } from '../execute/child/protocol.ts'
import { runAttempt } from '../execute/child/run-attempt.ts'
import { compilePipeline } from '../plan/plan.ts'
import { openFileStore } from '../store/file-store.ts'
import { findPipelineIn } from './find-pipeline.ts'
import { loadModule } from './load-module.ts'
import { predictorDigestIn } from './services.ts'

/** The steps of a pipeline by their keys, from its module; a pipeline of another structure is refused. */
async function stepsOf({
  module,
  pipeline,
  structure: expected,
}: StepAddress): Promise<ReadonlyMap<string, AnyStep>> {
  const { structure, compiler } = compilePipeline(findPipelineIn(await loadModule(module), module, pipeline))
  if (structure.digest !== expected)
    throw new PipewrightError(
      'STRUCTURE_CHANGED',
      `pipeline '${pipeline}' of ${module} is built otherwise in another process`,
      { fix: 'let the build function read nothing but its input' },
    )
  return new Map([...compiler.keys].map(([step, key]) => [key, step]))
}

// A process of its own for one request: bootstrap by the file that is its argument, reports on descriptor 3.
try {
  const request = JSON.parse(await readFile(process.argv[2]!, 'utf8')) as ChildRequest
  const { address, attempt, folder, project: root, opaque } = request
  const steps = await stepsOf(address)
  send({ type: 'ready' })
  if (attempt !== undefined) {
    const step = steps.get(attempt.step)
    if (step === undefined)
      throw new PipewrightError(
        'PLAN_INVALID',
        `pipeline '${address.pipeline}' has no step '${attempt.step}'`,
      )
    const store = await openFileStore(folder)
    const predictorDigest = predictorDigestIn({ root, opaque })
    await runAttempt(step, attempt, { project: root, folder, store, predictorDigest })
  }
} catch (error) {
  send({ type: 'refused', error: errorRecord(error) })
}
// Whatever a step has left running ends with it.
process.exit()
