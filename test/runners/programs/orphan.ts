import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

const hang = defineStep({
  name: 'hang',
  cache: 'never',
  runner: 'process',
  inputs: { pids: z.string() },
  outputs: {},
  run: async ({ pids }) => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' })
    writeFileSync(pids, `${process.pid} ${child.pid}`)
    await new Promise(() => undefined)
    return {}
  },
})

/** Tells its processes in a file, and waits for ever. */
export const hanging = definePipeline({ name: 'hanging', inputs: { pids: z.string() } }, (p, input) => {
  p.step(hang, { pids: input.pids })
  return {}
})
