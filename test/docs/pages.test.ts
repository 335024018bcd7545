import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { errorCodes } from '../../src/internal/error-code.ts'
import { linksOf, pageText, slugsOf } from './blocks.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))

const pages = readdirSync(`${repository}docs`, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md') && !path.startsWith('site'))
  .map((path) => `docs/${path}`)

/** What a page links to in the repository, as paths from its root. */
function targetsOf(page: string): { path: string; anchor: string | undefined }[] {
  return linksOf(pageText(page)).map((link) => {
    const [path = '', anchor] = link.split('#')
    return { path: path === '' ? page : normalize(join(dirname(page), path)), anchor }
  })
}

test('links of pages lead to files and headings that are there', () => {
  const examples = readdirSync(`${repository}examples`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.includes('node_modules'))
    .map((path) => `examples/${path}`)
  const dead = ['README.md', ...pages, ...examples].flatMap((page) =>
    targetsOf(page)
      .filter(({ path, anchor }) => {
        if (!existsSync(repository + path)) return true
        if (anchor === undefined || statSync(repository + path).isDirectory()) return false
        return !slugsOf(pageText(path)).includes(anchor)
      })
      .map(({ path, anchor }) => `${page}: ${path}${anchor === undefined ? '' : `#${anchor}`}`),
  )
  expect(dead).toEqual([])
})

test('every page is in the menu of the site, and the README of a folder links to all of them', () => {
  const { projectDocuments } = JSON.parse(pageText('typedoc.json')) as { projectDocuments: string[] }
  const shown = projectDocuments.flatMap((pattern) =>
    pattern.endsWith('/*.md') ? pages.filter((page) => dirname(page) === dirname(pattern)) : [pattern],
  )
  expect(shown.toSorted()).toEqual(pages.toSorted())
  for (const index of pages.filter((page) => page.endsWith('/README.md'))) {
    const linked = new Set(targetsOf(index).map(({ path }) => path))
    const inside = pages.filter((page) => dirname(page) === dirname(index) && page !== index)
    expect(
      inside.filter((page) => !linked.has(page)),
      index,
    ).toEqual([])
  }
})

test('the list of errors says of each code what its page begins with', () => {
  const rows = pageText('docs/errors/README.md').matchAll(/^\| \[(\w+)\]\(\1\.md\) \| (.+) \|$/gm)
  const said = Object.fromEntries([...rows].map(([, code, meaning]) => [code, meaning]))
  const meant = errorCodes.map((code) => [code, pageText(`docs/errors/${code}.md`).split('\n')[2]])
  expect(said).toEqual(Object.fromEntries(meant))
})
