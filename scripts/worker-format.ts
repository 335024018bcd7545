import { z } from 'zod'
import { workerProtocol } from '../src/worker/protocol.ts'

const json = z.json()
const path = z.string().describe('An absolute path')
const value = { value: json }
const file = { file: path.describe('Of a file that holds the value as JSON') }
const tableFormat = z.enum(['arrow', 'rows'])

const column = z.strictObject({
  name: z.string(),
  type: z.enum(['number', 'integer', 'boolean', 'string', 'bigint', 'date', 'json']),
  missing: z
    .enum(['null', 'absent'])
    .optional()
    .describe('What a missing cell is in a row; absent where none is'),
})

const signature = z
  .strictObject({ input: json, output: json })
  .describe('JSON Schemas of one input and one output; null where they are not known')

const input = z
  .union([
    z.strictObject({ kind: z.enum(['json', 'metrics']), ...value }),
    z.strictObject({ kind: z.enum(['json', 'metrics']), ...file }),
    z.strictObject({ kind: z.literal('table'), format: tableFormat, file: path, columns: z.array(column) }),
    z.strictObject({ kind: z.literal('file'), path, mediaType: z.string() }),
    z.strictObject({ kind: z.literal('directory'), path }),
    z.strictObject({ kind: z.literal('model'), path, format: z.string(), signature }),
    z.strictObject({
      kind: z.literal('list'),
      get items() {
        return z.array(input)
      },
    }),
  ])
  .meta({ id: 'Input', description: 'An input of a function' }) as z.ZodType

const outputKind = z
  .union([
    z.strictObject({ kind: z.enum(['json', 'metrics', 'report', 'table', 'directory', 'model']) }),
    z.strictObject({ kind: z.literal('file'), mediaType: z.string() }),
    z.strictObject({
      kind: z.literal('list'),
      get of() {
        return outputKind
      },
    }),
  ])
  .meta({ id: 'OutputKind', description: 'What an output is declared as' }) as z.ZodType

const output = z
  .union([
    z.strictObject({ kind: z.enum(['json', 'metrics', 'report']), ...value }),
    z.strictObject({ kind: z.enum(['json', 'metrics', 'report']), ...file }),
    z.strictObject({ kind: z.literal('table'), format: tableFormat, file: path }),
    z.strictObject({ kind: z.enum(['file', 'directory']), path }),
    z.strictObject({ kind: z.literal('model'), path, signature: signature.optional() }),
    z.strictObject({
      kind: z.literal('list'),
      get items() {
        return z.array(output)
      },
    }),
  ])
  .meta({ id: 'Output', description: 'An output of a function' }) as z.ZodType

const error = z
  .strictObject({
    type: z.string(),
    message: z.string(),
    traceback: z.string().optional().describe('As the language prints it, without frames of the worker'),
    place: z
      .strictObject({ file: z.string(), line: z.int(), function: z.string() })
      .optional()
      .describe("The innermost place of the user's code"),
    code: z.string().optional().describe("A code of Pipewright's errors"),
    fix: z.string().optional(),
    get cause() {
      return error.optional()
    },
  })
  .meta({ id: 'Error' }) as z.ZodType

const ask = z.int().describe('The number that the answer bears')
const state = { memory: z.number().optional(), files: z.array(path).optional() }
const callUsage = {
  usage: z
    .strictObject({ cpu: z.number(), memory: z.number().optional() })
    .optional()
    .describe('What the call has used: milliseconds of CPU time, the most bytes of resident memory'),
}

const message = <T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.strictObject({ type: z.literal(type), ...shape })

/** The request file of a worker. */
export const bootstrapSchema = z
  .strictObject({ protocol: z.literal(workerProtocol), entry: z.record(z.string(), json) })
  .meta({ id: 'Bootstrap', description: 'The file that PIPEWRIGHT_WORKER_REQUEST names' })

/** A line of a host. */
export const hostMessageSchema = z
  .union([
    message('run', {
      id: z.string(),
      function: z.string(),
      inputs: z.record(z.string(), input),
      outputs: z.record(z.string(), outputKind),
      workdir: path,
      exchange: path,
      seed: z
        .int()
        .min(0)
        .max(2 ** 32 - 1),
    }),
    message('cancel', { id: z.string() }),
    message('answer', { ask }),
    message('answer', { ask, ...value }),
    message('answer', { ask, ...file }),
    message('answer', { ask, bytes: path.describe('Of a file that holds them') }),
    message('answer', { ask, error: z.string() }),
    message('answer', { ask, call: z.strictObject({ idempotencyKey: z.string() }) }),
  ])
  .meta({ id: 'HostMessage', description: 'What a host sends' })

/** A line of a worker. */
export const workerMessageSchema = z
  .union([
    message('hello', {
      protocol: z.string(),
      language: z.string(),
      version: z.string(),
      formats: z.array(z.string()),
    }),
    message('ready', state),
    message('refused', { error }),
    message('log', {
      level: z.enum(['debug', 'info', 'warn', 'error']),
      message: z.string(),
      fields: z.record(z.string(), json).optional(),
    }),
    message('metric', {
      name: z.string(),
      value: z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])]),
      step: z.int().optional(),
    }),
    message('param', { name: z.string(), ...value }),
    message('progress', { done: z.number(), total: z.number().optional() }),
    message('report', { report: json }),
    message('report', { ...file }),
    message('checkpoint', { ask, ...value }),
    message('checkpoint', { ask, ...file }),
    message('checkpoint', { ask, bytes: path.describe('Of a file that holds them') }),
    message('restored', { ask }),
    message('context', { ask, name: z.enum(['attempt', 'run', 'node', 'idempotencyKey']) }),
    message('secret', { ask, name: z.string() }),
    message('once', { ask, key: z.string() }),
    message('called', { ask, ...value }),
    message('called', { ask, ...file }),
    message('called', { ask, failed: z.string() }),
    message('result', { id: z.string(), outputs: z.record(z.string(), output), ...state, ...callUsage }),
    message('error', { id: z.string(), error, ...state, ...callUsage }),
  ])
  .meta({ id: 'WorkerMessage', description: 'What a worker sends' })

/** The published JSON Schema of what travels between a host and a worker: `schemas/worker.json`. */
export const workerJsonSchema = {
  $id: 'urn:pipewright:worker:1',
  ...z.toJSONSchema(
    z.union([bootstrapSchema, hostMessageSchema, workerMessageSchema]).meta({
      title: 'Pipewright worker protocol',
      description: `What a host and a worker exchange in ${workerProtocol}: a file, and one JSON document a line`,
    }),
    { target: 'draft-2020-12' },
  ),
}
