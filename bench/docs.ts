import { readFileSync, writeFileSync } from 'node:fs'
import { openSqliteMetadata } from '../src/record/sqlite/store.ts'

const page = new URL('../docs/benchmarks.md', import.meta.url)

const head = `# Benchmarks

Measured by \`npm run bench -- --docs\`, in one run for each version of Node: the database is Node's own from 22.13 on, libsql before.
Ratios are against a bare loop of the same run: one durable one-row commit for each step, nothing but the SHA-256 for the file,
reading the files of the shared entries. Absolute times move with the machine; compare ratios.
`

/** Which machine has measured, and when. */
export interface Machine {
  readonly node: string
  readonly cpu: string
  readonly cores: number
  readonly date: string
}

/** Puts the figures of a version of Node into the page, in the place of what it has measured before. */
export async function writeDocs({ node, cores, cpu, date }: Machine, table: string): Promise<void> {
  const store = await openSqliteMetadata(':memory:')
  const { engine } = store
  await store.close()
  const major = node.split('.')[0]!
  const [, ...sections] = readFileSync(page, 'utf8').split(/^(?=## Node )/m)
  const others = sections.filter((section) => !section.startsWith(`## Node ${major}.`))
  const own = `## Node ${node}\n\n${cores} cores (${cpu}), ${date}; database: ${engine}.\n\n${table}\n`
  const all = [...others.map((section) => `${section.trim()}\n`), own].toSorted()
  writeFileSync(page, [head, ...all].join('\n'))
}
