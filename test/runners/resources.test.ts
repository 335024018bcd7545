import { setTimeout as sleep } from 'node:timers/promises'
import { definePipeline, defineStep, openWorkspace, type Settings } from 'pipewright'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { machineResources } from '../../src/execute/machine-resources.ts'
import { tempFolder } from '../workspace/temp.ts'

/** Steps that are running, and the most that were. */
let running = 0
let most = 0

function using(resources: Record<string, number | string>) {
  const step = defineStep({
    name: 'use',
    version: '1',
    cache: 'never',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    resources,
    run: async ({ n }) => {
      most = Math.max(most, ++running)
      await sleep(15)
      running--
      return { n }
    },
  })
  return definePipeline({ name: 'using', inputs: { items: z.array(z.number()) } }, (p, input) => {
    const each = p.map(input.items, (n, q) => q.step(step, { n }), { id: 'each' })
    return { n: each.n }
  })
}

async function mostOf(
  asked: Record<string, number | string>,
  settings: Settings,
  workspaces = 1,
): Promise<number> {
  most = running = 0
  const root = await tempFolder()
  const pipeline = using(asked)
  const all = await Promise.all(
    Array.from({ length: workspaces }, () => openWorkspace({ root, concurrency: 8, ...settings })),
  )
  onTestFinished(async () => void (await Promise.all(all.map((pw) => pw.close()))))
  await Promise.all(all.map((pw) => pw.run(pipeline, { items: [1, 2, 3, 4, 5, 6] })))
  return most
}

test('cpu and memory bound how many run at once', async () => {
  expect(await mostOf({ cpu: 1 }, { resources: { cpu: 2 } })).toBe(2)
  expect(await mostOf({ cpu: 0.5 }, { resources: { cpu: 2 } })).toBe(4)
  expect(await mostOf({ memory: '1GiB' }, { resources: { memory: '3GiB' } })).toBe(3)
})

test('what asks for more than the machine has runs alone', async () => {
  const { cpu } = machineResources()
  expect(await mostOf({ cpu: cpu * 4 }, {})).toBe(1)
  expect(await mostOf({ memory: '1000TiB' }, {})).toBe(1)
})

test('a named resource is counted over all that have the workspace open', async () => {
  expect(await mostOf({ gpu: 1 }, { resources: { gpu: 1 } }, 3)).toBe(1)
  expect(await mostOf({ licence: 1 }, { resources: { licence: 2 } }, 3)).toBe(2)
})

test('amounts that are none are refused, with the field', async () => {
  const root = await tempFolder()
  await expect(openWorkspace({ root, resources: { memory: 'lots' } })).rejects.toThrow(
    /resources\.memory: "lots" is no amount of memory/,
  )
  expect(() => using({ memory: '4 gigs' })).toThrow(
    /step 'use', resources\.memory: "4 gigs" is no amount of memory/,
  )
  expect(() =>
    defineStep({
      name: 'grow',
      retry: { attempts: 2, escalate: { memory: 2 } },
      run: () => undefined,
    }),
  ).toThrow(/retry\.escalate: "more memory than nothing" is not possible/)
  await expect(openWorkspace({ root, runners: { default: 'threads' as never } })).rejects.toThrow(
    /runners\.default is "threads"/,
  )
  await expect(
    openWorkspace({ root, runners: { rules: [{ resources: { gpu: 1 }, runner: 'gpu' as never }] } }),
  ).rejects.toThrow(/runners\.rules\[0\]\.runner is "gpu"/)
})
