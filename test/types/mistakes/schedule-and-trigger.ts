import { definePipeline, schedule, trigger } from 'pipewright'
import { z } from 'zod'
import { announce } from './steps.ts'

const news = definePipeline({ name: 'news', inputs: { text: z.string() } }, (p, input) => ({
  sent: p.step(announce, { text: input.text }).sent,
}))

schedule(news, { cron: '@daily', inputs: { text: 'good morning' } })

// expect: Type 'number' is not assignable to type 'string'
schedule(news, { cron: '@daily', inputs: { text: 3 } })

// expect: Type '"wait"' is not assignable to type 'Overlap
schedule(news, { cron: '@daily', inputs: { text: 'a' }, overlap: 'wait' })

trigger(news, { on: { files: 'inbox' }, inputs: ({ path }) => ({ text: path }) })

// expect: Property 'path' does not exist on type 'RunEndEvent'
trigger(news, { on: { run: 'tumours' }, inputs: ({ path }) => ({ text: path }) })

// expect: 'txt' does not exist in type
trigger(news, { on: { model: 'tumours' }, inputs: { txt: 'name' } })
