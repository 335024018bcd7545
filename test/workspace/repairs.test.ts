import { chmod, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  definePipeline,
  defineStep,
  file,
  list,
  table,
  type RunFailedError,
  type RunUpdate,
  type Workspace,
} from 'pipewright'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { statesOf, tempFolder, tempWorkspace } from './temp.ts'

const calls: string[] = []
/** What the next call of a step gives in place of its own. */
let noise = ''

beforeEach(() => {
  calls.length = 0
  noise = ''
})

const Row = z.object({ x: z.number() })
/** Too much to live in the metadata store. */
const length = 2_000

const rows = defineStep({
  name: 'rows',
  version: '1',
  inputs: { from: z.number() },
  outputs: { rows: table(Row), text: file('text/plain') },
  run: ({ from }) => {
    calls.push('rows')
    return {
      rows: Array.from({ length }, (_, at) => ({ x: from + at })),
      text: Buffer.from(`${noise}${'t'.repeat(9_000)}`),
    }
  },
})

const sum = defineStep({
  name: 'sum',
  version: '1',
  inputs: { rows: table(Row), text: file('text/plain') },
  outputs: { sum: z.number(), long: file('text/plain') },
  run: async ({ rows: given, text }) => {
    calls.push('sum')
    let total = 0
    for (const { x } of given) total += x
    return { sum: total, long: Buffer.from((await text.text()) + String(total).repeat(1_000)) }
  },
})

const show = defineStep({
  name: 'show',
  cache: 'never',
  version: '1',
  inputs: { long: file('text/plain') },
  outputs: { shown: z.number() },
  run: async ({ long }) => {
    const text = await long.text()
    calls.push('show')
    return { shown: text.length }
  },
})

const pipeline = definePipeline({ name: 'repaired', inputs: { from: z.number() } }, (p, { from }) => {
  const made = p.step(rows, { from })
  const total = p.step(sum, { rows: made.rows, text: made.text })
  return { sum: total.sum, shown: p.step(show, { long: total.long }).shown }
})

/** The files of the store, by size and path. */
async function stored(root: string): Promise<string[]> {
  const objects = join(root, '.pipewright', 'objects')
  const paths: string[] = []
  for (const shard of await readdir(objects))
    for (const name of await readdir(join(objects, shard))) paths.push(join(objects, shard, name))
  return paths
}

/** Damages every stored file that holds a text, in a workspace that nobody has open. */
async function damage(root: string, how: 'corrupt' | 'gone', text: string): Promise<number> {
  let count = 0
  for (const path of await stored(root)) {
    const bytes = await readFile(path)
    if (!bytes.includes(text)) continue
    count++
    if (how === 'gone') await rm(path)
    else {
      bytes[50]! ^= 1
      await chmod(path, 0o644)
      await writeFile(path, bytes)
    }
  }
  return count
}

/** A workspace in which the pipeline has run, opened anew after damage. */
async function damaged(how: 'corrupt' | 'gone', ...texts: string[]): Promise<Workspace> {
  const root = await tempFolder()
  const before = await tempWorkspace({ root })
  await before.run(pipeline, { from: 1 })
  await before.close()
  for (const text of texts) expect(await damage(root, how, text)).toBeGreaterThan(0)
  calls.length = 0
  return tempWorkspace({ root })
}

async function failureOf(run: Promise<unknown>): Promise<RunFailedError> {
  return run.then(
    () => Promise.reject(new Error('it has succeeded')),
    (error: RunFailedError) => error,
  )
}

