import { own } from '../internal/own.ts'
import { firstDifference, type DifferenceReader } from '../artifact/first-difference.ts'
import type { AnyStep } from '../define/step.ts'
import type { OutputDifference, Value, Values } from '../record/event.ts'

/** Where the outputs of two executions of a step first differ, for each output that does. */
export async function outputDifferences(
  step: AnyStep,
  before: Values,
  after: Values,
  reader: DifferenceReader,
): Promise<OutputDifference[]> {
  const differences: OutputDifference[] = []
  for (const output of Object.keys(step.outputs)) {
    const difference = await differenceOf(own(before, output), own(after, output), reader)
    if (difference !== undefined) differences.push({ output, difference })
  }
  return differences
}

async function differenceOf(
  before: Value | undefined,
  after: Value | undefined,
  reader: DifferenceReader,
): Promise<string | undefined> {
  const [was, now] = [before, after].map((value) =>
    value !== undefined && 'artifact' in value ? value.artifact : undefined,
  )
  if (was === undefined || now === undefined) {
    if (was === now) return undefined
    return was === undefined ? 'was not there' : 'is not there any more'
  }
  if (was.kind === now.kind && was.digest === now.digest) return undefined
  return firstDifference(was, now, reader)
}
