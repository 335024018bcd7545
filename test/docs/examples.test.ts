import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { pageText } from './blocks.ts'
import { compile, type Shown } from './compiled.ts'
import { examplesOf, valuesOf } from './examples.ts'

const repository = fileURLToPath(new URL('../../', import.meta.url))

const modules = readdirSync(`${repository}src`, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => `src/${path}`)

const wrong = `
class Workspace {
  /**
   * Runs a pipeline.
   *
   * @example
   * \`\`\`ts
   * await pw.run(tumours, { csv: 'tumours.csv' })
   * await pw.run(tumours, { cvs: 'tumours.csv' })
   * \`\`\`
   */
  run(): void {}
}`

/** Ambient names: all that the package exports, by the module that a user imports it from, and those of the tutorial. */
function ambient(): string {
  const { compilerOptions } = JSON.parse(pageText('tsconfig.json')) as {
    compilerOptions: { paths: Record<string, [string]> }
  }
  const names = 'test/docs/example-names.ts'
  const entries = Object.entries(compilerOptions.paths).filter(([name]) => name.startsWith('pipewright'))
  const lines = [...entries, [repository + names, [names]] as const].flatMap(([from, [path]]) =>
    valuesOf(pageText(path)).map((value) => `declare const ${value}: typeof import('${from}').${value}\n`),
  )
  return lines.join('')
}

function shownIn(module: string, source: string): [string, Shown][] {
  return examplesOf(source).map(({ symbol, text }, at) => [
    `${module}.${at}.ts`,
    { text, place: `${symbol} (${module})` },
  ])
}

// One program, for most of its time goes into the sources that it imports.
test('the examples of all docstrings compile, and one that does not is named', async () => {
  const shown = new Map(modules.flatMap((module) => shownIn(module, pageText(module))))
  expect(shown.size).toBeGreaterThan(150)
  for (const [path, one] of shownIn('wrong.ts', wrong)) shown.set(path, one)
  const said = await compile(shown, { declarations: ambient(), compiler: 'typescript7' })
  expect(said.split('\n').filter((line) => /^\S/.test(line))).toEqual([
    expect.stringMatching(/^Workspace\.run \(wrong\.ts\) \+ 1: error TS\d+: .*'cvs' does not exist/),
  ])
})
