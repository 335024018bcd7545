import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

/** Calls once, restores and saves, in whichever process it runs. */
export const remember = defineStep({
  name: 'remember',
  outputs: { restored: z.array(z.number()), calls: z.array(z.unknown()), refused: z.string() },
  run: async (_inputs, ctx) => {
    const bytes = await ctx.restored(z.instanceof(Uint8Array))
    const calls = await Promise.all(
      ['kept', 'a', 'b'].map((name) => ctx.once(name, ({ idempotencyKey }) => [name, idempotencyKey.length])),
    )
    await ctx.checkpoint(new Uint8Array([9, 9]))
    await ctx.checkpoint(new Uint8Array(20_000).fill(5))
    const refused = await ctx.once('refused', () => 1).catch((error: Error) => error.message)
    return {
      restored: bytes === undefined ? [] : [bytes.length, bytes[0]!],
      calls,
      refused: String(refused),
    }
  },
})

export const remembering = definePipeline({ name: 'remembering' }, (p) => p.step(remember, {}))
