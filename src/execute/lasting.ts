import { own } from '../internal/own.ts'
import type { AnyStep } from '../define/step.ts'
import type { Value, Values } from '../record/event.ts'
import type { JsonValues } from './json-values.ts'

/** Larger outputs are not checked again. */
const largest = 1024 * 1024

/** Whether the schema of an output takes a stored value; also true where that cannot be told. */
export async function isAccepted(
  step: AnyStep,
  name: string,
  value: Value | undefined,
  json: JsonValues,
): Promise<boolean> {
  if (value === undefined || !('artifact' in value)) return true
  return (await own(step.outputs, name)?.stillGives?.(() => json.load(value))) ?? true
}

/**
 * The outputs whose schemas take what they gave: what they refuse in a later run is no longer right. Asked only of
 * steps with a `version`, since any other's schemas are part of its code.
 */
export async function lastingOutputs(step: AnyStep, outputs: Values, json: JsonValues): Promise<string[]> {
  if (step.options.version === undefined) return []
  const lasting: string[] = []
  for (const [name, kind] of Object.entries(step.outputs)) {
    const value = own(outputs, name)
    const isAsked =
      kind.stillGives !== undefined &&
      value !== undefined &&
      'artifact' in value &&
      value.artifact.size <= largest
    // A schema may throw at what it gave, as it may expect a text to parse.
    if (isAsked && (await isAccepted(step, name, value, json).catch(() => false))) lasting.push(name)
  }
  return lasting
}
