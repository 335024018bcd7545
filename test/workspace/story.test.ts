import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, defineStep, file, renderWhy } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { tempFolder, tempWorkspace } from './temp.ts'

async function csvFile(name: string): Promise<string> {
  const path = join(await tempFolder(), `${name}.csv`)
  await writeFile(path, `${name}\n1\n`)
  return path
}

test('a story is that of its run: equal values of other steps and runs are not in it', async () => {
  const yes = z.object({ ok: z.boolean(), k: z.number() })
  const gate = (name: string) =>
    defineStep({
      name,
      version: '1',
      inputs: { csv: file('text/csv') },
      outputs: { ok: z.boolean(), k: z.number() },
      run: async ({ csv }) => ({ ok: (await csv.bytes()).length > 0, k: 3 }),
    })
  const use = defineStep({
    name: 'use',
    version: '1',
    inputs: { ok: z.boolean(), k: z.number() },
    outputs: { used: yes },
    run: (inputs) => ({ used: inputs }),
  })
  const fitted = defineStep({
    name: 'fitted',
    version: '1',
    inputs: { used: yes, each: z.array(z.number()) },
    outputs: { text: z.string() },
    run: ({ used, each }) => ({ text: `${JSON.stringify(used)} ${each.join(' ')}` }),
  })
  const make = (name: string, first: string, second: string) =>
    definePipeline({ name, inputs: { a: file('text/csv'), b: file('text/csv') } }, (p, input) => {
      const one = p.step(gate(first), { csv: input.a })
      const two = p.step(gate(second), { csv: input.b })
      // Both gave the same: what is used is the second one's.
      const { used } = p.step(use, { ok: two.ok, k: two.k }, { after: [one] })
      const each = p.map([1, 2], (n, q) => q.step(use, { ok: one.ok, k: n }), { id: 'each' })
      const ks = p.map(
        each.used,
        (item, q) => q.step(use, { ok: p.pick(used, 'ok'), k: q.pick(item, 'k') }),
        { id: 'ks' },
      )
      const numbers = p.map(ks.used, (item, q) => ({ k: q.pick(item, 'k') }), { id: 'numbers' })
      return { text: p.step(fitted, { used, each: numbers.k }).text }
    })
  const pw = await tempWorkspace()
  const [a, b] = [await csvFile('a'), await csvFile('b')]
  await pw.run(make('other', 'other-one', 'other-two'), { a, b })
  const { run } = await pw.run(make('mine', 'one', 'two'), { a, b })
  const text = (await pw.show(run.id)).outputs['text']!
  if (!('artifact' in text)) throw new Error('not stored')
  const story = await pw.why(text.artifact.digest)
  const drawn = renderWhy(story)
  // The content was first made by the other pipeline; this run's own text was a hit of that.
  expect(story.artifacts[story.roots[0]!]!.making).toMatchObject({ pipeline: 'other' })
  expect(drawn).not.toContain('of mine')
  expect(drawn).toContain('made by other-two')
  const makers = Object.values(story.artifacts).flatMap(({ making }) =>
    making === null ? [] : [making.node],
  )
  expect(new Set(makers)).toEqual(
    new Set(['fitted', 'use', 'other-two', 'other-one', 'each[0]/use', 'each[1]/use', 'ks', 'numbers']),
  )
})
