import { expect, test } from 'vitest'
import type { PlanNode } from '../../src/plan/document.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { drawFrom } from '../../src/testing/cluster/draw.ts'
import type { ClusterProgram } from '../../src/testing/cluster/run-replica.ts'
import type { ClusterWork } from '../../src/testing/cluster/work.ts'
import { goOn, type Driven } from './replica-run.ts'
import { continuePolicy, scope, step } from './simulate.ts'

const declared = { inputs: {}, outputs: {} }

function programOf(...nodes: PlanNode[]): ClusterProgram {
  const steps = Object.fromEntries(['x', 'y', 'z', 'tell'].map((name) => [name, { name, ...declared }]))
  return { plan: { pipeline: 'p', scope: scope(...nodes), steps }, pipelines: new Map(), inputs: {} }
}

/** Runs a plan whose nodes fail where `fails` says so, dies after so many events, and goes on. */
async function dieAndGoOn(
  program: ClusterProgram,
  fails: (node: string) => boolean,
  dies: (whole: Driven) => number,
): Promise<Driven> {
  const store = memoryStore()
  const work: ClusterWork = {
    execute: ({ node }) =>
      Promise.resolve(fails(node) ? { ok: false, retryable: false } : { ok: true, outputs: {} }),
    decide: () => ({}),
  }
  const whole = await goOn(program, continuePolicy, work, store, drawFrom([]), [])
  return goOn(program, continuePolicy, work, store, drawFrom([]), whole.log.slice(0, dies(whole)))
}

/** The place after the event of a type and a node. */
function after(type: string, node: string): (whole: Driven) => number {
  return ({ log }) =>
    log.findIndex(({ event }) => event.type === type && 'node' in event && event.node === node) + 1
}

const map: PlanNode = {
  type: 'map',
  id: 'm',
  items: { value: [1, 2, 3] },
  concurrency: 1,
  maxFailed: 1,
  body: scope(step('x'), step('y', 'x')),
}

test('the first answer of an item that finds the window full of failed ones is not asked for again', async () => {
  const rest = await dieAndGoOn(
    programOf(map),
    (node) => node === 'm[0]/x',
    after('node.succeeded', 'm[1]/x'),
  )
  expect(rest.executed).toEqual(['m[0]/x', 'm[1]/y', 'm[2]/x', 'm[2]/y'])
  expect(rest.state).toBe('succeeded')
})

test('items that have failed are not tried again when their map has succeeded without them', async () => {
  const rest = await dieAndGoOn(
    programOf(map, step('z', 'm')),
    (node) => node === 'm[0]/x',
    after('node.succeeded', 'm'),
  )
  expect(rest.executed).toEqual(['z'])
})

test('what a handler of a sub-pipeline did is no part of how the pipeline ends when it goes on', async () => {
  const tell: PlanNode = { type: 'handler', id: 'on-failure', on: 'failure', body: scope(step('tell')) }
  const inner: PlanNode = {
    type: 'pipeline',
    id: 'p',
    pipeline: 'p',
    inputs: {},
    declares: {},
    body: scope(step('x'), tell),
  }
  const rest = await dieAndGoOn(
    programOf(inner),
    (node) => node === 'p/x',
    after('node.succeeded', 'p/on-failure'),
  )
  expect(rest.executed).toEqual(['p/x', 'p/on-failure/tell'])
  expect(rest.state).toBe('failed')
})
