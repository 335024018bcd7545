import { z } from 'zod'
import {
  artifactSchema,
  environmentSchema,
  errorPlaceSchema,
  errorSchema,
  settingsSchema,
  valuesSchema,
} from './event-format.ts'
import { planSchema } from './plan-format.ts'

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const texts = z.array(z.string())
const time = z.number().describe('Milliseconds since the epoch')
const place = z.strictObject({ run: z.string(), node: z.string() })
const either = <T extends z.ZodType>(value: T) => z.strictObject({ a: value, b: value })
/** JSON has no undefined: a side that has none is left out. */
const pair = <T extends z.ZodType>(value: T) => z.strictObject({ a: value.optional(), b: value.optional() })
const difference = <T extends z.ZodType>(value: T) =>
  z.strictObject({ name: z.string(), a: value.optional(), b: value.optional(), equal: z.boolean() })

const runState = z.enum(['running', 'waiting', 'succeeded', 'failed', 'cancelled', 'interrupted'])
const nodeState = z.enum(['running', 'waiting', 'succeeded', 'failed', 'blocked', 'skipped', 'cancelled'])
const owner = z.strictObject({
  host: z.string(),
  pid: z.int(),
  processStart: z.string(),
  boot: z.string(),
  namespace: z.string(),
})
const run = {
  id: z.string(),
  pipeline: z.string(),
  state: runState,
  startedAt: time,
  finishedAt: time.nullable(),
  tags: texts,
  key: z.string().nullable(),
  pinned: z.boolean(),
  owner: owner.nullable(),
  error: errorSchema.nullable(),
}
/** NaN and infinities are null. */
const metric = z.strictObject({
  last: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  count: z.int(),
})
const lost = z.strictObject({ digest, by: z.string() })
const attempt = z.strictObject({
  number: z.int(),
  startedAt: time,
  finishedAt: time.nullable(),
  end: z.enum(['succeeded', 'failed', 'timed-out', 'cancelled', 'interrupted', 'lost-input']).nullable(),
  error: errorSchema.nullable(),
  log: z.string().nullable(),
  facts: z
    .looseObject({ metrics: z.record(z.string(), metric), params: z.record(z.string(), z.json()) })
    .optional()
    .describe("What a try without a result had reported; that of a success is the execution's"),
  usage: z
    .strictObject({
      runner: z.enum(['thread', 'process', 'python', 'command', 'container']),
      cpu: z.number().optional(),
      memory: z.number().optional(),
    })
    .optional()
    .describe('What it used, where it did not run inline: milliseconds of CPU time, bytes'),
  repaired: lost.optional(),
})
const execution = z
  .strictObject({
    number: z.int(),
    run: z.string(),
    node: z.string(),
    step: z.string().nullable(),
    state: nodeState,
    startedAt: time,
    finishedAt: time.nullable(),
    inputs: valuesSchema,
    outputs: valuesSchema,
    key: digest.nullable(),
    code: digest.nullable(),
    uncached: z.string().nullable(),
    env: z.record(z.string(), digest.nullable()),
    fingerprint: z.string().nullable(),
    reused: place.nullable(),
    metrics: z.record(z.string(), metric),
    params: z.record(z.string(), z.json()),
    reports: z.array(artifactSchema),
    attempts: z.array(attempt),
    error: errorSchema.nullable(),
    blockedBy: z.string().optional(),
  })
  .meta({ id: 'Execution' })

const undoneEffect = z.strictObject({
  node: z.string(),
  state: z.enum(['running', 'undone', 'failed']),
  startedAt: time,
  finishedAt: time.nullable(),
  error: errorSchema.nullable(),
})
const mismatch = z.strictObject({
  node: z.string(),
  step: z.string(),
  output: z.string().nullable(),
  difference: z.string(),
  against: place.optional(),
})
const change = z.strictObject({
  part: z.enum([
    'input',
    'code',
    'value',
    'package',
    'compiler',
    'fingerprint',
    'version',
    'salt',
    'environment',
    'declaration',
    'node',
  ]),
  name: z.string(),
  before: z.string().nullable(),
  after: z.string().nullable(),
  details: texts.optional(),
})
const against = z.strictObject({ run: z.string(), node: z.string(), startedAt: time }).nullable()
const named = z.strictObject({
  node: z.string().describe('Empty for the inputs and outputs of the run itself'),
  name: z.string(),
  direction: z.enum(['in', 'out']),
  artifact: artifactSchema,
})
const use = z.looseObject({
  what: z.string(),
  kind: z.string(),
  file: z.string(),
  line: z.int(),
  steps: texts,
})
const ingredient = z
  .union([
    z.strictObject({ artifact: z.string(), pick: z.array(z.union([z.string(), z.int()])).optional() }),
    z.strictObject({ value: z.json() }),
    z.strictObject({
      get list() {
        return z.array(ingredient)
      },
    }),
    z.strictObject({ absent: z.literal(true) }),
  ])
  .meta({ id: 'Ingredient' }) as z.ZodType

