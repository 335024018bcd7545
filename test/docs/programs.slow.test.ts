import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'
import { blocksOf, pageText, type Block } from './blocks.ts'

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
  const folder = await tempFolder()
  await symlink(`${repository}node_modules`, join(folder, 'node_modules'))
  const places = new Map<string, string>()
  for (const page of pages) {
    for (const [path, { text, line }] of programsOf(page)) {
      await mkdir(join(folder, path, '..'), { recursive: true })
      // A program without imports is a module, too.
      await writeFile(join(folder, path), `${text}export {}\n`)
      places.set(path, `${page}:${line}`)
    }
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  const compilerOptions = {
    noUnusedLocals: false,
    noUnusedParameters: false,
    rewriteRelativeImportExtensions: false,
  }
  const options = { ...compilerOptions, allowImportingTsExtensions: true }
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: `${repository}tsconfig.json`,
      compilerOptions: options,
      include: ['**/*.ts'],
      exclude: ['node_modules'],
    }),
  )
  const args = [`${repository}node_modules/typescript/bin/tsc`, '-p', folder, '--pretty', 'false']
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1e8 }, (_error, out, err) =>
      resolve(out + err),
    )
  })
  const readable = output.replaceAll(/^(\S+?)\((\d+),\d+\)/gm, (all, path: string, line: string) =>
    places.has(path) ? `${places.get(path)} + ${Number(line) - 1}` : all,
  )
  expect(readable).toBe('')
  expect(places.size).toBeGreaterThan(10)
})

test('a block of TypeScript is a program, or says that it is a fragment', () => {
  const others = pages.flatMap((page) =>
    blocksOf(pageText(page))
      .filter(({ language }) => ['typescript', 'tsx', 'js', 'javascript'].includes(language))
      .map(({ line }) => `${page}:${line}`),
  )
  expect(others).toEqual([])
})
