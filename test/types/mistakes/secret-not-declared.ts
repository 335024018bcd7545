import { defineStep, secret } from 'pipewright'
import { z } from 'zod'

export const typo = defineStep({
  name: 'typo',
  secrets: { token: secret('API_TOKEN') },
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: async ({ n }, ctx) => {
    // expect: Argument of type '"tokn"' is not assignable to parameter of type '"token"'
    await ctx.secret('tokn')
    return { n }
  },
})

export const none = defineStep({
  name: 'none',
  run: async (_inputs, ctx) => {
    // expect: Argument of type '"token"' is not assignable to parameter of type 'never'
    await ctx.secret('token')
  },
})

export const value = defineStep({
  name: 'value',
  // expect: Type 'string' is not assignable to type 'SecretReference'
  secrets: { token: process.env['API_TOKEN']! },
  run: () => {},
})
