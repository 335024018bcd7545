import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import { own } from '../internal/own.ts'

/** Inputs by name: each a property of the event, such as `path` or `body.day`. */
export type InputMapping = Readonly<Record<string, string>>

/** The inputs that a mapping takes from an event; a property that is not there is `INPUT_INVALID`. */
export function mappedInputs(mapping: InputMapping, event: Json, owner: string): Record<string, Json> {
  const inputs: Record<string, Json> = {}
  for (const [input, path] of Object.entries(mapping)) {
    let value: Json | undefined = event
    for (const name of path.split('.'))
      value =
        typeof value === 'object' && value !== null
          ? own(value as Readonly<Record<string, Json>>, name)
          : undefined
    if (value === undefined) {
      const there = typeof event === 'object' && event !== null ? Object.keys(event) : []
      throw new PipewrightError(
        'INPUT_INVALID',
        `${owner}: input '${input}' is to be '${path}', which the event has not`,
        {
          fix: `the event has: ${there.join(', ')}`,
          details: { input, path },
        },
      )
    }
    inputs[input] = value
  }
  return inputs
}
