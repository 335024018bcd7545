import { writeFileSync } from 'node:fs'
import { cliJsonSchema } from './cli-format.ts'
import { eventsJsonSchema } from './event-format.ts'
import { planJsonSchema } from './plan-format.ts'
import { workerJsonSchema } from './worker-format.ts'

const schemas = {
  plan: planJsonSchema,
  events: eventsJsonSchema,
  cli: cliJsonSchema,
  worker: workerJsonSchema,
}
for (const [name, schema] of Object.entries(schemas))
  writeFileSync(new URL(`../schemas/${name}.json`, import.meta.url), `${JSON.stringify(schema, null, 2)}\n`)
