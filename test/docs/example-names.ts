// What examples in docstrings use without saying where it is from, beside the exports of the package: the tumours of the
// tutorial, and what a reader takes as given. Examples are compiled with these names and never run.
import {
  definePipeline,
  definePredictor,
  defineStep,
  file,
  list,
  model,
  table,
  type AnyModel,
  type Artifact,
  type ArtifactStore,
  type Digest,
  type DirectoryHandle,
  type FileHandle,
  type ForeignModel,
  type InputRefs,
  type MetadataStore,
  type Model,
  type Pipeline,
  type Ref,
  type Refs,
  type ReportHandle,
  type PipelineScope,
  type Service,
  type StepContext,
  type Table,
  type Workspace,
} from 'pipewright'
import type { ContractOrchestrator, TestRun, TestWorkspace } from 'pipewright/testing'
// The matchers of `expect`.
import 'pipewright/testing/vitest'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'

export { z }
export { readFile } from 'node:fs/promises'
export { join } from 'node:path'
export { expect, test } from 'vitest'

const Features = z.object({ radius: z.number(), texture: z.number() })

export const Tumour = Features.extend({ malignant: z.boolean() })

export type Tumour = z.infer<typeof Tumour>

type Trained = Model<z.infer<typeof Features>, { malignant: number }>

export const tumourClassifier = definePredictor({
  name: 'tumour-classifier',
  state: z.object({ weights: z.array(z.number()), bias: z.number() }),
  input: Features,
  output: z.object({ malignant: z.number() }),
  predict: ({ weights, bias }, { radius, texture }) => ({
    malignant: sigmoid(dot(weights, [radius, texture]) + bias),
  }),
})

export declare function sigmoid(x: number): number
export declare function dot(a: readonly number[], b: readonly number[]): number
/** Stores of the reader's. */
export declare function openMyStore(): Promise<ArtifactStore>
export declare function openMyMetadata(options: { now: () => number }): Promise<MetadataStore>
/** Something of the reader's that drives runs. */
export declare function openMyEngine(): Promise<ContractOrchestrator>
/** Trains a classifier: a state, and the loss that is left. */
export declare function fit(
  rows: Iterable<Tumour>,
  rate: number,
): { readonly state: { weights: number[]; bias: number }; readonly loss: number }
export declare const anyModel: AnyModel
export declare const onnxModel: ForeignModel
/** That of onnxruntime. */
export declare const InferenceSession: { create(model: Uint8Array): Promise<unknown> }
export declare function aucOf(model: Trained, rows: Iterable<Tumour>): Promise<number>
export declare function download(url: string, signal: AbortSignal): Promise<Uint8Array>

export const load = defineStep({
  name: 'load',
  inputs: { csv: file('text/csv') },
  outputs: { rows: table(Tumour) },
  run: async ({ csv }) => ({ rows: await csv.readCsv(Tumour) }),
})

export const split = defineStep({
  name: 'split',
  inputs: { rows: table(Tumour), seed: z.number().int().default(7) },
  outputs: { train: table(Tumour), test: table(Tumour) },
  run: ({ rows }) => ({ train: rows, test: rows }),
})

export const train = defineStep({
  name: 'train',
  inputs: { rows: table(Tumour), rate: z.number().positive().default(0.1) },
  outputs: { model: model(tumourClassifier), loss: z.number() },
  run: ({ rows, rate }, ctx) => {
    const { state, loss } = fit(rows, rate)
    ctx.metric('loss', loss)
    return { model: tumourClassifier.of(state), loss }
  },
})

export const evaluate = defineStep({
  name: 'evaluate',
  inputs: { model: model(tumourClassifier), rows: table(Tumour) },
  outputs: { auc: z.number() },
  run: async ({ model: trained, rows }) => ({ auc: await aucOf(trained, rows) }),
})

export const pickBest = defineStep({
  name: 'pick-best',
  inputs: { models: list(model(tumourClassifier)), scores: z.array(z.number()) },
  outputs: { model: model(tumourClassifier), good: z.boolean() },
  run: ({ models, scores }) => ({ model: models[0]!, good: scores[0]! > 0.9 }),
})

export const deploy = defineStep({
  name: 'deploy',
  effect: true,
  inputs: { model: model(tumourClassifier) },
  outputs: { endpoint: z.string() },
  run: () => ({ endpoint: 'https://models.example.com/tumours' }),
})

const tumourInputs = { csv: file('text/csv'), rates: z.array(z.number()).default([0.01, 0.1]) }

export const tumours = definePipeline({ name: 'tumours', inputs: tumourInputs }, (p, { csv, rates }) => {
  const { rows } = p.step(load, { csv })
  const halves = p.step(split, { rows })
  const trials = p.map(
    rates,
    (rate, q) => {
      const trained = q.step(train, { rows: halves.train, rate })
      return { model: trained.model, auc: q.step(evaluate, { model: trained.model, rows: halves.test }).auc }
    },
    { id: 'trials' },
  )
  const best = p.step(pickBest, { models: trials.model, scores: trials.auc })
  const { endpoint } = p.when(best.good, (q) => q.step(deploy, { model: best.model }), { id: 'release' })
  return { model: best.model, endpoint }
})

type OutputsOf<P> = P extends Pipeline<never, infer Out> ? Out : never

export const Numbers = z.array(z.number())

export const halve = defineStep({
  name: 'halve',
  inputs: { numbers: Numbers },
  outputs: { low: Numbers, high: Numbers, more: z.boolean() },
  run: ({ numbers }) => ({ low: numbers, high: numbers, more: numbers.length > 1 }),
})

export const merge = defineStep({
  name: 'merge',
  inputs: { low: Numbers, high: Numbers },
  outputs: { numbers: Numbers },
  run: ({ low, high }) => ({ numbers: [...low, ...high] }),
})

export const improve = defineStep({
  name: 'improve',
  inputs: { weights: Numbers, rows: table(Tumour) },
  outputs: { weights: Numbers, better: z.boolean() },
  run: ({ weights }) => ({ weights, better: false }),
})

const effect = { effect: true } as const

export const tellOnCall = defineStep({
  name: 'tell',
  ...effect,
  inputs: { failures: z.array(z.any()) },
  run: () => {},
})

export const dropTable = defineStep({
  name: 'drop-table',
  ...effect,
  inputs: { table: z.string().optional() },
  run: () => {},
})

// Of a build function.
export declare const p: PipelineScope
export declare const evaluation: Refs<{ auc: number }>
export declare const profile: Refs<{ kind: 'linear' | 'trees' }>
export declare const first: Refs<{ weights: number[] }>
export declare const staging: Refs<{ table: string; opensAt: string }>
export declare const input: InputRefs<typeof tumourInputs>
export declare const parts: Refs<{ train: Table<Tumour>; test: Table<Tumour> }>
export declare const settings: Ref<{ warehouse: { region: string } }>
export declare const best: Refs<{ model: Trained; good: boolean }>

// Of the `run` of a step.
export declare const warehouse: Service<Map<string, number>>
export declare const ctx: StepContext
export declare const rows: Table<Tumour>
export declare const csv: FileHandle
export declare const images: DirectoryHandle
export declare const classifier: Trained
export declare const summary: ReportHandle
export declare const labels: boolean[]
export declare const scores: number[]

// Of whoever runs pipelines.
export declare const pw: Workspace
export declare const app: FastifyInstance
export declare const digest: Digest
export declare const artifact: Artifact
export declare const run: TestRun<OutputsOf<typeof tumours>>
export declare const before: { readonly id: string }
export declare const kit: TestWorkspace
