import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { errorCodes } from '../../src/internal/error-code.ts'
import { exitCodes } from '../../src/cli/exit-codes.ts'

const root = new URL('../../', import.meta.url)

const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  exports: Record<string, string | { types: string; default: string }>
  dependencies: Record<string, string>
}

test('every error code has a page that says why and what to do, and there are no others', () => {
  const pages = readdirSync(new URL('docs/errors/', root)).filter((name) => name !== 'README.md')
  expect(pages.toSorted()).toEqual(errorCodes.map((code) => `${code}.md`).toSorted())
  for (const page of pages) {
    const text = readFileSync(new URL(`docs/errors/${page}`, root), 'utf8')
    expect(text).toMatch(/^# [A-Z_]+\n[\s\S]+## Why\n[\s\S]+## What to do\n/)
  }
  expect(Object.keys(exitCodes).filter((code) => !(errorCodes as readonly string[]).includes(code))).toEqual(
    [],
  )
})

test('every error code is thrown somewhere', () => {
  const sources = readdirSync(new URL('src/', root), { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !name.endsWith('error-code.ts'),
  )
  const text = sources.map((name) => readFileSync(new URL(`src/${name}`, root), 'utf8')).join('\n')
  expect(errorCodes.filter((code) => !text.includes(`'${code}'`))).toEqual([])
})

test('the exports are closed, and each has its source', () => {
  for (const target of Object.values(manifest.exports)) {
    const path =
      typeof target === 'string'
        ? target
        : target.default.replace('./dist/', './src/').replace(/\.js$/, '.ts')
    expect(existsSync(new URL(path, root)), path).toBe(true)
  }
  expect(Object.keys(manifest.exports)).toEqual([
    '.',
    './charts',
    './registry',
    './report',
    './testing',
    './testing/vitest',
    './schemas/cli.json',
    './schemas/events.json',
    './schemas/plan.json',
    './schemas/worker.json',
    './package.json',
  ])
})

test('importing the library loads no database, no tables, no schema library, no telemetry', () => {
  // Static imports alone, followed from the entry.
  const open = ['index.ts']
  const seen = new Set<string>()
  const packages = new Set<string>()
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue
    seen.add(file)
    const text = readFileSync(new URL(`src/${file}`, root), 'utf8')
    for (const [, clause, specifier] of text.matchAll(/^(?:import|export) ([^;]*?)from '([^']+)'$/gm)) {
      if (clause!.startsWith('type ') || /^\{(?:\s*type [^,}]*,?)*\s*\}/.test(clause!)) continue
      if (specifier!.startsWith('.')) open.push(new URL(specifier!, `file:///${file}`).pathname.slice(1))
      else if (!specifier!.startsWith('node:')) packages.add(specifier!)
    }
  }
  expect([...packages].toSorted()).toEqual(['@dagrejs/graphlib', 'croner'])
})
