import { fileURLToPath } from 'node:url'
import { workerConformance } from 'pipewright/testing'
import { describe, test } from 'vitest'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

describe('the Python worker', () => {
  workerConformance({
    command: 'python3',
    args: [path('../../python/pipewright_worker.py')],
    entry: { module: 'functions', path: [path('programs')] },
    missingEntry: { module: 'no_such_module', path: [] },
    test,
  })
})

describe('a worker in Perl', () => {
  workerConformance({
    command: 'perl',
    args: [path('programs/worker.pl')],
    entry: { script: path('programs/worker.pl') },
    missingEntry: { script: path('programs/nowhere.pl') },
    test,
    without: ['tables', 'models', 'checkpoints', 'calls', 'secrets'],
  })
})
