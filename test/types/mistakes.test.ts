import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'

const run = promisify(execFile)
const folder = fileURLToPath(new URL('mistakes/', import.meta.url))
const root = fileURLToPath(new URL('../../', import.meta.url))

interface Diagnostic {
  readonly file: string
  readonly line: number
  readonly text: string
}

interface Expectation {
  readonly line: number
  readonly message: string
}

const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'steps.ts')

/** Each `// expect: …` is what the user sees for the line after it. */
function expectationsOf(file: string): Expectation[] {
  return readFileSync(folder + file, 'utf8')
    .split('\n')
    .flatMap((text, index) => {
      const match = /\/\/ expect: (.*)$/.exec(text)
      return match === null ? [] : [{ line: index + 2, message: match[1]! }]
    })
}

/** The diagnostics that a compiler prints; lines of detail belong to the error above them. */
async function compile(compiler: string): Promise<Diagnostic[]> {
  const args = [`${root}node_modules/${compiler}/bin/tsc`, '-p', folder, '--pretty', 'false']
  const { stdout } = await run(process.execPath, args, { cwd: folder, maxBuffer: 1e8 }).catch(
    (error: { stdout: string }) => error,
  )
  const found: { file: string; line: number; text: string }[] = []
  for (const line of stdout.split('\n')) {
    const match = /^(.*?)\((\d+),\d+\): error TS\d+: (.*)$/.exec(line)
    if (match !== null) found.push({ file: match[1]!, line: Number(match[2]), text: match[3]! })
    else if (line.startsWith(' ') && found.length > 0) found.at(-1)!.text += `\n${line.trim()}`
  }
  return found
}

describe.each(['typescript', 'typescript7'])('mistakes, as %s reports them', (compiler) => {
  let diagnostics: readonly Diagnostic[] = []

  beforeAll(async () => {
    diagnostics = await compile(compiler)
  }, 120_000)

  test.each(files)('%s', (file) => {
    const expected = expectationsOf(file)
    const found = diagnostics.filter((diagnostic) => diagnostic.file.endsWith(file))
    expect(expected.length).toBeGreaterThan(0)
    for (const { line, message } of expected) {
      const here = found.filter((diagnostic) => diagnostic.line === line).map(({ text }) => text)
      expect(here.join('\n'), `${file}:${line}`).toContain(message)
    }
    expect(found.filter(({ line }) => !expected.some((expectation) => expectation.line === line))).toEqual([])
  })

  test('the steps themselves have no errors', () => {
    expect(diagnostics.filter(({ file }) => !files.some((name) => file.endsWith(name)))).toEqual([])
  })
})
