import { z } from 'zod'
import { planFormat } from '../src/plan/document.ts'

const names = z.array(z.string())
const up = z
  .int()
  .positive()
  .optional()
  .describe('Scopes between the reader and the source; absent: the same scope')
const pick = z
  .array(z.union([z.string(), z.int()]))
  .min(1)
  .optional()
  .describe('The part of the value that is read')
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)

const binding = z
  .union([
    z.strictObject({ node: z.string(), output: z.string(), up, pick }).describe('An output of a node'),
    z.strictObject({ input: z.string(), up, pick }).describe("An input of the scope's pipeline"),
    z.strictObject({ item: z.literal(true), up, pick }).describe('The item of a map'),
    z.strictObject({ index: z.literal(true), up }).describe('The index of the item of a map'),
    z.strictObject({ value: z.json() }).describe('A literal'),
    z.strictObject({
      get list() {
        return z.array(binding)
      },
    }),
  ])
  .meta({ id: 'Binding' }) as z.ZodType

const bindings = z.record(z.string(), binding)

const kindNames = z.enum(['json', 'table', 'metrics', 'file', 'directory', 'model', 'report', 'list'])
const kindFields = {
  kind: kindNames,
  schema: z.record(z.string(), z.json()).optional().describe('JSON Schema of the value, or of a row'),
  mediaType: z.string().optional(),
  predictor: z.string().optional(),
  format: z.string().optional().describe('Of a model that is carried as files'),
  signature: z
    .strictObject({
      input: z.record(z.string(), z.json()).nullable(),
      output: z.record(z.string(), z.json()).nullable(),
    })
    .optional()
    .describe('JSON Schemas of one input and one output of a model that is carried as files'),
}
const kind = z
  .strictObject({
    ...kindFields,
    get of() {
      return kind.optional()
    },
  })
  .meta({ id: 'Kind' }) as z.ZodType
const input = z
  .strictObject({ ...kindFields, of: kind.optional(), optional: z.literal(true).optional() })
  .meta({ id: 'Input' })

const retry = z.strictObject({
  attempts: z.int().positive(),
  backoff: z.enum(['constant', 'exponential']),
  delay: z.number().nonnegative().describe('Milliseconds'),
  maxDelay: z.number().nonnegative().describe('Milliseconds'),
  jitter: z.number().min(0).max(1),
  escalate: z
    .strictObject({ memory: z.number() })
    .optional()
    .describe('Factors after an attempt that ran out'),
})

const cache = z.union([
  z.enum(['content', 'never']),
  z.strictObject({ ttl: z.number().nonnegative().describe('Milliseconds') }),
])

const step = z
  .strictObject({
    name: z.string(),
    inputs: z.record(z.string(), input),
    outputs: z.record(z.string(), kind),
    tags: names.optional(),
    version: z.string().optional(),
    effect: z.union([z.literal(true), z.strictObject({ key: z.string() })]).optional(),
    cache: cache.optional(),
    ignore: names.optional().describe('Inputs that are not part of cache keys'),
    env: names.optional().describe('Environment variables that are part of cache keys'),
    secrets: z
      .record(z.string(), z.string())
      .optional()
      .describe('Names of the secrets that it reads, by the names that it has for them'),
    fingerprint: z.literal(true).optional(),
    salt: z.string().optional(),
    retry: retry.optional(),
    timeout: z.number().nonnegative().optional().describe('Milliseconds'),
    grace: z.number().nonnegative().optional().describe('Milliseconds'),
    resources: z.record(z.string(), z.union([z.number(), z.string()])).optional(),
    runner: z.enum(['inline', 'thread', 'process']).optional().describe('Where it runs'),
    priority: z.number().optional(),
    undo: z.literal(true).optional().describe('It can be taken back'),
  })
  .meta({ id: 'Step' })

const base = { id: z.string(), after: names.optional(), tags: names.optional() }

const scope = z
  .strictObject({
    get nodes() {
      return z.array(node)
    },
    outputs: bindings,
  })
  .meta({ id: 'Scope' }) as z.ZodType

