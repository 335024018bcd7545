import { PipewrightError, RunFailedError } from 'pipewright'
import { expect, test } from 'vitest'

test('a run that failed tells what to do about each failure, the same once', () => {
  const failures = ['take this', 'take that', 'take this', undefined].map((fix, at) => {
    const cause = new PipewrightError(
      'INPUT_INVALID',
      'it cannot be used:\nfor a reason',
      fix === undefined ? {} : { fix },
    )
    return { node: `each[${at}]/refuse`, error: cause, cause }
  })
  const { message, fix } = new RunFailedError('1', 'refusals', { state: 'failed', failures } as never)
  expect(message.split('\n')).toEqual([
    "run 1 of pipeline 'refusals' failed",
    '  each[0]/refuse: it cannot be used: for a reason',
    '  each[1]/refuse: it cannot be used: for a reason',
    '    Fix: take that',
    '  each[2]/refuse: it cannot be used: for a reason',
    '    Fix: take this',
    '  each[3]/refuse: it cannot be used: for a reason',
    `Fix: ${fix}`,
  ])
  expect(fix).toContain('pipewright resume 1')
})
