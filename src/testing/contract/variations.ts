import { z } from 'zod'
import { definePipeline } from '../../define/pipeline.ts'
import type { AnyPipeline } from '../../define/runnable.ts'
import type { Shape } from './shapes.ts'
import { workStep } from './work-step.ts'

/** What a behaviour needs of a graph. */
export type Variation = 'patient' | 'brief' | 'mapped' | 'approved'

/** Tries of a step of each graph, but of a brief one. */
export const tries = 3

/** The name of the pipeline of a graph. */
export function pipelineName(shape: Shape, variation: Variation): string {
  return `${variation}-${shape.name.replaceAll(' ', '-')}`
}

/** A graph whose steps are tried again. */
export function patient(shape: Shape): ReturnType<Shape['build']> {
  return shape.build(pipelineName(shape, 'patient'), workStep({ attempts: tries }))
}

/** A graph whose steps have little time. */
export function brief(shape: Shape): AnyPipeline {
  return shape.build(pipelineName(shape, 'brief'), workStep({ attempts: 1, timeout: '300ms' })) as AnyPipeline
}

/** A graph as the item of a map, of which one may fail. */
export function mapped(shape: Shape): AnyPipeline {
  const inner = patient(shape)
  const inputs = { starts: z.array(z.number()), stage: z.string() }
  return definePipeline({ name: pipelineName(shape, 'mapped'), inputs }, (p, { starts, stage }) => {
    const each = p.map(starts, (start, q) => ({ n: q.step(inner, { start, stage }, { id: 'inner' }).n }), {
      id: 'each',
      maxFailed: 1,
    })
    return { all: each.n, keys: each.keys }
  }) as AnyPipeline
}

/** A graph that waits for an approval. */
export function approved(shape: Shape): AnyPipeline {
  const inner = patient(shape)
  const inputs = { start: z.number(), stage: z.string() }
  return definePipeline({ name: pipelineName(shape, 'approved'), inputs }, (p, { start, stage }) => {
    const go = p.approve({ id: 'go' })
    return { n: p.step(inner, { start, stage }, { id: 'inner', after: [go] }).n }
  }) as AnyPipeline
}
