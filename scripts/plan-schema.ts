import { writeFileSync } from 'node:fs'
import { planJsonSchema } from './plan-format.ts'

writeFileSync(
  new URL('../schemas/plan.json', import.meta.url),
  `${JSON.stringify(planJsonSchema, null, 2)}\n`,
)
