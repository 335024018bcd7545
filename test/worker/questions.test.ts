import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { StepContext } from '../../src/define/context.ts'
import type { HostMessage } from '../../src/worker/protocol.ts'
import { WorkerQuestions } from '../../src/worker/worker-questions.ts'
import { tempFolder } from '../workspace/temp.ts'

type Once = (key: string, call: (given: { idempotencyKey: string }) => unknown) => Promise<unknown>

async function questionsOf(once: Once) {
  const answers: HostMessage[] = []
  const context = { workdir: await tempFolder(), once } as never as StepContext
  return { answers, questions: new WorkerQuestions(context, (answer) => answers.push(answer)) }
}

test('long answers that wait to be read are files of their own', async () => {
  const long = (key: string): string => key.repeat(100_000)
  const { answers, questions } = await questionsOf((key) => Promise.resolve(long(key)))
  await questions.take({ type: 'once', ask: 1, key: 'a' })
  await questions.take({ type: 'once', ask: 2, key: 'b' })
  const texts = answers.map((answer) => readFile((answer as { file: string }).file, 'utf8'))
  expect((await Promise.all(texts)).map((text) => JSON.parse(text) as string)).toEqual([long('a'), long('b')])
})

test('a call is not begun once the function has ended', async () => {
  const { answers, questions } = await questionsOf(async (_key, call) => {
    await delay(10)
    return call({ idempotencyKey: 'k' })
  })
  const asked = questions.take({ type: 'once', ask: 1, key: 'a' })
  questions.end()
  await asked
  expect(answers).toEqual([
    { type: 'answer', ask: 1, error: expect.stringContaining('the function has ended') as string },
  ])
})
