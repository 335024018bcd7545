import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A fenced block of a page. */
export interface Block {
  readonly language: string
  /** The words after the language: `fragment`, `fails`, … */
  readonly flags: readonly string[]
  readonly text: string
  /** Where its text begins, from 1. */
  readonly line: number
  /** What a first line such as `// steps.ts` names. */
  readonly file: string | undefined
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The text of a file of the repository. */
export function pageText(path: string): string {
  return readFileSync(root + path, 'utf8')
}

/** The fenced blocks of Markdown, in order. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  const lines = markdown.split('\n')
  for (let at = 0; at < lines.length; at++) {
    const opening = /^(\s*)```(\S*) *(.*)$/.exec(lines[at]!)
    if (opening === null) continue
    const [, indent = '', language = '', rest = ''] = opening
    const end = lines.indexOf(`${indent}\`\`\``, at + 1)
    if (end === -1) throw new Error(`line ${at + 1}: the block is not closed`)
    const text = lines.slice(at + 1, end).map((line) => line.slice(indent.length))
    const file = /^(?:\/\/|#) ([\w./-]+\.\w+)$/.exec(text[0] ?? '')?.[1]
    const flags = rest.split(' ').filter((flag) => flag !== '')
    blocks.push({ language, flags, text: `${text.join('\n')}\n`, line: at + 2, file })
    at = end
  }
  return blocks
}

/** Markdown without its fenced blocks. */
function proseOf(markdown: string): string {
  return markdown.replaceAll(/^( *)```[\s\S]*?\n\1```$/gm, '')
}

/** What Markdown links to inside of the repository: relative paths, with their anchors. */
export function linksOf(markdown: string): string[] {
  const found = proseOf(markdown).matchAll(/\]\(([^)\s]+)\)/g)
  return [...found].map(([, link]) => link!).filter((link) => !/^[a-z]+:/.test(link))
}

/** The anchors of the headings of Markdown. */
export function slugsOf(markdown: string): string[] {
  const headings = proseOf(markdown).matchAll(/^#+ (.+)$/gm)
  return [...headings].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
