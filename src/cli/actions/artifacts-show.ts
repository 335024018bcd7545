import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { PipewrightError } from '../../internal/error.ts'
import type { Artifact } from '../../artifact/artifact.ts'
import type { LineageNode } from '../../lineage/query.ts'
import { counted, printable, sizeText } from '../../ui/text.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { listText } from '../list-text.ts'
import { print, printJson, printNext } from '../output.ts'
import { openExisting } from '../project.ts'
import { artifactNamed, type ArtifactArguments } from './artifact-named.ts'

function factLines({ kind, digest, blob, size, mediaType, meta, external }: Artifact): string[] {
  const lines = [`${kind} ${digest}`, `media type: ${printable(mediaType)}`, `size: ${sizeText(size)}`]
  if (blob !== digest) lines.push(`stored bytes: ${blob}`)
  if (external !== undefined) lines.push(`referenced, not copied: ${printable(external.path)}`)
  for (const [name, value] of Object.entries(meta ?? {})) {
    const text = JSON.stringify(value)
    lines.push(`${printable(name)}: ${printable(text.length > 200 ? `${text.slice(0, 200)}…` : text)}`)
  }
  return lines
}

/** What the lineage reaches, of which an artifact knows the numbers alone. */
function reachText(nodes: readonly LineageNode[]): string {
  const values = nodes.filter(({ type }) => type === 'artifact').length
  return `${counted(values, 'value')} by ${counted(nodes.length - values, 'execution')} of nodes`
}

/** `pipewright artifacts show`. */
export async function showArtifactCommand(
  text: string,
  { run, json = false }: ArtifactArguments,
): Promise<void> {
  await using pw = await openExisting()
  const artifact = await artifactNamed(pw, text, run)
  const [upstream, downstream] = [await pw.upstream(artifact.digest), await pw.downstream(artifact.digest)]
  if (json) return printJson({ artifact, upstream, downstream })
  print(...factLines(artifact))
  print(
    upstream.length === 0
      ? 'nothing has made it: it comes from outside'
      : `made from ${reachText(upstream)}, back to what came from outside`,
    downstream.length === 0
      ? 'nothing was made from it'
      : `made from it: ${reachText(downstream)}, in all runs`,
  )
  const short = artifact.digest.slice(7, 19)
  await printNext(`pipewright why ${short}`, `pipewright artifacts cat ${short}`)
}

function contentOf(pw: Workspace, artifact: Artifact, raw: boolean): Readable {
  if (!raw && artifact.kind === 'table') return Readable.from(pw.tableText(artifact, 'csv'))
  if (!raw && artifact.kind === 'list') return Readable.from(listText(pw, artifact))
  return pw.stream(artifact)
}

/** `pipewright artifacts cat`. */
export async function catCommand(
  text: string,
  { run, raw = false }: ArtifactArguments & { readonly raw?: boolean },
): Promise<void> {
  await using pw = await openExisting()
  const artifact = await artifactNamed(pw, text, run)
  const isText = /^text\/|json|csv|xml/.test(artifact.mediaType) || artifact.kind === 'table'
  if (!raw && !isText && process.stdout.isTTY) {
    throw new PipewrightError(
      'OUTPUT_INVALID',
      `'${text}' is ${artifact.mediaType}: its bytes are not for a terminal`,
      {
        fix: `pipewright artifacts export ${text} -o <path>, or --raw`,
      },
    )
  }
  await pipeline(contentOf(pw, artifact, raw), process.stdout, { end: false }).catch(
    (error: NodeJS.ErrnoException) => {
      // The reader has seen enough.
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
    },
  )
  if (process.stdout.isTTY && artifact.kind !== 'table' && artifact.kind !== 'file') print('')
}
