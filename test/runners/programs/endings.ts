import { spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { definePipeline, defineService, defineStep } from 'pipewright'
import { z } from 'zod'

const how = z.enum(['returns', 'exits', 'leaves', 'detaches', 'spins beside'])

const end = defineStep({
  name: 'end',
  cache: 'never',
  inputs: { notes: z.string(), how },
  outputs: {},
  timeout: '20s',
  grace: '100ms',
  run: async ({ notes, how }) => {
    // Nothing is told to the parent before.
    if (how === 'exits') {
      appendFileSync(notes, 'exits\n')
      process.exit(3)
    }
    if (how !== 'returns') {
      const isDetached = how === 'detaches'
      const sleeper = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], {
        stdio: 'ignore',
        detached: isDetached,
      })
      if (isDetached) sleeper.unref()
      await new Promise((resolve) => sleeper.once('spawn', resolve))
      appendFileSync(notes, `${sleeper.pid}\n`)
    }
    if (how === 'spins beside') for (;;);
    return {}
  },
})

/** Ends in one of several ways, and notes what it does. */
export const ending = definePipeline(
  { name: 'ending', inputs: { notes: z.string(), how } },
  (p, { notes, how }) => {
    p.step(end, { notes, how })
    return {}
  },
)

/** Takes its time to close. */
export const lingering = defineService({
  name: 'lingering',
  open: () => ({ notes: '' }),
  close: async ({ notes }) => {
    await sleep(500)
    appendFileSync(notes, 'closed\n')
  },
})

const use = defineStep({
  name: 'use',
  inputs: { notes: z.string() },
  outputs: {},
  run: async ({ notes }, ctx) => {
    const service = await ctx.service(lingering)
    service.notes = notes
    return {}
  },
})

/** Uses a service that takes its time to close. */
export const using = definePipeline({ name: 'using', inputs: { notes: z.string() } }, (p, { notes }) => {
  p.step(use, { notes })
  return {}
})
