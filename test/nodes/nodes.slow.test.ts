import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeProject, nodeOf, tryNode } from '../../scripts/nodes.ts'

let project: string

beforeAll(async () => {
  project = await makeProject()
}, 300_000)

afterAll(() => rm(project, { recursive: true, force: true }))

test.each([20, 22, 24])('the packed package under Node %i', async (major) => {
  expect(await tryNode(project, await nodeOf(major))).toMatch(new RegExp(`^v${major}\\.`))
})
