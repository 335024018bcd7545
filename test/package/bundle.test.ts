import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type * as Pipewright from 'pipewright'
import { expect, test } from 'vitest'

const dist = (path: string): string => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url))

test('a library that ships inside has its licence there', () => {
  const text = readFileSync(dist('THIRD-PARTY-LICENSES'), 'utf8')
  expect(text).toMatch(/^kysely\n\n.*MIT/s)
})

test('a module that looks for others beside it finds them from where it is bundled', () => {
  const scripts = readdirSync(dist('.'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.js'),
  )
  const ways = scripts.flatMap((path) =>
    [
      ...readFileSync(dist(path), 'utf8').matchAll(/new URL\(['"](\.[^'"]*)['"], import\.meta\.url\)\.href/g),
    ].map(([, way]) => fileURLToPath(new URL(way!, new URL(path, `file://${dist('.')}`)))),
  )
  expect(ways.length).toBeGreaterThan(10)
  for (const way of ways) expect(way.startsWith(dist('.'))).toBe(true)
})

test('types are those that the entries reach', () => {
  const types = readdirSync(dist('.'), { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.d.ts') && !path.startsWith('.types'),
  )
  expect(types).toContain('index.d.ts')
  expect(types).toContain('testing/vitest.d.ts')
  expect(types).not.toContain('report-page/page-bundle.d.ts')
  for (const path of types)
    expect(readFileSync(dist(path), 'utf8')).not.toMatch(/from '(?:kysely|commander)'/)
})

test.each([
  'index.js',
  'browser.js',
  'charts/index.js',
  'registry/index.js',
  'report-page/index.js',
  'testing/index.js',
])('a class is called in %s what it is exported as', async (path) => {
  const exported = Object.entries((await import(pathToFileURL(dist(path)).href)) as Record<string, unknown>)
  const classes = exported.filter(([, value]) => /^class\b/.test(String(value)))
  expect(classes.map(([, value]) => (value as { name: string }).name)).toEqual(classes.map(([name]) => name))
})

test('an error is called what its class is', async () => {
  const { PipewrightError } = (await import(pathToFileURL(dist('index.js')).href)) as typeof Pipewright
  expect(new PipewrightError('INPUT_INVALID', 'no').name).toBe('PipewrightError')
})

test('maps hold the sources of the package, and no others', () => {
  const maps = readdirSync(dist('.'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.js.map'),
  )
  const held = maps.flatMap((path) => {
    const { sources, sourcesContent = [] } = JSON.parse(readFileSync(dist(path), 'utf8')) as {
      sources: readonly string[]
      sourcesContent?: readonly (string | null)[]
    }
    return sources.filter((_, index) => typeof sourcesContent[index] === 'string')
  })
  expect(held.some((source) => source.endsWith('src/workspace/runs.ts'))).toBe(true)
  expect(held.filter((source) => /node_modules|page-bundle/.test(source))).toEqual([])
})

test('what a stack names says which part of the package it is', () => {
  const names = readdirSync(dist('chunks')).filter((name) => name.endsWith('.js'))
  expect(names.filter((name) => name.startsWith('chunk-'))).toEqual([])
  expect(names.some((name) => name.startsWith('workspace-'))).toBe(true)
})
