import '../runners/loader.ts'
import { openWorkspace } from 'pipewright'
import { runnerContract } from 'pipewright/testing'
import { describe, test } from 'vitest'

describe.each(['inline', 'thread', 'process'] as const)('%s', (runner) => {
  runnerContract({ create: (root) => openWorkspace({ root, runners: { default: runner } }), test })
})
