import { z } from 'zod'

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const name = z.string()
const time = z.number().describe('Milliseconds since the epoch')
const kindNames = ['json', 'table', 'metrics', 'file', 'directory', 'model', 'report', 'list'] as const

/** A stored value: everything but its bytes. */
export const artifactSchema = z
  .strictObject({
    kind: z.enum(kindNames),
    digest: digest.describe('Of the content'),
    blob: digest.describe('Of the stored bytes'),
    size: z.int().nonnegative(),
    mediaType: z.string(),
    meta: z.record(z.string(), z.json()).optional(),
    parts: z.array(digest).optional(),
    external: z.strictObject({ path: z.string(), size: z.int(), mtimeNs: z.string() }).optional(),
  })
  .meta({ id: 'Artifact', description: 'A stored value: everything but its bytes' })

export const valueSchema = z
  .union([
    z.strictObject({
      artifact: artifactSchema,
      pick: z.array(z.union([z.string(), z.int()])).optional(),
      of: digest.optional(),
    }),
    z.strictObject({ value: z.json() }),
    z.strictObject({
      get list() {
        return z.array(valueSchema)
      },
    }),
    z.strictObject({ absent: z.literal(true) }),
  ])
  .meta({ id: 'Value', description: 'A value on an edge' }) as z.ZodType

export const valuesSchema = z.record(z.string(), valueSchema)

export const errorPlaceSchema = z.strictObject({
  file: z.string().describe('Relative to the project'),
  line: z.int().describe('From 1'),
  column: z.int().describe('From 1'),
})

export const errorSchema = z
  .strictObject({
    name: z.string(),
    message: z.string(),
    code: z.string().optional(),
    stack: z.string().optional(),
    place: errorPlaceSchema.optional().describe('Where in the project it was thrown'),
    get cause() {
      return errorSchema.optional()
    },
  })
  .meta({ id: 'Error' }) as z.ZodType

/** JSON has neither NaN nor infinities. */
const metricValue = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])
const summary = z.strictObject({ last: metricValue, min: metricValue, max: metricValue, count: z.int() })
const usage = z
  .strictObject({
    runner: z.enum(['thread', 'process', 'python', 'command', 'container']),
    cpu: z.number().optional().describe('Milliseconds of CPU time'),
    memory: z.number().optional().describe('The most bytes'),
  })
  .describe('What an attempt used that did not run inline')
const attemptFacts = {
  metrics: z.record(z.string(), summary),
  params: z.record(z.string(), z.json()),
  usage: usage.optional(),
}
const facts = z.strictObject({
  ...attemptFacts,
  lasting: z.array(name).optional(),
  reports: z.array(artifactSchema),
  log: z.string().optional().describe('The log of the attempt, relative to the workspace'),
})
const code = z.record(z.string(), digest.nullable())
const place = z.strictObject({ run: z.string(), node: name })
const selection = z.strictObject({
  from: z.array(name).optional(),
  to: z.array(name).optional(),
  only: z.array(name).optional(),
  tags: z.array(name).optional(),
})

/** How a run behaves, as it was started. */
export const settingsSchema = z.strictObject({
  concurrency: z.int(),
  failure: z.enum(['stop', 'continue']),
  failFast: z.boolean(),
  timeout: z.number().optional(),
  deadline: z.number().optional(),
  runner: z.enum(['inline', 'thread', 'process']).optional().describe('Where its steps run'),
  selection: selection.optional(),
  cache: z
    .union([z.enum(['refresh', 'readonly', 'off']), z.strictObject({ refresh: z.array(name) })])
    .optional(),
  verifyCache: z.number().optional(),
})

/** The software and the machine. */
export const environmentSchema = z.strictObject({
  node: z.string(),
  platform: z.string(),
  host: z.string(),
  pipewright: z.string(),
  packages: z.record(z.string(), z.string()),
  git: z.strictObject({ commit: z.string(), branch: z.string().nullable(), dirty: z.boolean() }).nullable(),
})

const event = <Type extends string, Shape extends z.core.$ZodLooseShape>(type: Type, shape: Shape) =>
  z.strictObject({ type: z.literal(type), ...shape })

