import { definePipeline, definePredictor, defineStep, list, model } from 'pipewright'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { attemptsOf, blobOf, damage, failureOf, within } from './damage.ts'
import { scale as otherScale } from './other-predictor.ts'
import { tempFolder } from './temp.ts'

const calls: string[] = []

beforeEach(() => {
  calls.length = 0
})

describe('what is made again in other bytes of the same content', () => {
  const scale = definePredictor({
    name: 'scale',
    version: '1',
    state: z.object({ factor: z.number() }),
    input: z.number(),
    output: z.number(),
    predict: ({ factor }, input) => factor * input,
  })

  function scaled(predictor: typeof scale, broken: { now: boolean }) {
    const train = defineStep({
      name: 'train',
      version: '1',
      outputs: { model: model(predictor) },
      run: () => ({ model: predictor.of({ factor: 3 }) }),
    })
    const score = defineStep({
      name: 'score',
      version: '1',
      retry: { attempts: 2, delay: 1 },
      inputs: { model: model(predictor) },
      outputs: { score: z.number() },
      run: async ({ model }) => {
        calls.push('score')
        if (broken.now) throw new Error('broken')
        return { score: await model.predict(2) }
      },
    })
    return definePipeline({ name: 'scaled' }, (p) => {
      const { model } = p.step(train, {})
      return { model, score: p.step(score, { model }).score }
    })
  }

  test('takes its place for whoever reads it, and in the outputs of the run', async () => {
    const root = await tempFolder()
    const broken = { now: true }
    const { id, digest } = await within(root, async (pw) => {
      const { run } = await failureOf(pw.run(scaled(scale, broken), {}))
      return { id: run, digest: await blobOf(pw, run, 'train', 'model') }
    })
    await damage(root, digest, 'missing')
    calls.length = 0
    await within(root, async (pw) => {
      await failureOf(pw.resume(id, scaled(otherScale, broken)))
      // What was lost has used up neither of its tries.
      expect(calls).toEqual(['score', 'score'])
    })
    broken.now = false
    // One more process, which learns of the other bytes from the record.
    await within(root, async (pw) => {
      const { outputs } = await pw.resume(id, scaled(otherScale, broken))
      expect(outputs.score).toBe(6)
      const value = (await pw.show(id)).outputs['model']!
      if (!('artifact' in value)) throw new Error('not stored')
      expect(value.artifact.blob).not.toBe(digest)
      expect(await outputs.model.predict(5)).toBe(15)
      expect(await attemptsOf(pw, id, 'train')).toEqual([
        [1, 'succeeded'],
        [2, 'succeeded'],
      ])
      expect(await attemptsOf(pw, id, 'score')).toEqual([
        [1, 'failed'],
        [2, 'failed'],
        [3, 'lost-input'],
        [4, 'failed'],
        [5, 'failed'],
        [6, 'lost-input'],
        [7, 'succeeded'],
      ])
    })
  })

  function listed(predictor: typeof scale, broken: { now: boolean }) {
    const train = defineStep({
      name: 'train',
      version: '1',
      outputs: { models: list(model(predictor)) },
      run: () => ({ models: [predictor.of({ factor: 3 })] }),
    })
    const score = defineStep({
      name: 'score',
      version: '1',
      cache: 'never',
      inputs: { model: model(predictor) },
      outputs: { score: z.number() },
      run: async ({ model }) => {
        if (broken.now) throw new Error('broken')
        return { score: await model.predict(2) }
      },
    })
    return definePipeline({ name: 'listed' }, (p) =>
      p.map(p.step(train, {}).models, (model, q) => q.step(score, { model })),
    )
  }

  test('as a list takes its place for the map over it', async () => {
    const root = await tempFolder()
    const broken = { now: true }
    const { id, page } = await within(root, async (pw) => {
      const { run } = await failureOf(pw.run(listed(scale, broken), {}))
      const { executions } = await pw.show(run)
      const models = executions.find(({ node }) => node === 'train')!.outputs['models']!
      if (!('artifact' in models)) throw new Error('not stored')
      return { id: run, page: models.artifact.parts![0]! }
    })
    await damage(root, page, 'missing')
    broken.now = false
    await within(root, async (pw) => {
      expect((await pw.resume(id, listed(otherScale, broken))).outputs).toEqual({ score: [6] })
    })
  })
})
