import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { blocksOf, pageText, type Block } from './blocks.ts'
import { compile, type Shown } from './compiled.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))

const pages = [
  'README.md',
  ...readdirSync(`${repository}docs`, { recursive: true, encoding: 'utf8' })
    // The tutorial edits its files as it goes; its own test compiles what they become.
    .filter((path) => path.endsWith('.md') && !path.startsWith('site') && path !== 'getting-started.md')
    .map((path) => `docs/${path}`),
]

/** Programs by the file that they are written to; every block without a name is a file of its own. */
function programsOf(page: string): Map<string, Block> {
  const folder = page.replaceAll(/[/.]/g, '-')
  const blocks = blocksOf(pageText(page)).filter(
    ({ language, flags }) => language === 'ts' && !flags.includes('fragment'),
  )
  return new Map(blocks.map((block) => [`${folder}/${block.file ?? `line-${block.line}.ts`}`, block]))
}

test('the programs of all pages compile', async () => {
  const programs = new Map<string, Shown>()
  for (const page of pages) {
    for (const [path, { text, line }] of programsOf(page))
      programs.set(path, { text, place: `${page}:${line}` })
  }
  expect(await compile(programs)).toBe('')
  expect(programs.size).toBeGreaterThan(10)
})

test('a block of TypeScript is a program, or says that it is a fragment', () => {
  const others = pages.flatMap((page) =>
    blocksOf(pageText(page))
      .filter(({ language }) => ['typescript', 'tsx', 'js', 'javascript'].includes(language))
      .map(({ line }) => `${page}:${line}`),
  )
  expect(others).toEqual([])
})

test('the Python of all pages parses', () => {
  const blocks = pages.flatMap((page) =>
    blocksOf(pageText(page))
      .filter(({ language }) => language === 'python')
      .map(({ text, line }) => [`${page}:${line}`, text] as const),
  )
  const parse = 'import ast, json, sys\nfor place, text in json.load(sys.stdin): ast.parse(text, place)'
  const { status, stderr } = spawnSync('python3', ['-c', parse], {
    input: JSON.stringify(blocks),
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(blocks.length).toBeGreaterThan(10)
})
