import type { Digest } from '../../internal/digest.ts'
import { own } from '../../internal/own.ts'
import type { Artifact } from '../../artifact/artifact.ts'
import type { Value, Values } from '../event.ts'
import type { Of, Place } from './place.ts'
import type { Statements } from './statements.ts'

/** Folds the edges of an execution: what it read and what it made. */
export function projectEdges(
  to: Statements,
  place: Place,
  execution: number,
  event: Of<'node.succeeded'>,
): void {
  const fresh = event.reused === undefined
  const outputs = artifactsIn(event.outputs)
  // A map or branch hands on what its inside made; the lists that it gathers are its own.
  const made = event.step === null ? outputs.filter(({ artifact }) => artifact.kind === 'list') : outputs
  if (event.step === null && made.length === 0) return
  for (const name in event.gathers) gather(to, place, execution, event.node, name, event.gathers[name]!)
  const lists = new Set<string>()
  for (const { name, artifact, of } of artifactsIn(event.inputs)) {
    to.insertEdge.run({ execution, artifact: artifactNumber(to, artifact, false), direction: 'in', name })
    // Nobody made the item of a list by itself: it is read of the list.
    if (of === undefined || lists.has(`${name} ${of}`)) continue
    lists.add(`${name} ${of}`)
    const list = to.findArtifact.get({ digest: of, kind: 'list' })
    if (list !== undefined)
      to.insertEdge.run({ execution, artifact: list['number'] as number, direction: 'in', name })
  }
  for (const { name, artifact } of made)
    to.insertEdge.run({ execution, artifact: artifactNumber(to, artifact, fresh), direction: 'out', name })
  for (const report of event.facts?.reports ?? [])
    to.insertEdge.run({
      execution,
      artifact: artifactNumber(to, report, fresh),
      direction: 'out',
      name: 'report',
    })
}

/** A list that a map gathered was made from an output of the same node in each of its items. */
function gather(
  to: Statements,
  { run }: Place,
  execution: number,
  map: string,
  name: string,
  from: { readonly node: string; readonly output: string },
): void {
  const items = { run, prefix: `${map}[`, end: `${map}\\`, suffix: `]/${from.node}` }
  to.gatherEdges.run({ ...items, execution, name, output: from.output })
  // Maps, branches and sub-pipelines have no edges of what they hand on: their events tell.
  for (const row of to.gatherContainers.all(items)) {
    const { outputs } = JSON.parse(row['data'] as string) as Of<'node.succeeded'>
    const value = own(outputs, from.output)
    if (value === undefined) continue
    for (const { artifact } of artifactsIn({ [name]: value }))
      to.insertEdge.run({ execution, artifact: artifactNumber(to, artifact, false), direction: 'in', name })
  }
}

/**
 * The number of an artifact's record. Where a new output has a known content but other bytes (another
 * chunking, a repaired blob), the record follows it: the older bytes may be gone.
 */
export function artifactNumber(to: Statements, artifact: Artifact, made: boolean): number {
  const { digest, kind } = artifact
  const known = to.findArtifact.get({ digest, kind })
  if (known === undefined)
    return to.insertArtifact.run({ digest, kind, data: JSON.stringify(artifact) }).lastInsertRowid
  const number = known['number'] as number
  if (made) {
    const data = JSON.stringify(artifact)
    if (data !== known['data']) to.updateArtifact.run({ number, data })
  }
  return number
}

/** The artifacts of named values; a list gives one per element. */
export function artifactsIn(
  values: Values,
): { readonly name: string; readonly artifact: Artifact; readonly of?: Digest | undefined }[] {
  const found: { name: string; artifact: Artifact; of?: Digest | undefined }[] = []
  for (const name in values) {
    const value = values[name]!
    if ('artifact' in value) found.push({ name, artifact: value.artifact, of: value.of })
    else if ('list' in value) {
      const open: Iterator<Value>[] = [value.list[Symbol.iterator]()]
      while (open.length > 0) {
        const next = open.at(-1)!.next()
        if (next.done === true) open.pop()
        else if ('artifact' in next.value)
          found.push({ name, artifact: next.value.artifact, of: next.value.of })
        else if ('list' in next.value) open.push(next.value.list[Symbol.iterator]())
      }
    }
  }
  return found
}
