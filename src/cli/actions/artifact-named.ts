import { PipewrightError } from '../../internal/error.ts'
import { didYouMean } from '../../internal/nearest.ts'
import { own } from '../../internal/own.ts'
import type { Artifact } from '../../artifact/artifact.ts'
import type { Values } from '../../record/event.ts'
import type { RunDetail } from '../../record/records.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { runNamed } from '../project.ts'

/** What commands on an artifact are given. */
export interface ArtifactArguments {
  /** Where names of outputs are looked up. */
  readonly run?: string
  readonly json?: boolean
}

/** An artifact of a run under the name that it is given by. */
export interface NamedArtifact {
  /** Empty for the inputs and outputs of the run itself. */
  readonly node: string
  readonly name: string
  readonly direction: 'in' | 'out'
  readonly artifact: Artifact
}

function* ofValues(node: string, direction: 'in' | 'out', values: Values): Generator<NamedArtifact> {
  for (const [name, value] of Object.entries(values)) {
    if ('artifact' in value) yield { node, name, direction, artifact: value.artifact }
    else if ('list' in value)
      for (const [index, item] of value.list.entries())
        if ('artifact' in item) yield { node, name: `${name}[${index}]`, direction, artifact: item.artifact }
  }
}

/** Every artifact that a run was given or has made, by name: its own first, then those of its nodes. */
export function* artifactsOf(detail: RunDetail): Generator<NamedArtifact> {
  yield* ofValues('', 'in', detail.inputs)
  yield* ofValues('', 'out', detail.outputs)
  for (const { node, outputs } of detail.executions) yield* ofValues(node, 'out', outputs)
}

async function byDigits(pw: Workspace, digits: string): Promise<Artifact | undefined> {
  const found = await pw.artifactsByPrefix(digits)
  const digests = new Set(found.map(({ digest }) => digest))
  if (digests.size > 1) {
    throw new PipewrightError('ARTIFACT_NOT_FOUND', `several artifacts start with '${digits}'`, {
      fix: `give more of the digest: ${[...digests].map((digest) => digest.slice(7, 23)).join(', ')}`,
      details: { digest: digits },
    })
  }
  return found[0]
}

/** An artifact, and the run and node in which a user has named it. */
export interface PlacedArtifact {
  readonly artifact: Artifact
  /** Undefined where it is named by its digest alone. */
  readonly place: { readonly run: string; readonly node?: string } | undefined
}

/** The artifact that a user names. */
export async function artifactNamed(pw: Workspace, text: string, run: string | undefined): Promise<Artifact> {
  return (await placedArtifact(pw, text, run)).artifact
}

/**
 * The artifact that a user names: a digest or the start of one, an output (or input) of the run, or `node.output`.
 * Throws `ARTIFACT_NOT_FOUND` with the nearest name.
 */
export async function placedArtifact(
  pw: Workspace,
  text: string,
  run: string | undefined,
): Promise<PlacedArtifact> {
  if (/^(?:sha256:)?[0-9a-f]{6,64}$/.test(text)) {
    const found = await byDigits(pw, text)
    if (found !== undefined)
      return { artifact: found, place: run === undefined ? undefined : { run: await runNamed(pw, run) } }
  }
  const detail = await pw.show(await runNamed(pw, run))
  const names: Record<string, PlacedArtifact> = {}
  // The outputs of the run come before its inputs, where both have a name.
  for (const { node, name, artifact, direction } of artifactsOf(detail)) {
    const key = node === '' ? name : `${node}.${name}`
    if (direction === 'out' || own(names, key) === undefined)
      names[key] = { artifact, place: { run: detail.id, ...(node === '' ? {} : { node }) } }
  }
  const found = own(names, text)
  if (found !== undefined) return found
  throw new PipewrightError('ARTIFACT_NOT_FOUND', `run ${detail.id} has no artifact '${text}'`, {
    fix: didYouMean(text, Object.keys(names)),
    details: { artifact: text, run: detail.id },
  })
}
