import type { AttemptServices } from './attempt.ts'
import { JsonValues } from './json-values.ts'

/**
 * Services for an attempt whose outputs may be recorded nowhere: its small values stay in a memory of its own, where
 * nobody takes them for stored.
 */
export function unshared<Services extends AttemptServices>(services: Services): Services {
  const reader = services.reader.apart()
  return { ...services, reader, json: new JsonValues(reader) }
}
