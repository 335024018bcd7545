import { readFileSync } from 'node:fs'
import type { Report } from '../artifact/report.ts'
import type { Carried } from './protocol.ts'

/**
 * A report of another language as `ctx.report` takes it: pictures come as files. They are read at once, as reports keep
 * the order in which they were told.
 */
export function foreignReport(carried: Carried): Report {
  const told = 'file' in carried ? (JSON.parse(readFileSync(carried.file, 'utf8')) as unknown) : carried.value
  const { blocks } = (told ?? {}) as { readonly blocks?: unknown }
  // What is no report is refused by whoever stores it.
  if (!Array.isArray(blocks)) return told as Report
  return { ...(told as Report), blocks: blocks.map(withBytes) }
}

function withBytes(block: unknown): Report['blocks'][number] {
  const { file, ...others } = (block ?? {}) as { readonly type?: unknown; readonly file?: unknown }
  if (others.type !== 'image' || typeof file !== 'string') return block as Report['blocks'][number]
  return { ...others, data: readFileSync(file) } as unknown as Report['blocks'][number]
}
