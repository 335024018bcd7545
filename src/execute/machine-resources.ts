import { availableParallelism, totalmem } from 'node:os'

/** The share of the machine's memory that steps may ask for together: the rest is for this process and the system. */
const shareOfMemory = 0.8

/** What the machine has for steps, or the container that this process is in. */
export function machineResources(): { readonly cpu: number; readonly memory: number } {
  const bound = process.constrainedMemory() ?? 0
  // Where nothing bounds the memory, some systems tell a number beyond all reason.
  const memory = bound > 0 && bound < totalmem() ? bound : totalmem()
  return { cpu: availableParallelism(), memory: Math.floor(memory * shareOfMemory) }
}
