import { defineService, type AnyService } from '../define/service.ts'

/** Services by name, as what is opened: a test gives the values themselves. */
export function standIns(services: Readonly<Record<string, unknown>> = {}): AnyService[] {
  return Object.entries(services).map(([name, value]) => defineService({ name, open: () => value }))
}
