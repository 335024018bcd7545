import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { definePipeline, defineSecretProvider, defineStep, secret } from 'pipewright'
import { z } from 'zod'

/** What another process finds by this module and its name. */
export const vault = defineSecretProvider({
  name: 'vault',
  get: async (name) =>
    name === 'OF_VAULT' ? (await readFile(process.env['VAULT_FILE']!, 'utf8')).trim() : undefined,
})

const secrets = { token: secret('OF_VAULT') }

export const talk = defineStep({
  name: 'talk',
  version: '1',
  secrets,
  outputs: { length: z.number() },
  run: async (_inputs, ctx) => {
    const token = await ctx.secret('token')
    console.log('printed', token)
    process.stdout.write(token.slice(0, 9))
    process.stdout.write(`${token.slice(9)}\n`)
    ctx.log.info(token, { token })
    await ctx.once('call', () => 1)
    return { length: token.length }
  },
})

export const toss = defineStep({
  name: 'toss',
  version: '1',
  secrets,
  run: async (_inputs, ctx) => {
    const token = await ctx.secret('token')
    throw new TypeError(`401 for ${token}`, { cause: { token } })
  },
})

/** Prints past all that the process checks, and ends it. */
export const die = defineStep({
  name: 'die',
  version: '1',
  secrets,
  run: async (_inputs, ctx) => {
    const token = await ctx.secret('token')
    const env = { ...process.env, TOKEN: token, BASIC: Buffer.from(`ada:${token}`).toString('base64') }
    spawnSync('sh', ['-c', 'echo "token $TOKEN" >&2; echo "basic $BASIC" >&2'], { env, stdio: 'inherit' })
    setTimeout(() => {
      throw new Error(`nobody catches ${token}`)
    }, 1)
    await new Promise(() => undefined)
  },
})

export const inChild = definePipeline({ name: 'in-child' }, (p) => {
  p.step(talk, {})
  p.step(toss, {})
  p.step(die, {})
  return {}
})
