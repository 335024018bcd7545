import { orchestratorContract } from 'pipewright/testing'
import { describe, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'
import { localOrchestrator } from './local-contract.ts'

describe('runs in this process', () => {
  orchestratorContract({
    create: async () => localOrchestrator({ root: await tempFolder() }),
    test,
  })
})