const node = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('step'),
      ...base,
      step: z.string().describe('A key of `steps`'),
      cache: cache.optional().describe("In place of the step's own"),
      priority: z.number().optional().describe("In place of the step's own"),
      inputs: bindings,
    }),
    z.strictObject({
      type: z.literal('pipeline'),
      ...base,
      pipeline: z.string(),
      inputs: bindings,
      declares: z.record(z.string(), input),
      body: scope,
    }),
    z.strictObject({
      type: z.literal('map'),
      ...base,
      items: binding,
      concurrency: z.int().positive().optional(),
      key: z.string().optional().describe('The property of an item that names it in paths'),
      maxFailed: z
        .union([z.int().nonnegative(), z.strictObject({ share: z.number().min(0).max(1) })])
        .optional()
        .describe('How many items may fail; absent: none'),
      reports: z.array(z.enum(['keys', 'failed'])).optional(),
      body: scope,
    }),
    z.strictObject({
      type: z.literal('when'),
      ...base,
      condition: binding,
      then: scope,
      else: scope.optional(),
    }),
    z.strictObject({
      type: z.literal('choose'),
      ...base,
      selector: binding,
      branches: z.record(z.string(), scope),
      otherwise: scope.optional(),
    }),
    z.strictObject({
      type: z.literal('loop'),
      ...base,
      state: bindings.describe('What the first round is given as inputs'),
      again: binding.describe('Whether there is another round, seen from inside the body'),
      maxRounds: z.int().positive(),
      onMaxRounds: z.enum(['fail', 'stop']),
      body: scope.describe('Its outputs are the state for the next round'),
    }),
    z.strictObject({
      type: z.literal('recurse'),
      ...base,
      pipeline: z.string().describe('A key of `pipelines`'),
      inputs: bindings,
      maxDepth: z.int().positive(),
    }),
    z.strictObject({
      type: z.literal('sleep'),
      ...base,
      for: binding.describe('Milliseconds, or a duration such as 2h'),
    }),
    z.strictObject({ type: z.literal('until'), ...base, at: binding.describe('ISO 8601 with its zone') }),
    z.strictObject({
      type: z.literal('signal'),
      ...base,
      signal: z.string(),
      payload: kind.optional(),
      timeout: z.number().nonnegative().optional().describe('Milliseconds'),
      onTimeout: z.enum(['fail', 'continue']),
    }),
    z.strictObject({
      type: z.literal('approve'),
      ...base,
      message: z.string().optional(),
      by: names.optional().describe('Names, and roles as role:name; absent: anybody'),
      show: bindings,
      payload: kind.optional(),
      timeout: z.number().nonnegative().optional().describe('Milliseconds'),
      onTimeout: z.enum(['fail', 'approve', 'reject']),
      onReject: z.enum(['fail', 'continue']),
    }),
    z.strictObject({
      type: z.literal('handler'),
      ...base,
      on: z.enum(['failure', 'end']),
      body: scope,
    }),
  ])
  .meta({ id: 'Node' })

/** The schema of a plan document. */
export const planSchema = z
  .strictObject({
    format: z.literal(planFormat),
    pipeline: z.string(),
    digest: digest.describe('Digest of everything but `digest` and `given`'),
    inputs: z.record(z.string(), input),
    given: z.record(z.string(), z.json()).describe('The given inputs: values, and paths of sources'),
    steps: z.record(z.string(), step),
    pipelines: z
      .record(z.string(), z.strictObject({ name: z.string(), inputs: z.record(z.string(), input), scope }))
      .optional()
      .describe('Pipelines that are expanded while the plan runs'),
    scope,
  })
  .meta({ title: 'Pipewright plan', description: 'What a pipeline compiles to. It holds no function.' })

/** The published JSON Schema of plan documents: `schemas/plan.json`. */
export const planJsonSchema = {
  $id: 'urn:pipewright:plan:1',
  ...z.toJSONSchema(planSchema, { target: 'draft-2020-12' }),
}
