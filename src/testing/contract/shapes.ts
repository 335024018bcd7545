import { z } from 'zod'
import { definePipeline } from '../../define/pipeline.ts'
import type { Ref } from '../../define/ref.ts'
import type { PipelineScope } from '../../define/scope.ts'
import type { Pipeline } from '../../define/runnable.ts'
import type { Stage } from './stage.ts'

type ShapePipeline = Pipeline<{ start: number }, { n: unknown }>

/** A graph that an orchestrator must get right. */
export interface Shape {
  readonly name: string
  readonly build: (stage: Stage) => ShapePipeline
  /** What it gives for `start: 1`. */
  readonly n: unknown
  /** Nodes of steps: the first, one on the way, and the last, or one where ways meet. */
  readonly first: string
  readonly middle: string
  readonly last: string
  /** One inside of a map. */
  readonly inMap?: string
}

const inputs = { start: z.number() }

function shape(
  name: string,
  wire: (p: PipelineScope, start: Ref<number>, step: Stage['step']) => Ref<unknown>,
): (stage: Stage) => ShapePipeline {
  return ({ step }) =>
    definePipeline({ name, inputs }, (p, { start }) => ({ n: wire(p, start, step) })) as ShapePipeline
}

/** The graphs of the contract. Each step adds one to the sum of its inputs; no two are given the same, or they would share. */
export const shapes: readonly Shape[] = [
  {
    name: 'linear',
    n: 4,
    first: 'a',
    middle: 'b',
    last: 'c',
    build: shape('linear', (p, start, step) => {
      const a = p.step(step, { a: start }, { id: 'a' })
      const b = p.step(step, { a: a.n }, { id: 'b' })
      return p.step(step, { a: b.n }, { id: 'c' }).n
    }),
  },
  {
    name: 'diamond',
    n: 8,
    first: 'a',
    middle: 'left',
    last: 'join',
    build: shape('diamond', (p, start, step) => {
      const a = p.step(step, { a: start }, { id: 'a' })
      const left = p.step(step, { a: a.n }, { id: 'left' })
      const right = p.step(step, { a: a.n, b: 1 }, { id: 'right' })
      return p.step(step, { a: left.n, b: right.n }, { id: 'join' }).n
    }),
  },
  {
    name: 'nested fan-out',
    n: [
      [6, 7, 8],
      [8, 9, 10],
      [10, 11, 12],
    ],
    first: 'a',
    middle: 'outer[1]/b',
    last: 'outer[2]/inner[2]/c',
    inMap: 'outer[0]/inner[1]/c',
    build: shape('nested-fan-out', (p, start, step) => {
      const a = p.step(step, { a: start }, { id: 'a' })
      const outer = p.map(
        a.items,
        (item, q) => {
          const b = q.step(step, { a: item }, { id: 'b' })
          return {
            n: q.map(b.items, (inner, r) => ({ n: r.step(step, { a: inner, b: item }, { id: 'c' }).n }), {
              id: 'inner',
            }).n,
          }
        },
        { id: 'outer' },
      )
      return outer.n
    }),
  },
  {
    name: 'branch in map',
    n: [6, 8, 10],
    first: 'a',
    middle: 'each[1]/b',
    last: 'each[2]/gate/then/c',
    inMap: 'each[1]/gate/then/c',
    build: shape('branch-in-map', (p, start, step) => {
      const a = p.step(step, { a: start }, { id: 'a' })
      return p.map(
        a.items,
        (item, q) => {
          const b = q.step(step, { a: item }, { id: 'b' })
          const gate = q.when(
            a.more,
            (r) => ({ n: r.step(step, { a: b.n, b: item }, { id: 'c' }).n }),
            () => ({ n: b.n }),
            { id: 'gate' },
          )
          return { n: gate.n }
        },
        { id: 'each' },
      ).n
    }),
  },
  {
    name: 'map in branch',
    n: [3, 4, 5],
    first: 'a',
    middle: 'gate/then/each[1]/b',
    last: 'gate/then/each[2]/b',
    inMap: 'gate/then/each[0]/b',
    build: shape('map-in-branch', (p, start, step) => {
      const a = p.step(step, { a: start }, { id: 'a' })
      return p.when(
        a.more,
        (q) => ({
          n: q.map(a.items, (item, r) => ({ n: r.step(step, { a: item }, { id: 'b' }).n }), { id: 'each' }).n,
        }),
        { id: 'gate' },
      ).n
    }),
  },
  {
    name: 'loop',
    n: 6,
    first: 'rounds[0]/a',
    middle: 'rounds[2]/a',
    last: 'end',
    build: shape('loop', (p, start, step) => {
      const rounds = p.loop(
        { n: start },
        (state, q) => {
          const a = q.step(step, { a: state.n }, { id: 'a' })
          return { next: { n: a.n }, again: a.more }
        },
        { maxRounds: 10, id: 'rounds' },
      )
      return p.step(step, { a: rounds.n }, { id: 'end' }).n
    }),
  },
  {
    name: 'recursion',
    n: 5,
    first: 'a',
    middle: 'deeper/then/again/a',
    last: 'deeper/then/again/deeper/then/again/deeper/then/again/a',
    build: ({ step }) =>
      definePipeline({ name: 'recursion', inputs, outputs: { n: z.number() } }, (p, { start }, self) => {
        const a = p.step(step, { a: start }, { id: 'a' })
        const deeper = p.when(
          a.more,
          (q) => ({ n: q.recurse(() => self, { start: a.n }, { id: 'again', maxDepth: 10 }).n }),
          () => ({ n: a.n }),
          { id: 'deeper' },
        )
        return { n: deeper.n }
      }) as ShapePipeline,
  },
  {
    name: 'sub-pipeline',
    n: 4,
    first: 'a',
    middle: 'inner/b',
    last: 'c',
    build: ({ step }) => {
      const inner = definePipeline({ name: 'inner', inputs }, (p, { start }) => ({
        n: p.step(step, { a: start }, { id: 'b' }).n,
      }))
      return definePipeline({ name: 'sub-pipeline', inputs }, (p, { start }) => {
        const a = p.step(step, { a: start }, { id: 'a' })
        const b = p.step(inner, { start: a.n }, { id: 'inner' })
        return { n: p.step(step, { a: b.n }, { id: 'c' }).n }
      }) as ShapePipeline
    },
  },
  {
    name: 'wide',
    n: 42,
    first: 'w0',
    middle: 'w7',
    last: 'w19',
    build: shape('wide', (p, start, step) => {
      const all = Array.from({ length: 20 }, (_, at) => p.step(step, { a: start, b: at }, { id: `w${at}` }))
      return p.step(step, { a: all[19]!.n, b: all[18]!.n }, { id: 'end' }).n
    }),
  },
  {
    name: 'deep',
    n: 31,
    first: 'd0',
    middle: 'd15',
    last: 'd29',
    build: shape('deep', (p, start, step) => {
      let n: Ref<number> = start
      for (let at = 0; at < 30; at++) n = p.step(step, { a: n }, { id: `d${at}` }).n
      return n
    }),
  },
]
