import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { killRuns, type Answers } from '../../src/testing/index.ts'
import * as pipelines from './programs/pipelines.ts'

const module = fileURLToPath(new URL('programs/pipelines.ts', import.meta.url))
const tsx = fileURLToPath(new URL('../../node_modules/tsx/dist/esm/index.mjs', import.meta.url))

const answers: Answers = { go: { payload: { by: 5 } }, labels: { payload: { n: 7 } } }

let kills = 0

test.each(Object.keys(pipelines))('%s, its processes ended by SIGKILL', async (name) => {
  const asked = { module, pipeline: name, inputs: { n: 9 }, kills: 20, answers }
  const report = await killRuns({ ...asked, nodeArguments: ['--import', tsx] })
  kills += report.kills
  console.log(
    `${name}: ${report.kills} kills in ${report.runs} runs, begun at most ${report.mostPerKey} times per key`,
  )
  expect(report.failures).toEqual([])
})

test('there were enough of them', () => {
  console.log(`${kills} processes killed`)
  expect(kills).toBeGreaterThanOrEqual(200)
})
