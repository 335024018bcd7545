import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, test } from 'vitest'
import {
  EnvironmentListeners,
  type EnvironmentProgress,
} from '../../src/python/environment/environment-progress.ts'

test('a listener is called in the context of who has added it: what it prints is nothing that a step has', () => {
  const attempt = new AsyncLocalStorage<string>()
  const listeners = new EnvironmentListeners()
  const seen: unknown[] = []
  const forget = listeners.add(({ line }) => seen.push([line, attempt.getStore()]))
  const progress: EnvironmentProgress = {
    requirements: 'requirements.txt',
    state: 'making',
    packages: 0,
    startedAt: 0,
    line: 'Collecting tiny',
  }
  attempt.run('a step', () => listeners.tell(progress))
  expect(seen).toEqual([['Collecting tiny', undefined]])
  forget()
  listeners.tell(progress)
  expect(seen).toHaveLength(1)
})
