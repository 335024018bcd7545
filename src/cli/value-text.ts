import { contentBytes } from '../artifact/artifact.ts'
import type { Value } from '../record/event.ts'
import type { RunDetail } from '../record/records.ts'
import { printable, sizeText } from '../ui/text.ts'
import { shortListText, type ByteSource } from './list-text.ts'
import type { Workspace } from '../workspace/workspace.ts'

const longest = 200
/** Larger values are described, not printed. */
const largest = 2_000

/** A value on one line: small data as JSON, all else by kind, digest and size. */
export async function valueText(pw: ByteSource, value: Value): Promise<string> {
  const text = printable(
    await fullText(pw, value).catch((error: unknown) => `(${(error as Error).message.split('\n')[0]})`),
  )
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

async function fullText(pw: ByteSource, value: Value): Promise<string> {
  if ('absent' in value) return '(skipped)'
  if ('value' in value) return JSON.stringify(value.value)
  if ('list' in value) return `${value.list.length} items`
  const { artifact, pick } = value
  const { kind, size, digest, meta } = artifact
  if ((kind === 'json' || kind === 'metrics') && size <= largest && pick === undefined)
    return Buffer.from(await pw.bytes(artifact)).toString('utf8')
  if (kind === 'list' && pick === undefined) {
    const text = await shortListText(pw, artifact, longest)
    if (text !== undefined) return text
  }
  const rows = typeof meta?.['rows'] === 'number' ? `, ${meta['rows'].toLocaleString('en')} rows` : ''
  return `${kind} ${digest.slice(0, 19)}… ${sizeText(contentBytes(artifact))}${rows}`
}

/** The outputs of a run, a line each. */
export async function outputLines(pw: Workspace, detail: RunDetail): Promise<string[]> {
  const lines: string[] = []
  for (const [name, value] of Object.entries(detail.outputs))
    lines.push(`${printable(name)}: ${await valueText(pw, value)}`)
  return lines
}
