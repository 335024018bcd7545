import { byteSize } from '../internal/byte-size.ts'
import type { StepDeclaration } from '../plan/document.ts'

type Asking = Pick<StepDeclaration, 'resources' | 'retry'>

/**
 * What a step is given after so many attempts that ran out of memory: `resources.memory` x `escalate.memory` for each of
 * them, in bytes.
 */
export function escalated({ resources, retry }: Asking, outOfMemory: number): StepDeclaration['resources'] {
  if (resources?.['memory'] === undefined) return resources
  const factor = (retry?.escalate?.memory ?? 1) ** outOfMemory
  return { ...resources, memory: Math.round(byteSize(resources['memory'], 'resources.memory') * factor) }
}

/** The most memory that an attempt may take where that can be bounded, in bytes; undefined where the step does not say. */
export function memoryLimit(asking: Asking, outOfMemory: number): number | undefined {
  const memory = escalated(asking, outOfMemory)?.['memory']
  return memory === undefined ? undefined : Number(memory)
}
