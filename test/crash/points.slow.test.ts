import { expect, test } from 'vitest'
import { exploreCrashes, type Answers } from '../../src/testing/index.ts'
import * as pipelines from './programs/pipelines.ts'

const answers: Answers = { go: { payload: { by: 5 } }, labels: { payload: { n: 7 } } }

let crashes = 0

test.each(Object.entries(pipelines))(
  '%s, killed at every store operation, and again',
  async (name, pipeline) => {
    const options = { answers, random: 40 }
    const report = await exploreCrashes(pipeline as typeof pipelines.chain, { n: 9 }, options)
    crashes += report.crashes
    console.log(
      `${name}: ${report.operations} operations, ${report.crashes} crashes in ${report.runs} runs, begun at most ${report.mostPerKey} times per key`,
    )
    expect(report.failures).toEqual([])
  },
)

test('there were enough of them', () => {
  console.log(`${crashes} crash points in this process`)
  expect(crashes).toBeGreaterThanOrEqual(1_800)
})