const fired = z.strictObject({
  key: z.string(),
  at: z.iso.datetime(),
  state: z.enum(['pending', 'starting', 'started', 'skipped', 'failed']),
  madeUp: z.boolean(),
  run: z.string().nullable(),
  reason: z.string().nullable(),
})
const starter = {
  name: z.string(),
  pipeline: z.string(),
  paused: z.boolean(),
  declaredBy: z.enum(['settings', 'code']),
}
const schedule = {
  ...starter,
  cron: z.string(),
  timezone: z.string(),
  overlap: z.enum(['skip', 'queue', 'replace']),
  catchUp: z.union([z.enum(['none', 'latest', 'all']), z.strictObject({ all: z.int() })]),
  inputs: z.json().describe('Null where a function makes them'),
}
const listedSchedule = z.strictObject({
  ...schedule,
  next: z.iso.datetime().nullable(),
  last: fired.nullable(),
})
const trigger = {
  ...starter,
  on: z.looseObject({}),
  inputs: z.record(z.string(), z.string()).nullable().describe('Null where a function makes them'),
}
const listedTrigger = z.strictObject({ ...trigger, last: fired.nullable() })
const removed = z.strictObject({ name: z.string(), removed: z.literal(true) })
const driveEvent = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.strictObject({ at: time, type: z.literal(type), ...shape })
const firing = { origin: z.string(), key: z.string() }
const driven = { run: z.string(), pipeline: z.string() }

