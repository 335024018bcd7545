import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { errorRecord } from '../../src/execute/error-record.ts'
import { tempFolder } from '../workspace/temp.ts'

const source =
  'interface A {\n  a: string\n}\n\nexport function fails(a: A): never {\n  throw new Error(a.a)\n}\n'

/** An error as it comes from a compiled module, where its host maps no stacks. */
function thrown(...frames: readonly string[]): Error {
  const message = 'no\n    at /not/a/frame/of/the/stack.ts:1:2'
  const stack = [`Error: ${message}`, ...frames.map((one) => `    at ${one}`)].join('\n')
  return Object.assign(new Error(message), { stack })
}

async function compiled(inline: boolean): Promise<{ folder: string; at: string }> {
  const folder = await tempFolder()
  await mkdir(join(folder, 'src'))
  await mkdir(join(folder, 'out'))
  await writeFile(join(folder, 'src', 'a.ts'), source)
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    fileName: 'a.ts',
    compilerOptions: {
      module: ts.ModuleKind.ESNext,
      target: ts.ScriptTarget.ES2023,
      sourceRoot: '../src/',
      ...(inline ? { inlineSourceMap: true } : { sourceMap: true }),
    },
  })
  const file = join(folder, 'out', 'a.js')
  await writeFile(
    file,
    inline ? outputText : outputText.replace(/sourceMappingURL=.*/, 'sourceMappingURL=a.js.map'),
  )
  if (sourceMapText !== undefined) await writeFile(`${file}.map`, sourceMapText)
  const line = outputText.split('\n').findIndex((text) => text.includes('throw')) + 1
  return { folder, at: `${file}:${line}:11` }
}

describe('the place in the project', () => {
  test.each([true, false])('is the one that was written, through a map (inline: %s)', async (inline) => {
    const { folder, at } = await compiled(inline)
    for (const frame of [`fails (${at})`, `async fails (file://${at})`, at]) {
      const { place } = errorRecord(thrown('Object.x (node:internal/a:1:2)', frame), folder)
      expect(place).toEqual({ file: 'src/a.ts', line: 6, column: 9 })
    }
  })

  test('is the first one that is neither a package nor Node', async () => {
    const folder = await tempFolder()
    const { place } = errorRecord(
      thrown(
        'parse (node:internal/json:1:2)',
        `z (${folder}/node_modules/zod/index.js:1:2)`,
        'eval (eval at f (/a/b.js:1:2), <anonymous>:3:4)',
        `run (${folder}/pipelines/a b.ts?t=1:7:8)`,
        `run (${folder}/other.ts:9:9)`,
      ),
      folder,
    )
    expect(place).toEqual({ file: 'pipelines/a b.ts', line: 7, column: 8 })
  })

  test('outside of the project it is relative too; without one there is none', async () => {
    const folder = await tempFolder()
    expect(errorRecord(thrown(`${folder}/steps/a.ts:1:2`), join(folder, 'app')).place).toMatchObject({
      file: '../steps/a.ts',
    })
    expect(errorRecord(thrown('node:fs:1:2'), folder)).not.toHaveProperty('place')
    expect(errorRecord(thrown('file://%zz/a.ts:1:2'), folder)).toMatchObject({ name: 'Error' })
    expect(errorRecord(thrown(`${folder}/a.ts:1:2`))).not.toHaveProperty('place')
  })
})
