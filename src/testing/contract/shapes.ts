import { z } from 'zod'
import { definePipeline } from '../../define/pipeline.ts'
import type { Ref } from '../../define/ref.ts'
import type { Pipeline } from '../../define/runnable.ts'
import type { PipelineScope, Scope } from '../../define/scope.ts'
import type { WorkStep } from './work-step.ts'

/** What the pipeline of a shape is given: a number, and the folder of a stage. */
export interface ShapeInputs {
  readonly start: number
  readonly stage: string
}

/** A pipeline of a shape, or around one. */
export type ShapePipeline = Pipeline<ShapeInputs, { n: unknown }>

/** A graph that an orchestrator must get right. */
export interface Shape {
  readonly name: string
  /** Builds it of a step. */
  readonly build: (name: string, work: WorkStep) => ShapePipeline
  /** What it gives for `start: 1`. */
  readonly n: unknown
  /** Nodes of steps: the first, one on the way, and the last, or one where ways meet. */
  readonly first: string
  readonly middle: string
  readonly last: string
  /** One inside of a map. */
  readonly inMap?: string
}

interface Summands {
  readonly a: Ref<number>
  readonly b?: Ref<number> | number
}

/** Wires the step of a graph under an id. */
type Add = (
  scope: Scope,
  summands: Summands,
  id: string,
) => { readonly n: Ref<number>; readonly items: Ref<number[]>; readonly more: Ref<boolean> }

const inputs = { start: z.number(), stage: z.string() }

function adding(work: WorkStep, stage: Ref<string>): Add {
  return (scope, summands, id) => scope.step(work, { ...summands, stage }, { id })
}

function shape(wire: (p: PipelineScope, start: Ref<number>, add: Add) => Ref<unknown>): Shape['build'] {
  return (name, work) =>
    definePipeline({ name, inputs }, (p, { start, stage }) => ({
      n: wire(p, start, adding(work, stage)),
    })) as ShapePipeline
}

/** The graphs of the contract. Each step adds one to the sum of its inputs; no two are given the same, or they would share. */
export const shapes: readonly Shape[] = [
  {
    name: 'linear',
    n: 4,
    first: 'a',
    middle: 'b',
    last: 'c',
    build: shape((p, start, add) => {
      const a = add(p, { a: start }, 'a')
      const b = add(p, { a: a.n }, 'b')
      return add(p, { a: b.n }, 'c').n
    }),
  },
  {
    name: 'diamond',
    n: 8,
    first: 'a',
    middle: 'left',
    last: 'join',
    build: shape((p, start, add) => {
      const a = add(p, { a: start }, 'a')
      const left = add(p, { a: a.n }, 'left')
      const right = add(p, { a: a.n, b: 1 }, 'right')
      return add(p, { a: left.n, b: right.n }, 'join').n
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
    build: shape((p, start, add) => {
      const a = add(p, { a: start }, 'a')
      const outer = p.map(
        a.items,
        (item, q) => {
          const b = add(q, { a: item }, 'b')
          return {
            n: q.map(b.items, (inner, r) => ({ n: add(r, { a: inner, b: item }, 'c').n }), {
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
    build: shape((p, start, add) => {
      const a = add(p, { a: start }, 'a')
      return p.map(
        a.items,
        (item, q) => {
          const b = add(q, { a: item }, 'b')
          const gate = q.when(
            a.more,
            (r) => ({ n: add(r, { a: b.n, b: item }, 'c').n }),
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
    build: shape((p, start, add) => {
      const a = add(p, { a: start }, 'a')
      return p.when(
        a.more,
        (q) => ({
          n: q.map(a.items, (item, r) => ({ n: add(r, { a: item }, 'b').n }), { id: 'each' }).n,
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
    build: shape((p, start, add) => {
      const rounds = p.loop(
        { n: start },
        (state, q) => {
          const a = add(q, { a: state.n }, 'a')
          return { next: { n: a.n }, again: a.more }
        },
        { maxRounds: 10, id: 'rounds' },
      )
      return add(p, { a: rounds.n }, 'end').n
    }),
  },
  {
    name: 'recursion',
    n: 5,
    first: 'a',
    middle: 'deeper/then/again/a',
    last: 'deeper/then/again/deeper/then/again/deeper/then/again/a',
    build: (name, work) =>
      definePipeline({ name, inputs, outputs: { n: z.number() } }, (p, { start, stage }, self) => {
        const a = adding(work, stage)(p, { a: start }, 'a')
        const deeper = p.when(
          a.more,
          (q) => ({
            n: q.recurse(() => self, { start: a.n, stage }, { id: 'again', maxDepth: 10 }).n,
          }),
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
    build: (name, work) => {
      const inner = definePipeline({ name: 'inner', inputs }, (p, { start, stage }) => ({
        n: adding(work, stage)(p, { a: start }, 'b').n,
      }))
      return definePipeline({ name, inputs }, (p, { start, stage }) => {
        const add = adding(work, stage)
        const a = add(p, { a: start }, 'a')
        const b = p.step(inner, { start: a.n, stage }, { id: 'inner' })
        return { n: add(p, { a: b.n }, 'c').n }
      }) as ShapePipeline
    },
  },
  {
    name: 'wide',
    n: 42,
    first: 'w0',
    middle: 'w7',
    last: 'w19',
    build: shape((p, start, add) => {
      const all = Array.from({ length: 20 }, (_, at) => add(p, { a: start, b: at }, `w${at}`))
      return add(p, { a: all[19]!.n, b: all[18]!.n }, 'end').n
    }),
  },
  {
    name: 'deep',
    n: 31,
    first: 'd0',
    middle: 'd15',
    last: 'd29',
    build: shape((p, start, add) => {
      let n: Ref<number> = start
      for (let at = 0; at < 30; at++) n = add(p, { a: n }, `d${at}`).n
      return n
    }),
  },
]