/** What happens in a run. */
export const eventSchema = z
  .discriminatedUnion('type', [
    event('run.started', {
      pipeline: name,
      plan: digest,
      structure: digest,
      inputs: valuesSchema,
      code,
      reached: z.record(z.string(), digest).optional(),
      texts: z.record(z.string(), digest).optional(),
      address: z.strictObject({ module: z.string(), pipeline: name }).nullable(),
      settings: settingsSchema,
      tags: z.array(z.string()),
      key: z.string().nullable(),
      rerun: z
        .strictObject({ of: z.string(), taken: z.int() })
        .optional()
        .describe('The run that this one repeats a part of, and how many of its events follow'),
    }),
    event('run.resumed', { acceptedCode: z.array(name), code }),
    event('run.environment', { environment: environmentSchema }),
    event('run.cancel-requested', { reason: z.string() }),
    event('run.finished', {
      state: z.enum(['succeeded', 'failed', 'cancelled']),
      outputs: valuesSchema,
      error: errorSchema.optional(),
    }),
    event('map.expanded', { node: name, count: z.int() }),
    event('branch.decided', { node: name, taken: z.string().describe('The name of a branch, or none') }),
    event('loop.turned', { node: name, round: z.int().nonnegative(), again: z.boolean() }),
    event('undo.started', { node: name }),
    event('wait.opened', {
      node: name,
      on: z.enum(['time', 'signal', 'approval']),
      until: time.nullable(),
      show: valuesSchema.optional(),
    }),
    event('approval.decided', {
      node: name,
      approved: z.boolean(),
      payload: z.json().optional(),
      by: z.string(),
      roles: z.array(name),
      reason: z.string().optional(),
    }),
    event('signal.received', { signal: name, payload: z.json(), by: z.string() }),
    event('post.refused', { node: name, reason: z.string() }),
    event('run.waiting', { until: time.nullable() }),
    event('run.proceeded', {}),
    event('node.undone', { node: name, error: errorSchema.optional() }),
    event('call.succeeded', {
      node: name,
      call: z.string(),
      idempotencyKey: z.string(),
      result: z.json().optional(),
      key: digest.nullable(),
    }),
    event('checkpoint.saved', {
      node: name,
      attempt: z.int(),
      artifact: artifactSchema,
      key: digest.nullable(),
    }),
    event('attempt.started', { node: name, step: name, attempt: z.int(), key: digest.nullable() }),
    event('attempt.progress', { node: name, done: z.number(), total: z.number() }),
    event('attempt.metric', { node: name, name, value: metricValue, step: z.number() }),
    event('attempt.log', {
      node: name,
      level: z.enum(['debug', 'info', 'warn', 'error']),
      message: z.string(),
      fields: z.record(z.string(), z.unknown()).optional(),
    }),
    event('attempt.failed', {
      node: name,
      attempt: z.int(),
      end: z.enum(['failed', 'timed-out', 'cancelled', 'interrupted', 'lost-input']),
      error: errorSchema,
      retryIn: z.number().optional().describe('Milliseconds until the next try; absent when there is none'),
      log: z.string().optional(),
      facts: z
        .strictObject({ ...attemptFacts, reports: z.array(artifactSchema).optional() })
        .optional()
        .describe('What it had reported until then'),
    }),
    event('node.succeeded', {
      node: name,
      step: name.nullable(),
      attempt: z.int(),
      startedAt: time,
      inputs: valuesSchema,
      outputs: valuesSchema,
      key: digest.nullable(),
      uncached: z.string().optional(),
      env: code.optional(),
      fingerprint: z.string().optional(),
      reused: place.optional(),
      facts: facts.optional(),
      gathers: z.record(z.string(), z.strictObject({ node: name, output: name })).optional(),
    }),
    event('node.verified', {
      node: name,
      step: name,
      key: digest,
      against: place,
      differences: z.array(z.strictObject({ output: name.nullable(), difference: z.string() })),
      log: z.string().optional(),
    }),
    event('node.repaired', {
      node: name,
      step: name.nullable(),
      attempt: z.int(),
      startedAt: time,
      outputs: valuesSchema,
      key: digest.nullable(),
      now: z.number().optional(),
      facts: facts.optional(),
      lost: z.strictObject({ digest, by: name }),
    }),
    event('node.failed', { node: name, step: name.nullable(), error: errorSchema }),
    event('node.skipped', { node: name }),
    event('node.blocked', { node: name, by: name }),
    event('node.cancelled', { node: name }),
  ])
  .meta({ id: 'Event' })

/** A line of `run --json`, `resume --json` and `rerun --json`: an event, or as the last one how the run ended. */
export const runLineSchema = z
  .union([
    z.strictObject({ run: z.string(), at: time, event: eventSchema }),
    z.strictObject({
      summary: z.strictObject({
        run: z.string(),
        pipeline: name,
        state: z.enum(['running', 'waiting', 'succeeded', 'failed', 'cancelled', 'interrupted']),
        startedAt: time,
        finishedAt: time.nullable(),
        rerunOf: z.string().nullable().describe('The run that this one repeats a part of'),
        waits: z
          .array(
            z.strictObject({
              node: name,
              on: z.enum(['time', 'signal', 'approval']),
              signal: z.string().nullable(),
              message: z.string().nullable(),
              by: z.array(z.string()).nullable().describe('Who may decide; null: anybody'),
              until: time.nullable(),
            }),
          )
          .describe('What the run was left to wait for (exit code 4)'),
        steps: z.strictObject({ executed: z.int(), reused: z.int(), failed: z.int() }),
        outputs: z.record(
          z.string(),
          z.strictObject({
            kind: z.enum([...kindNames, 'absent']),
            digest: digest.nullable(),
            value: z.json().optional().describe('Absent for what is not small data'),
          }),
        ),
        error: z
          .strictObject({ code: z.string(), message: z.string(), fix: z.string().nullable() })
          .nullable(),
      }),
    }),
  ])
  .meta({
    id: 'RunLine',
    description: 'A line of `pipewright run --json`, `resume --json` and `rerun --json`',
  })

/** A line of `logs --json`. */
export const logLineSchema = z
  .strictObject({
    run: z.string(),
    node: name,
    attempt: z.int(),
    at: time,
    level: z.enum(['debug', 'info', 'warn', 'error']),
    message: z.string(),
    fields: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'LogLine', description: 'A line of `pipewright logs --json`' })

/** The published JSON Schema of lines: `schemas/events.json`. */
export const eventsJsonSchema = {
  $id: 'urn:pipewright:events:1',
  ...z.toJSONSchema(
    z.union([runLineSchema, logLineSchema]).meta({
      title: 'Pipewright lines',
      description: 'What `run`, `resume` and `logs` print with --json: one JSON document a line',
    }),
    { target: 'draft-2020-12' },
  ),
}