describe('stored bytes that are lost are made again in the same run', () => {
  test('a corrupt output of a step that is reused: its consumer has not failed, and used up no try', async () => {
    // The text of `sum` begins with that of `rows`, so that both are damaged: one is made from the other.
    const pw = await damaged('corrupt', 't'.repeat(8_000))
    const warnings: string[] = []
    const onUpdate = ({ event }: RunUpdate): void => {
      if (event.type === 'attempt.log') warnings.push(`${event.node}: ${event.message}`)
    }
    const { outputs, run } = await pw.run(pipeline, { from: 1 }, { onUpdate })
    expect(outputs).toEqual({ sum: 2_001_000, shown: 16_000 })
    // `sum` was begun, and has met what `rows` had made.
    expect(calls).toEqual(['sum', 'rows', 'sum', 'show'])
    expect(warnings).toEqual([
      'sum: what it has made is gone or corrupt: it is made again',
      'rows: what it has made is gone or corrupt: it is made again',
    ])
    expect(await statesOf(pw, run.id)).toEqual({ rows: 'reused', sum: 'reused', show: 'succeeded' })
    // What was lost is there again.
    calls.length = 0
    await pw.run(pipeline, { from: 1 })
    expect(calls).toEqual(['show'])
  })

  test('a missing one is a miss already', async () => {
    const pw = await damaged('gone', 't'.repeat(8_000))
    expect((await pw.run(pipeline, { from: 1 })).outputs.sum).toBe(2_001_000)
    expect(calls).toEqual(['rows', 'sum', 'show'])
  })

  test('a table; items of a map that share a lost input have it made once', async () => {
    const each = definePipeline({ name: 'each', inputs: { items: z.array(z.number()) } }, (p, { items }) => {
      const made = p.step(rows, { from: 1 })
      const sums = p.map(items, (n, q) =>
        q.step(
          defineStep({
            name: 'scaled',
            version: '1',
            cache: 'never',
            inputs: { rows: table(Row), n: z.number() },
            outputs: { sum: z.number() },
            run: ({ rows: given, n }) => ({ sum: given.length * n }),
          }),
          { rows: made.rows, n },
        ),
      )
      return { sums: sums.sum }
    })
    const root = await tempFolder()
    const before = await tempWorkspace({ root })
    await before.run(each, { items: [1, 2, 3, 4] })
    await before.close()
    expect(await damage(root, 'corrupt', 'ARROW1')).toBe(1)
    calls.length = 0
    const pw = await tempWorkspace({ root })
    expect((await pw.run(each, { items: [1, 2, 3, 4] })).outputs.sums).toEqual([2_000, 4_000, 6_000, 8_000])
    expect(calls).toEqual(['rows'])
  })

  test('a file of a list, an output of the run, a condition', async () => {
    const files = defineStep({
      name: 'files',
      version: '1',
      outputs: {
        files: list(file('text/plain')),
        report: z.string(),
        flag: z.object({ on: z.boolean(), why: z.string() }),
      },
      run: () => {
        calls.push('files')
        return {
          files: ['a', 'b'].map((letter) => Buffer.from(letter.repeat(10_000))),
          report: 'r'.repeat(10_000),
          flag: { on: true, why: 'w'.repeat(10_000) },
        }
      },
    })
    const sizes = defineStep({
      name: 'sizes',
      version: '1',
      cache: 'never',
      inputs: { files: list(file('text/plain')) },
      outputs: { size: z.number() },
      run: async ({ files: given }) => {
        const texts = await Promise.all(given.map((one) => one.text()))
        return { size: texts.join('').length }
      },
    })
    const several = definePipeline({ name: 'several' }, (p) => {
      const made = p.step(files, {})
      const taken = p.when(p.pick(made.flag, 'on'), (q) => q.step(sizes, { files: made.files }))
      return { report: made.report, size: taken.size }
    })
    const letters = ['b', 'r', 'w']
    for (const letter of letters) {
      const root = await tempFolder()
      const before = await tempWorkspace({ root })
      await before.run(several, {})
      await before.close()
      expect(await damage(root, 'corrupt', letter.repeat(9_000))).toBe(1)
      calls.length = 0
      const pw = await tempWorkspace({ root })
      const { outputs } = await pw.run(several, {})
      expect(outputs.report).toBe('r'.repeat(10_000))
      expect(outputs.size).toBe(20_000)
      expect(calls).toEqual(['files'])
    }
  })
})

describe('what cannot be made again fails the node that reads it, with both names', () => {
  test('a step that gives something else', async () => {
    const pw = await damaged('corrupt', 't'.repeat(8_000))
    noise = '!'
    const { message } = await failureOf(pw.run(pipeline, { from: 1 }))
    expect(message).toContain("'rows' has made it, and gives another 'text' when it runs again")
    expect(message).toContain("step 'rows' is not deterministic")
    expect(message).toContain('sum')
  })

  test('an effect', async () => {
    const effect = defineStep({
      name: 'effect',
      version: '1',
      effect: true,
      outputs: { text: file('text/plain') },
      run: () => {
        calls.push('effect')
        return { text: Buffer.from('e'.repeat(10_000)) }
      },
    })
    let folder = ''
    const spoil = defineStep({
      name: 'spoil',
      version: '1',
      cache: 'never',
      inputs: { long: z.number() },
      outputs: { n: z.number() },
      run: async ({ long }) => {
        await damage(folder, 'gone', 'e'.repeat(9_000))
        return { n: long }
      },
    })
    const both = definePipeline({ name: 'both' }, (p) => {
      const { text } = p.step(effect, {})
      const spoiled = p.step(spoil, { long: 1 }, { after: [text] })
      return { shown: p.step(show, { long: text }, { after: [spoiled] }).shown }
    })
    folder = await tempFolder()
    const pw = await tempWorkspace({ root: folder })
    const { message } = await failureOf(pw.run(both, {}))
    expect(message).toContain("'effect' has made it, which is an effect and is not run again by itself")
    expect(calls).toEqual(['effect'])
  })

  test('a source', async () => {
    const root = await tempFolder()
    const path = join(root, 'data.txt')
    await writeFile(path, 's'.repeat(10_000))
    let spoils = true
    const size = defineStep({
      name: 'size',
      version: '1',
      cache: 'never',
      inputs: { data: file('text/plain') },
      outputs: { size: z.number() },
      run: async ({ data }) => {
        if (spoils) await damage(root, 'gone', 's'.repeat(9_000))
        return { size: (await data.text()).length }
      },
    })
    const sized = definePipeline({ name: 'sized', inputs: { data: file('text/plain') } }, (p, { data }) =>
      p.step(size, { data }),
    )
    const pw = await tempWorkspace({ root })
    const { message } = await failureOf(pw.run(sized, { data: path }))
    expect(message).toContain("it is input 'data' of the run")
    spoils = false
    expect((await pw.run(sized, { data: path })).outputs.size).toBe(10_000)
  })
})
