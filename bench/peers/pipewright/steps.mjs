import { defineStep } from 'pipewright'
import { z } from 'zod'
import { body, join } from './body.mjs'

const State = z.object({ value: z.number() })

export const work = defineStep({
  name: 'work',
  inputs: { state: State },
  outputs: { state: State },
  run: ({ state }) => ({ state: body(state) }),
})

export const gather = defineStep({
  name: 'gather',
  inputs: { states: z.array(State) },
  outputs: { state: State },
  run: ({ states }) => ({ state: join(states) }),
})

export const states = z.array(State)