/** What each command prints with `--json`. */
export const commandSchemas = {
  runs: z.strictObject({ items: z.array(z.strictObject(run)), next: z.string().nullable() }),
  show: z.strictObject({
    ...run,
    plan: digest,
    structure: digest,
    inputs: valuesSchema,
    outputs: valuesSchema,
    code: z.record(z.string(), digest.nullable()),
    reached: z.record(z.string(), digest),
    texts: z.record(z.string(), digest),
    address: z.strictObject({ module: z.string(), pipeline: z.string() }).nullable(),
    settings: settingsSchema,
    rerunOf: z.string().nullable(),
    environment: environmentSchema.nullable(),
    verification: z.strictObject({ verified: z.int(), mismatches: z.array(mismatch) }).nullable(),
    undone: z.array(undoneEffect),
    executions: z.array(execution),
  }),
  'show node': execution,
  step: z.strictObject({
    run: z.string(),
    node: z.string(),
    step: z.string(),
    inputs: valuesSchema,
    outputs: valuesSchema,
    error: errorSchema.nullable(),
    differences: z
      .array(z.strictObject({ output: z.string().nullable(), difference: z.string() }))
      .nullable()
      .describe('Against what is recorded; null where nothing is, or the step threw'),
  }),
  plan: planSchema
    .extend({
      code: z.record(
        z.string(),
        z.strictObject({ digest: digest.nullable(), uncacheable: z.string().nullable() }),
      ),
      sources: z.record(z.string(), artifactSchema),
    })
    // That of the plan alone is another document.
    .meta({ title: undefined, description: 'The plan (schemas/plan.json) with code digests and sources' }),
  'plan --explain': z.strictObject({
    pipeline: z.string(),
    nodes: z.array(
      z.strictObject({
        node: z.string(),
        step: z.string().nullable(),
        verdict: z.enum(['reused', 'executed', 'open', 'skipped', 'broken']),
        from: place.nullable(),
        reason: z.string().nullable(),
        against,
        changes: z.array(change),
      }),
    ),
  }),
  check: z.strictObject({
    pipeline: z.string(),
    findings: z.array(
      z.strictObject({
        level: z.enum(['warning', 'note']),
        subject: z.string(),
        message: z.string(),
        fix: z.string(),
      }),
    ),
    hermetic: z
      .looseObject({
        uses: z.array(use),
        steps: z.array(z.looseObject({ step: z.string(), state: z.string(), reason: z.string().optional() })),
        limits: texts,
      })
      .nullable(),
  }),
  graph: z.strictObject({
    pipeline: z.string(),
    nodes: z.array(
      z.strictObject({
        path: z.string(),
        type: z.enum([
          'step',
          'pipeline',
          'map',
          'when',
          'choose',
          'loop',
          'recurse',
          'sleep',
          'until',
          'signal',
          'approve',
          'handler',
        ]),
        name: z.string().nullable(),
        parent: z.string().nullable(),
      }),
    ),
    edges: z.array(z.strictObject({ from: z.string(), to: z.string() })),
  }),
  'py types': z.strictObject({
    file: z.string().nullable().describe('Relative to the project; null where none was named'),
    state: z
      .enum(['absent', 'same', 'other'])
      .nullable()
      .describe('What was there before; with --check it still is'),
    steps: z.array(
      z.strictObject({
        name: z.string(),
        constant: z.string(),
        function: z.string(),
        line: z.int(),
        notes: texts.describe('What the text of the function does not tell'),
      }),
    ),
    skipped: z.array(z.strictObject({ function: z.string(), reason: z.string() })),
    text: z.string(),
    difference: z.string().describe('A patch from what was there to the text; empty where nothing differs'),
  }),
  explain: z.strictObject({
    run: z.string(),
    explanations: z.array(
      z.strictObject({
        run: z.string(),
        node: z.string(),
        step: z.string(),
        verdict: z.enum(['hit', 'executed', 'not cached']),
        from: place.nullable(),
        reason: z.string().nullable(),
        against,
        changes: z.array(change),
      }),
    ),
    unfinished: z
      .array(
        z.strictObject({
          node: z.string(),
          step: z.string().nullable(),
          state: z.enum(['failed', 'blocked', 'cancelled', 'running', 'waiting', 'not reached']),
          reason: z.string(),
          place: errorPlaceSchema.optional(),
        }),
      )
      .describe('Nodes that have given nothing'),
  }),
  why: z.looseObject({
    roots: texts,
    artifacts: z.record(
      z.string(),
      z.looseObject({
        artifact: artifactSchema,
        path: z.string().nullable(),
        making: z
          .looseObject({
            run: z.string(),
            pipeline: z.string(),
            node: z.string(),
            step: z.string().nullable(),
            inputs: z.record(z.string(), ingredient),
          })
          .nullable(),
      }),
    ),
  }),
  compare: z.strictObject({
    a: z.string(),
    b: z.string(),
    pipeline: z.strictObject({ a: z.string(), b: z.string(), equal: z.boolean() }),
    structureEqual: z.boolean(),
    state: either(runState),
    duration: pair(z.number()),
    inputs: z.array(difference(z.string())),
    outputs: z.array(difference(z.string())),
    nodes: z.array(
      z.strictObject({
        node: z.string(),
        nodeInB: z.string(),
        equal: z.boolean(),
        state: either(nodeState),
        codeEqual: z.boolean().nullable(),
        inputs: z.array(difference(z.string())),
        outputs: z.array(difference(z.string())),
        params: z.array(difference(z.json())),
        metrics: z.array(difference(metric)),
        duration: pair(z.number()),
        reused: either(z.boolean()),
      }),
    ),
    onlyInA: texts,
    onlyInB: texts,
    environment: z.array(difference(z.json())),
  }),
  'artifacts list': z.strictObject({ run: z.string(), artifacts: z.array(named) }),
  'artifacts show': z.strictObject({
    artifact: artifactSchema,
    upstream: z.array(z.looseObject({})),
    downstream: z.array(z.looseObject({})),
  }),
  'artifacts export': z.union([
    z.strictObject({ path: z.string(), artifact: artifactSchema }),
    z.strictObject({
      path: z.string(),
      run: z.string(),
      pipeline: z.string(),
      events: z.int(),
      blobs: z.int(),
      missing: z.array(digest),
    }),
  ]),
  'artifacts import': z.strictObject({
    run: z.string(),
    pipeline: z.string(),
    events: z.int(),
    blobs: z.int(),
    known: z.boolean(),
  }),
  report: z.strictObject({ run: z.string(), path: z.string(), size: z.int() }),
  cancel: z.strictObject({ run: z.string(), state: runState }),
  approve: z.strictObject({ run: z.string(), node: z.string(), approved: z.literal(true), by: z.string() }),
  reject: z.strictObject({ run: z.string(), node: z.string(), approved: z.literal(false), by: z.string() }),
  signal: z.strictObject({ run: z.string(), signal: z.string(), by: z.string() }),
  gc: z.strictObject({
    dryRun: z.boolean(),
    runs: texts,
    cacheEntries: z.int(),
    blobs: z.int(),
    bytes: z.number(),
    environments: z.array(
      z.strictObject({ path: z.string(), requirements: z.string().nullable(), bytes: z.number() }),
    ),
  }),
  'schedules list': z.strictObject({ schedules: z.array(listedSchedule) }),
  'schedules show': z.strictObject({ ...schedule, next: z.array(z.iso.datetime()), fired: z.array(fired) }),
  'schedules pause': listedSchedule,
  'schedules resume': listedSchedule,
  'schedules remove': removed,
  'triggers list': z.strictObject({ triggers: z.array(listedTrigger) }),
  'triggers show': z.strictObject({ ...trigger, fired: z.array(fired) }),
  'triggers pause': listedTrigger,
  'triggers resume': listedTrigger,
  'triggers remove': removed,
  up: z
    .discriminatedUnion('type', [
      driveEvent('drive.started', { schedules: z.int(), triggers: z.int(), pipelines: texts }),
      driveEvent('firing.fired', firing),
      driveEvent('firing.skipped', { ...firing, reason: z.string() }),
      driveEvent('firing.failed', { ...firing, error: errorSchema }),
      driveEvent('run.started', { ...driven, ...firing }),
      driveEvent('run.taken-up', { ...driven, because: z.enum(['interrupted', 'due', 'posted']) }),
      driveEvent('run.ended', {
        ...driven,
        state: z.enum(['succeeded', 'failed', 'cancelled', 'given-up', 'lost']),
        error: errorSchema.optional(),
      }),
      driveEvent('drive.trouble', { subject: z.string(), error: errorSchema }),
      driveEvent('drive.stopped', { givenUp: texts }),
    ])
    .meta({ description: 'Each line' }),
  backfill: z.strictObject({
    total: z.int(),
    succeeded: z.int(),
    failed: z.array(
      z.strictObject({ time: z.iso.datetime(), run: z.string().nullable(), message: z.string() }),
    ),
    left: z.int(),
  }),
  doctor: z.strictObject({
    ok: z.boolean(),
    checks: z.array(
      z.strictObject({
        name: z.string(),
        status: z.enum(['ok', 'warn', 'fail']),
        message: z.string(),
        fix: z.string().nullable(),
      }),
    ),
  }),
  digests: z.looseObject({ file: z.string(), steps: z.record(z.string(), z.looseObject({ digest })) }),
  init: z.strictObject({
    folder: z.string(),
    files: texts.describe('Written'),
    merged: texts.describe('Were there, and were added to'),
    kept: texts.describe('Were there, and are as they were'),
    installed: z.string().nullable(),
  }),
  version: z.strictObject({ version: z.string() }).meta({ description: 'What --version --json prints' }),
  completion: z.strictObject({ shell: z.string(), script: z.string() }),
  help: z
    .strictObject({
      command: z.string(),
      description: z.string(),
      arguments: z.array(
        z.strictObject({ name: z.string(), description: z.string(), required: z.boolean() }),
      ),
      options: z.array(
        z.strictObject({ flags: z.string(), description: z.string(), default: z.string().nullable() }),
      ),
      commands: z.record(z.string(), z.string()).describe('Subcommands by name, with descriptions'),
    })
    .meta({ description: 'What <command> --help --json prints' }),
  'run --help': z
    .strictObject({
      pipeline: z.string(),
      description: z.string().nullable(),
      inputs: z.record(
        z.string(),
        z.strictObject({
          kind: z.string(),
          type: z.string().describe('In the notation of TypeScript'),
          required: z.boolean(),
          schema: z.json().nullable().describe('JSON Schema, with the default and the description'),
          mediaType: z.string().optional(),
        }),
      ),
    })
    .meta({ description: 'What run <pipeline> --help --json prints' }),
  error: z
    .strictObject({
      error: z.strictObject({
        code: z.string().nullable().describe('Null for a defect of Pipewright'),
        message: z.string(),
        fix: z.string().nullable(),
        details: z.record(z.string(), z.unknown()),
      }),
    })
    .meta({ description: 'What any command prints in place of its document when it fails' }),
} as const

function definitions(): Record<string, unknown> {
  const shared: Record<string, unknown> = {}
  const commands: Record<string, unknown> = {}
  for (const [command, schema] of Object.entries(commandSchemas)) {
    const { $defs = {}, $schema: _schema, ...rest } = z.toJSONSchema(schema, { target: 'draft-2020-12' })
    Object.assign(shared, $defs)
    commands[command] = rest
  }
  return { ...shared, ...commands }
}

/** The published JSON Schema of what commands print: `schemas/cli.json`, a definition for each command. */
export const cliJsonSchema = {
  $id: 'urn:pipewright:cli:1',
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Pipewright command line',
  description: 'What each command prints with --json: #/$defs/<command>',
  anyOf: Object.keys(commandSchemas).map((command) => ({
    $ref: `#/$defs/${encodeURIComponent(command)}`,
  })),
  $defs: definitions(),
}
