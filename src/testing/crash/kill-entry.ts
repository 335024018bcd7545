import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { canonicalJson } from '../../internal/canonical.ts'
import { findPipelineIn } from '../../workspace/find-pipeline.ts'
import { loadModule } from '../../workspace/load-module.ts'
import { drive } from './drive.ts'
import type { KillRequest } from './kill.ts'

// A process of its own that runs a pipeline, or goes on with its run, and that is killed where it was told.
const request = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as KillRequest
const { root, module, pipeline: name, inputs, answers, death, journal, result } = request
const exports = await loadModule(resolve(module))
const pipeline = findPipelineIn(exports, module, name)
const end = await drive({
  root,
  pipeline,
  inputs,
  key: 'kill',
  answers,
  death,
  onDeath: () => process.kill(process.pid, 'SIGKILL'),
  // Synchronously: what was begun is on record, whatever becomes of the process.
  onAttempt: ({ node, idempotencyKey }) => appendFileSync(journal, `${node} ${idempotencyKey}\n`),
})
const found = end.result
if (found !== undefined)
  writeFileSync(
    result,
    'outputs' in found ? canonicalJson(found.outputs) : `an error: ${(found.error as Error).message}`,
  )
process.stdout.write(JSON.stringify({ run: end.run, operations: end.operations }))
